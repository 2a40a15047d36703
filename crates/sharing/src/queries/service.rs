//! Answering questions: nothing leaves without an agreement in force, an agreed field and a journal
//! entry in the same transaction (Art. 18, 19).

use std::collections::{BTreeMap, HashMap};

use cards::rules::Card;
use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::org;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use people::rules::Person;
use serde::{Deserialize, Serialize};

use super::rules::{self, Ask, Brakes, Signal};
use super::store;
use crate::agreements::catalogue::SharedField;
use crate::agreements::rules::{Agreement, Refused};
use crate::agreements::{service as agreements, store as agreed};
use crate::{consents, desk};

/// An answer.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, utoipa::ToSchema)]
pub struct Answer {
    /// As asked.
    pub request_id: String,
    /// The agreement.
    #[schema(value_type = String)]
    pub agreement: Id,
    /// Version of the agreement that counted.
    pub version: i64,
    /// When, RFC 3339.
    pub answered_at: String,
    /// One line for each person, in the order of the question.
    pub results: Vec<Line>,
}

/// What is answered about one person.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, utoipa::ToSchema)]
pub struct Line {
    /// The caller's own name for the line.
    #[serde(rename = "ref")]
    pub reference: String,
    /// `found`, or `no-data` whatever the reason.
    pub state: String,
    /// How the caller's organisation, and nobody else, knows the person.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pseudonym: Option<String>,
    /// The agreed fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub fields: BTreeMap<String, String>,
}

/// Answers a question of an agreement's program.
///
/// # Errors
/// [`Refused`]; a refusal is on record too.
pub async fn query(app: &App, actor: &Actor, ask: Ask) -> Result<Answer, Problem> {
    query_at(app, actor, ask, Utc::now()).await
}

/// [`query`] at a given moment.
///
/// # Errors
/// As [`query`].
pub async fn query_at(app: &App, actor: &Actor, ask: Ask, now: Utc) -> Result<Answer, Problem> {
    asked(app, actor, ask, By::Program, now).await
}

/// Answers a question of an officer of the agreement's department, who asks on a page.
///
/// # Errors
/// As [`query`].
pub(crate) async fn query_on_page(
    app: &App,
    actor: &Actor,
    ask: Ask,
    now: Utc,
) -> Result<Answer, Problem> {
    asked(app, actor, ask, By::Officer, now).await
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// The agreement's program.
    Program,
    /// An officer of its department.
    Officer,
}

async fn asked(app: &App, actor: &Actor, ask: Ask, by: By, now: Utc) -> Result<Answer, Problem> {
    let (platform, actor) = (app.clone(), actor.clone());
    let answered = app
        .db
        .write(move |tx| match answer(tx, &platform, &actor, &ask, by, now) {
            Ok(answer) => Ok(Ok(answer)),
            // Refused by rule: that is on record, and so are the alerts of the brakes.
            Err(Stop::Rule(refused, signals)) => {
                for signal in signals {
                    store::insert_alert(tx, platform.id(), signal, &ask, false, now)?;
                }
                let mut entry = entry(&platform, &actor, &ask, now, "share.refused");
                entry.result = Problem::from(refused).code.to_owned();
                journal::record(tx, &entry)?;
                Ok(Err(Problem::from(refused)))
            }
            Err(Stop::Other(problem)) => Err(problem),
        })
        .await?;
    if let Err(problem) = &answered {
        tracing::info!(code = problem.code, "a question of a department was refused");
    }
    answered
}

/// Why there is no answer.
enum Stop {
    Rule(Refused, Vec<Signal>),
    Other(Problem),
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Rule(refused, Vec::new())
    }
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Other(problem)
    }
}

impl From<DbError> for Stop {
    fn from(error: DbError) -> Self {
        Self::Other(error.into())
    }
}

