//! The repeating work of production.

use std::time::Duration;

use kernel::jobs::{Job, Round};
use kernel::platform::App;

use super::service::{delivery, exchange};

/// Collects files that came back, sends batches on, puts files out.
const EXCHANGE: Job =
    Job { name: "cards.production-exchange", every: Duration::from_secs(20), run: run_exchange };

/// Reminds holders of cards on the shelf, erases contents of old files.
const UPKEEP: Job =
    Job { name: "cards.production-upkeep", every: Duration::from_secs(3_600), run: run_upkeep };

/// All of them.
pub const ALL: [Job; 2] = [EXCHANGE, UPKEEP];

fn run_exchange(app: App) -> Round {
    Box::pin(async move {
        let done = exchange::round(&app).await?;
        let (taken, refused) = (done.taken, done.refused);
        Ok(format!("{} sent on, {} out, {taken} back, {refused} refused", done.sent, done.exported))
    })
}

fn run_upkeep(app: App) -> Round {
    Box::pin(async move {
        let reminded = delivery::remind(&app).await?;
        let erased = delivery::erase_old_files(&app).await?;
        Ok(format!("{reminded} reminded, {erased} file contents erased"))
    })
}
