//! The exchange with banks: sends what waits, asks after what has no answer, takes in what came.
//!
//! Nothing leaves before it is written that it leaves; so after a crash the worst is a question for
//! something that the bank has never seen.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::actor::Actor;
use kernel::db::{AsDbError as _, DbError};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::answers::{self, From, Taken};
use super::events;
use crate::port::config::{self, Way};
use crate::port::{Ask, BankPort, Line, Received};
use crate::rules::{Answer, RequestState, pause};
use crate::store::agreements::{self, Bank};
use crate::store::events::{IncomingFile, file_known, insert_file};
use crate::store::requests::{self, Request};

/// The most that is done in one transaction: others write between two chunks.
const CHUNK: i64 = 100;

/// How long a round waits for its banks. Whoever is slower goes on beside it, and keeps nobody else
/// waiting.
const PATIENCE: Duration = Duration::from_secs(1);

/// One round with all banks at once, as the job does it.
///
/// # Errors
/// `banks.json` cannot be read, or the last failure of a bank that answered in time.
pub async fn round(app: &App) -> Result<String, Problem> {
    round_within(app, PATIENCE).await
}

/// One round that waits so long for its banks. Those with which an earlier round is still under way are
/// left to it.
///
/// # Errors
/// As [`round`].
pub async fn round_within(app: &App, patience: Duration) -> Result<String, Problem> {
    let mut ways = config::ways(&app.config.data).map_err(unreadable)?;
    let banks = app.db.read(|tx| Ok::<_, Problem>(agreements::banks(tx)?)).await?;
    let mut begun = Vec::new();
    for bank in banks {
        let Some(turn) = Turn::begin(bank.id) else { continue };
        let (app, way) = (app.clone(), ways.remove(&bank.code));
        begun.push(tokio::spawn(async move {
            let _turn = turn;
            let done = with_bank(&app, &bank, way.as_ref()).await;
            done.inspect_err(|problem| {
                let cause = problem.as_db().map(ToString::to_string).unwrap_or_default();
                tracing::warn!(bank = bank.code, code = problem.code, cause, "no exchange");
            })
        }));
    }
    let until = tokio::time::Instant::now() + patience;
    let (mut said, mut slow, mut failed) = (Counts::default(), 0, None);
    for bank in begun {
        match tokio::time::timeout_at(until, bank).await {
            Err(_) => slow += 1,
            Ok(done) => match done.map_err(|error| unreadable(error.to_string())).flatten() {
                Ok(counts) => said.add(&counts),
                Err(problem) => failed = Some(problem),
            },
        }
    }
    let Counts { sent, asked, files } = said;
    let told = format!("{sent} sent, {asked} asked after, {files} files, {slow} still busy");
    failed.map_or(Ok(told), Err)
}

/// Banks with which a round of this process is under way.
static UNDER_WAY: Mutex<BTreeSet<Id>> = Mutex::new(BTreeSet::new());

/// One bank's turn; it ends when this is dropped.
struct Turn(Id);

impl Turn {
    /// `None` while another turn of this bank lasts.
    fn begin(bank: Id) -> Option<Self> {
        // Made only when it begins: one that is dropped ends the turn that lasts.
        Self::all().insert(bank).then(|| Self(bank))
    }

    fn all() -> MutexGuard<'static, BTreeSet<Id>> {
        UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        Self::all().remove(&self.0);
    }
}

#[derive(Default)]
pub(crate) struct Counts {
    sent: usize,
    asked: usize,
    files: usize,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.asked += other.asked;
        self.files += other.files;
    }
}

fn unreadable(cause: String) -> Problem {
    DbError::Engine(cause).into()
}

/// Sends to one bank, asks it, takes in what came from it.
pub(crate) async fn with_bank(
    app: &App,
    bank: &Bank,
    way: Option<&Way>,
) -> Result<Counts, Problem> {
    let id = bank.id;
    let due = app.db.read(move |tx| Ok::<_, Problem>(requests::any_due(tx, id, Utc::now())?));
    let silent = matches!(way, Some(Way::Http { .. }));
    if !due.await? && silent {
        return Ok(Counts::default());
    }
    let port = config::port(&app.config.data, &bank.code, way).map_err(unreadable)?;
    with_port(app, bank, port.into()).await
}

/// What became of files and requests with one port.
async fn with_port(app: &App, bank: &Bank, port: Arc<dyn BankPort>) -> Result<Counts, Problem> {
    // What came first: an answer that lies there needs no question.
    let files = take_files(app, bank, &port).await?;
    let sent = send(app, bank.id, &port).await?;
    let asked = ask_after(app, bank.id, &port).await?;
    Ok(Counts { sent, asked, files })
}

