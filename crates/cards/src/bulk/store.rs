//! All SQL of bulk applications.

use std::collections::{BTreeMap, HashMap};

use kernel::actor::Actor;
use kernel::db::{BulkRows, DbError, Row, Tx, Value, sealed, v};
use kernel::id::Id;
use kernel::time::Utc;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::rules::{Outcome, State};
use crate::rules::Card;
use crate::store::{CARD_ROWS, ECARD_ROWS};

/// How many lines had which outcome, by its code.
pub type Counts = BTreeMap<String, i64>;

/// What the check of a file found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Kind, encoding and separator of the file.
    pub format: String,
    /// The header's names, and the columns they were taken for.
    pub columns: Vec<(String, Option<String>)>,
    /// What would become of the lines.
    pub counts: Counts,
    /// The first lines that are not ready.
    pub faults: Vec<Outcome>,
    /// Why the file cannot be read, in Chinese and English.
    pub unreadable: Option<(String, String)>,
}

/// An uploaded file and how it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct BulkJob {
    /// Its id.
    pub id: Id,
    /// Who uploaded it, for which outlet.
    pub actor: Actor,
    /// The unit whose people they are.
    pub unit: String,
    /// Name of the file as the sender's machine gave it.
    pub file_name: String,
    /// Bytes of its content.
    pub file_size: u64,
    /// The content is still there.
    pub file_kept: bool,
    /// Where it is.
    pub state: State,
    /// Lines below the header, once checked.
    pub lines: i64,
    /// Lines that are done.
    pub done: i64,
    /// Sets that are done.
    pub sets: i64,
    /// What became of the lines that are done.
    pub counts: Counts,
    /// What the check found.
    pub found: Found,
    /// When it was uploaded.
    pub created_at: Utc,
    /// When it ended.
    pub ended_at: Option<Utc>,
}

const COLUMNS: &str = "id, org_id, account_id, account_name, account_role, division, unit, file_name, \
     file_size, file_kept, state, lines, done, sets, counts, found, created_at, ended_at";

fn text_of(value: &impl Serialize) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|error| DbError::Engine(error.to_string()))
}

fn value_of<T: DeserializeOwned>(text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|error| DbError::Engine(error.to_string()))
}

fn read(row: &Row) -> Result<BulkJob, DbError> {
    let bad = |what: &str| DbError::Engine(format!("a bulk job's {what} cannot be read"));
    let role: String = row.get(4)?;
    let actor = Actor {
        org: row.get(1)?,
        account: row.get(2)?,
        name: row.get(3)?,
        role: role.parse().map_err(|()| bad("role"))?,
        division: row.get(5)?,
        person: None,
    };
    Ok(BulkJob {
        id: row.get(0)?,
        actor,
        unit: row.get(6)?,
        file_name: row.get(7)?,
        file_size: u64::try_from(row.get::<i64>(8)?).map_err(|_| bad("size"))?,
        file_kept: row.get(9)?,
        state: State::from_code(&row.get::<String>(10)?).ok_or_else(|| bad("state"))?,
        lines: row.get(11)?,
        done: row.get(12)?,
        sets: row.get(13)?,
        counts: value_of(&row.get::<String>(14)?)?,
        found: value_of(&row.get::<String>(15)?)?,
        created_at: row.get(16)?,
        ended_at: row.get(17)?,
    })
}

/// Enters an uploaded file.
///
/// # Errors
/// See [`DbError`].
pub fn insert(tx: &mut Tx<'_>, job: &BulkJob) -> Result<(), DbError> {
    let row = vec![
        v(job.id),
        v(job.actor.org),
        v(job.actor.account),
        v(&job.actor.name),
        v(job.actor.role.code()),
        v(&job.actor.division),
        v(&job.unit),
        v(&job.file_name),
        v(job.file_size as i64),
        v(job.file_kept),
        v(job.state.code()),
        v(job.lines),
        v(job.done),
        v(job.sets),
        v(text_of(&job.counts)?),
        v(text_of(&job.found)?),
        v(job.created_at),
        v(job.ended_at),
    ];
    tx.insert_rows(&format!("bulk_job ({COLUMNS})"), "", &[row]).map(drop)
}

/// The file with this id.
///
/// # Errors
/// See [`DbError`].
pub fn by_id(tx: &mut Tx<'_>, id: Id) -> Result<Option<BulkJob>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM bulk_job WHERE id = $1");
    tx.optional(&sql, &[v(id)])?.as_ref().map(read).transpose()
}

/// The newest files of an outlet.
///
/// # Errors
/// See [`DbError`].
pub fn of_org(tx: &mut Tx<'_>, org: Id, most: i64) -> Result<Vec<BulkJob>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM bulk_job WHERE org_id = $1 ORDER BY id DESC LIMIT $2");
    tx.query(&sql, &[v(org), v(most)])?.iter().map(read).collect()
}

