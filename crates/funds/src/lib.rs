//! Government money through the card (Art. 8, 10): to the right person, once, provably.
#![forbid(unsafe_code)]

pub mod payments;
pub mod sim;
