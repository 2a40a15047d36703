//! What the authority and the auditor see of the whole (Art. 4, 9, 25), the yearly report, open
//! statistics, and the regulation itself.

mod drill;
pub mod figures;
mod files;
mod pages;
pub mod regulation;
mod report;
mod services;
mod store;
#[cfg(test)]
mod tests;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema: supervision has no tables of its own.
pub const MIGRATIONS: &[Migration] = &[];

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[&regulation::COMMENCEMENT, &regulation::OWN_ARTICLE_16];

/// The repeating work.
pub fn jobs() -> Vec<Job> {
    Vec::new()
}

/// All routes.
pub fn routes() -> Routes {
    regulation::routes().merge(pages::routes())
}
