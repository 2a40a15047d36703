//! Versions of outlets, and single days with other hours.

use std::collections::BTreeMap;

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::{Utc, day_text};
use time::Date;

use super::{day, known};
use crate::rules::{
    ACCESS, Details, Hours, KINDS, LANGUAGES, SERVICES, Span, join, parse_spans, parse_words,
    spans_text, word,
};

/// One version of an outlet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The outlet: its organisation.
    pub outlet: Id,
    /// Counts from 1 for each outlet.
    pub version: i64,
    /// `proposed`, `confirmed` or `rejected`.
    pub state: String,
    /// First day in force.
    pub from: Date,
    /// It ends the outlet.
    pub closed: bool,
    /// What the outlet is from then on.
    pub details: Details,
    /// Why: set up, moved, closed …
    pub reason: String,
    /// When it was decided.
    pub decided_at: Option<Utc>,
}

const COLUMNS: &str =
    "outlet_id, version, state, from_day, closed, kind, division, name_zh, name_en,
    address, directions, latitude, longitude, phone, hours, services, languages, access, counters,
    reason, decided_at";

fn read(row: &Row) -> Result<Stored, DbError> {
    let text = |at: usize| row.get::<String>(at);
    let hours = Hours::parse_week(&text(14)?).ok();
    Ok(Stored {
        outlet: row.get(0)?,
        version: row.get(1)?,
        state: row.get(2)?,
        from: day(&text(3)?)?,
        closed: row.get(4)?,
        details: Details {
            kind: known(word(KINDS, &text(5)?), "kind of outlet")?,
            division: text(6)?,
            name: Text::new(text(7)?, text(8)?),
            address: text(9)?,
            directions: text(10)?,
            latitude: row.get(11)?,
            longitude: row.get(12)?,
            phone: text(13)?,
            hours: known(hours, "opening hours")?,
            services: known(parse_words(SERVICES, &text(15)?), "service")?,
            languages: known(parse_words(LANGUAGES, &text(16)?), "language")?,
            access: known(parse_words(ACCESS, &text(17)?), "help")?,
            counters: row.get(18)?,
        },
        reason: text(19)?,
        decided_at: row.get(20)?,
    })
}

/// Enters a version; a second one that waits for its decision is refused by the database.
///
/// # Errors
/// [`DbError::Unique`].
pub fn insert(tx: &mut Tx<'_>, stored: &Stored) -> Result<(), DbError> {
    let d = &stored.details;
    let sql = format!(
        "INSERT INTO outlet_version ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
         $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)"
    );
    let values = [
        v(stored.outlet),
        v(stored.version),
        v(&stored.state),
        v(day_text(stored.from)),
        v(stored.closed),
        v(d.kind.code()),
        v(&d.division),
        v(&d.name.zh),
        v(&d.name.en),
        v(&d.address),
        v(&d.directions),
        v(d.latitude),
        v(d.longitude),
        v(&d.phone),
        v(d.hours.week_text()),
        v(join(&d.services)),
        v(join(&d.languages)),
        v(join(&d.access)),
        v(d.counters),
        v(&stored.reason),
        v(stored.decided_at),
    ];
    tx.execute(&sql, &values).map(drop)
}

/// Decides a version that waits.
///
/// # Errors
/// [`DbError::Conflict`] when it does not wait any more.
pub fn decide(
    tx: &mut Tx<'_>,
    outlet: Id,
    version: i64,
    state: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE outlet_version SET state = $1, decided_at = $2
               WHERE outlet_id = $3 AND version = $4 AND state = 'proposed'";
    tx.execute_one(sql, &[v(state), v(now), v(outlet), v(version)])
}

/// All versions of an outlet, in the order of their numbers.
///
/// # Errors
/// See [`DbError`].
pub fn of_outlet(tx: &mut Tx<'_>, outlet: Id) -> Result<Vec<Stored>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM outlet_version WHERE outlet_id = $1 ORDER BY version");
    tx.query(&sql, &[v(outlet)])?.iter().map(read).collect()
}

/// All versions that were confirmed until now, by outlet, in the order of their confirmation.
///
/// # Errors
/// See [`DbError`].
pub fn confirmed(tx: &mut Tx<'_>) -> Result<Vec<Stored>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outlet_version WHERE state = 'confirmed'
         ORDER BY outlet_id, decided_at, version"
    );
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// Versions that wait for their decision.
///
/// # Errors
/// See [`DbError`].
pub fn waiting(tx: &mut Tx<'_>) -> Result<Vec<Stored>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM outlet_version WHERE state = 'proposed' ORDER BY outlet_id");
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// Whether there is an organisation of kind outlet with this id.
///
/// # Errors
/// See [`DbError`].
pub fn is_org(tx: &mut Tx<'_>, id: Id) -> Result<bool, DbError> {
    let sql = "SELECT id FROM org WHERE id = $1";
    Ok(tx.optional(sql, &[v(id)])?.is_some())
}

/// A single day with other hours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The day.
    pub day: Date,
    /// When it is open; never, when empty.
    pub spans: Vec<Span>,
    /// Why, for people.
    pub reason: String,
}

/// Sets or replaces the hours of a single day.
///
/// # Errors
/// See [`DbError`].
pub fn set_exception(
    tx: &mut Tx<'_>,
    outlet: Id,
    exception: &Exception,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO outlet_exception (outlet_id, day, hours, reason, set_at)
               VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (outlet_id, day)
               DO UPDATE SET hours = excluded.hours, reason = excluded.reason, set_at = excluded.set_at";
    let (on, hours) = (day_text(exception.day), spans_text(&exception.spans));
    tx.execute(sql, &[v(outlet), v(on), v(hours), v(&exception.reason), v(now)]).map(drop)
}

/// Single days of all outlets from a day on.
///
/// # Errors
/// See [`DbError`].
pub fn exceptions(tx: &mut Tx<'_>, from: Date) -> Result<BTreeMap<Id, Vec<Exception>>, DbError> {
    let sql = "SELECT outlet_id, day, hours, reason FROM outlet_exception WHERE day >= $1
               ORDER BY outlet_id, day";
    let mut found: BTreeMap<Id, Vec<Exception>> = BTreeMap::new();
    for row in tx.query(sql, &[v(day_text(from))])? {
        let spans = parse_spans(&row.get::<String>(2)?).ok();
        let exception = Exception {
            day: day(&row.get::<String>(1)?)?,
            spans: known(spans, "opening hours")?,
            reason: row.get(3)?,
        };
        found.entry(row.get(0)?).or_default().push(exception);
    }
    Ok(found)
}
