//! Questions as a file: CSV in; out comes a CSV that only the recipient opens, in an order of its own.
//!
//! A batch is answered in parts that are questions of their own with ids of their own, so a restart
//! repeats nothing and each person has his journal entry before anything leaves.

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Row, Tx, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;

use super::rules::{self, Ask, MOST, Who};
use super::service;
use crate::agreements::rules::Refused;

/// The most lines of a file.
pub const MOST_LINES: usize = 20_000;
/// The largest file, in bytes.
pub const LARGEST: usize = 2 * 1024 * 1024;

/// How a batch stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its id.
    pub id: Id,
    /// `open`, `done` or `failed`.
    pub state: String,
    /// Lines that were answered.
    pub done: i64,
    /// Lines of the file.
    pub total: i64,
    /// Code of the refusal that stopped it.
    pub problem: String,
}

/// Reads the file: a head line `ref,number`, then one line for each person.
///
/// # Errors
/// [`Refused::BadFile`] or [`Refused::Persons`].
pub fn read_lines(bytes: &[u8]) -> Result<Vec<Who>, Refused> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let heads = reader.headers().map_err(|_| Refused::BadFile)?;
    if heads.iter().ne(["ref", "number"]) {
        return Err(Refused::BadFile);
    }
    let mut lines = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|_| Refused::BadFile)?;
        let (reference, number) = (row[0].to_owned(), row[1].to_owned());
        if number.is_empty() || number.len() > 32 || reference.len() > 64 {
            return Err(Refused::BadFile);
        }
        lines.push(Who { reference, number, card_number: String::new() });
        if lines.len() > MOST_LINES {
            return Err(Refused::Persons);
        }
    }
    if lines.is_empty() { Err(Refused::Persons) } else { Ok(lines) }
}

fn binding(id: Id) -> Vec<u8> {
    [b"share-batch".as_slice(), &id.0.to_be_bytes()].concat()
}

/// Takes a file. `ask` says everything but the persons; its request id makes sending it twice one.
///
/// # Errors
/// [`Refused`].
pub async fn take(app: &App, actor: &Actor, ask: Ask, file: &[u8]) -> Result<Id, Problem> {
    let lines = read_lines(file)?;
    let (now, id, total) = (Utc::now(), app.id(), lines.len() as i64);
    let text = |value: &Vec<Who>| serde_json::to_vec(value).unwrap_or_default();
    let input = app.keys.seal_field(&text(&lines), &binding(id));
    let entry = Entry::new(app.id(), now, actor, "share.batch-taken", "Art. 18").on("batch", id);
    let actor = actor.clone();
    app.db
        .write(move |tx| {
            let agreement = service::of_program(tx, &actor, ask.agreement, now)?;
            let probe = Ask { persons: lines[..1].to_vec(), ..ask.clone() };
            rules::check(&probe, &agreement)?;
            if agreement.terms.recipient_key.is_none() {
                return Err(Refused::NoRecipientKey.into());
            }
            let said = serde_json::to_string(&Ask { persons: Vec::new(), ..ask.clone() })
                .map_err(|error| DbError::Engine(error.to_string()))?;
            tx.execute(
                "INSERT INTO share_batch (id, agreement_id, account_id, account_name, org_id, ask,
                     input, done, total, state, problem, at, version)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, 'open', '', $9, 1)",
                &[
                    v(id),
                    v(ask.agreement),
                    v(actor.account),
                    v(&actor.name),
                    v(agreement.org),
                    v(said),
                    v(&input[..]),
                    v(total),
                    v(now),
                ],
            )?;
            journal::record(tx, &entry.clone().why(&agreement.terms.purpose, &[]))?;
            Ok(id)
        })
        .await
}

/// How a batch of this caller stands.
///
/// # Errors
/// No such batch.
pub async fn state(app: &App, actor: &Actor, id: Id) -> Result<Batch, Problem> {
    let account = actor.account;
    app.db
        .read(move |tx| {
            let sql = "SELECT id, state, done, total, problem FROM share_batch
                       WHERE id = $1 AND account_id = $2";
            let row = tx.optional(sql, &[v(id), v(account)])?.ok_or_else(Problem::not_found)?;
            let (id, state, done) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(Batch { id, state, done, total: row.get(3)?, problem: row.get(4)? })
        })
        .await
}

