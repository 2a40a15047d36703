//! Agreeing on a key, asking, answering, and what that means for a card.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use cards::rules::Elsewhere;
use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::settings::{self, Setting};
use kernel::time::{Utc, day_text};
use seal::sm3::MacKey;
use serde::{Deserialize, Serialize};

use super::rules::said_of;
use super::store::{self, CardOf, Check};
use crate::joint::service::Sender;
use crate::rules::{Message, Refused};
use crate::service::messages::Handler;
use crate::service::{SEAL_KEY, open_sealed};
use crate::store as regions;

/// Whether other regions are asked at all.
pub const SWITCH: Setting = Setting {
    name: "regions.one-card-check",
    default: 1,
    least: 0,
    most: 1,
    zh: "制发首张卡前向对方地区核对一人一卡（0停用、1启用）",
    en: "Other regions are asked before a first card is made (0 off, 1 on)",
    article: 5,
};
/// Hours after which a card is made although a region has not answered.
pub const ASK_HOURS: Setting = Setting {
    name: "regions.one-card-hours",
    default: 72,
    least: 1,
    most: 720,
    zh: "对方地区未答复时，等待多少小时后仍可制卡",
    en: "Hours after which a card is made although another region has not answered",
    article: 5,
};
/// Questions that one region may ask on a day.
pub const DAY_LIMIT: Setting = Setting {
    name: "regions.one-card-asks-per-day",
    default: 50_000,
    least: 1,
    most: 10_000_000,
    zh: "对方地区每天可核对一人一卡的次数上限",
    en: "Questions about cards of the same person that a region may ask on a day",
    article: 18,
};

/// Takes the key of the pair.
pub const KEY: Handler = Handler { kind: "onecard.key", version: 1, run: take_key };
/// Answers a question.
pub const ASK: Handler = Handler { kind: "onecard.ask", version: 1, run: take_ask };
/// Takes an answer.
pub const TOLD: Handler = Handler { kind: "onecard.told", version: 1, run: take_told };

const PURPOSE: &str = "一人一卡跨省核对 / one person, one card across regions";
/// Cards that are asked about in one transaction.
const ASKS: i64 = 200;
/// Cards that the walk over all digests in one transaction.
const WALK: i64 = 500;
/// How long the walk may take in a round.
const WALK_TIME: Duration = Duration::from_millis(700);

#[derive(Serialize, Deserialize)]
struct KeyBody {
    sealed: String,
}

#[derive(Serialize, Deserialize)]
struct AskBody {
    check: String,
    digest: String,
}

#[derive(Serialize, Deserialize)]
struct ToldBody {
    check: String,
    held: bool,
}

/// Hears whether the other region asks and answers at all.
pub const STAND: Handler = Handler { kind: "onecard.stand", version: 1, run: take_stand };

#[derive(Serialize, Deserialize)]
struct StandBody {
    on: bool,
}

/// Says when this region stops or begins to ask and answer, so that the other does not wait in vain.
async fn tell_stand(app: &App, region: String, on: bool) -> Result<(), Problem> {
    let (said, entry) = (store::word_of(on), entry(app, "onecard.stand").on("region", &region));
    let app_in = app.clone();
    let write = move |tx: &mut Tx<'_>| {
        let now = entry.at;
        let sender = Sender { app: &app_in, region: &region, case: "", entry: &entry, now };
        sender.post(tx, STAND.kind, STAND.kind, &StandBody { on })?;
        store::set_told(tx, &region, said)?;
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await
}

fn take_stand(tx: &mut Tx<'_>, _: &Platform, message: &Message, _: Utc) -> Result<(), Problem> {
    let body: StandBody =
        serde_json::from_value(message.body.clone()).map_err(|_| Refused::Unreadable)?;
    Ok(store::set_theirs(tx, &message.from, store::word_of(body.on))?)
}

/// One round: a key with each trusted region, digests of our own, questions about cards that wait.
///
/// # Errors
/// Of the database only.
pub async fn round(app: &App) -> Result<String, Problem> {
    let read = |tx: &mut Tx<'_>| {
        let on = settings::get(tx, &SWITCH, Utc::now())? == 1;
        let trusted = regions::all_trusted(tx)?.into_iter();
        let trusted = trusted.filter(|known| !known.said.seal.is_empty());
        let mut all = Vec::new();
        for region in trusted.map(|known| known.said.region) {
            all.push((store::key(tx, &region)?, store::stand(tx, &region)?, region));
        }
        Ok::<_, Problem>((on, all))
    };
    let mut asked = 0;
    let (on, all) = app.db.read(read).await?;
    for (key, stand, region) in all {
        if stand.told != store::word_of(on) {
            tell_stand(app, region.clone(), on).await?;
        }
        match key {
            _ if !on => {}
            _ if stand.theirs == "off" => {}
            None if app.config.region < region => offer_key(app, region).await?,
            None => {}
            Some((key, whole)) => {
                asked += ask(app, &region, &key).await?;
                walk(app, &region, &key).await?;
                if whole {
                    answer(app, &region).await?;
                }
            }
        }
    }
    Ok(format!("{asked} asked"))
}

