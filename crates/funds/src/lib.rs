//! Government money to the right person, once, provably (Art. 8, 10, 25): programmes that are public,
//! rosters that are checked, shown to the public and approved by different people, payments whose
//! books always hold.
#![forbid(unsafe_code)]

pub mod bills;
pub mod budgets;
pub mod g2p;
pub mod payments;
pub mod programmes;
pub mod rosters;
pub mod sim;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema of rosters and programmes; that of payments is [`payments::MIGRATIONS`].
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "funds-0001-rosters", sql: include_str!("../migrations/0001_rosters.sql") },
    Migration {
        name: "funds-0007-roster-indexes",
        sql: include_str!("../migrations/0007_roster_indexes.sql"),
    },
    Migration {
        name: "funds-0010-roster-schedule",
        sql: include_str!("../migrations/0010_roster_schedule.sql"),
    },
];

/// What the authority may tune.
pub fn settings() -> Vec<&'static Setting> {
    [programmes::SETTINGS, rosters::SETTINGS, payments::SETTINGS, bills::SETTINGS].concat()
}

/// The repeating work of funds.
pub fn jobs() -> Vec<Job> {
    [vec![programmes::JOB, rosters::JOB], payments::jobs(), bills::jobs(), g2p::jobs()].concat()
}

/// All routes of funds.
pub fn routes() -> Routes {
    programmes::routes()
        .merge(rosters::routes())
        .merge(payments::routes())
        .merge(bills::routes())
        .merge(g2p::routes())
        .merge(budgets::routes())
}
