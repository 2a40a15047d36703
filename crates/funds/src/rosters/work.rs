//! The background work: reading lists and checking them, behind what is done already.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use cards::bulk::file;
use kernel::actor::Actor;
use kernel::db::{DbError, Tx, Value};
use kernel::id::Id;
use kernel::jobs::{self, Job, Round};
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use sheet::{Fault, Limits, Row, Sheet};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::columns::{self, COLUMNS, Draft};
use super::rules::{Judged, State, judge};
use super::store::{self, Roster, Task};
use super::{AMOUNT_PERCENT, CHANGED_DAYS, SAME_AGENT, SAME_PHONE, lines, steps};
use crate::programmes::rules::Body;
use crate::programmes::store as programmes;

/// Lines that are read and written in one transaction.
pub const SET_LINES: usize = 2_000;
/// Lines that are copied or checked in one transaction.
pub const RANGE: i64 = 20_000;
/// A round ends well before its lease does.
const ROUND: Duration = Duration::from_secs(150);

/// Reads and checks lists, and closes notices whose days are over.
pub const JOB: Job = Job { name: "funds.rosters", every: Duration::from_secs(5), run: round_of };

fn round_of(app: App) -> Round {
    Box::pin(async move { round(&app).await })
}

/// Begins a round now rather than at the next look.
pub fn nudge(app: &App) {
    let app = app.clone();
    tokio::spawn(async move {
        for _ in 0..25 {
            match jobs::round(&app, JOB).await {
                Ok(None) => tokio::time::sleep(Duration::from_millis(200)).await,
                // What a round says is on record with the job.
                Ok(Some(_)) | Err(_) => break,
            }
        }
    });
}

/// One round: all tasks that wait, then notices.
///
/// # Errors
/// The first problem; other tasks are not held up by it.
pub async fn round(app: &App) -> Result<String, Problem> {
    let (began, mut sets, mut problem) = (Instant::now(), 0u64, None);
    while began.elapsed() < ROUND && problem.is_none() {
        let tasks = app.db.read(|tx| Ok::<_, Problem>(store::to_do(tx)?)).await?;
        if tasks.is_empty() {
            break;
        }
        for task in tasks {
            let worked = work(app, task, began).await;
            sets += 1;
            // Another worker was faster: then it goes on with this one.
            let failed = worked.err().filter(|one| one.code != "platform/changed-meanwhile");
            problem = problem.or(failed);
        }
    }
    let closed = steps::close_notices(app, Utc::now()).await?;
    match problem {
        Some(problem) => Err(problem),
        None => Ok(format!("{sets} turns, {closed} notices ended")),
    }
}

async fn work(app: &App, task: Task, began: Instant) -> Result<(), Problem> {
    match task.phase.as_str() {
        "copying" => copy(app, task).await,
        "reading" => read_file(app, task, began).await,
        _ => check(app, task).await,
    }
}

/// What all lines of a roster are judged with.
pub(super) struct Terms {
    pub(super) roster: Roster,
    pub(super) body: Body,
    conflicts: Vec<Id>,
    changed_after: Utc,
}

/// Loads them; `None` when the roster was withdrawn meanwhile.
pub(super) fn terms(tx: &mut Tx<'_>, id: Id, now: Utc) -> Result<Option<Terms>, DbError> {
    let Some(roster) = store::by_id(tx, id)? else { return Ok(None) };
    if ![State::Entered, State::Checked].contains(&roster.state) {
        return Ok(None);
    }
    let programme = programmes::by_id(tx, roster.programme)?.ok_or(DbError::NotOne(0))?;
    let body = programme.current.body;
    let conflicts = programmes::ids_of(tx, &body.conflicts)?;
    let days = settings::get(tx, &CHANGED_DAYS, now)?;
    Ok(Some(Terms { roster, body, conflicts, changed_after: Utc(now.0 - days * Utc::DAY) }))
}

