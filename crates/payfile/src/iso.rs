//! ISO 20022: `pain.001.001.09` goes out; `pain.002.001.10`, `camt.053.001.08` and
//! `camt.054.001.08` come in. What goes out has all that the schemas require and nothing that they
//! do not allow; what comes in is read as a stream, by namespace, with hard bounds.

mod camt;
mod pain001;
mod pain002;
mod status;
mod xml;

pub(crate) use pain002::instant;
pub(crate) use xml::{Token, Xml};

pub use pain001::{PAIN_001, Profile, write_pain001, write_pain001_orders};
pub use status::Statuses;

use std::io::BufRead;

use crate::contract::{LineResult, Reason, ReportKind};

/// What a message says. Amounts that a status report leaves out are `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The bank's id of the message.
    pub id: String,
    /// Id of the batch; empty when the message is about several or none.
    pub batch: String,
    /// What it is.
    pub kind: ReportKind,
    /// The batch as a whole is refused: our reason and the bank's code.
    pub refused: Option<(Reason, String)>,
    /// Reference, fen when told, and what became of it.
    pub lines: Vec<(String, Option<i64>, LineResult)>,
    /// Number of the transaction from 1, and why it cannot be used.
    pub faults: Vec<(u64, String)>,
}

/// Reads a message of any of the three kinds.
///
/// # Errors
/// Why nothing of it is believed.
pub fn read_message(input: impl BufRead, statuses: &Statuses) -> Result<Message, String> {
    let mut xml = xml::Xml::new(input);
    let namespace = xml.document()?;
    let message = match namespace.as_str() {
        pain002::PAIN_002 => pain002::read(&mut xml, statuses)?,
        camt::CAMT_053 => camt::read(&mut xml, statuses, camt::Kind::Statement)?,
        camt::CAMT_054 => camt::read(&mut xml, statuses, camt::Kind::Notification)?,
        _ => return Err("the message is of none of the agreed kinds".to_owned()),
    };
    xml.finish()?;
    Ok(message)
}

#[cfg(test)]
mod tests;
