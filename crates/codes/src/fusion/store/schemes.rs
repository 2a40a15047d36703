//! Other cards and codes.

use items::rules::{Area, Function, Group, Word};
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::{Utc, day_text};
use people::field::Field;

use super::super::rules::{Scheme, State};
use super::{day, list, word};

const COLUMNS: &str = "id, version, code, org_id, state, kind, form, name_zh, name_en, issuer, \
     purpose_zh, purpose_en, area, functions, for_groups, fields, items, basis, national, holders, \
     technical, started_on";

fn codes<W: Word>(words: &[W]) -> String {
    words.iter().map(|word| word.code()).collect::<Vec<_>>().join(",")
}

fn read(row: &Row) -> Result<Scheme, DbError> {
    let area: String = row.get(12)?;
    Ok(Scheme {
        id: row.get(0)?,
        version: row.get(1)?,
        code: row.get(2)?,
        org: row.get(3)?,
        state: word(row, 4)?,
        kind: word(row, 5)?,
        form: word(row, 6)?,
        name: Text { zh: row.get(7)?, en: row.get(8)? },
        issuer: row.get(9)?,
        purpose: Text { zh: row.get(10)?, en: row.get(11)? },
        area: Area::from_code(&area).ok_or_else(|| DbError::Engine("not an area".to_owned()))?,
        functions: list(row, 13, Function::from_code)?,
        groups: list(row, 14, Group::from_code)?,
        fields: list(row, 15, Field::from_code)?,
        items: list(row, 16, |code| Some(code.to_owned()))?,
        basis: row.get(17)?,
        national: row.get(18)?,
        holders: row.get(19)?,
        technical: row.get(20)?,
        started_on: day(row, 21)?,
    })
}

/// Enters a card or code.
///
/// # Errors
/// [`DbError::Unique`] when a living one has its code.
pub fn insert(tx: &mut Tx<'_>, scheme: &Scheme, now: Utc) -> Result<(), DbError> {
    let fields = scheme.fields.iter().map(|field| field.code()).collect::<Vec<_>>().join(",");
    let sql = format!(
        "INSERT INTO fusion_scheme ({COLUMNS}, living, created_at) VALUES ($1, $2, $3, $4, $5, $6,
         $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)"
    );
    let values = [
        v(scheme.id),
        v(scheme.version),
        v(&scheme.code),
        v(scheme.org),
        v(scheme.state.code()),
        v(scheme.kind.code()),
        v(scheme.form.code()),
        v(&scheme.name.zh),
        v(&scheme.name.en),
        v(&scheme.issuer),
        v(&scheme.purpose.zh),
        v(&scheme.purpose.en),
        v(scheme.area.code()),
        v(codes(&scheme.functions)),
        v(codes(&scheme.groups)),
        v(fields),
        v(scheme.items.join(",")),
        v(&scheme.basis),
        v(&scheme.national),
        v(scheme.holders),
        v(&scheme.technical),
        v(day_text(scheme.started_on)),
        v(&scheme.code),
        v(now),
    ];
    tx.execute(&sql, &values).map(drop)
}

/// Moves a scheme on; its code becomes free when it does not live any more.
///
/// # Errors
/// [`DbError::Conflict`] when somebody else changed it meanwhile.
pub fn set_state(tx: &mut Tx<'_>, scheme: &Scheme, state: State) -> Result<(), DbError> {
    let lives = !matches!(state, State::Rejected | State::Ended);
    tx.execute_one(
        "UPDATE fusion_scheme SET state = $1, living = $2, version = version + 1
         WHERE id = $3 AND version = $4",
        &[
            v(state.code()),
            v(lives.then_some(scheme.code.as_str())),
            v(scheme.id),
            v(scheme.version),
        ],
    )
}

/// One by its id.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Scheme>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM fusion_scheme WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// The living one with this code.
///
/// # Errors
/// See [`DbError`].
pub fn by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<Scheme>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM fusion_scheme WHERE living = $1");
    tx.optional(&sql, &[v(code)])?.as_ref().map(read).transpose()
}

/// All, those that were sent back or have ended too, by code and age.
///
/// # Errors
/// See [`DbError`].
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Scheme>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM fusion_scheme ORDER BY code, id");
    tx.query(&sql, &[])?.iter().map(read).collect()
}
