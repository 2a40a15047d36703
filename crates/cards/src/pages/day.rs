//! The hand-over of the day: what a clerk did, to be read, printed and signed.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use kernel::actor::Actor;
use kernel::http::{Page, render};
use kernel::journal::{self, Stored};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};

/// The most acts that one page lists.
const MOST: i64 = 1_000;

#[derive(Template)]
#[template(path = "day.html")]
struct DayPage {
    p: Page,
    day: String,
    clerk: String,
    counts: Vec<(String, usize)>,
    entries: Vec<Stored>,
}

pub(super) async fn day(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let today = Utc::now().day();
    let account = actor.account;
    let mut entries = app
        .db
        .read(move |tx| {
            let since = Utc::start_of(today);
            Ok::<_, Problem>(journal::of_clerk(tx, account, since, MOST)?)
        })
        .await?;
    // Looks are not acts; the journal has them for whoever asks.
    entries.retain(|entry| !entry.act.ends_with(".read"));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    // What was not done with a card or a person is in the list alone.
    for entry in entries.iter().filter(|entry| is_counted(&entry.act)) {
        *counts.entry(p.spoken(&entry.purpose).to_owned()).or_default() += 1;
    }
    entries.retain(|entry| !entry.purpose.is_empty());
    let counts = counts.into_iter().collect();
    render(&DayPage { p, day: day_text(today), clerk: actor.name, counts, entries })
}

fn is_counted(act: &str) -> bool {
    ["card.", "ecard.", "person."].iter().any(|beginning| act.starts_with(beginning))
}
