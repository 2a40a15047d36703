//! Publicity and training (Art. 21): courses with questions drawn anew, certificates that end,
//! requirements of roles that close the platform until they are met; campaigns with what they reached,
//! and announcements.

pub mod api;
pub mod effect;
pub mod pages;
pub mod publicity;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;

/// The schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "care-training-0001",
        sql: include_str!("../../migrations/training_0001.sql"),
    },
    Migration {
        name: "care-training-0002",
        sql: include_str!("../../migrations/training_0002.sql"),
    },
];

/// Attempts of one account at one course in a day.
pub const TRIES_A_DAY: Setting = Setting {
    name: "care.training-tries",
    default: 3,
    least: 1,
    most: 20,
    zh: "每人每天考试次数",
    en: "Attempts of one person at one course in a day",
    article: 21,
};

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[&TRIES_A_DAY];

/// The repeating work: requirements that begin, certificates that end.
pub fn jobs() -> Vec<Job> {
    fn run(app: App) -> Round {
        Box::pin(async move { service::round(&app).await })
    }
    vec![Job { name: "care.training", every: Duration::from_secs(600), run }]
}

/// All routes.
pub fn routes() -> Routes {
    api::routes().merge(pages::routes()).merge(publicity::routes()).merge(effect::routes())
}
