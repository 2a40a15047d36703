//! How the text of a format is cut into parts, as an engineer of its issuer describes it.

use serde::{Deserialize, Serialize};

use super::super::rules::Refused;

/// Prefixes of the platform's own codes.
pub(super) const OWN: [&str; 2] = ["YKT1:", "CQ1:"];

/// One part of a code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The number of the card: 6 to 32 digits and capital letters.
    Number,
    /// When the code was made.
    Time,
    /// Name of the issuer's key: 1 to 8 digits and capital letters.
    Key,
    /// Signed, but without a meaning here: digits and capital letters.
    Other,
    /// The signature, in lower-case hexadecimal digits.
    Signature,
}

/// How the parts stand behind the prefix.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cut {
    /// Parts with one character between them.
    Separated {
        /// The character: `.`, `|`, `,`, `;`, `-`, `_`, `/`, `*` or `:`.
        by: char,
        /// The parts, in order.
        parts: Vec<Part>,
    },
    /// Parts of fixed widths, nothing between them.
    Fixed {
        /// Each part with its width in characters.
        parts: Vec<(Part, usize)>,
    },
}

/// How the time is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Time {
    /// Seconds since 1970 UTC, 10 digits.
    UnixSeconds,
    /// Milliseconds since 1970 UTC, 13 digits.
    UnixMillis,
    /// Civil time of Chongqing (UTC+8), `YYYYMMDDhhmmss`.
    Local,
}

impl Time {
    /// Digits of a time.
    pub fn width(self) -> usize {
        match self {
            Self::UnixSeconds => 10,
            Self::UnixMillis => 13,
            Self::Local => 14,
        }
    }
}

/// How a code is signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Sign {
    /// Not at all: a bare number, the lowest proof.
    None,
    /// SM2 (GB/T 32918.2), r ‖ s, 128 hexadecimal digits.
    Sm2 {
        /// The signer id that the issuer signs with.
        signer: String,
    },
    /// HMAC-SM3 with a shared secret.
    HmacSm3 {
        /// Bytes of the tag that are in the code, 16 to 32.
        bytes: usize,
    },
}

impl Sign {
    /// Hexadecimal digits of a signature.
    pub fn width(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Sm2 { .. } => 128,
            Self::HmacSm3 { bytes } => bytes.saturating_mul(2),
        }
    }
}

/// The layout of a code format. What is signed is the text from its first character to the last one
/// before the signature, without the separator that stands before it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// How each code of this format begins, and no code of another.
    #[schema(example = "CQLIB1:")]
    pub prefix: String,
    /// How it is cut.
    pub cut: Cut,
    /// How its time is written; needed when it is signed.
    #[serde(default)]
    pub time: Option<Time>,
    /// Seconds that a display is good for, 5 to 300; 0 when it is not signed.
    #[serde(default)]
    pub lifetime_s: i64,
    /// How it is signed.
    pub sign: Sign,
}

impl Layout {
    /// The parts, in order.
    pub fn parts(&self) -> Vec<Part> {
        match &self.cut {
            Cut::Separated { parts, .. } => parts.clone(),
            Cut::Fixed { parts } => parts.iter().map(|(part, _)| *part).collect(),
        }
    }

    fn count(&self, part: Part) -> usize {
        self.parts().into_iter().filter(|known| *known == part).count()
    }

    fn widths_fit(&self) -> bool {
        let Cut::Fixed { parts } = &self.cut else { return true };
        parts.iter().all(|(part, width)| match part {
            Part::Number => (6..=32).contains(width),
            Part::Time => self.time.is_some_and(|time| time.width() == *width),
            Part::Key => (1..=8).contains(width),
            Part::Other => (1..=64).contains(width),
            Part::Signature => *width == self.sign.width(),
        })
    }

    fn separator_fits(&self) -> bool {
        match &self.cut {
            Cut::Separated { by, .. } => ".|,;-_/*:".contains(*by),
            Cut::Fixed { .. } => true,
        }
    }

    fn signature_fits(&self) -> bool {
        let parts = self.parts();
        let signed = self.count(Part::Signature) == 1
            && parts.last() == Some(&Part::Signature)
            && self.count(Part::Time) == 1
            && self.time.is_some()
            && (5..=300).contains(&self.lifetime_s);
        match &self.sign {
            // A time that nobody vouches for, or a signature that nobody checks, would only look safe.
            Sign::None => {
                let named = [Part::Signature, Part::Time, Part::Key];
                named.into_iter().all(|part| self.count(part) == 0)
                    && self.time.is_none()
                    && self.lifetime_s == 0
            }
            Sign::Sm2 { signer } => {
                let plain = signer.bytes().all(|b| b.is_ascii_graphic());
                signed && plain && (1..=64).contains(&signer.len())
            }
            Sign::HmacSm3 { bytes } => signed && (16..=32).contains(bytes),
        }
    }
}

fn is_prefix(prefix: &str) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b":-/.".contains(&b);
    (3..=16).contains(&prefix.len())
        && prefix.bytes().all(plain)
        && prefix.starts_with(|c: char| c.is_ascii_uppercase())
}

/// Whether two prefixes could begin the same text.
pub fn overlaps(one: &str, other: &str) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// Checks a layout.
///
/// # Errors
/// [`Refused::Layout`], or [`Refused::PrefixTaken`] for a prefix of the platform's own codes.
pub fn check_layout(layout: &Layout) -> Result<(), Refused> {
    let whole = is_prefix(&layout.prefix)
        && (1..=8).contains(&layout.parts().len())
        && layout.count(Part::Number) == 1
        && layout.count(Part::Key) <= 1
        && layout.widths_fit()
        && layout.separator_fits()
        && layout.signature_fits();
    if !whole {
        return Err(Refused::Layout);
    }
    if OWN.iter().any(|own| overlaps(own, &layout.prefix)) {
        return Err(Refused::PrefixTaken);
    }
    Ok(())
}
