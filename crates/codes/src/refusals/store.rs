//! SQL of refusals and omissions.

use std::collections::{HashMap, HashSet};

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use kernel::work::{self, Waiting};
use time::Date;

use super::rules::{Kind, Source, State};

/// A report and how it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// Its id.
    pub id: Id,
    /// What it is about.
    pub kind: Kind,
    /// Code of the item; empty when it is not known.
    pub item: String,
    /// Where.
    pub place: String,
    /// Division of the place; empty when it is not known.
    pub division: String,
    /// When it happened.
    pub day: Date,
    /// What happened, in words.
    pub reason: String,
    /// Who told it.
    pub source: Source,
    /// His account; none without a name.
    pub told_by: Option<Id>,
    /// When.
    pub told_at: Utc,
    /// How it stands.
    pub state: State,
    /// Last day for the answer.
    pub due: Date,
    /// Account that took it up.
    pub taken_by: Option<Id>,
    /// Name of whoever took it up.
    pub taken_name: String,
    /// The answer.
    pub answer: String,
    /// Account that answered.
    pub answered_by: Option<Id>,
    /// Account that closed it.
    pub closed_by: Option<Id>,
    /// When it was closed.
    pub closed_at: Option<Utc>,
    /// Counts its changes.
    pub version: i64,
    /// The teller's own number of it.
    pub key: Option<String>,
}

impl Report {
    /// Nobody answered it in time.
    pub fn overdue(&self, today: Date) -> bool {
        matches!(self.state, State::Open | State::Taken) && self.due < today
    }
}

/// What a list of reports is narrowed to; empty texts narrow nothing.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct Filter {
    /// Code of a kind.
    #[serde(default)]
    pub kind: String,
    /// Code of a state.
    #[serde(default)]
    pub state: String,
    /// Code of an item.
    #[serde(default)]
    pub item: String,
    /// Division.
    #[serde(default)]
    pub division: String,
}

const COLUMNS: &str = "id, kind, item_code, place, division, happened_on, reason, source, told_by, \
     told_at, state, due_day, taken_by, taken_name, answer, answered_by, closed_by, closed_at, version, \
     client_key";

fn known<T>(value: Option<T>) -> Result<T, DbError> {
    value.ok_or_else(|| DbError::Engine("a report cannot be read".to_owned()))
}

fn read(row: &Row) -> Result<Report, DbError> {
    Ok(Report {
        id: row.get(0)?,
        kind: known(Kind::from_code(&row.get::<String>(1)?))?,
        item: row.get(2)?,
        place: row.get(3)?,
        division: row.get(4)?,
        day: known(parse_day(&row.get::<String>(5)?))?,
        reason: row.get(6)?,
        source: known(Source::from_code(&row.get::<String>(7)?))?,
        told_by: row.get(8)?,
        told_at: row.get(9)?,
        state: known(State::from_code(&row.get::<String>(10)?))?,
        due: known(parse_day(&row.get::<String>(11)?))?,
        taken_by: row.get(12)?,
        taken_name: row.get(13)?,
        answer: row.get(14)?,
        answered_by: row.get(15)?,
        closed_by: row.get(16)?,
        closed_at: row.get(17)?,
        version: row.get(18)?,
        key: row.get(19)?,
    })
}

/// Enters a report; a second open one of an item that is not served stays out, and so does one that its
/// teller sent before.
pub fn insert(tx: &mut Tx<'_>, report: &Report) -> Result<bool, DbError> {
    let row = vec![
        v(report.id),
        v(report.kind.code()),
        v(&report.item),
        v(&report.place),
        v(&report.division),
        v(day_text(report.day)),
        v(&report.reason),
        v(report.source.code()),
        v(report.told_by),
        v(report.told_at),
        v(report.state.code()),
        v(day_text(report.due)),
        v(report.taken_by),
        v(&report.taken_name),
        v(&report.answer),
        v(report.answered_by),
        v(report.closed_by),
        v(report.closed_at),
        v(report.version),
        v(report.key.as_deref()),
    ];
    let target = format!("refusal_report ({COLUMNS})");
    Ok(tx.insert_rows(&target, "ON CONFLICT DO NOTHING", &[row])? == [true])
}

