//! Complaints and consultation from every channel, and the answers that were given (Art. 22).

pub mod api;
pub mod figures;
pub mod knowledge;
pub mod open311;
pub mod pages;
pub mod port;
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
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        name: "care-0001-complaints",
        sql: include_str!("../../migrations/0001_complaints.sql"),
    },
    Migration {
        name: "care-0003-knowledge",
        sql: include_str!("../../migrations/0003_knowledge.sql"),
    },
    Migration {
        name: "care-0010-work-orders",
        sql: include_str!("../../migrations/0010_work_orders.sql"),
    },
    Migration { name: "care-0011-open311", sql: include_str!("../../migrations/0011_open311.sql") },
];

const fn days(
    name: &'static str,
    default: i64,
    most: i64,
    zh: &'static str,
    en: &'static str,
) -> Setting {
    Setting { name, default, least: 1, most, zh, en, article: 22 }
}

/// Working days to answer in.
pub const ANSWER_DEFAULT: Setting = days(
    "care.answer-days",
    10,
    60,
    "投诉答复期限（工作日）",
    "Working days to answer a complaint",
);

/// Working days to answer in, where a kind has its own.
pub const ANSWER: [(&str, Setting); 4] = [
    (
        "consultation",
        days(
            "care.answer-days-consultation",
            3,
            30,
            "咨询答复期限（工作日）",
            "Working days to answer a question",
        ),
    ),
    (
        "report",
        days(
            "care.answer-days-report",
            15,
            60,
            "举报答复期限（工作日）",
            "Working days to answer a report of a wrong",
        ),
    ),
    (
        "suggestion",
        days(
            "care.answer-days-suggestion",
            15,
            60,
            "建议答复期限（工作日）",
            "Working days to answer a suggestion",
        ),
    ),
    (
        "objection",
        days(
            "care.answer-days-objection",
            5,
            30,
            "对信息查阅异议的答复期限（工作日）",
            "Working days to answer an objection to an access",
        ),
    ),
];

/// Working days of the one extension.
pub const EXTEND_DAYS: Setting =
    days("care.extend-days", 5, 30, "延期办理的工作日数", "Working days of an extension");

/// Days after the answer in which a matter can be reopened or appealed.
pub const REOPEN_DAYS: Setting = days(
    "care.reopen-days",
    30,
    180,
    "答复后可申请重新办理或申诉的天数",
    "Days in which an answer can be reopened or appealed",
);

/// Days after which an answer without a further word closes its matter.
pub const CLOSE_DAYS: Setting = days(
    "care.close-days",
    10,
    90,
    "答复后无异议自动办结的天数",
    "Days after which an answer closes its matter",
);

/// Working days before the deadline at which the responsible are reminded.
pub const REMIND_DAYS: Setting = days(
    "care.remind-days",
    1,
    10,
    "到期前提醒的工作日数",
    "Working days before the deadline for a reminder",
);

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[
    &ANSWER_DEFAULT,
    &ANSWER[0].1,
    &ANSWER[1].1,
    &ANSWER[2].1,
    &ANSWER[3].1,
    &EXTEND_DAYS,
    &REOPEN_DAYS,
    &CLOSE_DAYS,
    &REMIND_DAYS,
];

/// The repeating work.
pub fn jobs() -> Vec<Job> {
    fn clock(app: App) -> Round {
        Box::pin(async move { service::clock::round(&app, Utc::now()).await })
    }
    vec![
        Job { name: "care.complaints", every: Duration::from_secs(600), run: clock },
        Job { name: "care.hotlines", every: Duration::from_secs(60), run: port::pages::job },
    ]
}

/// All routes.
pub fn routes() -> Routes {
    api::routes().merge(pages::routes()).merge(port::pages::routes()).merge(open311::routes())
}