/// The region with the lower code makes the key of the pair.
async fn offer_key(app: &App, region: String) -> Result<(), Problem> {
    let key = hex::encode(random::<32>());
    let entry = entry(app, "onecard.key").on("region", &region);
    let app_in = app.clone();
    let write = move |tx: &mut Tx<'_>| {
        let now = entry.at;
        let sender = Sender { app: &app_in, region: &region, case: "", entry: &entry, now };
        let sealed = sender.seal(tx, "onecard-key", &key)?;
        sender.post(tx, KEY.kind, KEY.kind, &KeyBody { sealed })?;
        store::set_key(tx, &region, &key, now)?;
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await
}

fn entry(app: &Platform, act: &'static str) -> Entry {
    Entry::new(app.id(), Utc::now(), &Actor::system(), act, "Art. 5").why(PURPOSE, &[])
}

fn take_key(tx: &mut Tx<'_>, app: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    // Only the region with the lower code makes keys, so that the two never cross.
    if message.from >= app.config.region {
        return Err(Refused::Scope.into());
    }
    let body: KeyBody =
        serde_json::from_value(message.body.clone()).map_err(|_| Refused::Unreadable)?;
    let context = crate::joint::rules::context(&message.from, &message.to, "", "onecard-key");
    let plain = open_sealed(app, SEAL_KEY, &context, &body.sealed).ok_or(Refused::Unreadable)?;
    let key: String = serde_json::from_slice(&plain).map_err(|_| Refused::Unreadable)?;
    match key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit()) {
        true => Ok(store::set_key(tx, &message.from, &key, now)?),
        false => Err(Refused::Unreadable.into()),
    }
}

/// The digest of a number under the key of a pair, hexadecimal.
pub(super) fn digest(key: &str, number: &str) -> String {
    let key = MacKey::new(&hex::decode(key).unwrap_or_default());
    hex::encode(key.mac(format!("one-card|{number}").as_bytes()))
}

fn digests(tx: &mut Tx<'_>, key: &str, people: &[Id]) -> Result<Vec<(String, Id)>, DbError> {
    let numbers = store::numbers(tx, people)?;
    Ok(numbers.iter().map(|(person, number)| (digest(key, number), *person)).collect())
}

/// Asks about first cards that wait. Their own digests are kept in the same transaction, before the
/// question leaves: when both regions ask at once, at least one of them hears of the other's card.
async fn ask(app: &App, region: &str, key: &str) -> Result<usize, Problem> {
    let (of, most) = (region.to_owned(), ASKS);
    let unasked = app.db.read(move |tx| Ok::<_, Problem>(store::unasked(tx, &of, most)?)).await?;
    if unasked.is_empty() {
        return Ok(0);
    }
    let entries = unasked
        .iter()
        .map(|(card, person)| entry(app, "onecard.asked").on("card", card).about(*person));
    let (entries, app_in) = (entries.collect::<Vec<_>>(), app.clone());
    let (region, key, asked) = (region.to_owned(), key.to_owned(), unasked.len());
    let write = move |tx: &mut Tx<'_>| {
        let people: Vec<Id> = unasked.iter().map(|(_, person)| *person).collect();
        let own = digests(tx, &key, &people)?;
        store::insert_digests(tx, &region, &own)?;
        for ((card, person), entry) in unasked.iter().zip(&entries) {
            let now = entry.at;
            let sender = Sender { app: &app_in, region: &region, case: "", entry, now };
            let check = hex::encode(random::<16>());
            // The number of now is enough: the other side keeps digests of all that its people had.
            let person_now =
                people::store::by_id(tx, *person)?.ok_or(people::rules::Refused::Unknown)?;
            let digest = digest(&key, person_now.number.as_str());
            let one = Check { card: *card, person: *person, region: &region, id: &check };
            store::insert_check(tx, &one, now)?;
            sender.post(tx, ASK.kind, "", &AskBody { check, digest })?;
        }
        Ok::<_, Problem>(journal::record_all(tx, &entries)?)
    };
    app.db.write(write).await?;
    Ok(asked)
}

/// Goes on with the walk over all living cards, so that their holders are found: once a day from the
/// beginning, because numbers change.
async fn walk(app: &App, region: &str, key: &str) -> Result<(), Problem> {
    let began = Instant::now();
    while began.elapsed() < WALK_TIME {
        let (of, day, key) = (region.to_owned(), day_text(Utc::now().day()), key.to_owned());
        let step = move |tx: &mut Tx<'_>| {
            let from = store::walk(tx, &of, &day)?;
            let found: Vec<CardOf> = store::living_after(tx, from, WALK)?;
            let Some(last) = found.last() else {
                store::set_whole(tx, &of)?;
                return Ok(false);
            };
            let people: Vec<Id> = found.iter().map(|(person, _)| *person).collect();
            let own = digests(tx, &key, &people)?;
            store::insert_digests(tx, &of, &own)?;
            store::set_walk(tx, &of, *last, &day)?;
            Ok(true)
        };
        // Digests are made from what is there and tell nobody anything: no entry of the journal.
        if !app.db.housekeeping::<bool, DbError>(step).await? {
            break;
        }
    }
    Ok(())
}

