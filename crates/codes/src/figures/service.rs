//! The figures of a month with names for people.

use std::collections::HashMap;

use items::rules::Area;
use kernel::divisions;
use kernel::law::Text;
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;

use super::rules::{By, Measure, Month, Report};
use super::{SMALL_CELL, store};

/// A report, the months that have one, and the names of its lines.
pub struct Told {
    /// What may be shown.
    pub report: Report,
    /// Months to choose from, newest first.
    pub months: Vec<Month>,
    names: HashMap<String, Text>,
}

impl Told {
    /// Name of a line for people.
    pub fn name(&self, by: By, key: &str) -> Text {
        let plain = || Text::new(key, key);
        match by {
            By::Field | By::Item if key.is_empty() => Text::new("清单外", "Not on the list"),
            By::Field => Area::from_code(key).map_or_else(plain, Area::name),
            By::Item => self.names.get(key).cloned().unwrap_or_else(plain),
            By::District if key.is_empty() => Text::new("未分区", "No district"),
            By::District => {
                divisions::find(key).map_or_else(plain, |known| Text::new(known.zh, known.en))
            }
            By::Hour => Text::new(format!("{key}时"), format!("{key}:00")),
            By::Day => plain(),
        }
    }
}

/// The figures of a month (Art. 14); nobody's data is in them.
///
/// # Errors
/// The database's word.
pub async fn report(app: &Platform, month: Month, measure: Measure) -> Result<Told, Problem> {
    let now = Utc::now();
    app.db
        .read(move |tx| {
            let least = settings::get(tx, &SMALL_CELL, now)?;
            let counted = store::counted(tx, month, measure)?;
            let names = items::store::names(tx)?.into_iter().map(|item| (item.code, item.name));
            let (report, names) = (Report::of(&counted, least), names.collect());
            Ok(Told { report, months: store::months(tx)?, names })
        })
        .await
}
