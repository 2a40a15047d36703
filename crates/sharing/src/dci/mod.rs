//! The Social Registry API 1.0.0 of the Digital Convergence Initiative over the platform's agreements
//! (Art. 18, 19): `docs/dci.md`. What may be asked, what is answered and what is on record are those of
//! [`crate::queries`] and [`crate::pushes`]; here is only another form of asking.

mod api;
mod envelope;
pub(crate) mod notify;
mod service;
mod store;
#[cfg(test)]
mod tests;
mod verbs;

use std::time::Duration;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::{Job, Round};
use kernel::platform::App;

/// The schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "sharing-dci-0001", sql: include_str!("../../migrations/dci_0001.sql") },
    Migration { name: "sharing-dci-0002", sql: include_str!("../../migrations/dci_0002.sql") },
];

/// The repeating work: what was taken is answered, and answers are brought to their address.
pub fn jobs() -> Vec<Job> {
    fn run(app: App) -> Round {
        Box::pin(async move { service::round(&app).await })
    }
    vec![Job { name: "sharing.dci", every: Duration::from_secs(1), run }]
}

/// All routes.
pub fn routes() -> Routes {
    api::routes()
}
