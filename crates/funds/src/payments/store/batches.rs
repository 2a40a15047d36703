//! Batches.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::Utc;
use kernel::work::{self, Waiting};

use super::known;
use crate::payments::rules::batch::{BatchState, Release};

/// Lines that one batch can have at most: a payment's id is the batch's number with the line behind it.
pub const MOST_LINES: i64 = (1 << 24) - 1;

/// A batch of payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its id.
    pub id: Id,
    /// Running number.
    pub number: i64,
    /// The roster that it comes from; none when it pays returned money again.
    pub roster: Option<Id>,
    /// Programme.
    pub programme: Id,
    /// Period, `2026-11`.
    pub period: String,
    /// Division (GB/T 2260).
    pub division: String,
    /// Number of payments.
    pub lines: i64,
    /// Place of its last payment: their ids are the batch's number with the place behind it.
    pub last_line: i64,
    /// Sum in fen.
    pub fen: i64,
    /// Release.
    pub release: Release,
    /// Names of maker, first and second approver.
    pub names: [String; 3],
    /// Line up to which the work of its state is done.
    pub done_line: i64,
    /// When it was made.
    pub created_at: Utc,
    /// When it was released.
    pub released_at: Option<Utc>,
    /// Rises with each change.
    pub version: i64,
    /// Name of the programme.
    pub title: Text,
    /// Nothing leaves before this moment; the beginning of time for at once.
    pub not_before: Utc,
}

impl Batch {
    /// The id of the payment at a place of the batch, from 1.
    pub fn payment(&self, line: i64) -> i64 {
        (self.number << 24) + line
    }
}

const SELECT: &str = "SELECT b.id, b.number, b.roster_id, b.programme_id, b.period, b.division, b.lines, \
     b.last_line, b.fen, b.state, b.two, b.asked_by, b.first_by, b.second_by, b.asked_name, \
     b.first_name, b.second_name, b.done_line, b.created_at, b.released_at, b.version, \
     p.name_zh, p.name_en, b.not_before FROM pay_batch b JOIN programme p ON p.id = b.programme_id";

fn read(row: &Row) -> Result<Batch, DbError> {
    let state: String = row.get(9)?;
    let release = Release {
        state: known(BatchState::from_code(&state), "state of a batch")?,
        two: row.get(10)?,
        asked_by: row.get(11)?,
        first_by: row.get(12)?,
        second_by: row.get(13)?,
    };
    Ok(Batch {
        id: row.get(0)?,
        number: row.get(1)?,
        roster: row.get(2)?,
        programme: row.get(3)?,
        period: row.get(4)?,
        division: row.get(5)?,
        lines: row.get(6)?,
        last_line: row.get(7)?,
        fen: row.get(8)?,
        release,
        names: [row.get(14)?, row.get(15)?, row.get(16)?],
        done_line: row.get(17)?,
        created_at: row.get(18)?,
        released_at: row.get(19)?,
        version: row.get(20)?,
        title: Text::new(row.get::<String>(21)?, row.get::<String>(22)?),
        not_before: row.get(23)?,
    })
}

/// The next running number; two that ask at once wait for one another.
///
/// # Errors
/// See [`DbError`].
pub fn next_number(tx: &mut Tx<'_>) -> Result<i64, DbError> {
    tx.execute_one("UPDATE pay_counter SET next = next + 1 WHERE name = 'batch'", &[])?;
    tx.one("SELECT next - 1 FROM pay_counter WHERE name = 'batch'", &[])?.get(0)
}

/// A new batch.
///
/// # Errors
/// [`DbError::Unique`] when the roster has one already.
pub fn insert(tx: &mut Tx<'_>, batch: &Batch) -> Result<(), DbError> {
    let release = &batch.release;
    tx.execute(
        "INSERT INTO pay_batch (id, number, roster_id, programme_id, period, division, lines,
             last_line, fen, state, two, asked_name, first_name, second_name, done_line, created_at,
             touched_at, checked_at, version, not_before)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '', '', 0, $12, $12, 0, 1, $13)",
        &[
            v(batch.id),
            v(batch.number),
            v(batch.roster),
            v(batch.programme),
            v(&batch.period),
            v(&batch.division),
            v(batch.lines),
            v(batch.last_line),
            v(batch.fen),
            v(release.state.code()),
            v(release.two),
            v(batch.created_at),
            v(batch.not_before),
        ],
    )
    .map(drop)
}

/// One batch.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<Batch>, DbError> {
    tx.optional(&format!("{SELECT} WHERE b.id = $1"), &[v(id)])?.as_ref().map(read).transpose()
}

