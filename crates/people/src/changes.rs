//! Changes of number, document and name, with their history (Art. 12).

pub(crate) mod api;
pub(crate) mod pages;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;
