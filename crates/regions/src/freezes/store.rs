//! All SQL of freezes across regions.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::rules::State;

/// A freeze across regions as one side has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Across {
    /// The other region.
    pub region: String,
    /// 32 hexadecimal digits.
    pub id: String,
    /// Whether they asked us.
    pub theirs: bool,
    /// Where it stands.
    pub state: State,
    /// `ok`, or why home did not freeze.
    pub result: String,
    /// The person's name, masked.
    pub name: String,
    /// Home: the person.
    pub person: Option<Id>,
    /// Home: the freeze.
    pub freeze: Option<Id>,
    /// Code of the scope.
    pub scope: String,
    /// Code of the reason.
    pub reason: String,
    /// Why, in words.
    pub words: String,
    /// Who asked.
    pub by_name: String,
    /// When.
    pub at: Utc,
    /// When home answered.
    pub answered_at: Option<Utc>,
    /// When it ended.
    pub thawed_at: Option<Utc>,
    /// A thaw that waits for its second officer.
    pub approval: Option<Id>,
    /// The home region asks for the end: why.
    pub plea: String,
    /// When it did.
    pub plea_at: Option<Utc>,
    /// Rises with each change.
    pub version: i64,
}

const COLUMNS: &str = "region, id, way, state, result, name, person_id, freeze_id, scope, reason,
    words, by_name, at, answered_at, thawed_at, approval, plea, plea_at, version";

fn read(row: &Row) -> Result<Across, DbError> {
    let state = State::from_code(&row.get::<String>(3)?);
    Ok(Across {
        region: row.get(0)?,
        id: row.get(1)?,
        theirs: row.get::<String>(2)? == "in",
        state: state.ok_or_else(|| DbError::Engine("an unknown state is stored".to_owned()))?,
        result: row.get(4)?,
        name: row.get(5)?,
        person: row.get(6)?,
        freeze: row.get(7)?,
        scope: row.get(8)?,
        reason: row.get(9)?,
        words: row.get(10)?,
        by_name: row.get(11)?,
        at: row.get(12)?,
        answered_at: row.get(13)?,
        thawed_at: row.get(14)?,
        approval: row.get(15)?,
        plea: row.get(16)?,
        plea_at: row.get(17)?,
        version: row.get(18)?,
    })
}

pub(crate) fn one(tx: &mut Tx<'_>, region: &str, id: &str) -> Result<Option<Across>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM region_freeze WHERE region = $1 AND id = $2");
    tx.optional(&sql, &[v(region), v(id)])?.as_ref().map(read).transpose()
}

/// The newest, those in force first.
pub(crate) fn newest(tx: &mut Tx<'_>) -> Result<Vec<Across>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM region_freeze
         ORDER BY CASE WHEN state IN ('asked', 'frozen') THEN 0 ELSE 1 END, at DESC LIMIT 100"
    );
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// How many a region asked us for since a moment.
pub(crate) fn count_since(tx: &mut Tx<'_>, region: &str, since: Utc) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM region_freeze WHERE region = $1 AND way = 'in' AND at >= $2";
    tx.one(sql, &[v(region), v(since)])?.get(0)
}

pub(crate) fn insert(tx: &mut Tx<'_>, one: &Across) -> Result<(), DbError> {
    let sql =
        "INSERT INTO region_freeze (region, id, way, state, result, name, person_id, freeze_id,
                   scope, reason, words, by_name, at, answered_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let way = if one.theirs { "in" } else { "out" };
    let values = [
        v(&one.region),
        v(&one.id),
        v(way),
        v(one.state.code()),
        v(&one.result),
        v(&one.name),
        v(one.person),
        v(one.freeze),
        v(&one.scope),
        v(&one.reason),
        v(&one.words),
        v(&one.by_name),
        v(one.at),
        v(one.answered_at),
    ];
    tx.execute(sql, &values).map(drop)
}

/// Keeps what changes over time.
pub(crate) fn update(tx: &mut Tx<'_>, one: &Across) -> Result<(), DbError> {
    let sql = "UPDATE region_freeze SET state = $1, result = $2, answered_at = $3, thawed_at = $4,
                   approval = $5, plea = $6, plea_at = $7, version = version + 1
               WHERE region = $8 AND id = $9 AND version = $10";
    let set = [
        v(one.state.code()),
        v(&one.result),
        v(one.answered_at),
        v(one.thawed_at),
        v(one.approval),
        v(&one.plea),
        v(one.plea_at),
    ];
    let key = [v(&one.region), v(&one.id), v(one.version)];
    tx.execute_one(sql, &[&set[..], &key[..]].concat())
}
