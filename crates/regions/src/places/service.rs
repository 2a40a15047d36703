//! Telling our joint outlets and hearing theirs; the whole of a place each time.

use std::collections::BTreeMap;

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use outlets::rules::JOINT;
use outlets::service::Outlet;
use time::Date;

use super::store::{self, Place};
use crate::joint::rules::Words;
use crate::rules::{Message, Refused};
use crate::service::messages::{self, Handler, New};
use crate::store as regions;

/// Takes a place of another region.
pub const HANDLER: Handler = Handler { kind: "place.told", version: 1, run: take };

const PURPOSE: &str = "川渝通办网点 / joint outlets";
const LIFETIME_S: i64 = 14 * 86_400;
/// More joint outlets than a province has.
const MOST: i64 = 5_000;
/// Places told in one round.
const A_ROUND: usize = 100;

fn place_of(outlet: &Outlet) -> Place {
    let details = &outlet.details;
    Place {
        id: outlet.id.to_string(),
        name: Words::from(&details.name),
        address: details.address.clone(),
        phone: details.phone.clone(),
        hours: details.hours.week_text(),
        gone: false,
    }
}

/// Our joint outlets of a day.
pub(crate) fn ours(tx: &mut Tx<'_>, day: Date) -> Result<Vec<Place>, Problem> {
    let joint = |outlet: &Outlet| outlet.offers(JOINT) || outlet.details.kind.code() == JOINT;
    let all = outlets::service::all_on(tx, day)?;
    Ok(all.iter().filter(|outlet| joint(outlet)).map(place_of).collect())
}

/// What a region has not been told yet: places that are new or changed, and those that are gone.
fn news(told: &BTreeMap<String, String>, ours: &[Place]) -> Vec<Place> {
    let changed = |place: &&Place| told.get(&place.id) != Some(&store::text(place));
    let mut news: Vec<Place> = ours.iter().filter(changed).cloned().collect();
    for text in told.values() {
        let Ok(before) = serde_json::from_str::<Place>(text) else { continue };
        if !before.gone && !ours.iter().any(|place| place.id == before.id) {
            news.push(Place { gone: true, ..before });
        }
    }
    news.truncate(A_ROUND);
    news
}

/// Tells each trusted region what changed.
///
/// # Errors
/// Of the database only.
pub async fn round(app: &App, today: Date) -> Result<String, Problem> {
    let read = move |tx: &mut Tx<'_>| {
        let ours = ours(tx, today)?;
        let mut all = Vec::new();
        for known in regions::all_trusted(tx)? {
            let news = news(&store::told(tx, &known.said.region)?, &ours);
            if !news.is_empty() {
                all.push((known.said.region, news));
            }
        }
        Ok::<_, Problem>(all)
    };
    let mut count = 0;
    for (region, news) in app.db.read(read).await? {
        count += news.len();
        tell(app, region, news).await?;
    }
    Ok(format!("{count} told"))
}

async fn tell(app: &App, region: String, news: Vec<Place>) -> Result<(), Problem> {
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "place.told", "Art. 11")
        .on("region", &region)
        .why(PURPOSE, &[]);
    let shared = app.clone();
    let write = move |tx: &mut Tx<'_>| {
        for place in &news {
            let new = New {
                to: region.clone(),
                kind: HANDLER.kind,
                version: HANDLER.version,
                person_key: format!("place {}", place.id),
                lifetime_s: LIFETIME_S,
                purpose: PURPOSE,
                basis: "Art. 11",
                journal: entry.id,
                body: serde_json::to_value(place).expect("plain data"),
            };
            messages::post(tx, &shared, &new, entry.at)?;
            store::tell(tx, &region, place)?;
        }
        Ok::<_, Problem>(journal::record(tx, &entry)?)
    };
    app.db.write(write).await
}

fn take(tx: &mut Tx<'_>, _: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let place: Place =
        serde_json::from_value(message.body.clone()).map_err(|_| Refused::Unreadable)?;
    let short = |text: &str, most: usize| text.chars().count() <= most;
    let plain = (1..=20).contains(&place.id.len())
        && !place.name.zh.is_empty()
        && short(&place.name.zh, 60)
        && short(&place.name.en, 100)
        && short(&place.address, 200)
        && short(&place.phone, 40)
        && short(&place.hours, 400);
    if !plain || store::count(tx, &message.from)? >= MOST {
        return Err(Refused::Unreadable.into());
    }
    Ok(store::hear(tx, &message.from, &place, now)?)
}
