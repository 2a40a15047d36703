//! Telling the national platforms what changed, and asking them.

use std::sync::Arc;

use items::service::Catalogue;
use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use people::field::Field;
use people::number::{PersonNumber, Strictness};
use people::rules::mask_name;
use serde::Serialize;

use super::port::{Verb, Way, configured};
use super::rules::{
    Answer, CardLine, Decoded, ECardLine, Line, NATION, Purpose, Question, REGION, Refused,
    Reports, context, open_answer, open_results, state_code,
};
use super::store;
use crate::joint::rules::envelope_text;
use crate::onecard::store::{self as onecard, Check};
use crate::rules::{Refused as NotBelieved, Signed, pause_s};
use crate::service::{SEAL_KEY, note, open_sealed};

/// Name of the key that signs for the national platforms; its public half is registered there.
const KEY: &str = "national";
const PURPOSE: &str = "全国社会保障卡服务平台 / the national service platform";
/// Entries of the journal looked at in one round.
const LEAVES: i64 = 2_000;
/// First cards asked about in one round.
const ASKS: i64 = 20;

/// One round: what changed is queued, a batch goes up, first cards that wait are asked about.
///
/// # Errors
/// Of the database only; a platform that does not answer is tried again later.
pub async fn round(app: &App) -> Result<String, Problem> {
    let way = configured(&app.config.data).map(Arc::new);
    let online = way.as_ref().is_some_and(|way| way.port.is_online());
    let (failures, next_at, was) = app.db.read(|tx| Ok::<_, Problem>(store::way(tx)?)).await?;
    if online != was {
        app.db.housekeeping::<_, DbError>(move |tx| store::set_online(tx, online)).await?;
    }
    let Some(way) = way else { return Ok("not set up".to_owned()) };
    let queued = collect(app, &way).await?;
    if !crate::rules::is_due(next_at.seconds(), Utc::now().seconds()) {
        return Ok(format!("{queued} queued, waits"));
    }
    let sent = match (deliver(app, &way).await?, online) {
        (Some(sent), true) => ask_held(app, &way).await?.map(|()| sent),
        (sent, _) => sent,
    };
    let (done, failures) = (Utc::now(), if sent.is_some() { 0 } else { failures + 1 });
    let pause = if failures == 0 { 0 } else { pause_s(failures) };
    let ok_at = sent.map(|_| done);
    let keep = move |tx: &mut Tx<'_>| store::note(tx, failures, done.plus_seconds(pause), ok_at);
    app.db.housekeeping::<(), DbError>(keep).await?;
    Ok(format!("{queued} queued, {} told", sent.unwrap_or(0)))
}

/// Follows the journal: whoever is named in it may have changed.
async fn collect(app: &App, way: &Arc<Way>) -> Result<usize, Problem> {
    let (from, to, people) = app.db.read(|tx| store::news(tx, LEAVES)).await?;
    if from == to {
        return Ok(0);
    }
    let mut queued = 0;
    for person in people {
        let (shared, way) = (app.clone(), way.clone());
        let queue = move |tx: &mut Tx<'_>| queue(tx, &shared, &way, person);
        queued += app.db.write::<usize, Problem>(queue).await?;
    }
    app.db.housekeeping(move |tx| store::move_on(tx, from, to)).await?;
    Ok(queued)
}

/// Queues the state of a person's card, and of its electronic card, when they are other than last told.
fn queue(tx: &mut Tx<'_>, app: &Platform, way: &Way, person: Id) -> Result<usize, Problem> {
    let Some(person) = people::store::by_id(tx, person)? else { return Ok(0) };
    let card = cards::store::living(tx, person.id)?;
    let region = app.config.region.clone();
    let number = person.number.as_str().to_owned();
    let mut lines = Vec::new();
    match &card {
        Some(card) => lines.push((
            "card",
            text(&CardLine {
                number: number.clone(),
                name: person.name.clone(),
                region: region.clone(),
                card_no: card.card_no.clone().unwrap_or_default(),
                social: state_code(card.clocks.social.code()).to_owned(),
                financial: state_code(card.clocks.financial.code()).to_owned(),
                until: card.expires_on.map(day_text).unwrap_or_default(),
            }),
        )),
        // He had one that was told of: it has ended.
        None if store::told(tx, person.id, "card")?.is_some() => {
            let (social, financial) = ("9".to_owned(), "9".to_owned());
            let (card_no, until) = (String::new(), String::new());
            let name = person.name.clone();
            let number = number.clone();
            let region = region.clone();
            lines.push((
                "card",
                text(&CardLine { number, name, region, card_no, social, financial, until }),
            ));
        }
        None => {}
    }
    if let Some(card) = &card
        && let Some((issue, serial, issued, until)) = store::ecard(tx, person.id, card.id)?
    {
        lines.push((
            "e-card",
            text(&ECardLine {
                number,
                issue,
                serial: serial.to_string(),
                level: if card.clocks.financial.code() == "on" { 2 } else { 1 },
                issued_on: issued.map(|at| day_text(at.day())).unwrap_or_default(),
                until,
                region,
                state: state_code(card.clocks.electronic.code()).to_owned(),
            }),
        ));
    }
    let mut queued = Vec::new();
    for (kind, line) in lines {
        let mark = hex::encode(app.keys.digest(format!("national|{line}").as_bytes()));
        if store::told(tx, person.id, kind)?.as_deref() == Some(mark.as_str()) {
            continue;
        }
        let (id, now) = (app.id(), Utc::now());
        let place = context(&app.config.region, kind, &id.to_string());
        store::insert(tx, (id, person.id), (kind, &seal(way, &place, line.as_bytes())?), now)?;
        store::tell(tx, (person.id, kind), &mark)?;
        queued.push(kind);
    }
    if !queued.is_empty() {
        let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "national.told", "Art. 23");
        let entry = entry.about(person.id).why(PURPOSE, &["card_state", "electronic"]);
        journal::record(tx, &entry)?;
    }
    Ok(queued.len())
}

