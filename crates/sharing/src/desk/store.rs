//! All SQL of questions on the page.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, sealed, v};
use kernel::id::Id;
use kernel::time::Utc;
use kernel::work::{self, Waiting};

/// A question of an officer.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its id.
    pub id: Id,
    /// The agreement.
    pub agreement: Id,
    /// The officer's organisation.
    pub org: Id,
    /// The question, sealed; erased after a day.
    pub sealed: Option<Vec<u8>>,
    /// Account of who asked.
    pub asked_by: Id,
    /// His name.
    pub asked_name: String,
    /// When.
    pub asked_at: Utc,
    /// The case.
    pub case_no: String,
    /// `waiting`, `answered`, `declined`, `lapsed`.
    pub state: String,
}

const COLUMNS: &str =
    "id, agreement_id, org_id, sealed, asked_by, asked_name, asked_at, case_no, state";

fn read(row: &Row) -> Result<Question, DbError> {
    Ok(Question {
        id: row.get(0)?,
        agreement: row.get(1)?,
        org: row.get(2)?,
        sealed: row.get(3)?,
        asked_by: row.get(4)?,
        asked_name: row.get(5)?,
        asked_at: row.get(6)?,
        case_no: row.get(7)?,
        state: row.get(8)?,
    })
}

/// Keeps a question.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, one: &Question) -> Result<(), DbError> {
    let sql =
        format!("INSERT INTO share_desk ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)");
    let values = [
        v(one.id),
        v(one.agreement),
        v(one.org),
        v(one.sealed.as_deref()),
        v(one.asked_by),
        sealed(&one.asked_name),
        v(one.asked_at),
        v(&one.case_no),
        v(&one.state),
    ];
    tx.execute(&sql, &values).map(drop)
}

/// A question of an organisation.
///
/// # Errors
/// See [`DbError`].
pub fn one(tx: &mut Tx<'_>, org: Id, id: Id) -> Result<Option<Question>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM share_desk WHERE id = $1 AND org_id = $2");
    tx.optional(&sql, &[v(id), v(org)])?.as_ref().map(read).transpose()
}

/// What waits in an organisation for a colleague, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn waiting(tx: &mut Tx<'_>, org: Id) -> Result<Vec<Question>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM share_desk WHERE org_id = $1 AND state = 'waiting'
         ORDER BY asked_at LIMIT 100"
    );
    tx.query(&sql, &[v(org)])?.iter().map(read).collect()
}

/// An officer's questions of the last day, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn mine(tx: &mut Tx<'_>, org: Id, account: Id, since: Utc) -> Result<Vec<Question>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM share_desk WHERE org_id = $1 AND asked_by = $2 AND asked_at > $3
         ORDER BY asked_at DESC LIMIT 50"
    );
    tx.query(&sql, &[v(org), v(account), v(since)])?.iter().map(read).collect()
}

/// A colleague decides; the question names him from now on.
///
/// # Errors
/// [`DbError::Conflict`] when it does not wait any more.
pub fn decide(
    tx: &mut Tx<'_>,
    id: Id,
    state: &str,
    (by, question): (Id, &[u8]),
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE share_desk SET state = $1, second_by = $2, second_at = $3, sealed = $4
               WHERE id = $5 AND state = 'waiting'";
    tx.execute_one(sql, &[v(state), v(by), v(now), v(question), v(id)])
}

/// Lets what waited too long lapse, and erases questions with their answers.
///
/// # Errors
/// See [`DbError`].
pub fn forget(tx: &mut Tx<'_>, before: Utc) -> Result<u64, DbError> {
    let sql = "UPDATE share_desk SET state = 'lapsed' WHERE state = 'waiting' AND asked_at < $1";
    tx.execute(sql, &[v(before)])?;
    let sql = "UPDATE share_desk SET sealed = NULL WHERE sealed IS NOT NULL AND asked_at < $1";
    tx.execute(sql, &[v(before)])
}

/// What one officer did under an agreement since a moment: persons, and among them those whom the
/// agreement had never asked about before.
///
/// # Errors
/// See [`DbError`].
pub fn hour_of(
    tx: &mut Tx<'_>,
    agreement: Id,
    officer: &str,
    since: Utc,
) -> Result<(i64, i64), DbError> {
    let sql = "SELECT COUNT(*) FROM share_read
               WHERE agreement_id = $1 AND officer = $2 AND at > $3";
    let persons = tx.one(sql, &[v(agreement), v(officer), v(since)])?.get(0)?;
    let sql = "SELECT COUNT(DISTINCT r.person_id) FROM share_read r
               WHERE r.agreement_id = $1 AND r.officer = $2 AND r.at > $3 AND NOT EXISTS
                 (SELECT 1 FROM share_read q WHERE q.person_id = r.person_id
                    AND q.agreement_id = r.agreement_id AND q.at <= $3)";
    let new = tx.one(sql, &[v(agreement), v(officer), v(since)])?.get(0)?;
    Ok((persons, new))
}

/// How many questions of his department wait for another officer than who asked.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>, officer: &Actor, _: Utc) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM share_desk
               WHERE state = 'waiting' AND org_id = $1 AND asked_by <> $2";
    work::counted(tx, sql, &[v(officer.org.unwrap_or_default()), v(officer.account)])
}
