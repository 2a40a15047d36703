//! The rules of fusion (Art. 6, 16): what may be registered, when a plan is whole, whose a number is.

mod not_opened;
mod overlap;
mod plan;
mod refused;
mod scheme;
#[cfg(test)]
mod tests;

pub use not_opened::NotOpened;
pub use overlap::{Grade, Overlap, duplicates, overlaps};
pub use plan::{Milestone, Plan, PlanState, Route, Stand, check_plan, read_milestones};
pub use refused::Refused;
pub use scheme::{Form, Kind, Scheme, State, check_scheme};

use items::rules::{Item, Level};
use time::Date;

use super::decoders::Proof;

/// Whether a number of another card is in its form: 6 to 32 digits and capital letters.
///
/// # Errors
/// [`Refused::Number`].
pub fn check_number(number: &str) -> Result<(), Refused> {
    let plain = |b: u8| b.is_ascii_digit() || b.is_ascii_uppercase();
    let fits = (6..=32).contains(&number.len()) && number.bytes().all(plain);
    if fits { Ok(()) } else { Err(Refused::Number) }
}

/// The last four characters of a number that fits: all of it that people are shown.
pub fn last_four(number: &str) -> &str {
    number.get(number.len().saturating_sub(4)..).unwrap_or_default()
}

/// What is digested for a number: bound to its scheme, so that two schemes may use the same numbers.
pub fn digest_input(scheme: &str, number: &str) -> Vec<u8> {
    [b"fusion-number\0".as_slice(), scheme.as_bytes(), b"\0", number.as_bytes()].concat()
}

/// Whether a link's days fit one another: it counts today.
///
/// # Errors
/// [`Refused::Days`].
pub fn check_days(from: Date, until: Option<Date>, today: Date) -> Result<(), Refused> {
    let passed = until.is_some_and(|until| until < from || until < today);
    if from > today || passed { Err(Refused::Days) } else { Ok(()) }
}

/// What is known of whoever asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Caller {
    /// A terminal that is registered and not blocked, with the items that it may ask for.
    Terminal {
        /// Codes of its items.
        items: Vec<String>,
    },
    /// A program of an organisation: it may ask for the items that its organisation is responsible for.
    Organisation(kernel::id::Id),
}

impl Caller {
    fn may_ask(&self, item: &Item) -> bool {
        match self {
            Self::Terminal { items } => items.contains(&item.code),
            Self::Organisation(org) => item.owner == *org,
        }
    }
}

/// Whether the caller may ask for this item at all, and the proof suffices for it.
///
/// # Errors
/// The [`NotOpened`] that applies first.
pub fn judge(caller: Option<&Caller>, item: Option<&Item>, proof: Proof) -> Result<(), NotOpened> {
    let caller = caller.ok_or(NotOpened::Caller)?;
    let item = item.ok_or(NotOpened::NotListed)?;
    if !caller.may_ask(item) {
        return Err(NotOpened::ItemNotForCaller);
    }
    // A bare number is less than a code: whoever saw the card once could show it (Art. 16).
    match proof {
        Proof::Code if item.level <= Level::Code => Ok(()),
        _ => Err(NotOpened::LevelTooLow),
    }
}
