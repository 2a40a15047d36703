//! Files of orders to banks.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::time::Utc;

use super::known;
use crate::payments::rules::files::FileState;

/// A file of orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its id; the bank knows it by this.
    pub id: Id,
    /// Batch.
    pub batch: Id,
    /// Bank.
    pub bank: Id,
    /// Least id of its payments.
    pub from: i64,
    /// Greatest id of its payments.
    pub to: i64,
    /// Number of payments.
    pub lines: i64,
    /// Sum in fen.
    pub fen: i64,
    /// State.
    pub state: FileState,
    /// Whether the bank ever had it.
    pub taken: bool,
    /// SM3 of what leaves.
    pub digest: Vec<u8>,
    /// How often it left or was asked after.
    pub tries: i64,
    /// When it left last.
    pub sent_at: Option<Utc>,
    /// The bank's last word about the whole file.
    pub said: String,
    /// Journal entry of the intent.
    pub entry: Id,
    /// Rises with each change.
    pub version: i64,
}

impl File {
    /// The ends of its range of payments.
    pub fn ends(&self) -> (i64, i64) {
        (self.from, self.to)
    }
}

const COLUMNS: &str = "id, batch_id, bank_id, from_id, to_id, lines, fen, state, taken, digest, tries, \
     sent_at, said, entry_id, version";

fn read(row: &Row) -> Result<File, DbError> {
    let state: String = row.get(7)?;
    Ok(File {
        id: row.get(0)?,
        batch: row.get(1)?,
        bank: row.get(2)?,
        from: row.get(3)?,
        to: row.get(4)?,
        lines: row.get(5)?,
        fen: row.get(6)?,
        state: known(FileState::from_code(&state), "state of a file")?,
        taken: row.get(8)?,
        digest: row.get(9)?,
        tries: row.get(10)?,
        sent_at: row.get(11)?,
        said: row.get(12)?,
        entry: row.get(13)?,
        version: row.get(14)?,
    })
}

/// The intent: a new file with what will leave, sealed.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, file: &File, body: Vec<u8>, now: Utc) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO pay_file (id, batch_id, bank_id, from_id, to_id, lines, fen, state, taken, body,
             digest, tries, next_at, created_at, said, entry_id, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'intent', FALSE, $8, $9, 0, $10, $10, '', $11, 1)",
        &[
            v(file.id),
            v(file.batch),
            v(file.bank),
            v(file.from),
            v(file.to),
            v(file.lines),
            v(file.fen),
            v(body),
            v(file.digest.as_slice()),
            v(now),
            v(file.entry),
        ],
    )
    .map(drop)
}

/// One file.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<File>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM pay_file WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// The sealed content of a file.
///
/// # Errors
/// See [`DbError`].
pub fn body(tx: &mut Tx<'_>, id: Id) -> Result<Option<Vec<u8>>, DbError> {
    tx.one("SELECT body FROM pay_file WHERE id = $1", &[v(id)])?.get(0)
}

/// Files of a batch, in order.
///
/// # Errors
/// See [`DbError`].
pub fn of_batch(tx: &mut Tx<'_>, batch: Id, most: i64) -> Result<Vec<File>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM pay_file WHERE batch_id = $1 ORDER BY id LIMIT $2");
    tx.query(&sql, &[v(batch), v(most)])?.iter().map(read).collect()
}

/// Files that are due: to leave, or to be asked after.
///
/// # Errors
/// See [`DbError`].
pub fn due(tx: &mut Tx<'_>, now: Utc, most: i64) -> Result<Vec<File>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM pay_file
         WHERE state IN ('intent', 'sending', 'sent', 'unknown') AND next_at <= $1
         ORDER BY next_at, id LIMIT $2"
    );
    tx.query(&sql, &[v(now), v(most)])?.iter().map(read).collect()
}

/// A file's new state, with the moment at which it is looked at again.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set(
    tx: &mut Tx<'_>,
    file: &File,
    state: FileState,
    taken: bool,
    next: Utc,
    said: &str,
) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE pay_file SET state = $1, taken = $2, next_at = $3, said = $4, tries = tries + 1,
             version = version + 1
         WHERE id = $5 AND version = $6",
        &[v(state.code()), v(taken), v(next), v(said), v(file.id), v(file.version)],
    )
}

/// It leaves now.
///
/// # Errors
/// [`DbError::Conflict`] when it was changed meanwhile.
pub fn set_sending(tx: &mut Tx<'_>, file: &File, now: Utc, next: Utc) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE pay_file SET state = 'sending', sent_at = $1, next_at = $2, tries = tries + 1,
             version = version + 1
         WHERE id = $3 AND version = $4 AND state = 'intent'",
        &[v(now), v(next), v(file.id), v(file.version)],
    )
}

/// Names and accounts are not kept longer than the file is open (Art. 19).
///
/// # Errors
/// See [`DbError`].
pub fn forget_settled(tx: &mut Tx<'_>, before: Utc) -> Result<u64, DbError> {
    let sql = "UPDATE pay_file SET body = NULL
               WHERE state IN ('settled', 'refused') AND created_at < $1 AND body IS NOT NULL";
    tx.execute(sql, &[v(before)])
}
