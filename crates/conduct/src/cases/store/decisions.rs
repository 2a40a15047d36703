//! SQL of proposals and decisions.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text};
use time::Date;

use super::{day, known};
use crate::cases::rules::Kind;

/// One round: a proposal and what became of it.
#[derive(Clone, Debug)]
pub struct Round {
    /// Which one, from 1.
    pub round: i64,
    /// `proposed`, `returned`, `decided`, `upheld`, `overturned` or `remanded`.
    pub state: String,
    /// What it does.
    pub kind: Kind,
    /// Code of the clause.
    pub clause: String,
    /// Version of the regulation that was in force.
    pub regulation: String,
    /// Its words.
    pub basis: String,
    /// 情节严重.
    pub serious: bool,
    /// Another law with a penalty.
    pub other_law: String,
    /// Who gets a referral.
    pub authority: String,
    /// Last day to correct.
    pub correct_by: Option<Date>,
    /// Reasons, sealed.
    pub reasons: Vec<u8>,
    /// Who proposed it.
    pub proposed_by: Id,
    /// When it was decided.
    pub decided_at: Option<Utc>,
}

/// Enters a proposal.
///
/// # Errors
/// See [`DbError`].
pub fn insert_round(tx: &mut Tx<'_>, case: Id, round: &Round, now: Utc) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO conduct_decision (case_id, round, state, kind, clause, regulation, basis, serious,
             other_law, authority, correct_by, reasons, proposed_by, proposed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        &[
            v(case),
            v(round.round),
            v(&round.state),
            v(round.kind.code()),
            v(&round.clause),
            v(&round.regulation),
            v(&round.basis),
            v(round.serious),
            v(&round.other_law),
            v(&round.authority),
            v(round.correct_by.map(day_text)),
            v(round.reasons.as_slice()),
            v(round.proposed_by),
            v(now),
        ],
    )
    .map(drop)
}

/// All rounds of a case, first to last.
///
/// # Errors
/// See [`DbError`].
pub fn rounds(tx: &mut Tx<'_>, case: Id) -> Result<Vec<Round>, DbError> {
    let sql = "SELECT round, state, kind, clause, regulation, basis, serious, other_law, authority,
                      correct_by, reasons, proposed_by, decided_at
               FROM conduct_decision WHERE case_id = $1 ORDER BY round";
    let read = |row: &Row| {
        Ok(Round {
            round: row.get(0)?,
            state: row.get(1)?,
            kind: known(Kind::from_code(&row.get::<String>(2)?))?,
            clause: row.get(3)?,
            regulation: row.get(4)?,
            basis: row.get(5)?,
            serious: row.get(6)?,
            other_law: row.get(7)?,
            authority: row.get(8)?,
            correct_by: day(row.get(9)?)?,
            reasons: row.get(10)?,
            proposed_by: row.get(11)?,
            decided_at: row.get(12)?,
        })
    };
    tx.query(sql, &[v(case)])?.iter().map(read).collect()
}

/// The proposal is decided under the version of the regulation of that day.
///
/// # Errors
/// [`DbError::Conflict`] when it does not wait.
pub fn decide(tx: &mut Tx<'_>, case: Id, round: &Round, by: Id, now: Utc) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE conduct_decision SET state = 'decided', decided_by = $1, decided_at = $2,
                regulation = $3, basis = $4
         WHERE case_id = $5 AND round = $6 AND state = 'proposed'",
        &[v(by), v(now), v(&round.regulation), v(&round.basis), v(case), v(round.round)],
    )
}

/// The proposal is sent back.
///
/// # Errors
/// [`DbError::Conflict`] when it does not wait.
pub fn return_round(tx: &mut Tx<'_>, case: Id, round: i64) -> Result<(), DbError> {
    let sql = "UPDATE conduct_decision SET state = 'returned'
               WHERE case_id = $1 AND round = $2 AND state = 'proposed'";
    tx.execute_one(sql, &[v(case), v(round)])
}

/// What became of the decision on appeal: `upheld`, `overturned` or `remanded`.
///
/// # Errors
/// [`DbError::Conflict`] when it is not decided.
pub fn review_round(
    tx: &mut Tx<'_>,
    case: Id,
    round: i64,
    state: &str,
    by: Id,
    now: Utc,
) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE conduct_decision SET state = $1, reviewed_by = $2, reviewed_at = $3
         WHERE case_id = $4 AND round = $5 AND state IN ('decided', 'upheld')",
        &[v(state), v(by), v(now), v(case), v(round)],
    )
}

/// A correction was not enough: another day is set.
///
/// # Errors
/// [`DbError::Conflict`] when there is no such decision.
pub fn set_correct_by(tx: &mut Tx<'_>, case: Id, round: i64, day: Date) -> Result<(), DbError> {
    let sql = "UPDATE conduct_decision SET correct_by = $1 WHERE case_id = $2 AND round = $3";
    tx.execute_one(sql, &[v(day_text(day)), v(case), v(round)])
}
