//! Decoders of other code formats: data, not code. A format says how its text is cut into parts and
//! how it is signed; reading is strict and fails closed.

mod layout;
mod read;
#[cfg(test)]
pub(crate) mod tests;

use seal::sm2::VerifyingKey;
use seal::sm3::MacKey;
use time::Date;

pub use layout::{Cut, Layout, Part, Sign, Time, check_layout, overlaps};
pub use read::{decode, is_own};

/// How sure a code makes one of its holder.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Proof {
    /// A number that anybody could have written down.
    Number,
    /// A fresh code, signed by its issuer.
    Code,
}

/// What verifies the codes of an issuer.
pub enum Material {
    /// The public key of an SM2 signer.
    Sm2(VerifyingKey),
    /// A secret shared with the issuer.
    Mac(MacKey),
}

/// A key of an issuer.
pub struct Key {
    /// Its name in the code.
    pub kid: String,
    /// What verifies.
    pub material: Material,
    /// First day of use.
    pub from: Date,
    /// Last day of use.
    pub until: Date,
}

impl Key {
    /// Whether it may verify a code made on a day.
    pub fn serves(&self, day: Date) -> bool {
        (self.from..=self.until).contains(&day)
    }
}

/// What was read from a code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decoded {
    /// The number of the other card.
    pub number: String,
    /// How sure it is.
    pub proof: Proof,
    /// For signed codes: SM3 of what was signed, and until when the same display could be shown again
    /// (seconds since 1970).
    pub shown: Option<([u8; 32], i64)>,
}
