//! All SQL of payments. Moves of many payments are one statement each.

pub mod batches;
pub mod exceptions;
pub mod figures;
pub mod files;
pub mod frozen;
pub mod ledger;
pub mod payments;
pub mod reports;
pub mod returned;
pub mod stops;

use kernel::db::DbError;

/// A stored code must be known: anything else is a fault of the data.
pub(crate) fn known<T>(value: Option<T>, what: &str) -> Result<T, DbError> {
    value.ok_or_else(|| DbError::Engine(format!("a stored {what} cannot be read")))
}
