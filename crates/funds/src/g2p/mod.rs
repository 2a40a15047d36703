//! G2P Connect 1.0.0, the synchronous calls of `mapper` and `disburse`: systems of departments pay through
//! the card (Art. 8, 10, 18). The caller is a department's account with a token; it sees whom it linked
//! itself, by a handle, and never a name or an account.

pub mod bench;
pub mod disburse;
pub mod envelope;
pub mod mapper;
pub mod signature;
pub mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::actor::{Access, Role};
use kernel::http::Routes;
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use utoipa_axum::routes;

/// The most requests in one message.
pub const MOST: usize = 1_000;
const CALLERS: &[Role] = &[Role::DepartmentOfficer];

/// All routes of these interfaces.
pub(crate) fn routes() -> Routes {
    let caller = Access::Roles(CALLERS);
    Routes::new("funds")
        .api(caller, &[8, 18], routes!(mapper::link))
        .api(caller, &[8, 18], routes!(mapper::update))
        .api(caller, &[8, 18], routes!(mapper::unlink))
        .api(caller, &[8, 18, 19], routes!(mapper::resolve))
        .api(caller, &[8, 18], routes!(mapper::status))
        .api(caller, &[8, 10], routes!(disburse::disburse))
        .api(caller, &[8, 10], routes!(disburse::status))
        .api(caller, &[8, 18], routes!(signature::key))
        .bodies(2 << 20)
}

/// Keeps the links in step with the cards' accounts.
pub(crate) fn jobs() -> Vec<Job> {
    fn follow(app: App) -> Round {
        Box::pin(async move { mapper::follow(&app).await })
    }
    vec![Job { name: "funds.g2p-links", every: Duration::from_secs(30), run: follow }]
}
