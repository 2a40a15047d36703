//! All SQL of lists of regions.

use std::collections::BTreeMap;

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

use crate::rules::Signed;

/// A list with its state here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Circle {
    /// First 32 digits of the text's digest.
    pub id: String,
    /// Region that proposed it.
    pub proposer: String,
    /// Rises with each list.
    pub serial: i64,
    /// What is signed.
    pub text: String,
    /// Descriptors of all members.
    pub members: Vec<Signed>,
    /// `open`, `signed` by us, `whole` or `refused`.
    pub state: String,
    /// When it came.
    pub made_at: Utc,
    /// Account that signed it here.
    pub signed_by: Option<Id>,
    version: i64,
}

const COLUMNS: &str = "id, proposer, serial, text, members, state, made_at, signed_by, version";

fn read(row: &Row) -> Result<Circle, DbError> {
    let broken = |_| DbError::Engine("a stored list cannot be read".to_owned());
    Ok(Circle {
        id: row.get(0)?,
        proposer: row.get(1)?,
        serial: row.get(2)?,
        text: row.get(3)?,
        members: serde_json::from_str(&row.get::<String>(4)?).map_err(broken)?,
        state: row.get(5)?,
        made_at: row.get(6)?,
        signed_by: row.get(7)?,
        version: row.get(8)?,
    })
}

pub(crate) fn one(tx: &mut Tx<'_>, id: &str) -> Result<Option<Circle>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM region_circle WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// The newest lists.
pub(crate) fn newest(tx: &mut Tx<'_>) -> Result<Vec<Circle>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM region_circle ORDER BY made_at DESC, id LIMIT 20");
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// The highest serial of a whole list, or of any list.
pub(crate) fn last_serial(tx: &mut Tx<'_>, whole: bool) -> Result<i64, DbError> {
    let only = if whole { "WHERE state = 'whole'" } else { "" };
    let sql = format!("SELECT COALESCE(MAX(serial), 0) FROM region_circle {only}");
    tx.one(&sql, &[])?.get(0)
}

pub(crate) fn insert(
    tx: &mut Tx<'_>,
    (id, proposer, serial): (&str, &str, i64),
    text: &str,
    members: &[Signed],
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO region_circle (id, proposer, serial, text, members, state, made_at)
               VALUES ($1, $2, $3, $4, $5, 'open', $6) ON CONFLICT (id) DO NOTHING";
    let members = serde_json::to_string(members).expect("plain data");
    let values = [v(id), v(proposer), v(serial), v(text), v(members), v(now)];
    tx.execute(sql, &values).map(drop)
}

pub(crate) fn turn(
    tx: &mut Tx<'_>,
    circle: &Circle,
    state: &str,
    signed_by: Option<Id>,
) -> Result<(), DbError> {
    let sql = "UPDATE region_circle SET state = $1, signed_by = $2, version = version + 1
               WHERE id = $3 AND version = $4";
    let values = [v(state), v(signed_by), v(&circle.id), v(circle.version)];
    tx.execute_one(sql, &values)
}

pub(crate) fn sign(
    tx: &mut Tx<'_>,
    id: &str,
    region: &str,
    signature: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO region_circle_signature (id, region, signature, at)
               VALUES ($1, $2, $3, $4) ON CONFLICT (id, region) DO NOTHING";
    tx.execute(sql, &[v(id), v(region), v(signature), v(now)]).map(drop)
}

/// Who signed a list, with the signatures.
pub(crate) fn signatures(tx: &mut Tx<'_>, id: &str) -> Result<BTreeMap<String, String>, DbError> {
    let sql = "SELECT region, signature FROM region_circle_signature WHERE id = $1";
    let rows = tx.query(sql, &[v(id)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
