//! Takes orders in, each exactly once, and sends state and outcome back.

use std::sync::Arc;

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};

use super::store::{self, Contradiction};
use super::{Batch, Hotline, Order, Report};
use crate::complaints::rules::{OUTCOMES, Refused, words};
use crate::complaints::service::{fresh_reference, open_in};
use crate::complaints::store as matters;

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is a new matter.
    New,
    /// It came before, the same.
    Again,
    /// It came before with another content, which a person shall look at.
    Contradicts,
}

/// Takes one order in.
///
/// # Errors
/// The database's word. An order that is not understood is a problem of its line.
pub async fn take(app: &App, channel: &'static str, order: Order) -> Result<Taken, Problem> {
    let now = Utc::now();
    let ids = [app.id(), app.id(), app.id()];
    let reference = fresh_reference();
    let bot = Actor { name: channel.to_owned(), role: Role::HotlineAgent, ..Actor::system() };
    app.db
        .write(move |tx| {
            let content = order.canonical();
            let Some(before) = store::content(tx, channel, &order.number)? else {
                store::insert(tx, channel, &order.number, ids[0], &content, now)?;
                let meant = order.understand(now.day()).map_err(|_| Refused::Words)?;
                open_in(tx, ids, None, channel, meant.told, &reference, now)?;
                if let Some(due) = meant.due {
                    store::shorten(tx, ids[0], due)?;
                }
                return Ok(Taken::New);
            };
            if before == content {
                return Ok(Taken::Again);
            }
            if !store::is_contradicted(tx, channel, &order.number, &content)? {
                store::contradict(tx, ids[0], channel, &order.number, &content, now)?;
                let entry = Entry::new(ids[1], now, &bot, "work-order.contradicted", "Art. 22");
                journal::record(tx, &entry.on("work-order", ids[0]))?;
            }
            Ok::<_, Problem>(Taken::Contradicts)
        })
        .await
}

fn beside(error: tokio::task::JoinError) -> Problem {
    kernel::db::DbError::Unavailable(error.to_string()).into()
}

fn silent(fault: String) -> Problem {
    kernel::db::DbError::Unavailable(fault).into()
}

/// One round with one hotline: what came is taken in, what moved goes back.
///
/// # Errors
/// The hotline does not answer, or the database's word; all is tried again in the next round.
pub async fn round(
    app: &App,
    channel: &'static str,
    port: Arc<dyn Hotline>,
    now: Utc,
) -> Result<String, Problem> {
    let came = collect(app, channel, &port).await;
    // A hotline that hands nothing over is told all the same.
    let sent = report(app, channel, &port, now).await?;
    let [new, again, contradicting, faults] = came?;
    Ok(format!(
        "{channel}: {new} new, {again} again, {contradicting} contradicting, {faults} faults, \
         {sent} reported"
    ))
}

async fn collect(
    app: &App,
    channel: &'static str,
    port: &Arc<dyn Hotline>,
) -> Result<[usize; 4], Problem> {
    let asked = Arc::clone(port);
    let found = tokio::task::spawn_blocking(move || asked.collect()).await.map_err(beside)?;
    let mut counts = [0; 4];
    for batch in found.map_err(silent)? {
        let faults = take_batch(app, channel, &batch, &mut counts).await?;
        counts[3] += faults.len();
        let told = Arc::clone(port);
        let settled = tokio::task::spawn_blocking(move || told.settle(&batch, &faults)).await;
        settled.map_err(beside)?.map_err(silent)?;
    }
    Ok(counts)
}

async fn take_batch(
    app: &App,
    channel: &'static str,
    batch: &Batch,
    counts: &mut [usize; 4],
) -> Result<Vec<(i64, String)>, Problem> {
    let mut faults = Vec::new();
    for (line, order) in &batch.lines {
        let order = match order {
            Ok(order) => order.clone(),
            Err(fault) => {
                faults.push((*line, fault.clone()));
                continue;
            }
        };
        match take(app, channel, order).await {
            Ok(taken) => counts[taken as usize] += 1,
            Err(problem) if problem.status < 500 => faults.push((*line, problem.code.to_owned())),
            Err(problem) => return Err(problem),
        }
    }
    Ok(faults)
}

