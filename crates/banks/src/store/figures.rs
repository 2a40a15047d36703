//! Figures of service quality, per bank and month.

use std::collections::BTreeMap;

use kernel::db::{DbError, Tx, v};
use kernel::id::Id;

/// What a bank did in a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// `2026-11`.
    pub month: String,
    /// The bank.
    pub bank: Id,
    /// Requests written.
    pub requests: i64,
    /// Carried out.
    pub done: i64,
    /// Refused by the bank.
    pub refused: i64,
    /// Without an answer in time at least once.
    pub unknown: i64,
    /// Sum of the times from the first sending to the final answer, in microseconds.
    pub answer_sum: i64,
    /// Requests with a final answer after they were sent.
    pub answered: i64,
    /// Slowest answer, in microseconds.
    pub answer_most: i64,
    /// Alarms opened.
    pub alarms: i64,
    /// Alarms of them that are still open.
    pub alarms_open: i64,
}

impl Figures {
    /// Mean time to an answer in milliseconds; `None` without answers.
    pub fn mean_ms(&self) -> Option<i64> {
        (self.answered > 0).then(|| self.answer_sum / self.answered / 1_000)
    }
}

/// Figures from a month on, of one bank or of all, newest month first.
///
/// # Errors
/// See [`DbError`].
pub fn since(tx: &mut Tx<'_>, month: &str, bank: Option<Id>) -> Result<Vec<Figures>, DbError> {
    let mut found: BTreeMap<(String, Id), Figures> = BTreeMap::new();
    let any = bank.is_none();
    let bank = bank.unwrap_or_default();
    // A request that the platform itself withdrew is no refusal of the bank.
    let sql = "SELECT month, bank_id, COUNT(*),
                   CAST(SUM(CASE WHEN state = 'done' THEN 1 ELSE 0 END) AS BIGINT),
                   CAST(SUM(CASE WHEN state = 'refused' AND answer <> 'superseded' THEN 1 ELSE 0 END) AS BIGINT),
                   CAST(SUM(CASE WHEN was_unknown THEN 1 ELSE 0 END) AS BIGINT),
                   CAST(COALESCE(SUM(answered_at - sent_at), 0) AS BIGINT),
                   CAST(SUM(CASE WHEN answered_at - sent_at IS NULL THEN 0 ELSE 1 END) AS BIGINT),
                   COALESCE(MAX(answered_at - sent_at), 0)
               FROM bank_request WHERE month >= $1 AND (bank_id = $2 OR $3)
               GROUP BY month, bank_id";
    for row in tx.query(sql, &[v(month), v(bank), v(any)])? {
        let figures = Figures {
            month: row.get(0)?,
            bank: row.get(1)?,
            requests: row.get(2)?,
            done: row.get(3)?,
            refused: row.get(4)?,
            unknown: row.get(5)?,
            answer_sum: row.get(6)?,
            answered: row.get(7)?,
            answer_most: row.get(8)?,
            ..Figures::default()
        };
        found.insert((figures.month.clone(), figures.bank), figures);
    }
    let sql = "SELECT month, bank_id, COUNT(*),
                   CAST(SUM(CASE WHEN closed_at IS NULL THEN 1 ELSE 0 END) AS BIGINT)
               FROM bank_alarm WHERE month >= $1 AND (bank_id = $2 OR $3)
               GROUP BY month, bank_id";
    for row in tx.query(sql, &[v(month), v(bank), v(any)])? {
        let (month, bank): (String, Id) = (row.get(0)?, row.get(1)?);
        let figures = found.entry((month.clone(), bank)).or_default();
        (figures.month, figures.bank) = (month, bank);
        (figures.alarms, figures.alarms_open) = (row.get(2)?, row.get(3)?);
    }
    Ok(found.into_values().rev().collect())
}
