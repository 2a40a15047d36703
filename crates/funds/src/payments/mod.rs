//! Payments: from an approved roster to money that arrived, came back, or is paid again.

pub mod api;
pub mod bench;
pub mod pages;
pub mod port;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

use kernel::db::Migration;
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;

/// The schema of payments and bills; it needs rosters, banks and people.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "funds-0002-payments",
        sql: include_str!("../../migrations/0002_payments.sql"),
    },
    Migration { name: "funds-frozen-0001", sql: include_str!("../../migrations/frozen_0001.sql") },
    Migration { name: "funds-0003-bills", sql: include_str!("../../migrations/0003_bills.sql") },
    Migration { name: "funds-0004-g2p", sql: include_str!("../../migrations/0004_g2p.sql") },
    Migration {
        name: "funds-0005-budgets",
        sql: include_str!("../../migrations/0005_budgets.sql"),
    },
    Migration { name: "funds-0006-sets", sql: include_str!("../../migrations/0006_sets.sql") },
    Migration {
        name: "funds-0008-recovery",
        sql: include_str!("../../migrations/0008_recovery.sql"),
    },
    Migration {
        name: "funds-0009-schedule",
        sql: include_str!("../../migrations/0009_schedule.sql"),
    },
    Migration { name: "funds-0011-links", sql: include_str!("../../migrations/0011_links.sql") },
];

/// A bank that has not told a result for longer is doubted; nothing fails by time.
pub const DOUBT_HOURS: Setting = Setting {
    name: "funds.doubt-hours",
    default: 48,
    least: 1,
    most: 720,
    zh: "银行多久未返回结果后列为待核实（小时）",
    en: "Hours without a result after which payments are being verified",
    article: 10,
};

/// Whether holders are told when money arrives; that it came back they are always told.
pub const TELL_ARRIVAL: Setting = Setting {
    name: "funds.tell-arrival",
    default: 1,
    least: 0,
    most: 1,
    zh: "到账后短信告知持卡人（1 为告知）",
    en: "Holders are told by SMS when money arrives (1: yes)",
    article: 8,
};

/// How long names and accounts of settled files are kept.
pub const FILE_DAYS: Setting = Setting {
    name: "funds.file-days",
    default: 90,
    least: 7,
    most: 1_825,
    zh: "已办结发放文件中姓名和账号的保存天数",
    en: "Days that names and accounts of settled files are kept",
    article: 19,
};

/// What the authority may tune.
pub static SETTINGS: &[&Setting] = &[&DOUBT_HOURS, &TELL_ARRIVAL, &FILE_DAYS];

/// All routes of payments.
pub fn routes() -> kernel::http::Routes {
    api::routes().merge(pages::routes())
}

/// The repeating work of payments.
pub fn jobs() -> Vec<Job> {
    fn work(app: App) -> Round {
        Box::pin(async move { service::work::round(&app).await })
    }
    fn books(app: App) -> Round {
        Box::pin(async move { service::books::round(&app).await })
    }
    fn again(app: App) -> Round {
        Box::pin(async move { service::returned::round(&app).await })
    }
    fn tell(app: App) -> Round {
        Box::pin(async move { service::tell::round(&app).await })
    }
    vec![
        Job { name: "funds.tell", every: Duration::from_secs(2), run: tell },
        Job { name: "funds.pay", every: Duration::from_secs(2), run: work },
        Job { name: "funds.books", every: Duration::from_secs(15), run: books },
        Job { name: "funds.again", every: Duration::from_secs(30), run: again },
    ]
}
