//! Family service (亲情服务): a holder keeps the electronic cards of relatives (Art. 7, 15).

pub(crate) mod api;
pub(crate) mod pages;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

pub use service::{links_of, may_show};
