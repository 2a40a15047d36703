//! A first application from the phone (Art. 5, 12): somebody without a card fills in the form and
//! proves his phone; an outlet checks the document when he comes, and applies with one press.

mod api;
mod pages;
mod rules;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;

/// The schema of online applications.
pub const MIGRATION: Migration =
    Migration { name: "cards-online-0001", sql: include_str!("../migrations/online_0001.sql") };

/// How long an application waits for its applicant to come.
pub static KEPT_DAYS: Setting = Setting {
    name: "cards.online-days",
    default: 30,
    least: 1,
    most: 180,
    zh: "网上预申请保留天数，逾期未到网点核验即作废并清除",
    en: "Days that an online application waits for its applicant before it lapses and is erased",
    article: 12,
};

/// All routes of online applications.
pub fn routes() -> Routes {
    pages::routes().merge(api::routes())
}

fn round(app: App) -> Round {
    Box::pin(async move { service::lapse(&app).await })
}

/// Lapses what waited too long.
pub const JOB: Job =
    Job { name: "cards.online-lapse", every: Duration::from_secs(600), run: round };
