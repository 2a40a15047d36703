//! What two sides agree on beside the joint list: districts that work together on an item or an outlet
//! (Art. 23), and data that one region gives the other for a purpose (Art. 18). One text on both sides,
//! decided on each by two people; whoever ends it ends it for both.

pub(crate) mod api;
pub(crate) mod data;
pub(crate) mod pages;
mod refused;
pub mod rules;
pub(crate) mod service;
pub(crate) mod store;
#[cfg(test)]
mod tests;

pub use refused::Refused;
pub use service::HANDLER;
