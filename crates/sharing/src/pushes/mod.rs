//! Changes pushed to departments under an agreement: signed, retried, in order of each person (Art.
//! 18).

mod api;
mod pages;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
pub(crate) mod tests;

use std::time::Duration;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::{Job, Round};
use kernel::platform::App;

/// The schema.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "sharing-0003", sql: include_str!("../../migrations/0003_pushes.sql") }];

/// The repeating work: finding changes, and delivering them.
pub fn jobs() -> Vec<Job> {
    fn push(app: App) -> Round {
        Box::pin(async move {
            let found = service::collect(&app).await?;
            let sent = service::deliver(&app).await?;
            Ok(format!("{found} found, {sent} sent"))
        })
    }
    vec![Job { name: "sharing.pushes", every: Duration::from_secs(2), run: push }]
}

/// All routes.
pub fn routes() -> Routes {
    api::routes().merge(pages::routes())
}
