//! The national platforms (Art. 23): the service platform of the social security card and the government
//! service platform. Up goes the state of cards and each issue of an electronic card; asked is whether a person
//! has a card elsewhere in the country, and what stands behind a code that was issued elsewhere.

pub(crate) mod api;
pub mod port;
pub mod rules;
pub(crate) mod service;
pub mod simulator;
pub(crate) mod store;
#[cfg(test)]
mod tests;

pub use service::{public_key, round};