/// Judges drafts in one question to the register, as rows.
pub(super) fn judged(
    tx: &mut Tx<'_>,
    app: &Platform,
    terms: &Terms,
    drafts: &[Draft],
) -> Result<Vec<(Vec<Value<'static>>, Judged)>, DbError> {
    let numbers: Vec<&str> = drafts.iter().map(|draft| draft.number.as_str()).collect();
    let known = lines::find(tx, &numbers)?;
    let place = (terms.roster.id, terms.roster.division.as_str());
    drafts
        .iter()
        .map(|draft| {
            let found = known.get(&draft.number);
            let same = lines::same_account(&app.keys, draft, found)?;
            let judged = judge(draft, found, &terms.body, same, terms.changed_after);
            Ok((lines::row(&app.keys, place, draft, &judged)?, judged))
        })
        .collect()
}

fn note(app: &Platform, roster: Id, act: &'static str, detail: serde_json::Value) -> Entry {
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), act, "Art. 8");
    let mut entry = entry
        .on("roster", roster)
        .why("核对发放名册 / checking a roster", &["name", "number", "card"]);
    entry.detail = detail;
    entry
}

fn open(app: &Platform, task: &Task) -> Result<Sheet, Fault> {
    let gone = |_| Fault { line: 0, column: String::new(), kind: sheet::Kind::Unreadable };
    let content = file::open(app, task.id, task.file_size).map_err(gone)?;
    let limits = Limits { rows: 2_000_000, ..Limits::default() };
    sheet::open(content, COLUMNS, limits)
}

/// Hands over set after set of a file until nobody takes them; the last word is why it ended.
fn read_sets(app: &Platform, task: &Task, to: &mpsc::Sender<Result<Vec<Draft>, Fault>>) {
    let today = Utc::now().day();
    let sheet = match open(app, task) {
        Ok(sheet) => sheet,
        Err(fault) => {
            // Nobody waits for the word any more: then it is not needed.
            let _ = to.blocking_send(Err(fault));
            return;
        }
    };
    let own_lines = task.source == "correction";
    let (mut set, mut ended) = (Vec::new(), None);
    for item in sheet.skip(usize::try_from(task.done).unwrap_or(usize::MAX)) {
        match item {
            Err(fault) if fault.is_final() => {
                ended = Some(fault);
                break;
            }
            item => set.push(draft(item, own_lines, today)),
        }
        if set.len() == SET_LINES && to.blocking_send(Ok(std::mem::take(&mut set))).is_err() {
            return;
        }
    }
    if !set.is_empty() && to.blocking_send(Ok(set)).is_err() {
        return;
    }
    if let Some(fault) = ended {
        let _ = to.blocking_send(Err(fault));
    }
}

fn draft(item: Result<Row, Fault>, own_lines: bool, today: time::Date) -> Draft {
    match item {
        Ok(row) => columns::read(&row, own_lines, today),
        Err(fault) => Draft::unreadable(i64::try_from(fault.line).unwrap_or(i64::MAX)),
    }
}

/// Sets that are judged while the one before them is written.
const AHEAD: usize = 2;

/// A set that was read: its rows, or the drafts of a change, which are judged when they are written.
struct Set {
    rows: Vec<Vec<Value<'static>>>,
    changes: Vec<Draft>,
    count: usize,
}

type Judging = VecDeque<JoinHandle<Result<Set, Problem>>>;

/// Judges a set in a snapshot of its own.
async fn prepare(app: App, task: Task, set: Vec<Draft>) -> Result<Set, Problem> {
    let count = set.len();
    if task.source == "repeat" {
        return Ok(Set { rows: Vec::new(), changes: set, count });
    }
    let platform = app.clone();
    let judge = move |tx: &mut Tx<'_>| {
        let terms = terms(tx, task.roster, Utc::now())?.ok_or(super::rules::Refused::NotNow)?;
        let all = judged(tx, &platform, &terms, &set)?;
        Ok::<_, Problem>(all.into_iter().map(|(row, _)| row).collect::<Vec<_>>())
    };
    let rows = app.db.read(judge).await?;
    Ok(Set { rows, changes: Vec::new(), count })
}

