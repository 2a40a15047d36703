//! All SQL of bills.

pub mod accounts;
pub mod billers;
pub mod payments;

use kernel::db::DbError;

/// A stored code that the program knows.
pub(crate) fn known<T>(found: Option<T>, what: &str) -> Result<T, DbError> {
    found.ok_or_else(|| DbError::Engine(format!("an unknown {what}")))
}
