//! The work behind the pages: sets money aside, writes intents, lets files leave, asks after them.
//!
//! Everything goes in sets, each one transaction; a worker that dies is followed by one that goes on behind it.

use std::time::{Duration, Instant};

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::law::Refusal as _;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;

use super::{Step, intents, move_all, take};
use crate::payments::port::{self, Asked, PayPort, Ports, Sent};
use crate::payments::rules::batch::BatchState;
use crate::payments::rules::files::{FileState, Outcome, Reception, Standing};
use crate::payments::rules::invariants::Sum;
use crate::payments::rules::table::Event;
use crate::payments::rules::{Kind, Refused, Rules, State};
use crate::payments::store::batches::{self, Batch};
use crate::payments::store::exceptions::{self, Found};
use crate::payments::store::files::{self, File};
use crate::payments::store::payments::{self, Set};
use crate::payments::store::stops;

/// Lines of a batch that one transaction sets aside or writes into files.
pub const CHUNK: i64 = 10_000;
/// A round ends well before its lease does.
const ROUND: Duration = Duration::from_secs(150);
/// A file that was leaving is asked after this many seconds later.
const ASK_SECONDS: i64 = 60;
/// The longest pause between two questions.
const MOST_PAUSE: i64 = 3_600;

/// One round over all batches and banks.
///
/// # Errors
/// The last failure; what was written stays.
pub async fn round(app: &App) -> Result<String, Problem> {
    round_with(app, &port::ports(app)).await
}

/// One round through these ports.
///
/// # Errors
/// The last failure; what was written stays.
pub async fn round_with(app: &App, ports: &Ports) -> Result<String, Problem> {
    let began = Instant::now();
    while began.elapsed() < ROUND && reserve(app).await? {}
    while began.elapsed() < ROUND && intents::plan(app).await? {}
    while began.elapsed() < ROUND && intents::let_go(app).await? {}
    let left = exchange(app, ports, began).await?;
    let reports = collect(app, ports).await?;
    settle(app).await?;
    Ok(format!("{left} files, {reports} reports"))
}

/// Sets the money of one set of lines aside; `false` when there is nothing to do.
///
/// # Errors
/// See [`Problem`].
pub async fn reserve(app: &App) -> Result<bool, Problem> {
    fn first(tx: &mut Tx<'_>) -> Result<Vec<Batch>, DbError> {
        batches::in_state(tx, BatchState::Accepted, 1)
    }
    if app.db.read(first).await?.is_empty() {
        return Ok(false);
    }
    let platform = app.clone();
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let step = Step::new(&platform, &Actor::system(), "funds.reserved", now);
            let Some(batch) = first(tx)?.pop() else {
                return Ok::<_, Problem>(false);
            };
            let to = (batch.done_line + CHUNK).min(batch.last_line);
            let set = Set::Range(batch.payment(batch.done_line), batch.payment(to));
            let moved =
                move_all(tx, &platform, set, (State::Approved, Event::Reserve), step.id(), now)?;
            let next = (to == batch.last_line).then_some(BatchState::Reserved);
            batches::set_done(tx, &batch, to, next, now)?;
            step.on(&batch).sum(moved).record(tx)?;
            Ok(true)
        })
        .await
}

/// Lets due files leave and asks after the others.
async fn exchange(app: &App, ports: &Ports, began: Instant) -> Result<usize, Problem> {
    let mut done = 0;
    let mut failed = None;
    let due = app.db.read(|tx| files::due(tx, Utc::now(), 200)).await?;
    for file in due {
        if began.elapsed() >= ROUND {
            break;
        }
        let bank = file.bank;
        let known = app.db.read(move |tx| banks::store::agreements::bank(tx, bank)).await?;
        let Some(code) = known.map(|bank| bank.code) else { continue };
        let found = ports(&code).map_err(|cause| Problem::from(DbError::Unavailable(cause)));
        let way = match found {
            Ok(Some(way)) => way,
            Ok(None) => continue,
            Err(problem) => {
                failed = Some(problem);
                continue;
            }
        };
        // One bank that fails must not keep the others waiting.
        let result = match file.state {
            FileState::Intent => send(app, &way, file.id).await,
            _ => ask(app, &way, file.id).await,
        };
        match result {
            Ok(moved) => done += usize::from(moved),
            Err(problem) => failed = Some(problem),
        }
    }
    failed.map_or(Ok(done), Err)
}

