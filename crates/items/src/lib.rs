//! The published list of items (Art. 14): every use of the card names one, in its version of that
//! day, and sees only the fields that it discloses.
#![forbid(unsafe_code)]

pub mod api;
pub mod catalogue;
pub mod follow;
pub mod open;
pub mod pages;
pub mod papers;
pub mod proposal;
pub mod rules;
pub mod search;
pub mod seed;
pub mod service;
pub mod settings;
pub mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use kernel::db::Migration;
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;

/// The schema of items.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "items-0001", sql: include_str!("../migrations/0001_items.sql") },
    Migration { name: "items-0002-details", sql: include_str!("../migrations/0002_details.sql") },
    Migration { name: "items-papers-0001", sql: include_str!("../migrations/papers_0001.sql") },
    Migration { name: "items-0003-ended", sql: include_str!("../migrations/0003_ended_by.sql") },
    Migration { name: "items-0004-follow", sql: include_str!("../migrations/0004_follow.sql") },
];

/// What the authority may tune of the list.
pub static SETTINGS: &[&Setting] = &[
    &settings::CONSULT_DAYS,
    &settings::DECIDE_DAYS,
    &settings::JOINT_LEAD_DAYS,
    &settings::PUBLISH_DAYS,
    &settings::REMIND_DAYS,
    &settings::FILE_DAYS,
    &settings::SUSPENSION_DAYS,
];

/// The repeating work: messages to those who follow the list.
pub fn jobs() -> Vec<Job> {
    fn tell(app: App) -> Round {
        Box::pin(async move { follow::round(&app).await })
    }
    vec![Job { name: "items.follow", every: Duration::from_secs(600), run: tell }]
}

/// All routes of items; publishing refreshes `catalogue` at once.
pub fn routes(catalogue: Arc<catalogue::Catalogue>) -> kernel::http::Routes {
    api::routes().merge(pages::routes()).merge(open::routes()).share(catalogue)
}
