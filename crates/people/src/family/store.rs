//! All SQL of family links.

use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::rules::Link;

const COLUMNS: &str = "person_id, id, relative_id, relation, as_guardian, asked_at, confirmed_at";

fn read(row: &Row) -> Result<Link, DbError> {
    Ok(Link {
        person: row.get(0)?,
        id: row.get(1)?,
        relative: row.get(2)?,
        relation: row.get(3)?,
        as_guardian: row.get(4)?,
        asked_at: row.get(5)?,
        confirmed_at: row.get(6)?,
    })
}

/// Enters a link.
///
/// # Errors
/// [`DbError::Unique`] when the two are linked already.
pub fn insert(tx: &mut Tx<'_>, link: &Link) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO family_link (person_id, id, relative_id, relation, as_guardian, live, asked_at,
                                  confirmed_at)
         VALUES ($1, $2, $3, $4, $5, TRUE, $6, $7)",
        &[
            v(link.person),
            v(link.id),
            v(link.relative),
            v(&link.relation),
            v(link.as_guardian),
            v(link.asked_at),
            v(link.confirmed_at),
        ],
    )
    .map(drop)
}

fn live(tx: &mut Tx<'_>, column: &str, records: &[Id]) -> Result<Vec<Link>, DbError> {
    let keys: Vec<Value<'_>> = records.iter().map(|id| v(*id)).collect();
    let sql = format!("SELECT {COLUMNS} FROM family_link WHERE {column} IN (#) AND live");
    let mut links = tx.query_in(&sql, &keys)?.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    links.sort_by_key(|link| link.id);
    Ok(links)
}

/// Live links that these records asked for, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn asked_by(tx: &mut Tx<'_>, records: &[Id]) -> Result<Vec<Link>, DbError> {
    live(tx, "person_id", records)
}

/// Live links in which these records are the relative, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn asked_of(tx: &mut Tx<'_>, records: &[Id]) -> Result<Vec<Link>, DbError> {
    live(tx, "relative_id", records)
}

/// The relative said yes.
///
/// # Errors
/// [`DbError::Conflict`] when the link changed meanwhile.
pub fn confirm(tx: &mut Tx<'_>, link: &Link, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE family_link SET confirmed_at = $1
               WHERE person_id = $2 AND id = $3 AND live AND confirmed_at IS NULL";
    tx.execute_one(sql, &[v(now), v(link.person), v(link.id)])
}

/// Ends a link.
///
/// # Errors
/// [`DbError::Conflict`] when it has ended meanwhile.
pub fn end(tx: &mut Tx<'_>, link: &Link, by: Id, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE family_link SET live = FALSE, ended_at = $1, ended_by = $2
               WHERE person_id = $3 AND id = $4 AND live";
    tx.execute_one(sql, &[v(now), v(by), v(link.person), v(link.id)])
}
