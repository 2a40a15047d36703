//! The records of one person: a merged record stays and leads to the one that lives on (Art. 5).

use kernel::db::{DbError, Tx, Value, v};
use kernel::id::Id;
use kernel::journal::{self, Stored};

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

/// Claims a living record until the transaction ends: whoever counts what a person has, and adds to it,
/// does so alone.
///
/// # Errors
/// See [`DbError`].
pub fn claim(tx: &mut Tx<'_>, living: Id) -> Result<(), DbError> {
    tx.execute_one("UPDATE person SET version = version WHERE id = $1", &[v(living)])
}

/// What the journal says about a person, of all his records, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn entries(tx: &mut Tx<'_>, person: Id, before: Id, most: i64) -> Result<Vec<Stored>, DbError> {
    let mut all = Vec::new();
    for record in of(tx, person)? {
        all.extend(journal::about(tx, record, before, most)?);
    }
    all.sort_by_key(|entry| std::cmp::Reverse(entry.id));
    all.truncate(usize::try_from(most).unwrap_or_default());
    Ok(all)
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
