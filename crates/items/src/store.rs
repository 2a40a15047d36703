//! All SQL of items.

mod cases;

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::{Utc, day_text, parse_day};
use people::field::Field;
use time::Date;

use crate::rules::{
    Area, Channel, Details, Function, Group, Item, Level, List, Offline, State, Way, Word,
};

pub use cases::*;

const COLUMNS: &str = "id, code, version, name_zh, name_en, field, list, owner_org, level, ways, \
     discloses, basis, guide_zh, guide_en, from_day, until_day, state, division, why, functions, channels, places, \
     offline_count, offline_hours, fee_fen, time_limit, materials, person_groups, phones";

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
        details: read_details(row)?,
    })
}

fn read_details(row: &Row) -> Result<Details, DbError> {
    Ok(Details {
        division: row.get(17)?,
        why: row.get(18)?,
        functions: known(split(&row.get::<String>(19)?, Function::from_code), "functions")?,
        channels: known(split(&row.get::<String>(20)?, Channel::from_code), "channels")?,
        places: row.get(21)?,
        offline: Offline { count: row.get(22)?, list_hours: row.get(23)? },
        fee_fen: row.get(24)?,
        days: row.get(25)?,
        materials: row.get(26)?,
        groups: known(split(&row.get::<String>(27)?, Group::from_code), "groups")?,
        phones: row.get(28)?,
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
    let details = &item.details;
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
        v(&details.division),
        v(&details.why),
        v(join(&details.functions, Word::code)),
        v(join(&details.channels, Word::code)),
        v(&details.places),
        v(details.offline.count),
        v(details.offline.list_hours),
        v(details.fee_fen),
        v(details.days),
        v(&details.materials),
        v(join(&details.groups, Word::code)),
        v(&details.phones),
        v(now),
        v(if item.state == State::Published { now } else { Utc(0) }),
    ];
    let into = format!("item_version ({COLUMNS}, created_at, published_at)");
    tx.insert_rows(&into, "", &[row]).map(drop)
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

/// The highest version number of an item, whatever became of it; 0 for a new one.
///
/// # Errors
/// See [`DbError`].
pub fn last_version(tx: &mut Tx<'_>, code: &str) -> Result<i64, DbError> {
    let sql = "SELECT COALESCE(MAX(version), 0) FROM item_version WHERE code = $1";
    tx.one(sql, &[v(code)])?.get(0)
}

/// A version by its id, whatever has become of it.
///
/// # Errors
/// See [`DbError`].
pub fn version(tx: &mut Tx<'_>, id: Id) -> Result<Option<Item>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM item_version WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// All versions of an item with their proposals, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn history(tx: &mut Tx<'_>, code: &str) -> Result<Vec<Item>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM item_version WHERE code = $1 ORDER BY version DESC");
    tx.query(&sql, &[v(code)])?.iter().map(read).collect()
}

/// Ends the open version of an item, if there is one, with the day before the version `by` begins.
///
/// # Errors
/// See [`DbError`].
pub fn end_open(tx: &mut Tx<'_>, code: &str, last: Date, by: Id) -> Result<(), DbError> {
    let sql = "UPDATE item_version SET until_day = $1, ended_by = $2
               WHERE code = $3 AND state = 'published' AND until_day IS NULL";
    tx.execute(sql, &[v(day_text(last)), v(by), v(code)]).map(drop)
}

/// The version that `by` would have ended stays: `by` never began.
///
/// # Errors
/// See [`DbError`].
pub fn reopen(tx: &mut Tx<'_>, by: Id) -> Result<(), DbError> {
    let sql = "UPDATE item_version SET until_day = NULL, ended_by = NULL WHERE ended_by = $1";
    tx.execute(sql, &[v(by)]).map(drop)
}

/// Sets the last day of a published version.
///
/// # Errors
/// [`DbError::Conflict`] when it is not published or ended before.
pub fn end_version(tx: &mut Tx<'_>, id: Id, last: Date) -> Result<(), DbError> {
    let last = day_text(last);
    let sql = "UPDATE item_version SET until_day = $1
               WHERE id = $2 AND state = 'published' AND from_day <= $3
               AND (until_day IS NULL OR until_day >= $4)";
    tx.execute_one(sql, &[v(&last), v(id), v(&last), v(&last)])
}

/// A proposal was sent back, or a version that has not begun met an objection.
///
/// # Errors
/// [`DbError::Conflict`] when there is none such.
pub fn reject(tx: &mut Tx<'_>, id: Id) -> Result<(), DbError> {
    let sql = "UPDATE item_version SET state = 'rejected' WHERE id = $1 AND state <> 'rejected'";
    tx.execute_one(sql, &[v(id)])
}

/// A proposal comes on the list, beginning with `from`. The statement itself sees that no version of
/// the item is in force on a day that the new one claims.
///
/// # Errors
/// [`DbError::Conflict`] when it is no proposal any more, or two versions would overlap.
pub fn publish(tx: &mut Tx<'_>, item: &Item, now: Utc) -> Result<(), DbError> {
    let (from, until) = (day_text(item.from), item.until.map(day_text));
    let sql = "UPDATE item_version SET state = 'published', from_day = $1, published_at = $2
               WHERE id = $3 AND state = 'proposed' AND NOT EXISTS (
                   SELECT 1 FROM item_version other
                   WHERE other.code = $4 AND other.state = 'published'
                   AND other.from_day <= $5
                   AND (other.until_day IS NULL OR other.until_day >= $6))";
    let last = until.unwrap_or_else(|| "9999-12-31".to_owned());
    tx.execute_one(sql, &[v(&from), v(now), v(item.id), v(&item.code), v(&last), v(&from)])
}

/// What came on the list lately, newest first: versions with the moment of publication.
///
/// # Errors
/// See [`DbError`].
pub fn changes(tx: &mut Tx<'_>, most: i64) -> Result<Vec<(Utc, Item)>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS}, published_at FROM item_version WHERE state = 'published'
         ORDER BY published_at DESC, id DESC LIMIT $1"
    );
    let rows = tx.query(&sql, &[v(most)])?;
    rows.iter().map(|row| Ok((row.get(29)?, read(row)?))).collect()
}

