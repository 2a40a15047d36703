//! SQL of submissions.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use kernel::work::{self, Waiting};
use time::Date;

use super::rules::State;

/// A submission and how it stands.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Whose it is.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// The case.
    pub case: Id,
    /// Code of the clause.
    pub clause: String,
    /// How it stands.
    pub state: State,
    /// What he objects, sealed.
    pub objection: Option<Vec<u8>>,
    /// What an office answered, sealed.
    pub answer: Option<Vec<u8>>,
    /// How he repaired, sealed.
    pub repair: Option<Vec<u8>>,
    /// Account of whoever decided the objection or repair.
    pub decided_by: Option<Id>,
    /// Account of whoever decided the case.
    pub case_decider: Option<Id>,
    /// Last day to object; once submitted, last day that it counts.
    pub due: Date,
    /// When it was submitted.
    pub submitted_on: Option<Date>,
    /// Receipt of the platform.
    pub receipt: String,
    /// When he was told.
    pub noticed_at: Utc,
    /// Counts its changes.
    pub version: i64,
}

const COLUMNS: &str = "person_id, id, case_id, clause, state, objection, answer, repair, decided_by, \
     case_decider, due, submitted_on, receipt, noticed_at, version";

fn read(row: &Row) -> Result<Entry, DbError> {
    let bad = || DbError::Engine("a submission cannot be read".to_owned());
    let submitted: Option<String> = row.get(11)?;
    Ok(Entry {
        person: row.get(0)?,
        id: row.get(1)?,
        case: row.get(2)?,
        clause: row.get(3)?,
        state: State::from_code(&row.get::<String>(4)?).ok_or_else(bad)?,
        objection: row.get(5)?,
        answer: row.get(6)?,
        repair: row.get(7)?,
        decided_by: row.get(8)?,
        case_decider: row.get(9)?,
        due: parse_day(&row.get::<String>(10)?).ok_or_else(bad)?,
        submitted_on: submitted.map(|day| parse_day(&day).ok_or_else(bad)).transpose()?,
        receipt: row.get(12)?,
        noticed_at: row.get(13)?,
        version: row.get(14)?,
    })
}

/// Enters a submission; a case has one at most.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, one: &Entry) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO conduct_credit (person_id, id, case_id, clause, state, case_decider, due, receipt,
                                     noticed_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8, 1) ON CONFLICT (case_id) DO NOTHING",
        &[
            v(one.person),
            v(one.id),
            v(one.case),
            v(&one.clause),
            v(one.state.code()),
            v(one.case_decider),
            v(day_text(one.due)),
            v(one.noticed_at),
        ],
    )
    .map(drop)
}

/// Writes how a submission stands now.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else changed it meanwhile.
pub fn update(tx: &mut Tx<'_>, one: &Entry) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE conduct_credit SET state = $1, objection = $2, answer = $3, repair = $4,
                decided_by = $5, due = $6, submitted_on = $7, receipt = $8, version = version + 1
         WHERE person_id = $9 AND id = $10 AND version = $11",
        &[
            v(one.state.code()),
            v(one.objection.clone()),
            v(one.answer.clone()),
            v(one.repair.clone()),
            v(one.decided_by),
            v(day_text(one.due)),
            v(one.submitted_on.map(day_text)),
            v(&one.receipt),
            v(one.person),
            v(one.id),
            v(one.version),
        ],
    )
}

/// One by its id.
///
/// # Errors
/// See [`DbError`].
pub fn one(tx: &mut Tx<'_>, id: Id) -> Result<Option<Entry>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM conduct_credit WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// That of a case.
///
/// # Errors
/// See [`DbError`].
pub fn of_case(tx: &mut Tx<'_>, case: Id) -> Result<Option<Entry>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM conduct_credit WHERE case_id = $1");
    tx.optional(&sql, &[v(case)])?.as_ref().map(read).transpose()
}

/// All of a person, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Entry>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM conduct_credit WHERE person_id = $1 ORDER BY id DESC");
    tx.query(&sql, &[v(person)])?.iter().map(read).collect()
}

/// Those that wait for an office, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn waiting(tx: &mut Tx<'_>) -> Result<Vec<Entry>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM conduct_credit WHERE state IN ('objected', 'repair-asked')
         ORDER BY id LIMIT 200"
    );
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// Those for which the clock or the platform has something to do.
///
/// # Errors
/// See [`DbError`].
pub fn due(tx: &mut Tx<'_>, today: Date) -> Result<Vec<Entry>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM conduct_credit
         WHERE state IN ('ready', 'withdrawing', 'repairing', 'expiring')
            OR (state IN ('noticed', 'submitted', 'repair-asked') AND due < $1)
         ORDER BY id LIMIT 200"
    );
    tx.query(&sql, &[v(day_text(today))])?.iter().map(read).collect()
}

/// How many there are by state.
///
/// # Errors
/// See [`DbError`].
pub fn counts(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>, DbError> {
    let sql = "SELECT state, COUNT(*) FROM conduct_credit GROUP BY state ORDER BY state";
    tx.query(sql, &[])?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// How many objections and repairs wait.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM conduct_credit
               WHERE state IN ('objected', 'repair-asked')";
    work::counted(tx, sql, &[])
}