/// Runs one port's blocking work beside the runtime.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| DbError::Engine(error.to_string()).into())
}

async fn send(app: &App, bank: Id, port: &Arc<dyn BankPort>) -> Result<usize, Problem> {
    let mut asks = Vec::new();
    while asks.len() < port.batch() {
        let more = claim(app, bank, port.pauses()).await?;
        if more.is_empty() {
            break;
        }
        asks.extend(more);
    }
    if asks.is_empty() {
        return Ok(0);
    }
    let ids: Vec<Id> = asks.iter().map(|ask| ask.id).collect();
    let (count, way) = (ids.len(), port.clone());
    let answers = blocking(move || way.send(&asks)).await?;
    take_answers(app, bank, port.pauses(), ids.into_iter().zip(answers)).await?;
    Ok(count)
}

/// Writes that requests leave, and that the bank is told of these people (Art. 18).
async fn claim(app: &App, bank: Id, (first, most): (i64, i64)) -> Result<Vec<Ask>, Problem> {
    let shared = app.clone();
    app.db
        .write(move |tx| {
            let (now, system) = (Utc::now(), Actor::system());
            let (mut asks, mut entries) = (Vec::new(), Vec::new());
            for request in requests::due(tx, bank, RequestState::Waiting, now, CHUNK)? {
                let body = requests::body(tx, &shared.keys, &request)?;
                let Some(body) = body else { continue };
                let next = now.plus_seconds(pause(first, most, request.sends).max(60));
                requests::leaving(tx, &request, RequestState::Sent, next, now)?;
                let entry = Entry::new(shared.id(), now, &system, "bank.sent", "Art. 10, 18")
                    .about(request.person)
                    .on("bank-request", request.id)
                    .why(request.operation.code(), super::TOLD);
                entries.push(entry);
                asks.push(Ask { id: request.id, operation: request.operation, body });
            }
            journal::record_all(tx, &entries)?;
            Ok::<_, Problem>(asks)
        })
        .await
}

/// What a port answered at once; of requests that were merely handed over there is nothing to write.
async fn take_answers(
    app: &App,
    bank: Id,
    pauses: (i64, i64),
    answers: impl Iterator<Item = (Id, Answer)>,
) -> Result<(), Problem> {
    let said = answers.filter(|(_, answer)| *answer != Answer::Accepted);
    let lines: Vec<Line> = said.map(|(id, answer)| Line::Answer(id, answer)).collect();
    for chunk in lines.chunks(CHUNK as usize) {
        take_lines(app, bank, pauses, &Actor::system(), chunk.to_vec()).await?;
    }
    Ok(())
}

async fn ask_after(app: &App, bank: Id, port: &Arc<dyn BankPort>) -> Result<usize, Problem> {
    loop {
        let silent = due(app, bank, RequestState::Sent).await?;
        if silent.is_empty() {
            break;
        }
        // Their pause is over: from now on their state is unknown, and they are asked after at once.
        let unknown = silent.into_iter().map(|request| (request.id, Answer::Unknown));
        take_answers(app, bank, (0, 0), unknown).await?;
    }
    let mut ids = Vec::new();
    while ids.len() < port.batch() {
        let more = claim_queries(app, bank, port.pauses()).await?;
        if more.is_empty() {
            break;
        }
        ids.extend(more);
    }
    if ids.is_empty() {
        return Ok(0);
    }
    let (count, way, asked) = (ids.len(), port.clone(), ids.clone());
    let answers = blocking(move || way.query(&asked)).await?;
    let waits = |answer: &Answer| matches!(answer, Answer::Unknown | Answer::NotSent);
    // Its pause was set when it was asked after; no answer changes nothing.
    let said = ids.into_iter().zip(answers).filter(|(_, answer)| !waits(answer));
    take_answers(app, bank, port.pauses(), said).await?;
    Ok(count)
}

async fn due(app: &App, bank: Id, state: RequestState) -> Result<Vec<Request>, Problem> {
    let read =
        app.db.read(move |tx| Ok::<_, Problem>(requests::due(tx, bank, state, Utc::now(), CHUNK)?));
    read.await
}

