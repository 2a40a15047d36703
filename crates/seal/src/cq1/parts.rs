//! The small values that codes, credentials and lists are made of.

/// Random at each issue of a credential, never the card number.
pub type CredentialId = [u8; 8];

/// A division of six digits (GB/T 2260) in BCD: `50 00 00` for 500000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Region([u8; 3]);

impl Region {
    /// From six decimal digits; `None` for anything else.
    pub fn from_digits(digits: &str) -> Option<Self> {
        let digits: &[u8; 6] = digits.as_bytes().try_into().ok()?;
        let digit = |place: usize| digits[place].is_ascii_digit().then(|| digits[place] - b'0');
        let pair = |place: usize| Some(digit(place)? << 4 | digit(place + 1)?);
        Some(Self([pair(0)?, pair(2)?, pair(4)?]))
    }

    /// From three bytes; `None` when a half byte is no decimal digit.
    pub fn from_bcd(bytes: [u8; 3]) -> Option<Self> {
        bytes.iter().all(|byte| byte >> 4 <= 9 && byte & 15 <= 9).then_some(Self(bytes))
    }

    /// Three bytes of BCD.
    pub fn to_bcd(self) -> [u8; 3] {
        self.0
    }
}

impl std::fmt::Display for Region {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a credential may be used for without a network. There is no bit for money, and there will be
/// none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities(u16);

impl Capabilities {
    /// Says who somebody is, at level "code".
    pub const IDENTITY: Self = Self(1);
    /// Bus and metro.
    pub const TRANSIT: Self = Self(1 << 1);
    /// Libraries.
    pub const LIBRARY: Self = Self(1 << 2);
    /// Scenic spots, museums and sports grounds.
    pub const VENUE: Self = Self(1 << 3);
    /// Gates of offices, schools and parks.
    pub const ACCESS: Self = Self(1 << 4);
    /// Every bit that has a meaning.
    pub const ALL: Self = Self(0b1_1111);
    /// What an emergency code may carry: a code that can be copied proves no identity.
    pub const EMERGENCY: Self = Self(0b1_1110);

    /// From the bits; `None` when a reserved one is set or none is.
    pub fn from_bits(bits: u16) -> Option<Self> {
        (bits != 0 && bits & !Self::ALL.0 == 0).then_some(Self(bits))
    }

    /// The bits.
    pub fn bits(self) -> u16 {
        self.0
    }

    /// Whether all of `others` are among these.
    pub fn contain(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// These and the others.
    #[must_use]
    pub fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }
}

/// What the holder showed the code for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// 0: whatever the terminal is for, payment excepted.
    Any,
    /// 1: a query.
    Query,
    /// 2: payment; refused by every terminal without a network.
    Payment,
    /// 3: something else.
    Other,
    /// 4: medical treatment in another place.
    Treatment,
}

impl Scene {
    const ALL: [Self; 5] = [Self::Any, Self::Query, Self::Payment, Self::Other, Self::Treatment];

    /// The scene of a number; `None` for numbers without meaning.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its number.
    pub fn number(self) -> u16 {
        self as u16
    }
}

/// The first byte of code and credential: version and algorithm (always SM2 with SM3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `0x11`: made at each display with the holder's key.
    Displayed,
    /// `0x21`: made beforehand with a one-time key (应急码).
    Emergency,
}

impl Kind {
    /// From the first byte.
    pub fn from_version(version: u8) -> Option<Self> {
        match version {
            0x11 => Some(Self::Displayed),
            0x21 => Some(Self::Emergency),
            _ => None,
        }
    }

    /// The first byte.
    pub fn version(self) -> u8 {
        match self {
            Self::Displayed => 0x11,
            Self::Emergency => 0x21,
        }
    }
}
