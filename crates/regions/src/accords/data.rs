//! Shared data under a joint agreement (Art. 18): one signed question about one person, its number and the
//! answer in envelopes; on record on both sides, and before the eyes of the person at home.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use people::number::{PersonNumber, Strictness};
use seal::sm2::SignerId;
use serde::{Deserialize, Serialize};

use super::refused::Refused;
use super::rules::{Accord, Kind};
use super::store::{self, Kept};
use crate::joint::rules::context;
use crate::joint::service::Sender;
use crate::rules::{Descriptor, Refused as NotBelieved, Signed, in_time};
use crate::service::{SEAL_KEY, call_json, note, open_sealed, sign_now};
use crate::store as regions;

/// Signs questions.
pub const QUESTION: SignerId = SignerId("yikatong-region-data");
/// Signs answers.
pub const ANSWER: SignerId = SignerId("yikatong-region-data-answer");

const PATIENCE: Duration = Duration::from_secs(10);

/// A question as it travels.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Question {
    /// 32 hexadecimal digits, never used again.
    id: String,
    from: String,
    to: String,
    /// UTC seconds.
    at: i64,
    accord: String,
    /// Number of the case, and who needs it.
    case: String,
    officer: String,
    /// Entry of the asking region's journal.
    journal: String,
    /// The person's number, in an envelope.
    sealed: String,
}

/// An answer as it travels.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Said {
    id: String,
    from: String,
    at: i64,
    /// `ok`, or the code of a refusal.
    result: String,
    /// [`Found`], in an envelope; empty after a no.
    sealed: String,
}

/// What the other region has about the person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Found {
    /// Whether it knows the person.
    pub known: bool,
    /// Codes of the agreed fields and their values.
    pub fields: BTreeMap<String, String>,
}

/// What an officer asks.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct Asked {
    /// The person's number.
    #[serde(default)]
    pub number: String,
    /// Number of the case.
    #[serde(default)]
    pub case: String,
}

/// Asks the other region under an agreement in force. That it was asked is on record here before the
/// question leaves, whatever becomes of the answer.
///
/// # Errors
/// [`Refused`]; of the other region too.
pub async fn ask(app: &App, actor: &Actor, id: &str, asked: &Asked) -> Result<Found, Problem> {
    let (number, case) = (asked.number.trim().to_uppercase(), asked.case.trim().to_owned());
    if !(6..=30).contains(&number.len()) || !(1..=60).contains(&case.chars().count()) {
        return Err(Refused::NoCase.into());
    }
    let (shared, actor, id) = (app.clone(), actor.clone(), id.to_owned());
    let write = move |tx: &mut Tx<'_>| {
        let now = Utc::now();
        let kept = ready(tx, &id, now)?;
        if kept.accord.holder != kept.region {
            return Err(Refused::WrongSide.into());
        }
        if !store::count(tx, &kept.accord, "out", &day_text(now.day()))? {
            return Err(Refused::TooOften.into());
        }
        let home = regions::trusted(tx, &kept.region)?.ok_or(NotBelieved::Unlisted)?.said;
        let mut entry = Entry::new(shared.id(), now, &actor, "accord.asked", "Art. 18")
            .on("accord", &kept.accord.id)
            .why(&kept.accord.purpose, &codes(&kept.accord));
        entry.detail = serde_json::json!({"region": kept.region, "case": case});
        let question = hex::encode(random::<16>());
        let sender =
            Sender { app: &shared, region: &kept.region, case: &question, entry: &entry, now };
        let asked = Question {
            sealed: sender.seal(tx, "number", &number)?,
            id: question.clone(),
            from: shared.config.region.clone(),
            to: kept.region.clone(),
            at: now.seconds(),
            accord: kept.accord.id.clone(),
            case: case.clone(),
            officer: actor.name.chars().take(40).collect(),
            journal: entry.id.to_string(),
        };
        journal::record(tx, &entry)?;
        Ok::<_, Problem>((home, asked, kept.accord))
    };
    let (home, question, accord) = app.db.write(write).await?;
    let said = send(app, &home, &question).await?;
    open(app, &home, &question, &said, &accord).ok_or_else(|| Refused::Silent.into())
}