fn entry(app: &App, actor: &Actor, ask: &Ask, now: Utc, act: &'static str) -> Entry {
    let mut entry = Entry::new(app.id(), now, actor, act, "Art. 18").on("agreement", ask.agreement);
    let short = |text: &str| text.chars().take(64).collect::<String>();
    entry.detail = serde_json::json!({
        "request": short(&ask.request_id), "case": short(&ask.case_no),
        "officer": short(&ask.officer), "second_officer": short(&ask.second_officer),
    });
    entry
}

/// The version that counts, for a caller who is the agreement's own program, or an officer of its
/// department.
fn admitted(
    tx: &mut Tx<'_>,
    actor: &Actor,
    agreement: Id,
    by: By,
    now: Utc,
) -> Result<Agreement, Stop> {
    let program = agreed::agreement_of(tx, actor.account)?;
    let fits = match by {
        By::Program => program == Some(agreement),
        By::Officer => program.is_none() && actor.role == Role::DepartmentOfficer,
    };
    if !fits {
        return Err(Refused::NotYourAgreement.into());
    }
    let grace = settings::get(tx, &crate::agreements::REVIEW_GRACE_DAYS, now)?;
    let versions = agreed::versions(tx, agreement)?;
    let one = crate::agreements::rules::in_force(&versions, now.day(), grace)?;
    if actor.org == Some(one.org) { Ok(one.clone()) } else { Err(Refused::NotYourAgreement.into()) }
}

fn answer(
    tx: &mut Tx<'_>,
    app: &App,
    actor: &Actor,
    ask: &Ask,
    by: By,
    now: Utc,
) -> Result<Answer, Stop> {
    let agreement = admitted(tx, actor, ask.agreement, by, now)?;
    let fields = rules::check(ask, &agreement)?;
    let digest = rules::digest(&app.keys, ask)?;
    let place = [b"share-answer".as_slice(), &agreement.id.0.to_be_bytes(), &digest].concat();
    if let Some((before, kept)) = store::request(tx, agreement.id, &ask.request_id)? {
        let kept = kept.filter(|_| before == digest).ok_or(Refused::RequestReused)?;
        let opened = app.keys.open_field(&kept, &place).ok_or(Refused::RequestReused)?;
        journal::record(tx, &entry(app, actor, ask, now, "share.repeated"))?;
        let answer = serde_json::from_slice(&opened);
        return answer.map_err(|error| DbError::Engine(error.to_string()).into());
    }
    let mut found = find(tx, ask)?;
    if agreement.terms.by_consent {
        let ids: Vec<Id> = found.values().map(|person| person.id).collect();
        let consenting = consents::store::consenting(tx, agreement.id, &ids)?;
        found.retain(|_, person| consenting.contains(&person.id));
    }
    brake(tx, app, ask, &found, by, now)?;
    let persons = ask.persons.len() as i64;
    if !store::take_volume(tx, agreement.id, persons, agreement.terms.per_day, now)? {
        return Err(Refused::VolumeSpent.into());
    }
    let mut known = HashMap::new();
    for person in found.values() {
        let values = values(tx, person, &fields, now)?;
        let pseudonym = rules::pseudonym(&app.keys, agreement.org, person.id)?;
        known.insert(person.id, (pseudonym, values));
    }
    on_record(tx, app, actor, ask, &agreement, &fields, known.keys().copied(), now)?;
    let line = |who: &super::rules::Who| {
        let person = found.get(key(who)).and_then(|person| known.get(&person.id));
        Line {
            reference: who.reference.clone(),
            state: if person.is_some() { "found" } else { "no-data" }.to_owned(),
            pseudonym: person.map(|(pseudonym, _)| pseudonym.clone()),
            fields: person.map(|(_, values)| values.clone()).unwrap_or_default(),
        }
    };
    let answer = Answer {
        request_id: ask.request_id.clone(),
        agreement: agreement.id,
        version: agreement.number,
        answered_at: now.rfc3339(),
        results: ask.persons.iter().map(line).collect(),
    };
    let text = serde_json::to_vec(&answer).map_err(|e| DbError::Engine(e.to_string()))?;
    let sealed = app.keys.seal_field(&text, &place);
    store::insert_request(tx, agreement.id, &ask.request_id, &digest, &sealed, now)?;
    Ok(answer)
}

