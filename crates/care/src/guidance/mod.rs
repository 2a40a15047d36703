//! Guidance to the right item, notices that can be switched off, help for those who need it (Art. 15, 22).

pub mod api;
pub mod notices;
pub mod pages;
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
use kernel::time::Utc;

/// The schema.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "care-0002-guidance",
    sql: include_str!("../../migrations/0002_guidance.sql"),
}];

/// How long before a card expires its holder is told.
pub const EXPIRING_DAYS: Setting = Setting {
    name: "care.expiring-days",
    default: 60,
    least: 7,
    most: 180,
    zh: "社会保障卡到期前提醒天数",
    en: "Days before a card expires at which its holder is told",
    article: 22,
};

/// How long before the last day of an unpaid bill its holder is told.
pub const UNPAID_DAYS: Setting = Setting {
    name: "care.unpaid-days",
    default: 3,
    least: 1,
    most: 30,
    zh: "账单到期前提醒天数",
    en: "Days before the last day of a bill at which its holder is told",
    article: 22,
};

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[&EXPIRING_DAYS, &UNPAID_DAYS];

/// The repeating work.
pub fn jobs() -> Vec<Job> {
    fn notices(app: App) -> Round {
        Box::pin(async move { notices::round(&app, Utc::now()).await })
    }
    vec![Job { name: "care.notices", every: Duration::from_secs(3_600), run: notices }]
}

/// All routes.
pub fn routes() -> Routes {
    api::routes().merge(pages::routes())
}
