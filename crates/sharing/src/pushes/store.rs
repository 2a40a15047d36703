//! All SQL of pushes.

use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::Utc;

/// One person that a department watches under an agreement.
#[derive(Clone, Debug)]
pub struct Watch {
    /// The person.
    pub person: Id,
    /// The agreement.
    pub agreement: Id,
    /// Codes of the watched fields.
    pub fields: String,
    /// What the department was told last, sealed.
    pub last: Vec<u8>,
    /// Number of the last change.
    pub seq: i64,
}

/// Begins to watch a person; who is watched already stays so.
///
/// # Errors
/// See [`DbError`].
pub fn watch(tx: &mut Tx<'_>, one: &Watch) -> Result<(), DbError> {
    let sql = "INSERT INTO share_watch (person_id, agreement_id, fields, last_sealed, seq)
               VALUES ($1, $2, $3, $4, 0) ON CONFLICT (person_id, agreement_id) DO NOTHING";
    tx.execute(sql, &[v(one.person), v(one.agreement), v(&one.fields), v(&one.last[..])]).map(drop)
}

/// Ends a watch.
///
/// # Errors
/// See [`DbError`].
pub fn unwatch(tx: &mut Tx<'_>, agreement: Id, person: Id) -> Result<u64, DbError> {
    let sql = "DELETE FROM share_watch WHERE agreement_id = $1 AND person_id = $2";
    tx.execute(sql, &[v(agreement), v(person)])
}

/// Notes what the department will be told.
///
/// # Errors
/// [`DbError::Conflict`] when another round was faster.
pub fn told(tx: &mut Tx<'_>, one: &Watch, sealed: &[u8]) -> Result<(), DbError> {
    let sql = "UPDATE share_watch SET last_sealed = $1, seq = seq + 1
               WHERE person_id = $2 AND agreement_id = $3 AND seq = $4";
    tx.execute_one(sql, &[v(sealed), v(one.person), v(one.agreement), v(one.seq)])
}

/// Leaves of the journal that were not looked at yet: where they end, and whose they are.
///
/// # Errors
/// See [`DbError`].
pub fn news(tx: &mut Tx<'_>, most: i64) -> Result<(i64, i64, Vec<Id>), DbError> {
    let next = tx.one("SELECT next_leaf FROM share_push_cursor WHERE id = 1", &[])?;
    let next: i64 = next.get(0)?;
    let sql = "SELECT l.leaf_index, e.subject_id FROM journal_leaf l
               JOIN journal_entry e ON e.id = l.entry_id
               WHERE l.leaf_index >= $1 AND l.leaf_index < $2 ORDER BY l.leaf_index";
    let rows = tx.query(sql, &[v(next), v(next + most)])?;
    let (mut end, mut people) = (next, Vec::new());
    for row in rows {
        end = row.get::<i64>(0)? + 1;
        people.extend(row.get::<Option<Id>>(1)?);
    }
    people.sort_unstable();
    people.dedup();
    Ok((next, end, people))
}

/// Moves on in the journal.
///
/// # Errors
/// [`DbError::Conflict`] when another round was faster.
pub fn move_on(tx: &mut Tx<'_>, from: i64, to: i64) -> Result<(), DbError> {
    let sql = "UPDATE share_push_cursor SET next_leaf = $1 WHERE id = 1 AND next_leaf = $2";
    tx.execute_one(sql, &[v(to), v(from)])
}

/// Who watches these people.
///
/// # Errors
/// See [`DbError`].
pub fn watches(tx: &mut Tx<'_>, people: &[Id]) -> Result<Vec<Watch>, DbError> {
    let keys: Vec<Value<'_>> = people.iter().map(|id| v(*id)).collect();
    let sql = "SELECT person_id, agreement_id, fields, last_sealed, seq FROM share_watch
               WHERE person_id IN (#)";
    let read = |row: &Row| {
        let (person, agreement, fields) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Watch { person, agreement, fields, last: row.get(3)?, seq: row.get(4)? })
    };
    tx.query_in(sql, &keys)?.iter().map(read).collect()
}

