//! The background work: checking files and applying for their people, behind what is done already.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};
use std::time::{Duration, Instant};

use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::jobs::{self, Job, Round};
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use sheet::{Fault, Limits, Row, Sheet};
use tokio::sync::mpsc;

use super::apply::{self, Came, Draft, Set};
use super::columns::{self, Applicant, COLUMNS};
use super::file;
use super::rules::{Outcome, READY, Refused, State};
use super::store::{self, BulkJob, Found};

/// Lines that are written in one transaction.
pub const SET_LINES: usize = 500;
/// Faults that are shown on the page; the download has all.
const SHOWN: usize = 100;
/// After this long with one file the next one gets its turn.
const TURN: Duration = Duration::from_secs(30);
/// A round ends well before its lease does.
const ROUND: Duration = Duration::from_secs(150);

/// Works on uploaded files.
pub const JOB: Job = Job { name: "cards.bulk", every: Duration::from_secs(5), run: round_of };

fn round_of(app: App) -> Round {
    Box::pin(async move { round(&app).await })
}

/// Begins a round now rather than at the next look.
pub fn nudge(app: &App) {
    let app = app.clone();
    tokio::spawn(async move {
        // A round that is just ending may have looked before there was something to do; after these the
        // job's own clock has come. What a round says is on record with the job.
        for _ in 0..25 {
            match jobs::round(&app, JOB).await {
                Ok(None) => tokio::time::sleep(Duration::from_millis(200)).await,
                Ok(Some(_)) | Err(_) => break,
            }
        }
    });
}

async fn round(app: &App) -> Result<String, Problem> {
    let (began, mut worked) = (Instant::now(), 0u64);
    let mut first_problem = None;
    while began.elapsed() < ROUND && first_problem.is_none() {
        let waiting = app.db.read(|tx| Ok::<_, Problem>(store::to_do(tx)?)).await?;
        if waiting.is_empty() {
            break;
        }
        for job in waiting {
            if began.elapsed() >= ROUND {
                break;
            }
            let done = match job.state {
                State::Checking => check(app, &job).await,
                _ => run(app, &job, TURN).await.map(drop),
            };
            worked += 1;
            // One file that fails must not keep the others waiting.
            first_problem = first_problem.or(done.err());
        }
    }
    clear(app).await?;
    match first_problem {
        Some(problem) => Err(problem),
        None => Ok(format!("{worked} turns")),
    }
}

/// Opens the table of a file.
///
/// # Errors
/// What keeps it from being read.
pub(super) fn open(app: &Platform, job: &BulkJob) -> Result<Sheet, Fault> {
    let unreadable = || Fault { line: 0, column: String::new(), kind: sheet::Kind::Unreadable };
    let content = file::open(app, job.id, job.file_size).map_err(|_| unreadable())?;
    sheet::open(content, COLUMNS, Limits::default())
}

/// Tells for each line what would become of it, without asking the register.
pub(super) struct Check {
    now: Utc,
    outlet: Id,
    /// Digest of each number with its first line: 16 bytes each, so a million lines are some megabytes.
    seen: HashMap<u64, u32>,
}

impl Check {
    pub(super) fn new(job: &BulkJob, now: Utc) -> Self {
        Self { now, outlet: job.actor.org.unwrap_or_default(), seen: HashMap::new() }
    }

    pub(super) fn outcome(&mut self, item: &Result<Row, Fault>) -> Outcome {
        let judged = item.as_ref().map_err(Outcome::unreadable).and_then(|row| {
            let applicant = columns::read(row, Id::default(), self.now.day())?;
            columns::judge(&applicant, self.now, self.outlet)?;
            self.unseen(&applicant)?;
            Ok(Outcome::good(row.line, READY))
        });
        judged.unwrap_or_else(|outcome| outcome)
    }

    fn unseen(&mut self, applicant: &Applicant) -> Result<(), Outcome> {
        let hasher = BuildHasherDefault::<DefaultHasher>::default();
        let digest = hasher.hash_one(applicant.person.number.as_str());
        let line = u32::try_from(applicant.line).unwrap_or(u32::MAX);
        match self.seen.insert(digest, line) {
            None => Ok(()),
            Some(first) => {
                self.seen.insert(digest, first);
                let duplicate = Refused::DuplicateLine(u64::from(first));
                Err(Outcome::refused(applicant.line, &duplicate))
            }
        }
    }
}

