//! Government money to the right person, once, provably (Art. 8, 10, 25): programmes that are public,
//! rosters that are checked, shown to the public and approved by different people.
#![forbid(unsafe_code)]

pub mod programmes;
pub mod rosters;

use kernel::db::Migration;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema of money through the card.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "funds-0001-rosters",
    sql: include_str!("../migrations/0001_rosters.sql"),
}];

/// What the authority may tune.
pub fn settings() -> Vec<&'static Setting> {
    [programmes::SETTINGS, rosters::SETTINGS].concat()
}

/// The repeating work.
pub fn jobs() -> Vec<Job> {
    vec![programmes::JOB, rosters::JOB]
}

/// All routes.
pub fn routes() -> kernel::http::Routes {
    programmes::routes().merge(rosters::routes())
}
