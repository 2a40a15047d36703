//! Pages of fusion.

use kernel::http::Routes;

pub(crate) fn routes() -> Routes {
    Routes::new("fusion")
}
