//! All SQL of mutual recognition.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

/// A question that was asked or answered.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) region: String,
    pub(crate) id: String,
    /// `in` or `out`.
    pub(crate) way: &'static str,
    pub(crate) at: Utc,
    pub(crate) item: String,
    pub(crate) result: String,
    pub(crate) millis: i64,
}

/// Keeps a question; false when its id came before.
pub(crate) fn insert(tx: &mut Tx<'_>, asked: &Asked) -> Result<bool, DbError> {
    let sql = "INSERT INTO region_ask (region, id, way, at, item, result, millis)
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (region, id) DO NOTHING";
    let Asked { region, id, way, at, item, result, millis } = asked;
    let row = [v(region), v(id), v(*way), v(*at), v(item), v(result), v(*millis)];
    Ok(tx.execute(sql, &row)? == 1)
}

/// Notes how a question that was taken ended.
pub(crate) fn end(
    tx: &mut Tx<'_>,
    (region, id): (&str, &str),
    result: &str,
    millis: i64,
) -> Result<(), DbError> {
    let sql = "UPDATE region_ask SET result = $1, millis = $2 WHERE region = $3 AND id = $4";
    tx.execute(sql, &[v(result), v(millis), v(region), v(id)]).map(drop)
}

/// Forgets questions of before.
pub(crate) fn forget(tx: &mut Tx<'_>, before: Utc) -> Result<u64, DbError> {
    tx.execute("DELETE FROM region_ask WHERE at < $1", &[v(before)])
}

/// One line of the figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Region.
    pub region: String,
    /// Whether they asked us.
    pub theirs: bool,
    /// Questions.
    pub asked: i64,
    /// Of them answered with yes.
    pub yes: i64,
    /// Without an answer, or one that is not believed.
    pub silent: i64,
    /// The longest, milliseconds.
    pub longest: i64,
}

/// Questions since a moment, by region and direction.
pub(crate) fn figures(tx: &mut Tx<'_>, since: Utc) -> Result<Vec<Figure>, DbError> {
    let sql = "SELECT region, way, COUNT(*),
                   COUNT(CASE WHEN result = 'ok' THEN 1 END),
                   COUNT(CASE WHEN result = 'codes/home-silent' THEN 1 END), MAX(millis)
               FROM region_ask WHERE at >= $1 GROUP BY region, way ORDER BY region, way";
    let read = |row: &Row| {
        Ok(Figure {
            region: row.get(0)?,
            theirs: row.get::<String>(1)? == "in",
            asked: row.get(2)?,
            yes: row.get(3)?,
            silent: row.get(4)?,
            longest: row.get(5)?,
        })
    };
    tx.query(sql, &[v(since)])?.iter().map(read).collect()
}

/// A use of one's own card in another region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// When.
    pub at: Utc,
    /// Where, with the region's name.
    pub place: String,
    /// Item, Chinese and English.
    pub item: (String, String),
    /// `ok` or the code of a refusal.
    pub result: String,
}

/// The newest uses of a person's card that other regions asked about: their terminals have no account.
pub(crate) fn elsewhere(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Elsewhere>, DbError> {
    let sql = "SELECT at, place, item_name_zh, item_name_en, result FROM card_use
               WHERE person_id = $1 AND terminal_id = 0 ORDER BY id DESC LIMIT 20";
    let read = |row: &Row| {
        let (at, place) = (row.get(0)?, row.get(1)?);
        Ok(Elsewhere { at, place, item: (row.get(2)?, row.get(3)?), result: row.get(4)? })
    };
    tx.query(sql, &[v(person)])?.iter().map(read).collect()
}
