//! What the holder may ask for: a copy, correction, deletion, restriction, an explanation (Art. 18, 19;
//! Personal Information Protection Law 44–49), what is held about him and why, and a monthly digest of who
//! saw his data.

pub mod api;
pub mod pages;
pub mod paper;
mod pdf;
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

pub use service::Section;

/// The schema.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "sharing-rights-0001",
    sql: include_str!("../../migrations/rights_0001.sql"),
}];

/// Days to answer a request of a person about his data.
pub const ANSWER_DAYS: Setting = Setting {
    name: "sharing.rights-answer-days",
    default: 15,
    least: 1,
    most: 30,
    zh: "个人信息权利要求答复天数",
    en: "Days to answer what a person asks about his data",
    article: 19,
};

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[&ANSWER_DAYS];

/// The repeating work: the monthly digest.
pub fn jobs() -> Vec<Job> {
    fn run(app: App) -> Round {
        Box::pin(async move { service::digest_round(&app).await })
    }
    vec![Job { name: "sharing.digest", every: Duration::from_secs(3_600), run }]
}

/// All routes; `sections` are what other capabilities add to the copy.
pub fn routes(sections: &'static [Section]) -> Routes {
    api::routes().merge(pages::routes(sections))
}
