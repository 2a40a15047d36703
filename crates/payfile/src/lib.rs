//! Payment orders to banks and the banks' reports (Art. 8, 10, 25(5)): text files by layouts that are
//! data, ISO 20022, signatures, the port of three kinds, and a bank that can be made to behave badly.
//! No database: who uses it decides what a report changes.
#![forbid(unsafe_code)]

pub mod codes;
pub mod contract;
pub mod iso;
pub mod layout;
pub mod money;
pub mod port;
pub mod sign;
pub mod simulator;
pub mod text;

pub use contract::{Asked, Batch, LineResult, Order, PayPort, Reason, Report, ReportKind, Sent};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;
