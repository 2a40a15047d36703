//! All SQL of fusion.

pub mod formats;
pub mod links;
pub mod plans;
pub mod schemes;

use items::rules::Word;
use kernel::db::{DbError, Row};
use kernel::time::{day_text, parse_day};
use time::Date;

fn day(row: &Row, place: usize) -> Result<Date, DbError> {
    let text: String = row.get(place)?;
    parse_day(&text).ok_or_else(|| DbError::Engine(format!("not a day: {text}")))
}

fn maybe_day(row: &Row, place: usize) -> Result<Option<Date>, DbError> {
    match row.get::<Option<String>>(place)? {
        None => Ok(None),
        Some(text) => match parse_day(&text) {
            Some(day) => Ok(Some(day)),
            None => Err(DbError::Engine(format!("not a day: {text}"))),
        },
    }
}

fn maybe_text(day: Option<Date>) -> Option<String> {
    day.map(day_text)
}

fn word<W: Word>(row: &Row, place: usize) -> Result<W, DbError> {
    let code: String = row.get(place)?;
    W::from_code(&code).ok_or_else(|| DbError::Engine(format!("not a word: {code}")))
}

/// Codes separated by commas; one that is not known is a fault of the data.
fn list<T>(row: &Row, place: usize, read: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, DbError> {
    let text: String = row.get(place)?;
    let codes = text.split(',').filter(|code| !code.is_empty());
    codes
        .map(|code| read(code).ok_or_else(|| DbError::Engine(format!("not a word: {code}"))))
        .collect()
}
