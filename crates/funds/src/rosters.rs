//! Rosters.
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;

pub(crate) static SETTINGS: &[&Setting] = &[];
fn round(_: App) -> Round {
    Box::pin(async { Ok(String::new()) })
}
pub(crate) const JOB: Job =
    Job { name: "funds.rosters", every: std::time::Duration::from_secs(5), run: round };
pub(crate) fn routes() -> kernel::http::Routes {
    kernel::http::Routes::new("funds")
}
