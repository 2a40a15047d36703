//! The registry of terminals (Art. 15): enrolled by a code that is good once, seen by their heartbeat,
//! blocked from afar; and what they did without a network, uploaded and judged again.

pub mod api;
pub mod journal;
mod pages;
mod places;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

use kernel::http::Routes;
use kernel::settings::Setting;

/// How long an enrolment code is good.
pub const ENROL_HOURS: Setting = Setting {
    name: "codes.enrol-hours",
    default: 24,
    least: 1,
    most: 168,
    zh: "终端注册码有效小时数",
    en: "Hours that the enrolment code of a terminal is good",
    article: 15,
};

/// How long a terminal's token is good; it renews itself from half of it.
pub const TOKEN_DAYS: Setting = Setting {
    name: "codes.terminal-token-days",
    default: 30,
    least: 1,
    most: 365,
    zh: "终端令牌有效天数，过半后自动更新",
    en: "Days that a terminal's token is good; it is renewed from half of them",
    article: 15,
};

/// Minutes without a heartbeat after which a terminal counts as sick.
pub const SILENT_MINUTES: Setting = Setting {
    name: "codes.terminal-silent-minutes",
    default: 30,
    least: 2,
    most: 10_080,
    zh: "终端多少分钟无心跳视为异常",
    en: "Minutes without a heartbeat after which a terminal counts as sick",
    article: 15,
};

/// All routes of terminals.
pub fn routes() -> Routes {
    api::routes().merge(pages::routes()).merge(places::routes())
}