/// Files that wait for a worker: those to be checked, then those that had the least of it.
///
/// # Errors
/// See [`DbError`].
pub fn to_do(tx: &mut Tx<'_>) -> Result<Vec<BulkJob>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bulk_job WHERE state IN ('checking', 'running')
         ORDER BY state, sets, id LIMIT 100"
    );
    tx.query(&sql, &[])?.iter().map(read).collect()
}

/// Ended files whose content may go.
///
/// # Errors
/// See [`DbError`].
pub fn to_clear(tx: &mut Tx<'_>, before: Utc) -> Result<Vec<BulkJob>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bulk_job WHERE state IN ('done', 'cancelled', 'unreadable')
         AND file_kept AND ended_at < $1 ORDER BY id LIMIT 100"
    );
    tx.query(&sql, &[v(before)])?.iter().map(read).collect()
}

/// Notes that a file's content is gone.
///
/// # Errors
/// See [`DbError`].
pub fn set_cleared(tx: &mut Tx<'_>, id: Id) -> Result<(), DbError> {
    tx.execute_one("UPDATE bulk_job SET file_kept = FALSE WHERE id = $1", &[v(id)])
}

/// Moves a file from one state to another.
///
/// # Errors
/// [`DbError::Conflict`] when it is in another state by now.
pub fn set_state(tx: &mut Tx<'_>, id: Id, from: State, to: State, now: Utc) -> Result<(), DbError> {
    let ended = to.is_end().then_some(now);
    tx.execute_one(
        "UPDATE bulk_job SET state = $1, ended_at = $2 WHERE id = $3 AND state = $4",
        &[v(to.code()), v(ended), v(id), v(from.code())],
    )
}

/// Notes what the check found, beside a change of state.
///
/// # Errors
/// See [`DbError`].
pub fn set_found(tx: &mut Tx<'_>, id: Id, lines: i64, found: &Found) -> Result<(), DbError> {
    let sql = "UPDATE bulk_job SET lines = $1, found = $2 WHERE id = $3";
    tx.execute_one(sql, &[v(lines), v(text_of(found)?), v(id)])
}

/// Notes a set that is done: what became of its lines, and the new position.
///
/// # Errors
/// [`DbError::Conflict`] when another worker did it, or the file was stopped.
pub fn finish_set(
    tx: &mut Tx<'_>,
    job: &BulkJob,
    outcomes: &[Outcome],
    now: Utc,
) -> Result<(), DbError> {
    let sql = "INSERT INTO bulk_set (job_id, number, outcomes) VALUES ($1, $2, $3)
               ON CONFLICT (job_id, number) DO NOTHING";
    if tx.execute(sql, &[v(job.id), v(job.sets), v(text_of(&outcomes)?)])? != 1 {
        return Err(DbError::Conflict);
    }
    let mut counts = job.counts.clone();
    for outcome in outcomes {
        *counts.entry(outcome.code.to_string()).or_default() += 1;
    }
    let done = job.done + outcomes.len() as i64;
    let state = if done >= job.lines { State::Done } else { State::Running };
    tx.execute_one(
        "UPDATE bulk_job SET sets = sets + 1, done = $1, counts = $2, state = $3, ended_at = $4
         WHERE id = $5 AND state = 'running' AND sets = $6",
        &[
            v(done),
            v(text_of(&counts)?),
            v(state.code()),
            v(state.is_end().then_some(now)),
            v(job.id),
            v(job.sets),
        ],
    )
}

/// What became of the lines of a set.
///
/// # Errors
/// See [`DbError`].
pub fn outcomes(tx: &mut Tx<'_>, job: Id, number: i64) -> Result<Vec<Outcome>, DbError> {
    let sql = "SELECT outcomes FROM bulk_set WHERE job_id = $1 AND number = $2";
    match tx.optional(sql, &[v(job), v(number)])? {
        Some(row) => value_of(&row.get::<String>(0)?),
        None => Ok(Vec::new()),
    }
}

