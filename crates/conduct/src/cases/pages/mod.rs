//! x
pub(crate) fn routes() -> kernel::http::Routes { kernel::http::Routes::new("conduct") }
