//! Steps of the three procedures, and emergency suspension.

use kernel::actor::{Actor, Role};
use kernel::approval;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use kernel::work::Waiting;
use time::Duration;

use super::{Catalogue, ask, of_version};
use crate::rules::workflow::{self, Outcome, Said, Step};
use crate::rules::{self, Change, Clash, Item, List, Refused, State};
use crate::settings::{JOINT_LEAD_DAYS, SUSPENSION_DAYS};
use crate::store::{self, Case, Suspension, Taken};

/// A step that waits for somebody, with all that he needs to decide.
#[derive(Clone, Debug)]
pub struct Task {
    /// The step of the procedure.
    pub step: &'static Step,
    /// How it stands.
    pub taken: Taken,
    /// Its case.
    pub case: Case,
    /// The version that comes or goes.
    pub item: Item,
    /// What it changes against the version in force.
    pub changes: Vec<Change>,
    /// What stands against it on the list.
    pub clashes: Vec<(Clash, Item)>,
    /// Its deadline has passed.
    pub overdue: bool,
}

/// Steps that `actor` may take, the most urgent first; his own proposals among them, which another
/// takes.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting(app: &Platform, actor: &Actor) -> Result<Vec<Task>, Problem> {
    let actor = actor.clone();
    tasks(app, move |task| {
        workflow::may_take(task.step, &actor, &task.item, task.case.made_org).is_ok()
    })
    .await
}

/// How many steps `actor` may take, and how many of them are past their day; not those of his own
/// proposals.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>, actor: &Actor, now: Utc) -> Result<Waiting, DbError> {
    let mut found = Waiting::default();
    for (taken, case) in store::waiting_steps(tx)? {
        let Some(item) = store::version(tx, case.version)? else { continue };
        let step = workflow::of(item.list).step(&taken.step);
        let may = |step| workflow::may_take(step, actor, &item, case.made_org).is_ok();
        if case.made_by != actor.account && step.is_some_and(may) {
            found.all += 1;
            found.late += i64::from(taken.due < now.day());
        }
    }
    Ok(found)
}

/// All steps that wait, whoever takes them, the most urgent first.
///
/// # Errors
/// See [`Problem`].
pub async fn all_waiting(app: &Platform) -> Result<Vec<Task>, Problem> {
    tasks(app, |_| true).await
}

async fn tasks(
    app: &Platform,
    wanted: impl Fn(&Task) -> bool + Send + Sync + 'static,
) -> Result<Vec<Task>, Problem> {
    let today = Utc::now().day();
    app.db
        .read(move |tx| {
            let published = store::published(tx)?;
            let mut tasks = Vec::new();
            for (taken, case) in store::waiting_steps(tx)? {
                let item = store::version(tx, case.version)?.ok_or_else(Problem::not_found)?;
                let Some(step) = workflow::of(item.list).step(&taken.step) else { continue };
                let mut mine = published.iter().filter(|known| known.code == item.code);
                let before = mine.rfind(|known| known.id != item.id);
                let changes = rules::diff(before, &item);
                let clashes = clashes(&published, &item);
                let overdue = taken.due < today;
                let task = Task { step, taken, case, item, changes, clashes, overdue };
                if wanted(&task) {
                    tasks.push(task);
                }
            }
            Ok(tasks)
        })
        .await
}

fn clashes(published: &[Item], item: &Item) -> Vec<(Clash, Item)> {
    let meets = |other: &&Item| other.until.is_none_or(|until| item.from <= until);
    let others = published.iter().filter(meets);
    others.filter_map(|other| Some((rules::clash(item, other)?, other.clone()))).collect()
}

/// Takes a step. A yes to the last decision publishes: the version before it ends the day before the
/// new one begins, which is the planned day or, if that has passed, today.
///
/// # Errors
/// [`Refused`] as a problem; it was decided already; the same service is on the list.
pub async fn decide(
    app: &Platform,
    catalogue: &Catalogue,
    checker: &Actor,
    id: Id,
    said: Said,
) -> Result<Item, Problem> {
    let decided = take(app, checker, id, said, Whose::Ours).await?;
    refresh(app, catalogue).await;
    Ok(decided)
}

/// Whose word takes a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Somebody's who sits here: his role and his organisation count.
    Ours,
    /// The other region's, by a signed message.
    Theirs,
}

