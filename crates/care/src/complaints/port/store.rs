//! All SQL of work orders.

use kernel::db::{DbError, Row, Tx, sealed, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text};
use time::Date;

/// Links an order with its matter.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else took the number meanwhile: then it is looked up again.
pub fn insert(
    tx: &mut Tx<'_>,
    channel: &str,
    number: &str,
    complaint: Id,
    content: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO work_order (channel, number, complaint_id, content, taken_at,
               reported_version, tries, next_try_at) VALUES ($1, $2, $3, $4, $5, 0, 0, 0)
               ON CONFLICT (channel, number) DO NOTHING";
    let values = [v(channel), v(number), v(complaint), sealed(content), v(now)];
    tx.execute_one(sql, &values)
}

/// The content with which an order was taken in.
///
/// # Errors
/// See [`DbError`].
pub fn content(tx: &mut Tx<'_>, channel: &str, number: &str) -> Result<Option<String>, DbError> {
    let sql = "SELECT content FROM work_order WHERE channel = $1 AND number = $2";
    tx.optional(sql, &[v(channel), v(number)])?.map(|row| row.get(0)).transpose()
}

/// The hotline's deadline counts where it is the earlier one.
///
/// # Errors
/// See [`DbError`].
pub fn shorten(tx: &mut Tx<'_>, complaint: Id, due: Date) -> Result<(), DbError> {
    let sql = "UPDATE complaint SET due_on = $1 WHERE id = $2 AND due_on > $3";
    tx.execute(sql, &[v(day_text(due)), v(complaint), v(day_text(due))]).map(drop)
}

/// Whether this contradiction is known, settled or not.
///
/// # Errors
/// See [`DbError`].
pub fn is_contradicted(
    tx: &mut Tx<'_>,
    channel: &str,
    number: &str,
    content: &str,
) -> Result<bool, DbError> {
    let sql = "SELECT id FROM work_order_contradiction
               WHERE channel = $1 AND number = $2 AND digest = $3";
    Ok(tx
        .optional(sql, &[v(channel), v(number), v(&seal::sm3::sm3(content.as_bytes()))])?
        .is_some())
}

/// Keeps a contradiction for a person to see.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else did meanwhile.
pub fn contradict(
    tx: &mut Tx<'_>,
    id: Id,
    channel: &str,
    number: &str,
    content: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO work_order_contradiction (id, channel, number, content, digest,
                   seen_at, note)
               VALUES ($1, $2, $3, $4, $5, $6, '')
               ON CONFLICT (channel, number, digest) DO NOTHING";
    let digest = seal::sm3::sm3(content.as_bytes());
    let values = [v(id), v(channel), v(number), sealed(content), v(&digest), v(now)];
    tx.execute_one(sql, &values)
}

/// A contradiction with both contents.
#[derive(Clone, Debug)]
pub struct Contradiction {
    /// Its id.
    pub id: Id,
    /// `12345` or `12333`.
    pub channel: String,
    /// Number of the order.
    pub number: String,
    /// The matter.
    pub complaint: Id,
    /// As it was taken in, JSON.
    pub before: String,
    /// As it came later, JSON.
    pub after: String,
    /// When that was.
    pub seen_at: Utc,
}

/// Contradictions that nobody settled, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn unsettled(tx: &mut Tx<'_>) -> Result<Vec<Contradiction>, DbError> {
    let sql = "SELECT c.id, c.channel, c.number, o.complaint_id, o.content, c.content, c.seen_at
               FROM work_order_contradiction c
               JOIN work_order o ON o.channel = c.channel AND o.number = c.number
               WHERE c.settled_at IS NULL ORDER BY c.id LIMIT 200";
    let read = |row: &Row| {
        Ok(Contradiction {
            id: row.get(0)?,
            channel: row.get(1)?,
            number: row.get(2)?,
            complaint: row.get(3)?,
            before: row.get(4)?,
            after: row.get(5)?,
            seen_at: row.get(6)?,
        })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// A person has seen to a contradiction; false when none waits.
///
/// # Errors
/// See [`DbError`].
pub fn settle(tx: &mut Tx<'_>, id: Id, by: Id, note: &str, now: Utc) -> Result<bool, DbError> {
    let sql = "UPDATE work_order_contradiction SET settled_at = $1, settled_by = $2, note = $3
               WHERE id = $4 AND settled_at IS NULL";
    Ok(tx.execute(sql, &[v(now), v(by), v(note), v(id)])? == 1)
}

/// Orders whose matter moved since the hotline was told: number, matter, attempts so far.
///
/// # Errors
/// See [`DbError`].
pub fn unreported(
    tx: &mut Tx<'_>,
    channel: &str,
    now: Utc,
) -> Result<Vec<(String, Id, i64)>, DbError> {
    let sql = "SELECT o.number, o.complaint_id, o.tries FROM work_order o
               JOIN complaint c ON c.id = o.complaint_id
               WHERE o.channel = $1 AND c.version > o.reported_version AND o.next_try_at <= $2
               ORDER BY o.next_try_at, o.number LIMIT 200";
    let read = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    tx.query(sql, &[v(channel), v(now)])?.iter().map(read).collect()
}

/// What became of a report: the version that the hotline has, or when to try again.
///
/// # Errors
/// See [`DbError`].
pub fn reported(
    tx: &mut Tx<'_>,
    channel: &str,
    number: &str,
    version: Option<i64>,
    next: (i64, Utc),
) -> Result<(), DbError> {
    let sql = "UPDATE work_order SET tries = $1, next_try_at = $2, reported_version =
               CASE WHEN reported_version < $3 THEN $4 ELSE reported_version END
               WHERE channel = $5 AND number = $6";
    let version = version.unwrap_or(0);
    let values = [v(next.0), v(next.1), v(version), v(version), v(channel), v(number)];
    tx.execute(sql, &values).map(drop)
}