/// What an item is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// Code of the item.
    pub code: String,
    /// Name for people, of the newest version.
    pub name: Text,
    /// Its field of life.
    pub area: Area,
    /// Organisation that is responsible for it.
    pub owner: Id,
    /// First day on which anybody could use it: that of its first version, or of its publication.
    pub first: Date,
    /// Last day of the newest version; none while it is open.
    pub last: Option<Date>,
}

/// All items that were ever published, by code, as their newest version calls them.
///
/// # Errors
/// See [`DbError`].
pub fn names(tx: &mut Tx<'_>) -> Result<Vec<Named>, DbError> {
    let sql = "SELECT code, name_zh, name_en, field, owner_org, from_day, until_day,
                      published_at
               FROM item_version WHERE state = 'published' ORDER BY code, version";
    let mut all: Vec<Named> = Vec::new();
    for row in tx.query(sql, &[])? {
        let (last, published): (Option<String>, Utc) = (row.get(6)?, row.get(7)?);
        let mut named = Named {
            code: row.get(0)?,
            name: Text::new(row.get::<String>(1)?, row.get::<String>(2)?),
            area: known(Area::from_code(&row.get::<String>(3)?), "field")?,
            owner: row.get(4)?,
            first: known(parse_day(&row.get::<String>(5)?), "first day")?.max(published.day()),
            last: last.map(|day| known(parse_day(&day), "last day")).transpose()?,
        };
        match all.last_mut().filter(|before| before.code == named.code) {
            Some(before) => {
                named.first = before.first;
                *before = named;
            }
            None => all.push(named),
        }
    }
    Ok(all)
}