pub(super) async fn take(
    app: &Platform,
    checker: &Actor,
    id: Id,
    said: Said,
    whose: Whose,
) -> Result<Item, Problem> {
    let (now, next) = (Utc::now(), app.id());
    let entry = Entry::new(app.id(), now, checker, "item.agreed", "Art. 14");
    let checker = checker.clone();
    app.db
        .write(move |tx| {
            let found = store::waiting_step(tx, id)?;
            let (taken, case) = found.ok_or(approval::Refused::NotOpen)?;
            let mut item = store::version(tx, case.version)?.ok_or_else(Problem::not_found)?;
            let procedure = workflow::of(item.list);
            let step = procedure.step(&taken.step).ok_or_else(Problem::not_found)?;
            match whose {
                Whose::Ours => {
                    workflow::check(step, &checker, &item, (case.made_by, case.made_org), &said)?;
                }
                Whose::Theirs if item.list == List::Joint => {}
                Whose::Theirs => return Err(Refused::NotYourStep.into()),
            }
            approval::decide(tx, id, &checker, said.yes, &said.comment, now)?;
            store::take_step(tx, &filled(taken, &checker, &said, now), checker.account)?;
            let outcome = procedure.follow(step.key, said.yes).ok_or_else(Problem::not_found)?;
            if matches!(outcome, Outcome::Published(_)) {
                in_time(tx, &case, &item, whose, now)?;
            }
            let act = carry_out(tx, &case, &mut item, outcome, now)?;
            if let Outcome::Next(step) | Outcome::Published(Some(step)) = outcome {
                ask(tx, next, &case, &item, step, now)?;
            }
            let why = format!("{} / {}", step.zh, step.en);
            let entry = Entry { act, ..of_version(&entry, &item) };
            journal::record(tx, &entry.why(why, &[]))?;
            Ok::<_, Problem>(item)
        })
        .await
}

/// Both regions begin on the same day: who publishes first leaves the other time to follow.
fn in_time(
    tx: &mut Tx<'_>,
    case: &Case,
    item: &Item,
    whose: Whose,
    now: Utc,
) -> Result<(), Problem> {
    if item.list != List::Joint {
        return Ok(());
    }
    let ahead = match whose {
        Whose::Ours => settings::get(tx, &JOINT_LEAD_DAYS, now)?,
        Whose::Theirs => 1,
    };
    let first = case.last.map_or(item.from, |last| last.saturating_add(Duration::DAY));
    match first < now.day().saturating_add(Duration::days(ahead)) {
        true => Err(Refused::JointSameDay.into()),
        false => Ok(()),
    }
}

fn filled(taken: Taken, by: &Actor, said: &Said, now: Utc) -> Taken {
    Taken {
        decision: if said.yes { "yes" } else { "no" }.to_owned(),
        by: by.name.clone(),
        at: Some(now),
        comment: said.comment.trim().to_owned(),
        evidence: said.evidence.trim().to_owned(),
        ..taken
    }
}

/// Writes what a decision brings about; returns the act for the journal.
fn carry_out(
    tx: &mut Tx<'_>,
    case: &Case,
    item: &mut Item,
    outcome: Outcome,
    now: Utc,
) -> Result<&'static str, Problem> {
    match outcome {
        Outcome::Next(_) => Ok("item.agreed"),
        Outcome::Closed => {
            store::close_case(tx, case.id, true, now)?;
            Ok("item.filed")
        }
        Outcome::SentBack => {
            if case.last.is_none() {
                store::reject(tx, item.id)?;
                item.state = State::Rejected;
            }
            store::close_case(tx, case.id, false, now)?;
            Ok("item.rejected")
        }
        Outcome::Published(next) => {
            let act = bring_in_force(tx, case, item, now)?;
            if next.is_none() {
                store::close_case(tx, case.id, true, now)?;
            }
            Ok(act)
        }
        Outcome::Objected => {
            object(tx, case, item, now)?;
            store::close_case(tx, case.id, false, now)?;
            Ok("item.objected")
        }
    }
}

fn bring_in_force(
    tx: &mut Tx<'_>,
    case: &Case,
    item: &mut Item,
    now: Utc,
) -> Result<&'static str, Problem> {
    if let Some(last) = case.last {
        // A day that passed while the procedure took its time: the item leaves after today.
        let last = last.max(now.day()).max(item.from);
        store::end_version(tx, item.id, last)?;
        item.until = Some(last);
        return Ok("item.withdrawn");
    }
    item.from = item.from.max(now.day());
    let published = store::newest(tx, &item.code)?;
    rules::check_proposal(item, published.as_ref(), now.day())?;
    let all = store::published(tx)?;
    if clashes(&all, item).iter().any(|(clash, _)| clash.blocks()) {
        return Err(Refused::Clash.into());
    }
    let last = item.from.previous_day().ok_or(Refused::InThePast)?;
    store::end_open(tx, &item.code, last, item.id)?;
    store::publish(tx, item, now)?;
    item.state = State::Published;
    Ok("item.published")
}

