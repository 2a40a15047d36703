//! What banks told by themselves, and the files that came in.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

/// Notes an event; `None` when it is new, else the digest and result of the first time.
///
/// # Errors
/// See [`DbError`].
pub fn known(tx: &mut Tx<'_>, bank: Id, event: &str) -> Result<Option<(Vec<u8>, String)>, DbError> {
    let sql = "SELECT digest, result FROM bank_event WHERE bank_id = $1 AND event_id = $2";
    let row = tx.optional(sql, &[v(bank), v(event)])?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?))).transpose()
}

/// Enters an event with what became of it.
///
/// # Errors
/// [`DbError::Conflict`] when the same came in at the same moment.
pub fn insert(
    tx: &mut Tx<'_>,
    bank: Id,
    event: &str,
    digest: &[u8; 32],
    result: &str,
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO bank_event (bank_id, event_id, digest, result, at)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    tx.execute_one(sql, &[v(bank), v(event), v(digest), v(result), v(now)])
}

/// A file that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingFile {
    /// Its id.
    pub id: Id,
    /// The bank.
    pub bank: Id,
    /// Its name.
    pub name: String,
    /// When it was read.
    pub at: Utc,
    /// Lines in it.
    pub lines: i64,
    /// Lines that were carried out.
    pub applied: i64,
    /// Why the whole file was put aside; empty when it was read.
    pub fault: String,
}

/// Whether a file with this content was read before.
///
/// # Errors
/// See [`DbError`].
pub fn file_known(tx: &mut Tx<'_>, bank: Id, digest: &[u8; 32]) -> Result<bool, DbError> {
    let sql = "SELECT 1 FROM bank_file WHERE bank_id = $1 AND digest = $2";
    Ok(tx.optional(sql, &[v(bank), v(digest)])?.is_some())
}

/// Enters a file with the faults of its lines.
///
/// # Errors
/// See [`DbError`].
pub fn insert_file(
    tx: &mut Tx<'_>,
    file: &IncomingFile,
    digest: &[u8; 32],
    faults: &[(i64, String)],
) -> Result<(), DbError> {
    let sql = "INSERT INTO bank_file (id, bank_id, name, digest, at, lines, applied, fault)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";
    tx.execute(
        sql,
        &[
            v(file.id),
            v(file.bank),
            v(&file.name),
            v(digest),
            v(file.at),
            v(file.lines),
            v(file.applied),
            v(&file.fault),
        ],
    )?;
    let rows: Vec<_> =
        faults.iter().map(|(line, fault)| vec![v(file.id), v(*line), v(fault)]).collect();
    tx.insert_rows("bank_file_fault (file_id, line, fault)", "", &rows).map(drop)
}

/// The newest files, of one bank or of all.
///
/// # Errors
/// See [`DbError`].
pub fn files(tx: &mut Tx<'_>, bank: Option<Id>, most: i64) -> Result<Vec<IncomingFile>, DbError> {
    let sql = "SELECT id, bank_id, name, at, lines, applied, fault FROM bank_file
               WHERE bank_id = $1 OR $2 ORDER BY id DESC LIMIT $3";
    let read = |row: &Row| {
        Ok(IncomingFile {
            id: row.get(0)?,
            bank: row.get(1)?,
            name: row.get(2)?,
            at: row.get(3)?,
            lines: row.get(4)?,
            applied: row.get(5)?,
            fault: row.get(6)?,
        })
    };
    let any = v(bank.is_none());
    tx.query(sql, &[v(bank.unwrap_or_default()), any, v(most)])?.iter().map(read).collect()
}

/// The faults of a file's lines.
///
/// # Errors
/// See [`DbError`].
pub fn faults(tx: &mut Tx<'_>, file: Id) -> Result<Vec<(i64, String)>, DbError> {
    let sql = "SELECT line, fault FROM bank_file_fault WHERE file_id = $1 ORDER BY line LIMIT 500";
    let rows = tx.query(sql, &[v(file)])?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}
