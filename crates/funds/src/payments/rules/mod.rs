//! Money as pure functions: no clock, no randomness, no database.
//!
//! ```text
//!   approved ─▶ reserved ─▶ intent ─▶ sent ─▶ paid
//!       │        │   ▲        │  ╲     │  ╲    │ ▲
//!       ▼        ▼   └────────┘   ▼    ▼   ▼   ▼ │  (only through a decided exception)
//!      void     void            unknown ─▶ returned ─▶ a new payment
//! ```
//! [`table::TABLE`] has every move with the entry that it books; there is no other way to change a payment.

pub mod batch;
pub mod bugs;
pub mod exceptions;
pub mod files;
pub mod invariants;
pub mod judge;
mod refused;
pub mod table;
#[cfg(test)]
mod tests;

pub use bugs::{Bug, Rules};
pub use exceptions::{Action, Kind};
pub use refused::Refused;
pub use table::{Account, Event, Payment, Posting, State};
