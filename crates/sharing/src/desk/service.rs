//! Use cases: ask, confirm a colleague's question, see one's own answer again.

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::store::{self, Question};
use crate::agreements::rules::{Agreement, Refused};
use crate::agreements::{service as agreements, store as agreed};
use crate::queries::rules::{Ask, Who};
use crate::queries::service::{self as queries, Answer};

/// Questions and answers are forgotten after a day.
const KEPT: i64 = Utc::DAY;

/// What an officer types.
#[derive(Clone, Debug, Default)]
pub struct Typed {
    /// The agreement.
    pub agreement: Option<Id>,
    /// Person number or card number.
    pub number: String,
    /// The case.
    pub case_no: String,
}

/// What became of a question.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The answer.
    Answered(Id, Box<Answer>),
    /// The brake stopped it: a colleague has to confirm it.
    Waits(Id),
}

fn binding(id: Id) -> Vec<u8> {
    [b"share-desk".as_slice(), &id.0.to_be_bytes()].concat()
}

fn org_of(actor: &Actor) -> Result<Id, Problem> {
    actor.org.ok_or_else(Problem::forbidden)
}

/// Agreements of the officer's organisation that count today.
///
/// # Errors
/// The database's word.
pub async fn open_to(app: &App, actor: &Actor) -> Result<Vec<Agreement>, Problem> {
    let (org, now) = (org_of(actor)?, Utc::now());
    app.db
        .read(move |tx| {
            let mut ids: Vec<Id> = agreed::all(tx, Some(org))?.iter().map(|one| one.id).collect();
            ids.sort_unstable();
            ids.dedup();
            let counts = ids.into_iter().map(|id| agreements::in_force(tx, id, now));
            let counts: Vec<Result<Agreement, Problem>> = counts.collect();
            let mut open = Vec::new();
            for one in counts {
                match one {
                    Ok(one) => open.push(one),
                    Err(problem) if problem.status < 500 => {}
                    Err(problem) => return Err(problem),
                }
            }
            Ok(open)
        })
        .await
}

/// Asks about one person.
///
/// # Errors
/// [`Refused`]; a refusal is on record too.
pub async fn ask(app: &App, actor: &Actor, typed: &Typed) -> Result<Outcome, Problem> {
    ask_at(app, actor, typed, Utc::now()).await
}

/// [`ask`] at a given moment.
///
/// # Errors
/// As [`ask`].
pub async fn ask_at(app: &App, actor: &Actor, typed: &Typed, now: Utc) -> Result<Outcome, Problem> {
    let (org, id) = (org_of(actor)?, app.id());
    let agreement = typed.agreement.ok_or(Refused::NotYourAgreement)?;
    let open = open_to(app, actor).await?;
    let one = open.iter().find(|one| one.id == agreement).ok_or(Refused::NotYourAgreement)?;
    let question = question(one, actor, id, typed);
    let text = serde_json::to_vec(&question).map_err(|e| DbError::Engine(e.to_string()))?;
    let mut kept = Question {
        id,
        agreement,
        org,
        sealed: Some(app.keys.seal_field(&text, &binding(id))),
        asked_by: actor.account,
        asked_name: actor.name.clone(),
        asked_at: now,
        case_no: question.case_no.chars().take(64).collect(),
        state: "answered".to_owned(),
    };
    let answered = queries::query_on_page(app, actor, question, now).await;
    let outcome = match answered {
        Ok(answer) => Outcome::Answered(id, Box::new(answer)),
        Err(problem) if problem.code == Problem::from(Refused::SecondOfficer).code => {
            "waiting".clone_into(&mut kept.state);
            Outcome::Waits(id)
        }
        Err(problem) => return Err(problem),
    };
    // What was asked, stopped or answered is on record already.
    app.db.housekeeping(move |tx| store::insert(tx, &kept)).await?;
    Ok(outcome)
}

