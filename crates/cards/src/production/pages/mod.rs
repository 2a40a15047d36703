//! api
use kernel::http::Routes;
/// r
pub fn routes() -> Routes { Routes::new("cards") }
