//! Bearer tokens: random, recognisable in a leak by their prefix, stored as digests only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

/// Scanners for leaked secrets can look for this.
const PREFIX: &str = "ykt_";

/// The token of 32 random bytes.
pub fn from_random(random: &[u8; 32]) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random))
}

/// What is stored and looked up instead of the token. A token has 256 bits of randomness, so a plain
/// hash is enough.
pub fn digest(token: &str) -> [u8; 32] {
    crate::sm3::sm3(token.as_bytes())
}

/// Compares two secrets in a time that does not depend on where they differ.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_different_randomness_differ_and_so_do_their_digests() {
        let (a, b) = (from_random(&[1; 32]), from_random(&[2; 32]));
        assert!(a.starts_with("ykt_") && a != b && digest(&a) != digest(&b));
    }

    #[test]
    fn secrets_are_the_same_only_when_all_bytes_are() {
        assert!(same(b"secret", b"secret"));
        assert!(!same(b"secret", b"secreT") && !same(b"secret", b"secre"));
    }
}
