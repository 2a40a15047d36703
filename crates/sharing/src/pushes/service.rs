//! Use cases of pushes: watch, find changes, deliver.

use std::collections::BTreeMap;
use std::time::Duration;

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::org;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::rules::{self, Body, MOST_TRIES, SIGNATURE, TIMESTAMP};
use super::store::{self, Push, Watch};
use crate::agreements::catalogue::{from_codes, to_codes};
use crate::agreements::rules::{Agreement, Refused};
use crate::agreements::service as agreements;
use crate::consents;
use crate::dci::notify;
use crate::queries::rules::{self as questions, Ask};
use crate::queries::service::{self as queries, Answer};

/// Subscribes to changes of these persons. It is a question too: the answer says how things stand
/// now, and its limits, brakes and journal entries are those of a question.
///
/// # Errors
/// [`Refused`].
pub async fn subscribe(app: &App, actor: &Actor, ask: Ask) -> Result<Answer, Problem> {
    let (agreement, who, now) = (ask.agreement, actor.clone(), Utc::now());
    let counts = move |tx: &mut Tx<'_>| queries::of_program(tx, &who, agreement, now);
    if app.db.read(counts).await?.terms.push_url.is_empty() {
        return Err(Refused::NoPushAddress.into());
    }
    let answer = queries::query(app, actor, ask.clone()).await?;
    let (kept, platform, who) = (answer.clone(), app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let one = queries::of_program(tx, &who, agreement, now)?;
            let fields = to_codes(&questions::check(&ask, &one)?);
            for (person, line) in ask.persons.iter().zip(&kept.results) {
                let Some(id) = queries::person_of(tx, person)? else { continue };
                let last = seal_values(&platform, one.id, id, &line.fields);
                let fields = fields.clone();
                store::watch(tx, &Watch { person: id, agreement: one.id, fields, last, seq: 0 })?;
            }
            let entry = Entry::new(platform.id(), now, &who, "share.subscribed", "Art. 18");
            journal::record(tx, &entry.on("agreement", one.id).why(&one.terms.purpose, &[]))?;
            Ok::<_, Problem>(())
        })
        .await?;
    Ok(answer)
}

/// Ends the watch of these persons.
///
/// # Errors
/// [`Refused`].
pub async fn unsubscribe(app: &App, actor: &Actor, ask: Ask) -> Result<u64, Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let one = queries::of_program(tx, &actor, ask.agreement, now)?;
            let mut ended = 0;
            for person in &ask.persons {
                if let Some(person) = queries::person_of(tx, person)? {
                    ended += store::unwatch(tx, one.id, person)?;
                }
            }
            let entry = Entry::new(platform.id(), now, &actor, "share.unsubscribed", "Art. 18");
            journal::record(tx, &entry.on("agreement", one.id).why(&one.terms.purpose, &[]))?;
            Ok(ended)
        })
        .await
}

fn binding(what: &str, agreement: Id, person: Id) -> Vec<u8> {
    [what.as_bytes(), &agreement.0.to_be_bytes(), &person.0.to_be_bytes()].concat()
}

fn seal_values(app: &App, agreement: Id, person: Id, values: &BTreeMap<String, String>) -> Vec<u8> {
    let text = serde_json::to_vec(values).unwrap_or_default();
    app.keys.seal_field(&text, &binding("share-watch", agreement, person))
}

/// Leaves of the journal looked at in one round.
const LEAVES: i64 = 2_000;

/// Looks through the journal for people who changed, and queues what their watchers are to be told.
///
/// # Errors
/// The database's word.
pub async fn collect(app: &App) -> Result<usize, Problem> {
    let (from, to, people) = app.db.read(|tx| store::news(tx, LEAVES)).await?;
    if from == to {
        return Ok(0);
    }
    let watches = app.db.read(move |tx| store::watches(tx, &people)).await?;
    let mut found = 0;
    for watch in watches {
        let platform = app.clone();
        let queued = app.db.write(move |tx| queue(tx, &platform, &watch)).await;
        found += usize::from(queued?);
    }
    app.db.housekeeping(move |tx| store::move_on(tx, from, to)).await?;
    Ok(found)
}

