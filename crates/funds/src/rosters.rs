//! Rosters: who gets how much of a programme in a period (Art. 8, 10, 25).
//!
//! ```text
//!  entered ──checks──▶ checked ──submit, review──▶ reviewed ──public notice──▶ noticed
//!     ▲                   │ ▲                         │                          │
//!     │              correct└──────────sent back──────┴──────────────────────────┤
//!     └── withdrawn ◀── before the approval                                      ▼
//!                          stopped ◀── at any time, resumed by another ──── approved
//! ```
//! A list is read in sets and checked in sets; where it stands is in its task row, so that a restart goes
//! on behind the last set. Each step is another person's, and the schema says so as well.

pub mod api;
pub mod columns;
pub mod demo;
pub mod lines;
pub mod notices;
pub mod pages;
pub mod reasons;
pub mod report;
pub mod rules;
pub mod service;
pub mod steps;
pub mod store;
#[cfg(test)]
pub(crate) mod tests;
pub mod work;

use kernel::settings::Setting;

pub use work::JOB;

/// Least days of public notice, whatever a programme says.
pub static NOTICE_DAYS: Setting = Setting {
    name: "funds.notice-days",
    default: 7,
    least: 0,
    most: 60,
    zh: "发放名册公示的最少天数",
    en: "Least days of public notice of a roster",
    article: 8,
};

/// So many people with one telephone are noted for the reviewer.
pub static SAME_PHONE: Setting = Setting {
    name: "funds.same-phone",
    default: 3,
    least: 2,
    most: 1_000,
    zh: "同一手机号对应多少人时提示复核",
    en: "People with one telephone number that are noted for the reviewer",
    article: 25,
};

/// So many people with one agent are noted for the reviewer.
pub static SAME_AGENT: Setting = Setting {
    name: "funds.same-agent",
    default: 3,
    least: 2,
    most: 1_000,
    zh: "同一代理人对应多少人时提示复核",
    en: "People with one agent that are noted for the reviewer",
    article: 25,
};

/// An account that changed within these days is noted for the reviewer.
pub static CHANGED_DAYS: Setting = Setting {
    name: "funds.account-changed-days",
    default: 10,
    least: 0,
    most: 365,
    zh: "发放前多少天内变更账户时提示复核",
    en: "Days before a payment in which a changed account is noted for the reviewer",
    article: 25,
};

/// From how much of a change of the amount against the last payment on a line is looked at by people.
pub static AMOUNT_PERCENT: Setting = Setting {
    name: "funds.amount-change-percent",
    default: 50,
    least: 0,
    most: 1_000,
    zh: "与上次发放相比金额变动超过多少百分比须核实（0 为不提示）",
    en: "Change of the amount against the last payment that is to be looked into, percent (0: none)",
    article: 25,
};

pub(crate) static SETTINGS: &[&Setting] =
    &[&NOTICE_DAYS, &SAME_PHONE, &SAME_AGENT, &CHANGED_DAYS, &AMOUNT_PERCENT];

/// All routes of rosters.
pub fn routes() -> kernel::http::Routes {
    api::routes().merge(pages::routes()).merge(notices::routes())
}