fn text(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("plain data")
}

fn seal(way: &Way, place: &[u8], plain: &[u8]) -> Result<String, Problem> {
    let sealed = seal::envelope::seal(&way.seal, &random::<32>(), place, plain);
    Ok(envelope_text(&sealed.map_err(|_| Refused::NotSetUp)?))
}

fn signed(app: &Platform, text: String) -> Result<Signed, Problem> {
    let store = app.keys.store();
    let signature = store
        .create(KEY, &random::<32>())
        .and_then(|()| store.sign(KEY, REGION, text.as_bytes()))
        .map_err(|error| DbError::Unavailable(error.to_string()))?;
    Ok(Signed { text, signature: hex::encode(signature), before: None })
}

/// The public half of the key that signs for the national platforms, 66 digits: it is registered there.
///
/// # Errors
/// The key cannot be used.
pub fn public_key(app: &Platform) -> Result<String, Problem> {
    let store = app.keys.store();
    let key = store.create(KEY, &random::<32>()).and_then(|()| store.public(KEY, REGION));
    let key = key.map_err(|error| DbError::Unavailable(error.to_string()))?;
    Ok(hex::encode(key.to_compressed()))
}

async fn say(
    app: &App,
    way: &Arc<Way>,
    verb: Verb,
    id: &str,
    text: String,
) -> Result<Said, Problem> {
    let (said, way, id) = (signed(app, text)?, way.clone(), id.to_owned());
    let call = tokio::task::spawn_blocking(move || way.port.say(verb, &id, &said)).await;
    Ok(match call {
        Ok(Ok(answer)) => Said::Heard(answer),
        Ok(Err(error)) => {
            tracing::info!(%error, "the national platform is not reached");
            Said::Silent
        }
        Err(_) => Said::Silent,
    })
}

enum Said {
    /// What was answered; none while it is not there yet.
    Heard(Option<Signed>),
    Silent,
}

async fn not_believed(app: &App, refused: NotBelieved) -> Result<(), Problem> {
    note(app, NATION.to_owned(), refused).await
}

/// Sends the batch that waits. How many lines were answered; none when the platform is silent or lies.
async fn deliver(app: &App, way: &Arc<Way>) -> Result<Option<usize>, Problem> {
    let fresh = hex::encode(random::<16>());
    let batch =
        app.db.housekeeping::<(String, Vec<Line>), DbError>(move |tx| store::batch(tx, &fresh));
    let (id, lines) = batch.await?;
    if lines.is_empty() {
        return Ok(Some(0));
    }
    let (region, at) = (app.config.region.clone(), Utc::now().seconds());
    let reports = Reports { id: id.clone(), region, at, lines };
    let answer = match say(app, way, Verb::Reports, &id, text(&reports)).await? {
        Said::Heard(Some(answer)) => answer,
        Said::Heard(None) => return Ok(Some(0)),
        Said::Silent => return Ok(None),
    };
    let results = match open_results(&answer, &way.key, &reports) {
        Ok(results) => results,
        Err(refused) => {
            not_believed(app, refused).await?;
            return Ok(None);
        }
    };
    let count = results.len();
    let keep = move |tx: &mut Tx<'_>| {
        for (line, result) in &results {
            if let Ok(line) = line.parse() {
                store::end(tx, line, result, Utc::now())?;
            }
        }
        store::free(tx, &id)
    };
    app.db.housekeeping::<(), DbError>(keep).await?;
    Ok((count > 0).then_some(count))
}

