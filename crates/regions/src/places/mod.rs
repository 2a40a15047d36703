//! Where holders of one region are served in the other (Art. 7, 11): each tells its joint outlets, and the
//! holder's page shows them.

mod service;
pub(crate) mod store;
#[cfg(test)]
mod tests;

pub use service::{HANDLER, round};