async fn read_file(app: &App, mut task: Task, began: Instant) -> Result<(), Problem> {
    // One set is read while others are judged and one is written.
    let (send, mut sets) = mpsc::channel(2);
    let (platform, from) = (app.clone(), task.clone());
    let reader = tokio::task::spawn_blocking(move || read_sets(&platform, &from, &send));
    let (mut to, mut judging) = (None, Judging::new());
    while began.elapsed() < ROUND {
        match sets.recv().await {
            Some(Ok(set)) => {
                judging.push_back(tokio::spawn(prepare(app.clone(), task.clone(), set)));
                if judging.len() > AHEAD {
                    task = write_next(app, task, &mut judging).await?;
                }
            }
            Some(Err(fault)) => {
                let text = fault.text();
                to = Some(("failed", format!("{} / {}", text.zh, text.en)));
                break;
            }
            None => {
                to = Some(("checking", String::new()));
                break;
            }
        }
    }
    while !judging.is_empty() {
        task = write_next(app, task, &mut judging).await?;
    }
    drop(sets);
    reader.await.map_err(|error| DbError::Engine(error.to_string()))?;
    let Some((phase, fault)) = to else { return Ok(()) };
    finish_reading(app, task, phase, fault).await
}

/// Writes the set that was read first.
async fn write_next(app: &App, task: Task, judging: &mut Judging) -> Result<Task, Problem> {
    let Some(first) = judging.pop_front() else { return Ok(task) };
    let set = first.await.map_err(|error| DbError::Engine(error.to_string()))??;
    take(app, task, set).await
}

/// Writes one set down, with where the task stands.
async fn take(app: &App, task: Task, set: Set) -> Result<Task, Problem> {
    let now = Utc::now();
    let entry =
        note(app, task.roster, "roster.lines-read", serde_json::json!({ "lines": set.count }));
    let (platform, count) = (app.clone(), i64::try_from(set.count).unwrap_or_default());
    app.db
        .write(move |tx| {
            let next = Task { done: task.done + count, ..task.clone() };
            let Some(terms) = terms(tx, task.roster, now)? else {
                return Err(super::rules::Refused::NotNow.into());
            };
            match task.source.as_str() {
                "repeat" => changes(tx, &platform, &terms, &set.changes)?,
                "correction" => lines::replace_bad(tx, &set.rows).map(drop)?,
                _ => lines::insert(tx, &set.rows).map(drop)?,
            }
            store::go_on(tx, &task, &next, now)?;
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(next)
        })
        .await
}

/// Changes of a repetition: a known person's line is replaced, 0 yuan leaves him out, others are added.
fn changes(tx: &mut Tx<'_>, app: &Platform, terms: &Terms, set: &[Draft]) -> Result<(), DbError> {
    let roster = terms.roster.id;
    let mut set = set.to_vec();
    let numbers: Vec<&str> = set.iter().map(|draft| draft.number.as_str()).collect();
    let known = lines::find(tx, &numbers)?;
    let people: Vec<Id> = known.values().map(|found| found.person).collect();
    let known_lines = lines::of_people(tx, roster, &people)?;
    let mut next = lines::last(tx, roster)?;
    let mut replaces = Vec::new();
    for draft in &mut set {
        let line = known.get(&draft.number).and_then(|found| known_lines.get(&found.person));
        next += i64::from(line.is_none());
        draft.line = line.copied().unwrap_or(next);
        replaces.push(line.is_some());
    }
    for ((row, draft), replaces) in
        judged(tx, app, terms, &set)?.into_iter().zip(&set).zip(replaces)
    {
        match replaces {
            true => lines::change(tx, &row.0, draft.fen == Some(0))?,
            false => lines::insert(tx, &[row.0]).map(drop)?,
        }
    }
    Ok(())
}