/// Asks about first cards that wait (Art. 5): the question is on record before it leaves, and what is not
/// answered is asked again.
async fn ask_held(app: &App, way: &Arc<Way>) -> Result<Option<()>, Problem> {
    let unasked = app.db.read(|tx| Ok::<_, Problem>(onecard::unasked(tx, NATION, ASKS)?)).await?;
    if !unasked.is_empty() {
        let shared = app.clone();
        let write = move |tx: &mut Tx<'_>| {
            let mut entries = Vec::new();
            for (card, person) in &unasked {
                let id = hex::encode(random::<16>());
                let one = Check { card: *card, person: *person, region: NATION, id: &id };
                let now = Utc::now();
                onecard::insert_check(tx, &one, now)?;
                let entry =
                    Entry::new(shared.id(), now, &Actor::system(), "national.asked", "Art. 5");
                entries.push(entry.on("card", card).about(*person).why(PURPOSE, &["number"]));
            }
            Ok::<_, Problem>(journal::record_all(tx, &entries)?)
        };
        app.db.write(write).await?;
    }
    let open = app.db.read(|tx| {
        let mut all = Vec::new();
        for (id, person) in store::open_checks(tx, ASKS)? {
            if let Some(person) = people::store::by_id(tx, person)? {
                all.push((id, person.number.as_str().to_owned()));
            }
        }
        Ok::<_, Problem>(all)
    });
    for (id, number) in open.await? {
        let Some(answer) = ask(app, way, (Verb::Held, &id), ("", ""), &number).await? else {
            return Ok(None);
        };
        if answer.result != "ok" {
            continue;
        }
        let keep = move |tx: &mut Tx<'_>| {
            onecard::answer(tx, NATION, &id, answer.held, Utc::now()).map(drop)
        };
        app.db.housekeeping::<(), DbError>(keep).await?;
    }
    Ok(Some(()))
}

/// One question and its answer; none when there is none that is believed.
async fn ask(
    app: &App,
    way: &Arc<Way>,
    (verb, id): (Verb, &str),
    (purpose, item): (&str, &str),
    about: &str,
) -> Result<Option<Answer>, Problem> {
    let place = context(&app.config.region, verb.path(), id);
    let question = Question {
        id: id.to_owned(),
        region: app.config.region.clone(),
        at: Utc::now().seconds(),
        purpose: purpose.to_owned(),
        item: item.to_owned(),
        sealed: seal(way, &place, about.as_bytes())?,
    };
    let Said::Heard(Some(answer)) = say(app, way, verb, id, text(&question)).await? else {
        return Ok(None);
    };
    match open_answer(&answer, &way.key, &question, Utc::now().seconds()) {
        Ok(answer) => Ok(Some(answer)),
        Err(refused) => {
            not_believed(app, refused).await?;
            Ok(None)
        }
    }
}

/// What an organisation may see of who stands behind a code: the item's fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Issuing region.
    pub region: String,
    /// Fields and values.
    pub fields: Vec<(Field, String)>,
}

/// Decodes a code that was issued elsewhere, for one item and purpose. That it was asked is on record before
/// the question leaves.
///
/// # Errors
/// [`Refused`].
pub async fn decode(
    app: &App,
    catalogue: &Catalogue,
    actor: &Actor,
    (code, purpose, item): (&str, &str, &str),
) -> Result<Shown, Problem> {
    let way = configured(&app.config.data).filter(|way| way.port.is_online());
    let way = Arc::new(way.ok_or(Refused::NotSetUp)?);
    let today = Utc::now().day();
    let item = catalogue.on(today).into_iter().find(|one| one.code == item);
    let own = |owner: Id| actor.role != Role::DepartmentOfficer || actor.org == Some(owner);
    let item = item.filter(|item| own(item.owner)).ok_or(Refused::Item)?;
    let purpose = Purpose::from_code(purpose).filter(|purpose| purpose.fits(item.area.code()));
    let purpose = purpose.ok_or(Refused::Purpose)?;
    if !(8..=600).contains(&code.len()) {
        return Err(Refused::UnknownCode.into());
    }
    let names: Vec<&'static str> = item.fields.iter().map(|field| field.code()).collect();
    let mut entry =
        Entry::new(app.id(), Utc::now(), actor, "national.decoded", "Art. 18").why(PURPOSE, &names);
    entry.item.clone_from(&item.code);
    entry.detail = serde_json::json!({"purpose": purpose.code()});
    let id = hex::encode(random::<16>());
    let kept = Entry { object: format!("question:{id}"), ..entry };
    app.db.write(move |tx| Ok::<_, Problem>(journal::record(tx, &kept)?)).await?;
    let said = (purpose.code(), item.code.as_str());
    let answer = ask(app, &way, (Verb::Decode, &id), said, code).await?;
    let answer = answer.ok_or(Refused::Silent)?;
    if answer.result != "ok" {
        return Err(Refused::UnknownCode.into());
    }
    let place = context(&app.config.region, "decoded", &id);
    let plain = open_sealed(app, SEAL_KEY, &place, &answer.sealed).ok_or(Refused::Silent)?;
    let who: Decoded = serde_json::from_slice(&plain).map_err(|_| Refused::Silent)?;
    let parsed = PersonNumber::parse(&who.number, today, Strictness::WithEvidence);
    let number = parsed.map_err(|_| Refused::Silent)?.number;
    let value = |field: &Field| {
        let value = match field {
            Field::Name => who.name.clone(),
            Field::NameMasked => mask_name(&who.name),
            Field::Number => number.as_str().to_owned(),
            Field::NumberMasked => number.mask(),
            _ => return None,
        };
        Some((*field, value))
    };
    Ok(Shown { region: who.region.clone(), fields: item.fields.iter().filter_map(value).collect() })
}
