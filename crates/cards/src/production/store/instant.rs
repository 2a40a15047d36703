//! Instant issues at counters, step by step.

use kernel::db::{DbError, Row, Tx, sealed, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use time::Date;

use super::unknown;
use crate::production::rules::instant::Step;

/// A card that is made at a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Whose card.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// The card.
    pub card: Id,
    /// The outlet.
    pub outlet: Id,
    /// `open`, `done` or `spoiled`.
    pub state: String,
    /// The last step that was saved.
    pub step: Step,
    /// Place of the number in the pool.
    pub place: Option<i64>,
    /// Number on the card.
    pub card_no: Option<String>,
    /// Identifier in the chip.
    pub identifier: Option<String>,
    /// Bank account.
    pub account: String,
    /// Key check value.
    pub key_check: String,
    /// Day of issue on the card.
    pub issued_on: Date,
    /// Why it was spoiled.
    pub reason: String,
    /// Rises with each change.
    pub version: i64,
}

const ISSUE: &str = "person_id, id, card_id, outlet_id, state, step, place, card_no, identifier, \
     account, key_check, issued_on, reason, version";

fn read(row: &Row) -> Result<Issue, DbError> {
    Ok(Issue {
        person: row.get(0)?,
        id: row.get(1)?,
        card: row.get(2)?,
        outlet: row.get(3)?,
        state: row.get(4)?,
        step: Step::from_code(&row.get::<String>(5)?).ok_or_else(|| unknown("a step"))?,
        place: row.get(6)?,
        card_no: row.get(7)?,
        identifier: row.get(8)?,
        account: row.get(9)?,
        key_check: row.get(10)?,
        issued_on: parse_day(&row.get::<String>(11)?).ok_or_else(|| unknown("a day"))?,
        reason: row.get(12)?,
        version: row.get(13)?,
    })
}

/// Enters an issue whose first step is done.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, issue: &Issue) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO instant_issue (person_id, id, card_id, outlet_id, state, step, account,
                                    key_check, issued_on, reason, version)
         VALUES ($1, $2, $3, $4, $5, $6, '', '', $7, '', 1)",
        &[
            v(issue.person),
            v(issue.id),
            v(issue.card),
            v(issue.outlet),
            v(&issue.state),
            v(issue.step.code()),
            v(day_text(issue.issued_on)),
        ],
    )
    .map(drop)
}

/// Keeps an issue.
///
/// # Errors
/// [`DbError::Conflict`] when it changed meanwhile.
pub fn update(tx: &mut Tx<'_>, issue: &Issue) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE instant_issue SET state = $1, step = $2, place = $3, card_no = $4, identifier = $5,
                account = $6, key_check = $7, reason = $8, version = version + 1
         WHERE person_id = $9 AND id = $10 AND version = $11",
        &[
            v(&issue.state),
            v(issue.step.code()),
            v(issue.place),
            v(issue.card_no.as_deref()),
            v(issue.identifier.as_deref()),
            sealed(&issue.account),
            v(&issue.key_check),
            v(&issue.reason),
            v(issue.person),
            v(issue.id),
            v(issue.version),
        ],
    )
}

/// Notes that a step was saved, by whom and when.
///
/// # Errors
/// [`DbError::Unique`] when it was saved already.
pub fn step_done(
    tx: &mut Tx<'_>,
    issue: &Issue,
    step: Step,
    by: Id,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO instant_step (person_id, issue_id, step, at, by_account)
               VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &[v(issue.person), v(issue.id), v(step.code()), v(now), v(by)]).map(drop)
}

/// When each step was saved.
///
/// # Errors
/// See [`DbError`].
pub fn steps(tx: &mut Tx<'_>, issue: &Issue) -> Result<Vec<(Step, Utc)>, DbError> {
    let sql = "SELECT step, at FROM instant_step WHERE person_id = $1 AND issue_id = $2";
    let read = |row: &Row| {
        let step = Step::from_code(&row.get::<String>(0)?);
        Ok((step.ok_or_else(|| unknown("a step"))?, row.get(1)?))
    };
    tx.query(sql, &[v(issue.person), v(issue.id)])?.iter().map(read).collect()
}

/// All issues for a person, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Issue>, DbError> {
    let sql = format!("SELECT {ISSUE} FROM instant_issue WHERE person_id = $1 ORDER BY id");
    tx.query(&sql, &[v(person)])?.iter().map(read).collect()
}

/// The issue for a person that is open.
///
/// # Errors
/// See [`DbError`].
pub fn open(tx: &mut Tx<'_>, person: Id) -> Result<Option<Issue>, DbError> {
    let sql = format!("SELECT {ISSUE} FROM instant_issue WHERE person_id = $1 AND state = 'open'");
    tx.optional(&sql, &[v(person)])?.as_ref().map(read).transpose()
}

/// Open issues of an outlet, oldest first: what a crash or a closed browser left behind.
///
/// # Errors
/// See [`DbError`].
pub fn open_at(tx: &mut Tx<'_>, outlet: Id) -> Result<Vec<Issue>, DbError> {
    let sql = format!(
        "SELECT {ISSUE} FROM instant_issue WHERE outlet_id = $1 AND state = 'open'
         ORDER BY id LIMIT 200"
    );
    tx.query(&sql, &[v(outlet)])?.iter().map(read).collect()
}