async fn finish_reading(
    app: &App,
    task: Task,
    phase: &'static str,
    fault: String,
) -> Result<(), Problem> {
    let now = Utc::now();
    let detail = serde_json::json!({ "phase": phase, "lines": task.done });
    let (entry, event) = (note(app, task.roster, "roster.read", detail), app.id());
    let kept = task.id;
    app.db
        .write(move |tx| {
            let last = lines::last(tx, task.roster)?;
            let to = Task {
                phase: phase.to_owned(),
                done: 0,
                total: last,
                fault: fault.clone(),
                ..task.clone()
            };
            store::go_on(tx, &task, &to, now)?;
            if phase == "failed" {
                let words = ("文件无法读取 / the file cannot be read", fault.as_str());
                store::event(tx, task.roster, event, &Actor::system(), words, now)?;
                // A list whose file breaks off can only be withdrawn; after a correction it is as before.
                if let Some(roster) = store::by_id(tx, task.roster)?
                    && (roster.state, task.source.as_str()) == (State::Entered, "correction")
                {
                    store::save(tx, &Roster { state: State::Checked, ..roster })?;
                    store::recount(tx, task.roster)?;
                }
            }
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    file::delete(app, kept).map_err(|error| DbError::Unavailable(error.to_string()).into())
}

/// One range of a repetition.
async fn copy(app: &App, task: Task) -> Result<(), Problem> {
    let now = Utc::now();
    let entry =
        note(app, task.roster, "roster.lines-copied", serde_json::json!({ "after": task.done }));
    app.db
        .write(move |tx| {
            let Some(terms) = terms(tx, task.roster, now)? else {
                return abandon(tx, &task, &entry, now);
            };
            let (from, until) = (Id(task.total), task.done + RANGE);
            let most = terms.body.max_line_fen;
            let (ids, range) = ((from, task.roster), (task.done, until));
            lines::copy(tx, ids, range, terms.changed_after, most)?;
            let mut to = Task { done: until, ..task.clone() };
            if until >= lines::last(tx, from)? {
                let phase = if task.file_size > 0 { "reading" } else { "checking" };
                let last = lines::last(tx, task.roster)?;
                to = Task { phase: phase.to_owned(), done: 0, total: last, ..task.clone() };
            }
            store::go_on(tx, &task, &to, now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// The roster was withdrawn: the task ends.
fn abandon(tx: &mut Tx<'_>, task: &Task, entry: &Entry, now: Utc) -> Result<(), Problem> {
    let to = Task { phase: "failed".to_owned(), fault: "withdrawn".to_owned(), ..task.clone() };
    store::go_on(tx, task, &to, now)?;
    Ok(journal::record(tx, entry)?)
}

/// One range of the check; behind the last one the whole list is looked at and counted.
async fn check(app: &App, task: Task) -> Result<(), Problem> {
    let now = Utc::now();
    let entry =
        note(app, task.roster, "roster.lines-checked", serde_json::json!({ "after": task.done }));
    let event = app.id();
    app.db
        .write(move |tx| {
            let Some(terms) = terms(tx, task.roster, now)? else {
                return abandon(tx, &task, &entry, now);
            };
            let roster = &terms.roster;
            if task.done < task.total {
                let until = (task.done + RANGE).min(task.total);
                let natural = (roster.programme, roster.period.as_str());
                lines::mark_doubled(tx, roster.id, (task.done, until), natural, &terms.conflicts)?;
                let percent = settings::get(tx, &AMOUNT_PERCENT, now)?;
                lines::note_changes(tx, roster.id, (task.done, until), natural, percent)?;
                store::go_on(tx, &task, &Task { done: until, ..task.clone() }, now)?;
                return Ok(journal::record(tx, &entry)?);
            }
            let phone = settings::get(tx, &SAME_PHONE, now)?;
            let agent = settings::get(tx, &SAME_AGENT, now)?;
            lines::note_crowds(tx, roster.id, phone, agent)?;
            store::save(tx, &Roster { state: State::Checked, ..roster.clone() })?;
            store::recount(tx, roster.id)?;
            store::go_on(tx, &task, &Task { phase: "done".to_owned(), ..task.clone() }, now)?;
            let words = ("名册核对完成 / checked", "");
            store::event(tx, roster.id, event, &Actor::system(), words, now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}