/// Seconds until a report is tried again: 60, 120 … up to two hours.
fn pause(tries: i64) -> i64 {
    (60 << tries.clamp(0, 10)).min(7_200)
}

async fn report(
    app: &App,
    channel: &'static str,
    port: &Arc<dyn Hotline>,
    now: Utc,
) -> Result<usize, Problem> {
    let entry = app.id();
    let due = app
        .db
        .write(move |tx| {
            let mut due = Vec::new();
            for (number, complaint, tries) in store::unreported(tx, channel, now)? {
                let matter = matters::by_id(tx, complaint)?.ok_or(Refused::Unknown)?;
                let outcome = match matter.outcome.as_str() {
                    "" => String::new(),
                    code => words::name(OUTCOMES, code).zh,
                };
                let report = Report {
                    number,
                    version: matter.version,
                    state: matter.state.code().to_owned(),
                    reply: matter.answer,
                    outcome,
                    due_on: day_text(matter.due),
                };
                due.push((report, tries));
            }
            if !due.is_empty() {
                let system = Actor::system();
                let mut entry = Entry::new(entry, now, &system, "work-order.reported", "Art. 22")
                    .why("向热线反馈办理情况 / telling the hotline", &["state", "answer"]);
                let numbers: Vec<&str> = due.iter().map(|(r, _)| r.number.as_str()).collect();
                entry.detail = serde_json::json!({ "channel": channel, "orders": numbers });
                journal::record(tx, &entry)?;
            }
            Ok::<_, Problem>(due)
        })
        .await?;
    let reports: Vec<Report> = due.iter().map(|(report, _)| report.clone()).collect();
    let asked = Arc::clone(port);
    let had = tokio::task::spawn_blocking(move || asked.report(&reports)).await.map_err(beside)?;
    let done = had.iter().filter(|had| **had).count();
    app.db
        .housekeeping(move |tx| {
            for (n, (report, tries)) in due.iter().enumerate() {
                let has = had.get(n).copied().unwrap_or(false);
                let next =
                    if has { (0, now) } else { (tries + 1, now.plus_seconds(pause(*tries))) };
                let version = has.then_some(report.version);
                store::reported(tx, channel, &report.number, version, next)?;
            }
            Ok::<_, Problem>(())
        })
        .await?;
    Ok(done)
}

/// Contradictions that wait for a person. The look is on record.
///
/// # Errors
/// See [`kernel::db::DbError`].
pub async fn contradictions(app: &App, actor: &Actor) -> Result<Vec<Contradiction>, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "work-order.read", "Art. 22")
        .why("核对热线工单 / comparing work orders", &["name", "phone", "text"]);
    app.db
        .write(move |tx| {
            let found = store::unsettled(tx)?;
            if !found.is_empty() {
                journal::record(tx, &entry)?;
            }
            Ok(found)
        })
        .await
}

/// A person has seen to a contradiction, and says how.
///
/// # Errors
/// [`Refused::Reason`] without a word, [`Refused::Unknown`] when none waits.
pub async fn settle(app: &App, actor: &Actor, id: Id, note: String) -> Result<(), Problem> {
    let (now, actor, entry) = (Utc::now(), actor.clone(), app.id());
    let note = note.trim().to_owned();
    if note.is_empty() {
        return Err(Refused::Reason.into());
    }
    if note.chars().count() > 500 || note.contains('\0') {
        return Err(Refused::Words.into());
    }
    app.db
        .write(move |tx| {
            if !store::settle(tx, id, actor.account, &note, now)? {
                return Err(Refused::Unknown.into());
            }
            let entry = Entry::new(entry, now, &actor, "work-order.settled", "Art. 22");
            Ok(journal::record(tx, &entry.on("work-order", id).why(&note, &[]))?)
        })
        .await
}
