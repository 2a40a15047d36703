//! Fusion of other cards and codes (多码融合, Art. 6, 16).
//!
//! Departments register the cards and codes that they issue beside the social security card; what
//! overlaps with the published list is flagged, a new duplicate is refused, and each of the others has a
//! plan to be merged. Their numbers are linked to the holder, their codes are read by decoders that are
//! data, and one endpoint opens any code for one published item and a purpose.

pub mod api;
pub mod decoders;
pub mod demo;
pub mod pages;
pub mod rules;
pub mod service;
pub mod settings;
pub mod store;
#[cfg(test)]
mod tests;
pub mod wiring;

use std::sync::Arc;
use std::time::Duration;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::{Job, Round};
use kernel::settings::Setting;

pub use service::gateway::{Asker, Gateway};

/// The schema of fusion.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "fusion-0001", sql: include_str!("../../migrations/fusion_0001.sql") }];

/// What the authority may tune of fusion.
pub static SETTINGS: &[&Setting] = &[&settings::NEW_FROM, &settings::REMIND_DAYS];

/// All routes of fusion; `gateway` judges codes of any format.
pub fn routes(gateway: Arc<Gateway>) -> Routes {
    api::routes().merge(pages::routes()).share(gateway)
}

/// The repeating work of fusion.
pub fn jobs() -> Vec<Job> {
    vec![
        Job {
            name: "fusion.milestones",
            every: Duration::from_secs(600),
            run: |app| -> Round { Box::pin(service::figures::remind(app)) },
        },
        Job {
            name: "fusion.expire",
            every: Duration::from_secs(60),
            run: |app| -> Round { Box::pin(service::links::expire(app)) },
        },
    ]
}
