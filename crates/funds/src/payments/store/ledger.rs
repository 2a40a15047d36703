//! The ledger.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::platform::Platform;
use kernel::time::{Utc, day_text};

use super::known;
use crate::payments::rules::invariants::{Balances, Sum};
use crate::payments::rules::{Account, Posting};

/// What an entry belongs to.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Batch.
    pub batch: Id,
    /// Bank; `Id(0)` for none.
    pub bank: Id,
    /// The one payment that it is about; `Id(0)` for several.
    pub payment: Id,
    /// Journal entry.
    pub entry: Id,
}

/// Books an entry; nothing when it is about nothing.
///
/// # Errors
/// See [`DbError`].
pub fn post(
    tx: &mut Tx<'_>,
    app: &Platform,
    about: About,
    kind: &'static str,
    posting: Posting,
    sum: Sum,
    now: Utc,
) -> Result<(), DbError> {
    if sum.count == 0 {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO ledger_entry (id, at, day, kind, debit, credit, fen, lines, batch_id, bank_id,
             payment_id, entry_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &[
            v(app.id()),
            v(now),
            v(day_text(now.day())),
            v(kind),
            v(posting.debit.code()),
            v(posting.credit.code()),
            v(sum.fen),
            v(sum.count),
            v(about.batch),
            v(about.bank),
            v(about.payment),
            v(about.entry),
        ],
    )
    .map(drop)
}

/// The balances of a batch, from its entries.
///
/// # Errors
/// See [`DbError`].
pub fn balances(tx: &mut Tx<'_>, batch: Id) -> Result<Balances, DbError> {
    let sql = "SELECT debit, credit, CAST(SUM(fen) AS BIGINT) FROM ledger_entry
               WHERE batch_id = $1 GROUP BY debit, credit";
    let mut balances = Balances::default();
    for row in tx.query(sql, &[v(batch)])? {
        balances.post(posting(&row)?, row.get(2)?);
    }
    Ok(balances)
}

/// How many payments of a batch have no result yet.
///
/// # Errors
/// See [`DbError`].
pub fn open_lines(tx: &mut Tx<'_>, batch: Id) -> Result<i64, DbError> {
    let sql = "SELECT CAST(COALESCE(SUM(
                   CASE WHEN debit IN ('approved', 'reserved', 'transit') THEN lines ELSE 0 END
                   - CASE WHEN credit IN ('approved', 'reserved', 'transit') THEN lines ELSE 0 END),
                   0) AS BIGINT)
               FROM ledger_entry WHERE batch_id = $1";
    tx.one(sql, &[v(batch)])?.get(0)
}

fn posting(row: &Row) -> Result<Posting, DbError> {
    let account = |index| -> Result<Account, DbError> {
        known(Account::from_code(&row.get::<String>(index)?), "account")
    };
    Ok(Posting { debit: account(0)?, credit: account(1)? })
}

/// The clearing account of paid-again money over all batches, fen.
///
/// # Errors
/// See [`DbError`].
pub fn clearing(tx: &mut Tx<'_>) -> Result<i64, DbError> {
    let sql = "SELECT CAST(COALESCE(SUM(CASE WHEN debit = 'reissue' THEN fen ELSE -fen END), 0)
                   AS BIGINT)
               FROM ledger_entry WHERE debit = 'reissue' OR credit = 'reissue'";
    tx.one(sql, &[])?.get(0)
}

/// One entry for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its id.
    pub id: Id,
    /// When.
    pub at: Utc,
    /// What happened.
    pub kind: String,
    /// Accounts.
    pub posting: Posting,
    /// Fen and number of payments.
    pub sum: Sum,
    /// Bank, or `Id(0)`.
    pub bank: Id,
    /// Payment, or `Id(0)`.
    pub payment: Id,
    /// Journal entry.
    pub entry: Id,
}

/// Entries of a batch, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_batch(tx: &mut Tx<'_>, batch: Id, most: i64) -> Result<Vec<Line>, DbError> {
    let sql = "SELECT debit, credit, id, at, kind, fen, lines, bank_id, payment_id, entry_id
               FROM ledger_entry WHERE batch_id = $1 ORDER BY id DESC LIMIT $2";
    let rows = tx.query(sql, &[v(batch), v(most)])?;
    let read = |row: &Row| {
        Ok(Line {
            id: row.get(2)?,
            at: row.get(3)?,
            kind: row.get(4)?,
            posting: posting(row)?,
            sum: Sum { count: row.get(6)?, fen: row.get(5)? },
            bank: row.get(7)?,
            payment: row.get(8)?,
            entry: row.get(9)?,
        })
    };
    rows.iter().map(read).collect()
}
