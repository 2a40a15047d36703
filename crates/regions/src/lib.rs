//! The other province: trust, messages, joint services (Art. 3, 7, 11, 14, 17, 18, 20, 23).
#![forbid(unsafe_code)]

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema.
pub fn migrations() -> Vec<Migration> {
    Vec::new()
}

/// What the authority may tune.
pub fn settings() -> Vec<&'static Setting> {
    Vec::new()
}

/// The repeating work.
pub fn jobs() -> Vec<Job> {
    Vec::new()
}

/// All routes.
pub fn routes() -> Routes {
    Routes::new("regions")
}
