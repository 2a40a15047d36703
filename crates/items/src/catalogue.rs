//! The list in memory: each use of the card asks here which version of an item is in force.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use time::Date;

use crate::rules::{self, Item, Refused};
use crate::search::Index;
use crate::store::{self, Suspension};

/// All published versions, in memory, because each use of the card looks here. Refreshed each second,
/// and at once where a version is published.
#[derive(Default)]
pub struct Catalogue(RwLock<Arc<Snapshot>>);

#[derive(Default)]
struct Snapshot {
    versions: HashMap<String, Vec<Arc<Item>>>,
    suspended: HashMap<String, Suspension>,
    index: Index,
    /// What it was made of, to see whether anything is new.
    source: Vec<Item>,
}

impl Catalogue {
    /// A list of these published versions, each item's in their order.
    pub fn of(items: Vec<Item>, suspensions: Vec<Suspension>) -> Self {
        Self(RwLock::new(Arc::new(Snapshot::of(items, suspensions))))
    }

    /// The version of an item that may be used on a day; `None` when it is not on the list or suspended.
    pub fn get(&self, code: &str, day: Date) -> Option<Arc<Item>> {
        self.find(code, day).ok()
    }

    /// Like [`Catalogue::get`] for those who tell people why not.
    ///
    /// # Errors
    /// [`Refused::NotListed`], [`Refused::Suspended`].
    pub fn find(&self, code: &str, day: Date) -> Result<Arc<Item>, Refused> {
        let all = self.snapshot();
        let item = all.versions.get(code).and_then(|versions| rules::on_day(versions, day));
        let item = item.cloned().ok_or(Refused::NotListed)?;
        match all.suspended.get(code) {
            Some(held) if (held.from..=held.last).contains(&day) => Err(Refused::Suspended),
            _ => Ok(item),
        }
    }

    /// What the list said of an item on a day, suspended or not.
    ///
    /// # Errors
    /// [`Refused::NotListed`].
    pub fn listed(&self, code: &str, day: Date) -> Result<Arc<Item>, Refused> {
        let all = self.snapshot();
        let item = all.versions.get(code).and_then(|versions| rules::on_day(versions, day));
        item.cloned().ok_or(Refused::NotListed)
    }

    /// The suspension of an item that counts on a day.
    pub fn suspension(&self, code: &str, day: Date) -> Option<Suspension> {
        let held = self.snapshot().suspended.get(code).cloned()?;
        (held.from..=held.last).contains(&day).then_some(held)
    }

    /// All items on the list on a day, by code.
    pub fn on(&self, day: Date) -> Vec<Arc<Item>> {
        let all = self.snapshot();
        let in_force = all.versions.values().filter_map(|versions| rules::on_day(versions, day));
        let mut items: Vec<Arc<Item>> = in_force.cloned().collect();
        items.sort_by(|a, b| a.code.cmp(&b.code));
        items
    }

    /// Items on the list on a day that fit a text, the best first; by code when the text is empty.
    pub fn search(&self, text: &str, day: Date) -> Vec<Arc<Item>> {
        if text.trim().is_empty() {
            return self.on(day);
        }
        let found = self.snapshot().index.find(text);
        found.into_iter().filter(|item| item.in_force(day)).collect()
    }

    /// All published versions of an item, oldest first.
    pub fn versions(&self, code: &str) -> Vec<Arc<Item>> {
        self.snapshot().versions.get(code).cloned().unwrap_or_default()
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        self.0.read().map(|all| all.clone()).unwrap_or_default()
    }

    /// Reads the published versions anew; the index is made again only when something is new.
    ///
    /// # Errors
    /// The database's word; the old snapshot stays.
    pub async fn load(&self, app: &Platform) -> Result<(), Problem> {
        let read = |tx: &mut kernel::db::Tx<'_>| {
            Ok::<_, Problem>((store::published(tx)?, store::suspensions(tx)?))
        };
        let (items, suspensions) = app.db.read(read).await?;
        let held = self.snapshot();
        let same = held.source == items
            && held.suspended.len() == suspensions.len()
            && suspensions.iter().all(|known| held.suspended.get(&known.code) == Some(known));
        if same {
            return Ok(());
        }
        let fresh = Arc::new(Snapshot::of(items, suspensions));
        if let Ok(mut held) = self.0.write() {
            *held = fresh;
        }
        Ok(())
    }
}

impl Snapshot {
    fn of(source: Vec<Item>, suspensions: Vec<Suspension>) -> Self {
        let items: Vec<Arc<Item>> = source.iter().cloned().map(Arc::new).collect();
        let mut versions: HashMap<String, Vec<Arc<Item>>> = HashMap::new();
        for item in &items {
            versions.entry(item.code.clone()).or_default().push(item.clone());
        }
        let suspended = suspensions.into_iter().map(|held| (held.code.clone(), held)).collect();
        Self { versions, suspended, index: Index::of(items), source }
    }
}

/// Refreshes the catalogue for as long as the runtime lives.
pub async fn run(app: App, catalogue: Arc<Catalogue>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if let Err(problem) = catalogue.load(&app).await {
            tracing::warn!(code = problem.code, "the catalogue could not be refreshed");
        }
    }
}
