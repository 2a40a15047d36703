//! Batches and their lines.

use kernel::db::{DbError, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::{Utc, day_text, parse_day};
use time::Date;

use super::unknown;
use crate::production::rules::{BatchState, LineState, Stage};
use crate::rules::Cause;

/// A batch of cards that are made together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its id; also its number on files and pages.
    pub id: Id,
    /// `outlet`, `district` or `unit`.
    pub scope: String,
    /// Name of that outlet, district or unit.
    pub name: String,
    /// The outlet that gathered it, if one did.
    pub outlet: Option<Id>,
    /// Division (GB/T 2260) whose officers may work on it.
    pub division: String,
    /// The bank that opens the accounts and may read the batch's bank files.
    pub bank: Option<Id>,
    /// Where it is.
    pub stage: Stage,
    /// Where it is within the stage.
    pub state: BatchState,
    /// Number of lines.
    pub lines: i64,
    /// When it was gathered.
    pub made_at: Utc,
    /// Begin of the present state.
    pub since: Utc,
    /// End of the time that the stage has.
    pub due_at: Utc,
    /// Rises with each change.
    pub version: i64,
}

const BATCH: &str = "b.id, b.scope, b.name, b.outlet_id, b.division, b.bank_id, b.stage, b.state, \
     b.lines, b.made_at, b.since, b.due_at, b.version";

fn read_batch(row: &Row) -> Result<Batch, DbError> {
    Ok(Batch {
        id: row.get(0)?,
        scope: row.get(1)?,
        name: row.get(2)?,
        outlet: row.get(3)?,
        division: row.get(4)?,
        bank: row.get(5)?,
        stage: Stage::from_code(&row.get::<String>(6)?).ok_or_else(|| unknown("a stage"))?,
        state: BatchState::from_code(&row.get::<String>(7)?)
            .ok_or_else(|| unknown("a batch's state"))?,
        lines: row.get(8)?,
        made_at: row.get(9)?,
        since: row.get(10)?,
        due_at: row.get(11)?,
        version: row.get(12)?,
    })
}

/// Enters a batch.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, batch: &Batch) -> Result<(), DbError> {
    let row = vec![
        v(batch.id),
        v(&batch.scope),
        v(&batch.name),
        v(batch.outlet),
        v(&batch.division),
        v(batch.bank),
        v(batch.stage.code()),
        v(batch.state.code()),
        v(batch.lines),
        v(batch.made_at),
        v(batch.since),
        v(batch.due_at),
        v(1i64),
    ];
    let columns = BATCH.replace("b.", "");
    tx.insert_rows(&format!("production_batch ({columns})"), "", &[row]).map(drop)
}

/// Keeps where a batch is; whoever does so has it for himself until the transaction ends.
///
/// # Errors
/// [`DbError::Conflict`] when it changed meanwhile.
pub fn update(tx: &mut Tx<'_>, batch: &Batch) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE production_batch SET stage = $1, state = $2, since = $3, due_at = $4,
                version = version + 1 WHERE id = $5 AND version = $6",
        &[
            v(batch.stage.code()),
            v(batch.state.code()),
            v(batch.since),
            v(batch.due_at),
            v(batch.id),
            v(batch.version),
        ],
    )
}

/// The batch with this id.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<Batch>, DbError> {
    let sql = format!("SELECT {BATCH} FROM production_batch b WHERE b.id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read_batch).transpose()
}

/// Whose batches are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of the municipality.
    All,
    /// Those of a division.
    Division(String),
    /// Those that an outlet gathered, or that have cards for it.
    Outlet(Id),
    /// Those whose accounts a bank opens.
    Bank(Id),
}

impl Reach {
    /// The condition on `b` and its one parameter.
    fn condition(&self) -> (&'static str, Value<'_>) {
        match self {
            Self::All => ("$1 = ''", v("")),
            Self::Division(division) => ("b.division = $1", v(division)),
            Self::Outlet(outlet) => (
                "(b.outlet_id = $1 OR b.id IN
                  (SELECT l.batch_id FROM production_line l WHERE l.outlet_id = $1))",
                v(*outlet),
            ),
            Self::Bank(bank) => ("b.bank_id = $1", v(*bank)),
        }
    }
}

/// Batches within reach, those with work left first, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn list(tx: &mut Tx<'_>, reach: &Reach, most: i64) -> Result<Vec<Batch>, DbError> {
    let (condition, value) = reach.condition();
    let sql = format!(
        "SELECT {BATCH} FROM production_batch b WHERE {condition}
         ORDER BY CASE WHEN b.state = 'done' THEN 1 ELSE 0 END, b.id DESC LIMIT $2"
    );
    tx.query(&sql, &[value, v(most)])?.iter().map(read_batch).collect()
}

