//! Questions of departments under an agreement, and what watches over them (Art. 18, 19).

mod api;
pub mod batch;
mod pages;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;

/// The schema.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "sharing-0002", sql: include_str!("../../migrations/0002_queries.sql") }];

/// Persons in an hour from which on the brake acts.
pub const RATE: Setting = Setting {
    name: "sharing.brake-rate",
    default: 2_000,
    least: 1,
    most: 1_000_000,
    zh: "每小时读取人数超过此数时触发保护",
    en: "Persons read in an hour from which on the brake acts",
    article: 19,
};

/// New persons in one question from which on the brake acts.
pub const NOVELTY: Setting = Setting {
    name: "sharing.brake-novelty",
    default: 500,
    least: 1,
    most: 1_000_000,
    zh: "一次查询中首次读取人数超过此数时触发保护",
    en: "Persons never read before in one question from which on the brake acts",
    article: 19,
};

/// Persons in one question at night or on a weekend from which on the brake acts.
pub const OFF_HOURS: Setting = Setting {
    name: "sharing.brake-off-hours",
    default: 50,
    least: 0,
    most: 1_000_000,
    zh: "夜间和周末一次查询人数超过此数时触发保护",
    en: "Persons in one question at night or on a weekend from which on the brake acts",
    article: 19,
};

/// Whether what the brake stops needs a second officer.
pub const SECOND_OFFICER: Setting = Setting {
    name: "sharing.second-officer",
    default: 1,
    least: 0,
    most: 1,
    zh: "触发保护后须由第二位经办人确认",
    en: "What the brake stops needs a second officer",
    article: 19,
};

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[&RATE, &NOVELTY, &OFF_HOURS, &SECOND_OFFICER];

/// The repeating work: forgetting answers, and batches.
pub fn jobs() -> Vec<Job> {
    fn forget(app: App) -> Round {
        Box::pin(async move { service::forget(&app).await })
    }
    fn batches(app: App) -> Round {
        Box::pin(async move { batch::work(&app).await })
    }
    vec![
        Job { name: "sharing.forget", every: Duration::from_secs(3_600), run: forget },
        Job { name: "sharing.batches", every: Duration::from_secs(2), run: batches },
    ]
}

/// All routes.
pub fn routes() -> Routes {
    api::routes().merge(pages::routes())
}
