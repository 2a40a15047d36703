//! SQL of courses, attempts, certificates and requirements.

use kernel::actor::Role;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use time::Date;

/// A course.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// Its id.
    pub id: Id,
    /// Its title.
    pub title: String,
    /// What is taught, in words.
    pub words: String,
    /// For whom.
    pub roles: Vec<Role>,
    /// Questions of one attempt.
    pub asked: i64,
    /// Right answers needed, in per cent.
    pub pass_percent: i64,
    /// Days that a certificate counts.
    pub valid_days: i64,
    /// `draft`, `open` or `closed`.
    pub state: String,
    /// Account that wrote it.
    pub made_by: Id,
    /// Rises with each change.
    pub version: i64,
}

/// A question with its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Its id.
    pub id: Id,
    /// What is asked.
    pub words: String,
    /// What can be answered.
    pub options: Vec<String>,
    /// Place of the right answer.
    pub answer: i64,
    /// Why, shown afterwards.
    pub why: String,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Course.
    pub course: Id,
    /// Its number.
    pub number: String,
    /// To whom it was given.
    pub name: String,
    /// First day.
    pub got_on: Date,
    /// Last day.
    pub until: Date,
}

/// A requirement: from a day on, a role needs a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Who.
    pub role: Role,
    /// Which course.
    pub course: Id,
    /// First day.
    pub since: Date,
}

fn day(row: &Row, place: usize) -> Result<Date, DbError> {
    let text: String = row.get(place)?;
    parse_day(&text).ok_or_else(|| DbError::Engine(format!("{text} is no day")))
}

const COURSE: &str =
    "SELECT id, title, words, roles, asked, pass_percent, valid_days, state, made_by, version
     FROM training_course";

fn course(row: &Row) -> Result<Course, DbError> {
    let roles: String = row.get(3)?;
    Ok(Course {
        id: row.get(0)?,
        title: row.get(1)?,
        words: row.get(2)?,
        roles: roles.split(',').filter_map(|role| role.parse().ok()).collect(),
        asked: row.get(4)?,
        pass_percent: row.get(5)?,
        valid_days: row.get(6)?,
        state: row.get(7)?,
        made_by: row.get(8)?,
        version: row.get(9)?,
    })
}

/// All courses.
///
/// # Errors
/// See [`DbError`].
pub fn courses(tx: &mut Tx<'_>) -> Result<Vec<Course>, DbError> {
    tx.query(&format!("{COURSE} ORDER BY state DESC, id DESC"), &[])?.iter().map(course).collect()
}

/// A course.
///
/// # Errors
/// See [`DbError`].
pub fn one(tx: &mut Tx<'_>, id: Id) -> Result<Option<Course>, DbError> {
    tx.optional(&format!("{COURSE} WHERE id = $1"), &[v(id)])?.as_ref().map(course).transpose()
}

/// Adds a draft.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, course: &Course) -> Result<(), DbError> {
    let sql =
        "INSERT INTO training_course (id, title, words, roles, asked, pass_percent, valid_days,
                 state, made_by, version) VALUES ($1, $2, $3, $4, $5, $6, $7, 'draft', $8, 1)";
    let roles: Vec<&str> = course.roles.iter().map(|role| role.code()).collect();
    let row = [
        v(course.id),
        v(&course.title),
        v(&course.words),
        v(roles.join(",")),
        v(course.asked),
        v(course.pass_percent),
        v(course.valid_days),
        v(course.made_by),
    ];
    tx.execute(sql, &row).map(drop)
}

/// Opens or closes a course.
///
/// # Errors
/// [`DbError::Conflict`] when somebody was faster.
pub fn set_state(tx: &mut Tx<'_>, course: &Course, state: &str, by: Id) -> Result<(), DbError> {
    let sql = "UPDATE training_course SET state = $1, version = version + 1,
                 opened_by = CASE WHEN $1 = 'open' THEN CAST($2 AS BIGINT) ELSE opened_by END
               WHERE id = $3 AND version = $4";
    tx.execute_one(sql, &[v(state), v(by), v(course.id), v(course.version)])
}

