//! The card code that a holder shows and the platform judges online.
//!
//! | bytes | field |
//! |---|---|
//! | 0 | version |
//! | 1–3 | issuing region, BCD |
//! | 4 | key index |
//! | 5–12 | credential id, random |
//! | 13–16 | generated at, UTC seconds, big endian |
//! | 17 | lifetime, seconds |
//! | 18–21 | counter, big endian |
//! | 22–23 | scene, big endian |
//! | 24–39 | HMAC-SM3 over bytes 0–23, its first 16 bytes |
//!
//! As text: `YKT1:` and Base45, 65 characters.
//!
//! The code carries no person or card number. Issuer and verifier are the same platform, so a keyed
//! hash is enough; terminals without a network will get a signed format with a prefix of its own.

use crate::base45;
use crate::keystore::{KeyError, KeyStore};
use crate::token::same;

/// What a code of this format begins with.
pub const PREFIX: &str = "YKT1:";
const VERSION: u8 = 1;
const BODY: usize = 24;
const TAG: usize = 16;

/// The content of a card code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardCode {
    /// Division that issued the card, six digits in BCD: `[0x50, 0x00, 0x00]` for 500000.
    pub region: [u8; 3],
    /// Which of the issuer's keys made the tag.
    pub key: u8,
    /// Random at each issue of the electronic card, never the card number.
    pub credential: [u8; 8],
    /// UTC seconds.
    pub generated_s: u32,
    /// Seconds from then on.
    pub lifetime_s: u8,
    /// Rises at each display.
    pub counter: u32,
    /// What the holder showed it for: 1 query, 2 payment, 3 other, 4 treatment elsewhere; 0 any.
    pub scene: u16,
}

/// Why a code is no good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// Not of this format at all.
    #[error("not a card code")]
    Foreign,
    /// Of this format, but bent or cut, or a version that is not known.
    #[error("a damaged card code")]
    Damaged,
    /// The tag was not made by this issuer.
    #[error("not made by this issuer")]
    Forged,
    /// Generated in the future, beyond what clocks differ.
    #[error("from the future")]
    Future,
    /// Older than its lifetime.
    #[error("expired")]
    Expired,
}

impl CardCode {
    fn body(&self) -> [u8; BODY] {
        let mut body = [0u8; BODY];
        body[0] = VERSION;
        body[1..4].copy_from_slice(&self.region);
        body[4] = self.key;
        body[5..13].copy_from_slice(&self.credential);
        body[13..17].copy_from_slice(&self.generated_s.to_be_bytes());
        body[17] = self.lifetime_s;
        body[18..22].copy_from_slice(&self.counter.to_be_bytes());
        body[22..24].copy_from_slice(&self.scene.to_be_bytes());
        body
    }

    /// The text for the QR code.
    ///
    /// # Errors
    /// The key of this index is missing.
    pub fn encode(&self, keys: &dyn KeyStore) -> Result<String, KeyError> {
        let body = self.body();
        let tag = keys.mac(&key_name(self.key), &body)?;
        Ok(format!("{PREFIX}{}", base45::encode(&[&body[..], &tag[..TAG]].concat())))
    }

    /// Reads a code and checks its tag before anything in it is believed.
    ///
    /// # Errors
    /// [`CodeError::Foreign`], [`CodeError::Damaged`] or [`CodeError::Forged`].
    pub fn open(text: &str, keys: &dyn KeyStore) -> Result<Self, CodeError> {
        let packed = text.strip_prefix(PREFIX).ok_or(CodeError::Foreign)?;
        if packed.len() != (BODY + TAG) / 2 * 3 {
            return Err(CodeError::Damaged);
        }
        let bytes = base45::decode(packed).map_err(|_| CodeError::Damaged)?;
        let (body, tag) = bytes.split_first_chunk::<BODY>().ok_or(CodeError::Damaged)?;
        if body[0] != VERSION {
            return Err(CodeError::Damaged);
        }
        let expected = keys.mac(&key_name(body[4]), body).map_err(|_| CodeError::Forged)?;
        match same(&expected[..TAG], tag) {
            true => Ok(Self::from_body(body)),
            false => Err(CodeError::Forged),
        }
    }

