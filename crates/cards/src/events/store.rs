//! All SQL of life events.

use kernel::db::{DbError, Row, Tx, sealed, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use people::rules::Person;
use time::Date;

use super::rules::{Kind, Report, State};

/// A report as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: Id,
    /// Organisation that sent it.
    pub source: Id,
    /// What it says.
    pub report: Report,
    /// Whom it is about, when he is registered.
    pub person: Option<Id>,
    /// Whether the name fits the register.
    pub name_fits: bool,
    /// Where it stands.
    pub state: State,
    /// When it came.
    pub received_at: Utc,
    /// What was said when it was decided.
    pub comment: String,
    /// Rises with each change.
    pub version: i64,
}

const COLUMNS: &str = "id, source, source_id, kind, number, name, day, detail, person_id, name_fits, \
     state, received_at, comment, version";

fn read(row: &Row) -> Result<Event, DbError> {
    let bad = || DbError::Engine("a life event cannot be read".to_owned());
    let day: Option<Date> = parse_day(&row.get::<String>(6)?);
    Ok(Event {
        id: row.get(0)?,
        source: row.get(1)?,
        report: Report {
            source_id: row.get(2)?,
            kind: Kind::from_code(&row.get::<String>(3)?).ok_or_else(bad)?,
            number: row.get(4)?,
            name: row.get(5)?,
            day: day.ok_or_else(bad)?,
            detail: row.get(7)?,
        },
        person: row.get(8)?,
        name_fits: row.get(9)?,
        state: State::from_code(&row.get::<String>(10)?).ok_or_else(bad)?,
        received_at: row.get(11)?,
        comment: row.get(12)?,
        version: row.get(13)?,
    })
}

/// Keeps a report; `false` when the sender sent it before.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, event: &Event) -> Result<bool, DbError> {
    let report = &event.report;
    let count = tx.execute(
        "INSERT INTO life_event (id, source, source_id, kind, number, name, day, detail, person_id,
                                 name_fits, state, received_at, comment, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', 1)
         ON CONFLICT (source, source_id) DO NOTHING",
        &[
            v(event.id),
            v(event.source),
            v(&report.source_id),
            v(report.kind.code()),
            sealed(&report.number),
            sealed(&report.name),
            v(day_text(report.day)),
            sealed(&report.detail),
            v(event.person),
            v(event.name_fits),
            v(event.state.code()),
            v(event.received_at),
        ],
    )?;
    Ok(count == 1)
}

/// One report.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Event>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM life_event WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Reports in a state, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn in_state(tx: &mut Tx<'_>, state: State, most: i64) -> Result<Vec<Event>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM life_event WHERE state = $1 ORDER BY id LIMIT $2");
    tx.query(&sql, &[v(state.code()), v(most)])?.iter().map(read).collect()
}

/// Reports of one kind that wait, with the registered name, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn waiting_of(tx: &mut Tx<'_>, kind: Kind, most: i64) -> Result<Vec<Event>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM life_event WHERE state = $1 AND kind = $2 AND name_fits
         ORDER BY id LIMIT $3"
    );
    let state = State::Proposed.code();
    tx.query(&sql, &[v(state), v(kind.code()), v(most)])?.iter().map(read).collect()
}

/// How many reports are in a state.
///
/// # Errors
/// See [`DbError`].
pub fn count(tx: &mut Tx<'_>, state: State) -> Result<i64, DbError> {
    tx.one("SELECT COUNT(*) FROM life_event WHERE state = $1", &[v(state.code())])?.get(0)
}

/// Notes what was decided.
///
/// # Errors
/// [`DbError::Conflict`] when somebody decided meanwhile.
pub fn decide(
    tx: &mut Tx<'_>,
    event: &Event,
    state: State,
    by: Id,
    comment: &str,
    now: Utc,
) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE life_event SET state = $1, decided_by = $2, decided_at = $3, comment = $4,
                version = version + 1 WHERE id = $5 AND version = $6",
        &[v(state.code()), v(by), v(now), v(comment), v(event.id), v(event.version)],
    )
}

/// Writes a changed household or end of entitlement.
///
/// # Errors
/// [`DbError::Conflict`] when the person changed meanwhile.
pub fn set_ground(tx: &mut Tx<'_>, person: &Person) -> Result<(), DbError> {
    let sql = "UPDATE person SET household = $1, ground_until = $2, version = version + 1
               WHERE id = $3 AND version = $4";
    let until = person.ground_until.map(day_text);
    tx.execute_one(sql, &[v(&person.household), v(until), v(person.id), v(person.version)])
}
