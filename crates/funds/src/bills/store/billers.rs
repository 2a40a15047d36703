//! The register of billers, and their days.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::keys::Keys;
use kernel::law::Text;
use kernel::time::Utc;

use super::known;
use crate::bills::rules::Kind;

/// A biller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Biller {
    /// Its id.
    pub id: Id,
    /// Short code, which names its configuration too.
    pub code: String,
    /// Name.
    pub name: Text,
    /// What it bills.
    pub kind: Kind,
    /// Telephone.
    pub phone: String,
    /// Divisions (GB/T 2260) that it serves, separated by commas; empty for all.
    pub divisions: String,
    /// Last digits of its settlement account.
    pub account_tail: String,
    /// `proposed`, `open`, `rejected`, `closed`.
    pub state: String,
    /// Account of who proposed it.
    pub made_by: Id,
    /// His name.
    pub made_name: String,
    /// When.
    pub made_at: Utc,
    /// Name of who decided.
    pub decided_name: String,
    /// Rises with each change.
    pub version: i64,
}

const COLUMNS: &str = "id, code, name_zh, name_en, kind, phone, divisions, account_tail, state, made_by, \
     made_name, made_at, decided_name, version";

fn read(row: &Row) -> Result<Biller, DbError> {
    Ok(Biller {
        id: row.get(0)?,
        code: row.get(1)?,
        name: Text::new(row.get::<String>(2)?, row.get::<String>(3)?),
        kind: known(Kind::from_code(&row.get::<String>(4)?), "kind of biller")?,
        phone: row.get(5)?,
        divisions: row.get(6)?,
        account_tail: row.get(7)?,
        state: row.get(8)?,
        made_by: row.get(9)?,
        made_name: row.get(10)?,
        made_at: row.get(11)?,
        decided_name: row.get(12)?,
        version: row.get(13)?,
    })
}

fn context(id: Id) -> Vec<u8> {
    format!("biller {id}").into_bytes()
}

/// Enters a proposed biller with its settlement account.
///
/// # Errors
/// [`DbError::Unique`] when the code is taken.
pub fn insert(tx: &mut Tx<'_>, keys: &Keys, one: &Biller, account: &str) -> Result<(), DbError> {
    let sql = "INSERT INTO biller (id, code, name_zh, name_en, kind, phone, divisions, account, account_tail,
                   state, made_by, made_name, made_at, decided_name, version)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'proposed', $10, $11, $12, '', 1)";
    tx.execute(
        sql,
        &[
            v(one.id),
            v(&one.code),
            v(&one.name.zh),
            v(&one.name.en),
            v(one.kind.code()),
            v(&one.phone),
            v(&one.divisions),
            v(keys.seal_field(account.as_bytes(), &context(one.id))),
            v(&one.account_tail),
            v(one.made_by),
            v(&one.made_name),
            v(one.made_at),
        ],
    )
    .map(drop)
}

/// Decides on a proposed biller, or closes an open one.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set_state(
    tx: &mut Tx<'_>,
    one: &Biller,
    state: &str,
    by: Id,
    name: &str,
) -> Result<(), DbError> {
    let sql =
        "UPDATE biller SET state = $1, decided_by = $2, decided_name = $3, version = version + 1
               WHERE id = $4 AND version = $5";
    tx.execute_one(sql, &[v(state), v(by), v(name), v(one.id), v(one.version)])
}

/// All billers, by kind and name.
///
/// # Errors
/// See [`DbError`].
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Biller>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM biller ORDER BY kind, code");
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// One biller.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<Biller>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM biller WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Its settlement account, opened.
///
/// # Errors
/// See [`DbError`].
pub fn account(tx: &mut Tx<'_>, keys: &Keys, id: Id) -> Result<String, DbError> {
    let sealed: Vec<u8> = tx.one("SELECT account FROM biller WHERE id = $1", &[v(id)])?.get(0)?;
    let plain = keys.open_field(&sealed, &context(id));
    known(plain.and_then(|plain| String::from_utf8(plain).ok()), "settlement account")
}

/// A biller's day beside ours.
#[derive(Clone, Debug)]
pub struct Day {
    /// Biller.
    pub biller: Id,
    /// The day.
    pub day: String,
    /// What the biller has: lines and fen.
    pub theirs: (i64, i64),
    /// What we have.
    pub ours: (i64, i64),
    /// Lines that differ.
    pub differences: i64,
}

/// Keeps a comparison; the newest of a day counts.
///
/// # Errors
/// See [`DbError`].
pub fn put_day(tx: &mut Tx<'_>, day: &Day, now: Utc) -> Result<(), DbError> {
    let sql =
        "INSERT INTO bill_day (biller_id, day, lines, fen, own_lines, own_fen, differences, at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
               ON CONFLICT (biller_id, day) DO UPDATE SET lines = $3, fen = $4, own_lines = $5,
                   own_fen = $6, differences = $7, at = $8";
    let (theirs, ours) = (day.theirs, day.ours);
    let params = [
        v(day.biller),
        v(&day.day),
        v(theirs.0),
        v(theirs.1),
        v(ours.0),
        v(ours.1),
        v(day.differences),
        v(now),
    ];
    tx.execute(sql, &params).map(drop)
}

/// The newest comparisons.
///
/// # Errors
/// See [`DbError`].
pub fn days(tx: &mut Tx<'_>, most: i64) -> Result<Vec<Day>, DbError> {
    let sql = "SELECT biller_id, day, lines, fen, own_lines, own_fen, differences FROM bill_day
               ORDER BY day DESC, biller_id LIMIT $1";
    let read = |row: &Row| {
        Ok(Day {
            biller: row.get(0)?,
            day: row.get(1)?,
            theirs: (row.get(2)?, row.get(3)?),
            ours: (row.get(4)?, row.get(5)?),
            differences: row.get(6)?,
        })
    };
    tx.query(sql, &[v(most)])?.iter().map(read).collect()
}

/// Whether a day was compared after its end.
///
/// # Errors
/// See [`DbError`].
pub fn is_compared(tx: &mut Tx<'_>, biller: Id, day: &str, end: Utc) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM bill_day WHERE biller_id = $1 AND day = $2 AND at >= $3";
    Ok(tx.optional(sql, &[v(biller), v(day), v(end)])?.is_some())
}