/// Keeps a question; [`round`] answers it once all our cards were walked over.
fn take_ask(tx: &mut Tx<'_>, _: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let body: AskBody =
        serde_json::from_value(message.body.clone()).map_err(|_| Refused::Unreadable)?;
    let hex = |text: &str, long| text.len() == long && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !hex(&body.check, 32) || !hex(&body.digest, 64) {
        return Err(Refused::Unreadable.into());
    }
    let limit = settings::get(tx, &DAY_LIMIT, now)?;
    if store::count(tx, &message.from, &day_text(now.day()))? > limit {
        return Err(Refused::TooMany.into());
    }
    Ok(store::insert_question(tx, &message.from, (&body.check, &body.digest), now)?)
}

/// Answers with yes or no, and nothing else. The holder of ours sees that he was asked about.
async fn answer(app: &App, region: &str) -> Result<(), Problem> {
    let of = region.to_owned();
    let read = move |tx: &mut Tx<'_>| Ok::<_, Problem>(store::questions(tx, &of, ASKS)?);
    let questions = app.db.read(read).await?;
    if questions.is_empty() {
        return Ok(());
    }
    let entries: Vec<Entry> = questions.iter().map(|_| entry(app, "onecard.told")).collect();
    let (app_in, region) = (app.clone(), region.to_owned());
    let write = move |tx: &mut Tx<'_>| {
        let mut told = Vec::new();
        for ((check, digest), entry) in questions.iter().zip(&entries) {
            if !store::take_question(tx, &region, check)? {
                continue;
            }
            let holders = store::holders(tx, &region, digest)?;
            let held = !holders.is_empty();
            let mut entry = entry.clone().on("region", &region);
            entry.subject = holders.first().copied();
            entry.detail = serde_json::json!({"region": region, "held": held});
            let now = entry.at;
            let sender = Sender { app: &app_in, region: &region, case: "", entry: &entry, now };
            sender.post(tx, TOLD.kind, "", &ToldBody { check: check.clone(), held })?;
            told.push(entry);
        }
        if told.is_empty() {
            // Another process answered them all.
            return Err(DbError::Conflict.into());
        }
        Ok::<_, Problem>(journal::record_all(tx, &told)?)
    };
    app.db.write(write).await
}

fn take_told(tx: &mut Tx<'_>, _: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let body: ToldBody =
        serde_json::from_value(message.body.clone()).map_err(|_| Refused::Unreadable)?;
    match store::answer(tx, &message.from, &body.check, body.held, now)? {
        true => Ok(()),
        false => Err(Refused::Unreadable.into()),
    }
}

/// What other regions say about first cards that wait; the form that [`cards::service::ask_elsewhere`]
/// takes.
///
/// # Errors
/// See [`DbError`].
pub fn elsewhere(tx: &mut Tx<'_>, cards: &[Id]) -> Result<HashMap<Id, Elsewhere>, DbError> {
    let now = Utc::now();
    if settings::get(tx, &SWITCH, now)? == 0 {
        return Ok(HashMap::new());
    }
    let mut trusted: Vec<String> = regions::all_trusted(tx)?
        .into_iter()
        .filter(|known| !known.said.seal.is_empty())
        .map(|known| known.said.region)
        .collect();
    // Who has said that he does not answer is not waited for.
    let off = store::off(tx)?;
    trusted.retain(|region| !off.contains(region));
    // The nation is asked beside the neighbours, where a way to it answers questions.
    if crate::national::store::way(tx)?.2 {
        trusted.push(crate::national::rules::NATION.to_owned());
    }
    if trusted.is_empty() {
        return Ok(HashMap::new());
    }
    let patience = settings::get(tx, &ASK_HOURS, now)? * 3_600;
    let checks = store::checks(tx, cards)?;
    let of = |card: Id| {
        let all: Vec<Elsewhere> = trusted
            .iter()
            .map(|region| {
                let said = checks.iter().find(|(asked, by, ..)| *asked == card && by == region);
                said_of(said.map(|(_, _, state, at)| (state.as_str(), *at)), patience, now)
            })
            .collect();
        all.into_iter().max().unwrap_or_default()
    };
    Ok(cards.iter().map(|card| (*card, of(*card))).collect())
}

/// Asks again about a card that another region's answer holds up.
///
/// # Errors
/// Nothing holds that card.
pub(crate) async fn ask_again(
    app: &App,
    officer: &Actor,
    card: Id,
    person: Id,
    region: &str,
) -> Result<(), Problem> {
    let entry = Entry::new(app.id(), Utc::now(), officer, "onecard.again", "Art. 5")
        .on("card", card)
        .about(person)
        .why(PURPOSE, &[]);
    let region = region.to_owned();
    let write = move |tx: &mut Tx<'_>| {
        if !store::forget(tx, card, &region)? {
            return Err(Problem::not_found());
        }
        Ok(journal::record(tx, &entry)?)
    };
    app.db.write(write).await
}
