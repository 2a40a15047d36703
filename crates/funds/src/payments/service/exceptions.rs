//! The exceptions queue: one official asks for an action that is allowed, another carries it out.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;

use super::{Step, happen, intents, move_all, recover_part, release};
use crate::payments::rules::files::FileState;
use crate::payments::rules::table::Event;
use crate::payments::rules::{Action, Kind, Refused, Rules, State};
use crate::payments::store::batches;
use crate::payments::store::exceptions::{self, Exception};
use crate::payments::store::files;
use crate::payments::store::payments::{self, Set};
use crate::payments::store::stops;

/// Asks for an action. What moves no money happens at once.
///
/// # Errors
/// [`Refused::NotAllowed`], [`Refused::NotNow`].
pub async fn ask(
    app: &App,
    actor: &Actor,
    id: Id,
    action: Action,
    why: &str,
) -> Result<(), Problem> {
    ask_part(app, actor, id, (action, 0), why).await
}

/// Like [`ask`], with the part of a wrong payment that came back, fen; 0 with other actions.
///
/// # Errors
/// [`Refused::NotSoMuch`], otherwise as [`ask`].
pub async fn ask_part(
    app: &App,
    actor: &Actor,
    id: Id,
    (action, part): (Action, i64),
    why: &str,
) -> Result<(), Problem> {
    let why = release::reason(why)?;
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let exception = open(tx, id, "open")?;
            if !exception.kind.actions().contains(&action) {
                return Err(Refused::NotAllowed.into());
            }
            let step = Step::new(&platform, &actor, "funds.exception-asked", now);
            let step = step.about("exception", id).why(&why);
            if action == Action::RecoverPart {
                let stored =
                    payments::get(tx, exception.payment)?.ok_or_else(Problem::not_found)?;
                Rules::sound().recover(&stored.payment, part)?;
            }
            let step = step.detail(serde_json::json!({ "action": action.code(), "fen": part }));
            if action.needs_two() {
                let who = (actor.account, actor.name.as_str());
                exceptions::set_asked(tx, &exception, Some((action, part)), who, &why)?;
            } else {
                carry_out(tx, &platform, &exception, action, step.id(), now)?;
                exceptions::close(tx, &exception, action, (actor.account, &actor.name), now)?;
            }
            Ok(step.record(tx)?)
        })
        .await
}

/// Reports that a payment should not have been made: it is to be got back from the holder.
///
/// # Errors
/// [`Refused::NotNow`] unless it is paid; [`Refused::Held`].
pub async fn report_wrong(app: &App, actor: &Actor, id: Id, why: &str) -> Result<(), Problem> {
    let why = release::reason(why)?;
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let stored = payments::get(tx, id)?.ok_or_else(Problem::not_found)?;
            let known = exceptions::of_payment(tx, id)?;
            let waits = known.iter().any(|one| one.state != "closed");
            Rules::sound().apply(&stored.payment, Event::Recover)?;
            if stored.payment.state != State::Paid || waits {
                return Err(Refused::NotNow.into());
            }
            let found = exceptions::Found {
                id: platform.id(),
                kind: Kind::WrongPayment,
                bank: stored.bank,
                batch: stored.batch,
                file: stored.file.unwrap_or(Id(0)),
                payment: id,
                report: Id(0),
                told: why.clone(),
                fen: stored.payment.fen,
            };
            exceptions::open(tx, &[found], now)?;
            let step = Step::new(&platform, &actor, "funds.wrong-payment", now);
            Ok(step.about("payment", id).person(stored.person).why(&why).record(tx)?)
        })
        .await
}

/// Carries out what somebody else asked for, or sends it back.
///
/// # Errors
/// [`Refused::OwnWork`], [`Refused::NotNow`], [`Refused::Stopped`].
pub async fn decide(app: &App, actor: &Actor, id: Id, yes: bool) -> Result<(), Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let exception = open(tx, id, "asked")?;
            if exception.asked_by == Some(actor.account) {
                return Err(Refused::OwnWork.into());
            }
            let action = exception.action.ok_or(Refused::NotNow)?;
            let step = Step::new(&platform, &actor, "funds.exception-decided", now);
            let step = step.about("exception", id).why(&exception.note);
            let detail =
                serde_json::json!({ "action": action.code(), "fen": exception.part, "yes": yes });
            let step = step.detail(detail);
            let mut ends = yes;
            if yes {
                ends = carry_out(tx, &platform, &exception, action, step.id(), now)?;
            }
            if ends {
                exceptions::close(tx, &exception, action, (actor.account, &actor.name), now)?;
            } else {
                exceptions::set_asked(tx, &exception, None, (Id(0), ""), "")?;
            }
            Ok(step.record(tx)?)
        })
        .await
}