fn codes(accord: &Accord) -> Vec<&'static str> {
    accord.shared().into_iter().map(|field| field.code()).collect()
}

fn ready(tx: &mut Tx<'_>, id: &str, now: Utc) -> Result<Kept, Problem> {
    let kept = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
    match kept.accord.kind == Kind::Data && kept.in_force(now) {
        true => Ok(kept),
        false => Err(Refused::NotInForce.into()),
    }
}

async fn send(app: &App, home: &Descriptor, question: &Question) -> Result<Said, Problem> {
    let text = serde_json::to_string(question).expect("plain data");
    let body = regions::signed_text(&sign_now(app, QUESTION, text)?);
    let url = format!("{}/regions/v1/data", home.endpoint);
    let call = tokio::task::spawn_blocking(move || call_json::<Signed>(&url, &body, PATIENCE));
    let signed = call.await.ok().flatten().ok_or(Refused::Silent)?;
    let said: Result<Said, NotBelieved> = signed.open(&home.key, ANSWER).and_then(|said: Said| {
        let its = said.id == question.id && said.from == home.region;
        in_time(said.at, Utc::now().seconds())?;
        if its { Ok(said) } else { Err(NotBelieved::Scope) }
    });
    match said {
        Ok(said) if said.result == "ok" => Ok(said),
        Ok(said) => Err(Refused::from_code(&said.result).unwrap_or(Refused::Silent).into()),
        Err(refused) => {
            note(app, home.region.clone(), refused).await?;
            Err(Refused::Silent.into())
        }
    }
}

/// Only agreed fields are taken, whatever the other side sends.
fn open(
    app: &Platform,
    home: &Descriptor,
    question: &Question,
    said: &Said,
    accord: &Accord,
) -> Option<Found> {
    let place = context(&home.region, &question.from, &question.id, "answer");
    let plain = open_sealed(app, SEAL_KEY, &place, &said.sealed)?;
    let mut found: Found = serde_json::from_slice(&plain).ok()?;
    found.fields.retain(|code, value| accord.fields.contains(code) && value.len() <= 400);
    Some(found)
}

type No = (String, NotBelieved);

/// Answers a trusted region under an agreement in force.
///
/// # Errors
/// [`NotBelieved`], which is alarmed where it should be; or the platform is busy.
pub async fn answer(app: &App, signed: &Signed) -> Result<Signed, Problem> {
    let (shared, signed) = (app.clone(), signed.clone());
    let write = move |tx: &mut Tx<'_>| {
        let now = Utc::now();
        match read(tx, &shared, &signed, now)? {
            Ok((home, question)) => reply(tx, &shared, &home, question, now).map(Ok),
            Err(no) => Ok(Err(no)),
        }
    };
    match app.db.write::<Result<Said, No>, Problem>(write).await? {
        Ok(said) => sign_now(app, ANSWER, serde_json::to_string(&said).expect("plain data")),
        Err((region, refused)) => {
            if refused.alarms() {
                note(app, region, refused).await?;
            }
            Err(refused.into())
        }
    }
}

/// Reads a question once, of a region that is trusted.
fn read(
    tx: &mut Tx<'_>,
    app: &Platform,
    signed: &Signed,
    now: Utc,
) -> Result<Result<(Descriptor, Question), No>, Problem> {
    #[derive(Deserialize)]
    struct From {
        from: String,
    }
    if let Err(refused) = signed.plain() {
        return Ok(Err((String::new(), refused)));
    }
    let Ok(From { from }) = serde_json::from_str(&signed.text) else {
        return Ok(Err((String::new(), NotBelieved::Unreadable)));
    };
    let Some(known) = regions::trusted(tx, &from)? else {
        return Ok(Err((String::new(), NotBelieved::Unlisted)));
    };
    let opened = signed.open(&known.said.key, QUESTION).and_then(|asked: Question| {
        let its = asked.from == known.said.region && asked.to == app.config.region;
        let plain = crate::joint::rules::is_case_id(&asked.id)
            && (1..=60).contains(&asked.case.chars().count())
            && asked.officer.chars().count() <= 40;
        match (its, plain) {
            (false, _) => Err(NotBelieved::Scope),
            (_, false) => Err(NotBelieved::Unreadable),
            _ => in_time(asked.at, now.seconds()).map(|()| asked),
        }
    });
    let question = match opened {
        Ok(question) => question,
        Err(refused) => return Ok(Err((from, refused))),
    };
    match store::take_question(tx, &from, &question.id, now)? {
        true => Ok(Ok((known.said, question))),
        false => Ok(Err((from, NotBelieved::Reused))),
    }
}

