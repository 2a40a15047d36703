//! SQL of evidence.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

/// A piece of evidence without its content.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Its id.
    pub id: Id,
    /// What it shows, sealed.
    pub title: Vec<u8>,
    /// Media type.
    pub media: String,
    /// Bytes.
    pub size: i64,
    /// SM3 of the content.
    pub digest: Vec<u8>,
    /// The journal entry that has the digest too.
    pub entry: Id,
    /// Account of whoever took it.
    pub taken_by: Id,
    /// His name then.
    pub taken_name: String,
    /// When.
    pub taken_at: Utc,
}

/// Enters a piece with its sealed content.
///
/// # Errors
/// See [`DbError`].
pub fn insert_piece(
    tx: &mut Tx<'_>,
    case: Id,
    piece: &Piece,
    sealed: &[u8],
) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO conduct_evidence (case_id, id, title, media, size, digest, entry_id, taken_by,
                                       taken_name, taken_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            v(case),
            v(piece.id),
            v(piece.title.as_slice()),
            v(&piece.media),
            v(piece.size),
            v(piece.digest.as_slice()),
            v(piece.entry),
            v(piece.taken_by),
            v(&piece.taken_name),
            v(piece.taken_at),
        ],
    )?;
    let sql = "INSERT INTO conduct_evidence_content (case_id, id, sealed) VALUES ($1, $2, $3)";
    tx.execute(sql, &[v(case), v(piece.id), v(sealed)]).map(drop)
}

/// All pieces of a case, first to last.
///
/// # Errors
/// See [`DbError`].
pub fn pieces(tx: &mut Tx<'_>, case: Id) -> Result<Vec<Piece>, DbError> {
    let sql = "SELECT id, title, media, size, digest, entry_id, taken_by, taken_name, taken_at
               FROM conduct_evidence WHERE case_id = $1 ORDER BY id";
    let read = |row: &Row| {
        Ok(Piece {
            id: row.get(0)?,
            title: row.get(1)?,
            media: row.get(2)?,
            size: row.get(3)?,
            digest: row.get(4)?,
            entry: row.get(5)?,
            taken_by: row.get(6)?,
            taken_name: row.get(7)?,
            taken_at: row.get(8)?,
        })
    };
    tx.query(sql, &[v(case)])?.iter().map(read).collect()
}

/// The sealed content of a piece.
///
/// # Errors
/// See [`DbError`].
pub fn content(tx: &mut Tx<'_>, case: Id, id: Id) -> Result<Option<Vec<u8>>, DbError> {
    let sql = "SELECT sealed FROM conduct_evidence_content WHERE case_id = $1 AND id = $2";
    tx.optional(sql, &[v(case), v(id)])?.map(|row| row.get(0)).transpose()
}
