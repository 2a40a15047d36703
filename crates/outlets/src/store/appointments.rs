//! Appointments.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text};
use time::Date;

use super::day;

/// A seat that somebody booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appointment {
    /// Whose it is.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// Where.
    pub outlet: Id,
    /// On which day.
    pub day: Date,
    /// Minutes since midnight.
    pub slot: i64,
    /// Counts from 0 in each slot.
    pub seat: i64,
    /// Code of the service.
    pub service: String,
    /// What help is needed, in the person's words.
    pub needs: String,
    /// `booked`, `arrived`, `cancelled` or `missed`.
    pub state: String,
    /// Guards changes.
    pub version: i64,
}

impl Appointment {
    /// `09:30`.
    pub fn time(&self) -> String {
        format!("{:02}:{:02}", self.slot / 60, self.slot % 60)
    }

    /// What is typed at the ticket machine.
    pub fn code(&self) -> String {
        crate::rules::ticket_code(self.slot, self.seat)
    }
}

const COLUMNS: &str = "person_id, id, outlet_id, day, slot, seat, service, needs, state, version";

fn read(row: &Row) -> Result<Appointment, DbError> {
    Ok(Appointment {
        person: row.get(0)?,
        id: row.get(1)?,
        outlet: row.get(2)?,
        day: day(&row.get::<String>(3)?)?,
        slot: row.get(4)?,
        seat: row.get(5)?,
        service: row.get(6)?,
        needs: row.get(7)?,
        state: row.get(8)?,
        version: row.get(9)?,
    })
}

/// Takes the seat; `false` when somebody has it, or the person has one at that time.
///
/// # Errors
/// See [`DbError`].
pub fn take(tx: &mut Tx<'_>, made: &Appointment, now: Utc) -> Result<bool, DbError> {
    let sql = format!(
        "INSERT INTO appointment ({COLUMNS}, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING"
    );
    let values = [
        v(made.person),
        v(made.id),
        v(made.outlet),
        v(day_text(made.day)),
        v(made.slot),
        v(made.seat),
        v(&made.service),
        v(&made.needs),
        v(&made.state),
        v(made.version),
        v(now),
    ];
    Ok(tx.execute(&sql, &values)? == 1)
}

/// Changes the state of one that is booked.
///
/// # Errors
/// [`DbError::Conflict`].
pub fn settle(tx: &mut Tx<'_>, one: &Appointment, state: &str) -> Result<(), DbError> {
    let sql = "UPDATE appointment SET state = $1, version = version + 1
               WHERE person_id = $2 AND id = $3 AND version = $4";
    tx.execute_one(sql, &[v(state), v(one.person), v(one.id), v(one.version)])
}

/// A person's appointments from a day on, by day and time.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id, from: Date) -> Result<Vec<Appointment>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM appointment WHERE person_id = $1 AND day >= $2 ORDER BY day, slot"
    );
    tx.query(&sql, &[v(person), v(day_text(from))])?.iter().map(read).collect()
}

/// Those booked or arrived at an outlet on a day, by time and seat.
///
/// # Errors
/// See [`DbError`].
pub fn of_outlet(tx: &mut Tx<'_>, outlet: Id, day: Date) -> Result<Vec<Appointment>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM appointment WHERE outlet_id = $1 AND day = $2
         AND state IN ('booked', 'arrived') ORDER BY slot, seat"
    );
    tx.query(&sql, &[v(outlet), v(day_text(day))])?.iter().map(read).collect()
}

/// Booked ones of a day whose holders were not reminded.
///
/// # Errors
/// See [`DbError`].
pub fn to_remind(tx: &mut Tx<'_>, day: Date, most: i64) -> Result<Vec<Appointment>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM appointment
         WHERE day = $1 AND state = 'booked' AND reminded_at IS NULL ORDER BY id LIMIT $2"
    );
    tx.query(&sql, &[v(day_text(day)), v(most)])?.iter().map(read).collect()
}

/// Notes that the holder was reminded.
///
/// # Errors
/// [`DbError::Conflict`].
pub fn reminded(tx: &mut Tx<'_>, one: &Appointment, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE appointment SET reminded_at = $1, version = version + 1
               WHERE person_id = $2 AND id = $3 AND version = $4";
    tx.execute_one(sql, &[v(now), v(one.person), v(one.id), v(one.version)])
}

/// Booked ones of days before `today` were missed.
///
/// # Errors
/// See [`DbError`].
pub fn miss_before(tx: &mut Tx<'_>, today: Date) -> Result<u64, DbError> {
    let sql = "UPDATE appointment SET state = 'missed', version = version + 1
               WHERE day < $1 AND state = 'booked'";
    tx.execute(sql, &[v(day_text(today))])
}

/// Erases appointments of days before `day`; the figures are kept by tickets.
///
/// # Errors
/// See [`DbError`].
pub fn erase_before(tx: &mut Tx<'_>, day: Date) -> Result<u64, DbError> {
    tx.execute("DELETE FROM appointment WHERE day < $1", &[v(day_text(day))])
}
