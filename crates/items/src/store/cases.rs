//! Cases, their steps, and suspensions.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use time::Date;

use super::known;

/// A version, or a withdrawal, on its way through its procedure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// Its id.
    pub id: Id,
    /// The version that comes, or goes.
    pub version: Id,
    /// Code of the item.
    pub code: String,
    /// Last day of a withdrawal; none for a change.
    pub last: Option<Date>,
    /// Account of the maker.
    pub made_by: Id,
    /// His organisation.
    pub made_org: Id,
    /// When it was opened.
    pub opened_at: Utc,
}

/// A step of a case as it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// Its id, which is that of its approval.
    pub id: Id,
    /// Its case.
    pub case: Id,
    /// Code of the step.
    pub step: String,
    /// When it was asked for.
    pub asked_at: Utc,
    /// Last day to take it.
    pub due: Date,
    /// `open`, `yes` or `no`.
    pub decision: String,
    /// Name of whoever took it.
    pub by: String,
    /// When it was taken.
    pub at: Option<Utc>,
    /// His words.
    pub comment: String,
    /// Number of the document behind it.
    pub evidence: String,
}

/// An item that may not be used for now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suspension {
    /// Its id.
    pub id: Id,
    /// Code of the item.
    pub code: String,
    /// Why.
    pub reason: String,
    /// First day.
    pub from: Date,
    /// Last day; it lapses by itself.
    pub last: Date,
    /// Account that suspended it.
    pub made_by: Id,
}

const CASE: &str = "c.id, c.version_id, c.code, c.last_day, c.made_by, c.made_org, c.opened_at";
const STEP: &str = "s.id, s.case_id, s.step, s.asked_at, s.due_day, s.decision, s.decided_name, \
     s.decided_at, s.comment, s.evidence";

fn read_case(row: &Row, first: usize) -> Result<Case, DbError> {
    let last: Option<String> = row.get(first + 3)?;
    Ok(Case {
        id: row.get(first)?,
        version: row.get(first + 1)?,
        code: row.get(first + 2)?,
        last: last.map(|day| known(parse_day(&day), "last day")).transpose()?,
        made_by: row.get(first + 4)?,
        made_org: row.get(first + 5)?,
        opened_at: row.get(first + 6)?,
    })
}

fn read_step(row: &Row, first: usize) -> Result<Taken, DbError> {
    Ok(Taken {
        id: row.get(first)?,
        case: row.get(first + 1)?,
        step: row.get(first + 2)?,
        asked_at: row.get(first + 3)?,
        due: known(parse_day(&row.get::<String>(first + 4)?), "due day")?,
        decision: row.get(first + 5)?,
        by: row.get(first + 6)?,
        at: row.get(first + 7)?,
        comment: row.get(first + 8)?,
        evidence: row.get(first + 9)?,
    })
}

/// Opens a case.
///
/// # Errors
/// [`DbError::Unique`] when one of the item is open.
pub fn open_case(tx: &mut Tx<'_>, case: &Case) -> Result<(), DbError> {
    let kind = if case.last.is_some() { "withdrawal" } else { "change" };
    tx.execute(
        "INSERT INTO item_case (id, version_id, code, kind, last_day, made_by, made_org, state, opened_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8)",
        &[
            v(case.id),
            v(case.version),
            v(&case.code),
            v(kind),
            v(case.last.map(day_text)),
            v(case.made_by),
            v(case.made_org),
            v(case.opened_at),
        ],
    )
    .map(drop)
}

/// Whether a case of an item is open.
///
/// # Errors
/// See [`DbError`].
pub fn has_open_case(tx: &mut Tx<'_>, code: &str) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM item_case WHERE code = $1 AND state = 'open'";
    Ok(tx.optional(sql, &[v(code)])?.is_some())
}

/// Closes a case: all was decided, or it was sent back.
///
/// # Errors
/// [`DbError::Conflict`] when it is closed already.
pub fn close_case(tx: &mut Tx<'_>, id: Id, done: bool, now: Utc) -> Result<(), DbError> {
    let state = if done { "done" } else { "rejected" };
    let sql = "UPDATE item_case SET state = $1, closed_at = $2 WHERE id = $3 AND state = 'open'";
    tx.execute_one(sql, &[v(state), v(now), v(id)])
}

/// A step begins to wait.
///
/// # Errors
/// [`DbError::Unique`] when the case had it before.
pub fn ask_step(
    tx: &mut Tx<'_>,
    id: Id,
    case: Id,
    step: &str,
    due: Date,
    now: Utc,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO item_step (id, case_id, step, asked_at, due_day, decision)
         VALUES ($1, $2, $3, $4, $5, 'open')",
        &[v(id), v(case), v(step), v(now), v(day_text(due))],
    )
    .map(drop)
}

/// A step was taken.
///
/// # Errors
/// [`DbError::Conflict`] when it was taken before.
pub fn take_step(tx: &mut Tx<'_>, taken: &Taken, by: Id) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE item_step SET decision = $1, decided_by = $2, decided_name = $3, decided_at = $4,
         comment = $5, evidence = $6 WHERE id = $7 AND decision = 'open'",
        &[
            v(&taken.decision),
            v(by),
            v(&taken.by),
            v(taken.at),
            v(&taken.comment),
            v(&taken.evidence),
            v(taken.id),
        ],
    )
}

