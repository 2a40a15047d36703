//! Freezes of a person's card (Art. 20): state, and what follows from it. Who may freeze and thaw, and the
//! pages, are in the crate of conduct; verification, cards and payments ask here.

pub mod rules;
pub mod store;
#[cfg(test)]
mod tests;

pub use rules::{Freeze, Reason, Refused, Scope, Source, Thaw, Want};
