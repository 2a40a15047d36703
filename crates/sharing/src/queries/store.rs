//! All SQL of questions.

use kernel::db::{DbError, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text};

use super::rules::{Ask, Seen, Signal, hour};

/// Digest of a question, and its sealed answer while it is kept.
pub type Answered = ([u8; 32], Option<Vec<u8>>);

/// A question that was answered before: digest, and its answer while it is kept.
///
/// # Errors
/// See [`DbError`].
pub fn request(tx: &mut Tx<'_>, agreement: Id, request: &str) -> Result<Option<Answered>, DbError> {
    let sql =
        "SELECT digest, sealed FROM share_request WHERE agreement_id = $1 AND request_id = $2";
    let row = tx.optional(sql, &[v(agreement), v(request)])?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Keeps an answer.
///
/// # Errors
/// [`DbError::Conflict`] when the same question is answered at this moment.
pub fn insert_request(
    tx: &mut Tx<'_>,
    agreement: Id,
    request: &str,
    digest: &[u8; 32],
    sealed: &[u8],
    now: Utc,
) -> Result<(), DbError> {
    tx.execute_one(
        "INSERT INTO share_request (agreement_id, request_id, digest, sealed, at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (agreement_id, request_id) DO NOTHING",
        &[v(agreement), v(request), v(digest), v(sealed), v(now)],
    )
}

/// Forgets answers that were given before a moment; the ids stay used.
///
/// # Errors
/// See [`DbError`].
pub fn forget_answers(tx: &mut Tx<'_>, before: Utc) -> Result<u64, DbError> {
    let sql = "UPDATE share_request SET sealed = NULL WHERE sealed IS NOT NULL AND at < $1";
    tx.execute(sql, &[v(before)])
}

/// Takes persons from the day's volume; `false` when there are not so many left.
///
/// # Errors
/// See [`DbError`].
pub fn take_volume(
    tx: &mut Tx<'_>,
    agreement: Id,
    persons: i64,
    limit: i64,
    now: Utc,
) -> Result<bool, DbError> {
    let day = day_text(now.day());
    let sql = "INSERT INTO share_volume (agreement_id, day, used) VALUES ($1, $2, 0)
               ON CONFLICT (agreement_id, day) DO NOTHING";
    tx.execute(sql, &[v(agreement), v(&day)])?;
    let sql = "UPDATE share_volume SET used = used + $1
               WHERE agreement_id = $2 AND day = $3 AND used + $1 <= $4";
    Ok(tx.execute(sql, &[v(persons), v(agreement), v(&day), v(limit)])? == 1)
}

/// Persons behind person numbers, in any order.
///
/// # Errors
/// See [`DbError`].
pub fn by_numbers(tx: &mut Tx<'_>, numbers: &[&str]) -> Result<Vec<(String, Id)>, DbError> {
    let keys: Vec<Value<'_>> = numbers.iter().map(|number| sealed(*number)).collect();
    let sql = "SELECT number, person_id FROM person_number WHERE number IN (#)";
    pairs(tx.query_in(sql, &keys)?)
}

/// Persons behind card numbers, in any order.
///
/// # Errors
/// See [`DbError`].
pub fn by_card_numbers(tx: &mut Tx<'_>, numbers: &[&str]) -> Result<Vec<(String, Id)>, DbError> {
    let keys: Vec<Value<'_>> = numbers.iter().map(|number| v(*number)).collect();
    let sql = "SELECT card_no, person_id FROM card_number WHERE card_no IN (#)";
    pairs(tx.query_in(sql, &keys)?)
}

fn pairs(rows: Vec<Row>) -> Result<Vec<(String, Id)>, DbError> {
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// What the brake looks at, of these persons.
///
/// # Errors
/// See [`DbError`].
pub fn seen(
    tx: &mut Tx<'_>,
    agreement: Id,
    asked: i64,
    people: &[Id],
    now: Utc,
) -> Result<Seen, DbError> {
    let keys: Vec<Value<'_>> = people.iter().map(|id| v(*id)).collect();
    let known = "SELECT person_id, agreement_id FROM share_read WHERE person_id IN (#)
                 GROUP BY person_id, agreement_id";
    let mut old = 0;
    for row in tx.query_in(known, &keys)? {
        old += i64::from(row.get::<Id>(1)? == agreement);
    }
    let mut seen = Seen { persons: asked, novel: people.len() as i64 - old, ..Seen::default() };
    let marks = "SELECT kind, person_id FROM share_marked WHERE person_id IN (#)";
    for row in tx.query_in(marks, &keys)? {
        match row.get::<String>(0)?.as_str() {
            "canary" => seen.canaries += 1,
            _ => seen.marked += 1,
        }
    }
    let sql = "SELECT COUNT(*) FROM share_read WHERE agreement_id = $1 AND at > $2";
    seen.last_hour = tx.one(sql, &[v(agreement), v(now.plus_seconds(-3_600))])?.get(0)?;
    Ok(seen)
}

/// Notes who was read.
///
/// # Errors
/// See [`DbError`].
pub fn insert_reads(
    tx: &mut Tx<'_>,
    ask: &Ask,
    reads: &[(Id, Id)],
    now: Utc,
) -> Result<(), DbError> {
    let row = |(person, id): &(Id, Id)| {
        let (case, officer) = (ask.case_no.trim().to_owned(), ask.officer.trim().to_owned());
        vec![v(*person), v(*id), v(ask.agreement), v(case), v(officer), v(hour(now)), v(now)]
    };
    let rows: Vec<_> = reads.iter().map(row).collect();
    let table = "share_read (person_id, id, agreement_id, case_no, officer, hour, at)";
    tx.insert_rows(table, "", &rows).map(drop)
}

/// Raises alerts.
///
/// # Errors
/// See [`DbError`].
pub fn insert_alert(
    tx: &mut Tx<'_>,
    id: Id,
    signal: Signal,
    ask: &Ask,
    answered: bool,
    now: Utc,
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO share_alert (id, agreement_id, kind, case_no, officer, persons, answered, at,
                                  seen_by, comment)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', '')",
        &[
            v(id),
            v(ask.agreement),
            v(signal.code()),
            v(ask.case_no.trim()),
            v(ask.officer.trim()),
            v(ask.persons.len() as i64),
            v(answered),
            v(now),
        ],
    )
    .map(drop)
}

/// An alert of the brakes.
#[derive(Clone, Debug)]
pub struct Alert {
    /// Its id.
    pub id: Id,
    /// The agreement.
    pub agreement: Id,
    /// Code of the signal.
    pub kind: String,
    /// Case that was named.
    pub case_no: String,
    /// Officer who was named.
    pub officer: String,
    /// Persons of the question.
    pub persons: i64,
    /// Whether the question was answered.
    pub answered: bool,
    /// When.
    pub at: Utc,
    /// Who looked into it; empty as long as nobody did.
    pub seen_by: String,
    /// What was found.
    pub comment: String,
}

/// The newest alerts, those that nobody looked into first.
///
/// # Errors
/// See [`DbError`].
pub fn alerts(tx: &mut Tx<'_>) -> Result<Vec<Alert>, DbError> {
    let sql = "SELECT id, agreement_id, kind, case_no, officer, persons, answered, at, seen_by,
                      comment
               FROM share_alert ORDER BY CASE WHEN seen_by = '' THEN 0 ELSE 1 END, id DESC LIMIT 200";
    let read = |row: &Row| {
        let (id, agreement, kind) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (case_no, officer, persons) = (row.get(3)?, row.get(4)?, row.get(5)?);
        let (answered, at, seen_by) = (row.get(6)?, row.get(7)?, row.get(8)?);
        let comment = row.get(9)?;
        Ok(Alert { id, agreement, kind, case_no, officer, persons, answered, at, seen_by, comment })
    };
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// Notes what an alert came to.
///
/// # Errors
/// [`DbError::Conflict`] when somebody did already.
pub fn see_alert(
    tx: &mut Tx<'_>,
    id: Id,
    by: &str,
    comment: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE share_alert SET seen_by = $1, comment = $2, seen_at = $3
               WHERE id = $4 AND seen_by = ''";
    tx.execute_one(sql, &[v(by), v(comment), v(now), v(id)])
}

/// Marks a person as `canary` or `marked`.
///
/// # Errors
/// See [`DbError`].
pub fn mark(
    tx: &mut Tx<'_>,
    person: Id,
    kind: &str,
    reason: &str,
    by: Id,
    now: Utc,
) -> Result<(), DbError> {
    tx.execute("DELETE FROM share_marked WHERE person_id = $1", &[v(person)])?;
    let sql = "INSERT INTO share_marked (person_id, kind, reason, by_account, at)
               VALUES ($1, $2, $3, $4, $5)";
    tx.execute(sql, &[v(person), v(kind), v(reason), v(by), v(now)]).map(drop)
}

/// One line of the report on drift of purpose.
#[derive(Clone, Debug)]
pub struct DriftLine {
    /// The agreement.
    pub agreement: Id,
    /// Case, officer or hour.
    pub key: String,
    /// Persons who were read.
    pub reads: i64,
    /// Different persons.
    pub people: i64,
}

/// Reads since a moment by `case_no`, `officer` or `hour`, most first.
///
/// # Errors
/// See [`DbError`].
pub fn drift(tx: &mut Tx<'_>, by: &'static str, since: Utc) -> Result<Vec<DriftLine>, DbError> {
    let sql = format!(
        "SELECT agreement_id, CAST({by} AS TEXT), COUNT(*), COUNT(DISTINCT person_id)
         FROM share_read WHERE at >= $1 GROUP BY agreement_id, {by}
         ORDER BY agreement_id, COUNT(*) DESC, {by}"
    );
    let read = |row: &Row| {
        let (agreement, key) = (row.get(0)?, row.get(1)?);
        Ok(DriftLine { agreement, key, reads: row.get(2)?, people: row.get(3)? })
    };
    tx.query(&sql, &[v(since)])?.iter().map(read).collect()
}
