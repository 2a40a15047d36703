//! Links of numbers to people, and the uses of linked cards and codes.

use std::collections::HashMap;

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text};
use time::Date;

use super::{day, maybe_day, maybe_text};

/// A number of another card that is linked to its holder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// The holder.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// The other card.
    pub scheme: Id,
    /// Keyed digest of the number.
    pub digest: Vec<u8>,
    /// Last four characters, for people.
    pub last_four: String,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Option<Date>,
    /// `department` or `holder`.
    pub source: String,
    /// When it was linked.
    pub linked_at: Utc,
    /// When it was ended.
    pub ended_at: Option<Utc>,
}

/// Whose a number is now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    /// The holder.
    pub person: Id,
    /// The link.
    pub link: Id,
    /// The other card.
    pub scheme: Id,
    /// Last day.
    pub until: Option<Date>,
}

const LINK: &str = "person_id, id, scheme_id, digest, last_four, from_day, until_day, source, \
     linked_at, ended_at";

fn read(row: &Row) -> Result<Link, DbError> {
    Ok(Link {
        person: row.get(0)?,
        id: row.get(1)?,
        scheme: row.get(2)?,
        digest: row.get(3)?,
        last_four: row.get(4)?,
        from: day(row, 5)?,
        until: maybe_day(row, 6)?,
        source: row.get(7)?,
        linked_at: row.get(8)?,
        ended_at: row.get(9)?,
    })
}

/// Whose a number is. A link whose last day has passed counts no more, even before it is swept.
///
/// # Errors
/// See [`DbError`].
pub fn owner(tx: &mut Tx<'_>, digest: &[u8], today: Date) -> Result<Option<Owner>, DbError> {
    let sql = "SELECT person_id, link_id, scheme_id, until_day FROM fusion_number
               WHERE digest = $1 AND (until_day IS NULL OR until_day >= $2)";
    let row = tx.optional(sql, &[v(digest), v(day_text(today))])?;
    let read = |row: &Row| {
        let (person, link, scheme) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(Owner { person, link, scheme, until: maybe_day(row, 3)? })
    };
    row.as_ref().map(read).transpose()
}

/// Gives a number to its holder; tells whether it went in, because a number has one holder at a time.
///
/// # Errors
/// See [`DbError`].
pub fn take(tx: &mut Tx<'_>, link: &Link, today: Date) -> Result<bool, DbError> {
    tx.execute(
        "DELETE FROM fusion_number WHERE digest = $1 AND until_day < $2",
        &[v(link.digest.clone()), v(day_text(today))],
    )?;
    let changed = tx.execute(
        "INSERT INTO fusion_number (digest, scheme_id, person_id, link_id, until_day)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (digest) DO NOTHING",
        &[
            v(link.digest.clone()),
            v(link.scheme),
            v(link.person),
            v(link.id),
            v(maybe_text(link.until)),
        ],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO fusion_link (person_id, id, scheme_id, digest, last_four, from_day, until_day,
         source, linked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            v(link.person),
            v(link.id),
            v(link.scheme),
            v(link.digest.clone()),
            v(&link.last_four),
            v(day_text(link.from)),
            v(maybe_text(link.until)),
            v(&link.source),
            v(link.linked_at),
        ],
    )?;
    Ok(true)
}

/// Ends a link: the number is free at once.
///
/// # Errors
/// [`DbError::Conflict`] when it has ended already.
pub fn end(tx: &mut Tx<'_>, person: Id, link: Id, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE fusion_link SET ended_at = $1
               WHERE person_id = $2 AND id = $3 AND ended_at IS NULL";
    tx.execute_one(sql, &[v(now), v(person), v(link)])?;
    let sql = "DELETE FROM fusion_number WHERE link_id = $1 AND person_id = $2";
    tx.execute(sql, &[v(link), v(person)]).map(drop)
}

/// All links of a person, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_person(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Link>, DbError> {
    let sql = format!("SELECT {LINK} FROM fusion_link WHERE person_id = $1 ORDER BY id DESC");
    tx.query(&sql, &[v(person)])?.iter().map(read).collect()
}

/// How many numbers of each scheme are linked now.
///
/// # Errors
/// See [`DbError`].
pub fn counts(tx: &mut Tx<'_>) -> Result<HashMap<Id, i64>, DbError> {
    let sql = "SELECT scheme_id, COUNT(*) FROM fusion_number GROUP BY scheme_id";
    tx.query(sql, &[])?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Sweeps what has passed by itself: numbers after their last day, displays after their time.
///
/// # Errors
/// See [`DbError`].
pub fn sweep(tx: &mut Tx<'_>, now: Utc) -> Result<(u64, u64), DbError> {
    let today = day_text(now.day());
    let numbers = tx.execute("DELETE FROM fusion_number WHERE until_day < $1", &[v(today)])?;
    let shown = tx.execute("DELETE FROM fusion_shown WHERE until < $1", &[v(now)])?;
    Ok((numbers, shown))
}

/// Accepts a display; tells whether it is the first time.
///
/// # Errors
/// See [`DbError`].
pub fn show(tx: &mut Tx<'_>, shown: &[u8; 32], until: Utc) -> Result<bool, DbError> {
    let sql = "INSERT INTO fusion_shown (digest, until) VALUES ($1, $2)
               ON CONFLICT (digest) DO NOTHING";
    Ok(tx.execute(sql, &[v(shown), v(until)])? == 1)
}

/// A use of a linked card or code, or a refusal of a known one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Use {
    /// The holder.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// When.
    pub at: Utc,
    /// The other card.
    pub scheme: Id,
    /// Item code.
    pub item: String,
    /// Its version of that day; 0 when it was not listed.
    pub item_version: i64,
    /// Its name in Chinese.
    pub item_zh: String,
    /// Its name in English.
    pub item_en: String,
    /// Where it was, or who asked.
    pub place: String,
    /// What for, in the caller's words.
    pub purpose: String,
    /// `ok`, or the code of the refusal.
    pub result: String,
}

/// Enters a use.
///
/// # Errors
/// See [`DbError`].
pub fn insert_use(tx: &mut Tx<'_>, used: &Use) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO fusion_use (person_id, id, at, scheme_id, item_code, item_version,
         item_name_zh, item_name_en, place, purpose, result)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            v(used.person),
            v(used.id),
            v(used.at),
            v(used.scheme),
            v(&used.item),
            v(used.item_version),
            v(&used.item_zh),
            v(&used.item_en),
            v(&used.place),
            v(&used.purpose),
            v(&used.result),
        ],
    )
    .map(drop)
}

/// A person's newest uses.
///
/// # Errors
/// See [`DbError`].
pub fn uses_of(tx: &mut Tx<'_>, person: Id, most: i64) -> Result<Vec<Use>, DbError> {
    let sql = "SELECT person_id, id, at, scheme_id, item_code, item_version, item_name_zh,
               item_name_en, place, purpose, result FROM fusion_use
               WHERE person_id = $1 ORDER BY id DESC LIMIT $2";
    let read = |row: &Row| {
        Ok(Use {
            person: row.get(0)?,
            id: row.get(1)?,
            at: row.get(2)?,
            scheme: row.get(3)?,
            item: row.get(4)?,
            item_version: row.get(5)?,
            item_zh: row.get(6)?,
            item_en: row.get(7)?,
            place: row.get(8)?,
            purpose: row.get(9)?,
            result: row.get(10)?,
        })
    };
    tx.query(sql, &[v(person), v(most)])?.iter().map(read).collect()
}
