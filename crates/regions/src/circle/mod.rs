//! A list of regions that all its members sign (Art. 23): whoever is on it is vouched for by all others, so
//! that a region joins many at once. Trust itself stays each region's own decision.

pub(crate) mod pages;
pub mod rules;
pub(crate) mod service;
pub(crate) mod store;
#[cfg(test)]
mod tests;

pub use service::{PROPOSED, SIGNED, WHOLE};
