//! The other province: trust, messages, joint services (Art. 3, 7, 11, 14, 17, 18, 20, 23).
//!
//! What is here: signed descriptors, approved by two officers; signed messages with receipts; shared
//! incidents; the bridge console. `docs/regions.md` is the protocol.
#![forbid(unsafe_code)]

pub mod api;
pub mod pages;
pub mod rules;
pub mod service;
#[cfg(test)]
mod sim;
pub mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;
use service::messages::Handler;

/// The kinds of messages that this crate itself understands.
pub const HANDLERS: &[Handler] = &[service::incidents::HANDLER];

/// The schema.
pub fn migrations() -> Vec<Migration> {
    vec![Migration { name: "regions-0001", sql: include_str!("../migrations/0001_regions.sql") }]
}

/// What the authority may tune.
pub fn settings() -> Vec<&'static Setting> {
    Vec::new()
}

/// The repeating work: delivery, each second.
pub fn jobs() -> Vec<Job> {
    fn deliver(app: App) -> Round {
        Box::pin(async move { service::deliver::round(&app).await })
    }
    vec![Job { name: "regions.deliver", every: Duration::from_secs(1), run: deliver }]
}

/// All routes, with this crate's handlers.
pub fn routes() -> Routes {
    routes_with(HANDLERS)
}

/// All routes, with the handlers of other crates too.
pub fn routes_with(handlers: &'static [Handler]) -> Routes {
    api::routes(handlers).merge(pages::routes())
}
