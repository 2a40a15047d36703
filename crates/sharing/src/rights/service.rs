//! Use cases: asking, answering, the copy, the monthly digest.

use std::collections::BTreeMap;

use kernel::actor::{Actor, Role};
use kernel::auth;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::outbox::{self, Sms};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::{Utc, day_text};
use people::number::{PersonNumber, Strictness};
use people::representatives::rules::Act;
use people::representatives::service::{Claim, may_act};
use people::rules::Person;
use serde_json::{Value, json};
use time::{Date, Duration};

use super::ANSWER_DAYS;
use super::rules::{self, HOLDINGS, Kind, Refused, State};
use super::store::{self, Request};

/// A part of the copy that another capability adds: name and what it holds about these records of a person.
#[derive(Clone, Copy)]
pub struct Section {
    /// Key in the file.
    pub key: &'static str,
    /// Collects it.
    pub collect: fn(&mut Tx<'_>, &[Id]) -> Result<Value, DbError>,
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Code of the kind.
    pub kind: String,
    /// Holding, use or entry.
    pub about: String,
    /// In words, 1,000 characters at most.
    pub words: String,
}

/// A holder asks for himself.
///
/// # Errors
/// [`Refused`] as a problem.
pub async fn ask(app: &Platform, actor: &Actor, asking: &Asking) -> Result<Id, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    enter(app, actor, person, asking, "self".to_owned()).await
}

/// On what ground somebody asks for another person.
#[derive(Clone, Debug, Default)]
pub struct Behalf {
    /// Number on the document of a guardian or agent; empty for a relative of the deceased.
    pub number: String,
    /// What a relative was to the deceased.
    pub relation: String,
    /// What he showed.
    pub proof: String,
}

/// A clerk enters what a guardian, an agent or a relative of the deceased asks for (PIPL 49).
///
/// # Errors
/// Whoever asks has shown nothing that entitles him, or [`Refused`].
pub async fn ask_for(
    app: &Platform,
    actor: &Actor,
    person: Id,
    asking: &Asking,
    behalf: &Behalf,
) -> Result<Id, Problem> {
    let (today, behalf) = (Utc::now().day(), behalf.clone());
    let asked_as = app.db.read(move |tx| entitled(tx, person, &behalf, today)).await?;
    enter(app, actor, person, asking, asked_as).await
}

fn entitled(tx: &mut Tx<'_>, person: Id, behalf: &Behalf, today: Date) -> Result<String, Problem> {
    let known = people::store::by_id(tx, person)?.ok_or_else(Problem::not_found)?;
    let (relation, proof) = (behalf.relation.trim(), behalf.proof.trim());
    if known.deceased_on.is_some() {
        // The dead have no agents: close relatives ask, with proof.
        return match relation.is_empty() || proof.is_empty() {
            true => Err(Refused::NotEntitled.into()),
            false => Ok(format!("relative: {relation}, {proof}")),
        };
    }
    let number = PersonNumber::parse(&behalf.number, today, Strictness::WithEvidence);
    let number = number.map_err(|_| Refused::NotEntitled)?.number;
    let acting = may_act(tx, known.id, &Claim::Number(number), Act::Enquire, today)?;
    Ok(format!("representative: {}", acting.relation))
}

