//! SQL of online applications.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;
use kernel::work::{self, Waiting};

/// One application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Its id.
    pub id: Id,
    /// Outlet that was chosen.
    pub outlet: Id,
    /// `unconfirmed`, `waiting`, `accepted`, `refused` or `lapsed`.
    pub state: String,
    /// What was written; empty when it is erased.
    pub sealed: Vec<u8>,
    /// Digest of the code of the phone.
    pub code: Vec<u8>,
    /// Wrong codes so far.
    pub tries: i64,
    /// When it was sent.
    pub made_at: Utc,
    /// Who it became, once accepted.
    pub person: Option<Id>,
    /// Why it was refused.
    pub reason: String,
    version: i64,
}

const COLUMNS: &str =
    "id, outlet_id, state, sealed, code, tries, made_at, person_id, reason, version";

fn read(row: &Row) -> Result<Application, DbError> {
    Ok(Application {
        id: row.get(0)?,
        outlet: row.get(1)?,
        state: row.get(2)?,
        sealed: row.get(3)?,
        code: row.get(4)?,
        tries: row.get(5)?,
        made_at: row.get(6)?,
        person: row.get(7)?,
        reason: row.get(8)?,
        version: row.get(9)?,
    })
}

/// What is entered with a new one.
pub struct New<'a> {
    pub id: Id,
    pub reference: &'a [u8],
    pub outlet: Id,
    pub sealed: &'a [u8],
    pub phone: &'a [u8],
    pub who: &'a [u8],
    pub code: &'a [u8],
}

/// Enters one that is not confirmed yet.
pub fn insert(tx: &mut Tx<'_>, new: &New<'_>, now: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO online_application
               (id, reference, outlet_id, state, sealed, phone, who, code, tries, made_at, reason, version)
               VALUES ($1, $2, $3, 'unconfirmed', $4, $5, $6, $7, 0, $8, '', 1)";
    let values = [
        v(new.id),
        v(new.reference),
        v(new.outlet),
        v(new.sealed),
        v(new.phone),
        v(new.who),
        v(new.code),
        v(now),
    ];
    tx.execute(sql, &values).map(drop)
}

/// The application with this digest of a reference.
pub fn by_reference(tx: &mut Tx<'_>, reference: &[u8]) -> Result<Option<Application>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM online_application WHERE reference = $1");
    tx.optional(&sql, &[v(reference)])?.as_ref().map(read).transpose()
}

/// One application.
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Application>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM online_application WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Those that wait at an outlet, oldest first.
pub fn waiting(tx: &mut Tx<'_>, outlet: Id, most: i64) -> Result<Vec<Application>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM online_application WHERE outlet_id = $1 AND state = 'waiting'
         ORDER BY made_at LIMIT $2"
    );
    tx.query(&sql, &[v(outlet), v(most)])?.iter().map(read).collect()
}

/// Codes that went to a phone since then.
pub fn codes_since(tx: &mut Tx<'_>, phone: &[u8], since: Utc) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM online_application WHERE phone = $1 AND made_at >= $2";
    tx.one(sql, &[v(phone), v(since)])?.get(0)
}

/// Writes state, tries, person and reason; what is over is erased.
///
/// # Errors
/// [`DbError::Unique`] when the same person's other one waits; [`DbError::Conflict`].
pub fn save(tx: &mut Tx<'_>, one: &Application, now: Utc) -> Result<(), DbError> {
    let open = matches!(one.state.as_str(), "unconfirmed" | "waiting");
    let sql = "UPDATE online_application
               SET state = $1, tries = $2, person_id = $3, reason = $4, sealed = $5, decided_at = $6,
                   version = version + 1
               WHERE id = $7 AND version = $8";
    let sealed = if open { &one.sealed[..] } else { &[] };
    let values = [
        v(&one.state),
        v(one.tries),
        v(one.person),
        v(&one.reason),
        v(sealed),
        v((!open).then_some(now)),
        v(one.id),
        v(one.version),
    ];
    tx.execute_one(sql, &values)
}

/// Lapses what is older than each limit, and erases it.
pub fn lapse(tx: &mut Tx<'_>, unconfirmed: Utc, waiting: Utc, now: Utc) -> Result<u64, DbError> {
    let sql = "UPDATE online_application
               SET state = 'lapsed', sealed = $1, decided_at = $2, version = version + 1
               WHERE (state = 'unconfirmed' AND made_at < $3) OR (state = 'waiting' AND made_at < $4)";
    tx.execute(sql, &[v(&[][..] as &[u8]), v(now), v(unconfirmed), v(waiting)])
}

/// How many wait at an outlet.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>, outlet: Id) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM online_application
               WHERE outlet_id = $1 AND state = 'waiting'";
    work::counted(tx, sql, &[v(outlet)])
}