/// A push that waits.
#[derive(Clone, Debug)]
pub struct Push {
    /// Its id.
    pub id: Id,
    /// Whose change it is.
    pub person: Id,
    /// The agreement.
    pub agreement: Id,
    /// Number among the person's changes.
    pub seq: i64,
    /// The body, sealed.
    pub sealed: Option<Vec<u8>>,
    /// `waiting`, `dead`, `sent`, `dropped`.
    pub state: String,
    /// Attempts so far.
    pub tries: i64,
    /// What the last one came to.
    pub said: String,
    /// When it was found.
    pub at: Utc,
}

const COLUMNS: &str =
    "p.id, p.person_id, p.agreement_id, p.seq, p.sealed, p.state, p.tries, p.said, p.at";

fn read(row: &Row) -> Result<Push, DbError> {
    Ok(Push {
        id: row.get(0)?,
        person: row.get(1)?,
        agreement: row.get(2)?,
        seq: row.get(3)?,
        sealed: row.get(4)?,
        state: row.get(5)?,
        tries: row.get(6)?,
        said: row.get(7)?,
        at: row.get(8)?,
    })
}

/// Puts a push into the queue.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, one: &Push) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO share_push (person_id, id, agreement_id, seq, sealed, state, tries, next_at,
                                 said, at)
         VALUES ($1, $2, $3, $4, $5, 'waiting', 0, 0, '', $6)",
        &[
            v(one.person),
            v(one.id),
            v(one.agreement),
            v(one.seq),
            v(one.sealed.as_deref()),
            v(one.at),
        ],
    )
    .map(drop)
}

/// Pushes that are due, each person's oldest first and only that: a later one never overtakes.
///
/// # Errors
/// See [`DbError`].
pub fn due(tx: &mut Tx<'_>, now: Utc, most: i64) -> Result<Vec<Push>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM share_push p WHERE p.state = 'waiting' AND p.next_at <= $1
         AND NOT EXISTS (SELECT 1 FROM share_push q WHERE q.person_id = p.person_id
             AND q.agreement_id = p.agreement_id AND q.seq < p.seq
             AND (q.state = 'waiting' OR q.state = 'dead'))
         ORDER BY p.id LIMIT $2"
    );
    tx.query(&sql, &[v(now), v(most)])?.iter().map(read).collect()
}

/// Writes what an attempt came to; the body is erased when nobody needs it any more.
///
/// # Errors
/// See [`DbError`].
pub fn after_attempt(
    tx: &mut Tx<'_>,
    one: &Push,
    state: &str,
    said: &str,
    next: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE share_push SET state = $1, said = $2, next_at = $3, tries = tries + 1,
                   sealed = CASE WHEN $4 THEN sealed ELSE NULL END
               WHERE person_id = $5 AND id = $6 AND state = 'waiting'";
    let keep = matches!(state, "waiting" | "dead");
    tx.execute(sql, &[v(state), v(said), v(next), v(keep), v(one.person), v(one.id)]).map(drop)
}

/// Pushes that were not taken: dead letters first.
///
/// # Errors
/// See [`DbError`].
pub fn troubled(tx: &mut Tx<'_>) -> Result<Vec<Push>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM share_push p
         WHERE p.state = 'dead' OR (p.state = 'waiting' AND p.tries > 0)
         ORDER BY p.state, p.id LIMIT 200"
    );
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// Takes a dead letter up again, or drops it for good.
///
/// # Errors
/// [`DbError::Conflict`] when it is none.
pub fn revive(tx: &mut Tx<'_>, agreement: Id, id: Id, again: bool) -> Result<(), DbError> {
    let state = if again { "waiting" } else { "dropped" };
    let sql = "UPDATE share_push SET state = $1, tries = 0, next_at = 0,
                   sealed = CASE WHEN $2 THEN sealed ELSE NULL END
               WHERE agreement_id = $3 AND id = $4 AND state = 'dead'";
    tx.execute_one(sql, &[v(state), v(again), v(agreement), v(id)])
}