async fn enter(
    app: &Platform,
    actor: &Actor,
    person: Id,
    asking: &Asking,
    asked_as: String,
) -> Result<Id, Problem> {
    let unknown =
        || Problem::field("kind", Text::new("请选择要求的类型", "Choose what you ask for"));
    let kind = Kind::from_code(&asking.kind).ok_or_else(unknown)?;
    let (now, id, actor) = (Utc::now(), app.id(), actor.clone());
    let (about, words) = (asking.about.trim().to_owned(), asking.words.trim().to_owned());
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let (about, words) = (cut(&about, 80), cut(&words, 1_000));
    let entry = Entry::new(app.id(), now, &actor, "rights.asked", "Art. 19")
        .about(person)
        .on("rights", id)
        .why(kind.name().zh, &[]);
    app.db
        .write(move |tx| {
            let same =
                |one: &Request| one.state.is_open() && one.kind == kind && one.about == about;
            let open = store::of(tx, person)?.iter().any(same);
            rules::may_ask(kind, &about, &words, open)?;
            let days = settings::get(tx, &ANSWER_DAYS, now)?;
            let request = Request {
                person,
                id,
                kind,
                about: about.clone(),
                words: words.clone(),
                asked_by: actor.account,
                asked_name: actor.name.clone(),
                asked_as: asked_as.clone(),
                asked_at: now,
                due: now.day().saturating_add(Duration::days(days)),
                state: State::Asked,
                taken_by: None,
                taken_name: String::new(),
                answer: String::new(),
                ground: String::new(),
                answered_by: None,
                answered_at: None,
                version: 1,
            };
            store::insert(tx, &request)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await?;
    Ok(id)
}

/// What an officer does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Looks into it.
    Take,
    /// Does as asked, with an answer in words.
    Grant(String),
    /// Refuses: answer and legal ground.
    Refuse(String, String),
}

/// Takes a step with a request; a granted deletion is carried out in the same transaction.
///
/// # Errors
/// [`Refused`] as a problem.
pub async fn answer(app: &Platform, actor: &Actor, id: Id, step: Step) -> Result<(), Problem> {
    let (now, entry_id, message, actor) = (Utc::now(), app.id(), app.id(), actor.clone());
    app.db
        .write(move |tx| {
            let mut request = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            if !request.state.is_open() {
                return Err(Refused::Over.into());
            }
            if request.asked_by == actor.account || actor.person == Some(request.person) {
                return Err(Refused::OwnRequest.into());
            }
            let act = follow(&mut request, &step, &actor, now)?;
            let mut fields: Vec<&'static str> = Vec::new();
            if request.state == State::Granted && request.kind == Kind::Deletion {
                fields.push(erase(tx, request.person, &request.about)?);
            }
            store::update(tx, &request)?;
            if !request.state.is_open() {
                tell(tx, &request, message, now)?;
            }
            let entry = Entry::new(entry_id, now, &actor, act, "Art. 19")
                .about(request.person)
                .on("rights", id)
                .why(request.kind.name().zh, &fields);
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

fn follow(
    request: &mut Request,
    step: &Step,
    actor: &Actor,
    now: Utc,
) -> Result<&'static str, Refused> {
    match step {
        Step::Take => {
            (request.taken_by, request.taken_name) = (Some(actor.account), actor.name.clone());
            request.state = State::Taken;
            return Ok("rights.taken");
        }
        Step::Grant(words) => {
            (request.answer, request.state) = (words.trim().to_owned(), State::Granted);
        }
        Step::Refuse(words, ground) => {
            if words.trim().is_empty() || ground.trim().is_empty() {
                return Err(Refused::GroundMissing);
            }
            request.answer = words.trim().to_owned();
            (request.ground, request.state) = (ground.trim().to_owned(), State::Refused);
        }
    }
    (request.answered_by, request.answered_at) = (Some(actor.account), Some(now));
    Ok(if request.state == State::Granted { "rights.granted" } else { "rights.refused" })
}

/// Erases what a person may have erased; the rules let nothing else through.
fn erase(tx: &mut Tx<'_>, person: Id, about: &str) -> Result<&'static str, Problem> {
    let mut record = people::store::by_id(tx, person)?.ok_or_else(Problem::not_found)?;
    let field = match about {
        "phone" => {
            record.phone.clear();
            "phone"
        }
        "address" => {
            record.address.clear();
            "address"
        }
        _ => return Err(Refused::Kept.into()),
    };
    people::store::set_contact(tx, &record)?;
    Ok(field)
}

fn tell(tx: &mut Tx<'_>, request: &Request, id: Id, now: Utc) -> Result<(), DbError> {
    let Some(person) = people::store::by_id(tx, request.person)? else { return Ok(()) };
    if person.phone.is_empty() {
        return Ok(());
    }
    let (kind, state) = (request.kind.name(), request.state.name());
    let text = format!("您关于个人信息“{}”的要求{}，请登录一卡通查看答复。", kind.zh, state.zh);
    outbox::put_sms(tx, id, now, &Sms { to: person.phone, text })
}

/// The holder takes a request back.
///
/// # Errors
/// It is not his, or has ended.
pub async fn withdraw(app: &Platform, actor: &Actor, id: Id) -> Result<(), Problem> {
    let (now, actor) = (Utc::now(), actor.clone());
    let entry = Entry::new(app.id(), now, &actor, "rights.withdrawn", "Art. 19")
        .on("rights", id)
        .why("撤回要求 / taken back", &[]);
    app.db
        .write(move |tx| {
            let mut request = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            if Some(request.person) != actor.person {
                return Err(Problem::not_found());
            }
            if !request.state.is_open() {
                return Err(Refused::Over.into());
            }
            request.state = State::Withdrawn;
            store::update(tx, &request)?;
            let entry = entry.clone().about(request.person);
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

/// The whole copy of what is held about a holder, after his password (PIPL 45); on record.
///
/// # Errors
/// The password is wrong, or the database's word.
pub async fn copy(
    app: &Platform,
    actor: &Actor,
    password: &str,
    sections: &'static [Section],
) -> Result<Value, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    auth::confirm_password(app, actor.account, password).await?;
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, actor, "rights.copied", "Art. 19")
        .about(person)
        .on("person", person)
        .why("本人复制个人信息 / a copy for the holder", &["all"]);
    app.db
        .write(move |tx| {
            let copy = collect(tx, person, sections, now)?;
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(copy)
        })
        .await
}

/// The copy that a guardian, an agent or a relative of the deceased asked for at a counter, for whoever
/// answers the request and hands it over (PIPL 45, 49); on record before the person's eyes.
///
/// # Errors
/// There is no such request, it is no request of a copy, or it was refused or taken back.
pub async fn copy_for(
    app: &Platform,
    actor: &Actor,
    id: Id,
    sections: &'static [Section],
) -> Result<Value, Problem> {
    let (now, actor, entry_id) = (Utc::now(), actor.clone(), app.id());
    app.db
        .write(move |tx| {
            let request = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            if request.kind != Kind::Copy || request.asked_as == "self" {
                return Err(Problem::not_found());
            }
            if !matches!(request.state, State::Taken | State::Granted) {
                return Err(Refused::Over.into());
            }
            if request.asked_by == actor.account || actor.person == Some(request.person) {
                return Err(Refused::OwnRequest.into());
            }
            let copy = collect(tx, request.person, sections, now)?;
            let entry = Entry::new(entry_id, now, &actor, "rights.copied", "Art. 19")
                .about(request.person)
                .on("rights", id)
                .why(format!("代为复制个人信息：{}", request.asked_as), &["all"]);
            journal::record(tx, &entry)?;
            Ok::<_, Problem>(copy)
        })
        .await
}

/// Uses and accesses of a copy; whoever has more asks for the rest.
const MOST: i64 = 10_000;

fn collect(tx: &mut Tx<'_>, person: Id, sections: &[Section], now: Utc) -> Result<Value, Problem> {
    let records = people::records::of(tx, person)?;
    let known = people::store::by_id(tx, person)?.ok_or_else(Problem::not_found)?;
    let mut copy = BTreeMap::new();
    copy.insert("made_at", json!(now.rfc3339()));
    copy.insert("held", Value::Array(HOLDINGS.iter().map(holding).collect()));
    copy.insert("person", self_of(&known));
    let (mut cards, mut uses, mut accesses) = (Vec::new(), Vec::new(), Vec::new());
    for record in &records {
        for card in cards::store::all_of(tx, *record)? {
            cards.push(json!({
                "id": card.id.to_string(),
                "number": card.card_no,
                "stage": card.stage.code(),
            }));
        }
        for used in codes::store::uses_of(tx, *record, Id(i64::MAX), MOST)? {
            uses.push(json!({
                "at": used.at.rfc3339(),
                "item": used.item,
                "item_version": used.item_version,
                "name": used.item_zh,
                "place": used.place,
                "result": used.result,
            }));
        }
        for seen in journal::about(tx, *record, Id(i64::MAX), MOST)? {
            accesses.push(json!({
                "id": seen.id.to_string(),
                "at": seen.at.rfc3339(),
                "act": seen.act,
                "by": seen.actor_name,
                "role": seen.actor_role,
                "purpose": seen.purpose,
                "basis": seen.basis,
                "item": seen.item,
                "fields": seen.fields,
                "result": seen.result,
            }));
        }
    }
    copy.insert("cards", Value::Array(cards));
    copy.insert("uses", Value::Array(uses));
    copy.insert("accesses", Value::Array(accesses));
    for section in sections {
        copy.insert(section.key, (section.collect)(tx, &records)?);
    }
    Ok(json!(copy))
}

fn holding(one: &rules::Holding) -> Value {
    json!({"key": one.key, "name": one.name.0, "purpose": one.purpose.0, "basis": one.basis, "term": one.term.0})
}

fn self_of(person: &Person) -> Value {
    json!({
        "name": person.name,
        "number": person.number.as_str(),
        "document": person.document.code(),
        "birth": day_text(person.birth),
        "nation": person.nation,
        "phone": person.phone,
        "address": person.address,
        "household": person.household,
        "deceased_on": person.deceased_on.map(day_text),
    })
}

/// Switches the monthly digest on or off.
///
/// # Errors
/// The database's word.
pub async fn set_digest(app: &Platform, actor: &Actor, on: bool) -> Result<(), Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let now = Utc::now();
    // The month that runs is told at its end.
    let last = month_before(now);
    let entry = Entry::new(app.id(), now, actor, "rights.digest", "Art. 19")
        .about(person)
        .why(if on { "开启月报 / digest on" } else { "关闭月报 / digest off" }, &[]);
    app.db
        .write(move |tx| {
            store::set_digest(tx, person, on.then_some(last.as_str()))?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

/// The month before a moment's, as `2026-10`.
pub(super) fn month_before(now: Utc) -> String {
    let today = now.day();
    let first = today.replace_day(1).unwrap_or(today);
    day_text(first.previous_day().unwrap_or(first)).chars().take(7).collect()
}

/// Tells those who want it how often, and by how many organisations, their data was seen last month.
///
/// # Errors
/// The database's word.
pub async fn digest_round(app: &App) -> Result<String, Problem> {
    digest_on(app, Utc::now()).await
}

pub(super) async fn digest_on(app: &Platform, now: Utc) -> Result<String, Problem> {
    let month = month_before(now);
    let wanted = month.clone();
    let people = app.db.read(move |tx| store::to_tell(tx, &wanted, 500)).await?;
    let mut told = 0;
    for person in people {
        let (id, month) = (app.id(), month.clone());
        let done = app
            .db
            .housekeeping(move |tx| {
                if !store::told(tx, person, &month)? {
                    return Ok(false);
                }
                let seen = seen_in(tx, person, &month)?;
                let phone = people::store::by_id(tx, person)?.map(|one| one.phone);
                let Some(to) = phone.filter(|phone| !phone.is_empty()) else { return Ok(false) };
                outbox::put_sms(tx, id, now, &Sms { to, text: said(&month, seen) })?;
                Ok::<_, DbError>(true)
            })
            .await?;
        told += i64::from(done);
    }
    Ok(format!("{told} told"))
}

/// How many looks by how many organisations there were in a month, the holder's own left out.
fn seen_in(tx: &mut Tx<'_>, person: Id, month: &str) -> Result<(usize, usize), DbError> {
    let mut looks = 0;
    let mut orgs: Vec<Option<Id>> = Vec::new();
    for record in people::records::of(tx, person)? {
        for seen in journal::about(tx, record, Id(i64::MAX), MOST)? {
            let then = day_text(seen.at.day());
            if then.starts_with(month) && seen.actor_role != Role::Holder.code() {
                looks += 1;
                if !orgs.contains(&seen.org_id) {
                    orgs.push(seen.org_id);
                }
            }
        }
    }
    Ok((looks, orgs.len()))
}

fn said(month: &str, (looks, orgs): (usize, usize)) -> String {
    match looks {
        0 => format!("{month}没有单位查阅或使用过您的社保卡信息。"),
        _ => format!(
            "{month}共有{orgs}个单位{looks}次查阅或使用您的社保卡信息，登录一卡通“谁查阅过我”可逐条查看和提出异议。"
        ),
    }
}
