//! The joint list of Chongqing and Sichuan (Art. 14): drafted together, decided by each government, in force
//! in both from the same day or in neither. Each side tells where it stands with its own case, and its own
//! procedure hears of the other's part; nobody decides for the other.

pub(crate) mod pages;
pub mod rules;
pub(crate) mod service;
#[cfg(test)]
mod sim;
pub(crate) mod store;
#[cfg(test)]
mod tests;

pub use service::{HANDLER, round};