/// Queues one watcher's change of one person, with its journal entry.
fn queue(tx: &mut Tx<'_>, app: &App, watch: &Watch) -> Result<bool, Problem> {
    let now = Utc::now();
    let one = match agreements::in_force(tx, watch.agreement, now) {
        Ok(one) => one,
        Err(problem) if problem.status < 500 => return Ok(false),
        Err(problem) => return Err(problem),
    };
    let Some(person) = people::store::by_id(tx, watch.person)? else { return Ok(false) };
    if one.terms.by_consent {
        let consenting = consents::store::consenting(tx, one.id, &[person.id])?;
        if consenting.is_empty() {
            return Ok(false);
        }
    }
    let mut fields = from_codes(&watch.fields).unwrap_or_default();
    fields.retain(|field| one.terms.fields.contains(field));
    let values = queries::values(tx, &person, &fields, now)?;
    let context = binding("share-watch", watch.agreement, watch.person);
    let last = app.keys.open_field(&watch.last, &context).unwrap_or_default();
    let before = serde_json::from_slice(&last).unwrap_or_default();
    let changes = rules::changes(&before, &values);
    if changes.is_empty() {
        return Ok(false);
    }
    let codes = fields.iter().map(|field| field.code());
    let codes: Vec<&'static str> = codes.filter(|code| changes.contains_key(*code)).collect();
    store::told(tx, watch, &seal_values(app, watch.agreement, watch.person, &values))?;
    let push = make(app, &one, watch, changes, now)?;
    store::insert(tx, &push)?;
    let mut entry = Entry::new(app.id(), now, &Actor::system(), "share.pushed", "Art. 18");
    entry.actor.org = Some(one.org);
    entry.item.clone_from(&one.terms.item);
    let orgs = org::all(tx)?;
    let name = orgs.iter().find(|org| org.id == one.org).map_or("", |org| org.name_zh.as_str());
    let why = format!("{name}\u{ff1a}{}", one.terms.purpose);
    let entry = entry.about(person.id).on("agreement", one.id).why(why, &codes);
    journal::record(tx, &entry)?;
    Ok(true)
}

fn make(
    app: &App,
    one: &Agreement,
    watch: &Watch,
    changes: BTreeMap<String, String>,
    now: Utc,
) -> Result<Push, Problem> {
    let id = app.id();
    let body = Body {
        id,
        agreement: one.id,
        pseudonym: questions::pseudonym(&app.keys, one.org, watch.person)?,
        sequence: watch.seq + 1,
        at: now.rfc3339(),
        changes,
    };
    let text = serde_json::to_vec(&body).map_err(|e| DbError::Engine(e.to_string()))?;
    let sealed = app.keys.seal_field(&text, &binding("share-push", one.id, watch.person));
    Ok(Push {
        id,
        person: watch.person,
        agreement: one.id,
        seq: watch.seq + 1,
        sealed: Some(sealed),
        state: "waiting".to_owned(),
        tries: 0,
        said: String::new(),
        at: now,
    })
}

/// Delivers what is due.
///
/// # Errors
/// The database's word; a receiver's failure is none.
pub async fn deliver(app: &App) -> Result<usize, Problem> {
    deliver_at(app, Utc::now()).await
}

