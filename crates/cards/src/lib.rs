//! Card life: apply, produce, hand over, activate, and the electronic card that is issued in the same
//! act (Art. 5, 11–13).
#![forbid(unsafe_code)]

pub mod api;
pub mod number;
pub mod pages;
pub mod production;
pub mod rules;
pub mod service;
pub mod store;

use kernel::db::Migration;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema of cards.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "cards-0001", sql: include_str!("../migrations/0001_cards.sql") },
    production::MIGRATION,
];

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = production::SETTINGS;

/// The repeating work of cards.
pub fn jobs() -> Vec<Job> {
    production::jobs::ALL.to_vec()
}

/// All routes of cards.
pub fn routes() -> kernel::http::Routes {
    api::routes().merge(pages::routes()).merge(production::routes())
}
