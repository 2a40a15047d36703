//! Single questions of officers on a page, under an agreement in force: the same fields, limits, journal
//! and brakes as for programs, and narrower ones for one officer (Art. 18, 19).

mod pages;
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
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "sharing-0005", sql: include_str!("../../migrations/0005_desk.sql") }];

/// Persons that one officer may ask about in an hour before the brake acts.
pub const RATE: Setting = Setting {
    name: "sharing.desk-brake-rate",
    default: 30,
    least: 1,
    most: 10_000,
    zh: "一名经办人每小时在页面查询人数超过此数时触发保护",
    en: "Persons that one officer looks up in an hour on the page from which on the brake acts",
    article: 19,
};

/// The same for persons whom his organisation never asked about.
pub const NOVELTY: Setting = Setting {
    name: "sharing.desk-brake-novelty",
    default: 20,
    least: 1,
    most: 10_000,
    zh: "一名经办人每小时在页面首次查询人数超过此数时触发保护",
    en: "New persons that one officer looks up in an hour on the page from which on the brake acts",
    article: 19,
};

/// The same at night and on weekends.
pub const OFF_HOURS: Setting = Setting {
    name: "sharing.desk-brake-off-hours",
    default: 3,
    least: 0,
    most: 10_000,
    zh: "一名经办人夜间和周末每小时在页面查询人数超过此数时触发保护",
    en: "Persons that one officer looks up in an hour at night or on a weekend from which on the brake acts",
    article: 19,
};

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[&RATE, &NOVELTY, &OFF_HOURS];

/// The repeating work: questions nobody confirmed lapse, and all are forgotten with their answers.
pub fn jobs() -> Vec<Job> {
    fn forget(app: App) -> Round {
        Box::pin(async move { service::forget(&app).await })
    }
    vec![Job { name: "sharing.desk", every: Duration::from_secs(600), run: forget }]
}

/// All routes.
pub fn routes() -> Routes {
    pages::routes()
}