/// Adds a question.
///
/// # Errors
/// See [`DbError`].
pub fn insert_question(tx: &mut Tx<'_>, course: Id, question: &Question) -> Result<(), DbError> {
    let sql = "INSERT INTO training_question (course_id, id, words, options, answer, why)
               VALUES ($1, $2, $3, $4, $5, $6)";
    let (words, options) = (v(&question.words), v(question.options.join("\n")));
    let row = [v(course), v(question.id), words, options, v(question.answer), v(&question.why)];
    tx.execute(sql, &row).map(drop)
}

/// Questions of a course.
///
/// # Errors
/// See [`DbError`].
pub fn questions(tx: &mut Tx<'_>, course: Id) -> Result<Vec<Question>, DbError> {
    let sql = "SELECT id, words, options, answer, why FROM training_question WHERE course_id = $1 ORDER BY id";
    let read = |row: &Row| {
        let options: String = row.get(2)?;
        Ok(Question {
            id: row.get(0)?,
            words: row.get(1)?,
            options: options.lines().map(str::to_owned).collect(),
            answer: row.get(3)?,
            why: row.get(4)?,
        })
    };
    tx.query(sql, &[v(course)])?.iter().map(read).collect()
}

/// An attempt as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its id.
    pub id: Id,
    /// Course.
    pub course: Id,
    /// Ids of the questions, in order.
    pub asked: Vec<Id>,
    /// It has ended.
    pub ended: bool,
}

/// Begins an attempt.
///
/// # Errors
/// See [`DbError`].
pub fn insert_attempt(
    tx: &mut Tx<'_>,
    account: Id,
    attempt: &Attempt,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO training_attempt (account_id, id, course_id, asked, began_at, passed)
               VALUES ($1, $2, $3, $4, $5, FALSE)";
    let asked: Vec<String> = attempt.asked.iter().map(ToString::to_string).collect();
    let row = [v(account), v(attempt.id), v(attempt.course), v(asked.join(",")), v(now)];
    tx.execute(sql, &row).map(drop)
}

/// An attempt of an account.
///
/// # Errors
/// See [`DbError`].
pub fn attempt(tx: &mut Tx<'_>, account: Id, id: Id) -> Result<Option<Attempt>, DbError> {
    let sql =
        "SELECT course_id, asked, ended_at FROM training_attempt WHERE account_id = $1 AND id = $2";
    let read = |row: &Row| {
        let (asked, ended): (String, Option<Utc>) = (row.get(1)?, row.get(2)?);
        let asked = asked.split(',').filter_map(|id| id.parse().ok()).collect();
        Ok(Attempt { id, course: row.get(0)?, asked, ended: ended.is_some() })
    };
    tx.optional(sql, &[v(account), v(id)])?.as_ref().map(read).transpose()
}

/// Attempts of an account at a course since a moment.
///
/// # Errors
/// See [`DbError`].
pub fn tries(tx: &mut Tx<'_>, account: Id, course: Id, since: Utc) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM training_attempt WHERE account_id = $1 AND course_id = $2 AND began_at >= $3";
    tx.one(sql, &[v(account), v(course), v(since)])?.get(0)
}

/// Ends an attempt; false when it had ended.
///
/// # Errors
/// See [`DbError`].
pub fn end(
    tx: &mut Tx<'_>,
    account: Id,
    id: Id,
    percent: i64,
    passed: bool,
    now: Utc,
) -> Result<bool, DbError> {
    let sql = "UPDATE training_attempt SET ended_at = $1, percent = $2, passed = $3
               WHERE account_id = $4 AND id = $5 AND ended_at IS NULL";
    Ok(tx.execute(sql, &[v(now), v(percent), v(passed), v(account), v(id)])? == 1)
}

/// Gives a certificate.
///
/// # Errors
/// [`DbError::Unique`] when the number is taken.
pub fn insert_certificate(
    tx: &mut Tx<'_>,
    account: Id,
    id: Id,
    certificate: &Certificate,
) -> Result<(), DbError> {
    let sql =
        "INSERT INTO training_certificate (account_id, course_id, id, number, name, got_on, until)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let (number, name) = (v(&certificate.number), v(&certificate.name));
    let days = [v(day_text(certificate.got_on)), v(day_text(certificate.until))];
    let [from, until] = days;
    tx.execute(sql, &[v(account), v(certificate.course), v(id), number, name, from, until])
        .map(drop)
}

fn certificate(row: &Row) -> Result<Certificate, DbError> {
    Ok(Certificate {
        course: row.get(0)?,
        number: row.get(1)?,
        name: row.get(2)?,
        got_on: day(row, 3)?,
        until: day(row, 4)?,
    })
}

