//! All SQL of the vault.

use kernel::db::{DbError, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use time::Date;

use super::rules::{EvidenceKind, Media};

/// A piece of evidence without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The record it was taken for; that record may be merged by now.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// What it shows.
    pub kind: EvidenceKind,
    /// What the content is.
    pub media: Media,
    /// Bytes of the content.
    pub size: i64,
    /// SM3 of the content.
    pub digest: [u8; 32],
    /// Why it was taken.
    pub purpose: String,
    /// Account of the clerk.
    pub taken_by: Id,
    /// His name at that time.
    pub taken_by_name: String,
    /// When.
    pub taken_at: Utc,
    /// Last day of keeping.
    pub keep_until: Date,
    /// When the content was deleted.
    pub removed_at: Option<Utc>,
}

const COLUMNS: &str = "person_id, id, kind, media, size, digest, purpose, taken_by, taken_by_name, \
     taken_at, keep_until, removed_at";

fn read(row: &Row) -> Result<Evidence, DbError> {
    let bad = || DbError::Engine("a piece of evidence cannot be read".to_owned());
    Ok(Evidence {
        person: row.get(0)?,
        id: row.get(1)?,
        kind: EvidenceKind::from_code(&row.get::<String>(2)?).ok_or_else(bad)?,
        media: Media::from_code(&row.get::<String>(3)?).ok_or_else(bad)?,
        size: row.get(4)?,
        digest: row.get(5)?,
        purpose: row.get(6)?,
        taken_by: row.get(7)?,
        taken_by_name: row.get(8)?,
        taken_at: row.get(9)?,
        keep_until: parse_day(&row.get::<String>(10)?).ok_or_else(bad)?,
        removed_at: row.get(11)?,
    })
}

/// Enters a piece with its sealed content.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, one: &Evidence, sealed: &[u8]) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO person_evidence (person_id, id, kind, media, size, digest, purpose, taken_by,
                                      taken_by_name, taken_at, keep_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            v(one.person),
            v(one.id),
            v(one.kind.code()),
            v(one.media.code()),
            v(one.size),
            v(&one.digest),
            v(&one.purpose),
            v(one.taken_by),
            v(&one.taken_by_name),
            v(one.taken_at),
            v(day_text(one.keep_until)),
        ],
    )?;
    let sql = "INSERT INTO person_evidence_content (person_id, id, sealed) VALUES ($1, $2, $3)";
    tx.execute(sql, &[v(one.person), v(one.id), v(sealed)]).map(drop)
}

/// All pieces of these records, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of(tx: &mut Tx<'_>, records: &[Id]) -> Result<Vec<Evidence>, DbError> {
    let keys: Vec<Value<'_>> = records.iter().map(|id| v(*id)).collect();
    let sql = format!("SELECT {COLUMNS} FROM person_evidence WHERE person_id IN (#)");
    let rows = tx.query_in(&sql, &keys)?;
    let mut all = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|one| std::cmp::Reverse(one.id));
    Ok(all)
}

/// The sealed content, while it is kept.
///
/// # Errors
/// See [`DbError`].
pub fn content(tx: &mut Tx<'_>, one: &Evidence) -> Result<Option<Vec<u8>>, DbError> {
    let sql = "SELECT sealed FROM person_evidence_content WHERE person_id = $1 AND id = $2";
    tx.optional(sql, &[v(one.person), v(one.id)])?.map(|row| row.get(0)).transpose()
}

/// Pieces whose days are over and whose content is still there, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn due(tx: &mut Tx<'_>, today: Date, most: i64) -> Result<Vec<Evidence>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM person_evidence WHERE removed_at IS NULL AND keep_until < $1
         ORDER BY keep_until LIMIT $2"
    );
    tx.query(&sql, &[v(day_text(today)), v(most)])?.iter().map(read).collect()
}

/// Deletes the content; the record with its digest stays.
///
/// # Errors
/// [`DbError::Conflict`] when it is deleted already.
pub fn remove(tx: &mut Tx<'_>, one: &Evidence, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE person_evidence SET removed_at = $1
               WHERE person_id = $2 AND id = $3 AND removed_at IS NULL";
    tx.execute_one(sql, &[v(now), v(one.person), v(one.id)])?;
    let sql = "DELETE FROM person_evidence_content WHERE person_id = $1 AND id = $2";
    tx.execute(sql, &[v(one.person), v(one.id)]).map(drop)
}