fn open(tx: &mut Tx<'_>, id: Id, state: &str) -> Result<Exception, Problem> {
    let exception = exceptions::get(tx, id)?.ok_or_else(Problem::not_found)?;
    if exception.state == state { Ok(exception) } else { Err(Refused::NotNow.into()) }
}

/// Does it; `false` when the exception stays open because something is still owed.
fn carry_out(
    tx: &mut Tx<'_>,
    app: &Platform,
    exception: &Exception,
    action: Action,
    entry: Id,
    now: Utc,
) -> Result<bool, Problem> {
    if exception.payment != Id(0) {
        let stored = payments::get(tx, exception.payment)?.ok_or_else(Problem::not_found)?;
        if action == Action::RecoverPart {
            return Ok(recover_part(tx, app, &stored, exception.part, entry, now)?.recovered);
        }
        if let Some(event) = action.event(stored.payment.held) {
            happen(tx, app, &stored, event, entry, now)?;
        }
    }
    match (exception.kind, action) {
        (_, Action::AskAgain) => look_again(tx, exception.file, now),
        (Kind::FileRefused, Action::Resend) => resend(tx, app, exception.file, now),
        (Kind::FileRefused, Action::VoidLines) => void(tx, app, exception.file, entry, now),
        (Kind::FileVanished, Action::Resend) => leave_again(tx, app, exception.file, entry, now),
        _ => Ok(()),
    }?;
    Ok(true)
}

/// The bank is asked after a file at the next round.
fn look_again(tx: &mut Tx<'_>, file: Id, now: Utc) -> Result<(), Problem> {
    if let Some(file) = files::get(tx, file)? {
        // A settled file has nothing to ask after.
        if matches!(file.state, FileState::Sent | FileState::Unknown | FileState::Sending) {
            files::set(tx, &file, file.state, file.taken, now, &file.said)?;
        }
    }
    Ok(())
}

/// The lines of a file that the bank refused for ever go into a new one.
fn resend(tx: &mut Tx<'_>, app: &Platform, file: Id, now: Utc) -> Result<(), Problem> {
    let file = files::get(tx, file)?.ok_or_else(Problem::not_found)?;
    let batch = batches::get(tx, file.batch)?.ok_or_else(Problem::not_found)?;
    let stopped = stops::is_stopped(tx, batch.id)?;
    Rules::sound().may_plan(batch.release.state, stopped)?;
    payments::take_out_of_file(tx, file.id, file.ends())?;
    intents::intend(tx, app, &batch, (file.from - 1, file.to), now)?;
    Ok(batches::touch(tx, batch.id, now)?)
}

/// The lines of a refused file are taken back: their money is in the budget again.
fn void(tx: &mut Tx<'_>, app: &Platform, file: Id, entry: Id, now: Utc) -> Result<(), Problem> {
    let file = files::get(tx, file)?.ok_or_else(Problem::not_found)?;
    let set = Set::File(file.id, file.from, file.to);
    move_all(tx, app, set, (State::Reserved, Event::Void), entry, now)?;
    Ok(batches::touch(tx, file.batch, now)?)
}

/// Officials found that the bank really has no trace of a file: the same file leaves under the same id.
fn leave_again(
    tx: &mut Tx<'_>,
    app: &Platform,
    file: Id,
    entry: Id,
    now: Utc,
) -> Result<(), Problem> {
    let file = files::get(tx, file)?.ok_or_else(Problem::not_found)?;
    if file.state != FileState::Unknown || files::body(tx, file.id)?.is_none() {
        return Err(Refused::NotNow.into());
    }
    let set = Set::File(file.id, file.from, file.to);
    move_all(tx, app, set, (State::Unknown, Event::NeverSeen), entry, now)?;
    files::set(tx, &file, FileState::Intent, false, now, "")?;
    Ok(batches::touch(tx, file.batch, now)?)
}
