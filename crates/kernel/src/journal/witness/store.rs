//! SQL of both sides.

use crate::db::{DbError, Row, Tx, v};
use crate::id::Id;
use crate::time::Utc;

/// A log of somebody else that is watched here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedLog {
    /// Its name.
    pub origin: String,
    /// Its public key.
    pub public_key: String,
    /// Watched at present.
    pub active: bool,
    /// Size of the newest head seen.
    pub size: i64,
    /// That head as the log signed it; empty when none was seen.
    pub note: String,
    /// When it was seen.
    pub seen_at: Option<Utc>,
}

/// A witness of this log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Its name.
    pub name: String,
    /// Its public key.
    pub public_key: String,
    /// Where it takes checkpoints, without `/add-checkpoint`.
    pub url: String,
    /// Asked at present.
    pub active: bool,
    /// Size of the newest head that it signed.
    pub size: i64,
    /// When it was asked last.
    pub last_at: Option<Utc>,
    /// What came of that.
    pub last_result: String,
    /// Failures since it last signed.
    pub failures: i64,
}

/// A head that should not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its id.
    pub id: Id,
    /// The log.
    pub origin: String,
    /// When it came.
    pub at: Utc,
    /// `fork` or `unproved`.
    pub kind: String,
    /// Size of the head.
    pub size: i64,
    /// Its root.
    pub root: [u8; 32],
    /// The head that was seen before.
    pub seen: String,
    /// The head itself.
    pub note: String,
}

const LOGS: &str = "SELECT origin, public_key, active, size, note, seen_at FROM witnessed_log";

fn read_log(row: &Row) -> Result<WatchedLog, DbError> {
    let (origin, public_key, active) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (size, note, seen_at) = (row.get(3)?, row.get(4)?, row.get(5)?);
    Ok(WatchedLog { origin, public_key, active, size, note, seen_at })
}

pub(super) fn logs(tx: &mut Tx<'_>) -> Result<Vec<WatchedLog>, DbError> {
    tx.query(&format!("{LOGS} ORDER BY origin"), &[])?.iter().map(read_log).collect()
}

pub(super) fn log(tx: &mut Tx<'_>, origin: &str) -> Result<Option<WatchedLog>, DbError> {
    let row = tx.optional(&format!("{LOGS} WHERE origin = $1"), &[v(origin)])?;
    row.as_ref().map(read_log).transpose()
}

pub(super) fn add_log(tx: &mut Tx<'_>, origin: &str, key: &str, now: Utc) -> Result<(), DbError> {
    let sql = "INSERT INTO witnessed_log (origin, public_key, active, added_at, size, note)
               VALUES ($1, $2, TRUE, $3, 0, '')";
    tx.execute(sql, &[v(origin), v(key), v(now)]).map(drop)
}

pub(super) fn set_log_active(tx: &mut Tx<'_>, origin: &str, active: bool) -> Result<(), DbError> {
    let sql = "UPDATE witnessed_log SET active = $1 WHERE origin = $2";
    tx.execute_one(sql, &[v(active), v(origin)])
}

/// Moves the newest seen head on. Two posts at once cannot both grow out of the same head.
pub(super) fn saw(
    tx: &mut Tx<'_>,
    before: &WatchedLog,
    size: u64,
    note: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "UPDATE witnessed_log SET size = $1, note = $2, seen_at = $3
               WHERE origin = $4 AND size = $5 AND note = $6";
    let (origin, old) = (v(&before.origin), v(before.size));
    tx.execute_one(sql, &[v(size as i64), v(note), v(now), origin, old, v(&before.note)])
}

/// Whether the alarm about this head is on record.
pub(super) fn has_alarm(tx: &mut Tx<'_>, alarm: &Alarm) -> Result<bool, DbError> {
    let sql = "SELECT id FROM witness_alarm
               WHERE origin = $1 AND kind = $2 AND size = $3 AND root = $4";
    let head = [v(&alarm.origin), v(&alarm.kind), v(alarm.size), v(&alarm.root)];
    Ok(tx.optional(sql, &head)?.is_some())
}

