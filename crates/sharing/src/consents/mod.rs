//! Consent where consent is the basis (Personal Information Protection Law 13–16; Art. 19): an agreement
//! that stands on no law gives nothing of a person who did not consent, from the moment on at which he
//! withdraws. To decline has no other consequence.

mod pages;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

use kernel::db::Migration;
use kernel::http::Routes;

/// The schema.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "sharing-consents-0001",
    sql: include_str!("../../migrations/consents_0001.sql"),
}];

/// All routes.
pub fn routes() -> Routes {
    pages::routes()
}
