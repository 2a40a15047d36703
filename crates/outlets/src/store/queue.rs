//! Tickets of a queue.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text};
use kernel::work::{self, Waiting};
use time::Date;

use super::{day, known};
use crate::rules::{TicketState, Turn};

/// A place in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Where.
    pub outlet: Id,
    /// On which day.
    pub day: Date,
    /// Counts from 1 for each day.
    pub number: i64,
    /// Code of the service.
    pub service: String,
    /// Why it may come before others.
    pub turn: Turn,
    /// What has become of it.
    pub state: TicketState,
    /// Whose it is, when he took it himself.
    pub person: Option<Id>,
    /// Counter that called it.
    pub counter: Option<i64>,
    /// How often it was called.
    pub calls: i64,
    /// When it was taken.
    pub taken_at: Utc,
    /// When it may be called.
    pub due_at: Utc,
    /// When it was called last.
    pub called_at: Option<Utc>,
    /// Guards changes.
    pub version: i64,
}

impl Ticket {
    /// What is printed and called: `A007`.
    pub fn label(&self) -> String {
        format!("{}{:03}", self.turn.letter(), self.number)
    }
}

const COLUMNS: &str = "outlet_id, day, number, service, turn, state, person_id, counter, calls,
    taken_at, due_at, called_at, version";

fn read(row: &Row) -> Result<Ticket, DbError> {
    Ok(Ticket {
        outlet: row.get(0)?,
        day: day(&row.get::<String>(1)?)?,
        number: row.get(2)?,
        service: row.get(3)?,
        turn: known(Turn::from_code(&row.get::<String>(4)?), "turn")?,
        state: known(TicketState::from_code(&row.get::<String>(5)?), "state of a ticket")?,
        person: row.get(6)?,
        counter: row.get(7)?,
        calls: row.get(8)?,
        taken_at: row.get(9)?,
        due_at: row.get(10)?,
        called_at: row.get(11)?,
        version: row.get(12)?,
    })
}

/// The counters of a day's queue, taken for a change: numbers given out, and calls out of turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueDay {
    /// The last number given out.
    pub last_number: i64,
    /// Calls out of turn since the last one in turn.
    pub ahead: i64,
    version: i64,
}

/// The day's counters; a day begins with none.
///
/// # Errors
/// See [`DbError`].
pub fn open_day(tx: &mut Tx<'_>, outlet: Id, day: Date) -> Result<QueueDay, DbError> {
    let key = [v(outlet), v(day_text(day))];
    let begin = "INSERT INTO queue_day (outlet_id, day, last_number, ahead, version)
                 VALUES ($1, $2, 0, 0, 1) ON CONFLICT (outlet_id, day) DO NOTHING";
    tx.execute(begin, &key)?;
    let sql = "SELECT last_number, ahead, version FROM queue_day WHERE outlet_id = $1 AND day = $2";
    let row = tx.optional(sql, &key)?.ok_or(DbError::Conflict)?;
    Ok(QueueDay { last_number: row.get(0)?, ahead: row.get(1)?, version: row.get(2)? })
}

/// Writes the day's counters.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else changed them meanwhile.
pub fn save_day(
    tx: &mut Tx<'_>,
    outlet: Id,
    day: Date,
    counters: &QueueDay,
) -> Result<(), DbError> {
    let sql = "UPDATE queue_day SET last_number = $1, ahead = $2, version = version + 1
               WHERE outlet_id = $3 AND day = $4 AND version = $5";
    let values = [
        v(counters.last_number),
        v(counters.ahead),
        v(outlet),
        v(day_text(day)),
        v(counters.version),
    ];
    tx.execute_one(sql, &values)
}

/// Enters a ticket.
///
/// # Errors
/// [`DbError::Unique`] when the person stands in a queue already.
pub fn insert(tx: &mut Tx<'_>, ticket: &Ticket) -> Result<(), DbError> {
    let sql = format!(
        "INSERT INTO queue_ticket ({COLUMNS})
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    );
    let values = [
        v(ticket.outlet),
        v(day_text(ticket.day)),
        v(ticket.number),
        v(&ticket.service),
        v(ticket.turn.code()),
        v(ticket.state.code()),
        v(ticket.person),
        v(ticket.counter),
        v(ticket.calls),
        v(ticket.taken_at),
        v(ticket.due_at),
        v(ticket.called_at),
        v(ticket.version),
    ];
    tx.execute(&sql, &values).map(drop)
}

