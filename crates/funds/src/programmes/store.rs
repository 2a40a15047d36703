//! All SQL of programmes.

use kernel::actor::Actor;
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use kernel::work::{self, Waiting};
use time::Date;

use super::rules::Version;

/// A programme in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programme {
    /// Its id, the same in all versions.
    pub id: Id,
    /// The version that counts.
    pub current: Version,
    /// `open` or `closed`.
    pub state: String,
    /// Name of the department.
    pub department: String,
}

/// A version that waits for a decision.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// The version.
    pub version: Version,
    /// Account of the maker.
    pub made_by: Id,
    /// His name.
    pub made_name: String,
    /// When.
    pub made_at: Utc,
}

/// One line of a programme's past.
#[derive(Clone, Debug)]
pub struct Past {
    /// The version.
    pub version: i64,
    /// First day.
    pub from: String,
    /// `proposed`, `confirmed` or `rejected`.
    pub state: String,
    /// Who made it.
    pub made_name: String,
    /// Who decided.
    pub decided_name: String,
    /// When.
    pub decided_at: Option<Utc>,
    /// What he said.
    pub comment: String,
    /// It ends the programme.
    pub closes: bool,
}

fn engine(error: serde_json::Error) -> DbError {
    DbError::Engine(error.to_string())
}

fn day(text: &str) -> Result<Date, DbError> {
    parse_day(text).ok_or_else(|| DbError::Engine("a day cannot be read".to_owned()))
}

fn version_at(row: &Row, at: usize) -> Result<Version, DbError> {
    Ok(Version {
        id: row.get(at)?,
        code: row.get(at + 1)?,
        version: row.get(at + 2)?,
        department: row.get(at + 3)?,
        from: day(&row.get::<String>(at + 4)?)?,
        closes: row.get(at + 5)?,
        body: serde_json::from_str(&row.get::<String>(at + 6)?).map_err(engine)?,
    })
}

const VERSION: &str = "v.id, v.code, v.version, v.department, v.from_day, v.closes, v.body";
const FROM: &str = "FROM programme g
    JOIN programme_version v ON v.code = g.code AND v.version = g.version
    LEFT JOIN org o ON o.id = g.department";

fn programme(row: &Row) -> Result<Programme, DbError> {
    Ok(Programme {
        id: row.get(0)?,
        state: row.get(1)?,
        department: row.get::<Option<String>>(2)?.unwrap_or_default(),
        current: version_at(row, 3)?,
    })
}

/// All programmes, by code.
///
/// # Errors
/// See [`DbError`].
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Programme>, DbError> {
    let sql = format!("SELECT g.id, g.state, o.name_zh, {VERSION} {FROM} ORDER BY g.code");
    tx.query(&sql, &[])?.iter().map(programme).collect()
}

/// The programme with this code.
///
/// # Errors
/// See [`DbError`].
pub fn by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<Programme>, DbError> {
    let sql = format!("SELECT g.id, g.state, o.name_zh, {VERSION} {FROM} WHERE g.code = $1");
    tx.optional(&sql, &[v(code)])?.as_ref().map(programme).transpose()
}

/// The programme with this id.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Programme>, DbError> {
    let sql = format!("SELECT g.id, g.state, o.name_zh, {VERSION} {FROM} WHERE g.id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(programme).transpose()
}

/// Ids of those of `codes` that exist.
///
/// # Errors
/// See [`DbError`].
pub fn ids_of(tx: &mut Tx<'_>, codes: &[String]) -> Result<Vec<Id>, DbError> {
    let keys: Vec<_> = codes.iter().map(v).collect();
    let rows = tx.query_in("SELECT DISTINCT id FROM programme WHERE code IN (#)", &keys)?;
    rows.iter().map(|row| row.get(0)).collect()
}

/// The newest version that was confirmed, whether or not it has begun.
///
/// # Errors
/// See [`DbError`].
pub fn last_confirmed(tx: &mut Tx<'_>, code: &str) -> Result<Option<Version>, DbError> {
    let sql = format!(
        "SELECT {VERSION} FROM programme_version v WHERE v.code = $1 AND v.state = 'confirmed'
         ORDER BY v.version DESC LIMIT 1"
    );
    tx.optional(&sql, &[v(code)])?.as_ref().map(|row| version_at(row, 0)).transpose()
}

/// The number of the next version.
///
/// # Errors
/// See [`DbError`].
pub fn next_version(tx: &mut Tx<'_>, code: &str) -> Result<i64, DbError> {
    let sql = "SELECT COALESCE(MAX(version), 0) + 1 FROM programme_version WHERE code = $1";
    tx.one(sql, &[v(code)])?.get(0)
}

