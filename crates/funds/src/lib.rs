//! Government money through the card (Art. 8, 10): to the right person, once, provably.
#![forbid(unsafe_code)]

pub mod payments;
pub mod sim;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema of funds.
pub const MIGRATIONS: &[Migration] = payments::MIGRATIONS;

/// What the authority may tune.
pub fn settings() -> Vec<&'static Setting> {
    payments::SETTINGS.to_vec()
}

/// The repeating work of funds.
pub fn jobs() -> Vec<Job> {
    payments::jobs()
}

/// All routes of funds.
pub fn routes() -> Routes {
    payments::routes()
}
