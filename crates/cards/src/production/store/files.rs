//! Files that went out and came back, and cards that were spoiled.

use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::keys::Keys;
use kernel::time::Utc;

use super::batches::Reach;
use super::unknown;
use crate::production::files::{Direction, Header};
use crate::production::rules::Stage;

/// A file on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// Its id.
    pub id: Id,
    /// The batch.
    pub batch: Id,
    /// The stage.
    pub stage: Stage,
    /// The outlet it is for; 0 for the other stages.
    pub part: Id,
    /// `out` or `back`.
    pub direction: String,
    /// `kept`, or `refused` for an answer with faults.
    pub state: String,
    /// Number of lines.
    pub lines: i64,
    /// One fault a line.
    pub faults: String,
    /// When it was made or arrived.
    pub made_at: Utc,
    /// When it was put into the exchange folder.
    pub exported_at: Option<Utc>,
}

impl FileRecord {
    /// Name of the file: batch, stage, direction, and the part where there are several.
    pub fn name(&self) -> String {
        let part = if self.part == Id(0) { String::new() } else { format!("-{}", self.part) };
        format!("{}-{}-{}{part}.txt", self.batch, self.stage.code(), self.direction)
    }
}

const FILE: &str =
    "id, batch_id, stage, part, direction, state, lines, faults, made_at, exported_at";

fn read(row: &Row) -> Result<FileRecord, DbError> {
    Ok(FileRecord {
        id: row.get(0)?,
        batch: row.get(1)?,
        stage: Stage::from_code(&row.get::<String>(2)?).ok_or_else(|| unknown("a stage"))?,
        part: row.get(3)?,
        direction: row.get(4)?,
        state: row.get(5)?,
        lines: row.get(6)?,
        faults: row.get(7)?,
        made_at: row.get(8)?,
        exported_at: row.get(9)?,
    })
}

/// What binds a sealed content to its row.
fn context(id: Id) -> Vec<u8> {
    format!("production_file {id}").into_bytes()
}

/// Keeps a file with what it said, sealed; `faults` is empty for one that counts.
///
/// # Errors
/// [`DbError::Unique`] when the stage was asked or answered already.
pub fn insert(
    tx: &mut Tx<'_>,
    keys: &Keys,
    id: Id,
    header: &Header,
    content: &[u8],
    faults: &str,
    now: Utc,
) -> Result<(), DbError> {
    let state = if faults.is_empty() { "kept" } else { "refused" };
    tx.execute(
        "INSERT INTO production_file (id, batch_id, stage, part, direction, state, lines, digest,
                                      faults, content, made_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            v(id),
            v(header.batch),
            v(header.stage.code()),
            v(header.part),
            v(header.direction.code()),
            v(state),
            v(header.count as i64),
            v(&seal::sm3::sm3(content)),
            v(faults),
            v(keys.seal_field(content, &context(id))),
            v(now),
        ],
    )
    .map(drop)
}

/// Whether the stage was answered, and whether by exactly this file.
///
/// # Errors
/// See [`DbError`].
pub fn answered(tx: &mut Tx<'_>, header: &Header, content: &[u8]) -> Result<Option<bool>, DbError> {
    let sql = "SELECT digest FROM production_file WHERE batch_id = $1 AND stage = $2 AND part = $3
               AND direction = $4 AND state = 'kept'";
    let direction = Direction::Back.code();
    let key = [v(header.batch), v(header.stage.code()), v(header.part), v(direction)];
    let row = tx.optional(sql, &key)?;
    row.map(|row| Ok(row.get::<[u8; 32]>(0)? == seal::sm3::sm3(content))).transpose()
}

/// Files of a batch, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_batch(tx: &mut Tx<'_>, batch: Id) -> Result<Vec<FileRecord>, DbError> {
    let sql = format!("SELECT {FILE} FROM production_file WHERE batch_id = $1 ORDER BY id");
    tx.query(&sql, &[v(batch)])?.iter().map(read).collect()
}

/// A file, and its content as long as that is kept.
pub type WithContent = (FileRecord, Option<Vec<u8>>);

/// A file and its content, as long as that is kept.
///
/// # Errors
/// See [`DbError`]; a content of other keys or another row cannot be opened.
pub fn by_id(tx: &mut Tx<'_>, keys: &Keys, id: Id) -> Result<Option<WithContent>, DbError> {
    let sql = format!("SELECT {FILE}, content FROM production_file WHERE id = $1");
    let Some(row) = tx.optional(&sql, &[v(id)])? else { return Ok(None) };
    let content = match row.get::<Option<Vec<u8>>>(10)? {
        None => None,
        Some(sealed) => {
            let opened = keys.open_field(&sealed, &context(id));
            Some(opened.ok_or_else(|| unknown("the content of a file"))?)
        }
    };
    Ok(Some((read(&row)?, content)))
}

/// Files for a partner's folder that are not there yet.
///
/// # Errors
/// See [`DbError`].
pub fn to_export(tx: &mut Tx<'_>) -> Result<Vec<Id>, DbError> {
    let sql = "SELECT id FROM production_file WHERE direction = 'out' AND stage <> 'outlet'
               AND exported_at IS NULL AND content IS NOT NULL ORDER BY id LIMIT 100";
    tx.query(sql, &[])?.iter().map(|row| row.get(0)).collect()
}

