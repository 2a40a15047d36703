//! The articles on violations as pure functions (Art. 24–27).

mod clauses;
mod decision;
mod refused;
mod separation;
mod source;
mod table;
#[cfg(test)]
mod tests;

pub use clauses::{CLAUSES, Clause, Party};
pub use decision::{Decision, Kind, check};
pub use refused::Refused;
pub use separation::{Concerned, Handler, Mark, impartial, may_lay};
pub use source::{Origin, Source};
pub use table::{Act, Facts, Hand, Row, State, TABLE, diagram, follow};
