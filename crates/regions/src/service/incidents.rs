//! Emergencies that both sides know: one shared record that each writes on (Art. 20).

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use super::messages::{self, Handler, New};
use crate::rules::{self, Message, Refused};
use crate::store::{self, Incident, Note};

/// Takes what another region notes on a record.
pub const NOTED: Handler = Handler { kind: "incident.noted", version: 1, run: take_note };
/// Notes that one region may write on one record.
const MOST_NOTES: i64 = 200;

/// Takes what another region tells.
pub const HANDLER: Handler = Handler { kind: "incident.told", version: 1, run: take };

const PURPOSE: &str = "川渝突发事件通报 / shared incident";
const WEEK_S: i64 = 7 * 86_400;

/// Words about one record come in their order.
fn key(origin: &str, id: &str) -> String {
    format!("incident {origin} {id}")
}

#[derive(Serialize, Deserialize)]
struct Body {
    id: String,
    title: String,
    text: String,
    at: i64,
}

fn fits(title: &str, text: &str) -> bool {
    (1..=100).contains(&title.chars().count()) && (1..=1_000).contains(&text.chars().count())
}

fn take(tx: &mut Tx<'_>, _: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let body: Body =
        serde_json::from_value(message.body.clone()).map_err(|_| Refused::Unreadable)?;
    let latest = now.plus_seconds(rules::SKEW_S).0;
    let plain = (1..=40).contains(&body.id.len()) && (0..=latest).contains(&body.at);
    if !plain || !fits(&body.title, &body.text) {
        return Err(Refused::Unreadable.into());
    }
    let Body { id, title, text, at } = body;
    let origin = message.from.clone();
    Ok(store::insert_incident(tx, &Incident { origin, id, title, text, told_at: Utc(at) })?)
}

/// Records an emergency and tells it to all trusted regions in the same transaction. Returns how many.
///
/// # Errors
/// Title or text is missing or too long.
pub async fn tell(app: &App, actor: &Actor, title: &str, text: &str) -> Result<usize, Problem> {
    let (title, text) = (title.trim().to_owned(), text.trim().to_owned());
    if !fits(&title, &text) {
        let wrong = Text::new("请填写标题和情况", "Give a title and say what happened");
        return Err(Problem::field("text", wrong));
    }
    let (id, now) = (app.id(), Utc::now());
    let entry = Entry::new(app.id(), now, actor, "region.incident", "Art. 20")
        .on("incident", id)
        .why(PURPOSE, &[]);
    let shared = app.clone();
    app.db
        .write(move |tx| {
            let incident = Incident {
                origin: shared.config.region.clone(),
                id: id.to_string(),
                title: title.clone(),
                text: text.clone(),
                told_at: now,
            };
            store::insert_incident(tx, &incident)?;
            let mut told = 0;
            for region in store::all_trusted(tx)? {
                let body = Body {
                    id: id.to_string(),
                    title: title.clone(),
                    text: text.clone(),
                    at: now.0,
                };
                let new = New {
                    to: region.said.region,
                    kind: HANDLER.kind,
                    version: HANDLER.version,
                    person_key: key(&incident.origin, &incident.id),
                    lifetime_s: WEEK_S,
                    purpose: PURPOSE,
                    basis: "Art. 20",
                    journal: entry.id,
                    body: serde_json::to_value(body).expect("plain data"),
                };
                messages::post(tx, &shared, &new, now)?;
                told += 1;
            }
            journal::record(tx, &entry)?;
            Ok(told)
        })
        .await
}

#[derive(Serialize, Deserialize)]
struct NoteBody {
    origin: String,
    incident: String,
    id: String,
    text: String,
    by: String,
    at: i64,
    done: bool,
}

fn take_note(tx: &mut Tx<'_>, _: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let body: NoteBody =
        serde_json::from_value(message.body.clone()).map_err(|_| Refused::Unreadable)?;
    let latest = now.plus_seconds(rules::SKEW_S).0;
    let plain = body.origin.len() == 6
        && (1..=40).contains(&body.incident.len())
        && (1..=40).contains(&body.id.len())
        && (1..=500).contains(&body.text.chars().count())
        && body.by.chars().count() <= 40
        && (0..=latest).contains(&body.at);
    let note = Note {
        region: message.from.clone(),
        id: body.id,
        text: body.text,
        by: body.by,
        at: Utc(body.at),
        done: body.done,
    };
    let record = (body.origin.as_str(), body.incident.as_str());
    if !plain || store::count_notes(tx, record, &message.from)? >= MOST_NOTES {
        return Err(Refused::Unreadable.into());
    }
    // It may come before the record itself where three regions share one: then it waits there for it.
    Ok(store::insert_note(tx, record, &note)?)
}

/// Writes on a record, here and in all trusted regions; `done` says that this side has dealt with it.
///
/// # Errors
/// There is no such record, or nothing to say.
pub async fn add_note(
    app: &App,
    actor: &Actor,
    (origin, id): (&str, &str),
    text: &str,
    done: bool,
) -> Result<(), Problem> {
    let text = text.trim().to_owned();
    if !(1..=500).contains(&text.chars().count()) {
        return Err(Problem::field("text", Text::new("请填写情况", "Say what was done")));
    }
    let entry = Entry::new(app.id(), Utc::now(), actor, "region.incident-noted", "Art. 20")
        .on("incident", id)
        .why(PURPOSE, &[]);
    let (shared, record) = (app.clone(), (origin.to_owned(), id.to_owned()));
    let write = move |tx: &mut Tx<'_>| {
        let record = (record.0.as_str(), record.1.as_str());
        if !store::incidents(tx)?.iter().any(|one| (&*one.origin, &*one.id) == record) {
            return Err(Problem::not_found());
        }
        let note = Note {
            region: shared.config.region.clone(),
            id: hex::encode(random::<16>()),
            text: text.clone(),
            by: entry.actor.name.chars().take(40).collect(),
            at: entry.at,
            done,
        };
        store::insert_note(tx, record, &note)?;
        for region in store::all_trusted(tx)? {
            let (origin, incident) = (record.0.to_owned(), record.1.to_owned());
            let (id, text, by) = (note.id.clone(), note.text.clone(), note.by.clone());
            let body = NoteBody { origin, incident, id, text, by, at: note.at.0, done };
            let new = New {
                to: region.said.region,
                kind: NOTED.kind,
                version: NOTED.version,
                person_key: key(record.0, record.1),
                lifetime_s: WEEK_S,
                purpose: PURPOSE,
                basis: "Art. 20",
                journal: entry.id,
                body: serde_json::to_value(body).expect("plain data"),
            };
            messages::post(tx, &shared, &new, entry.at)?;
        }
        Ok(journal::record(tx, &entry)?)
    };
    app.db.write(write).await
}
