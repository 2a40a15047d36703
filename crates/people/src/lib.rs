//! The person register: numbers, documents, names, eligibility (Art. 5, 12), and a generator of people
//! who do not exist.
#![forbid(unsafe_code)]

pub mod api;
pub mod changes;
pub mod credit_code;
pub mod document;
pub mod duplicates;
pub mod entitlements;
pub mod evidence;
pub mod family;
pub mod field;
pub mod forms;
pub mod freezes;
pub mod generate;
pub mod number;
pub mod pages;
pub mod pinyin;
pub mod records;
pub mod representatives;
pub mod rules;
pub mod service;
pub(crate) mod show;
pub mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::time::Duration;

use duplicates::merge::HasCard;
use kernel::db::Migration;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema of the person register.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "people-0001", sql: include_str!("../migrations/0001_people.sql") },
    Migration { name: "people-0002", sql: include_str!("../migrations/0002_records.sql") },
    Migration { name: "people-freezes-0001", sql: include_str!("../migrations/freezes_0001.sql") },
];

/// What the authority may tune.
pub static SETTINGS: &[&Setting] = &[
    &evidence::rules::KEEP_DOCUMENT,
    &evidence::rules::KEEP_SIGNATURE,
    &evidence::rules::KEEP_GUARDIAN,
    &evidence::rules::KEEP_AGENT,
    &evidence::rules::KEEP_ENTITLEMENT,
    &evidence::rules::KEEP_END,
    &evidence::rules::KEEP_OTHER,
    &evidence::rules::LIMIT,
    &family::rules::LIMIT,
    &entitlements::service::HINT_DAYS,
    &freezes::rules::LOOK_HOURS,
    &freezes::rules::UNSEEN_HOURS,
    &freezes::rules::UPHELD_DAYS,
];

/// The repeating work of the person register.
pub fn jobs() -> Vec<Job> {
    let hour = Duration::from_secs(3_600);
    vec![
        Job { name: "people.evidence-retention", every: hour, run: evidence::service::retention },
        Job { name: "people.duplicates", every: hour, run: duplicates::service::scan },
    ]
}

/// All routes of the person register. `has_card` tells whether a record has a living card.
pub fn routes(has_card: HasCard) -> kernel::http::Routes {
    api::routes()
        .merge(evidence::api::routes())
        .merge(representatives::api::routes())
        .merge(family::api::routes())
        .merge(changes::api::routes())
        .merge(entitlements::api::routes())
        .merge(forms::api::routes())
        .merge(duplicates::api::routes(has_card))
        .merge(pages::routes())
        .merge(changes::pages::routes())
        .merge(duplicates::pages::routes(has_card))
        .merge(entitlements::pages::routes())
        .merge(evidence::pages::routes())
        .merge(family::pages::routes())
        .merge(forms::pages::routes())
        .merge(representatives::pages::routes())
        .merge(representatives::own::routes())
}
