//! What becomes of a file of orders when it leaves, and when the bank is asked after it.

use super::bugs::{Bug, Rules};
use super::exceptions::Kind;
use super::table::Event;

/// How a file stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum FileState {
    /// Written, and did not leave.
    Intent,
    /// Leaving: it may have arrived.
    Sending,
    /// The bank took it.
    Sent,
    /// Nobody can say.
    Unknown,
    /// The bank refused it for ever.
    Refused,
    /// Each line has its result.
    Settled,
}

impl FileState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Intent, Self::Sending, Self::Sent, Self::Unknown, Self::Refused, Self::Settled];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Settled => "settled",
        }
    }

    /// The state of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// How a bank took a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reception {
    /// It has it.
    Taken,
    /// It surely will not do any of it.
    Refused,
    /// No sure answer.
    Unknown,
}

/// What a bank says when it is asked after a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It never saw this id.
    NeverSeen,
    /// It works on it, or tells results.
    Has,
    /// No sure answer.
    Unknown,
}

/// What becomes of a file: its state, what happens to its payments that are still out, and what somebody
/// must look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// State of the file.
    pub state: FileState,
    /// What happens to its payments without a result, where the table has the move.
    pub event: Option<Event>,
    /// What is to be looked at.
    pub exception: Option<Kind>,
}

impl Outcome {
    fn of(state: FileState, event: Option<Event>) -> Self {
        Self { state, event, exception: None }
    }
}

impl Rules {
    /// What the bank's reception makes of a file that was leaving.
    pub fn received(&self, reception: Reception) -> Outcome {
        match reception {
            Reception::Taken => Outcome::of(FileState::Sent, Some(Event::Take)),
            Reception::Unknown if self.has(Bug::UnknownIsResentAsNew) => {
                let exception = Some(Kind::FileRefused);
                Outcome { state: FileState::Refused, event: Some(Event::Withdraw), exception }
            }
            Reception::Unknown => Outcome::of(FileState::Unknown, Some(Event::Doubt)),
            Reception::Refused => {
                let exception = Some(Kind::FileRefused);
                Outcome { state: FileState::Refused, event: Some(Event::Withdraw), exception }
            }
        }
    }

    /// What an answer to a question makes of a file. `taken` tells whether the bank ever had it: what a
    /// bank took and forgot never leaves again by itself, because it may have been paid.
    pub fn asked(&self, state: FileState, taken: bool, standing: Standing) -> Outcome {
        match standing {
            Standing::Has if self.has(Bug::LateAnswerIsIgnored) => {
                Outcome::of(FileState::Sent, None)
            }
            Standing::Has => Outcome::of(FileState::Sent, Some(Event::Take)),
            Standing::Unknown if state == FileState::Sent => Outcome::of(state, None),
            Standing::Unknown => Outcome::of(FileState::Unknown, Some(Event::Doubt)),
            Standing::NeverSeen if taken && !self.has(Bug::TakenIsSentAgain) => {
                let exception = Some(Kind::FileVanished);
                Outcome { state: FileState::Unknown, event: Some(Event::Doubt), exception }
            }
            Standing::NeverSeen if self.has(Bug::NeverSeenIsReturned) => {
                Outcome::of(FileState::Settled, Some(Event::Return))
            }
            Standing::NeverSeen => Outcome::of(FileState::Intent, Some(Event::NeverSeen)),
        }
    }
}