/// The sealed answer of a batch, as long as its agreement is in force.
///
/// # Errors
/// [`Refused`], or it is not ready.
pub async fn result(app: &App, actor: &Actor, id: Id) -> Result<seal::envelope::Envelope, Problem> {
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, "share.batch-fetched", "Art. 18").on("batch", id);
    let actor = actor.clone();
    app.db
        .write(move |tx| {
            let sql = "SELECT agreement_id, wrapped, body FROM share_batch
                       WHERE id = $1 AND account_id = $2 AND state = 'done'";
            let row = tx.optional(sql, &[v(id), v(actor.account)])?;
            let row = row.ok_or_else(Problem::not_found)?;
            service::of_program(tx, &actor, row.get(0)?, now)?;
            journal::record(tx, &entry)?;
            Ok(seal::envelope::Envelope { wrapped: row.get(1)?, body: row.get(2)? })
        })
        .await
}

struct Open {
    id: Id,
    actor: Actor,
    ask: Ask,
    lines: Vec<Who>,
    version: i64,
}

fn open(tx: &mut Tx<'_>, app: &App) -> Result<Option<Open>, DbError> {
    let sql = "SELECT id, account_id, account_name, org_id, ask, input, version FROM share_batch
               WHERE state = 'open' ORDER BY id LIMIT 1";
    let read = |row: &Row| {
        let bad = || DbError::Engine("a batch cannot be read".to_owned());
        let id: Id = row.get(0)?;
        let actor = Actor {
            account: row.get(1)?,
            name: row.get(2)?,
            role: Role::DepartmentOfficer,
            org: Some(row.get(3)?),
            division: String::new(),
            person: None,
        };
        let ask = serde_json::from_str(&row.get::<String>(4)?).map_err(|_| bad())?;
        let input = app.keys.open_field(&row.get::<Vec<u8>>(5)?, &binding(id)).ok_or_else(bad)?;
        let lines = serde_json::from_slice(&input).map_err(|_| bad())?;
        Ok(Open { id, actor, ask, lines, version: row.get(6)? })
    };
    tx.optional(sql, &[])?.as_ref().map(read).transpose()
}

/// One round: answers the oldest open batch whole.
///
/// # Errors
/// The database's word; the batch goes on in the next round.
pub async fn work(app: &App) -> Result<String, Problem> {
    let platform = app.clone();
    let Some(batch) = app.db.read(move |tx| open(tx, &platform)).await? else {
        return Ok("none open".to_owned());
    };
    let mut rows = Vec::with_capacity(batch.lines.len());
    for (part, lines) in batch.lines.chunks(MOST).enumerate() {
        let request_id = format!("batch-{}-{part}", batch.id);
        let ask = Ask { request_id, persons: lines.to_vec(), ..batch.ask.clone() };
        match service::query(app, &batch.actor, ask).await {
            Ok(answer) => rows.extend(answer.results),
            Err(problem) if problem.status < 500 => {
                end(app, &batch, "failed", problem.code, None).await?;
                return Ok(format!("1 stopped: {}", problem.code));
            }
            Err(problem) => return Err(problem),
        }
        let (id, done) = (batch.id, rows.len() as i64);
        let note = move |tx: &mut Tx<'_>| {
            tx.execute("UPDATE share_batch SET done = $1 WHERE id = $2", &[v(done), v(id)])
        };
        app.db.housekeeping(note).await?;
    }
    let now = Utc::now();
    let (actor, agreement) = (batch.actor.clone(), batch.ask.agreement);
    let counts = move |tx: &mut Tx<'_>| service::of_program(tx, &actor, agreement, now);
    let key = match app.db.read(counts).await {
        Ok(agreement) => agreement.terms.recipient_key.unwrap_or_default(),
        Err(problem) if problem.status < 500 => {
            end(app, &batch, "failed", problem.code, None).await?;
            return Ok(format!("1 stopped: {}", problem.code));
        }
        Err(problem) => return Err(problem),
    };
    let table = table(app, batch.id, rows)?;
    let sealed = seal::envelope::seal(&key, &random(), batch.id.to_string().as_bytes(), &table);
    let sealed = sealed.map_err(|_| Refused::RecipientKey)?;
    end(app, &batch, "done", "", Some(sealed)).await?;
    Ok("1 done".to_owned())
}

