//! The stop button, and alarms of the books.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

/// A stop that is in force; batch `Id(0)` is everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Its id.
    pub id: Id,
    /// Batch, or `Id(0)` for all.
    pub batch: Id,
    /// Account that pressed it; `Id(0)` is the platform itself.
    pub by: Id,
    /// Name of who pressed it.
    pub name: String,
    /// When.
    pub at: Utc,
    /// Why.
    pub reason: String,
}

fn read(row: &Row) -> Result<Stop, DbError> {
    Ok(Stop {
        id: row.get(0)?,
        batch: row.get(1)?,
        by: row.get(2)?,
        name: row.get(3)?,
        at: row.get(4)?,
        reason: row.get(5)?,
    })
}

const SELECT: &str = "SELECT id, batch_id, pressed_by, pressed_name, pressed_at, reason FROM pay_stop \
     WHERE lifted_by IS NULL";

/// Whoever stops and whoever lets something leave pass this gate one after the other: so a file that is
/// claimed after a stop is on record sees the stop.
///
/// # Errors
/// See [`DbError`].
pub fn gate(tx: &mut Tx<'_>) -> Result<(), DbError> {
    tx.execute_one("UPDATE pay_counter SET next = next + 1 WHERE name = 'gate'", &[])
}

/// Whether a batch, or everything, is stopped.
///
/// # Errors
/// See [`DbError`].
pub fn is_stopped(tx: &mut Tx<'_>, batch: Id) -> Result<bool, DbError> {
    let sql = format!("{SELECT} AND (batch_id = 0 OR batch_id = $1) LIMIT 1");
    Ok(tx.optional(&sql, &[v(batch)])?.is_some())
}

/// All stops in force.
///
/// # Errors
/// See [`DbError`].
pub fn in_force(tx: &mut Tx<'_>) -> Result<Vec<Stop>, DbError> {
    tx.query(&format!("{SELECT} ORDER BY id"), &[])?.iter().map(read).collect()
}

/// Stops; `false` when it is stopped already.
///
/// # Errors
/// See [`DbError`].
pub fn press(tx: &mut Tx<'_>, stop: &Stop) -> Result<bool, DbError> {
    let sql = "INSERT INTO pay_stop (id, batch_id, pressed_by, pressed_name, pressed_at, reason,
                   lifted_name)
               VALUES ($1, $2, $3, $4, $5, $6, '') ON CONFLICT DO NOTHING";
    let (by, name) = (v(stop.by), v(&stop.name));
    let row = [v(stop.id), v(stop.batch), by, name, v(stop.at), v(&stop.reason)];
    Ok(tx.execute(sql, &row)? == 1)
}

/// Lifts a stop.
///
/// # Errors
/// [`DbError::Conflict`] when it is lifted already.
pub fn lift(tx: &mut Tx<'_>, stop: Id, by: Id, name: &str, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE pay_stop SET lifted_by = $1, lifted_name = $2, lifted_at = $3
               WHERE id = $4 AND lifted_by IS NULL";
    tx.execute_one(sql, &[v(by), v(name), v(now), v(stop)])
}

/// An alarm: the books of a batch do not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its id.
    pub id: Id,
    /// Batch, or `Id(0)` for the clearing account.
    pub batch: Id,
    /// What does not hold.
    pub said: String,
    /// When it was found.
    pub at: Utc,
}

/// Alarms that are open.
///
/// # Errors
/// See [`DbError`].
pub fn alarms(tx: &mut Tx<'_>) -> Result<Vec<Alarm>, DbError> {
    let sql =
        "SELECT id, batch_id, said, opened_at FROM pay_alarm WHERE closed_by IS NULL ORDER BY id";
    let rows = tx.query(sql, &[])?;
    let read = |row: &Row| {
        Ok(Alarm { id: row.get(0)?, batch: row.get(1)?, said: row.get(2)?, at: row.get(3)? })
    };
    rows.iter().map(read).collect()
}

/// Opens an alarm.
///
/// # Errors
/// [`DbError::Unique`] when the batch has one.
pub fn alarm(tx: &mut Tx<'_>, alarm: &Alarm) -> Result<(), DbError> {
    let sql = "INSERT INTO pay_alarm (id, batch_id, said, opened_at) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, &[v(alarm.id), v(alarm.batch), v(&alarm.said), v(alarm.at)]).map(drop)
}

/// Closes the alarm of a batch.
///
/// # Errors
/// See [`DbError`].
pub fn close_alarm(tx: &mut Tx<'_>, id: Id, by: Id, now: Utc) -> Result<u64, DbError> {
    let sql =
        "UPDATE pay_alarm SET closed_by = $1, closed_at = $2 WHERE id = $3 AND closed_by IS NULL";
    tx.execute(sql, &[v(by), v(now), v(id)])
}