/// Batches within reach that should have moved on by now, the longest overdue first.
///
/// # Errors
/// See [`DbError`].
pub fn overdue(tx: &mut Tx<'_>, reach: &Reach, now: Utc) -> Result<Vec<Batch>, DbError> {
    let (condition, value) = reach.condition();
    let sql = format!(
        "SELECT {BATCH} FROM production_batch b
         WHERE {condition} AND b.state <> 'done' AND b.due_at < $2 ORDER BY b.due_at LIMIT 500"
    );
    tx.query(&sql, &[value, v(now)])?.iter().map(read_batch).collect()
}

/// Batches that wait to be sent to a stage after the first.
///
/// # Errors
/// See [`DbError`].
pub fn to_send_on(tx: &mut Tx<'_>) -> Result<Vec<Id>, DbError> {
    let sql = "SELECT id FROM production_batch WHERE state = 'waiting' AND stage <> 'bank'
               ORDER BY since LIMIT 100";
    tx.query(sql, &[])?.iter().map(|row| row.get(0)).collect()
}

/// One card in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whose card.
    pub person: Id,
    /// Its id, as in files.
    pub id: Id,
    /// The batch.
    pub batch: Id,
    /// Sequence in the batch, from 1.
    pub seq: i64,
    /// The card.
    pub card: Id,
    /// The outlet that hands it over.
    pub outlet: Id,
    /// Which attempt this is, from 1.
    pub attempt: i64,
    /// Where it is.
    pub stage: Stage,
    /// Where it is within the stage.
    pub state: LineState,
    /// Why it failed, was spoiled or taken out.
    pub reason: String,
    /// Place of its number in the pool, once drawn.
    pub place: Option<i64>,
    /// Number on the card, once drawn.
    pub card_no: Option<String>,
    /// Identifier in the chip, once drawn.
    pub identifier: Option<String>,
    /// Bank account, once opened.
    pub account: String,
    /// Key check value, once written.
    pub key_check: String,
    /// Day of issue printed on the card.
    pub issued_on: Option<Date>,
    /// When each stage had done its work, in the order of [`Stage::ALL`].
    pub passed: [Option<Utc>; 4],
    /// Time of the last change.
    pub changed_at: Utc,
}

const LINE: &str = "person_id, id, batch_id, seq, card_id, outlet_id, attempt, stage, state, \
     reason, place, card_no, identifier, account, key_check, issued_on, bank_at, factory_at, \
     keys_at, outlet_at, changed_at";

fn read_line(row: &Row) -> Result<Line, DbError> {
    Ok(Line {
        person: row.get(0)?,
        id: row.get(1)?,
        batch: row.get(2)?,
        seq: row.get(3)?,
        card: row.get(4)?,
        outlet: row.get(5)?,
        attempt: row.get(6)?,
        stage: Stage::from_code(&row.get::<String>(7)?).ok_or_else(|| unknown("a stage"))?,
        state: LineState::from_code(&row.get::<String>(8)?)
            .ok_or_else(|| unknown("a line's state"))?,
        reason: row.get(9)?,
        place: row.get(10)?,
        card_no: row.get(11)?,
        identifier: row.get(12)?,
        account: row.get(13)?,
        key_check: row.get(14)?,
        issued_on: row.get::<Option<String>>(15)?.as_deref().and_then(parse_day),
        passed: [row.get(16)?, row.get(17)?, row.get(18)?, row.get(19)?],
        changed_at: row.get(20)?,
    })
}

/// Enters the lines of a new batch.
///
/// # Errors
/// See [`DbError`].
pub fn insert_lines(tx: &mut Tx<'_>, lines: &[Line]) -> Result<(), DbError> {
    let row = |line: &Line| {
        vec![
            v(line.person),
            v(line.id),
            v(line.batch),
            v(line.seq),
            v(line.card),
            v(line.outlet),
            v(line.attempt),
            v(line.stage.code()),
            v(line.state.code()),
            sealed(line.account.clone()),
            v(line.changed_at),
            v(""),
            v(""),
        ]
    };
    let rows: Vec<Vec<Value<'_>>> = lines.iter().map(row).collect();
    let target = "production_line (person_id, id, batch_id, seq, card_id, outlet_id, attempt, \
                  stage, state, account, changed_at, reason, key_check)";
    tx.insert_rows(target, "", &rows).map(drop)
}

/// Keeps a line that was loaded at `before`.
///
/// # Errors
/// [`DbError::Conflict`] when it changed meanwhile.
pub fn update_line(
    tx: &mut Tx<'_>,
    line: &Line,
    before: (Stage, LineState),
) -> Result<(), DbError> {
    tx.execute_one(
        "UPDATE production_line SET stage = $1, state = $2, reason = $3, place = $4, card_no = $5,
                identifier = $6, account = $7, key_check = $8, issued_on = $9, bank_at = $10,
                factory_at = $11, keys_at = $12, outlet_at = $13, changed_at = $14
         WHERE person_id = $15 AND id = $16 AND stage = $17 AND state = $18",
        &[
            v(line.stage.code()),
            v(line.state.code()),
            v(&line.reason),
            v(line.place),
            v(line.card_no.as_deref()),
            v(line.identifier.as_deref()),
            sealed(&line.account),
            v(&line.key_check),
            v(line.issued_on.map(day_text)),
            v(line.passed[0]),
            v(line.passed[1]),
            v(line.passed[2]),
            v(line.passed[3]),
            v(line.changed_at),
            v(line.person),
            v(line.id),
            v(before.0.code()),
            v(before.1.code()),
        ],
    )
}

