//! The rules of bill payment as pure functions (Art. 8: encouraged, never forced).

mod bugs;
pub mod mandate;
mod refused;
pub mod table;

pub use bugs::{Bug, Rules};
pub use refused::Refused;
pub use table::{Account, Event, Payment, Posting, State};

/// What is billed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// 水费.
    Water,
    /// 电费.
    Electricity,
    /// 燃气费.
    Gas,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Water, Self::Electricity, Self::Gas];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Water => "water",
            Self::Electricity => "electricity",
            Self::Gas => "gas",
        }
    }

    /// Reads [`Kind::code`]'s form.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// For people.
    pub fn name(self) -> kernel::law::Text {
        let (zh, en) = match self {
            Self::Water => ("水费", "Water"),
            Self::Electricity => ("电费", "Electricity"),
            Self::Gas => ("燃气费", "Gas"),
        };
        kernel::law::Text::new(zh, en)
    }
}

/// The most that one bill may be, in fen: more is asked at the counter of the biller.
pub const MOST_FEN: i64 = 10_000_000;

/// Whether a text may be an account number (户号): 4 to 24 letters and digits.
pub fn is_account(text: &str) -> bool {
    (4..=24).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Whether a text may be the number of a bill: 1 to 40 letters, digits and `-`.
pub fn is_bill_number(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(plain)
}

/// A nickname as it is kept: at most 12 characters, none that controls or is invisible.
///
/// # Errors
/// [`Refused::Nickname`].
pub fn nickname(text: &str) -> Result<String, Refused> {
    let text = text.trim();
    if text.chars().count() <= 12 && !text.chars().any(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err(Refused::Nickname)
    }
}

/// Last four characters of an account number, the rest hidden.
pub fn mask(account: &str) -> String {
    let tail = account.get(account.len().saturating_sub(4)..).unwrap_or_default();
    format!("****{tail}")
}
