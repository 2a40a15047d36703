//! All SQL of items.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::{Utc, day_text, parse_day};
use people::field::Field;
use time::Date;

use crate::rules::{Area, Item, List};

const COLUMNS: &str = "id, code, version, name_zh, name_en, field, list, owner_org, discloses, basis, \
     guide_zh, guide_en, from_day, until_day";

fn read(row: &Row) -> Result<Item, DbError> {
    let bad = |what: &str| DbError::Engine(format!("an item's {what} cannot be read"));
    let codes: String = row.get(8)?;
    let fields = codes.split(',').filter(|code| !code.is_empty());
    let fields: Option<Vec<Field>> = fields.map(Field::from_code).collect();
    Ok(Item {
        id: row.get(0)?,
        code: row.get(1)?,
        version: row.get(2)?,
        name: Text::new(row.get::<String>(3)?, row.get::<String>(4)?),
        area: Area::from_code(&row.get::<String>(5)?).ok_or_else(|| bad("field"))?,
        list: List::from_code(&row.get::<String>(6)?).ok_or_else(|| bad("list"))?,
        owner: row.get(7)?,
        fields: fields.ok_or_else(|| bad("disclosed fields"))?,
        basis: row.get(9)?,
        guide: Text::new(row.get::<String>(10)?, row.get::<String>(11)?),
        from: parse_day(&row.get::<String>(12)?).ok_or_else(|| bad("first day"))?,
        until: row.get::<Option<String>>(13)?.as_deref().and_then(parse_day),
    })
}

/// Enters a version in a state: `proposed` or `published`.
///
/// # Errors
/// [`DbError::Unique`] when a proposal waits already, or the version exists.
pub fn insert(tx: &mut Tx<'_>, item: &Item, state: &str, now: Utc) -> Result<(), DbError> {
    let fields: Vec<&str> = item.fields.iter().map(|field| field.code()).collect();
    let row = vec![
        v(item.id),
        v(&item.code),
        v(item.version),
        v(&item.name.zh),
        v(&item.name.en),
        v(item.area.code()),
        v(item.list.code()),
        v(item.owner),
        v(fields.join(",")),
        v(&item.basis),
        v(&item.guide.zh),
        v(&item.guide.en),
        v(day_text(item.from)),
        v(item.until.map(day_text)),
        v(state),
        v(now),
    ];
    let target = format!("item_version ({COLUMNS}, state, created_at)");
    tx.insert_rows(&target, "", &[row]).map(drop)
}

/// Every version that was ever published.
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

/// The highest version number of an item, whatever became of it.
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

/// Ends the open version of an item with a day.
///
/// # Errors
/// See [`DbError`].
pub fn end_open(tx: &mut Tx<'_>, code: &str, last: Date) -> Result<(), DbError> {
    let sql = "UPDATE item_version SET until_day = $1
               WHERE code = $2 AND state = 'published' AND until_day IS NULL";
    tx.execute(sql, &[v(day_text(last)), v(code)]).map(drop)
}

/// A proposal becomes `published` or `rejected`.
///
/// # Errors
/// [`DbError::Conflict`] when it was decided meanwhile.
pub fn decide(tx: &mut Tx<'_>, id: Id, state: &str) -> Result<(), DbError> {
    let sql = "UPDATE item_version SET state = $1 WHERE id = $2 AND state = 'proposed'";
    tx.execute_one(sql, &[v(state), v(id)])
}
