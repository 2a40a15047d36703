//! All SQL of agreements.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::rules::{Accord, Stand};

/// An agreement with both sides' stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What is agreed.
    pub accord: Accord,
    /// The other region.
    pub region: String,
    /// When it came to be known here.
    pub made_at: Utc,
    /// Our stand, document and reason.
    pub ours: Side,
    /// Theirs.
    pub theirs: Side,
    /// Laid before the approver here.
    pub approval: Option<Id>,
    /// Who took note of it for the region's authority, and when.
    pub filed: Option<(String, Utc)>,
    version: i64,
}

/// One side's stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// How far.
    pub stand: Stand,
    /// Number of the document.
    pub document: String,
    /// Why it was refused or ended.
    pub why: String,
    /// Since when.
    pub at: Option<Utc>,
}

impl Kept {
    /// Whether it counts on this day.
    pub fn in_force(&self, now: Utc) -> bool {
        super::rules::in_force(&self.accord, self.ours.stand, self.theirs.stand, now.day())
    }
}

const COLUMNS: &str = "text, region, made_at, ours, our_document, our_why, our_at,
    theirs, their_document, their_why, their_at, approval, filed_by, filed_at, version";

fn read(row: &Row) -> Result<Kept, DbError> {
    let broken = || DbError::Engine("a stored agreement cannot be read".to_owned());
    let stand = |place| {
        row.get::<String>(place).and_then(|code| Stand::from_code(&code).ok_or_else(broken))
    };
    let (filed_by, filed_at): (String, Option<Utc>) = (row.get(12)?, row.get(13)?);
    Ok(Kept {
        accord: serde_json::from_str(&row.get::<String>(0)?).map_err(|_| broken())?,
        region: row.get(1)?,
        made_at: row.get(2)?,
        ours: Side { stand: stand(3)?, document: row.get(4)?, why: row.get(5)?, at: row.get(6)? },
        theirs: Side {
            stand: stand(7)?,
            document: row.get(8)?,
            why: row.get(9)?,
            at: row.get(10)?,
        },
        approval: row.get(11)?,
        filed: filed_at.map(|at| (filed_by, at)),
        version: row.get(14)?,
    })
}

pub(crate) fn one(tx: &mut Tx<'_>, id: &str) -> Result<Option<Kept>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM accord WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// The newest agreements.
pub(crate) fn all(tx: &mut Tx<'_>) -> Result<Vec<Kept>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM accord ORDER BY made_at DESC, id LIMIT 500");
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// How many a region proposed since a moment.
pub(crate) fn count_since(tx: &mut Tx<'_>, region: &str, since: Utc) -> Result<i64, DbError> {
    let sql = "SELECT COUNT(*) FROM accord WHERE region = $1 AND made_at >= $2";
    tx.one(sql, &[v(region), v(since)])?.get(0)
}

/// Keeps an agreement that nobody decided on yet.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    accord: &Accord,
    region: &str,
    now: Utc,
) -> Result<Kept, DbError> {
    let sql = "INSERT INTO accord (id, region, kind, text, digest, made_at, ours, theirs)
               VALUES ($1, $2, $3, $4, $5, $6, 'open', 'open')";
    let text = serde_json::to_string(accord).expect("plain data");
    let key = [v(&accord.id), v(region), v(accord.kind.code())];
    tx.execute(sql, &[&key[..], &[v(text), v(accord.digest()), v(now)]].concat())?;
    one(tx, &accord.id)?.ok_or(DbError::Conflict)
}

/// Notes that it was laid before the approver; `None` when he has decided.
pub(crate) fn lay(tx: &mut Tx<'_>, kept: &Kept, approval: Option<Id>) -> Result<(), DbError> {
    let sql = "UPDATE accord SET approval = $1, version = version + 1
               WHERE id = $2 AND version = $3";
    changed(tx.execute(sql, &[v(approval), v(&kept.accord.id), v(kept.version)])?)
}

fn changed(rows: u64) -> Result<(), DbError> {
    if rows == 1 { Ok(()) } else { Err(DbError::Conflict) }
}

/// Our stand.
pub(crate) fn stand(tx: &mut Tx<'_>, kept: &Kept, side: &Side) -> Result<(), DbError> {
    let sql = "UPDATE accord SET ours = $1, our_document = $2, our_why = $3, our_at = $4,
                   approval = NULL, version = version + 1 WHERE id = $5 AND version = $6";
    let Side { stand, document, why, at } = side;
    let key = [v(&kept.accord.id), v(kept.version)];
    let said = [v(stand.code()), v(document), v(why), v(*at)];
    changed(tx.execute(sql, &[&said[..], &key[..]].concat())?)
}

/// Theirs.
pub(crate) fn hear(tx: &mut Tx<'_>, kept: &Kept, side: &Side) -> Result<(), DbError> {
    let sql = "UPDATE accord SET theirs = $1, their_document = $2, their_why = $3, their_at = $4,
                   version = version + 1 WHERE id = $5 AND version = $6";
    let Side { stand, document, why, at } = side;
    let key = [v(&kept.accord.id), v(kept.version)];
    let said = [v(stand.code()), v(document), v(why), v(*at)];
    changed(tx.execute(sql, &[&said[..], &key[..]].concat())?)
}

/// The region's authority took note of it.
pub(crate) fn file(tx: &mut Tx<'_>, kept: &Kept, by: &str, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE accord SET filed_by = $1, filed_at = $2, version = version + 1
               WHERE id = $3 AND version = $4";
    changed(tx.execute(sql, &[v(by), v(now), v(&kept.accord.id), v(kept.version)])?)
}

/// Counts a question of the day; false when that is one too many.
pub(crate) fn count(
    tx: &mut Tx<'_>,
    accord: &Accord,
    way: &str,
    day: &str,
) -> Result<bool, DbError> {
    let sql = "INSERT INTO accord_asked (accord, way, day, asked) VALUES ($1, $2, $3, 0)
               ON CONFLICT (accord, way, day) DO NOTHING";
    tx.execute(sql, &[v(&accord.id), v(way), v(day)])?;
    let sql = "UPDATE accord_asked SET asked = asked + 1
               WHERE accord = $1 AND way = $2 AND day = $3 AND asked < $4";
    Ok(tx.execute(sql, &[v(&accord.id), v(way), v(day), v(accord.per_day)])? == 1)
}

/// Keeps the id of a question; false when it came before, and then nothing is written.
pub(crate) fn take_question(
    tx: &mut Tx<'_>,
    region: &str,
    id: &str,
    now: Utc,
) -> Result<bool, DbError> {
    let came = "SELECT 1 FROM accord_question WHERE region = $1 AND id = $2";
    if tx.optional(came, &[v(region), v(id)])?.is_some() {
        return Ok(false);
    }
    let sql = "INSERT INTO accord_question (region, id, at) VALUES ($1, $2, $3)
               ON CONFLICT (region, id) DO NOTHING";
    // The same question twice at the same moment: the loser is run again, and finds it.
    tx.execute_one(sql, &[v(region), v(id), v(now)]).map(|()| true)
}

/// Forgets ids of questions of before: their signature has run out long ago.
pub(crate) fn forget(tx: &mut Tx<'_>, before: Utc) -> Result<u64, DbError> {
    tx.execute("DELETE FROM accord_question WHERE at < $1", &[v(before)])
}
