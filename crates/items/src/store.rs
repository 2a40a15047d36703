//! All SQL of items.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::{Utc, day_text, parse_day};
use people::field::Field;
use time::Date;

use crate::rules::{Area, Item, Level, List, State, Way};

const COLUMNS: &str = "id, code, version, name_zh, name_en, field, list, owner_org, level, ways, \
     discloses, basis, guide_zh, guide_en, from_day, until_day, state";

fn read(row: &Row) -> Result<Item, DbError> {
    let until: Option<String> = row.get(15)?;
    let until = until.map(|day| known(parse_day(&day), "last day")).transpose()?;
    Ok(Item {
        id: row.get(0)?,
        code: row.get(1)?,
        version: row.get(2)?,
        name: Text::new(row.get::<String>(3)?, row.get::<String>(4)?),
        area: known(Area::from_code(&row.get::<String>(5)?), "field")?,
        list: known(List::from_code(&row.get::<String>(6)?), "list")?,
        owner: row.get(7)?,
        level: known(Level::from_code(&row.get::<String>(8)?), "level")?,
        ways: known(split(&row.get::<String>(9)?, Way::from_code), "ways")?,
        fields: known(split(&row.get::<String>(10)?, Field::from_code), "disclosed fields")?,
        basis: row.get(11)?,
        guide: Text::new(row.get::<String>(12)?, row.get::<String>(13)?),
        from: known(parse_day(&row.get::<String>(14)?), "first day")?,
        until,
        state: known(State::from_code(&row.get::<String>(16)?), "state")?,
    })
}

fn known<T>(value: Option<T>, what: &str) -> Result<T, DbError> {
    value.ok_or_else(|| DbError::Engine(format!("an item's {what} cannot be read")))
}

/// Reads codes separated by commas; `None` when one is unknown.
pub(crate) fn split<T>(codes: &str, from_code: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    codes.split(',').map(str::trim).filter(|code| !code.is_empty()).map(from_code).collect()
}

fn join<T: Copy>(values: &[T], code: impl Fn(T) -> &'static str) -> String {
    values.iter().map(|value| code(*value)).collect::<Vec<_>>().join(",")
}

/// Enters a version.
///
/// # Errors
/// [`DbError::Unique`] when a proposal waits already, or the version exists.
pub fn insert(tx: &mut Tx<'_>, item: &Item, now: Utc) -> Result<(), DbError> {
    let row = vec![
        v(item.id),
        v(&item.code),
        v(item.version),
        v(&item.name.zh),
        v(&item.name.en),
        v(item.area.code()),
        v(item.list.code()),
        v(item.owner),
        v(item.level.code()),
        v(join(&item.ways, Way::code)),
        v(join(&item.fields, Field::code)),
        v(&item.basis),
        v(&item.guide.zh),
        v(&item.guide.en),
        v(day_text(item.from)),
        v(item.until.map(day_text)),
        v(item.state.code()),
        v(now),
    ];
    tx.insert_rows(&format!("item_version ({COLUMNS}, created_at)"), "", &[row]).map(drop)
}

/// Every version that was ever published, by code, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn published(tx: &mut Tx<'_>) -> Result<Vec<Item>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM item_version WHERE state = 'published' ORDER BY code, version"
    );
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// The newest published version of an item.
///
/// # Errors
/// See [`DbError`].
pub fn newest(tx: &mut Tx<'_>, code: &str) -> Result<Option<Item>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM item_version WHERE code = $1 AND state = 'published'
         ORDER BY version DESC LIMIT 1"
    );
    tx.optional(&sql, &[v(code)])?.as_ref().map(read).transpose()
}

/// Whether a proposal for an item waits.
///
/// # Errors
/// See [`DbError`].
pub fn is_waiting(tx: &mut Tx<'_>, code: &str) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM item_version WHERE code = $1 AND state = 'proposed'";
    Ok(tx.optional(sql, &[v(code)])?.is_some())
}

/// The highest version number of an item, whatever became of it; 0 for a new one.
///
/// # Errors
/// See [`DbError`].
pub fn last_version(tx: &mut Tx<'_>, code: &str) -> Result<i64, DbError> {
    let sql = "SELECT COALESCE(MAX(version), 0) FROM item_version WHERE code = $1";
    tx.one(sql, &[v(code)])?.get(0)
}

/// A proposed version.
///
/// # Errors
/// See [`DbError`].
pub fn proposed(tx: &mut Tx<'_>, id: Id) -> Result<Option<Item>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM item_version WHERE id = $1 AND state = 'proposed'");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// Ends the open version of an item, if there is one, with a day.
///
/// # Errors
/// See [`DbError`].
pub fn end_open(tx: &mut Tx<'_>, code: &str, last: Date) -> Result<(), DbError> {
    let sql = "UPDATE item_version SET until_day = $1
               WHERE code = $2 AND state = 'published' AND until_day IS NULL";
    tx.execute(sql, &[v(day_text(last)), v(code)]).map(drop)
}

/// A proposal becomes published or rejected.
///
/// # Errors
/// [`DbError::Conflict`] when it was decided meanwhile.
pub fn decide(tx: &mut Tx<'_>, id: Id, state: State) -> Result<(), DbError> {
    let sql = "UPDATE item_version SET state = $1 WHERE id = $2 AND state = 'proposed'";
    tx.execute_one(sql, &[v(state.code()), v(id)])
}
