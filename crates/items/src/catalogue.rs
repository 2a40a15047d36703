//! The list in memory: each use of the card asks here which version of an item is in force.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use time::Date;

use crate::rules::{self, Item, Refused};
use crate::store;

/// All published versions, in memory, because each use of the card looks here. Refreshed each second,
/// and at once where a version is published.
#[derive(Default)]
pub struct Catalogue(RwLock<Arc<HashMap<String, Vec<Arc<Item>>>>>);

impl Catalogue {
    /// The version of an item in force on a day; `None` when it is not on the list.
    pub fn get(&self, code: &str, day: Date) -> Option<Arc<Item>> {
        rules::on_day(self.snapshot().get(code)?, day).cloned()
    }

    /// Like [`Catalogue::get`] for those who tell people why not.
    ///
    /// # Errors
    /// [`Refused::NotListed`].
    pub fn find(&self, code: &str, day: Date) -> Result<Arc<Item>, Refused> {
        self.get(code, day).ok_or(Refused::NotListed)
    }

    /// All items in force on a day, by code.
    pub fn on(&self, day: Date) -> Vec<Arc<Item>> {
        let all = self.snapshot();
        let in_force = all.values().filter_map(|versions| rules::on_day(versions, day));
        let mut items: Vec<Arc<Item>> = in_force.cloned().collect();
        items.sort_by(|a, b| a.code.cmp(&b.code));
        items
    }

    /// All published versions of an item, oldest first.
    pub fn versions(&self, code: &str) -> Vec<Arc<Item>> {
        self.snapshot().get(code).cloned().unwrap_or_default()
    }

    fn snapshot(&self) -> Arc<HashMap<String, Vec<Arc<Item>>>> {
        self.0.read().map(|all| all.clone()).unwrap_or_default()
    }

    /// Reads the published versions anew.
    ///
    /// # Errors
    /// The database's word; the old snapshot stays.
    pub async fn load(&self, app: &Platform) -> Result<(), Problem> {
        let items = app.db.read(|tx| Ok::<_, Problem>(store::published(tx)?)).await?;
        let mut all: HashMap<String, Vec<Arc<Item>>> = HashMap::new();
        for item in items {
            all.entry(item.code.clone()).or_default().push(Arc::new(item));
        }
        if let Ok(mut held) = self.0.write() {
            *held = Arc::new(all);
        }
        Ok(())
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
