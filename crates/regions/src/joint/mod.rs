//! Joint outlets (通办服务网点, Art. 11 para 2, 17, 23): a clerk of one region serves a holder of the other.
//! The region of the clerk writes a case and sends it sealed; the home region's rules decide, and its answer
//! comes back sealed. Nothing waits for the line: what cannot be sent now is sent later.

pub(crate) mod api;
pub mod home;
pub mod months;
pub(crate) mod pages;
pub mod rules;
pub mod service;
pub(crate) mod store;
#[cfg(test)]
mod tests;
