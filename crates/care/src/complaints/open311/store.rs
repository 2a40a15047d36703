//! All SQL of Open311.

use kernel::db::{DbError, Row, Tx, sealed, v};
use kernel::id::Id;
use kernel::time::Utc;

/// A request beside its matter.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The matter, whose id is the request's.
    pub complaint: Id,
    /// Code of the service.
    pub service_code: String,
    /// Where, in words.
    pub address: String,
    /// Latitude as sent.
    pub lat: String,
    /// Longitude as sent.
    pub long: String,
    /// When it came.
    pub at: Utc,
}

/// Whether a key is in force.
///
/// # Errors
/// See [`DbError`].
pub fn key_is_good(tx: &mut Tx<'_>, digest: &str) -> Result<bool, DbError> {
    let sql = "SELECT digest FROM open311_key WHERE digest = $1 AND closed_at IS NULL";
    Ok(tx.optional(sql, &[v(digest)])?.is_some())
}

/// Keeps a new key.
///
/// # Errors
/// See [`DbError`].
pub fn add_key(tx: &mut Tx<'_>, digest: &str, name: &str, by: Id, now: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO open311_key (digest, name, made_at, made_by) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, &[v(digest), v(name), v(now), v(by)]).map(drop)
}

/// Closes a client's keys; how many there were.
///
/// # Errors
/// See [`DbError`].
pub fn close_keys(tx: &mut Tx<'_>, name: &str, now: Utc) -> Result<u64, DbError> {
    let sql = "UPDATE open311_key SET closed_at = $1 WHERE name = $2 AND closed_at IS NULL";
    tx.execute(sql, &[v(now), v(name)])
}

/// Keeps a request.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, sent: &Sent, digest: &str) -> Result<(), DbError> {
    let sql = "INSERT INTO open311_request (complaint_id, digest, service_code, address, lat, long,
               requested_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = [
        v(sent.complaint),
        v(digest),
        v(&sent.service_code),
        sealed(&sent.address),
        sealed(&sent.lat),
        sealed(&sent.long),
        v(sent.at),
    ];
    tx.execute(sql, &values).map(drop)
}

const COLUMNS: &str = "complaint_id, service_code, address, lat, long, requested_at";

fn read(row: &Row) -> Result<Sent, DbError> {
    Ok(Sent {
        complaint: row.get(0)?,
        service_code: row.get(1)?,
        address: row.get(2)?,
        lat: row.get(3)?,
        long: row.get(4)?,
        at: row.get(5)?,
    })
}

/// One request.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Sent>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM open311_request WHERE complaint_id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Requests of a period, newest first; the specification's most are a thousand.
///
/// # Errors
/// See [`DbError`].
pub fn between(tx: &mut Tx<'_>, from: Utc, until: Utc) -> Result<Vec<Sent>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM open311_request WHERE requested_at >= $1 AND requested_at <= $2
         ORDER BY requested_at DESC, complaint_id DESC LIMIT 1000"
    );
    tx.query(&sql, &[v(from), v(until)])?.iter().map(read).collect()
}
