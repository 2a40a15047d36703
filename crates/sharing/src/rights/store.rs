//! SQL of requests and digests.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use kernel::work::{self, Waiting};
use time::Date;

use super::rules::{Kind, State};

/// A request as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whose data.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// What is asked for.
    pub kind: Kind,
    /// Holding, use or entry that it is about.
    pub about: String,
    /// In words.
    pub words: String,
    /// Account that asked.
    pub asked_by: Id,
    /// Who asked.
    pub asked_name: String,
    /// `self`, `agent`, `guardian` or `relative`, with the proof in words.
    pub asked_as: String,
    /// When.
    pub asked_at: Utc,
    /// Last day of an answer.
    pub due: Date,
    /// Where it stands.
    pub state: State,
    /// Account that looks into it.
    pub taken_by: Option<Id>,
    /// Who looks into it.
    pub taken_name: String,
    /// The answer.
    pub answer: String,
    /// Legal ground of a refusal.
    pub ground: String,
    /// Account that answered.
    pub answered_by: Option<Id>,
    /// When it was answered.
    pub answered_at: Option<Utc>,
    /// Rises with each change.
    pub version: i64,
}

const SELECT: &str =
    "SELECT person_id, id, kind, about, words, asked_by, asked_name, asked_as, asked_at,
     due, state, taken_by, taken_name, answer, ground, answered_by, answered_at, version
     FROM rights_request";

fn read(row: &Row) -> Result<Request, DbError> {
    let (kind, due, state): (String, String, String) = (row.get(2)?, row.get(9)?, row.get(10)?);
    let odd = |what: &str| DbError::Engine(format!("{what} is not known"));
    Ok(Request {
        person: row.get(0)?,
        id: row.get(1)?,
        kind: Kind::from_code(&kind).ok_or_else(|| odd(&kind))?,
        about: row.get(3)?,
        words: row.get(4)?,
        asked_by: row.get(5)?,
        asked_name: row.get(6)?,
        asked_as: row.get(7)?,
        asked_at: row.get(8)?,
        due: parse_day(&due).ok_or_else(|| odd(&due))?,
        state: State::from_code(&state).ok_or_else(|| odd(&state))?,
        taken_by: row.get(11)?,
        taken_name: row.get(12)?,
        answer: row.get(13)?,
        ground: row.get(14)?,
        answered_by: row.get(15)?,
        answered_at: row.get(16)?,
        version: row.get(17)?,
    })
}

/// Adds a request.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, one: &Request) -> Result<(), DbError> {
    let sql = "INSERT INTO rights_request (person_id, id, kind, about, words, asked_by, asked_name,
                 asked_as, asked_at, due, state, taken_name, answer, ground, version)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '', '', 1)";
    let row = [
        v(one.person),
        v(one.id),
        v(one.kind.code()),
        v(&one.about),
        v(&one.words),
        v(one.asked_by),
        v(&one.asked_name),
        v(&one.asked_as),
        v(one.asked_at),
        v(day_text(one.due)),
        v(one.state.code()),
    ];
    tx.execute(sql, &row).map(drop)
}

/// Writes a step.
///
/// # Errors
/// [`DbError::Conflict`] when somebody was faster.
pub fn update(tx: &mut Tx<'_>, one: &Request) -> Result<(), DbError> {
    let sql = "UPDATE rights_request SET state = $1, taken_by = $2, taken_name = $3, answer = $4,
                 ground = $5, answered_by = $6, answered_at = $7, version = version + 1
               WHERE person_id = $8 AND id = $9 AND version = $10";
    let row = [
        v(one.state.code()),
        v(one.taken_by),
        v(&one.taken_name),
        v(&one.answer),
        v(&one.ground),
        v(one.answered_by),
        v(one.answered_at),
        v(one.person),
        v(one.id),
        v(one.version),
    ];
    tx.execute_one(sql, &row)
}

/// A request.
///
/// # Errors
/// See [`DbError`].
pub fn one(tx: &mut Tx<'_>, id: Id) -> Result<Option<Request>, DbError> {
    tx.optional(&format!("{SELECT} WHERE id = $1"), &[v(id)])?.as_ref().map(read).transpose()
}

/// A person's requests, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Request>, DbError> {
    let sql = format!("{SELECT} WHERE person_id = $1 ORDER BY id DESC LIMIT 200");
    tx.query(&sql, &[v(person)])?.iter().map(read).collect()
}

/// Open requests by their day; 500 at most.
///
/// # Errors
/// See [`DbError`].
pub fn open(tx: &mut Tx<'_>) -> Result<Vec<Request>, DbError> {
    let sql = format!("{SELECT} WHERE state IN ('asked', 'taken') ORDER BY due, id LIMIT 500");
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// Whether a person wants the monthly digest.
///
/// # Errors
/// See [`DbError`].
pub fn wants_digest(tx: &mut Tx<'_>, person: Id) -> Result<bool, DbError> {
    let sql = "SELECT COUNT(*) FROM rights_digest WHERE person_id = $1";
    Ok(tx.one(sql, &[v(person)])?.get::<i64>(0)? > 0)
}

/// Switches the digest on (from `month` on) or off.
///
/// # Errors
/// See [`DbError`].
pub fn set_digest(tx: &mut Tx<'_>, person: Id, month: Option<&str>) -> Result<(), DbError> {
    let (sql, month) = match month {
        Some(month) => {
            let sql = "INSERT INTO rights_digest (person_id, told_month) VALUES ($1, $2) ON CONFLICT DO NOTHING";
            (sql, month)
        }
        None => ("DELETE FROM rights_digest WHERE person_id = $1", ""),
    };
    match month {
        "" => tx.execute(sql, &[v(person)]).map(drop),
        month => tx.execute(sql, &[v(person), v(month)]).map(drop),
    }
}

/// People who have not been told of a month yet.
///
/// # Errors
/// See [`DbError`].
pub fn to_tell(tx: &mut Tx<'_>, month: &str, most: i64) -> Result<Vec<Id>, DbError> {
    let sql =
        "SELECT person_id FROM rights_digest WHERE told_month < $1 ORDER BY person_id LIMIT $2";
    tx.query(sql, &[v(month), v(most)])?.iter().map(|row| row.get(0)).collect()
}

/// Notes that a person was told of a month; false when another process did.
///
/// # Errors
/// See [`DbError`].
pub fn told(tx: &mut Tx<'_>, person: Id, month: &str) -> Result<bool, DbError> {
    let sql = "UPDATE rights_digest SET told_month = $1 WHERE person_id = $2 AND told_month < $1";
    Ok(tx.execute(sql, &[v(month), v(person)])? == 1)
}

/// How many are not answered yet.
///
/// # Errors
/// See [`DbError`].
pub fn count_open(tx: &mut Tx<'_>, now: Utc) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), COUNT(CASE WHEN due < $1 THEN 1 END) FROM rights_request
               WHERE state IN ('asked', 'taken')";
    work::counted(tx, sql, &[v(day_text(now.day()))])
}
