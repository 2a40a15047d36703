//! Records that may be one person: found by rules, reviewed side by side, merged by two people (Art. 5).

pub(crate) mod api;
pub mod merge;
pub(crate) mod pages;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;
