//! Sign in with the card: OpenID Connect provider (Art. 6).
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
    Routes::new("signin")
}
