//! Steps of a case: load, look whether he may, decide, write.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::outbox::{Sms, put_sms};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::apply::Step;
use super::{Sent, handler, seal};
use crate::cases::rules::{self, Act, Facts, Hand, Refused, State, may_lay};
use crate::cases::store::Case;
use crate::cases::{credit, store};

/// Ids for one step, made before the transaction.
#[derive(Clone, Copy)]
struct Ids {
    step: Id,
    entry: Id,
    sms: Id,
    credit: Id,
}

impl Ids {
    fn new(app: &App) -> Self {
        Self { step: app.id(), entry: app.id(), sms: app.id(), credit: app.id() }
    }
}

/// Somebody of the office takes a step.
///
/// # Errors
/// [`Refused`], a field that is missing or wrong, or no such case.
pub async fn act(app: &App, actor: &Actor, id: Id, sent: Sent) -> Result<State, Problem> {
    let act = Act::from_code(&sent.act);
    // Files come in by an upload, and nobody can hurry the clock.
    let act = act.filter(|act| !matches!(act, Act::Evidence | Act::Finalise));
    let act = act.ok_or_else(unknown_act)?;
    let (keys, now, ids, actor) = (app.keys.clone(), Utc::now(), Ids::new(app), actor.clone());
    app.db
        .write(move |tx| {
            let case = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            let who = handler(tx, &keys, &actor, id)?;
            rules::impartial(&who, &case.about)?;
            let row = rules::follow(case.state, act, &facts(tx, &case, &sent, now)?)?;
            let hand = row.hand_of(actor.role);
            may_lay(&who, &case.about, hand)?;
            let others = case.investigator.is_some_and(|one| one != actor.account);
            if hand == Hand::Investigate && others {
                return Err(Refused::Taken.into());
            }
            let step = Step { keys: &keys, actor: &actor, now, act, sent: &sent };
            let case = take(tx, &step, case, row.to, hand, ids)?;
            // Naming him may show that the investigator himself is concerned.
            rules::impartial(&who, &case.about)?;
            Ok(case.state)
        })
        .await
}

fn unknown_act() -> Problem {
    Problem::field("act", Text::new("请选择办理方式", "Choose what to do"))
}

/// The one concerned answers or appeals himself.
///
/// # Errors
/// It is not his case, or not at this step.
pub async fn respond(
    app: &App,
    actor: &Actor,
    id: Id,
    act: Act,
    words: &str,
) -> Result<State, Problem> {
    if !matches!(act, Act::Reply | Act::Appeal) {
        return Err(unknown_act());
    }
    let sent = Sent { words: words.to_owned(), ..Sent::default() };
    let (keys, now, ids, actor) = (app.keys.clone(), Utc::now(), Ids::new(app), actor.clone());
    app.db
        .write(move |tx| {
            let own = store::of_concerned(tx, &actor)?.into_iter().find(|case| case.id == id);
            let case = own.ok_or_else(Problem::not_found)?;
            let row = rules::follow(case.state, act, &facts(tx, &case, &sent, now)?)?;
            let step = Step { keys: &keys, actor: &actor, now, act, sent: &sent };
            Ok(take(tx, &step, case, row.to, Hand::Concerned, ids)?.state)
        })
        .await
}

/// Decisions become final when nobody can appeal any more; returns how many.
///
/// # Errors
/// The database's word.
pub async fn finalise(app: &App) -> Result<usize, Problem> {
    let (now, actor) = (Utc::now(), Actor::system());
    let today = now.day();
    let due = app.db.read(move |tx| store::due_for_final(tx, today)).await?;
    let count = due.len();
    for id in due {
        let (keys, ids, actor) = (app.keys.clone(), Ids::new(app), actor.clone());
        app.db
            .write(move |tx| {
                let case = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
                let sent = Sent::default();
                let row = rules::follow(case.state, Act::Finalise, &facts(tx, &case, &sent, now)?)?;
                let act = Act::Finalise;
                let step = Step { keys: &keys, actor: &actor, now, act, sent: &sent };
                take(tx, &step, case, row.to, Hand::Clock, ids).map(drop)
            })
            .await?;
    }
    Ok(count)
}

