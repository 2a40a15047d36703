//! Cooperating banks (Art. 10): agreements, the financial function of cards, divergence between the
//! platform and a bank, offers to holders, service quality.
#![forbid(unsafe_code)]

pub mod api;
pub mod number;
pub mod pages;
pub mod port;
pub mod rules;
pub mod service;
pub mod simulator;
pub mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;

pub use number::AccountNumber;

/// The schema of banks.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "banks-0001", sql: include_str!("../migrations/0001_banks.sql") },
    Migration { name: "banks-0002", sql: include_str!("../migrations/0002_freeze.sql") },
];

/// A divergence that lasts longer than this is an alarm.
pub const DIVERGENCE_MINUTES: Setting = Setting {
    name: "banks.divergence-minutes",
    default: 10,
    least: 1,
    most: 1_440,
    zh: "平台与银行账户状态不一致多久后告警（分钟）",
    en: "Minutes after which differing states of an account are an alarm",
    article: 10,
};

/// A request without an answer for longer than this is an alarm.
pub const UNANSWERED_HOURS: Setting = Setting {
    name: "banks.unanswered-hours",
    default: 24,
    least: 1,
    most: 240,
    zh: "银行多久未答复后告警（小时）",
    en: "Hours after which a request without an answer is an alarm",
    article: 10,
};

/// What the authority may tune.
pub static SETTINGS: &[&Setting] = &[&DIVERGENCE_MINUTES, &UNANSWERED_HOURS];

/// All routes of banks.
pub fn routes() -> Routes {
    api::routes().merge(pages::routes())
}

/// The repeating work of banks: the exchange, and the comparison of states.
pub fn jobs() -> Vec<Job> {
    fn exchange(app: App) -> Round {
        Box::pin(async move { service::exchange::round(&app).await })
    }
    fn compare(app: App) -> Round {
        Box::pin(async move { service::alarms::compare(&app).await })
    }
    vec![
        Job { name: "banks.exchange", every: Duration::from_secs(2), run: exchange },
        Job { name: "banks.compare", every: Duration::from_secs(60), run: compare },
    ]
}
