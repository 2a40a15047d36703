//! The port to the integrated public data platform (Art. 18): facts come in by file or HTTP and
//! become proposals that a clerk decides on, never changes.
//!
//! What is not a well-formed fact is counted and left out; what came before changes nothing.

mod file;
mod http;
#[cfg(test)]
mod tests;

use std::time::Duration;

use cards::events::rules::{Kind, Report};
use cards::events::service::{self as events, Received};
use kernel::actor::Actor;
use kernel::db::{DbError, Migration, Tx, v};
use kernel::id::Id;
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, parse_day};
use serde::{Deserialize, Serialize};

pub use file::FilePort;
pub use http::HttpPort;

/// The schema.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "sharing-0004",
    sql: include_str!("../../migrations/0004_platform_port.sql"),
}];

/// A fact as the platform sends it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Fact {
    /// The platform's own number of it.
    pub source_id: String,
    /// `death`, `name-change`, `move`.
    pub kind: String,
    /// Person number.
    pub number: String,
    /// Name.
    pub name: String,
    /// Day of the event, `YYYY-MM-DD`.
    pub day: String,
    /// New name or new division.
    #[serde(default)]
    pub detail: String,
}

/// Some facts, and the mark to go on from.
#[derive(Clone, Debug, Default)]
pub struct Delivery {
    /// Each fact, or nothing for a line that is none.
    pub facts: Vec<Option<Fact>>,
    /// Mark of the last one; the same as before when there is nothing new.
    pub next: String,
}

/// A way to the platform.
pub trait PlatformPort: Send + Sync + 'static {
    /// Name under which the mark is kept.
    fn name(&self) -> &'static str;

    /// The facts after a mark, in order; the empty mark is the beginning.
    ///
    /// # Errors
    /// It cannot be reached, or answers rubbish: tried again in the next round.
    fn fetch(&self, after: &str) -> std::io::Result<Delivery>;
}

/// The most facts of one delivery that are looked at.
const MOST: usize = 5_000;

/// What one delivery came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Facts that wait for a clerk now.
    pub proposed: usize,
    /// Facts about nobody in the register.
    pub nobody: usize,
    /// Facts that came before.
    pub twice: usize,
    /// Lines that were no facts.
    pub refused: usize,
}

/// A fact as a report of a life event; nothing when it is none.
pub fn report(fact: &Fact, today: time::Date) -> Option<Report> {
    let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    let kind = Kind::from_code(fact.kind.trim())?;
    let accepted = matches!(kind, Kind::Death | Kind::Move | Kind::NameChange);
    let whole = fits(&fact.source_id, 64) && fits(&fact.number, 32) && fits(&fact.name, 60);
    let detail = kind == Kind::Death || fits(&fact.detail, 60);
    let plain = [&fact.source_id, &fact.number, &fact.name, &fact.detail];
    let plain = plain.iter().all(|text| !text.chars().any(char::is_control));
    let day = parse_day(fact.day.trim()).filter(|day| *day <= today)?;
    (accepted && whole && detail && plain).then(|| Report {
        source_id: fact.source_id.trim().to_owned(),
        kind,
        number: fact.number.trim().to_uppercase(),
        name: fact.name.trim().to_owned(),
        day,
        detail: fact.detail.trim().to_owned(),
    })
}

/// Takes the next delivery of a port. The mark moves on only after everything is kept; what comes
/// again because of that is known by its number.
///
/// # Errors
/// The database's word, or the port did not answer.
pub async fn take(app: &App, port: std::sync::Arc<dyn PlatformPort>) -> Result<Taken, Problem> {
    let name = port.name();
    let mark = move |tx: &mut Tx<'_>| -> Result<String, DbError> {
        let sql = "SELECT after_mark FROM share_port_cursor WHERE port = $1";
        Ok(tx.optional(sql, &[v(name)])?.map(|row| row.get(0)).transpose()?.unwrap_or_default())
    };
    let after = app.db.read(mark).await?;
    let from = after.clone();
    let fetched = tokio::task::spawn_blocking(move || port.fetch(&from)).await;
    let fetched = fetched.map_err(|error| DbError::Engine(error.to_string()))?;
    let delivery = fetched.map_err(|error| DbError::Unavailable(error.to_string()))?;
    if delivery.next == after || delivery.next.len() > 200 || delivery.facts.len() > MOST {
        return Ok(Taken::default());
    }
    let today = Utc::now().day();
    let reports = delivery.facts.iter().flatten().filter_map(|fact| report(fact, today));
    let reports: Vec<Report> = reports.collect();
    let mut taken = Taken { refused: delivery.facts.len() - reports.len(), ..Taken::default() };
    if !reports.is_empty() {
        // The platform has no account here: its reports are kept under an organisation of their own.
        let sender = Actor { org: Some(Id(0)), name: name.to_owned(), ..Actor::system() };
        for received in events::receive(app, &sender, reports).await? {
            match received {
                Received::Proposed => taken.proposed += 1,
                Received::Nobody => taken.nobody += 1,
                Received::Twice => taken.twice += 1,
            }
        }
    }
    let (whole, bad) = (delivery.facts.len() as i64, taken.refused as i64);
    let next = delivery.next;
    let move_on = move |tx: &mut Tx<'_>| -> Result<(), DbError> {
        let sql = "INSERT INTO share_port_cursor (port, after_mark, taken, refused, at)
                   VALUES ($1, '', 0, 0, 0) ON CONFLICT (port) DO NOTHING";
        tx.execute(sql, &[v(name)])?;
        let sql = "UPDATE share_port_cursor SET after_mark = $1, taken = taken + $2,
                       refused = refused + $3, at = $4 WHERE port = $5 AND after_mark = $6";
        let values = [v(&next), v(whole), v(bad), v(Utc::now()), v(name), v(&after)];
        tx.execute_one(sql, &values)
    };
    app.db.housekeeping(move_on).await?;
    Ok(taken)
}

/// The repeating work: the folder `platform-in` of the data folder, and the address in
/// `platform-port.json`, each when it is there.
pub fn jobs() -> Vec<Job> {
    fn take_all(app: App) -> Round {
        Box::pin(async move {
            let mut said = Vec::new();
            let folder = app.config.data.join("platform-in");
            if folder.is_dir() {
                said.push(take(&app, std::sync::Arc::new(FilePort(folder))).await?);
            }
            if let Some(port) = HttpPort::configured(&app.config.data) {
                said.push(take(&app, std::sync::Arc::new(port)).await?);
            }
            let sum = |pick: fn(&Taken) -> usize| said.iter().map(pick).sum::<usize>();
            Ok(format!("{} proposed, {} refused", sum(|t| t.proposed), sum(|t| t.refused)))
        })
    }
    vec![Job { name: "sharing.platform", every: Duration::from_secs(60), run: take_all }]
}
