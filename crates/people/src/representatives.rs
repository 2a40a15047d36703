//! Who may act for somebody else: guardians, and agents (代办) with a scope (Art. 12).

pub(crate) mod api;
pub mod own;
pub(crate) mod pages;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

pub use rules::{Act, Refused, Representative};
pub use service::{Claim, clients, may_act};