/// Reads a file to its end and notes what it holds.
///
/// # Errors
/// The database's word.
pub async fn check(app: &App, job: &BulkJob) -> Result<(), Problem> {
    let (platform, file) = (app.clone(), job.clone());
    let checked = tokio::task::spawn_blocking(move || look_through(&platform, &file)).await;
    let (lines, found) = checked.map_err(|error| DbError::Engine(error.to_string()))?;
    let to = if found.unreadable.is_some() { State::Unreadable } else { State::Waiting };
    let (id, now) = (job.id, Utc::now());
    let mut entry = Entry::new(app.id(), now, &job.actor, "bulk.checked", "Art. 12").on("bulk", id);
    entry.detail = serde_json::json!({ "lines": lines, "state": to.code() });
    app.db
        .write(move |tx| {
            // Stopped, or checked by another worker meanwhile.
            let state = store::by_id(tx, id)?.map(|job| job.state);
            if state != Some(State::Checking) {
                return Ok(());
            }
            store::set_state(tx, id, State::Checking, to, now)?;
            store::set_found(tx, id, lines, &found)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

fn look_through(app: &Platform, job: &BulkJob) -> (i64, Found) {
    let mut found = Found::default();
    let mut lines = 0;
    let mut check = Check::new(job, Utc::now());
    let mut sheet = match open(app, job) {
        Ok(sheet) => sheet,
        Err(fault) => {
            found.unreadable = Some(told(&fault));
            return (0, found);
        }
    };
    for item in sheet.by_ref() {
        if let Err(fault) = &item
            && fault.is_final()
        {
            found.unreadable = Some(told(fault));
            break;
        }
        lines += 1;
        let outcome = check.outcome(&item);
        *found.counts.entry(outcome.code.to_string()).or_default() += 1;
        if !outcome.is_good() && found.faults.len() < SHOWN {
            found.faults.push(outcome);
        }
    }
    found.format = sheet.format().to_string();
    let columns = sheet.columns().into_iter();
    found.columns = columns.map(|(name, key)| (name.to_owned(), key.map(str::to_owned))).collect();
    (lines, found)
}

fn told(fault: &Fault) -> (String, String) {
    let text = fault.text();
    (text.zh, text.en)
}

/// Applies for the people of a file, from where the last worker ended, for one turn.
///
/// # Errors
/// The database's word; what was written stays, and the next turn goes on behind it.
pub async fn run(app: &App, job: &BulkJob, turn: Duration) -> Result<(), Problem> {
    let began = Instant::now();
    // One set is read while another is written.
    let (send, mut sets) = mpsc::channel(2);
    let (platform, file) = (app.clone(), job.clone());
    let reader = tokio::task::spawn_blocking(move || read_sets(&platform, &file, &send));
    let (mut came, mut exhausted) = (Came::Written, false);
    while came == Came::Written && began.elapsed() < turn {
        match sets.recv().await {
            Some(set) => came = write(app, job.id, set).await?,
            None => {
                exhausted = true;
                break;
            }
        }
    }
    drop(sets);
    reader.await.map_err(|error| DbError::Engine(error.to_string()))?;
    // The file gave less than its check did.
    if exhausted { break_off(app, job).await } else { Ok(()) }
}

async fn write(app: &App, job: Id, set: Set) -> Result<Came, Problem> {
    app.db.write(move |tx| apply::apply(tx, job, &set, Utc::now())).await
}

/// Hands over set after set until nobody takes them.
fn read_sets(app: &Platform, job: &BulkJob, to: &mpsc::Sender<Set>) {
    let today = Utc::now().day();
    let done = usize::try_from(job.done).unwrap_or(usize::MAX);
    let Ok(sheet) = open(app, job) else { return };
    let readable = |item: &Result<Row, Fault>| !item.as_ref().is_err_and(Fault::is_final);
    let mut items = sheet.take_while(readable).skip(done);
    for number in job.sets.. {
        let lines: Vec<_> = items
            .by_ref()
            .take(SET_LINES)
            .map(|item| match item {
                Ok(row) => columns::read(&row, app.id(), today).map(|one| Draft::new(one, app)),
                Err(fault) => Err(Outcome::unreadable(&fault)),
            })
            .collect();
        let set = Set { number, lines, entry: app.id() };
        if set.lines.is_empty() || to.blocking_send(set).is_err() {
            break;
        }
    }
}

/// The content was damaged after its check: what is done stays, the rest is not done.
async fn break_off(app: &App, job: &BulkJob) -> Result<(), Problem> {
    let (id, now) = (job.id, Utc::now());
    let entry = Entry::new(app.id(), now, &job.actor, "bulk.broke-off", "Art. 12").on("bulk", id);
    app.db
        .write(move |tx| {
            let Some(mut job) = store::by_id(tx, id)? else { return Ok(()) };
            if job.state != State::Running {
                return Ok(());
            }
            let fault = Fault { line: 0, column: String::new(), kind: sheet::Kind::Unreadable };
            job.found.unreadable = Some(told(&fault));
            store::set_state(tx, id, State::Running, State::Unreadable, now)?;
            store::set_found(tx, id, job.lines, &job.found)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Deletes the content of files whose time has passed.
async fn clear(app: &App) -> Result<(), Problem> {
    let now = Utc::now();
    let old = app
        .db
        .read(move |tx| {
            let days = settings::get(tx, &super::KEPT_DAYS, now)?;
            Ok::<_, Problem>(store::to_clear(tx, Utc(now.0 - days * Utc::DAY))?)
        })
        .await?;
    for job in old {
        file::delete(app, job.id).map_err(|error| DbError::Unavailable(error.to_string()))?;
        let entry = Entry::new(app.id(), now, &job.actor, "bulk.cleared", "Art. 19");
        let entry = entry.on("bulk", job.id);
        app.db
            .write(move |tx: &mut Tx<'_>| {
                store::set_cleared(tx, job.id)?;
                Ok::<_, Problem>(journal::record(tx, &entry)?)
            })
            .await?;
    }
    Ok(())
}
