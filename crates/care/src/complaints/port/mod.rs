//! The port to the hotlines 12345 and 12333: work orders come in, state and outcome go back.
//! `docs/complaints.md` has the formats.

pub mod config;
pub mod file;
pub mod http;
pub mod order;
pub mod pages;
pub mod service;
#[cfg(test)]
mod simulator;
pub mod store;
#[cfg(test)]
mod tests;

pub use order::{Order, Report};

/// A line's number from 1, and its order or what is wrong with it.
pub type Numbered = (i64, Result<Order, String>);

/// Orders that came together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Name of the file, or of the page that was fetched.
    pub name: String,
    /// Its lines.
    pub lines: Vec<Numbered>,
}

/// A hotline's system as the platform sees it. Implementations block; callers run them beside the
/// runtime.
pub trait Hotline: Send + Sync {
    /// Orders that came in and were not settled. Collecting them again changes nothing.
    ///
    /// # Errors
    /// The folder or the address does not answer, in words for the operator.
    fn collect(&self) -> Result<Vec<Batch>, String>;

    /// A batch was taken in: it is put away, and the hotline is told which lines were not.
    ///
    /// # Errors
    /// As [`Hotline::collect`]; the batch comes again.
    fn settle(&self, batch: &Batch, faults: &[(i64, String)]) -> Result<(), String>;

    /// Sends states and outcomes; one answer for each, in order, whether the hotline has it now.
    fn report(&self, reports: &[Report]) -> Vec<bool>;
}