/// The number that a person was asked for by.
fn key(who: &super::rules::Who) -> &str {
    if who.number.is_empty() { &who.card_number } else { &who.number }
}

/// Who is behind the numbers.
fn find(tx: &mut Tx<'_>, ask: &Ask) -> Result<HashMap<String, Person>, DbError> {
    let of = |pick: fn(&super::rules::Who) -> &str| {
        let mut all: Vec<&str> = ask.persons.iter().map(pick).filter(|n| !n.is_empty()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let mut pairs = store::by_numbers(tx, &of(|who| &who.number))?;
    pairs.extend(store::by_card_numbers(tx, &of(|who| &who.card_number))?);
    let ids: Vec<Id> = pairs.iter().map(|(_, id)| *id).collect();
    let people = people::store::by_ids(tx, &ids)?;
    let people: HashMap<Id, Person> = people.into_iter().map(|one| (one.id, one)).collect();
    let mut found = HashMap::new();
    for (number, id) in pairs {
        // A card may still lead to a record that was merged into another one.
        let living = people::records::living(tx, id)?;
        let person = match living {
            Some(living) if living != id => people::store::by_id(tx, living)?,
            _ => people.get(&id).cloned(),
        };
        found.extend(person.map(|person| (number, person)));
    }
    Ok(found)
}

/// Raises alerts, and stops what needs a second officer.
fn brake(
    tx: &mut Tx<'_>,
    app: &App,
    ask: &Ask,
    found: &HashMap<String, Person>,
    by: By,
    now: Utc,
) -> Result<(), Stop> {
    let mut ids: Vec<Id> = found.values().map(|person| person.id).collect();
    ids.sort_unstable();
    ids.dedup();
    let seen = store::seen(tx, ask.agreement, ask.persons.len() as i64, &ids, now)?;
    let brakes = Brakes {
        rate: settings::get(tx, &super::RATE, now)?,
        novelty: settings::get(tx, &super::NOVELTY, now)?,
        off_hours: settings::get(tx, &super::OFF_HOURS, now)?,
    };
    let mut signals = rules::signals(seen, brakes, now);
    if by == By::Officer {
        let since = now.plus_seconds(-3_600);
        let (persons, new) = desk::store::hour_of(tx, ask.agreement, ask.officer.trim(), since)?;
        let (persons, novel) = (seen.persons + persons, seen.novel + new);
        let his = rules::Seen { persons, novel, ..rules::Seen::default() };
        let narrow = Brakes {
            rate: settings::get(tx, &desk::RATE, now)?,
            novelty: settings::get(tx, &desk::NOVELTY, now)?,
            off_hours: settings::get(tx, &desk::OFF_HOURS, now)?,
        };
        signals.extend(rules::signals(his, narrow, now));
        signals.sort_unstable();
        signals.dedup();
    }
    // A canary never shows: who reads one is answered as with anybody else.
    let shows = signals.iter().any(|signal| *signal != Signal::Canary);
    let needs = shows && settings::get(tx, &super::SECOND_OFFICER, now)? == 1;
    if needs && ask.second_officer.trim().is_empty() {
        return Err(Stop::Rule(Refused::SecondOfficer, signals));
    }
    for signal in signals {
        store::insert_alert(tx, app.id(), signal, ask, true, now)?;
    }
    Ok(())
}

/// The values of the agreed fields, and of no others. The caller answers for agreement and journal.
///
/// # Errors
/// The database's word.
pub fn values(
    tx: &mut Tx<'_>,
    person: &Person,
    fields: &[SharedField],
    now: Utc,
) -> Result<BTreeMap<String, String>, DbError> {
    let of_card = |field: &SharedField| {
        matches!(
            field,
            SharedField::CardNumber
                | SharedField::CardState
                | SharedField::Financial
                | SharedField::Electronic
        )
    };
    let card = match fields.iter().any(of_card) {
        true => cards::store::living(tx, person.id)?,
        false => None,
    };
    let value = |field: &SharedField| {
        let value = value(*field, person, card.as_ref(), now);
        (field.code().to_owned(), value)
    };
    Ok(fields.iter().map(value).collect())
}

fn value(field: SharedField, person: &Person, card: Option<&Card>, now: Utc) -> String {
    let state = |pick: fn(&Card) -> &'static str| card.map_or("none", pick).to_owned();
    match field {
        SharedField::Of(field) => person.field(field, now.day()),
        SharedField::CardNumber => card.and_then(|card| card.card_no.clone()).unwrap_or_default(),
        SharedField::CardState => state(|card| card.clocks.social.code()),
        SharedField::Financial => state(|card| card.clocks.financial.code()),
        SharedField::Electronic => state(|card| card.clocks.electronic.code()),
        SharedField::Entitlement => {
            let ended = person.ground_until.is_some_and(|last| last < now.day());
            if ended { "ended" } else { person.ground.code() }.to_owned()
        }
        SharedField::Alive => if person.deceased_on.is_some() { "no" } else { "yes" }.to_owned(),
    }
}

/// One journal entry for each person, visible to the person; one without a person when nobody was
/// found.
#[expect(clippy::too_many_arguments, reason = "one entry says all of it")]
fn on_record(
    tx: &mut Tx<'_>,
    app: &App,
    actor: &Actor,
    ask: &Ask,
    agreement: &Agreement,
    fields: &[SharedField],
    people: impl Iterator<Item = Id>,
    now: Utc,
) -> Result<(), DbError> {
    let orgs = org::all(tx)?;
    let org = orgs.iter().find(|org| org.id == agreement.org);
    let org = org.map_or("", |org| org.name_zh.as_str());
    let case = ask.case_no.trim();
    let why = format!("{org}\u{ff1a}{}\u{ff08}{case}\u{ff09}", agreement.terms.purpose);
    let codes: Vec<&'static str> = fields.iter().map(|field| field.code()).collect();
    let mut reads = Vec::new();
    let mut entries = Vec::new();
    for person in people {
        let mut one = entry(app, actor, ask, now, "share.read").about(person).why(&why, &codes);
        one.item.clone_from(&agreement.terms.item);
        reads.push((person, one.id));
        entries.push(one);
    }
    if entries.is_empty() {
        entries.push(entry(app, actor, ask, now, "share.nobody").why(&why, &codes));
    }
    store::insert_reads(tx, ask, &reads, now)?;
    journal::record_all(tx, &entries)
}

/// Forgets answers that were kept for a day.
///
/// # Errors
/// The database's word.
pub async fn forget(app: &App) -> Result<String, Problem> {
    let before = Utc(Utc::now().0 - Utc::DAY);
    let done = app.db.housekeeping(move |tx| store::forget_answers(tx, before)).await?;
    Ok(format!("{done} forgotten"))
}

/// The version of an agreement for a caller who is its program, for other questions than [`query`].
///
/// # Errors
/// [`Refused`].
pub(crate) fn of_program(
    tx: &mut Tx<'_>,
    actor: &Actor,
    agreement: Id,
    now: Utc,
) -> Result<Agreement, Problem> {
    if agreed::agreement_of(tx, actor.account)? != Some(agreement) {
        return Err(Refused::NotYourAgreement.into());
    }
    agreements::in_force(tx, agreement, now)
}

/// The living record behind a number.
pub(crate) fn person_of(tx: &mut Tx<'_>, who: &super::rules::Who) -> Result<Option<Id>, DbError> {
    let found = match who.number.is_empty() {
        false => store::by_numbers(tx, &[&who.number])?,
        true => store::by_card_numbers(tx, &[&who.card_number])?,
    };
    match found.first() {
        Some((_, id)) => people::records::living(tx, *id),
        None => Ok(None),
    }
}
