//! The people of the social security card: person numbers, documents, divisions, names,
//! and a generator of people who do not exist (Art. 5, Art. 12).
//!
//! The modules here are pure: no input or output, no clock; the day of today is an argument.

pub mod credit_code;
pub mod divisions;
pub mod document;
pub mod generate;
pub mod number;
pub mod pinyin;
