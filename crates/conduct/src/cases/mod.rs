//! Violations and cases (Art. 24–27): reports, the file, hearing, decision, appeal, correction.

mod api;
pub mod credit;
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
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "conduct-cases-0001", sql: include_str!("../../migrations/cases_0001.sql") },
    Migration {
        name: "conduct-credit-0001",
        sql: include_str!("../../migrations/credit_0001.sql"),
    },
];

const fn days(
    name: &'static str,
    default: i64,
    (least, most): (i64, i64),
    zh: &'static str,
    en: &'static str,
) -> Setting {
    Setting { name, default, least, most, zh, en, article: 26 }
}

/// Working days to look at a report.
pub const TRIAGE_DAYS: Setting =
    days("conduct.triage-days", 7, (1, 30), "举报初审工作日", "Working days to look at a report");
/// Days to investigate.
pub const INVESTIGATE_DAYS: Setting =
    days("conduct.investigate-days", 90, (10, 365), "案件调查天数", "Days to investigate a case");
/// Working days in which the one concerned may answer.
pub const REPLY_DAYS: Setting =
    days("conduct.reply-days", 5, (3, 30), "陈述申辩工作日", "Working days to answer a notice");
/// Days in which a decision can be appealed against.
pub const APPEAL_DAYS: Setting =
    days("conduct.appeal-days", 60, (5, 180), "申请复核天数", "Days to appeal against a decision");
/// Working days to decide on a proposal or an appeal.
pub const DECIDE_DAYS: Setting = days(
    "conduct.decide-days",
    15,
    (3, 60),
    "决定、复核工作日",
    "Working days to decide or review",
);

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[
    &TRIAGE_DAYS,
    &INVESTIGATE_DAYS,
    &REPLY_DAYS,
    &APPEAL_DAYS,
    &DECIDE_DAYS,
    &credit::SWITCH,
    &credit::OBJECTION_DAYS,
    &credit::EXPIRY_DAYS,
    &credit::REPAIR_DAYS,
];

/// The repeating work.
pub fn jobs() -> Vec<Job> {
    fn finalise(app: App) -> Round {
        Box::pin(async move { Ok(format!("{} final", service::finalise(&app).await?)) })
    }
    let hour = Duration::from_secs(3_600);
    vec![Job { name: "conduct.finalise", every: hour, run: finalise }, credit::JOB]
}

/// All routes.
pub fn routes() -> Routes {
    api::routes().merge(pages::routes()).merge(credit::routes())
}
