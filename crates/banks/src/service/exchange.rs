//! The exchange with banks: sends what waits, asks after what has no answer, takes in what came.
//!
//! Nothing leaves before it is written that it leaves; so after a crash the worst is a question for
//! something that the bank has never seen.

use std::sync::Arc;

use kernel::actor::Actor;
use kernel::db::DbError;
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

/// The most requests that leave for one bank in one round: what fits well into the job's lease.
const BATCH: i64 = 200;

/// One round with all banks. One bank that cannot be talked to does not keep the others waiting.
///
/// # Errors
/// `banks.json` cannot be read, or the database's word.
pub async fn round(app: &App) -> Result<String, Problem> {
    let ways = config::ways(&app.config.data).map_err(unreadable)?;
    let banks = app.db.read(|tx| Ok::<_, Problem>(agreements::banks(tx)?)).await?;
    let (mut said, mut failed) = (Counts::default(), None);
    for bank in banks {
        match with_bank(app, &bank, ways.get(&bank.code)).await {
            Ok(counts) => said.add(&counts),
            Err(problem) => {
                tracing::warn!(bank = bank.code, code = problem.code, cause = ?problem, "exchange");
                failed = Some(problem);
            }
        }
    }
    match failed {
        Some(problem) => Err(problem),
        None => Ok(format!("{} sent, {} asked after, {} files", said.sent, said.asked, said.files)),
    }
}

#[derive(Default)]
struct Counts {
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

async fn with_bank(app: &App, bank: &Bank, way: Option<&Way>) -> Result<Counts, Problem> {
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
    let asks = claim(app, bank, port.pauses()).await?;
    if asks.is_empty() {
        return Ok(0);
    }
    let ids: Vec<Id> = asks.iter().map(|ask| ask.id).collect();
    let way = port.clone();
    let answers = blocking(move || way.send(&asks)).await?;
    take_all(app, bank, port.pauses(), ids, answers).await
}

/// Writes that requests leave, and that the bank is told of these people (Art. 18).
async fn claim(app: &App, bank: Id, (first, most): (i64, i64)) -> Result<Vec<Ask>, Problem> {
    let shared = app.clone();
    app.db
        .write(move |tx| {
            let (now, system) = (Utc::now(), Actor::system());
            let mut asks = Vec::new();
            for request in requests::due(tx, bank, RequestState::Waiting, now, BATCH)? {
                let body = requests::body(tx, &shared.keys, &request)?;
                let Some(body) = body else { continue };
                let next = now.plus_seconds(pause(first, most, request.sends).max(60));
                requests::leaving(tx, &request, RequestState::Sent, next, now)?;
                let entry = Entry::new(shared.id(), now, &system, "bank.sent", "Art. 10, 18")
                    .about(request.person)
                    .on("bank-request", request.id)
                    .why(request.operation.code(), super::TOLD);
                journal::record(tx, &entry)?;
                asks.push(Ask { id: request.id, operation: request.operation, body });
            }
            Ok::<_, Problem>(asks)
        })
        .await
}

async fn take_all(
    app: &App,
    bank: Id,
    pauses: (i64, i64),
    ids: Vec<Id>,
    answers: Vec<Answer>,
) -> Result<usize, Problem> {
    let count = ids.len();
    for (id, answer) in ids.into_iter().zip(answers) {
        take_one(app, bank, pauses, id, answer).await?;
    }
    Ok(count)
}

async fn take_one(
    app: &App,
    bank: Id,
    pauses: (i64, i64),
    id: Id,
    answer: Answer,
) -> Result<Taken, Problem> {
    let shared = app.clone();
    app.db
        .write(move |tx| {
            let from = From { app: &shared, bank, pauses, now: Utc::now() };
            answers::take_in(tx, from, id, &answer)
        })
        .await
}

async fn ask_after(app: &App, bank: Id, port: &Arc<dyn BankPort>) -> Result<usize, Problem> {
    let silent = due(app, bank, RequestState::Sent).await?;
    for request in silent {
        // Its pause is over: from now on its state is unknown, and it is asked after at once.
        take_one(app, bank, (0, 0), request.id, Answer::Unknown).await?;
    }
    let ids = claim_queries(app, bank, port.pauses()).await?;
    if ids.is_empty() {
        return Ok(0);
    }
    let (way, asked) = (port.clone(), ids.clone());
    let answers = blocking(move || way.query(&asked)).await?;
    let waits = |answer: &Answer| matches!(answer, Answer::Unknown | Answer::NotSent);
    let (ids, answers): (Vec<_>, Vec<_>) =
        // Its pause was set when it was asked after; no answer changes nothing.
        ids.into_iter().zip(answers).filter(|(_, answer)| !waits(answer)).unzip();
    take_all(app, bank, port.pauses(), ids, answers).await
}

async fn due(app: &App, bank: Id, state: RequestState) -> Result<Vec<Request>, Problem> {
    let read =
        app.db.read(move |tx| Ok::<_, Problem>(requests::due(tx, bank, state, Utc::now(), BATCH)?));
    read.await
}

async fn claim_queries(app: &App, bank: Id, pauses: (i64, i64)) -> Result<Vec<Id>, Problem> {
    let (first, most) = pauses;
    app.db
        .housekeeping(move |tx| {
            let now = Utc::now();
            let due = requests::due(tx, bank, RequestState::Unknown, now, BATCH)?;
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
    let (mut applied, mut faults, mut fault) = (0, Vec::new(), String::new());
    match &file.lines {
        Err(why) => fault.clone_from(why),
        Ok(lines) => {
            for (number, line) in lines {
                let taken = match line {
                    Ok(line) => take_line(app, bank, pauses, line.clone()).await?,
                    Err(why) => Err(why.clone()),
                };
                match taken {
                    Ok(()) => applied += 1,
                    Err(why) => faults.push((*number, why)),
                }
            }
        }
    }
    let lines = file.lines.as_ref().map_or(0, Vec::len) as i64;
    let name = file.name.chars().take(200).collect();
    let row = IncomingFile { id: app.id(), bank: id, name, at: Utc::now(), lines, applied, fault };
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

/// Carries one line out: `Err` inside says why it was not.
async fn take_line(
    app: &App,
    bank: &Bank,
    pauses: (i64, i64),
    line: Line,
) -> Result<Result<(), String>, Problem> {
    let done = match line {
        Line::Answer(id, answer) => match take_one(app, bank.id, pauses, id, answer).await? {
            Taken::Applied | Taken::Known => return Ok(Ok(())),
            Taken::NoSuchRequest => "no request of this bank has this id".to_owned(),
            Taken::Contradicts => "contradicts what the bank said before".to_owned(),
        },
        Line::Event(event) => {
            let actor = Actor { name: bank.name.zh.clone(), ..Actor::system() };
            match events::take(app, &actor, bank.id, event).await {
                Ok(_) => return Ok(Ok(())),
                Err(problem) if problem.status < 500 => {
                    format!("{}: {}", problem.code, problem.title.zh)
                }
                Err(problem) => return Err(problem),
            }
        }
    };
    Ok(Err(done))
}