/// A number with letters or of another length than a person's is a card's.
fn question(one: &Agreement, actor: &Actor, id: Id, typed: &Typed) -> Ask {
    let number: String = typed.number.split_whitespace().collect::<String>().to_uppercase();
    let (number, card_number) = match number.chars().count() == 9 {
        true => (String::new(), number),
        false => (number, String::new()),
    };
    Ask {
        request_id: format!("desk-{id}"),
        agreement: one.id,
        purpose: one.terms.purpose_code.clone(),
        case_no: typed.case_no.trim().to_owned(),
        officer: actor.name.clone(),
        second_officer: String::new(),
        fields: Vec::new(),
        persons: vec![Who { reference: "1".to_owned(), number, card_number }],
    }
}

fn opened(app: &App, kept: &Question) -> Result<Ask, Problem> {
    let plain = kept.sealed.as_ref().and_then(|s| app.keys.open_field(s, &binding(kept.id)));
    let ask = plain.and_then(|plain| serde_json::from_slice(&plain).ok());
    ask.ok_or_else(|| Refused::RequestReused.into())
}

async fn one(app: &App, actor: &Actor, id: Id) -> Result<Question, Problem> {
    let org = org_of(actor)?;
    let found = app.db.read(move |tx| store::one(tx, org, id)).await?;
    found.ok_or_else(Problem::not_found)
}

/// A colleague confirms or declines; a confirmed question is answered to whoever asked it.
///
/// # Errors
/// It is his own, does not wait any more, or [`Refused`].
pub async fn second(app: &App, actor: &Actor, id: Id, yes: bool) -> Result<(), Problem> {
    second_at(app, actor, id, yes, Utc::now()).await
}

/// [`second`] at a given moment.
///
/// # Errors
/// As [`second`].
pub async fn second_at(
    app: &App,
    actor: &Actor,
    id: Id,
    yes: bool,
    now: Utc,
) -> Result<(), Problem> {
    let kept = one(app, actor, id).await?;
    if kept.asked_by == actor.account {
        return Err(Refused::SameOfficer.into());
    }
    if kept.state != "waiting" {
        return Err(Refused::NotNow.into());
    }
    let mut ask = opened(app, &kept)?;
    ask.second_officer.clone_from(&actor.name);
    // Two colleagues may bear one name; their accounts differ.
    if ask.second_officer == ask.officer {
        ask.second_officer.push_str(" (2)");
    }
    let text = serde_json::to_vec(&ask).map_err(|e| DbError::Engine(e.to_string()))?;
    let sealed = app.keys.seal_field(&text, &binding(id));
    let (state, act) = match yes {
        true => ("answered", "share.seconded"),
        false => ("declined", "share.declined"),
    };
    let entry = Entry::new(app.id(), now, actor, act, "Art. 19");
    let entry = entry.on("agreement", kept.agreement).why(&kept.case_no, &[]);
    let by = actor.account;
    let decide = move |tx: &mut Tx<'_>| {
        store::decide(tx, id, state, (by, &sealed), now)?;
        journal::record(tx, &entry)
    };
    app.db.write::<(), DbError>(decide).await?;
    if yes {
        queries::query_on_page(app, &asker(&kept), ask, now).await?;
    }
    Ok(())
}

fn asker(kept: &Question) -> Actor {
    Actor {
        account: kept.asked_by,
        name: kept.asked_name.clone(),
        role: Role::DepartmentOfficer,
        org: Some(kept.org),
        division: String::new(),
        person: None,
    }
}

/// The answer to one's own question, once more within its day; the look is on record.
///
/// # Errors
/// It is somebody else's, waits, or is forgotten.
pub async fn again(app: &App, actor: &Actor, id: Id) -> Result<Answer, Problem> {
    let kept = one(app, actor, id).await?;
    if kept.asked_by != actor.account {
        return Err(Problem::not_found());
    }
    if kept.state != "answered" {
        return Err(Refused::NotNow.into());
    }
    queries::query_on_page(app, actor, opened(app, &kept)?, Utc::now()).await
}

/// Forgets what is older than a day.
///
/// # Errors
/// The database's word.
pub async fn forget(app: &App) -> Result<String, Problem> {
    let before = Utc(Utc::now().0 - KEPT);
    let done = app.db.housekeeping(move |tx| store::forget(tx, before)).await?;
    Ok(format!("{done} forgotten"))
}