/// The answer as a CSV whose order and record ids are this export's own.
fn table(app: &App, export: Id, rows: Vec<service::Line>) -> Result<Vec<u8>, Problem> {
    let mut placed = Vec::with_capacity(rows.len());
    for row in rows {
        let key = row.pseudonym.clone().unwrap_or_else(|| format!("ref:{}", row.reference));
        placed.push((rules::place(&app.keys, export, &key)?, key, row));
    }
    placed.sort_by_key(|(place, ..)| *place);
    let codes: Vec<String> = placed
        .iter()
        .find(|(.., row)| !row.fields.is_empty())
        .map(|(.., row)| row.fields.keys().cloned().collect())
        .unwrap_or_default();
    let failed = |error: csv::Error| Problem::from(DbError::Engine(error.to_string()));
    let mut out = csv::Writer::from_writer(Vec::new());
    let heads = ["record", "ref", "state", "pseudonym"].map(str::to_owned);
    out.write_record(heads.iter().chain(&codes)).map_err(failed)?;
    for (_, key, row) in placed {
        let record = rules::record_id(&app.keys, export, &key)?;
        let pseudonym = row.pseudonym.unwrap_or_default();
        let values = codes.iter().map(|code| row.fields.get(code).cloned().unwrap_or_default());
        let cells = [record, row.reference, row.state, pseudonym].into_iter().chain(values);
        out.write_record(cells).map_err(failed)?;
    }
    out.into_inner().map_err(|error| DbError::Engine(error.to_string()).into())
}

async fn end(
    app: &App,
    batch: &Open,
    state: &'static str,
    problem: &'static str,
    sealed: Option<seal::envelope::Envelope>,
) -> Result<(), Problem> {
    let now = Utc::now();
    let mut entry = Entry::new(app.id(), now, &batch.actor, "share.batch-ended", "Art. 18");
    entry.object = format!("batch:{}", batch.id);
    entry.result = if problem.is_empty() { "ok" } else { problem }.to_owned();
    let (id, version) = (batch.id, batch.version);
    app.db
        .write(move |tx| {
            let wrapped = sealed.as_ref().map(|sealed| &sealed.wrapped[..]);
            let body = sealed.as_ref().map(|sealed| &sealed.body[..]);
            tx.execute_one(
                "UPDATE share_batch SET state = $1, problem = $2, wrapped = $3, body = $4,
                     input = NULL, version = version + 1
                 WHERE id = $5 AND version = $6 AND state = 'open'",
                &[v(state), v(problem), v(wrapped), v(body), v(id), v(version)],
            )?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

/// What a leaked list says of where it comes from: for each export the pairs in its order and all.
///
/// # Errors
/// The database's word.
pub async fn trace(
    app: &App,
    actor: &Actor,
    rows: Vec<String>,
) -> Result<Vec<(Id, Id, usize, usize)>, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "share.traced", "Art. 19");
    let exports = app
        .db
        .write(move |tx| {
            let sql = "SELECT id, agreement_id FROM share_batch WHERE state = 'done'";
            let read = |row: Row| Ok((row.get(0)?, row.get(1)?));
            let exports = tx.query(sql, &[])?.into_iter().map(read);
            let exports = exports.collect::<Result<Vec<(Id, Id)>, DbError>>()?;
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(exports)
        })
        .await?;
    let mut found = Vec::with_capacity(exports.len());
    for (id, agreement) in exports {
        let (fits, pairs) = rules::in_order(&app.keys, id, &rows)?;
        found.push((id, agreement, fits, pairs));
    }
    found.sort_by_key(|(.., fits, _)| std::cmp::Reverse(*fits));
    Ok(found)
}