pub(super) fn add_alarm(tx: &mut Tx<'_>, alarm: &Alarm) -> Result<(), DbError> {
    let sql = "INSERT INTO witness_alarm (id, origin, at, kind, size, root, seen, note)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let Alarm { id, origin, at, kind, size, root, seen, note } = alarm;
    let row = [v(*id), v(origin), v(*at), v(kind), v(*size), v(root), v(seen), v(note)];
    tx.execute(sql, &row).map(drop)
}

pub(super) fn alarms(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Alarm>, DbError> {
    let sql = "SELECT id, origin, at, kind, size, root, seen, note FROM witness_alarm
               ORDER BY id DESC LIMIT $1";
    let read = |row: &Row| {
        let (id, origin, at, kind) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let (size, root, seen, note) = (row.get(4)?, row.get(5)?, row.get(6)?, row.get(7)?);
        Ok(Alarm { id, origin, at, kind, size, root, seen, note })
    };
    tx.query(sql, &[v(most)])?.iter().map(read).collect()
}

const WITNESSES: &str = "SELECT name, public_key, url, active, size, last_at, last_result, failures
                         FROM journal_witness";

fn read_witness(row: &Row) -> Result<Witness, DbError> {
    Ok(Witness {
        name: row.get(0)?,
        public_key: row.get(1)?,
        url: row.get(2)?,
        active: row.get(3)?,
        size: row.get(4)?,
        last_at: row.get(5)?,
        last_result: row.get(6)?,
        failures: row.get(7)?,
    })
}

pub(super) fn witnesses(tx: &mut Tx<'_>) -> Result<Vec<Witness>, DbError> {
    tx.query(&format!("{WITNESSES} ORDER BY name"), &[])?.iter().map(read_witness).collect()
}

pub(super) fn witness(tx: &mut Tx<'_>, name: &str) -> Result<Option<Witness>, DbError> {
    let row = tx.optional(&format!("{WITNESSES} WHERE name = $1"), &[v(name)])?;
    row.as_ref().map(read_witness).transpose()
}

pub(super) fn add_witness(
    tx: &mut Tx<'_>,
    name: &str,
    key: &str,
    url: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql =
        "INSERT INTO journal_witness (name, public_key, url, active, added_at, size, last_result,
                                            failures)
               VALUES ($1, $2, $3, TRUE, $4, 0, '', 0)";
    tx.execute(sql, &[v(name), v(key), v(url), v(now)]).map(drop)
}

pub(super) fn set_witness(
    tx: &mut Tx<'_>,
    name: &str,
    url: &str,
    active: bool,
) -> Result<(), DbError> {
    let sql = "UPDATE journal_witness SET url = $1, active = $2 WHERE name = $3";
    tx.execute_one(sql, &[v(url), v(active), v(name)])
}

/// A witness signed the head of this size.
pub(super) fn signed(
    tx: &mut Tx<'_>,
    name: &str,
    size: u64,
    line: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO journal_cosignature (size, witness, at, line) VALUES ($1, $2, $3, $4)
               ON CONFLICT DO NOTHING";
    tx.execute(sql, &[v(size as i64), v(name), v(now), v(line)])?;
    let sql = "UPDATE journal_witness SET size = $1, last_at = $2, last_result = 'ok', failures = 0
               WHERE name = $3";
    tx.execute(sql, &[v(size as i64), v(now), v(name)]).map(drop)
}

/// A witness did not sign.
pub(super) fn failed(tx: &mut Tx<'_>, name: &str, what: &str, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE journal_witness SET last_at = $1, last_result = $2, failures = failures + 1
               WHERE name = $3";
    tx.execute(sql, &[v(now), v(what), v(name)]).map(drop)
}
