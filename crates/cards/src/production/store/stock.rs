//! Blank cards of outlets.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::unknown;
use crate::production::rules::stock::Movement;

/// A movement to be put on record.
#[derive(Clone, Debug)]
pub struct NewMovement<'a> {
    /// Its id.
    pub id: Id,
    /// The outlet.
    pub outlet: Id,
    /// Why.
    pub kind: Movement,
    /// Plus or minus so many blanks.
    pub delta: i64,
    /// The instant issue, transfer or count behind it.
    pub reference: Option<Id>,
    /// Delivery note, reason.
    pub note: &'a str,
    /// Who.
    pub by: Id,
    /// When.
    pub at: Utc,
}

/// Puts a movement on record and changes the balance with it; `None` when too few blanks are there.
///
/// # Errors
/// See [`DbError`].
pub fn move_blanks(tx: &mut Tx<'_>, new: &NewMovement<'_>) -> Result<Option<i64>, DbError> {
    let sql = "INSERT INTO blank_stock (outlet_id, balance) VALUES ($1, 0) ON CONFLICT DO NOTHING";
    tx.execute(sql, &[v(new.outlet)])?;
    let sql = "UPDATE blank_stock SET balance = balance + $1
               WHERE outlet_id = $2 AND balance + $1 >= 0 RETURNING balance";
    let Some(row) = tx.optional(sql, &[v(new.delta), v(new.outlet)])? else {
        return Ok(None);
    };
    tx.execute(
        "INSERT INTO blank_movement (id, outlet_id, kind, delta, ref, note, by_account, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            v(new.id),
            v(new.outlet),
            v(new.kind.code()),
            v(new.delta),
            v(new.reference),
            v(new.note),
            v(new.by),
            v(new.at),
        ],
    )?;
    row.get(0).map(Some)
}

/// Blanks of an outlet.
///
/// # Errors
/// See [`DbError`].
pub fn balance(tx: &mut Tx<'_>, outlet: Id) -> Result<i64, DbError> {
    let sql = "SELECT balance FROM blank_stock WHERE outlet_id = $1";
    tx.optional(sql, &[v(outlet)])?.map_or(Ok(0), |row| row.get(0))
}

/// The sum of all movements of an outlet: what the balance must be.
///
/// # Errors
/// See [`DbError`].
pub fn sum(tx: &mut Tx<'_>, outlet: Id) -> Result<i64, DbError> {
    let sql = "SELECT delta FROM blank_movement WHERE outlet_id = $1";
    let rows = tx.query(sql, &[v(outlet)])?;
    rows.iter().map(|row| row.get::<i64>(0)).sum()
}

/// Balances of all outlets, the lowest first.
///
/// # Errors
/// See [`DbError`].
pub fn balances(tx: &mut Tx<'_>) -> Result<Vec<(Id, i64)>, DbError> {
    let rows = tx.query("SELECT outlet_id, balance FROM blank_stock ORDER BY balance", &[])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// A movement on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovementRecord {
    /// When.
    pub at: Utc,
    /// Why.
    pub kind: Movement,
    /// Plus or minus so many blanks.
    pub delta: i64,
    /// Delivery note, reason.
    pub note: String,
}

/// The newest movements of an outlet, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn movements(tx: &mut Tx<'_>, outlet: Id, most: i64) -> Result<Vec<MovementRecord>, DbError> {
    let sql = "SELECT at, kind, delta, note FROM blank_movement WHERE outlet_id = $1
               ORDER BY id DESC LIMIT $2";
    let read = |row: &Row| {
        let kind = Movement::from_code(&row.get::<String>(1)?);
        Ok(MovementRecord {
            at: row.get(0)?,
            kind: kind.ok_or_else(|| unknown("a movement"))?,
            delta: row.get(2)?,
            note: row.get(3)?,
        })
    };
    tx.query(sql, &[v(outlet), v(most)])?.iter().map(read).collect()
}

/// Blanks on their way from one outlet to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Its id.
    pub id: Id,
    /// The outlet that gave them.
    pub from: Id,
    /// The outlet that gets them.
    pub to: Id,
    /// How many were given.
    pub sent: i64,
    /// When.
    pub sent_at: Utc,
    /// How many arrived, once confirmed.
    pub arrived: Option<i64>,
    /// Why fewer.
    pub note: String,
}

