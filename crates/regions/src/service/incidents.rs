//! Emergencies that both sides know: one shared record (Art. 20).

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use super::messages::{self, Handler, New};
use crate::rules::{self, Message, Refused};
use crate::store::{self, Incident};

/// Takes what another region tells.
pub const HANDLER: Handler = Handler { kind: "incident.told", version: 1, run: take };

const WEEK_S: i64 = 7 * 86_400;

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
        .why("川渝突发事件通报 / shared incident", &[]);
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
                    person_key: String::new(),
                    lifetime_s: WEEK_S,
                    purpose: "川渝突发事件通报 / shared incident",
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