type Way = std::sync::Arc<dyn PayPort>;

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| DbError::Engine(error.to_string()).into())
}

/// Lets one file leave. That it leaves is on record before a byte does; a stop that is on record
/// before holds it back.
///
/// # Errors
/// See [`Problem`].
pub async fn send(app: &App, way: &Way, id: Id) -> Result<bool, Problem> {
    let platform = app.clone();
    let claimed = app
        .db
        .write(move |tx| {
            let now = Utc::now();
            let Some(file) = files::get(tx, id)? else {
                return Ok::<_, Problem>(None);
            };
            if file.state != FileState::Intent || stops::is_stopped(tx, file.batch)? {
                return Ok(None);
            }
            stops::gate(tx)?;
            // A stop that was pressed while this waited at the gate takes the claim back.
            Rules::sound().may_send(stops::is_stopped(tx, file.batch)?)?;
            files::set_sending(tx, &file, now, now.plus_seconds(ASK_SECONDS))?;
            let body = files::body(tx, id)?;
            let step = Step::new(&platform, &Actor::system(), "funds.leaving", now);
            let detail = serde_json::json!({ "sm3": hex::encode(&file.digest) });
            step.about("payfile", id).detail(detail).record(tx)?;
            Ok(Some((file, body)))
        })
        .await;
    let claimed = match claimed {
        Err(problem) if problem.code == Refused::Stopped.code() => None,
        other => other?,
    };
    let Some((file, body)) = claimed else { return Ok(false) };
    let orders = intents::open(app, &file, body)?;
    let way = way.clone();
    let sent = blocking(move || way.send(&orders)).await?;
    let (reception, said) = match sent {
        Sent::Taken => (Reception::Taken, String::new()),
        // The bank has the id already: what became of the first is not known.
        Sent::Refused(reason, said) if !reason.is_final() => {
            (Reception::Unknown, format!("{} {said}", reason.code()))
        }
        Sent::Refused(reason, said) => (Reception::Refused, format!("{} {said}", reason.code())),
        Sent::Unknown(said) => (Reception::Unknown, said),
    };
    become_of(app, id, Rules::sound().received(reception), said).await?;
    Ok(true)
}

/// Asks after one file.
async fn ask(app: &App, way: &Way, id: Id) -> Result<bool, Problem> {
    let Some(file) = app.db.read(move |tx| files::get(tx, id)).await? else { return Ok(false) };
    let (asker, number) = (way.clone(), id.to_string());
    let asked = blocking(move || asker.query(&number)).await?;
    let (standing, reports, said) = match asked {
        Asked::NeverSeen => (Standing::NeverSeen, Vec::new(), String::new()),
        Asked::InProgress => (Standing::Has, Vec::new(), String::new()),
        Asked::Reports(reports) => (Standing::Has, reports, String::new()),
        Asked::Unknown(said) => (Standing::Unknown, Vec::new(), said),
    };
    let outcome = Rules::sound().asked(file.state, file.taken, standing);
    become_of(app, id, outcome, said).await?;
    for report in reports {
        let faults = take::take_in(app, file.bank, &report).await?;
        let way = way.clone();
        blocking(move || way.settle(&report, &faults)).await?.map_err(unavailable)?;
    }
    doubt(app, id).await?;
    Ok(true)
}

fn unavailable(error: std::io::Error) -> Problem {
    DbError::Unavailable(error.to_string()).into()
}

/// Writes what became of a file, and of its payments that are still out.
async fn become_of(app: &App, id: Id, outcome: Outcome, said: String) -> Result<(), Problem> {
    let platform = app.clone();
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let Some(file) = files::get(tx, id)? else { return Ok(()) };
            let open = [FileState::Sending, FileState::Sent, FileState::Unknown];
            if !open.contains(&file.state) {
                return Ok(());
            }
            let step = Step::new(&platform, &Actor::system(), "funds.file", now);
            let set = Set::File(file.id, file.from, file.to);
            let mut moved = Sum::default();
            if let Some(event) = outcome.event {
                for from in [State::Intent, State::Sent, State::Unknown] {
                    if Rules::sound().apply(&at(from), event).is_ok() {
                        let sum = move_all(tx, &platform, set, (from, event), step.id(), now)?;
                        moved.add(sum.count, sum.fen);
                    }
                }
            }
            // Results may have come with a statement that named no file.
            let out = payments::out_of_file(tx, file.id, file.ends())?;
            let state = match outcome.state {
                FileState::Sent if out == 0 => FileState::Settled,
                state => state,
            };
            let taken = file.taken || outcome.state == FileState::Sent;
            let waits = match outcome.state {
                FileState::Intent => 5,
                _ => pause(file.tries),
            };
            files::set(tx, &file, state, taken, now.plus_seconds(waits), &said)?;
            if let Some(kind) = outcome.exception {
                let found = found(&platform, kind, &file, &said);
                exceptions::open(tx, &[found], now)?;
            }
            batches::touch(tx, file.batch, now)?;
            let detail = serde_json::json!({ "state": state.code(), "lines": moved.count });
            Ok(step.about("payfile", id).detail(detail).record(tx)?)
        })
        .await
}

