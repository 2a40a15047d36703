//! Finance releases; anybody responsible stops.

use kernel::actor::Actor;
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::{Step, move_all};
use crate::payments::rules::batch::{BatchState, Release};
use crate::payments::rules::table::Event;
use crate::payments::rules::{Refused, Rules, State};
use crate::payments::store::batches::{self, Batch};
use crate::payments::store::payments::Set;
use crate::payments::store::stops::{self, Stop};

/// A step of a release.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hand {
    /// The maker asks.
    Ask,
    /// An approver approves.
    Approve,
    /// An approver sends it back.
    SendBack,
}

impl Hand {
    /// The step of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "ask" => Some(Self::Ask),
            "approve" => Some(Self::Approve),
            "send-back" => Some(Self::SendBack),
            _ => None,
        }
    }

    fn act(self) -> &'static str {
        match self {
            Self::Ask => "funds.release-asked",
            Self::Approve => "funds.release-approved",
            Self::SendBack => "funds.release-sent-back",
        }
    }
}

/// One hand on the release of a batch (Art. 25: maker and checkers are different people).
///
/// # Errors
/// See [`Refused`].
pub async fn release(app: &App, actor: &Actor, id: Id, hand: Hand) -> Result<Release, Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let batch = batches::get(tx, id)?.ok_or_else(Problem::not_found)?;
            let who = actor.account;
            let after = match hand {
                Hand::Ask => batch.release.ask(who)?,
                Hand::SendBack => batch.release.send_back(who)?,
                Hand::Approve if stops::is_stopped(tx, id)? => return Err(Refused::Stopped.into()),
                Hand::Approve => Rules::sound().approve(batch.release, who)?,
            };
            let names = names(&batch, &after, &actor.name);
            let names = [names[0].as_str(), names[1].as_str(), names[2].as_str()];
            batches::set_release(tx, &batch, &after, names, now)?;
            let step = Step::new(&platform, &actor, hand.act(), now).on(&batch);
            step.detail(serde_json::json!({ "fen": batch.fen, "state": after.state.code() }))
                .record(tx)?;
            Ok(after)
        })
        .await
}

/// Each hand's name stands where its account does.
fn names(batch: &Batch, after: &Release, name: &str) -> [String; 3] {
    let before = [batch.release.asked_by, batch.release.first_by, batch.release.second_by];
    let hands = [after.asked_by, after.first_by, after.second_by];
    std::array::from_fn(|place| match (hands[place], before[place]) {
        (None, _) => String::new(),
        (now, known) if now == known => batch.names[place].clone(),
        _ => name.to_owned(),
    })
}

/// Takes a batch back that was not released: its money is in the budget again.
///
/// # Errors
/// [`Refused::NotNow`] once it is asked for or released.
pub async fn take_back(app: &App, actor: &Actor, id: Id, why: &str) -> Result<(), Problem> {
    let why = reason(why)?;
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let batch = batches::get(tx, id)?.ok_or_else(Problem::not_found)?;
            if batch.release.state != BatchState::Reserved {
                return Err(Refused::NotNow.into());
            }
            let step = Step::new(&platform, &actor, "funds.taken-back", now).on(&batch).why(&why);
            let set = Set::Range(batch.payment(0), batch.payment(batch.last_line));
            let moved =
                move_all(tx, &platform, set, (State::Reserved, Event::Void), step.id(), now)?;
            batches::set_done(tx, &batch, 0, Some(BatchState::Void), now)?;
            Ok(step.sum(moved).record(tx)?)
        })
        .await
}

/// Stops one batch, or with `None` everything: from this moment no file leaves.
///
/// # Errors
/// It is stopped already, or there is no reason.
pub async fn stop(app: &App, actor: &Actor, batch: Option<Id>, why: &str) -> Result<(), Problem> {
    let why = reason(why)?;
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    let about = batch.unwrap_or(Id(0));
    app.db
        .write(move |tx| {
            stops::gate(tx)?;
            if about != Id(0) {
                batches::get(tx, about)?.ok_or_else(Problem::not_found)?;
            }
            let stop = Stop {
                id: platform.id(),
                batch: about,
                by: actor.account,
                name: actor.name.clone(),
                at: now,
                reason: why.clone(),
            };
            if !stops::press(tx, &stop)? {
                return Err(Refused::Stopped.into());
            }
            let step = Step::new(&platform, &actor, "funds.stopped", now).about("batch", about);
            Ok(step.why(&why).record(tx)?)
        })
        .await
}

/// Lifts a stop that somebody else pressed.
///
/// # Errors
/// [`Refused::OwnStop`]; an alarm of the books must be closed first.
pub async fn lift(app: &App, actor: &Actor, id: Id, why: &str) -> Result<(), Problem> {
    let why = reason(why)?;
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let stops = stops::in_force(tx)?;
            let stop = stops.iter().find(|stop| stop.id == id).ok_or_else(Problem::not_found)?;
            if stop.by == actor.account {
                return Err(Refused::OwnStop.into());
            }
            stops::lift(tx, id, actor.account, &actor.name, now)?;
            // What the platform stopped by itself was an alarm: who lifts it answers for it.
            if stop.by == Id(0) {
                for alarm in stops::alarms(tx)? {
                    stops::close_alarm(tx, alarm.id, actor.account, now)?;
                }
            }
            let step = Step::new(&platform, &actor, "funds.stop-lifted", now);
            Ok(step.about("batch", stop.batch).why(&why).record(tx)?)
        })
        .await
}

/// A reason in words: 2 to 200 characters.
pub(crate) fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if (2..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    let said = Text::new("请用2到200字说明原因", "Say why in 2 to 200 characters");
    Err(Problem::field("reason", said))
}