fn facts(tx: &mut Tx<'_>, case: &Case, sent: &Sent, now: Utc) -> Result<Facts, Problem> {
    let last = store::rounds(tx, case.id)?.pop();
    let named = [&sent.respondent, &sent.person, &sent.account].iter().any(|text| !text.is_empty());
    Ok(Facts {
        due_is_over: case.due.is_some_and(|due| due < now.day()),
        evidence: case.evidence,
        has_respondent: case.respondent.is_some() || named,
        has_order: last.as_ref().is_some_and(|last| last.correct_by.is_some()),
        stands: last.is_some_and(|last| matches!(last.state.as_str(), "decided" | "upheld")),
    })
}

/// Writes a step: state, hand, step, journal, messages, credit.
fn take(
    tx: &mut Tx<'_>,
    step: &Step<'_>,
    mut case: Case,
    to: State,
    hand: Hand,
    ids: Ids,
) -> Result<Case, Problem> {
    let (words, act) = (step.sent.words.trim(), step.act);
    if act.needs_words() && words.is_empty() {
        return Err(Refused::NoWords.into());
    }
    if words.chars().count() > 10_000 {
        let text = Text::new("不超过10000字", "Up to 10,000 letters");
        return Err(Problem::field("words", text));
    }
    step.lay(tx, &mut case, hand)?;
    step.apply(tx, &mut case)?;
    case.due = step.due(tx, &case, to)?;
    if case.state != to {
        (case.state, case.state_since) = (to, step.now);
    }
    store::update(tx, &case)?;
    case.version += 1;
    let place = format!("step {}", ids.step);
    let kept = (!words.is_empty()).then(|| seal(step.keys, case.id, &place, words));
    let taken = store::Step {
        id: ids.step,
        at: step.now,
        act: act.code().to_owned(),
        state: to,
        account: step.actor.account,
        name: step.actor.name.clone(),
        words: kept,
    };
    store::add_step(tx, case.id, &taken)?;
    notify(tx, &case, act, ids.sms, step.now)?;
    credit::follow_case(tx, &case, act, ids.credit, step.now)?;
    journal::record(tx, &entry(&case, step, ids.entry))?;
    Ok(case)
}

/// Whom it concerns learns of it from the notice on, not before: the look would warn him.
fn entry(case: &Case, step: &Step<'_>, id: Id) -> Entry {
    let entry = Entry::new(id, step.now, step.actor, "case.step", "Art. 26")
        .on("case", case.id)
        .why("办理案件 / handling a case", &[]);
    let detail = serde_json::json!({"act": step.act.code(), "state": case.state.code()});
    let subject = case.about.person.filter(|_| case.notice.is_some());
    Entry { detail, subject, ..entry }
}

fn notify(tx: &mut Tx<'_>, case: &Case, act: Act, id: Id, now: Utc) -> Result<(), Problem> {
    let text = match act {
        Act::Notify => "您有一份调查告知书，可陈述申辩，请登录平台“涉及我的案件”查看。",
        Act::Decide => "您的案件已作出决定，可申请复核，请登录平台“涉及我的案件”查看。",
        Act::Uphold | Act::Overturn | Act::Remand => {
            "您的复核申请已有结果，请登录平台“涉及我的案件”查看。"
        }
        _ => return Ok(()),
    };
    let Some(person) = case.about.person else { return Ok(()) };
    let phone = people::store::by_id(tx, person)?.map(|person| person.phone).unwrap_or_default();
    if phone.is_empty() {
        return Ok(());
    }
    Ok(put_sms(tx, id, now, &Sms { to: phone, text: text.to_owned() })?)
}