fn at(state: State) -> crate::payments::rules::Payment {
    crate::payments::rules::Payment { state, ..crate::payments::rules::Payment::new(1) }
}

fn found(app: &Platform, kind: Kind, file: &File, said: &str) -> Found {
    Found {
        id: app.id(),
        kind,
        bank: file.bank,
        batch: file.batch,
        file: file.id,
        payment: Id(0),
        report: Id(0),
        told: said.to_owned(),
        fen: file.fen,
    }
}

/// Seconds until a bank is asked again: longer each time.
fn pause(tries: i64) -> i64 {
    (5i64 << tries.clamp(0, 10)).min(MOST_PAUSE)
}

/// After the deadline payments without a result are being verified; nothing fails by time.
async fn doubt(app: &App, id: Id) -> Result<(), Problem> {
    let platform = app.clone();
    let late = move |tx: &mut Tx<'_>| {
        let hours = settings::get(tx, &crate::payments::DOUBT_HOURS, Utc::now())?;
        let file = files::get(tx, id)?.filter(|file| file.state == FileState::Sent);
        let since = Utc::now().plus_seconds(-hours * 3_600);
        Ok::<_, DbError>(file.filter(|file| file.sent_at.is_some_and(|at| at < since)))
    };
    if app.db.read(late).await?.is_none() {
        return Ok(());
    }
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let step = Step::new(&platform, &Actor::system(), "funds.doubted", now);
            let Some(file) = late(tx)? else { return Ok::<_, Problem>(()) };
            let set = Set::File(file.id, file.from, file.to);
            let moved = match Rules::sound().overdue(State::Sent) {
                Some(event) => move_all(tx, &platform, set, (State::Sent, event), step.id(), now)?,
                None => Sum::default(),
            };
            Ok(step.about("payfile", id).sum(moved).record(tx)?)
        })
        .await
}

/// Takes in what banks told by themselves.
async fn collect(app: &App, ports: &Ports) -> Result<usize, Problem> {
    let known = app.db.read(banks::store::agreements::banks).await?;
    let (mut count, mut failed) = (0, None);
    for bank in known {
        let done = async {
            let way = ports(&bank.code).map_err(DbError::Unavailable)?;
            let Some(way) = way else { return Ok(0) };
            let reader = way.clone();
            let reports = blocking(move || reader.collect()).await?.map_err(unavailable)?;
            let all = reports.len();
            for report in reports {
                let faults = take::take_in(app, bank.id, &report).await?;
                let way = way.clone();
                blocking(move || way.settle(&report, &faults)).await?.map_err(unavailable)?;
            }
            Ok::<_, Problem>(all)
        };
        match done.await {
            Ok(all) => count += all,
            Err(problem) => failed = Some(problem),
        }
    }
    failed.map_or(Ok(count), Err)
}

/// Batches that came to rest, and files whose names and accounts are no longer needed.
async fn settle(app: &App) -> Result<(), Problem> {
    let waiting = app.db.read(|tx| batches::to_settle(tx, 200)).await?;
    for batch in waiting {
        let platform = app.clone();
        let settle = move |tx: &mut Tx<'_>| {
            let now = Utc::now();
            if batches::settle(tx, &batch, now)? {
                let step = Step::new(&platform, &Actor::system(), "funds.settled", now);
                step.on(&batch).record(tx)?;
            }
            Ok::<_, Problem>(())
        };
        app.db.write(settle).await?;
    }
    app.db
        .housekeeping(|tx| {
            let days = settings::get(tx, &crate::payments::FILE_DAYS, Utc::now())?;
            files::forget_settled(tx, Utc(Utc::now().0 - days * Utc::DAY)).map(drop)
        })
        .await
        .map_err(|error: DbError| error.into())
}
