//! SQL of outlets.

pub mod appointments;
pub mod figures;
pub mod queue;
pub mod register;

use kernel::db::DbError;
use time::Date;

/// What a stored text must be; else the database was changed past the program.
fn known<T>(found: Option<T>, what: &str) -> Result<T, DbError> {
    found.ok_or_else(|| DbError::Engine(format!("unknown {what} in the database")))
}

fn day(text: &str) -> Result<Date, DbError> {
    known(kernel::time::parse_day(text), "day")
}