/// The batch of a roster.
///
/// # Errors
/// See [`DbError`].
pub fn of_roster(tx: &mut Tx<'_>, roster: Id) -> Result<Option<Batch>, DbError> {
    let sql = format!("{SELECT} WHERE b.roster_id = $1");
    tx.optional(&sql, &[v(roster)])?.as_ref().map(read).transpose()
}

/// Batches in a state, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn in_state(tx: &mut Tx<'_>, state: BatchState, most: i64) -> Result<Vec<Batch>, DbError> {
    let sql = format!("{SELECT} WHERE b.state = $1 ORDER BY b.id LIMIT $2");
    tx.query(&sql, &[v(state.code()), v(most)])?.iter().map(read).collect()
}

/// The first released batch with lines that are in no file yet, whose time has come and that nobody stopped.
///
/// # Errors
/// See [`DbError`].
pub fn to_plan(tx: &mut Tx<'_>, now: Utc) -> Result<Option<Batch>, DbError> {
    let sql = format!(
        "{SELECT} WHERE b.state = 'released' AND b.done_line < b.last_line AND b.not_before <= $1
           AND NOT EXISTS (SELECT 1 FROM pay_stop s WHERE s.lifted_by IS NULL
                           AND (s.batch_id = 0 OR s.batch_id = b.id))
         ORDER BY b.id LIMIT 1"
    );
    tx.optional(&sql, &[v(now)])?.as_ref().map(read).transpose()
}

/// Released batches of which nothing is left to send, to hear or to decide.
///
/// # Errors
/// See [`DbError`].
pub fn to_settle(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Batch>, DbError> {
    let sql = format!(
        "{SELECT} WHERE b.state = 'released' AND b.done_line >= b.last_line
           AND NOT EXISTS (SELECT 1 FROM pay_file f WHERE f.batch_id = b.id
                           AND f.state NOT IN ('settled', 'refused'))
           AND NOT EXISTS (SELECT 1 FROM pay_exception e WHERE e.batch_id = b.id
                           AND e.state <> 'closed')
           AND NOT EXISTS (SELECT 1 FROM pay_frozen w WHERE w.batch_id = b.id)
         ORDER BY b.id LIMIT $1"
    );
    tx.query(&sql, &[v(most)])?.iter().map(read).collect()
}

/// The newest batches of divisions that begin with `division` (empty for all).
///
/// # Errors
/// See [`DbError`].
pub fn newest(tx: &mut Tx<'_>, division: &str, most: i64) -> Result<Vec<Batch>, DbError> {
    let sql = format!(
        "{SELECT} WHERE SUBSTR(b.division, 1, LENGTH($1)) = $1 ORDER BY b.number DESC LIMIT $2"
    );
    tx.query(&sql, &[v(division), v(most)])?.iter().map(read).collect()
}

/// A step of the release: state and hands.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set_release(
    tx: &mut Tx<'_>,
    batch: &Batch,
    release: &Release,
    names: [&str; 3],
    now: Utc,
) -> Result<(), DbError> {
    let released = (release.state == BatchState::Released).then_some(now);
    tx.execute_one(
        "UPDATE pay_batch SET state = $1, asked_by = $2, first_by = $3, second_by = $4,
             asked_name = $5, first_name = $6, second_name = $7,
             released_at = COALESCE(released_at, $8), touched_at = $9, version = version + 1
         WHERE id = $10 AND version = $11",
        &[
            v(release.state.code()),
            v(release.asked_by),
            v(release.first_by),
            v(release.second_by),
            v(names[0]),
            v(names[1]),
            v(names[2]),
            v(released),
            v(now),
            v(batch.id),
            v(batch.version),
        ],
    )
}

/// The work of a state went on to `line`; when all is done the next state begins from line 0.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set_done(
    tx: &mut Tx<'_>,
    batch: &Batch,
    line: i64,
    next: Option<BatchState>,
    now: Utc,
) -> Result<(), DbError> {
    let (state, line) = match next {
        Some(state) => (state, 0),
        None => (batch.release.state, line),
    };
    tx.execute_one(
        "UPDATE pay_batch SET state = $1, done_line = $2, touched_at = $3, version = version + 1
         WHERE id = $4 AND version = $5",
        &[v(state.code()), v(line), v(now), v(batch.id), v(batch.version)],
    )
}

/// Its payments changed: the books are to be looked at again.
///
/// # Errors
/// See [`DbError`].
pub fn touch(tx: &mut Tx<'_>, id: Id, now: Utc) -> Result<(), DbError> {
    tx.execute("UPDATE pay_batch SET touched_at = $1 WHERE id = $2", &[v(now), v(id)]).map(drop)
}

