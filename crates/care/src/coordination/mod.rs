//! The coordination mechanism between governments and departments (Art. 9): the register of duties,
//! meetings and what they decided, tasks with owners and days, proposals to bring a field under the card
//! (Art. 6) with the opinions of departments, reminders and escalation.

pub mod api;
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

/// The schema.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "care-coordination-0001",
    sql: include_str!("../../migrations/coordination_0001.sql"),
}];

/// Days that departments have to answer a proposal.
pub const OPINION_DAYS: Setting = Setting {
    name: "care.opinion-days",
    default: 15,
    least: 3,
    most: 60,
    zh: "部门征求意见天数",
    en: "Days that departments have to answer a proposal",
    article: 9,
};

/// Days before the last day on which the lead of a task is reminded.
pub const REMIND_DAYS: Setting = Setting {
    name: "care.coordination-remind-days",
    default: 7,
    least: 1,
    most: 60,
    zh: "协调任务到期前提醒天数",
    en: "Days before its last day that a task's lead is reminded",
    article: 9,
};

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[&OPINION_DAYS, &REMIND_DAYS];

/// The repeating work: tasks of periodic duties, reminders, escalation.
pub fn jobs() -> Vec<Job> {
    fn run(app: App) -> Round {
        Box::pin(async move { service::round(&app).await })
    }
    vec![Job { name: "care.coordination", every: Duration::from_secs(3_600), run }]
}

/// All routes.
pub fn routes() -> Routes {
    api::routes().merge(pages::routes())
}
