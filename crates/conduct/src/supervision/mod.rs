//! What the authority and the auditor see of the whole (Art. 4, 25).

pub mod regulation;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema.
pub const MIGRATIONS: &[Migration] = &[];

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[];

/// The repeating work.
pub fn jobs() -> Vec<Job> {
    Vec::new()
}

/// All routes.
pub fn routes() -> Routes {
    Routes::new("conduct")
}
