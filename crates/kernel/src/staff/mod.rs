//! Organisations and accounts of staff (Art. 9): an administrator asks, another one decides whatever
//! gives somebody power, and everything is journalled. Whoever gets an account sets his own password
//! and second factor with a code that is good once.

mod enrol;
mod pages;
pub mod rules;
pub mod service;
mod store;
#[cfg(test)]
mod tests;

use crate::http::Routes;

/// The pages.
pub fn routes() -> Routes {
    pages::routes().merge(enrol::routes())
}