/// A batch of [`to_settle`] is settled when each of its payments has its result.
///
/// # Errors
/// See [`DbError`].
pub fn settle(tx: &mut Tx<'_>, batch: &Batch, now: Utc) -> Result<bool, DbError> {
    let sql = "SELECT COUNT(*) FROM payment WHERE id > $1 AND id <= $2
               AND (held OR state IN ('approved', 'reserved', 'intent', 'sent', 'unknown'))";
    let ends = [v(batch.payment(0)), v(batch.payment(batch.last_line))];
    let open: i64 = tx.one(sql, &ends)?.get(0)?;
    if open > 0 {
        return Ok(false);
    }
    let sql = "UPDATE pay_batch SET state = 'settled', touched_at = $1, version = version + 1
               WHERE id = $2 AND state = 'released'";
    Ok(tx.execute(sql, &[v(now), v(batch.id)])? == 1)
}

/// Batches whose books were not looked at since they changed, with the moment of the change.
///
/// # Errors
/// See [`DbError`].
pub fn unchecked(tx: &mut Tx<'_>, most: i64) -> Result<Vec<(Batch, Utc)>, DbError> {
    let sql = SELECT.replace("b.not_before FROM", "b.not_before, b.touched_at FROM")
        + " WHERE b.touched_at > b.checked_at ORDER BY b.checked_at, b.id LIMIT $1";
    let rows = tx.query(&sql, &[v(most)])?;
    rows.iter().map(|row| Ok((read(row)?, row.get(24)?))).collect()
}

/// When its payments last changed.
///
/// # Errors
/// See [`DbError`].
pub fn touched(tx: &mut Tx<'_>, id: Id) -> Result<Utc, DbError> {
    tx.one("SELECT touched_at FROM pay_batch WHERE id = $1", &[v(id)])?.get(0)
}

/// The books were found in order as of `seen`.
///
/// # Errors
/// See [`DbError`].
pub fn set_checked(tx: &mut Tx<'_>, id: Id, seen: Utc) -> Result<(), DbError> {
    tx.execute("UPDATE pay_batch SET checked_at = $1 WHERE id = $2", &[v(seen), v(id)]).map(drop)
}

/// What a roster and its programme say at the moment of acceptance.
pub struct Source {
    /// State of the roster.
    pub state: String,
    /// Programme.
    pub programme: Id,
    /// Period.
    pub period: String,
    /// Division.
    pub division: String,
    /// Sum above which two approve, fen; 0 for none.
    pub two_above_fen: i64,
    /// Good lines.
    pub lines: i64,
    /// Greatest line number of a good line.
    pub last_line: i64,
    /// Sum of good lines, fen.
    pub fen: i64,
    /// Good lines that lack a person, card, bank or amount.
    pub incomplete: i64,
    /// Nothing of it leaves earlier.
    pub not_before: Utc,
}

/// Reads a roster with what keeps it from being accepted.
///
/// # Errors
/// See [`DbError`].
pub fn source(tx: &mut Tx<'_>, roster: Id) -> Result<Option<Source>, DbError> {
    let sql = "SELECT r.state, r.programme_id, r.period, r.division, p.two_above_fen, r.not_before
               FROM roster r JOIN programme p ON p.id = r.programme_id WHERE r.id = $1";
    let Some(row) = tx.optional(sql, &[v(roster)])? else { return Ok(None) };
    let sql =
        "SELECT COUNT(*), COALESCE(MAX(line), 0), CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT),
                   COUNT(*) - COUNT(CASE WHEN person_id IS NOT NULL AND card_id IS NOT NULL
                       AND bank_id IS NOT NULL AND amount_fen > 0 AND line > 0 AND line <= $2
                       THEN 1 END)
               FROM roster_line WHERE roster_id = $1 AND state = 'good'";
    let sums = tx.one(sql, &[v(roster), v(MOST_LINES)])?;
    Ok(Some(Source {
        state: row.get(0)?,
        programme: row.get(1)?,
        period: row.get(2)?,
        division: row.get(3)?,
        two_above_fen: row.get(4)?,
        lines: sums.get(0)?,
        last_line: sums.get(1)?,
        fen: sums.get(2)?,
        incomplete: sums.get(3)?,
        not_before: row.get(5)?,
    }))
}

/// How many releases wait for an approval that this actor may give.
///
/// # Errors
/// See [`DbError`].
pub fn count_asked(tx: &mut Tx<'_>, actor: &Actor, _: Utc) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM pay_batch
               WHERE state = 'asked' AND asked_by <> $1 AND COALESCE(first_by, 0) <> $2";
    work::counted(tx, sql, &[v(actor.account), v(actor.account)])
}
