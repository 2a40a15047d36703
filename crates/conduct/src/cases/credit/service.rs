//! Use cases of submissions.

use std::sync::Arc;

use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry as Record};
use kernel::outbox::{Sms, put_sms};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::{Utc, day_text};
use time::Duration;

use super::port::{CreditPort, Submission};
use super::rules::{self, Act, Refused, State};
use super::store::{self, Entry};
use super::{EXPIRY_DAYS, OBJECTION_DAYS, REPAIR_DAYS, SWITCH};
use crate::cases::rules::{Act as CaseAct, Clause, State as CaseState};
use crate::cases::store::{Case, rounds};

/// What a case's step means for the credit platform: a final decision is noticed, one that fell goes.
///
/// # Errors
/// The database's word.
pub fn follow_case(
    tx: &mut Tx<'_>,
    case: &Case,
    act: CaseAct,
    id: Id,
    now: Utc,
) -> Result<(), Problem> {
    match (act, case.state) {
        (CaseAct::Finalise | CaseAct::Uphold, CaseState::Final) => notice(tx, case, id, now),
        (CaseAct::Overturn, _) => {
            let Some(mut one) = store::of_case(tx, case.id)? else { return Ok(()) };
            if let Ok(state) = rules::follow(one.state, Act::Fall) {
                one.state = state;
                store::update(tx, &one)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn notice(tx: &mut Tx<'_>, case: &Case, id: Id, now: Utc) -> Result<(), Problem> {
    let (Some(person), Some(last)) = (case.about.person, rounds(tx, case.id)?.pop()) else {
        return Ok(());
    };
    let switch = settings::get(tx, &SWITCH, now)? == 1;
    let article = Clause::from_code(&case.clause).map(|clause| clause.article);
    if !rules::applies(switch, article, case.about.party, last.kind) {
        return Ok(());
    }
    let days = settings::get(tx, &OBJECTION_DAYS, now)?;
    let one = Entry {
        person,
        id,
        case: case.id,
        clause: case.clause.clone(),
        state: State::Noticed,
        objection: None,
        answer: None,
        repair: None,
        decided_by: None,
        case_decider: case.decider,
        due: now.day().saturating_add(Duration::days(days)),
        submitted_on: None,
        receipt: String::new(),
        noticed_at: now,
        version: 1,
    };
    store::insert(tx, &one)?;
    let phone = people::store::by_id(tx, person)?.map(|person| person.phone).unwrap_or_default();
    if phone.is_empty() {
        return Ok(());
    }
    let text = format!(
        "依条例第二十六条，您的失信信息将归集至公共信用信息服务平台，{}前可提出异议，请登录平台“信用信息”查看。",
        day_text(one.due)
    );
    Ok(put_sms(tx, id, now, &Sms { to: phone, text })?)
}

pub(super) fn binding(id: Id, place: &str) -> Vec<u8> {
    [b"credit".as_slice(), &id.0.to_be_bytes(), place.as_bytes()].concat()
}

/// A holder objects or asks for repair, or an approver decides on it. Whoever decided the case does not.
///
/// # Errors
/// [`Refused`], or it is not his.
pub async fn act(
    app: &App,
    actor: &Actor,
    id: Id,
    act: Act,
    words: &str,
) -> Result<State, Problem> {
    let words = words.trim().chars().take(4_000).collect::<String>();
    if words.is_empty() {
        return Err(Refused::NoWords.into());
    }
    let (keys, now, actor) = (app.keys.clone(), Utc::now(), actor.clone());
    let record = Record::new(app.id(), now, &actor, "credit.step", "Art. 26").on("credit", id);
    app.db
        .write(move |tx| {
            let mut one = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            let today = now.day();
            let seal = |place: &str| Some(keys.seal_field(words.as_bytes(), &binding(id, place)));
            let own = actor.role == Role::Holder;
            if own && actor.person != Some(one.person) {
                return Err(Problem::not_found());
            }
            let state = rules::follow(one.state, act)?;
            match act {
                Act::Object if own && one.due < today => return Err(Refused::TooLate.into()),
                Act::Object if own => one.objection = seal("objection"),
                Act::AskRepair if own => {
                    let days = settings::get(tx, &REPAIR_DAYS, now)?;
                    let from = one.submitted_on.map(|day| day.saturating_add(Duration::days(days)));
                    if from.is_none_or(|from| from > today) {
                        return Err(Refused::TooEarly.into());
                    }
                    one.repair = seal("repair");
                }
                Act::Accept | Act::Overrule | Act::Grant | Act::Deny if !own => {
                    if one.case_decider == Some(actor.account) {
                        return Err(Refused::OwnDecision.into());
                    }
                    (one.answer, one.decided_by) = (seal("answer"), Some(actor.account));
                }
                _ => return Err(Problem::forbidden()),
            }
            one.state = state;
            store::update(tx, &one)?;
            let why = format!("信用信息 / credit: {}", state.code());
            journal::record(tx, &record.clone().about(one.person).why(why, &[]))?;
            Ok(state)
        })
        .await
}

/// One round of the clock and the platform; returns how many were handed over. While the switch is off
/// nothing new is submitted, but what must go is taken back.
///
/// # Errors
/// The database's word. What the platform does not take waits.
pub async fn round(app: &App, port: Arc<dyn CreditPort>) -> Result<usize, Problem> {
    let now = Utc::now();
    let today = now.day();
    let (due, on) = app
        .db
        .read(move |tx| {
            let on = settings::get(tx, &SWITCH, now)? == 1;
            Ok::<_, Problem>((store::due(tx, today)?, on))
        })
        .await?;
    let mut done = 0;
    for one in due {
        let one = match one.state {
            State::Noticed => step(app, &one, Act::Pass, String::new()).await?,
            State::Submitted | State::RepairAsked => {
                step(app, &one, Act::Expire, String::new()).await?
            }
            _ => one,
        };
        let act = if one.state == State::Ready { Act::Submit } else { Act::Removed };
        if act == Act::Submit && !on {
            continue;
        }
        let submission = submission(app, &one, act).await?;
        let port = port.clone();
        let handed = tokio::task::spawn_blocking(move || port.hand_over(&submission)).await;
        match handed {
            Ok(Ok(receipt)) => {
                step(app, &one, act, receipt).await?;
                done += 1;
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the credit platform did not take it; it waits")
            }
            Err(error) => tracing::warn!(%error, "the credit port failed; it waits"),
        }
    }
    Ok(done)
}

async fn step(app: &App, one: &Entry, act: Act, receipt: String) -> Result<Entry, Problem> {
    let (now, one) = (Utc::now(), one.clone());
    let record = Record::new(app.id(), now, &Actor::system(), "credit.step", "Art. 26")
        .on("credit", one.id)
        .about(one.person);
    app.db
        .write(move |tx| {
            let mut one = one.clone();
            one.state = rules::follow(one.state, act)?;
            if act == Act::Submit {
                let days = settings::get(tx, &EXPIRY_DAYS, now)?;
                one.due = now.day().saturating_add(Duration::days(days));
                one.submitted_on = Some(now.day());
            }
            if !receipt.is_empty() {
                one.receipt = receipt.clone();
            }
            store::update(tx, &one)?;
            one.version += 1;
            let why = format!("信用信息 / credit: {}", one.state.code());
            journal::record(tx, &record.clone().why(why, &[]))?;
            Ok(one)
        })
        .await
}

async fn submission(app: &App, one: &Entry, act: Act) -> Result<Submission, Problem> {
    let one = one.clone();
    app.db
        .read(move |tx| {
            let case = crate::cases::store::one(tx, one.case)?.ok_or_else(Problem::not_found)?;
            let person = people::store::by_id(tx, one.person)?.filter(|_| act == Act::Submit);
            let (name, number) = person.map_or_else(Default::default, |person| {
                (person.name, person.number.as_str().to_owned())
            });
            let cited = Clause::from_code(&one.clause).map(|clause| clause.cited().zh);
            let days = settings::get(tx, &EXPIRY_DAYS, Utc::now())?;
            let until = Utc::now().day().saturating_add(Duration::days(days));
            let act = if act == Act::Submit { "submit" } else { "remove" };
            Ok(Submission {
                id: one.id.to_string(),
                act: act.to_owned(),
                name,
                number,
                clause: cited.unwrap_or_default(),
                case: case.number,
                until: day_text(until),
            })
        })
        .await
}
