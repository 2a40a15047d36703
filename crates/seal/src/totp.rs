//! Codes of authenticator apps: TOTP (RFC 6238) with HMAC-SHA-1, 30 seconds, six digits, which is
//! what every app knows.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::token::same;

/// Seconds of one step.
const STEP_S: u64 = 30;

fn at_step(secret: &[u8], step: u64) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(&step.to_be_bytes());
    let hash: [u8; 20] = mac.finalize().into_bytes().into();
    // RFC 4226, 5.3: the last nibble says where the four bytes are taken from.
    let from = usize::from(hash[19] & 0x0f);
    let four = [hash[from] & 0x7f, hash[from + 1], hash[from + 2], hash[from + 3]];
    format!("{:06}", u32::from_be_bytes(four) % 1_000_000)
}

/// The code at a time in UTC seconds.
pub fn code(secret: &[u8], now_s: u64) -> String {
    at_step(secret, now_s / STEP_S)
}

/// The step that a code belongs to, now or one step to either side; the caller keeps the last step
/// used, so that a code is good once.
pub fn verify(secret: &[u8], code: &str, now_s: u64) -> Option<u64> {
    let now = now_s / STEP_S;
    let near = [now, now.saturating_sub(1), now + 1];
    near.into_iter().find(|step| same(at_step(secret, *step).as_bytes(), code.as_bytes()))
}

/// The secret in base 32 (RFC 4648, no padding), as people type it into an app.
pub fn secret_text(secret: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in secret {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(ALPHABET[(bits >> held & 31) as usize]));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - held) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B, the last six of its eight digits.
    #[test]
    fn the_rfcs_own_vectors_hold() {
        let vectors = [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")];
        for (at, expected) in vectors {
            assert_eq!(code(SECRET, at), expected);
        }
    }

    #[test]
    fn a_code_is_accepted_one_step_early_or_late_and_names_its_step() {
        let at = 1_111_111_109;
        let code = code(SECRET, at);
        assert_eq!(verify(SECRET, &code, at), Some(at / 30));
        assert_eq!(verify(SECRET, &code, at + 30), Some(at / 30));
        assert_eq!(verify(SECRET, &code, at - 30), Some(at / 30));
        assert_eq!(verify(SECRET, &code, at + 90), None);
        assert_eq!(verify(SECRET, "", at), None);
    }

    #[test]
    fn the_secret_is_written_in_base_32() {
        assert_eq!(secret_text(SECRET), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(secret_text(b"fo"), "MZXQ");
    }
}
