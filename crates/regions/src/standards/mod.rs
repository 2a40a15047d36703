//! The register of the standards between regions, and checking that another region keeps to them (Art. 17).

pub mod clauses;
pub mod pages;
pub mod probe;
pub mod service;
#[cfg(test)]
mod tests;
