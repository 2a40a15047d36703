//! Agreements: who may ask for which fields, for which purpose, how long (Art. 18, 19).

mod api;
pub mod catalogue;
mod pages;
mod refused;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
pub(crate) mod tests;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "sharing-0001",
    sql: include_str!("../../migrations/0001_agreements.sql"),
}];

/// Days until the next review of an agreement.
pub const REVIEW_DAYS: Setting = Setting {
    name: "sharing.review-days",
    default: 365,
    least: 30,
    most: 366,
    zh: "共享协议复核周期（天）",
    en: "Days between two reviews of an agreement",
    article: 18,
};

/// Days that an agreement still counts after its review was due.
pub const REVIEW_GRACE_DAYS: Setting = Setting {
    name: "sharing.review-grace-days",
    default: 30,
    least: 0,
    most: 90,
    zh: "共享协议逾期未复核仍可使用的天数",
    en: "Days that an agreement still counts after its review was due",
    article: 18,
};

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[&REVIEW_DAYS, &REVIEW_GRACE_DAYS];

/// The repeating work: none, what is due is looked up when it is asked for.
pub fn jobs() -> Vec<Job> {
    Vec::new()
}

/// All routes.
pub fn routes() -> Routes {
    api::routes().merge(pages::routes())
}