/// The municipal HRSS objects to a district's item: it leaves the list, at once when it has not begun.
fn object(tx: &mut Tx<'_>, case: &Case, item: &mut Item, now: Utc) -> Result<(), Problem> {
    if case.last.is_some() {
        return Ok(());
    }
    if item.from > now.day() {
        store::reject(tx, item.id)?;
        store::reopen(tx, item.id)?;
        item.state = State::Rejected;
    } else {
        store::end_version(tx, item.id, now.day())?;
        item.until = Some(now.day());
    }
    Ok(())
}

/// The decision stands even if the list cannot be read anew just now: it is within a second.
async fn refresh(app: &Platform, catalogue: &Catalogue) {
    if let Err(problem) = catalogue.load(app).await {
        tracing::warn!(code = problem.code, "the catalogue could not be refreshed");
    }
}

/// Suspends an item in an emergency, at once (Art. 20); it lapses by itself after the days of the setting.
///
/// # Errors
/// [`Refused::NotListed`], [`Refused::Suspended`], no reason, or a district's hand on another's item.
pub async fn suspend(
    app: &Platform,
    catalogue: &Catalogue,
    actor: &Actor,
    code: &str,
    reason: &str,
) -> Result<(), Problem> {
    if reason.trim().is_empty() {
        return Err(Refused::NoComment.into());
    }
    let (now, id, code) = (Utc::now(), app.id(), code.to_owned());
    let entry = Entry::new(app.id(), now, actor, "item.suspended", "Art. 20")
        .why(reason.trim().to_owned(), &[]);
    let (actor, reason) = (actor.clone(), reason.trim().chars().take(500).collect::<String>());
    app.db
        .write(move |tx| {
            let item = store::newest(tx, &code)?.ok_or(Refused::NotListed)?;
            may_suspend(&actor, &item)?;
            stop(tx, id, &code, &reason, (actor.account, now))?;
            Ok::<_, Problem>(journal::record(tx, &of_version(&entry, &item))?)
        })
        .await?;
    refresh(app, catalogue).await;
    Ok(())
}

/// A suspension begins today.
pub(super) fn stop(
    tx: &mut Tx<'_>,
    id: Id,
    code: &str,
    reason: &str,
    (by, now): (Id, Utc),
) -> Result<(), Problem> {
    let known = store::suspensions(tx)?.into_iter().find(|known| known.code == code);
    if let Some(known) = known {
        if known.last >= now.day() {
            return Err(Refused::Suspended.into());
        }
        // It lapsed by its day; the platform notes that before a new one begins.
        store::lift(tx, known.id, Actor::system().account, now)?;
    }
    let days = settings::get(tx, &SUSPENSION_DAYS, now)?;
    let suspension = Suspension {
        id,
        code: code.to_owned(),
        reason: reason.to_owned(),
        from: now.day(),
        last: now.day().saturating_add(Duration::days(days)),
        made_by: by,
    };
    store::suspend(tx, &suspension, now).map_err(|error| match error {
        DbError::Unique(_) => Refused::Suspended.into(),
        other => Problem::from(other),
    })
}

fn may_suspend(actor: &Actor, item: &Item) -> Result<(), Refused> {
    let municipal = actor.role == Role::MunicipalApprover;
    if municipal || actor.division == item.details.division {
        return Ok(());
    }
    Err(Refused::Division)
}

/// Lifts a suspension; somebody else than the one who suspended.
///
/// # Errors
/// [`Refused::NotSuspended`], [`Refused::OwnSuspension`].
pub async fn lift(
    app: &Platform,
    catalogue: &Catalogue,
    actor: &Actor,
    code: &str,
) -> Result<(), Problem> {
    let (now, code) = (Utc::now(), code.to_owned());
    let entry = Entry::new(app.id(), now, actor, "item.resumed", "Art. 20")
        .why("恢复事项 / lifting a suspension", &[]);
    let actor = actor.clone();
    app.db
        .write(move |tx| {
            let item = store::newest(tx, &code)?.ok_or(Refused::NotListed)?;
            may_suspend(&actor, &item)?;
            let known = store::suspensions(tx)?.into_iter().find(|known| known.code == code);
            let known = known.ok_or(Refused::NotSuspended)?;
            if known.made_by == actor.account {
                return Err(Refused::OwnSuspension.into());
            }
            store::lift(tx, known.id, actor.account, now)?;
            Ok::<_, Problem>(journal::record(tx, &of_version(&entry, &item))?)
        })
        .await?;
    refresh(app, catalogue).await;
    Ok(())
}
