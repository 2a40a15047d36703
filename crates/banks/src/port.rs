//! The port to banks: one seam, two ways through it (files, HTTP). `docs/bank-port.md` has the
//! formats. One request has one idempotency key, its id; what is not surely answered is
//! [`Answer::Unknown`], never taken for done nor for refused.

pub mod config;
pub mod file;
pub mod http;
pub mod lines;

use kernel::id::Id;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};

use crate::rules::{Answer, Operation, Reason, State};

/// What a bank is told with a request: no more than the operation needs (Art. 18).
#[derive(Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Body {
    /// Id of the card.
    pub card: String,
    /// Name of the holder as in the register.
    pub name: String,
    /// Kind of document.
    pub document: String,
    /// Person number on it.
    pub number: String,
    /// Account number, where one is known; empty for `pre_open`.
    pub account: String,
    /// Why, in plain words.
    pub purpose: String,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the person's data: this may end in a log.
        write!(f, "Body(card {})", self.card)
    }
}

/// One request as it leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Idempotency key.
    pub id: Id,
    /// What is asked.
    pub operation: Operation,
    /// With what.
    pub body: Body,
}

/// What a bank tells by itself: an account is now in this state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The bank's own id of it, 1 to 64 letters, digits, `-` and `_`.
    pub id: String,
    /// Id of the card, or empty.
    pub card: String,
    /// Account number, or empty.
    pub account: String,
    /// The new state.
    pub state: State,
    /// When it happened at the bank.
    pub at: Utc,
}

/// One good line of a file that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The answer to a request.
    Answer(Id, Answer),
    /// An event.
    Event(Event),
}

/// A line's number from 1, and what it says or what is wrong with it.
pub type Numbered = (i64, Result<Line, String>);

/// A file that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// Its name.
    pub name: String,
    /// SM3 of its content.
    pub digest: [u8; 32],
    /// Its lines; or why the whole file cannot be read, and then nothing of it is carried out.
    pub lines: Result<Vec<Numbered>, String>,
}

/// A bank's host as the platform sees it. Implementations block; callers run them beside the runtime.
pub trait BankPort: Send + Sync {
    /// Hands requests over; one answer for each, in order.
    fn send(&self, asks: &[Ask]) -> Vec<Answer>;

    /// Asks what became of requests; one answer for each, in order.
    fn query(&self, ids: &[Id]) -> Vec<Answer>;

    /// Files that came in and were not settled yet. Reading them again changes nothing.
    ///
    /// # Errors
    /// The folder cannot be read.
    fn collect(&self) -> std::io::Result<Vec<Received>> {
        Ok(Vec::new())
    }

    /// A file was carried out: it is put away, and the bank is told which lines were not.
    ///
    /// # Errors
    /// The folder cannot be written.
    fn settle(&self, _file: &Received, _faults: &[(i64, String)]) -> std::io::Result<()> {
        Ok(())
    }

    /// The most requests that it takes at once.
    fn batch(&self) -> usize;

    /// Seconds until the first query after sending, and the longest pause between two.
    fn pauses(&self) -> (i64, i64);
}

/// A bank's words for one answer, the same over both ways.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Words {
    /// Id of the request.
    pub id: String,
    /// `done`, `refused`, `never_seen` or `in_progress`.
    pub result: String,
    /// The bank's code of a refusal.
    #[serde(default)]
    pub code: String,
    /// State of the account afterwards.
    #[serde(default)]
    pub state: String,
    /// Account number.
    #[serde(default)]
    pub account: String,
}

/// The bank's own codes of refusal, mapped to [`Reason`]s; a code of ours is known without.
pub type Codes = std::collections::BTreeMap<String, String>;

impl Words {
    /// What they mean; `Err` says what is wrong with them.
    ///
    /// # Errors
    /// In words for the bank's engineer.
    pub fn meaning(&self, codes: &Codes) -> Result<Answer, String> {
        match self.result.as_str() {
            "done" => {
                let state = State::of_bank(&self.state);
                let state = state.ok_or_else(|| format!("unknown state {:?}", self.state))?;
                let number = (!self.account.is_empty()).then(|| self.account.clone());
                if let Some(number) = &number {
                    crate::number::AccountNumber::parse(number)
                        .map_err(|_| "the account number is not in its form".to_owned())?;
                }
                Ok(Answer::Done { state, number })
            }
            "refused" if self.code.is_empty() => Err("a refusal without a code".to_owned()),
            "refused" => {
                let code = codes.get(&self.code).unwrap_or(&self.code);
                let reason = Reason::from_code(code).filter(|r| *r != Reason::Superseded);
                Ok(Answer::Refused(reason.unwrap_or(Reason::Other)))
            }
            "never_seen" => Ok(Answer::NeverSeen),
            "in_progress" => Ok(Answer::Unknown),
            other => Err(format!("unknown result {other:?}")),
        }
    }
}
