//! The records of one person: a merged record stays and leads to the one that lives on (Art. 5).

use kernel::db::{DbError, Tx, Value, v};
use kernel::id::Id;

/// A chain of merges longer than this is a fault of the data, not a family of records.
const LONGEST_CHAIN: usize = 32;

/// The record that lives on behind `id`: itself when it was never merged; `None` when there is none.
///
/// # Errors
/// See [`DbError`].
pub fn living(tx: &mut Tx<'_>, id: Id) -> Result<Option<Id>, DbError> {
    let mut at = id;
    for _ in 0..LONGEST_CHAIN {
        let row = tx.optional("SELECT merged_into FROM person WHERE id = $1", &[v(at)])?;
        let Some(row) = row else { return Ok(None) };
        match row.get::<Option<Id>>(0)? {
            None => return Ok(Some(at)),
            Some(next) => at = next,
        }
    }
    Err(DbError::Engine("a circle of merged records".to_owned()))
}

/// All records of the person behind `id`, the living one first, then those merged into it.
///
/// # Errors
/// See [`DbError`].
pub fn of(tx: &mut Tx<'_>, id: Id) -> Result<Vec<Id>, DbError> {
    let Some(living) = living(tx, id)? else { return Ok(Vec::new()) };
    let mut all = vec![living];
    let mut ring = all.clone();
    while !ring.is_empty() && all.len() < 1_000 {
        let keys: Vec<Value<'_>> = ring.iter().map(|id| v(*id)).collect();
        let rows = tx.query_in("SELECT id FROM person WHERE merged_into IN (#)", &keys)?;
        ring = rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?;
        all.extend(&ring);
    }
    Ok(all)
}