/// Enters a proposal.
///
/// # Errors
/// [`DbError::Unique`] when one waits already.
pub fn propose(tx: &mut Tx<'_>, version: &Version, maker: &Actor, now: Utc) -> Result<(), DbError> {
    let body = serde_json::to_string(&version.body).map_err(engine)?;
    tx.execute(
        "INSERT INTO programme_version (id, code, version, department, from_day, closes, body, state,
             made_by, made_name, made_at, decided_name, comment, applied)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'proposed', $8, $9, $10, '', '', $11)",
        &[
            v(version.id),
            v(&version.code),
            v(version.version),
            v(version.department),
            v(day_text(version.from)),
            v(version.closes),
            v(body),
            v(maker.account),
            v(&maker.name),
            v(now),
            v(false),
        ],
    )
    .map(drop)
}

/// The proposal with this id, if it waits.
///
/// # Errors
/// See [`DbError`].
pub fn proposed(tx: &mut Tx<'_>, id: Id) -> Result<Option<Proposed>, DbError> {
    let mut waiting = waiting(tx)?;
    waiting.retain(|one| one.version.id == id);
    Ok(waiting.pop())
}

/// All proposals that wait, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn waiting(tx: &mut Tx<'_>) -> Result<Vec<Proposed>, DbError> {
    let sql = format!(
        "SELECT v.made_by, v.made_name, v.made_at, {VERSION} FROM programme_version v
         WHERE v.state = 'proposed' ORDER BY v.id"
    );
    let read = |row: &Row| {
        Ok(Proposed {
            made_by: row.get(0)?,
            made_name: row.get(1)?,
            made_at: row.get(2)?,
            version: version_at(row, 3)?,
        })
    };
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// Writes a decision down.
///
/// # Errors
/// [`DbError::Conflict`] when somebody was faster; [`DbError::Forbidden`] for the maker's own work.
pub fn decide(
    tx: &mut Tx<'_>,
    id: Id,
    checker: &Actor,
    yes: bool,
    comment: &str,
    now: Utc,
) -> Result<(), DbError> {
    let state = if yes { "confirmed" } else { "rejected" };
    tx.execute_one(
        "UPDATE programme_version SET state = $1, decided_by = $2, decided_name = $3, decided_at = $4,
             comment = $5 WHERE id = $6 AND state = 'proposed'",
        &[v(state), v(checker.account), v(&checker.name), v(now), v(comment), v(id)],
    )
}

/// Confirmed versions whose first day has come and that are not in force yet.
///
/// # Errors
/// See [`DbError`].
pub fn due(tx: &mut Tx<'_>, today: Date) -> Result<Vec<Version>, DbError> {
    let sql = format!(
        "SELECT {VERSION} FROM programme_version v
         WHERE v.state = 'confirmed' AND NOT v.applied AND v.from_day <= $1 ORDER BY v.id"
    );
    tx.query(&sql, &[v(day_text(today))])?.iter().map(|row| version_at(row, 0)).collect()
}

/// Puts a version in force. `id` is the programme's if it is new.
///
/// # Errors
/// See [`DbError`].
pub fn apply(tx: &mut Tx<'_>, id: Id, version: &Version) -> Result<(), DbError> {
    let body = &version.body;
    let text = serde_json::to_string(body).map_err(engine)?;
    let params = [
        v(id),
        v(&version.code),
        v(version.version),
        v(&body.name_zh),
        v(&body.name_en),
        v(&body.kind),
        v(version.department),
        v(body.conflicts.join(",")),
        v(body.public_days),
        v(body.two_above_fen),
        v(body.max_line_fen),
        v(if body.per_household { "household" } else { "person" }),
        v(if version.closes { "closed" } else { "open" }),
        v(day_text(version.from)),
        v(text),
    ];
    tx.execute(
        "INSERT INTO programme (id, code, version, name_zh, name_en, kind, department, conflicts,
             public_days, two_above_fen, max_line_fen, per, state, from_day, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (code) DO UPDATE SET version = $3, name_zh = $4, name_en = $5, kind = $6,
             department = $7, conflicts = $8, public_days = $9, two_above_fen = $10,
             max_line_fen = $11, per = $12, state = $13, from_day = $14, body = $15",
        &params,
    )?;
    tx.execute_one(
        "UPDATE programme_version SET applied = $1 WHERE id = $2",
        &[v(true), v(version.id)],
    )
}

/// All versions of a programme, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn history(tx: &mut Tx<'_>, code: &str) -> Result<Vec<Past>, DbError> {
    let sql =
        "SELECT version, from_day, state, made_name, decided_name, decided_at, comment, closes
               FROM programme_version WHERE code = $1 ORDER BY version DESC";
    let read = |row: &Row| {
        Ok(Past {
            version: row.get(0)?,
            from: row.get(1)?,
            state: row.get(2)?,
            made_name: row.get(3)?,
            decided_name: row.get(4)?,
            decided_at: row.get(5)?,
            comment: row.get(6)?,
            closes: row.get(7)?,
        })
    };
    tx.query(sql, &[v(code)])?.iter().map(read).collect()
}

/// How many proposals wait for another than their maker.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>, actor: &Actor, _: Utc) -> Result<Waiting, DbError> {
    let sql = "SELECT COUNT(*), CAST(0 AS BIGINT) FROM programme_version
               WHERE state = 'proposed' AND made_by <> $1";
    work::counted(tx, sql, &[v(actor.account)])
}
