//! Payments on both engines: from a roster to the last fen.

mod banks_words;
mod bench;
mod chaos;
mod frozen;
pub mod house;
mod returned_money;
mod way;