/// A report by its id.
pub fn one(tx: &mut Tx<'_>, id: Id) -> Result<Option<Report>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM refusal_report WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// The report that somebody told under a number of his own.
pub fn by_key(tx: &mut Tx<'_>, teller: Id, key: &str) -> Result<Option<Id>, DbError> {
    let sql = "SELECT id FROM refusal_report WHERE told_by = $1 AND client_key = $2";
    tx.optional(sql, &[v(teller), v(key)])?.map(|row| row.get(0)).transpose()
}

/// Writes how a report stands now.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else changed it meanwhile.
pub fn update(tx: &mut Tx<'_>, report: &Report) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE refusal_report SET state = $1, taken_by = $2, taken_name = $3, answer = $4,
         answered_by = $5, closed_by = $6, closed_at = $7, version = version + 1
         WHERE id = $8 AND version = $9",
        &[
            v(report.state.code()),
            v(report.taken_by),
            v(&report.taken_name),
            v(&report.answer),
            v(report.answered_by),
            v(report.closed_by),
            v(report.closed_at),
            v(report.id),
            v(report.version),
        ],
    )
}

/// Reports that fit a filter, newest first, before an id.
pub fn list(
    tx: &mut Tx<'_>,
    filter: &Filter,
    before: Id,
    most: i64,
) -> Result<Vec<Report>, DbError> {
    let mut sql = format!("SELECT {COLUMNS} FROM refusal_report WHERE id < $1");
    let mut params: Vec<Value<'_>> = vec![v(before)];
    let wanted = [
        ("kind", &filter.kind),
        ("state", &filter.state),
        ("item_code", &filter.item),
        ("division", &filter.division),
    ];
    for (column, value) in wanted.into_iter().filter(|(_, value)| !value.is_empty()) {
        params.push(v(value));
        sql.push_str(&format!(" AND {column} = ${}", params.len()));
    }
    params.push(v(most));
    sql.push_str(&format!(" ORDER BY id DESC LIMIT ${}", params.len()));
    tx.query(&sql, &params)?.iter().map(read).collect()
}

/// What somebody told himself, newest first.
pub fn told_by(tx: &mut Tx<'_>, account: Id) -> Result<Vec<Report>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM refusal_report WHERE told_by = $1 ORDER BY id DESC LIMIT 50"
    );
    tx.query(&sql, &[v(account)])?.iter().map(read).collect()
}

/// How many reports there are by kind and state; of one division when it is not empty.
pub fn counts(tx: &mut Tx<'_>, division: &str) -> Result<Vec<(String, String, i64)>, DbError> {
    let sql = "SELECT kind, state, COUNT(*) FROM refusal_report
               WHERE $1 = '' OR division = $2 GROUP BY kind, state ORDER BY kind, state";
    let rows = tx.query(sql, &[v(division), v(division)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).collect()
}

/// Last day of an accepted use of each item.
pub fn last_uses(tx: &mut Tx<'_>) -> Result<HashMap<String, Date>, DbError> {
    let sql = "SELECT item_code, MAX(day) FROM use_hour WHERE accepted > 0 GROUP BY item_code";
    let read = |row: &Row| Ok((row.get(0)?, known(parse_day(&row.get::<String>(1)?))?));
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// Items with a case that is open or was closed after a moment.
pub fn known_unserved(tx: &mut Tx<'_>, after: Utc) -> Result<HashSet<String>, DbError> {
    let sql = "SELECT item_code FROM refusal_report
               WHERE kind = 'unserved' AND (state <> 'closed' OR closed_at > $1)";
    tx.query(sql, &[v(after)])?.iter().map(|row| row.get(0)).collect()
}

/// How many reports nobody closed yet; an official of a district's own.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>, actor: &Actor, now: Utc) -> Result<Waiting, DbError> {
    let sql =
        "SELECT COUNT(*), COUNT(CASE WHEN due_day < $1 AND state IN ('open', 'taken') THEN 1 END)
               FROM refusal_report WHERE state <> 'closed' AND ($2 OR division = $3)";
    work::counted(
        tx,
        sql,
        &[v(day_text(now.day())), v(super::rules::may_see(actor, "")), v(&actor.division)],
    )
}
