//! The card code: shown by the holder, judged online for one published item, each use on record
//! (Art. 2, 6, 15, 16).
#![forbid(unsafe_code)]

pub mod api;
pub mod cq1;
pub mod figures;
pub mod fusion;
pub mod pages;
pub mod refusals;
pub mod rules;
pub mod service;
pub mod store;
pub mod terminals;
#[cfg(test)]
mod tests;

use kernel::db::Migration;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema of codes and uses.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "codes-0001", sql: include_str!("../migrations/0001_codes.sql") },
    Migration { name: "codes-0002", sql: include_str!("../migrations/0002_cq1.sql") },
    Migration { name: "codes-0003", sql: include_str!("../migrations/0003_terminals.sql") },
    Migration { name: "codes-0004", sql: include_str!("../migrations/0004_abroad.sql") },
    Migration { name: "codes-0005", sql: include_str!("../migrations/0005_device.sql") },
];

/// What the authority may tune.
pub static SETTINGS: &[&Setting] = &[
    &cq1::KEY_DAYS,
    &cq1::BOOK_HOURS,
    &terminals::ENROL_HOURS,
    &terminals::TOKEN_DAYS,
    &terminals::SILENT_MINUTES,
];

/// The repeating work: keys, status lists.
pub fn jobs() -> Vec<Job> {
    cq1::jobs()
}

/// All routes of codes; `codes` is the running verification.
pub fn routes(codes: std::sync::Arc<service::Codes>) -> kernel::http::Routes {
    api::routes()
        .merge(cq1::api::routes())
        .merge(terminals::routes())
        .merge(pages::routes())
        .merge(figures::routes())
        .merge(refusals::routes())
        .share(codes)
}