/// All steps that wait, the most urgent first.
///
/// # Errors
/// See [`DbError`].
pub fn waiting_steps(tx: &mut Tx<'_>) -> Result<Vec<(Taken, Case)>, DbError> {
    let sql = format!(
        "SELECT {STEP}, {CASE} FROM item_step s JOIN item_case c ON c.id = s.case_id
         WHERE s.decision = 'open' ORDER BY s.due_day, s.id"
    );
    let rows = tx.query(&sql, &[])?;
    rows.iter().map(|row| Ok((read_step(row, 0)?, read_case(row, 10)?))).collect()
}

/// Steps that were taken since a moment, newest first, with the organisation of whoever took them.
///
/// # Errors
/// See [`DbError`].
pub fn taken_since(
    tx: &mut Tx<'_>,
    since: Utc,
    most: i64,
) -> Result<Vec<(Taken, Case, Option<Id>)>, DbError> {
    let sql = format!(
        "SELECT {STEP}, {CASE}, a.org_id FROM item_step s JOIN item_case c ON c.id = s.case_id
         LEFT JOIN account a ON a.id = s.decided_by
         WHERE s.decision <> 'open' AND s.decided_at >= $1 ORDER BY s.decided_at DESC, s.id DESC LIMIT $2"
    );
    let rows = tx.query(&sql, &[v(since), v(most)])?;
    let read = |row: &Row| Ok((read_step(row, 0)?, read_case(row, 10)?, row.get(17)?));
    rows.iter().map(read).collect()
}

/// A step that waits, with its case.
///
/// # Errors
/// See [`DbError`].
pub fn waiting_step(tx: &mut Tx<'_>, id: Id) -> Result<Option<(Taken, Case)>, DbError> {
    let sql = format!(
        "SELECT {STEP}, {CASE} FROM item_step s JOIN item_case c ON c.id = s.case_id
         WHERE s.decision = 'open' AND s.id = $1"
    );
    let row = tx.optional(&sql, &[v(id)])?;
    row.as_ref().map(|row| Ok((read_step(row, 0)?, read_case(row, 10)?))).transpose()
}

/// Cases of an item, newest first, each with its steps in their order.
///
/// # Errors
/// See [`DbError`].
pub fn cases_of(tx: &mut Tx<'_>, code: &str) -> Result<Vec<(Case, Vec<Taken>)>, DbError> {
    let sql = format!("SELECT {CASE} FROM item_case c WHERE c.code = $1 ORDER BY c.id DESC");
    let rows = tx.query(&sql, &[v(code)])?;
    with_steps(tx, rows.iter().map(|row| read_case(row, 0)).collect::<Result<_, _>>()?)
}

/// Cases of the joint list that are open, or were closed since a moment, oldest first, with their steps
/// in their order.
///
/// # Errors
/// See [`DbError`].
pub fn joint_cases(tx: &mut Tx<'_>, since: Utc) -> Result<Vec<(Case, Vec<Taken>)>, DbError> {
    let sql = format!(
        "SELECT {CASE} FROM item_case c JOIN item_version i ON i.id = c.version_id
         WHERE i.list = 'joint' AND (c.state = 'open' OR c.closed_at >= $1) ORDER BY c.id"
    );
    let rows = tx.query(&sql, &[v(since)])?;
    with_steps(tx, rows.iter().map(|row| read_case(row, 0)).collect::<Result<_, _>>()?)
}

fn with_steps(tx: &mut Tx<'_>, cases: Vec<Case>) -> Result<Vec<(Case, Vec<Taken>)>, DbError> {
    let sql = format!("SELECT {STEP} FROM item_step s WHERE s.case_id = $1 ORDER BY s.id");
    let mut found = Vec::new();
    for case in cases {
        let rows = tx.query(&sql, &[v(case.id)])?;
        let steps = rows.iter().map(|row| read_step(row, 0)).collect::<Result<_, _>>()?;
        found.push((case, steps));
    }
    Ok(found)
}

/// Suspends an item.
///
/// # Errors
/// [`DbError::Unique`] when it is suspended already.
pub fn suspend(tx: &mut Tx<'_>, suspension: &Suspension, now: Utc) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO item_suspension (id, code, reason, from_day, last_day, made_by, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            v(suspension.id),
            v(&suspension.code),
            v(&suspension.reason),
            v(day_text(suspension.from)),
            v(day_text(suspension.last)),
            v(suspension.made_by),
            v(now),
        ],
    )
    .map(drop)
}

/// Suspensions that nobody lifted; those whose last day has passed are among them.
///
/// # Errors
/// See [`DbError`].
pub fn suspensions(tx: &mut Tx<'_>) -> Result<Vec<Suspension>, DbError> {
    let sql = "SELECT id, code, reason, from_day, last_day, made_by FROM item_suspension
               WHERE lifted_at IS NULL ORDER BY id";
    let read = |row: &Row| {
        Ok(Suspension {
            id: row.get(0)?,
            code: row.get(1)?,
            reason: row.get(2)?,
            from: known(parse_day(&row.get::<String>(3)?), "first day")?,
            last: known(parse_day(&row.get::<String>(4)?), "last day")?,
            made_by: row.get(5)?,
        })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// Lifts a suspension.
///
/// # Errors
/// [`DbError::Conflict`] when it was lifted meanwhile.
pub fn lift(tx: &mut Tx<'_>, id: Id, by: Id, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE item_suspension SET lifted_by = $1, lifted_at = $2
               WHERE id = $3 AND lifted_at IS NULL";
    tx.execute_one(sql, &[v(by), v(now), v(id)])
}