    fn from_body(body: &[u8; BODY]) -> Self {
        let part = |from: usize| [body[from], body[from + 1], body[from + 2], body[from + 3]];
        Self {
            region: [body[1], body[2], body[3]],
            key: body[4],
            credential: body[5..13].try_into().expect("eight bytes"),
            generated_s: u32::from_be_bytes(part(13)),
            lifetime_s: body[17],
            counter: u32::from_be_bytes(part(18)),
            scene: u16::from_be_bytes([body[22], body[23]]),
        }
    }

    /// Whether the code is of this moment: `now_s` in UTC seconds, `skew_s` what clocks may differ.
    ///
    /// # Errors
    /// [`CodeError::Future`] or [`CodeError::Expired`].
    pub fn fits(&self, now_s: i64, skew_s: i64) -> Result<(), CodeError> {
        let generated = i64::from(self.generated_s);
        if generated > now_s + skew_s {
            return Err(CodeError::Future);
        }
        match now_s <= generated + i64::from(self.lifetime_s) + skew_s {
            true => Ok(()),
            false => Err(CodeError::Expired),
        }
    }
}

/// The name in the key store of the issuer's key with this index.
pub fn key_name(index: u8) -> String {
    format!("code-{index}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keystore::SoftKeys;
    use proptest::prelude::*;

    fn keys() -> SoftKeys {
        SoftKeys::parse(&format!("code-1 {}\ncode-2 {}\n", "11".repeat(32), "22".repeat(32)))
            .expect("keys")
    }

    fn code() -> CardCode {
        CardCode {
            region: [0x50, 0, 0],
            key: 1,
            credential: *b"12345678",
            generated_s: 1_800_000_000,
            lifetime_s: 60,
            counter: 77,
            scene: 1,
        }
    }

    #[test]
    fn a_code_is_read_back_and_fits_a_small_qr_code() {
        let text = code().encode(&keys()).expect("encoded");
        assert_eq!(text.len(), 65);
        assert_eq!(CardCode::open(&text, &keys()), Ok(code()));
    }

    #[test]
    fn each_kind_of_bad_code_is_told_apart() {
        let text = code().encode(&keys()).expect("encoded");
        let open = |text: &str| CardCode::open(text, &keys());
        assert_eq!(open("https://example.org"), Err(CodeError::Foreign));
        assert_eq!(open(&text.to_lowercase()), Err(CodeError::Foreign));
        assert_eq!(open(&text[..60]), Err(CodeError::Damaged));
        assert_eq!(open(&format!("{text}0")), Err(CodeError::Damaged));
        let other = SoftKeys::parse(&format!("code-1 {}\n", "33".repeat(32))).expect("keys");
        assert_eq!(CardCode::open(&text, &other), Err(CodeError::Forged));
    }

    #[test]
    fn the_window_ends_with_the_lifetime_and_begins_with_the_clock() {
        let at = 1_800_000_000;
        assert_eq!(code().fits(at, 2), Ok(()));
        assert_eq!(code().fits(at - 2, 2), Ok(()));
        assert_eq!(code().fits(at - 3, 2), Err(CodeError::Future));
        assert_eq!(code().fits(at + 62, 2), Ok(()));
        assert_eq!(code().fits(at + 63, 2), Err(CodeError::Expired));
        for hours in [-8, -1, 1, 8] {
            assert!(code().fits(at + hours * 3_600, 2).is_err());
        }
    }

    /// Flips, cuts, swaps, repeats and splices of codes: none may be accepted as another code.
    #[test]
    fn two_hundred_thousand_bent_codes_are_all_refused() {
        let keys = keys();
        let originals: Vec<String> = (0..4u32)
            .map(|n| CardCode { counter: n, key: 1 + (n % 2) as u8, ..code() })
            .map(|code| code.encode(&keys).expect("encoded"))
            .collect();
        let letters = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut roll = move |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for round in 0..200_000 {
            let mut text = originals[roll(4)].clone().into_bytes();
            let at = PREFIX.len() + roll(60);
            match round % 5 {
                0 => text[at] = letters[roll(45)],
                1 => text.truncate(at),
                2 => text.swap(at, PREFIX.len() + roll(60)),
                3 => text.splice(at..at, [letters[roll(45)]]).for_each(drop),
                _ => text[at..].copy_from_slice(&originals[roll(4)].as_bytes()[at..]),
            }
            let text = String::from_utf8(text).expect("still ASCII");
            if !originals.contains(&text) {
                assert!(CardCode::open(&text, &keys).is_err(), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_code_or_an_error(text in "(YKT1:)?\\PC{0,80}") {
            prop_assert!(CardCode::open(&text, &keys()).is_err());
        }
    }
}