async fn claim_queries(app: &App, bank: Id, pauses: (i64, i64)) -> Result<Vec<Id>, Problem> {
    let (first, most) = pauses;
    app.db
        .housekeeping(move |tx| {
            let now = Utc::now();
            let due = requests::due(tx, bank, RequestState::Unknown, now, CHUNK)?;
            for request in &due {
                let next = now.plus_seconds(pause(first, most, request.sends));
                requests::leaving(tx, request, RequestState::Unknown, next, now)?;
            }
            Ok::<_, Problem>(due.into_iter().map(|request| request.id).collect())
        })
        .await
}

async fn take_files(app: &App, bank: &Bank, port: &Arc<dyn BankPort>) -> Result<usize, Problem> {
    let way = port.clone();
    let files = blocking(move || way.collect()).await?;
    let files = files.map_err(|error| DbError::Unavailable(error.to_string()))?;
    let count = files.len();
    for file in files {
        let faults = take_file(app, bank, port.pauses(), &file).await?;
        let way = port.clone();
        let settled = blocking(move || way.settle(&file, &faults)).await?;
        settled.map_err(|error| DbError::Unavailable(error.to_string()))?;
    }
    Ok(count)
}

/// Carries a file out line by line; returns the lines that were not. A failure of the database stops
/// it: the file is read again, and what was carried out is known then.
async fn take_file(
    app: &App,
    bank: &Bank,
    pauses: (i64, i64),
    file: &Received,
) -> Result<Vec<(i64, String)>, Problem> {
    let (id, digest) = (bank.id, file.digest);
    let known = app.db.read(move |tx| Ok::<_, Problem>(file_known(tx, id, &digest)?));
    if known.await? {
        return Ok(Vec::new());
    }
    let (mut faults, mut fault) = (Vec::new(), String::new());
    let lines = file.lines.as_deref().unwrap_or_else(|why| {
        fault.clone_from(why);
        &[]
    });
    let name = bank.name.zh.clone();
    let actor = Actor { name, ..Actor::system() };
    for chunk in lines.chunks(CHUNK as usize) {
        let good = chunk.iter().filter_map(|(_, line)| line.clone().ok()).collect();
        let mut taken = take_lines(app, bank.id, pauses, &actor, good).await?.into_iter();
        for (number, line) in chunk {
            let fault = match line {
                Ok(_) => taken.next().and_then(Result::err),
                Err(why) => Some(why.clone()),
            };
            faults.extend(fault.map(|why| (*number, why)));
        }
    }
    let count = lines.len() as i64;
    let row = IncomingFile {
        id: app.id(),
        bank: id,
        name: file.name.chars().take(200).collect(),
        at: Utc::now(),
        lines: count,
        applied: count - faults.len() as i64,
        fault,
    };
    enter(app, row, digest, faults.clone()).await?;
    Ok(faults)
}

async fn enter(
    app: &App,
    file: IncomingFile,
    digest: [u8; 32],
    faults: Vec<(i64, String)>,
) -> Result<(), Problem> {
    let system = Actor::system();
    let purpose = format!("{} lines, {} applied", file.lines, file.applied);
    let entry = Entry::new(app.id(), file.at, &system, "bank.file", "Art. 10")
        .on("bank-file", file.id)
        .why(purpose, &[]);
    app.db
        .write(move |tx| {
            insert_file(tx, &file, &digest, &faults)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Carries good lines out in one transaction, each by itself: `Err` inside says why one was not. The
/// database's own failures take the whole back.
async fn take_lines(
    app: &App,
    bank: Id,
    pauses: (i64, i64),
    actor: &Actor,
    lines: Vec<Line>,
) -> Result<Vec<Result<(), String>>, Problem> {
    let (shared, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let from = From { app: &shared, bank, pauses, now };
            let take = |line: &Line| match line {
                Line::Answer(id, answer) => Ok(match answers::take_in(tx, from, *id, answer)? {
                    Taken::Applied | Taken::Known => Ok(()),
                    Taken::NoSuchRequest => Err("no request of this bank has this id".to_owned()),
                    Taken::Contradicts => Err("contradicts what the bank said before".to_owned()),
                }),
                Line::Event(event) => {
                    match events::take_in(tx, &shared, &actor, bank, event, now) {
                        Ok(_) => Ok(Ok(())),
                        // A rule refused it before anything was written.
                        Err(problem) if problem.as_db().is_none() => {
                            Ok(Err(format!("{}: {}", problem.code, problem.title.zh)))
                        }
                        Err(problem) => Err(problem),
                    }
                }
            };
            lines.iter().map(take).collect::<Result<Vec<_>, Problem>>()
        })
        .await
}
