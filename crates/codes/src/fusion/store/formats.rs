//! Code formats and their issuers' keys.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text};
use time::Date;

use super::super::decoders::Layout;
use super::{day, maybe_day, maybe_text};

/// What has become of a format or a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Waits for its check.
    Proposed,
    /// In force on its days.
    Confirmed,
    /// Sent back.
    Rejected,
    /// Switched off for good: a format withdrawn, a key revoked.
    Revoked,
}

impl items::rules::Word for Standing {
    const ALL: &'static [Self] = &[Self::Proposed, Self::Confirmed, Self::Rejected, Self::Revoked];

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Proposed => ("proposed", "待审核", "To be checked"),
            Self::Confirmed => ("confirmed", "有效", "In force"),
            Self::Rejected => ("rejected", "已退回", "Sent back"),
            Self::Revoked => ("revoked", "已吊销", "Revoked"),
        }
    }
}

use items::rules::Word as _;

/// A code format of a scheme.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Format {
    /// Its id.
    pub id: Id,
    /// The scheme whose numbers it carries.
    pub scheme: Id,
    /// What has become of it.
    pub state: Standing,
    /// How it is read.
    pub layout: Layout,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Option<Date>,
}

impl Format {
    /// Whether its codes are read on a day.
    pub fn serves(&self, day: Date) -> bool {
        self.state == Standing::Confirmed
            && self.from <= day
            && self.until.is_none_or(|until| day <= until)
    }
}

/// A key of an issuer, as stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyRow {
    /// Its id.
    pub id: Id,
    /// The format.
    pub format: Id,
    /// Its name in codes.
    pub kid: String,
    /// What has become of it.
    pub state: Standing,
    /// SM2: the public point; HMAC-SM3: the encrypted secret.
    pub material: Vec<u8>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
}

const FORMAT: &str = "id, scheme_id, state, layout, from_day, until_day";
const KEY: &str = "id, format_id, kid, state, material, from_day, until_day";

fn read_format(row: &Row) -> Result<Format, DbError> {
    let layout: String = row.get(3)?;
    Ok(Format {
        id: row.get(0)?,
        scheme: row.get(1)?,
        state: super::word(row, 2)?,
        layout: serde_json::from_str(&layout)
            .map_err(|error| DbError::Engine(format!("a layout cannot be read: {error}")))?,
        from: day(row, 4)?,
        until: maybe_day(row, 5)?,
    })
}

fn read_key(row: &Row) -> Result<KeyRow, DbError> {
    Ok(KeyRow {
        id: row.get(0)?,
        format: row.get(1)?,
        kid: row.get(2)?,
        state: super::word(row, 3)?,
        material: row.get(4)?,
        from: day(row, 5)?,
        until: day(row, 6)?,
    })
}

/// Enters a format.
///
/// # Errors
/// [`DbError::Unique`] when a living format has its prefix.
pub fn insert(tx: &mut Tx<'_>, format: &Format, now: Utc) -> Result<(), DbError> {
    let layout = serde_json::to_string(&format.layout)
        .map_err(|error| DbError::Engine(format!("a layout cannot be written: {error}")))?;
    tx.execute(
        "INSERT INTO fusion_format (id, scheme_id, state, living, layout, from_day, until_day,
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            v(format.id),
            v(format.scheme),
            v(format.state.code()),
            v(&format.layout.prefix),
            v(layout),
            v(day_text(format.from)),
            v(maybe_text(format.until)),
            v(now),
        ],
    )
    .map(drop)
}

/// Moves a format on; its prefix becomes free when it does not live any more.
///
/// # Errors
/// [`DbError::Conflict`] when it is not in the state that was seen.
pub fn set_state(tx: &mut Tx<'_>, format: &Format, to: Standing) -> Result<(), DbError> {
    let lives = matches!(to, Standing::Proposed | Standing::Confirmed);
    tx.execute_one(
        "UPDATE fusion_format SET state = $1, living = $2 WHERE id = $3 AND state = $4",
        &[
            v(to.code()),
            v(lives.then_some(format.layout.prefix.as_str())),
            v(format.id),
            v(format.state.code()),
        ],
    )
}

/// One format.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Format>, DbError> {
    let sql = format!("SELECT {FORMAT} FROM fusion_format WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read_format).transpose()
}

/// All formats that are asked for or in force; there are few.
///
/// # Errors
/// See [`DbError`].
pub fn living(tx: &mut Tx<'_>) -> Result<Vec<Format>, DbError> {
    let sql = format!("SELECT {FORMAT} FROM fusion_format WHERE living IS NOT NULL ORDER BY id");
    tx.query(&sql, &[])?.iter().map(read_format).collect()
}

/// All formats of a scheme, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_scheme(tx: &mut Tx<'_>, scheme: Id) -> Result<Vec<Format>, DbError> {
    let sql = format!("SELECT {FORMAT} FROM fusion_format WHERE scheme_id = $1 ORDER BY id DESC");
    tx.query(&sql, &[v(scheme)])?.iter().map(read_format).collect()
}

/// Enters a key.
///
/// # Errors
/// [`DbError::Unique`] when the format has a key of this name.
pub fn insert_key(tx: &mut Tx<'_>, key: &KeyRow, now: Utc) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO fusion_key (id, format_id, kid, state, material, from_day, until_day,
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            v(key.id),
            v(key.format),
            v(&key.kid),
            v(key.state.code()),
            v(key.material.clone()),
            v(day_text(key.from)),
            v(day_text(key.until)),
            v(now),
        ],
    )
    .map(drop)
}

/// Moves a key on.
///
/// # Errors
/// [`DbError::Conflict`] when it is not in the state that was seen.
pub fn set_key_state(tx: &mut Tx<'_>, key: &KeyRow, to: Standing) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE fusion_key SET state = $1 WHERE id = $2 AND state = $3",
        &[v(to.code()), v(key.id), v(key.state.code())],
    )
}

/// One key.
///
/// # Errors
/// See [`DbError`].
pub fn key(tx: &mut Tx<'_>, id: Id) -> Result<Option<KeyRow>, DbError> {
    let sql = format!("SELECT {KEY} FROM fusion_key WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read_key).transpose()
}

/// All keys of a format, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn keys_of(tx: &mut Tx<'_>, format: Id) -> Result<Vec<KeyRow>, DbError> {
    let sql = format!("SELECT {KEY} FROM fusion_key WHERE format_id = $1 ORDER BY id DESC");
    tx.query(&sql, &[v(format)])?.iter().map(read_key).collect()
}
