//! Service outlets (Art. 11): the register with versions by day, the public finder, the queue,
//! appointments, workload.
#![forbid(unsafe_code)]

pub mod api;
pub mod pages;
pub mod rules;
pub mod seed;
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

/// The schema of outlets.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "outlets-0001", sql: include_str!("../migrations/0001_outlets.sql") }];

/// Length of a slot for appointments.
pub const SLOT_MINUTES: Setting = Setting {
    name: "outlets.slot-minutes",
    default: 30,
    least: 10,
    most: 120,
    zh: "预约时段长度（分钟）",
    en: "Minutes of one slot for appointments",
    article: 11,
};

/// Seats in a slot, as a share of the counters: the rest serves those who just come.
pub const SEATS_PERCENT: Setting = Setting {
    name: "outlets.seats-percent",
    default: 50,
    least: 0,
    most: 100,
    zh: "每个时段可预约数占窗口数的比例（%），其余留给现场取号",
    en: "Seats of a slot in per cent of the counters; the rest is for those who just come",
    article: 11,
};

/// How far ahead appointments can be made.
pub const DAYS_AHEAD: Setting = Setting {
    name: "outlets.days-ahead",
    default: 14,
    least: 1,
    most: 60,
    zh: "可提前多少天预约",
    en: "Days that an appointment can be made ahead",
    article: 11,
};

/// Appointments that one person may hold.
pub const MOST_HELD: Setting = Setting {
    name: "outlets.most-held",
    default: 2,
    least: 1,
    most: 10,
    zh: "每人同时持有的预约数",
    en: "Appointments that one person may hold at a time",
    article: 11,
};

/// How long a ticket or an appointment remembers whose it was.
pub const FORGET_DAYS: Setting = Setting {
    name: "outlets.forget-days",
    default: 30,
    least: 1,
    most: 365,
    zh: "排队和预约记录保留个人关联的天数",
    en: "Days that a ticket or an appointment remembers whose it was",
    article: 19,
};

/// What the authority may tune.
pub static SETTINGS: &[&Setting] =
    &[&SLOT_MINUTES, &SEATS_PERCENT, &DAYS_AHEAD, &MOST_HELD, &FORGET_DAYS];

/// All routes of outlets.
pub fn routes() -> Routes {
    api::routes().merge(pages::routes())
}

/// The repeating work: reminders of appointments, and forgetting.
pub fn jobs() -> Vec<Job> {
    fn remind(app: App) -> Round {
        Box::pin(async move { service::appointments::remind(&app).await })
    }
    fn close_days(app: App) -> Round {
        Box::pin(async move { service::appointments::close_days(&app).await })
    }
    vec![
        Job { name: "outlets.remind", every: Duration::from_secs(300), run: remind },
        Job { name: "outlets.close-days", every: Duration::from_secs(3_600), run: close_days },
    ]
}
