//! All SQL of banks.

pub mod accounts;
pub mod agreements;
pub mod alarms;
pub mod events;
pub mod figures;
pub mod offers;
pub mod requests;

use kernel::db::DbError;
use kernel::time::parse_day;
use time::Date;

/// A stored code or day must be known: anything else is a fault of the data.
fn known<T>(value: Option<T>, what: &str) -> Result<T, DbError> {
    value.ok_or_else(|| DbError::Engine(format!("a bank's {what} cannot be read")))
}

fn day(text: &str) -> Result<Date, DbError> {
    known(parse_day(text), "day")
}

/// Reads codes separated by commas; `None` when one is unknown.
pub(crate) fn split<T>(codes: &str, from_code: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    codes.split(',').map(str::trim).filter(|code| !code.is_empty()).map(from_code).collect()
}

fn join<T: Copy>(values: &[T], code: impl Fn(T) -> &'static str) -> String {
    values.iter().map(|value| code(*value)).collect::<Vec<_>>().join(",")
}

/// `2026-11`, the month of figures, in Chongqing's civil time.
pub fn month_of(at: kernel::time::Utc) -> String {
    kernel::time::day_text(at.day()).chars().take(7).collect()
}
