//! Detection: rules as data over the stream of uses, reads and payments; findings become alerts for people,
//! never punishments by themselves.

pub mod run;

use kernel::http::Routes;

/// All routes of alerts.
pub fn routes() -> Routes {
    Routes::new("conduct")
}