/// The people behind several numbers, by number.
///
/// # Errors
/// See [`DbError`].
pub fn people_of(tx: &mut Tx<'_>, numbers: &[&str]) -> Result<HashMap<String, Id>, DbError> {
    let keys: Vec<Value<'_>> = numbers.iter().map(|number| sealed(*number)).collect();
    let sql = "SELECT number, person_id FROM person_number WHERE number IN (#)";
    tx.query_in(sql, &keys)?.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// A living card.
#[derive(Clone, Debug)]
pub struct Living {
    /// The card.
    pub card: Card,
    /// The file and line it was applied for with, if it was.
    pub origin: Option<(Id, u64)>,
}

/// The living cards of several people, each with the file and line it was applied for with.
///
/// # Errors
/// See [`DbError`].
pub fn living(tx: &mut Tx<'_>, people: &[Id]) -> Result<HashMap<Id, Living>, DbError> {
    let keys: Vec<Value<'_>> = people.iter().map(|id| v(*id)).collect();
    let sql = "SELECT c.person_id, b.job_id, b.line FROM card c
               LEFT JOIN bulk_card b ON b.person_id = c.person_id AND b.card_id = c.id
               WHERE c.live AND c.person_id IN (#)";
    let mut found = HashMap::new();
    for row in tx.query_in(sql, &keys)? {
        let (person, job, line) =
            (row.get(0)?, row.get::<Option<Id>>(1)?, row.get::<Option<i64>>(2)?);
        let line = line.and_then(|line| u64::try_from(line).ok());
        if let Some(card) = crate::store::living(tx, person)? {
            found.insert(person, Living { card, origin: job.zip(line) });
        }
    }
    Ok(found)
}

/// An application of a set.
#[derive(Clone, Debug)]
pub struct Application {
    /// The card that was decided.
    pub card: Card,
    /// Id of the electronic card beside it.
    pub ecard: Id,
    /// As in the file.
    pub guardian: String,
    /// Line of the file.
    pub line: u64,
}

/// Enters people with their numbers.
///
/// # Errors
/// [`DbError::Conflict`] when somebody entered one of them meanwhile: load and decide again.
pub fn insert_people(
    tx: &mut Tx<'_>,
    people: &[&people::rules::Person],
    now: Utc,
) -> Result<(), DbError> {
    let mut sorted = people.to_vec();
    // Everybody takes the numbers in the same order, so that nobody waits in a circle.
    sorted.sort_unstable_by(|a, b| a.number.as_str().cmp(b.number.as_str()));
    let numbers: Vec<Vec<Value<'_>>> =
        sorted.iter().map(|person| vec![v(person.id), sealed(person.number.as_str())]).collect();
    all_in(tx.insert_rows(
        "person_number (person_id, number)",
        "ON CONFLICT DO NOTHING",
        &numbers,
    )?)?;
    let rows: Vec<_> = sorted.iter().map(|p| people::store::person_row(p, now)).collect();
    tx.insert_rows(&target(people::store::PERSON_ROWS), "", &rows).map(drop)
}

/// Enters applications: both cards each, and where they came from.
///
/// # Errors
/// [`DbError::Conflict`] when somebody applied for one of these people meanwhile.
pub fn insert_cards(tx: &mut Tx<'_>, job: Id, new: &[Application]) -> Result<(), DbError> {
    let mut sorted: Vec<&Application> = new.iter().collect();
    sorted.sort_unstable_by_key(|application| application.card.person);
    let rows: Vec<_> = sorted.iter().map(|one| one.card_row()).collect();
    all_in(tx.insert_rows(&target(CARD_ROWS), "ON CONFLICT DO NOTHING", &rows)?)?;
    let rows: Vec<_> = sorted.iter().map(|one| one.ecard_row()).collect();
    tx.insert_rows(&target(ECARD_ROWS), "", &rows)?;
    let origin =
        |one: &&Application| vec![v(one.card.person), v(one.card.id), v(job), v(one.line as i64)];
    let rows: Vec<_> = sorted.iter().map(origin).collect();
    tx.insert_rows("bulk_card (person_id, card_id, job_id, line)", "", &rows).map(drop)
}

impl Application {
    /// The physical card as a row of [`CARD_ROWS`].
    pub fn card_row(&self) -> Vec<Value<'static>> {
        row_of(CARD_ROWS, |column| self.card_value(column))
    }

    /// The electronic card as a row of [`ECARD_ROWS`].
    pub fn ecard_row(&self) -> Vec<Value<'static>> {
        row_of(ECARD_ROWS, |column| self.ecard_value(column))
    }

    /// A column of the card's row; one that an application does not fill is empty.
    fn card_value(&self, column: &str) -> Value<'static> {
        match column {
            "person_id" => v(self.card.person),
            "id" => v(self.card.id),
            "stage" => v(self.card.stage.code().to_owned()),
            "live" => v(true),
            "outlet_id" => v(self.card.outlet),
            "delivery" => v(self.card.delivery.clone()),
            "guardian" => sealed(self.guardian.clone()),
            "applied_at" => v(self.card.applied_at),
            "handed_to" => v(String::new()),
            "version" => v(self.card.version),
            "social" => v(self.card.clocks.social.code().to_owned()),
            _ => Value::Null,
        }
    }

    fn ecard_value(&self, column: &str) -> Value<'static> {
        match column {
            "person_id" => v(self.card.person),
            "id" => v(self.ecard),
            "card_id" => v(self.card.id),
            "state" => v(self.card.clocks.electronic.code().to_owned()),
            "counter" => v(0i64),
            _ => Value::Null,
        }
    }
}

fn row_of(into: BulkRows, value: impl Fn(&str) -> Value<'static>) -> Vec<Value<'static>> {
    into.columns.iter().map(|(name, _)| value(name)).collect()
}

fn target(into: BulkRows) -> String {
    let names: Vec<&str> = into.columns.iter().map(|(name, _)| *name).collect();
    format!("{} ({})", into.table, names.join(", "))
}

fn all_in(kept: Vec<bool>) -> Result<(), DbError> {
    if kept.contains(&false) { Err(DbError::Conflict) } else { Ok(()) }
}
