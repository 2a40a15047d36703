//! What banks told.

use kernel::db::{BulkRows, DbError, Kind, Row, Tx, Value, v};
use kernel::id::Id;
use kernel::time::Utc;

/// A report that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its id here.
    pub id: Id,
    /// Bank.
    pub bank: Id,
    /// The bank's own number of it.
    pub number: String,
    /// File that it is about.
    pub file: Option<Id>,
    /// `receipt`, `result`, `statement`.
    pub kind: String,
    /// SM3 of what came.
    pub digest: Vec<u8>,
    /// Number of lines.
    pub lines: i64,
    /// Lines that are taken in.
    pub done: i64,
    /// Lines that told nothing new.
    pub duplicates: i64,
    /// Lines that came after the deadline.
    pub late: i64,
    /// When it came.
    pub at: Utc,
    /// Journal entry of its arrival.
    pub entry: Id,
}

const COLUMNS: &str =
    "id, bank_id, number, file_id, kind, digest, lines, done, duplicates, late, at, entry_id";

fn read(row: &Row) -> Result<Stored, DbError> {
    Ok(Stored {
        id: row.get(0)?,
        bank: row.get(1)?,
        number: row.get(2)?,
        file: row.get(3)?,
        kind: row.get(4)?,
        digest: row.get(5)?,
        lines: row.get(6)?,
        done: row.get(7)?,
        duplicates: row.get(8)?,
        late: row.get(9)?,
        at: row.get(10)?,
        entry: row.get(11)?,
    })
}

/// A report by the bank's own number.
///
/// # Errors
/// See [`DbError`].
pub fn by_number(tx: &mut Tx<'_>, bank: Id, number: &str) -> Result<Option<Stored>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM pay_report WHERE bank_id = $1 AND number = $2");
    tx.optional(&sql, &[v(bank), v(number)])?.as_ref().map(read).transpose()
}

/// A report.
///
/// # Errors
/// See [`DbError`].
pub fn get(tx: &mut Tx<'_>, id: Id) -> Result<Option<Stored>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM pay_report WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// A new report of which nothing is taken in.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, report: &Stored) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO pay_report (id, bank_id, number, file_id, kind, digest, lines, done, duplicates,
             late, at, entry_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0, $8, $9)",
        &[
            v(report.id),
            v(report.bank),
            v(&report.number),
            v(report.file),
            v(&report.kind),
            v(report.digest.as_slice()),
            v(report.lines),
            v(report.at),
            v(report.entry),
        ],
    )
    .map(drop)
}

/// Lines from `from` to `to` are taken in.
///
/// # Errors
/// [`DbError::Conflict`] when another worker did it.
pub fn set_done(
    tx: &mut Tx<'_>,
    id: Id,
    (from, to): (i64, i64),
    duplicates: i64,
    late: i64,
) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE pay_report SET done = $1, duplicates = duplicates + $2, late = late + $3
         WHERE id = $4 AND done = $5",
        &[v(to), v(duplicates), v(late), v(id), v(from)],
    )
}

/// The table of results, for a stream.
pub const RESULTS: BulkRows = BulkRows {
    table: "pay_result",
    columns: &[
        ("report_id", Kind::Int),
        ("seq", Kind::Int),
        ("payment_id", Kind::Int),
        ("fen", Kind::Int),
        ("word", Kind::Text),
        ("meaning", Kind::Text),
        ("reason", Kind::Text),
        ("said", Kind::Text),
        ("at", Kind::Int),
    ],
};

/// Keeps lines as they were told.
///
/// # Errors
/// See [`DbError`].
pub fn keep(tx: &mut Tx<'_>, rows: Vec<Vec<Value<'static>>>) -> Result<u64, DbError> {
    tx.bulk(RESULTS, &mut rows.into_iter())
}

/// What a bank told of one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Report.
    pub report: Id,
    /// Line in it.
    pub seq: i64,
    /// Amount, fen.
    pub fen: i64,
    /// `paid`, `returned`, `pending`.
    pub word: String,
    /// What it meant.
    pub meaning: String,
    /// Why it came back.
    pub reason: String,
    /// The bank's own number or code.
    pub said: String,
    /// When.
    pub at: Utc,
}

/// All that banks told of a payment, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_payment(tx: &mut Tx<'_>, payment: Id) -> Result<Vec<Told>, DbError> {
    let sql = "SELECT report_id, seq, fen, word, meaning, reason, said, at FROM pay_result
               WHERE payment_id = $1 ORDER BY report_id, seq LIMIT 100";
    let rows = tx.query(sql, &[v(payment)])?;
    let read = |row: &Row| {
        Ok(Told {
            report: row.get(0)?,
            seq: row.get(1)?,
            fen: row.get(2)?,
            word: row.get(3)?,
            meaning: row.get(4)?,
            reason: row.get(5)?,
            said: row.get(6)?,
            at: row.get(7)?,
        })
    };
    rows.iter().map(read).collect()
}

/// A report with results that holders were not told of: its id, how far they were told, how far it was
/// taken in.
///
/// # Errors
/// See [`DbError`].
pub fn untold(tx: &mut Tx<'_>) -> Result<Option<(Id, i64, i64)>, DbError> {
    let sql = "SELECT id, told, done FROM pay_report WHERE told < done ORDER BY id LIMIT 1";
    let row = tx.optional(sql, &[])?;
    row.map(|row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).transpose()
}

/// Holders are told of lines above the first and up to the second.
///
/// # Errors
/// [`DbError::Conflict`] when another worker did it.
pub fn set_told(tx: &mut Tx<'_>, id: Id, (from, to): (i64, i64)) -> Result<(), DbError> {
    let sql = "UPDATE pay_report SET told = $1 WHERE id = $2 AND told = $3 AND done >= $1";
    tx.execute_one(sql, &[v(to), v(id), v(from)])
}

/// What happened by lines above the first and up to the second: whose money, fen, and whether it came back.
///
/// # Errors
/// See [`DbError`].
pub fn happened(
    tx: &mut Tx<'_>,
    report: Id,
    (from, to): (i64, i64),
) -> Result<Vec<(Id, i64, bool)>, DbError> {
    let sql = "SELECT p.person_id, r.fen, r.meaning FROM pay_result r JOIN payment p ON p.id = r.payment_id
               WHERE r.report_id = $1 AND r.seq > $2 AND r.seq <= $3 AND r.meaning IN ('pay', 'return')
               ORDER BY r.seq";
    let rows = tx.query(sql, &[v(report), v(from), v(to)])?;
    let read = |row: &Row| Ok((row.get(0)?, row.get(1)?, row.get::<String>(2)? == "return"));
    rows.iter().map(read).collect()
}
