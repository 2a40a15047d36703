//! Identifiers of everything the platform stores.
//!
//! An [`Id`] is 63 bits: 41 bits of milliseconds since 2024-01-01 UTC, 10 bits of node, 12 bits of
//! sequence. It sorts by time, needs no round trip, and fits a `BIGINT` distribution column. It is
//! not a secret: nothing is ever granted because somebody knows an id.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::time::Utc;

/// 2024-01-01T00:00:00Z in milliseconds.
const EPOCH_MS: i64 = 1_704_067_200_000;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const TEXT_LEN: usize = 13;

/// A stored thing's identifier; as text 13 characters of Crockford's base 32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Id(pub i64);

impl Id {
    /// The least id that can have been made at or after a moment.
    pub fn not_before(now: Utc) -> Self {
        Self((now.0.div_euclid(1_000) - EPOCH_MS).max(0) << 22)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; TEXT_LEN];
        let mut rest = self.0 as u64;
        for slot in text.iter_mut().rev() {
            *slot = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        f.write_str(std::str::from_utf8(&text).expect("the alphabet is ASCII"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

/// The text is not an [`Id`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier: 13 characters of 0-9 a-z without i, l, o, u are expected")]
pub struct BadId;

impl FromStr for Id {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        if text.len() != TEXT_LEN {
            return Err(BadId);
        }
        let mut value: u64 = 0;
        for byte in text.bytes() {
            let digit = ALPHABET.iter().position(|c| *c == byte).ok_or(BadId)?;
            if value >> 59 != 0 {
                return Err(BadId);
            }
            value = value << 5 | digit as u64;
        }
        i64::try_from(value).map(Id).map_err(|_| BadId)
    }
}

impl serde::Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Makes ids of one node: strictly rising, also when the clock steps back.
pub struct IdMaker {
    node: u64,
    /// Milliseconds since the epoch in the high bits, sequence in the low 12.
    last: AtomicU64,
}

impl IdMaker {
    /// `node` is taken modulo 1,024; each running process needs its own.
    pub fn new(node: u64) -> Self {
        Self { node: node & 0x3ff, last: AtomicU64::new(0) }
    }

    /// The next id, not before `now`.
    pub fn next(&self, now: Utc) -> Id {
        let earliest = ((now.0 / 1_000 - EPOCH_MS).max(0) as u64) << 12;
        let step = |last: u64| Some(earliest.max(last + 1));
        let previous = self
            .last
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, step)
            .expect("the step always gives a value");
        let ticket = earliest.max(previous + 1);
        let (millis, sequence) = (ticket >> 12, ticket & 0xfff);
        Id((millis << 22 | self.node << 12 | sequence) as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_rise_even_when_the_clock_steps_back() {
        let maker = IdMaker::new(7);
        let mut last = Id(0);
        for tick in 0..20_000i64 {
            let id = maker.next(Utc(1_800_000_000_000_000 - tick * 1_000));
            assert!(id > last);
            last = id;
        }
    }

    #[test]
    fn the_least_id_of_a_moment_parts_those_before_from_those_after() {
        let (maker, noon) = (IdMaker::new(1_023), Utc(1_800_000_000_000_000));
        let before = maker.next(Utc(noon.0 - 1_000));
        assert!(before < Id::not_before(noon) && Id::not_before(noon) <= maker.next(noon));
    }

    #[test]
    fn two_nodes_never_make_the_same_id() {
        let (a, b) = (IdMaker::new(1), IdMaker::new(2));
        let now = Utc(1_800_000_000_000_000);
        assert_ne!(a.next(now), b.next(now));
    }

    proptest! {
        #[test]
        fn text_gives_the_id_back(value in 0i64..) {
            prop_assert_eq!(Id(value).to_string().parse(), Ok(Id(value)));
        }

        #[test]
        fn any_text_is_an_id_or_an_error(text in "\\PC{0,20}") {
            if let Ok(id) = text.parse::<Id>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
