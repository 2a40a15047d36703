//! All SQL of production.

pub mod batches;
pub mod delivery;
pub mod files;
pub mod instant;
pub mod numbers;
pub mod stock;

use std::collections::HashMap;

use kernel::db::{DbError, Tx, Value, v};
use kernel::id::Id;
use kernel::law::Text;

/// Who works on a card: one batch or one counter, never two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    /// Whose card.
    pub person: Id,
    /// The card.
    pub card: Id,
    /// The batch or the instant issue.
    pub holder: Id,
}

/// Claims cards; tells for each whether it was free.
///
/// # Errors
/// See [`DbError`].
pub fn claim(tx: &mut Tx<'_>, kind: &str, claims: &[Claim]) -> Result<Vec<bool>, DbError> {
    let row = |claim: &Claim| vec![v(claim.person), v(claim.card), v(kind), v(claim.holder)];
    let rows: Vec<Vec<Value<'_>>> = claims.iter().map(row).collect();
    let target = "production_claim (person_id, card_id, kind, holder_id)";
    tx.insert_rows(target, "ON CONFLICT DO NOTHING", &rows)
}

/// Gives a card free for another attempt, or because it is made.
///
/// # Errors
/// [`DbError::Conflict`] when it was not claimed.
pub fn release(tx: &mut Tx<'_>, person: Id, card: Id) -> Result<(), DbError> {
    let sql = "DELETE FROM production_claim WHERE person_id = $1 AND card_id = $2";
    tx.execute_one(sql, &[v(person), v(card)])
}

/// Whether somebody makes this card.
///
/// # Errors
/// See [`DbError`].
pub fn is_claimed(tx: &mut Tx<'_>, person: Id, card: Id) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM production_claim WHERE person_id = $1 AND card_id = $2";
    Ok(tx.optional(sql, &[v(person), v(card)])?.is_some())
}

/// Names of organisations of a kind, with their divisions.
///
/// # Errors
/// See [`DbError`].
pub fn orgs(tx: &mut Tx<'_>, kind: &str) -> Result<Vec<(Id, Text, String)>, DbError> {
    let sql = "SELECT id, name_zh, name_en, division FROM org
               WHERE kind = $1 AND closed_at IS NULL ORDER BY division, name_zh";
    let rows = tx.query(sql, &[v(kind)])?;
    let read = |row: &kernel::db::Row| {
        Ok((row.get(0)?, Text::new(row.get::<String>(1)?, row.get::<String>(2)?), row.get(3)?))
    };
    rows.iter().map(read).collect()
}

/// Names and divisions of these organisations.
///
/// # Errors
/// See [`DbError`].
pub fn org_names(
    tx: &mut Tx<'_>,
    ids: impl IntoIterator<Item = Id>,
) -> Result<HashMap<Id, (Text, String)>, DbError> {
    let keys: Vec<Value<'_>> = ids.into_iter().map(v).collect();
    let sql = "SELECT id, name_zh, name_en, division FROM org WHERE id IN (#)";
    let mut names = HashMap::new();
    for row in tx.query_in(sql, &keys)? {
        let name = Text::new(row.get::<String>(1)?, row.get::<String>(2)?);
        names.insert(row.get(0)?, (name, row.get(3)?));
    }
    Ok(names)
}

/// A stored code that this program does not know.
fn unknown(what: &str) -> DbError {
    DbError::Engine(format!("{what} cannot be read"))
}