/// Certificates of an account, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn certificates(tx: &mut Tx<'_>, account: Id) -> Result<Vec<Certificate>, DbError> {
    let sql = "SELECT course_id, number, name, got_on, until FROM training_certificate
               WHERE account_id = $1 ORDER BY until DESC, id DESC";
    tx.query(sql, &[v(account)])?.iter().map(certificate).collect()
}

/// Certificates of the people who work in the organisation of a terminal.
///
/// # Errors
/// See [`DbError`].
pub fn certificates_at(tx: &mut Tx<'_>, terminal: Id) -> Result<Vec<Certificate>, DbError> {
    let sql = "SELECT c.course_id, c.number, c.name, c.got_on, c.until FROM training_certificate c
               JOIN account a ON a.id = c.account_id
               JOIN account t ON t.id = $1 AND t.org_id = a.org_id
               WHERE a.closed_at IS NULL ORDER BY c.until DESC, c.id DESC";
    tx.query(sql, &[v(terminal)])?.iter().map(certificate).collect()
}

/// Organisations in which somebody holds a certificate of a course that counts on a day.
///
/// # Errors
/// See [`DbError`].
pub fn able(tx: &mut Tx<'_>, course: Id, on: Date) -> Result<Vec<Id>, DbError> {
    let sql = "SELECT DISTINCT a.org_id FROM training_certificate c
               JOIN account a ON a.id = c.account_id
               WHERE c.course_id = $1 AND c.got_on <= $2 AND c.until >= $2
                 AND a.closed_at IS NULL AND a.org_id IS NOT NULL";
    tx.query(sql, &[v(course), v(day_text(on))])?.iter().map(|row| row.get(0)).collect()
}

/// Accounts with a certificate of a course that counts on a day.
///
/// # Errors
/// See [`DbError`].
pub fn holders(tx: &mut Tx<'_>, course: Id, on: Date) -> Result<Vec<Id>, DbError> {
    let sql = "SELECT DISTINCT account_id FROM training_certificate
               WHERE course_id = $1 AND got_on <= $2 AND until >= $2";
    tx.query(sql, &[v(course), v(day_text(on))])?.iter().map(|row| row.get(0)).collect()
}

/// Attempts of a course: all, and passed ones.
///
/// # Errors
/// See [`DbError`].
pub fn counts(tx: &mut Tx<'_>, course: Id) -> Result<(i64, i64), DbError> {
    let sql = "SELECT COUNT(*), COUNT(CASE WHEN passed THEN 1 END) FROM training_attempt
               WHERE course_id = $1 AND ended_at IS NOT NULL";
    let row = tx.one(sql, &[v(course)])?;
    Ok((row.get(0)?, row.get(1)?))
}

/// All requirements.
///
/// # Errors
/// See [`DbError`].
pub fn requirements(tx: &mut Tx<'_>) -> Result<Vec<Requirement>, DbError> {
    let mut found = Vec::new();
    for row in tx.query(
        "SELECT role, course_id, since FROM training_requirement ORDER BY role, course_id",
        &[],
    )? {
        let role: String = row.get(0)?;
        // A role that a later version dropped requires nothing.
        if let Ok(role) = role.parse() {
            found.push(Requirement { role, course: row.get(1)?, since: day(&row, 2)? });
        }
    }
    Ok(found)
}

/// Sets or moves a requirement.
///
/// # Errors
/// See [`DbError`].
pub fn require(tx: &mut Tx<'_>, requirement: &Requirement, by: Id) -> Result<(), DbError> {
    let sql = "INSERT INTO training_requirement (role, course_id, since, made_by) VALUES ($1, $2, $3, $4)
               ON CONFLICT (role, course_id) DO UPDATE SET since = excluded.since, made_by = excluded.made_by";
    let row =
        [v(requirement.role.code()), v(requirement.course), v(day_text(requirement.since)), v(by)];
    tx.execute(sql, &row).map(drop)
}

/// Takes a requirement away; false when there was none.
///
/// # Errors
/// See [`DbError`].
pub fn release(tx: &mut Tx<'_>, role: Role, course: Id) -> Result<bool, DbError> {
    let sql = "DELETE FROM training_requirement WHERE role = $1 AND course_id = $2";
    Ok(tx.execute(sql, &[v(role.code()), v(course)])? == 1)
}
