//! The way to a bank as payments see it: the files and messages of `payfile`. One batch has one id; the
//! same id twice is one batch.

use std::sync::Arc;

use kernel::platform::App;

pub use payfile::{Asked, Batch, LineResult, Order, PayPort, Reason, Report, ReportKind, Sent};

/// All banks that can be reached, by short code.
pub type Ports = Arc<dyn Fn(&str) -> Result<Option<Arc<dyn PayPort>>, String> + Send + Sync>;

/// The ports of this installation, as its data folder describes them (`docs/pay-port.md`).
pub(crate) fn ports(app: &App) -> Ports {
    let data = app.config.data.clone();
    Arc::new(move |code| payfile::port::find(&data, code))
}
