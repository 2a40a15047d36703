//! The evidence vault: images of documents, signatures and proofs, sealed at rest, kept for as many
//! days as their kind needs (Art. 12, 13, 19).

pub(crate) mod api;
pub(crate) mod pages;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;
