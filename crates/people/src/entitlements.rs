//! Entitlements to Chongqing's public services: ground, proof, renewal and end (Art. 5, 13).

pub(crate) mod api;
pub(crate) mod pages;
pub mod service;
#[cfg(test)]
mod tests;
