//! Freezes and incidents, violations, cases, sanctions, supervision (Art. 20, 24-27).
#![forbid(unsafe_code)]

pub mod cases;
pub mod safety;
pub mod supervision;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema.
pub fn migrations() -> Vec<Migration> {
    [safety::MIGRATIONS, cases::MIGRATIONS, supervision::MIGRATIONS].concat()
}

/// What the authority may tune.
pub fn settings() -> Vec<&'static Setting> {
    [safety::SETTINGS, cases::SETTINGS, supervision::SETTINGS].concat()
}

/// The repeating work.
pub fn jobs() -> Vec<Job> {
    [safety::jobs(), cases::jobs(), supervision::jobs()].concat()
}

/// All routes.
pub fn routes() -> Routes {
    safety::routes().merge(cases::routes()).merge(supervision::routes())
}
