//! The registration form of Art. 12 as it was signed, and the help that was given with it (Art. 15).

pub(crate) mod api;
pub(crate) mod pages;
pub mod print;
pub mod service;
#[cfg(test)]
mod tests;