/// The answer, with its entry in the journal: about the person when he is known, and never without one.
fn reply(
    tx: &mut Tx<'_>,
    app: &Platform,
    home: &Descriptor,
    question: Question,
    now: Utc,
) -> Result<Said, Problem> {
    let said = |result: &str, sealed| Said {
        id: question.id.clone(),
        from: app.config.region.clone(),
        at: now.seconds(),
        result: result.to_owned(),
        sealed,
    };
    match look(tx, app, home, &question, now) {
        Ok(sealed) => Ok(said("ok", sealed)),
        Err(problem) if problem.status < 500 && problem.code.starts_with("accords/") => {
            let mut entry = entry(app, home, &question, now, "accord.refused");
            problem.code.clone_into(&mut entry.result);
            journal::record(tx, &entry)?;
            Ok(said(problem.code, String::new()))
        }
        Err(problem) => Err(problem),
    }
}

fn entry(
    app: &Platform,
    home: &Descriptor,
    question: &Question,
    now: Utc,
    act: &'static str,
) -> Entry {
    let name = format!("{} {}", home.name, question.officer);
    let asker = Actor { account: Id(0), name, role: Role::DepartmentOfficer, ..Actor::system() };
    let mut entry =
        Entry::new(app.id(), now, &asker, act, "Art. 18").on("accord", &question.accord);
    entry.detail = serde_json::json!({"region": home.region, "case": question.case,
        "journal": question.journal});
    entry
}

/// Looks a person up for the other region and seals what is agreed. Nobody's number is a plain "not known".
fn look(
    tx: &mut Tx<'_>,
    app: &Platform,
    home: &Descriptor,
    question: &Question,
    now: Utc,
) -> Result<String, Problem> {
    let unknown = |problem: Problem| match problem.status {
        404 => Refused::NotInForce.into(),
        _ => problem,
    };
    let kept = ready(tx, &question.accord, now).map_err(unknown)?;
    if kept.accord.holder != app.config.region || kept.region != home.region {
        return Err(Refused::WrongSide.into());
    }
    if !store::count(tx, &kept.accord, "in", &day_text(now.day()))? {
        return Err(Refused::TooOften.into());
    }
    let place = context(&home.region, &app.config.region, &question.id, "number");
    let plain = open_sealed(app, SEAL_KEY, &place, &question.sealed).ok_or(Refused::NoCase)?;
    let number: String = serde_json::from_slice(&plain).map_err(|_| Refused::NoCase)?;
    let parsed = PersonNumber::parse(&number, now.day(), Strictness::WithEvidence);
    let person = match parsed {
        Ok(parsed) => people::store::by_number(tx, &parsed.number)?,
        Err(_) => None,
    };
    let why = format!("{}：{}（{}）", home.name, kept.accord.purpose, question.case);
    let mut entry = entry(app, home, question, now, "accord.read").why(why, &codes(&kept.accord));
    let mut found = Found::default();
    match &person {
        Some(person) => {
            let fields = kept.accord.shared();
            let values = sharing::queries::service::values(tx, person, &fields, now)?;
            (found.known, found.fields) = (true, values);
            entry = entry.about(person.id);
        }
        None => "nobody".clone_into(&mut entry.result),
    }
    journal::record(tx, &entry)?;
    let sender = Sender { app, region: &home.region, case: &question.id, entry: &entry, now };
    sender.seal(tx, "answer", &found)
}
