//! Use cases of the unit that enters: a list by file, by program, or as the last one; corrections.

use std::io::Read;

use cards::bulk::file;
use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::divisions;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::org;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use kernel::work::Waiting;

use super::columns::Draft;
use super::rules::{self, Refused, State, Step};
use super::store::{self, Roster, Task};
use super::{lines, work};
use crate::programmes::service::is_open;
use crate::programmes::store::{self as programmes, Programme};

/// The most bytes of a file that comes over HTTP.
pub const MOST_BYTES: usize = 64 << 20;
/// The most lines of one set of a program.
pub const SET_MOST: usize = 5_000;

/// What a unit declares of a list before it is read.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Code of the programme.
    pub programme: String,
    /// `2026` or `2026-11`.
    pub period: String,
    /// Division; the actor's own when empty.
    pub division: String,
    /// Lines.
    pub lines: i64,
    /// Total in fen.
    pub fen: i64,
}

/// Where the lines come from.
pub enum Source {
    /// A file, read as a stream.
    File(Box<dyn Read + Send>),
    /// A program sends them in sets.
    Lines,
    /// An earlier roster, perhaps with a file of changes.
    Repeat(Id, Option<Box<dyn Read + Send>>),
}

/// Enters a list; it is read and checked in the background.
///
/// # Errors
/// [`Refused`]: a closed programme or kind, a wrong period, another division.
pub async fn create(
    app: &App,
    actor: &Actor,
    declared: Declared,
    source: Source,
) -> Result<Id, Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    check_declared(actor, &declared)?;
    let (id, task_id, now) = (app.id(), app.id(), Utc::now());
    let (kind, repeats, content) = match source {
        Source::File(content) => (("file", "reading"), Id(0), Some(content)),
        Source::Lines => (("lines", "taking"), Id(0), None),
        Source::Repeat(from, content) => (("repeat", "copying"), from, content),
    };
    let file_size = keep(app, task_id, content).await?;
    if kind.0 == "file" && file_size == 0 {
        return Err(Problem::field("file", Text::new("文件没有内容", "The file is empty")));
    }
    let (events, actor) = ([app.id(), app.id()], actor.clone());
    let entry = Entry::new(app.id(), now, &actor, "roster.entered", "Art. 8").on("roster", id);
    let entered = app
        .db
        .write(move |tx| {
            let programme = open_programme(tx, &declared.programme, now)?;
            if repeats != Id(0) {
                let from = store::by_id(tx, repeats)?.filter(|from| from.org == org);
                let from = from.filter(|from| from.programme == programme.id);
                from.ok_or_else(Problem::not_found)?;
            }
            let roster = new_roster(id, &actor, org, &programme, &declared, now);
            store::insert(tx, &roster)?;
            store::lay_hand(tx, id, actor.account, Step::Entered)?;
            store::step(tx, &roster, events[0], Step::Entered, (actor.account, true, ""), now)?;
            let task = Task {
                id: task_id,
                roster: id,
                source: kind.0.to_owned(),
                file_size,
                phase: kind.1.to_owned(),
                done: 0,
                total: repeats.0,
                fault: String::new(),
            };
            store::add_task(tx, &task, now)?;
            store::event(tx, id, events[1], &actor, ("录入名册 / entered", ""), now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await;
    if let Err(problem) = entered {
        // Without its row nobody would find the content; that it cannot be deleted changes nothing.
        let _ = file::delete(app, task_id);
        return Err(problem);
    }
    Ok(id)
}

fn check_declared(actor: &Actor, declared: &Declared) -> Result<(), Problem> {
    if !rules::is_period(&declared.period) {
        return Err(Refused::Period.into());
    }
    let division = division_of(actor, declared);
    let six = division.get(..6).unwrap_or_default();
    if divisions::find(six).is_none() || !rules::may_enter_for(&actor.division, &division) {
        return Err(Refused::Division.into());
    }
    if declared.lines < 0 || declared.fen < 0 {
        return Err(Refused::Declared.into());
    }
    Ok(())
}

fn division_of(actor: &Actor, declared: &Declared) -> String {
    match declared.division.trim() {
        "" => actor.division.clone(),
        other => other.to_owned(),
    }
}

fn open_programme(tx: &mut Tx<'_>, code: &str, now: Utc) -> Result<Programme, Problem> {
    let programme = programmes::by_code(tx, code)?.ok_or_else(Problem::not_found)?;
    if programme.state != "open" {
        return Err(Refused::Closed.into());
    }
    is_open(tx, &programme.current.body, now)?;
    Ok(programme)
}

fn new_roster(
    id: Id,
    actor: &Actor,
    org: Id,
    programme: &Programme,
    declared: &Declared,
    now: Utc,
) -> Roster {
    Roster {
        id,
        programme: programme.id,
        programme_version: programme.current.version,
        period: declared.period.clone(),
        division: division_of(actor, declared),
        org,
        state: State::Entered,
        stopped_from: String::new(),
        stopped_by: None,
        round: 1,
        declared_lines: declared.lines,
        declared_fen: declared.fen,
        entered_lines: 0,
        entered_fen: 0,
        lines: 0,
        fen: 0,
        bad: 0,
        warned: 0,
        submitted_at: None,
        acknowledged: String::new(),
        notice_until: None,
        made_by: actor.account,
        made_name: actor.name.clone(),
        made_role: actor.role.code().to_owned(),
        created_at: now,
        version: 1,
    }
}

async fn keep(app: &App, id: Id, content: Option<Box<dyn Read + Send>>) -> Result<u64, Problem> {
    let Some(mut content) = content else { return Ok(0) };
    let platform = app.clone();
    let kept = tokio::task::spawn_blocking(move || file::keep(&platform, id, &mut content)).await;
    let kept = kept.map_err(|error| DbError::Engine(error.to_string()))?;
    kept.map_err(|error| DbError::Unavailable(error.to_string()).into())
}

/// The roster of the actor's own unit.
fn own(tx: &mut Tx<'_>, actor: &Actor, id: Id) -> Result<Roster, Problem> {
    let roster = store::by_id(tx, id)?.ok_or_else(Problem::not_found)?;
    if actor.org != Some(roster.org) {
        return Err(Refused::NotYours.into());
    }
    match store::lay_hand(tx, id, actor.account, Step::Entered)? {
        true => Ok(roster),
        false => Err(Refused::OwnWork.into()),
    }
}

/// Takes a set of lines from a program; lines that are there already stay. Returns how many are new.
///
/// # Errors
/// [`Refused::SetSize`], [`Refused::NotNow`], or it is another unit's.
pub async fn take_set(app: &App, actor: &Actor, id: Id, set: Vec<Draft>) -> Result<usize, Problem> {
    let now = Utc::now();
    if set.is_empty() || set.len() > SET_MOST || set.iter().any(|draft| draft.line < 1) {
        return Err(Refused::SetSize.into());
    }
    let set: Vec<Draft> = set.into_iter().map(|draft| draft.read(now.day())).collect();
    let mut entry =
        Entry::new(app.id(), now, actor, "roster.lines-taken", "Art. 8").on("roster", id);
    entry.detail = serde_json::json!({ "lines": set.len() });
    let (app, actor) = (app.clone(), actor.clone());
    app.clone()
        .db
        .write(move |tx| {
            own(tx, &actor, id)?;
            let task = store::task_of(tx, id)?.filter(|task| task.phase == "taking");
            task.ok_or(Refused::NotNow)?;
            let terms = work::terms(tx, id, now)?.ok_or(Refused::NotNow)?;
            let rows: Vec<_> =
                work::judged(tx, &app, &terms, &set)?.into_iter().map(|(row, _)| row).collect();
            let new = lines::insert(tx, &rows)?;
            journal::record(tx, &entry)?;
            Ok(new)
        })
        .await
}

/// A program says that all sets were sent: the check begins.
///
/// # Errors
/// [`Refused::NotNow`], or it is another unit's.
pub async fn all_sent(app: &App, actor: &Actor, id: Id) -> Result<(), Problem> {
    let (now, actor) = (Utc::now(), actor.clone());
    let entry = Entry::new(app.id(), now, &actor, "roster.all-sent", "Art. 8").on("roster", id);
    app.db
        .write(move |tx| {
            own(tx, &actor, id)?;
            let task = store::task_of(tx, id)?.filter(|task| task.phase == "taking");
            let task = task.ok_or(Refused::NotNow)?;
            let total = lines::last(tx, id)?;
            let to = Task { phase: "checking".to_owned(), done: 0, total, ..task.clone() };
            store::go_on(tx, &task, &to, now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Sends corrected lines alone, by their line numbers; a new declaration may come with them.
///
/// # Errors
/// [`Refused::NotNow`] once it was submitted, or it is another unit's.
pub async fn correct(
    app: &App,
    actor: &Actor,
    id: Id,
    declared: Option<(i64, i64)>,
    content: Option<Box<dyn Read + Send>>,
) -> Result<(), Problem> {
    let (task_id, event, now) = (app.id(), app.id(), Utc::now());
    let file_size = keep(app, task_id, content).await?;
    let actor = actor.clone();
    let entry = Entry::new(app.id(), now, &actor, "roster.corrected", "Art. 8").on("roster", id);
    let entered = app
        .db
        .write(move |tx| {
            let mut roster = own(tx, &actor, id)?;
            if roster.state != State::Checked || roster.submitted_at.is_some() {
                return Err(Refused::NotNow.into());
            }
            if let Some((lines, fen)) = declared {
                roster.declared_lines = lines.max(0);
                roster.declared_fen = fen.max(0);
            }
            if file_size > 0 {
                roster.state = State::Entered;
                let task = Task {
                    id: task_id,
                    roster: id,
                    source: "correction".to_owned(),
                    file_size,
                    phase: "reading".to_owned(),
                    done: 0,
                    total: 0,
                    fault: String::new(),
                };
                store::add_task(tx, &task, now)?;
            }
            store::save(tx, &roster)?;
            store::event(tx, id, event, &actor, ("提交更正 / corrected", ""), now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await;
    if entered.is_err() {
        let _ = file::delete(app, task_id);
    }
    entered
}

/// Submits a checked list for review.
///
/// # Errors
/// [`Refused::Declared`], [`Refused::Nothing`], [`Refused::NotNow`], or it is another unit's.
pub async fn submit(app: &App, actor: &Actor, id: Id) -> Result<(), Problem> {
    let (event, now, actor) = (app.id(), Utc::now(), actor.clone());
    let entry = Entry::new(app.id(), now, &actor, "roster.submitted", "Art. 8").on("roster", id);
    app.db
        .write(move |tx| {
            let roster = own(tx, &actor, id)?;
            if roster.state != State::Checked || roster.submitted_at.is_some() {
                return Err(Refused::NotNow.into());
            }
            let entered = (roster.entered_lines, roster.entered_fen);
            if (roster.declared_lines, roster.declared_fen) != entered {
                return Err(Refused::Declared.into());
            }
            if roster.lines == 0 {
                return Err(Refused::Nothing.into());
            }
            store::save(tx, &Roster { submitted_at: Some(now), ..roster })?;
            store::event(tx, id, event, &actor, ("提交审核 / submitted", ""), now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Takes a list back before it is approved.
///
/// # Errors
/// [`Refused::NotNow`] after the approval, or it is another unit's.
pub async fn withdraw(app: &App, actor: &Actor, id: Id, why: &str) -> Result<(), Problem> {
    let (event, now, actor) = (app.id(), Utc::now(), actor.clone());
    let why = why.trim().to_owned();
    let entry = Entry::new(app.id(), now, &actor, "roster.withdrawn", "Art. 8").on("roster", id);
    app.db
        .write(move |tx| {
            let roster = own(tx, &actor, id)?;
            use State::{Checked, Entered, Noticed, Reviewed};
            if ![Entered, Checked, Reviewed, Noticed].contains(&roster.state) {
                return Err(Refused::NotNow.into());
            }
            if let Some(task) = store::task_of(tx, id)?
                && !["done", "failed"].contains(&task.phase.as_str())
            {
                let to = Task { phase: "failed".to_owned(), ..task.clone() };
                store::go_on(tx, &task, &to, now)?;
            }
            store::save(tx, &Roster { state: State::Withdrawn, ..roster })?;
            store::event(tx, id, event, &actor, ("撤回名册 / withdrawn", &why), now)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

/// Whether the actor acts for an organisation of finance.
pub(crate) fn is_finance(tx: &mut Tx<'_>, actor: &Actor) -> Result<bool, DbError> {
    let orgs = org::all(tx)?;
    let own = orgs.iter().find(|org| Some(org.id) == actor.org);
    Ok(rules::is_officer(actor) && own.is_some_and(|org| org.kind == "finance"))
}

/// Whether the actor may see all rosters; others see those of their own unit or programmes.
///
/// # Errors
/// See [`DbError`].
pub fn sees_all(tx: &mut Tx<'_>, actor: &Actor) -> Result<bool, DbError> {
    let municipal = [Role::Auditor, Role::MunicipalOfficer, Role::MunicipalApprover];
    Ok(municipal.contains(&actor.role) || is_finance(tx, actor)?)
}

/// A roster that the actor may see, with its programme.
///
/// # Errors
/// Not found, which is also said of those of others.
pub fn visible(tx: &mut Tx<'_>, actor: &Actor, id: Id) -> Result<(Roster, Programme), Problem> {
    let roster = store::by_id(tx, id)?.ok_or_else(Problem::not_found)?;
    let programme = programmes::by_id(tx, roster.programme)?.ok_or_else(Problem::not_found)?;
    let own = [Some(roster.org), Some(programme.current.department)].contains(&actor.org);
    if actor.org.is_some() && own || sees_all(tx, actor)? {
        return Ok((roster, programme));
    }
    Err(Problem::not_found())
}

/// How many rosters wait for the actor: his department's review, or finance's approval.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>, actor: &Actor, _: Utc) -> Result<Waiting, DbError> {
    match is_finance(tx, actor)? {
        true => store::count_noticed(tx),
        false => store::count_submitted(tx, actor.org.unwrap_or_default()),
    }
}
