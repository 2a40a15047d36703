//! Freezes across regions (Art. 20): where misuse of a card shows, its home region is asked to freeze it; it
//! does so at once, so the card is refused everywhere with the next question. Only the region that froze
//! ends it.

pub(crate) mod pages;
pub mod rules;
pub(crate) mod service;
pub(crate) mod store;
#[cfg(test)]
mod tests;

pub use service::{ANSWERED, ASKED, DAY_LIMIT, PLEA, THAWED};
