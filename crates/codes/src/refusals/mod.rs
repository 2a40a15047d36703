//! Refusals and omissions (Art. 25(1), (2)): the card refused at a counter, a service done without it,
//! an item on the list that nobody serves. Each is told or found, taken up, answered and closed.

mod pages;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::db::Migration;
use kernel::jobs::Job;
use kernel::settings::Setting;

pub use rules::{Act, Kind, Refused, Source, State, Telling};
pub use service::{act, find_unserved, tell, tell_once};
pub use store::{Filter, Report, one};

/// The schema of refusals; it needs that of the figures.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "codes-refusals-0001",
        sql: include_str!("../../migrations/refusals_0001.sql"),
    },
    Migration {
        name: "codes-refusals-0002",
        sql: include_str!("../../migrations/refusals_0002.sql"),
    },
];

/// Days to answer a report.
pub const ANSWER_DAYS: Setting = Setting {
    name: "codes.refusal-answer-days",
    default: 15,
    least: 1,
    most: 60,
    zh: "拒绝用卡反映的答复天数",
    en: "Days to answer a report of a refusal",
    article: 25,
};

/// Days without a use after which a published item counts as not served.
pub const UNSERVED_DAYS: Setting = Setting {
    name: "codes.unserved-days",
    default: 90,
    least: 7,
    most: 730,
    zh: "事项多少天无人用卡视为未开展",
    en: "Days without a use after which an item counts as not served",
    article: 25,
};

/// What the authority may tune of refusals.
pub static SETTINGS: &[&Setting] = &[&ANSWER_DAYS, &UNSERVED_DAYS];

/// Looks for items that nobody serves, each hour.
pub const JOBS: &[Job] = &[Job {
    name: "codes.unserved",
    every: Duration::from_secs(3_600),
    run: service::unserved_round,
}];

pub(crate) use pages::routes;