const TRANSFER: &str = "id, from_outlet, to_outlet, sent, sent_at, arrived, note";

fn read_transfer(row: &Row) -> Result<Transfer, DbError> {
    Ok(Transfer {
        id: row.get(0)?,
        from: row.get(1)?,
        to: row.get(2)?,
        sent: row.get(3)?,
        sent_at: row.get(4)?,
        arrived: row.get(5)?,
        note: row.get(6)?,
    })
}

/// Puts a transfer on its way.
///
/// # Errors
/// See [`DbError`].
pub fn insert_transfer(tx: &mut Tx<'_>, transfer: &Transfer, by: Id) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO blank_transfer (id, from_outlet, to_outlet, sent, sent_by, sent_at, note)
         VALUES ($1, $2, $3, $4, $5, $6, '')",
        &[
            v(transfer.id),
            v(transfer.from),
            v(transfer.to),
            v(transfer.sent),
            v(by),
            v(transfer.sent_at),
        ],
    )
    .map(drop)
}

/// A transfer.
///
/// # Errors
/// See [`DbError`].
pub fn transfer(tx: &mut Tx<'_>, id: Id) -> Result<Option<Transfer>, DbError> {
    let sql = format!("SELECT {TRANSFER} FROM blank_transfer WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read_transfer).transpose()
}

/// Transfers from or to an outlet that are under way or ended with a difference, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn transfers(tx: &mut Tx<'_>, outlet: Id) -> Result<Vec<Transfer>, DbError> {
    let sql = format!(
        "SELECT {TRANSFER} FROM blank_transfer WHERE (from_outlet = $1 OR to_outlet = $1)
         AND (arrived IS NULL OR arrived <> sent) ORDER BY id DESC LIMIT 50"
    );
    tx.query(&sql, &[v(outlet)])?.iter().map(read_transfer).collect()
}

/// The receiving outlet confirms what arrived.
///
/// # Errors
/// [`DbError::Conflict`] when it is confirmed already.
pub fn confirm_transfer(
    tx: &mut Tx<'_>,
    id: Id,
    arrived: i64,
    note: &str,
    by: Id,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE blank_transfer SET arrived = $1, note = $2, arrived_by = $3, arrived_at = $4
               WHERE id = $5 AND arrived IS NULL";
    tx.execute_one(sql, &[v(arrived), v(note), v(by), v(now), v(id)])
}

/// A stock count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Its id.
    pub id: Id,
    /// The outlet.
    pub outlet: Id,
    /// Balance at the time of the count.
    pub book: i64,
    /// What was found.
    pub counted: i64,
    /// Why it differs.
    pub explanation: String,
    /// Account that counted.
    pub by: Id,
    /// When.
    pub at: Utc,
}

/// Enters a count that waits for its check.
///
/// # Errors
/// [`DbError::Unique`] when one waits already.
pub fn insert_count(tx: &mut Tx<'_>, count: &Count) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO blank_count (id, outlet_id, book, counted, explanation, counted_by, counted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            v(count.id),
            v(count.outlet),
            v(count.book),
            v(count.counted),
            v(&count.explanation),
            v(count.by),
            v(count.at),
        ],
    )
    .map(drop)
}

/// The count of an outlet that waits for its check.
///
/// # Errors
/// See [`DbError`].
pub fn open_count(tx: &mut Tx<'_>, outlet: Id) -> Result<Option<Count>, DbError> {
    let sql = "SELECT id, outlet_id, book, counted, explanation, counted_by, counted_at
               FROM blank_count WHERE outlet_id = $1 AND checked_by IS NULL";
    let row = tx.optional(sql, &[v(outlet)])?;
    row.map(|row| {
        Ok(Count {
            id: row.get(0)?,
            outlet: row.get(1)?,
            book: row.get(2)?,
            counted: row.get(3)?,
            explanation: row.get(4)?,
            by: row.get(5)?,
            at: row.get(6)?,
        })
    })
    .transpose()
}

/// Another person agrees with a count, or does not.
///
/// # Errors
/// [`DbError::Conflict`] when it was checked meanwhile.
pub fn check_count(tx: &mut Tx<'_>, id: Id, by: Id, agreed: bool, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE blank_count SET checked_by = $1, checked_at = $2, agreed = $3
               WHERE id = $4 AND checked_by IS NULL";
    tx.execute_one(sql, &[v(by), v(now), v(agreed), v(id)])
}
