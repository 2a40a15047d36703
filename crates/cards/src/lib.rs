//! Card life: apply, produce, hand over, activate, and the electronic card that is issued in the same
//! act (Art. 5, 11–13).
#![forbid(unsafe_code)]

pub mod api;
pub mod bulk;
pub mod number;
pub mod pages;
pub mod rules;
pub mod service;
pub mod store;

use kernel::db::Migration;

/// The schema of cards.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "cards-0001", sql: include_str!("../migrations/0001_cards.sql") }];

/// All routes of cards.
pub fn routes() -> kernel::http::Routes {
    api::routes().merge(pages::routes()).merge(bulk::routes())
}