/// [`deliver`] at a given moment.
///
/// # Errors
/// As [`deliver`].
pub async fn deliver_at(app: &App, now: Utc) -> Result<usize, Problem> {
    let due = app.db.read(move |tx| store::due(tx, now, 100)).await?;
    let mut sent = 0;
    for push in due {
        let agreement = push.agreement;
        let counts = move |tx: &mut Tx<'_>| agreements::in_force(tx, agreement, now);
        let one = match app.db.read(counts).await {
            Ok(one) => one,
            // What was found before the agreement ended is not told after it.
            Err(problem) if problem.status < 500 => {
                note(app, push, "dropped", problem.code.to_owned(), now).await?;
                continue;
            }
            Err(problem) => return Err(problem),
        };
        let (agreement, person) = (push.agreement, push.person);
        let find = move |tx: &mut Tx<'_>| notify::subscription(tx, agreement, person);
        let dci = app.db.read(find).await?;
        let (state, said) = match send(app, &one, &push, dci, now).await {
            Ok(()) => ("sent", String::new()),
            Err(said) if push.tries + 1 >= MOST_TRIES => ("dead", said),
            Err(said) => ("waiting", said),
        };
        sent += usize::from(state == "sent");
        let next = now.plus_seconds(rules::pause(push.tries + 1));
        note(app, push, state, said, next).await?;
    }
    Ok(sent)
}

async fn note(
    app: &App,
    push: Push,
    state: &'static str,
    said: String,
    next: Utc,
) -> Result<(), Problem> {
    let note = move |tx: &mut Tx<'_>| store::after_attempt(tx, &push, state, &said, next);
    Ok(app.db.housekeeping(note).await?)
}

/// One attempt; what went wrong, without the person's data.
async fn send(
    app: &App,
    one: &Agreement,
    push: &Push,
    dci: Option<notify::Subscription>,
    now: Utc,
) -> Result<(), String> {
    let context = binding("share-push", push.agreement, push.person);
    let sealed = push.sealed.as_deref().unwrap_or_default();
    let body = app.keys.open_field(sealed, &context).ok_or("the body cannot be opened")?;
    let mut body = String::from_utf8(body).map_err(|_| "the body is no text")?;
    let mut url = one.terms.push_url.clone();
    if url.is_empty() {
        return Err("no address".to_owned());
    }
    if let Some(subscription) = dci {
        let change = serde_json::from_str(&body).map_err(|_| "the body is no change")?;
        let message = notify::message(app, &subscription, &change);
        body = message.map_err(|problem| problem.code.to_owned())?;
        url = format!("{}{}", url.trim_end_matches('/'), notify::PATH);
    }
    let signature = rules::sign(&app.keys, now, &body).map_err(|p| p.code.to_owned())?;
    let post = move || {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(10)))
            .http_status_as_error(false)
            // A redirect would carry the person's data elsewhere.
            .max_redirects(0)
            .build();
        let agent: ureq::Agent = config.into();
        agent
            .post(url)
            .header("Content-Type", "application/json")
            .header(TIMESTAMP, now.seconds().to_string())
            .header(SIGNATURE, signature)
            .send(body)
            .map(|answer| answer.status().as_u16())
    };
    match tokio::task::spawn_blocking(post).await {
        Ok(Ok(200..=299)) => Ok(()),
        Ok(Ok(status)) => Err(format!("HTTP {status}")),
        Ok(Err(_)) => Err("not reached".to_owned()),
        Err(_) => Err("the attempt broke off".to_owned()),
    }
}

/// Takes a dead letter up again, or drops it; departments their own only.
///
/// # Errors
/// It is none.
pub async fn revive(
    app: &App,
    actor: &Actor,
    agreement: Id,
    id: Id,
    again: bool,
) -> Result<(), Problem> {
    let own = agreements::own_org(actor);
    let act = if again { "share.push-again" } else { "share.push-dropped" };
    let entry = Entry::new(app.id(), Utc::now(), actor, act, "Art. 18").on("push", id);
    app.db
        .write(move |tx| {
            let versions = crate::agreements::store::versions(tx, agreement)?;
            let first = versions.first().ok_or_else(Problem::not_found)?;
            if own.is_some_and(|org| org != first.org) {
                return Err(Problem::not_found());
            }
            store::revive(tx, agreement, id, again)?;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}
