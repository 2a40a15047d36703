//! The queue of exceptions.

use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::Utc;
use kernel::work::{self, Waiting};

use super::known;
use crate::payments::rules::{Action, Kind};

/// An exception; `Id(0)` stands for none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its id.
    pub id: Id,
    /// What it is.
    pub kind: Kind,
    /// Bank.
    pub bank: Id,
    /// Batch.
    pub batch: Id,
    /// File.
    pub file: Id,
    /// Payment.
    pub payment: Id,
    /// Report.
    pub report: Id,
    /// What the bank told, without names and accounts.
    pub told: String,
    /// Amount told, fen.
    pub fen: i64,
    /// `open`, `asked`, `closed`.
    pub state: String,
    /// What was asked for or done.
    pub action: Option<Action>,
    /// Why, in the official's words.
    pub note: String,
    /// When it was found.
    pub opened_at: Utc,
    /// Account of the maker.
    pub asked_by: Option<Id>,
    /// Name of the maker.
    pub asked_name: String,
    /// Name of the checker.
    pub closed_name: String,
    /// End.
    pub closed_at: Option<Utc>,
    /// Rises with each change.
    pub version: i64,
    /// The part that is asked to be booked as recovered, fen; 0 for none.
    pub part: i64,
}

const COLUMNS: &str = "id, kind, bank_id, batch_id, file_id, payment_id, report_id, told, fen, state, \
     action, note, opened_at, asked_by, asked_name, closed_name, closed_at, version, part_fen";

fn read(row: &Row) -> Result<Exception, DbError> {
    let (kind, action): (String, String) = (row.get(1)?, row.get(10)?);
    Ok(Exception {
        id: row.get(0)?,
        kind: known(Kind::from_code(&kind), "kind of exception")?,
        bank: row.get(2)?,
        batch: row.get(3)?,
        file: row.get(4)?,
        payment: row.get(5)?,
        report: row.get(6)?,
        told: row.get(7)?,
        fen: row.get(8)?,
        state: row.get(9)?,
        action: Action::from_code(&action),
        note: row.get(11)?,
        opened_at: row.get(12)?,
        asked_by: row.get(13)?,
        asked_name: row.get(14)?,
        closed_name: row.get(15)?,
        closed_at: row.get(16)?,
        version: row.get(17)?,
        part: row.get(18)?,
    })
}

/// A new exception, as far as it is known when it is found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its id.
    pub id: Id,
    /// What it is.
    pub kind: Kind,
    /// Bank.
    pub bank: Id,
    /// Batch or `Id(0)`.
    pub batch: Id,
    /// File or `Id(0)`.
    pub file: Id,
    /// Payment or `Id(0)`.
    pub payment: Id,
    /// Report or `Id(0)`.
    pub report: Id,
    /// What the bank told, cut to 200 characters.
    pub told: String,
    /// Amount told, fen.
    pub fen: i64,
}

/// Opens exceptions; what is open already stays as it is. Returns how many are new.
///
/// # Errors
/// See [`DbError`].
pub fn open(tx: &mut Tx<'_>, found: &[Found], now: Utc) -> Result<usize, DbError> {
    let row = |one: &Found| -> Vec<Value<'static>> {
        let told: String = one.told.chars().filter(|c| !c.is_control()).take(200).collect();
        vec![
            v(one.id),
            v(one.kind.code()),
            v(one.bank),
            v(one.batch),
            v(one.file),
            v(one.payment),
            v(one.report),
            v(told),
            v(one.fen),
            v("open"),
            v(""),
            v(""),
            v(now),
            v(""),
            v(""),
            v(1_i64),
        ]
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    let into = "pay_exception (id, kind, bank_id, batch_id, file_id, payment_id, report_id, told, fen, \
                state, action, note, opened_at, asked_name, closed_name, version)";
    let kept = tx.insert_rows(into, "ON CONFLICT DO NOTHING", &rows)?;
    Ok(kept.into_iter().filter(|kept| *kept).count())
}

/// One exception.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<Exception>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM pay_exception WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Exceptions that are not closed, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn waiting(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Exception>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM pay_exception WHERE state <> 'closed' ORDER BY id LIMIT $1");
    tx.query(&sql, &[v(most)])?.iter().map(read).collect()
}

/// All exceptions of a payment.
///
/// # Errors
/// See [`DbError`].
pub fn of_payment(tx: &mut Tx<'_>, payment: Id) -> Result<Vec<Exception>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM pay_exception WHERE payment_id = $1 ORDER BY id");
    tx.query(&sql, &[v(payment)])?.iter().map(read).collect()
}

/// Asks for an action, with the part in fen that it is about, or takes the request back with `None`.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set_asked(
    tx: &mut Tx<'_>,
    exception: &Exception,
    action: Option<(Action, i64)>,
    who: (Id, &str),
    note: &str,
) -> Result<(), DbError> {
    let state = if action.is_some() { "asked" } else { "open" };
    let by = action.is_some().then_some(who.0);
    let (code, part) = action.map_or(("", 0), |(action, part)| (action.code(), part));
    tx.execute_one(
        "UPDATE pay_exception SET state = $1, action = $2, asked_by = $3, asked_name = $4,
             note = $5, part_fen = $6, version = version + 1
         WHERE id = $7 AND version = $8",
        &[
            v(state),
            v(code),
            v(by),
            v(who.1),
            v(note),
            v(part),
            v(exception.id),
            v(exception.version),
        ],
    )
}

/// Closes an exception.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile, [`DbError::Forbidden`] when the checker is the maker.
pub fn close(
    tx: &mut Tx<'_>,
    exception: &Exception,
    action: Action,
    who: (Id, &str),
    now: Utc,
) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE pay_exception SET state = 'closed', action = $1, closed_by = $2, closed_name = $3,
             closed_at = $4, version = version + 1
         WHERE id = $5 AND version = $6 AND state <> 'closed'",
        &[v(action.code()), v(who.0), v(who.1), v(now), v(exception.id), v(exception.version)],
    )
}

/// How many are not closed.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM pay_exception WHERE state <> 'closed'";
    work::counted(tx, sql, &[])
}
