//! One person, one card, across regions (Art. 5, 17): before a first card is made, the other regions are
//! asked whether they have given one to the same person. What travels is a keyed digest of his number, under
//! a key that only the two regions have; no register changes hands, and each question is journalled on
//! both sides and limited by the day.

pub(crate) mod rules;
pub(crate) mod service;
pub(crate) mod store;
#[cfg(test)]
mod tests;

pub use service::{ASK_HOURS, DAY_LIMIT, SWITCH, elsewhere, round};