/// Writes what has become of a ticket.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else changed it meanwhile.
pub fn save(tx: &mut Tx<'_>, ticket: &Ticket, ended: Option<Utc>) -> Result<(), DbError> {
    let sql = "UPDATE queue_ticket SET state = $1, counter = $2, calls = $3, called_at = $4,
                      ended_at = $5, version = version + 1
               WHERE outlet_id = $6 AND day = $7 AND number = $8 AND version = $9";
    let values = [
        v(ticket.state.code()),
        v(ticket.counter),
        v(ticket.calls),
        v(ticket.called_at),
        v(ended),
        v(ticket.outlet),
        v(day_text(ticket.day)),
        v(ticket.number),
        v(ticket.version),
    ];
    tx.execute_one(sql, &values)
}

/// Who waits or is served on a day, by number.
///
/// # Errors
/// See [`DbError`].
pub fn live(tx: &mut Tx<'_>, outlet: Id, day: Date) -> Result<Vec<Ticket>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM queue_ticket WHERE outlet_id = $1 AND day = $2
         AND state IN ('waiting', 'called') ORDER BY number"
    );
    tx.query(&sql, &[v(outlet), v(day_text(day))])?.iter().map(read).collect()
}

/// One ticket.
///
/// # Errors
/// See [`DbError`].
pub fn one(tx: &mut Tx<'_>, outlet: Id, day: Date, number: i64) -> Result<Option<Ticket>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM queue_ticket WHERE outlet_id = $1 AND day = $2 AND number = $3"
    );
    let row = tx.optional(&sql, &[v(outlet), v(day_text(day)), v(number)])?;
    row.as_ref().map(read).transpose()
}

/// The ticket with which a person stands in a queue today. One of another day has lapsed.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id) -> Result<Option<Ticket>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM queue_ticket WHERE person_id = $1
         AND state IN ('waiting', 'called')"
    );
    tx.optional(&sql, &[v(person)])?.as_ref().map(read).transpose()
}

/// How many wait at each outlet on a day.
///
/// # Errors
/// See [`DbError`].
pub fn waiting_counts(tx: &mut Tx<'_>, day: Date) -> Result<Vec<(Id, i64)>, DbError> {
    let sql = "SELECT outlet_id, COUNT(*) FROM queue_ticket
               WHERE day = $1 AND state = 'waiting' GROUP BY outlet_id";
    let rows = tx.query(sql, &[v(day_text(day))])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Ends what was left over of days before `today`: who still waited has left, who was still served
/// is done.
///
/// # Errors
/// See [`DbError`].
pub fn end_days_before(tx: &mut Tx<'_>, today: Date, now: Utc) -> Result<u64, DbError> {
    let sql =
        "UPDATE queue_ticket SET state = CASE WHEN state = 'called' THEN 'done' ELSE 'left' END,
                      ended_at = $1, version = version + 1
               WHERE day < $2 AND state IN ('waiting', 'called')";
    tx.execute(sql, &[v(now), v(day_text(today))])
}

/// Forgets whose tickets of days before `day` were.
///
/// # Errors
/// See [`DbError`].
pub fn forget_before(tx: &mut Tx<'_>, day: Date) -> Result<u64, DbError> {
    let sql = "UPDATE queue_ticket SET person_id = NULL WHERE day < $1 AND person_id IS NOT NULL";
    tx.execute(sql, &[v(day_text(day))])
}

/// How many numbers may be called at an outlet now.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>, outlet: Id, now: Utc) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM queue_ticket
               WHERE outlet_id = $1 AND day = $2 AND state = 'waiting' AND due_at <= $3";
    work::counted(tx, sql, &[v(outlet), v(day_text(now.day())), v(now)])
}
