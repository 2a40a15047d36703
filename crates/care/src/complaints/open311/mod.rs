//! Open311 GeoReport v2 for clients that speak it already: `wiki.open311.org/GeoReport_v2`.

pub mod answer;
pub mod api;
pub mod keys;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

pub(crate) use api::routes;
