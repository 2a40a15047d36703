//! All SQL of sign-ins across regions.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::rules::Ask;

/// A sign-in that is under way.
#[derive(Clone, Debug)]
pub(crate) struct UnderWay {
    /// The other region.
    pub(crate) region: String,
    /// `in` or `out`.
    pub(crate) way: &'static str,
    pub(crate) ask: Ask,
    /// The request of the service here, for those that go out.
    pub(crate) request: String,
}

/// Keeps a question; false when its id came before.
pub(crate) fn insert(tx: &mut Tx<'_>, new: &UnderWay, until: Utc) -> Result<bool, DbError> {
    let text = serde_json::to_string(&new.ask).map_err(|e| DbError::Engine(e.to_string()))?;
    let sql = "INSERT INTO region_signin (region, id, way, text, request, level, auth_time, until,
                 spent)
               VALUES ($1, $2, $3, $4, $5, 0, 0, $6, FALSE) ON CONFLICT (region, id) DO NOTHING";
    let row = [v(&new.region), v(&new.ask.id), v(new.way), v(&text), v(&new.request), v(until)];
    Ok(tx.execute(sql, &row)? == 1)
}

fn read(row: &Row, way: &'static str) -> Result<UnderWay, DbError> {
    let text: String = row.get(1)?;
    let ask = serde_json::from_str(&text).map_err(|e| DbError::Engine(e.to_string()))?;
    Ok(UnderWay { region: row.get(0)?, way, ask, request: row.get(2)? })
}

/// A question of another region that nobody has agreed to yet.
pub(crate) fn asked(tx: &mut Tx<'_>, id: &str, now: Utc) -> Result<Option<UnderWay>, DbError> {
    let sql = "SELECT region, text, request FROM region_signin
               WHERE id = $1 AND way = 'in' AND code IS NULL AND NOT spent AND until > $2";
    tx.optional(sql, &[v(id), v(now)])?.as_ref().map(|row| read(row, "in")).transpose()
}

/// One of ours comes back: taken once.
pub(crate) fn take_out(tx: &mut Tx<'_>, id: &str, now: Utc) -> Result<Option<UnderWay>, DbError> {
    let sql = "SELECT region, text, request FROM region_signin
               WHERE id = $1 AND way = 'out' AND until > $2";
    let Some(row) = tx.optional(sql, &[v(id), v(now)])? else { return Ok(None) };
    let under_way = read(&row, "out")?;
    let gone = tx.execute("DELETE FROM region_signin WHERE id = $1 AND way = 'out'", &[v(id)])?;
    Ok((gone == 1).then_some(under_way))
}

/// What a holder proved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proved {
    pub(crate) person: Id,
    pub(crate) level: i64,
    pub(crate) auth_time: i64,
}

/// The holder agreed; false when the question was answered meanwhile.
pub(crate) fn agree(
    tx: &mut Tx<'_>,
    id: &str,
    code: &[u8],
    proved: Proved,
    until: Utc,
) -> Result<bool, DbError> {
    let sql =
        "UPDATE region_signin SET code = $1, person_id = $2, level = $3, auth_time = $4, until = $5
               WHERE id = $6 AND way = 'in' AND code IS NULL AND NOT spent";
    let row = [v(code), v(proved.person), v(proved.level), v(proved.auth_time), v(until), v(id)];
    Ok(tx.execute(sql, &row)? == 1)
}

/// The holder did not agree.
pub(crate) fn forget_one(tx: &mut Tx<'_>, id: &str) -> Result<(), DbError> {
    // Its id stays used for as long as the question could come again.
    let sql = "UPDATE region_signin SET spent = TRUE WHERE id = $1 AND way = 'in' AND code IS NULL";
    tx.execute(sql, &[v(id)]).map(drop)
}

/// What a holder agreed to for a region, taken once.
pub(crate) fn take_agreed(
    tx: &mut Tx<'_>,
    (region, id): (&str, &str),
    code: &[u8],
    now: Utc,
) -> Result<Option<(UnderWay, Proved)>, DbError> {
    let key = [v(region), v(id), v(code), v(now)];
    let sql = "SELECT region, text, request, person_id, level, auth_time FROM region_signin
               WHERE region = $1 AND id = $2 AND way = 'in' AND code = $3 AND until > $4 AND NOT spent";
    let Some(row) = tx.optional(sql, &key)? else { return Ok(None) };
    let proved = Proved { person: row.get(3)?, level: row.get(4)?, auth_time: row.get(5)? };
    let under_way = read(&row, "in")?;
    let sql = "UPDATE region_signin SET spent = TRUE
               WHERE region = $1 AND id = $2 AND code = $3 AND until > $4 AND NOT spent";
    Ok((tx.execute(sql, &key)? == 1).then_some((under_way, proved)))
}

/// Forgets those that ended before a moment.
pub(crate) fn forget(tx: &mut Tx<'_>, before: Utc) -> Result<u64, DbError> {
    tx.execute("DELETE FROM region_signin WHERE until < $1", &[v(before)])
}