/// Notes that a file lies in its folder.
///
/// # Errors
/// See [`DbError`].
pub fn exported(tx: &mut Tx<'_>, id: Id, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE production_file SET exported_at = $1 WHERE id = $2";
    tx.execute(sql, &[v(now), v(id)]).map(drop)
}

/// Erases what old files of finished batches said; that they existed stays on record.
///
/// # Errors
/// See [`DbError`].
pub fn erase_before(tx: &mut Tx<'_>, before: Utc) -> Result<u64, DbError> {
    let sql = "UPDATE production_file SET content = NULL WHERE content IS NOT NULL AND made_at < $1
               AND (state = 'refused' OR batch_id IN
                    (SELECT id FROM production_batch WHERE state = 'done'))";
    tx.execute(sql, &[v(before)])
}

/// A card that was made and cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spoiled {
    /// Its id.
    pub id: Id,
    /// The outlet it was made for or at.
    pub outlet: Id,
    /// Division of the outlet.
    pub division: String,
    /// Number on it, if one was drawn.
    pub card_no: Option<String>,
    /// `batch`, `counter` or `stock`.
    pub source: String,
    /// Why.
    pub reason: String,
    /// When.
    pub spoiled_at: Utc,
    /// Account of the first who saw it destroyed.
    pub destroyed_by: Option<Id>,
    /// Account of the second.
    pub witness: Option<Id>,
    /// When the second confirmed it.
    pub destroyed_at: Option<Utc>,
}

/// Puts a spoiled card on record; `holder` is its batch or instant issue.
///
/// # Errors
/// See [`DbError`].
pub fn insert_spoiled(tx: &mut Tx<'_>, card: &Spoiled, holder: Id) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO spoiled_card (id, outlet_id, division, card_no, source, holder_id, reason,
                                   spoiled_at, note)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '')",
        &[
            v(card.id),
            v(card.outlet),
            v(&card.division),
            v(card.card_no.as_deref()),
            v(&card.source),
            v(holder),
            v(&card.reason),
            v(card.spoiled_at),
        ],
    )
    .map(drop)
}

const SPOILED: &str = "id, outlet_id, division, card_no, source, reason, spoiled_at, \
     destroyed_by, witness, destroyed_at";

fn read_spoiled(row: &Row) -> Result<Spoiled, DbError> {
    Ok(Spoiled {
        id: row.get(0)?,
        outlet: row.get(1)?,
        division: row.get(2)?,
        card_no: row.get(3)?,
        source: row.get(4)?,
        reason: row.get(5)?,
        spoiled_at: row.get(6)?,
        destroyed_by: row.get(7)?,
        witness: row.get(8)?,
        destroyed_at: row.get(9)?,
    })
}

/// A spoiled card.
///
/// # Errors
/// See [`DbError`].
pub fn spoiled(tx: &mut Tx<'_>, id: Id) -> Result<Option<Spoiled>, DbError> {
    let sql = format!("SELECT {SPOILED} FROM spoiled_card WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read_spoiled).transpose()
}

/// Spoiled cards within reach, those not yet destroyed first.
///
/// # Errors
/// See [`DbError`].
pub fn all_spoiled(tx: &mut Tx<'_>, reach: &Reach, most: i64) -> Result<Vec<Spoiled>, DbError> {
    let (condition, value) = match reach {
        Reach::All => ("$1 = ''", v("")),
        Reach::Division(division) => ("division = $1", v(division)),
        Reach::Outlet(outlet) => ("outlet_id = $1", v(*outlet)),
        Reach::Bank(_) => return Ok(Vec::new()),
    };
    let sql = format!(
        "SELECT {SPOILED} FROM spoiled_card WHERE {condition}
         ORDER BY CASE WHEN destroyed_at IS NULL THEN 0 ELSE 1 END, id DESC LIMIT $2"
    );
    tx.query(&sql, &[value, v(most)])?.iter().map(read_spoiled).collect()
}

/// The first of two says that he destroyed the card.
///
/// # Errors
/// [`DbError::Conflict`] when somebody said so already.
pub fn destroy(tx: &mut Tx<'_>, id: Id, by: Id, note: &str) -> Result<(), DbError> {
    let sql = "UPDATE spoiled_card SET destroyed_by = $1, note = $2
               WHERE id = $3 AND destroyed_by IS NULL";
    tx.execute_one(sql, &[v(by), v(note), v(id)])
}

/// The second confirms it.
///
/// # Errors
/// [`DbError::Conflict`] when it is confirmed already, [`DbError::Forbidden`] for the same person.
pub fn witness(tx: &mut Tx<'_>, id: Id, by: Id, now: Utc) -> Result<(), DbError> {
    let sql = "UPDATE spoiled_card SET witness = $1, destroyed_at = $2
               WHERE id = $3 AND destroyed_by IS NOT NULL AND witness IS NULL";
    tx.execute_one(sql, &[v(by), v(now), v(id)])
}
