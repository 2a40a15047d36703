//! All SQL of the joint list between regions.

use kernel::db::{DbError, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::rules::Mark;

/// What the other side last said of a text of an item.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// Where it stands.
    pub(crate) mark: Mark,
    /// When that came.
    pub(crate) at: Utc,
    /// What it called off was called off here.
    pub(crate) settled: bool,
}

/// Of how many texts of the joint list a region has spoken since a day; what is older is forgotten.
pub(crate) fn count_since(tx: &mut Tx<'_>, region: &str, since: Utc) -> Result<i64, DbError> {
    let old = "DELETE FROM region_list WHERE region = $1 AND came_at < $2";
    tx.execute(old, &[v(region), v(since)])?;
    tx.one("SELECT COUNT(*) FROM region_list WHERE region = $1", &[v(region)])?.get(0)
}

/// Keeps the newest word of a region about a text; an older case of the same text says nothing any more.
pub(crate) fn hear(
    tx: &mut Tx<'_>,
    region: &str,
    mark: &Mark,
    text: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO region_list (region, code, digest, text, came_at, opened)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (region, code, digest) DO UPDATE SET
               text = excluded.text, came_at = excluded.came_at, opened = excluded.opened,
               settled = FALSE WHERE region_list.opened <= excluded.opened";
    let values = [v(region), v(&mark.code), v(mark.digest()), v(text), v(now), v(mark.opened)];
    tx.execute(sql, &values).map(drop)
}

/// All that a region said, what is about its newest case of an item first.
pub(crate) fn heard(tx: &mut Tx<'_>, region: &str) -> Result<Vec<Heard>, DbError> {
    let sql = "SELECT text, came_at, settled FROM region_list WHERE region = $1
               ORDER BY opened DESC, came_at DESC, code";
    let rows = tx.query(sql, &[v(region)])?;
    let mut all = Vec::new();
    for row in &rows {
        // Only what could be read was kept.
        if let Ok(mark) = serde_json::from_str(&row.get::<String>(0)?) {
            all.push(Heard { mark, at: row.get(1)?, settled: row.get(2)? });
        }
    }
    Ok(all)
}

/// What it called off was called off here: people settle the rest.
pub(crate) fn settle(tx: &mut Tx<'_>, region: &str, mark: &Mark) -> Result<(), DbError> {
    let sql = "UPDATE region_list SET settled = TRUE WHERE region = $1 AND code = $2
               AND digest = $3";
    tx.execute(sql, &[v(region), v(&mark.code), v(mark.digest())]).map(drop)
}

/// What we last told a region of our cases: case and text.
pub(crate) fn told(tx: &mut Tx<'_>, region: &str) -> Result<Vec<(Id, String)>, DbError> {
    let sql = "SELECT case_id, text FROM region_list_told WHERE region = $1";
    let rows = tx.query(sql, &[v(region)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Notes what we told.
pub(crate) fn tell(tx: &mut Tx<'_>, region: &str, case: Id, text: &str) -> Result<(), DbError> {
    let sql = "INSERT INTO region_list_told (region, case_id, text) VALUES ($1, $2, $3)
               ON CONFLICT (region, case_id) DO UPDATE SET text = excluded.text";
    tx.execute(sql, &[v(region), v(case), v(text)]).map(drop)
}
