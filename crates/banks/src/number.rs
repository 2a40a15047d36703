//! Account numbers: what may be one, and how it is kept.

use kernel::db::DbError;
use kernel::id::Id;
use kernel::keys::Keys;

use crate::rules::Refused;

/// The key of digests that look accounts up.
const DIGEST: &str = "digest";

/// A bank account's number: 8 to 32 digits. Never printed whole, in no log.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountNumber(String);

impl std::fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccountNumber(…{})", self.last_four())
    }
}

impl AccountNumber {
    /// Reads a number; spaces are left out. Those that start with 62 are card numbers and must pass
    /// Luhn's check; older accounts and passbooks need not.
    ///
    /// # Errors
    /// [`Refused::Number`].
    pub fn parse(text: &str) -> Result<Self, Refused> {
        let digits: String = text.chars().filter(|c| *c != ' ').collect();
        let plain = (8..=32).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if !plain || (digits.starts_with("62") && !luhn(&digits)) {
            return Err(Refused::Number);
        }
        Ok(Self(digits))
    }

    /// All digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last four digits, which may be shown.
    pub fn last_four(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    /// The keyed digest that finds the account of a bank.
    ///
    /// # Errors
    /// The installation has no key for digests.
    pub fn digest(&self, keys: &Keys, bank: Id) -> Result<[u8; 32], DbError> {
        keyed_digest(keys, &format!("bank-account {bank} {}", self.0))
    }
}

/// A digest that nobody can find the text of by trying, without this installation's key.
pub(crate) fn keyed_digest(keys: &Keys, text: &str) -> Result<[u8; 32], DbError> {
    let mac = keys.store().mac(DIGEST, text.as_bytes());
    mac.map_err(|error| DbError::Engine(error.to_string()))
}

/// Luhn's check over all digits.
pub(crate) fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0') * if place % 2 == 1 { 2 } else { 1 };
            if value > 9 { value - 9 } else { value }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// `head` with the check digit that makes it pass [`luhn`].
pub(crate) fn with_check_digit(head: &str) -> String {
    let passes = (b'0'..=b'9').map(|digit| format!("{head}{}", char::from(digit)));
    passes.into_iter().find(|number| luhn(number)).unwrap_or_default()
}