/// All lines of a batch in their sequence.
///
/// # Errors
/// See [`DbError`].
pub fn lines(tx: &mut Tx<'_>, batch: Id) -> Result<Vec<Line>, DbError> {
    let sql = format!("SELECT {LINE} FROM production_line WHERE batch_id = $1 ORDER BY seq");
    tx.query(&sql, &[v(batch)])?.iter().map(read_line).collect()
}

/// The attempts that were made for a person's cards, oldest first.
///
/// # Errors
/// See [`DbError`].
pub fn attempts(tx: &mut Tx<'_>, people: &[Id]) -> Result<Vec<Line>, DbError> {
    let keys: Vec<Value<'_>> = people.iter().map(|id| v(*id)).collect();
    let sql = format!("SELECT {LINE} FROM production_line WHERE person_id IN (#)");
    let mut lines: Vec<Line> =
        tx.query_in(&sql, &keys)?.iter().map(read_line).collect::<Result<_, _>>()?;
    lines.sort_by_key(|line| line.id);
    Ok(lines)
}

/// A card that waits to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// Whose card.
    pub person: Id,
    /// The card.
    pub card: Id,
    /// Its outlet.
    pub outlet: Id,
    /// Whether it is the person's first.
    pub first: bool,
}

/// Ordered cards that nobody makes yet, oldest first: of these outlets, or of these people.
///
/// # Errors
/// See [`DbError`].
pub fn ordered(
    tx: &mut Tx<'_>,
    column: OrderedBy,
    ids: &[Id],
    most: usize,
) -> Result<Vec<Ordered>, DbError> {
    let column = match column {
        OrderedBy::Outlet => "outlet_id",
        OrderedBy::Person => "person_id",
    };
    let keys: Vec<Value<'_>> = ids.iter().map(|id| v(*id)).collect();
    let sql = format!(
        "SELECT c.person_id, c.id, c.outlet_id, c.cause FROM card c
         WHERE c.stage = 'ordered' AND (c.live OR c.coming) AND c.{column} IN (#) AND NOT EXISTS
           (SELECT 1 FROM production_claim k WHERE k.person_id = c.person_id AND k.card_id = c.id)
         ORDER BY c.id LIMIT {most}"
    );
    let read = |row: &Row| {
        let first = row.get::<String>(3)? == Cause::First.code();
        Ok(Ordered { person: row.get(0)?, card: row.get(1)?, outlet: row.get(2)?, first })
    };
    let mut found: Vec<Ordered> =
        tx.query_in(&sql, &keys)?.iter().map(read).collect::<Result<_, DbError>>()?;
    found.sort_by_key(|ordered| ordered.card);
    found.truncate(most);
    Ok(found)
}

/// What [`ordered`] looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderedBy {
    /// Cards of outlets.
    Outlet,
    /// Cards of people.
    Person,
}

/// A line with a decision to take: failed or spoiled.
///
/// # Errors
/// See [`DbError`].
pub fn line(tx: &mut Tx<'_>, batch: Id, seq: i64) -> Result<Option<Line>, DbError> {
    let sql = format!("SELECT {LINE} FROM production_line WHERE batch_id = $1 AND seq = $2");
    tx.optional(&sql, &[v(batch), v(seq)])?.as_ref().map(read_line).transpose()
}

/// Batches that have cards on their way to this outlet, with the number of cards.
///
/// # Errors
/// See [`DbError`].
pub fn out_for(tx: &mut Tx<'_>, outlet: Id) -> Result<Vec<(Id, i64)>, DbError> {
    let sql = "SELECT batch_id, COUNT(*) FROM production_line
               WHERE outlet_id = $1 AND state = $2 AND stage = $3 GROUP BY batch_id ORDER BY batch_id";
    let key = [v(outlet), v(LineState::Out.code()), v(Stage::Outlet.code())];
    tx.query(sql, &key)?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// How many lines of each batch stand in each state.
///
/// # Errors
/// See [`DbError`].
pub fn states(tx: &mut Tx<'_>, batches: &[Id]) -> Result<Vec<(Id, LineState, i64)>, DbError> {
    let keys: Vec<Value<'_>> = batches.iter().map(|id| v(*id)).collect();
    let sql = "SELECT batch_id, state, COUNT(*) FROM production_line WHERE batch_id IN (#)
               GROUP BY batch_id, state";
    let rows = tx.query_in(sql, &keys)?;
    let read = |row: &Row| {
        let state = LineState::from_code(&row.get::<String>(1)?);
        Ok((row.get(0)?, state.ok_or_else(|| unknown("a line's state"))?, row.get(2)?))
    };
    rows.iter().map(read).collect()
}
