//! Payments that wait because their person is frozen for money (Art. 20).

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::Utc;

use super::batches::Batch;

/// A condition of SQL: the person in this column is frozen for money.
pub(super) fn is_frozen(person: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM person_freeze z WHERE z.person_id = {person}
                 AND z.lifted_at IS NULL AND z.scope IN ('all', 'money'))"
    )
}

/// A payment that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// Payment.
    pub payment: Id,
    /// Batch.
    pub batch: Id,
    /// Its running number.
    pub number: i64,
    /// Name of the programme.
    pub title: Text,
    /// Amount in fen.
    pub fen: i64,
    /// Since when.
    pub at: Utc,
}

/// Holds the payments of frozen people in a range back: they stay set aside, in no file.
///
/// # Errors
/// See [`DbError`].
pub fn hold_back(
    tx: &mut Tx<'_>,
    batch: &Batch,
    range: (i64, i64),
    now: Utc,
) -> Result<u64, DbError> {
    let sql = format!(
        "INSERT INTO pay_frozen (payment_id, person_id, batch_id, fen, at)
         SELECT p.id, p.person_id, p.batch_id, p.amount_fen, CAST($1 AS BIGINT) FROM payment p
         WHERE p.id > $2 AND p.id <= $3 AND p.batch_id = $4 AND p.state = 'reserved' AND NOT p.held
           AND p.file_id IS NULL AND {} ON CONFLICT DO NOTHING",
        is_frozen("p.person_id")
    );
    tx.execute(&sql, &[v(now), v(range.0), v(range.1), v(batch.id)])
}

/// The batch and range of payments that may leave now, of the batch that waited longest; none when all
/// that wait are still frozen, or stopped.
///
/// # Errors
/// See [`DbError`].
pub fn thawed(tx: &mut Tx<'_>) -> Result<Option<(Id, i64, i64)>, DbError> {
    let sql = format!(
        "SELECT w.batch_id, MIN(w.payment_id) - 1, MAX(w.payment_id) FROM pay_frozen w
         WHERE NOT EXISTS (SELECT 1 FROM pay_stop s WHERE s.lifted_by IS NULL
                           AND (s.batch_id = 0 OR s.batch_id = w.batch_id)) AND NOT {}
         GROUP BY w.batch_id ORDER BY MIN(w.at), w.batch_id LIMIT 1",
        is_frozen("w.person_id")
    );
    let row = tx.optional(&sql, &[])?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).transpose()
}

/// Forgets what left or came back in a range; returns how many.
///
/// # Errors
/// See [`DbError`].
pub fn let_go(tx: &mut Tx<'_>, range: (i64, i64)) -> Result<u64, DbError> {
    let sql = "DELETE FROM pay_frozen WHERE payment_id > $1 AND payment_id <= $2
               AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.id = pay_frozen.payment_id
                               AND p.state = 'reserved' AND p.file_id IS NULL)";
    tx.execute(sql, &[v(range.0), v(range.1)])
}

/// Number and sum in fen of all that wait.
///
/// # Errors
/// See [`DbError`].
pub fn sum(tx: &mut Tx<'_>) -> Result<(i64, i64), DbError> {
    let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(fen), 0) AS BIGINT) FROM pay_frozen";
    let row = tx.one(sql, &[])?;
    Ok((row.get(0)?, row.get(1)?))
}

const SELECT: &str = "SELECT w.payment_id, w.batch_id, b.number, g.name_zh, g.name_en, w.fen, w.at \
     FROM pay_frozen w JOIN pay_batch b ON b.id = w.batch_id JOIN programme g ON g.id = b.programme_id";

fn read(row: &Row) -> Result<Frozen, DbError> {
    Ok(Frozen {
        payment: row.get(0)?,
        batch: row.get(1)?,
        number: row.get(2)?,
        title: Text::new(row.get::<String>(3)?, row.get::<String>(4)?),
        fen: row.get(5)?,
        at: row.get(6)?,
    })
}

/// What waits, longest first.
///
/// # Errors
/// See [`DbError`].
pub fn list(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Frozen>, DbError> {
    let sql = format!("{SELECT} ORDER BY w.at, w.payment_id LIMIT $1");
    tx.query(&sql, &[v(most)])?.iter().map(read).collect()
}

/// What waits of one person.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Frozen>, DbError> {
    let sql = format!("{SELECT} WHERE w.person_id = $1 ORDER BY w.payment_id");
    tx.query(&sql, &[v(person)])?.iter().map(read).collect()
}
