//! SM3 (GB/T 32905) and HMAC-SM3.

use hmac::{Hmac, KeyInit, Mac};
use sm3::Digest;

/// SM3 of `data`.
pub fn sm3(data: &[u8]) -> [u8; 32] {
    sm3::Sm3::digest(data).into()
}

/// A key for HMAC-SM3, prepared once.
#[derive(Clone)]
pub struct MacKey(Hmac<sm3::Sm3>);

impl std::fmt::Debug for MacKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MacKey(…)")
    }
}

impl MacKey {
    /// Prepares a key of any length.
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("HMAC takes keys of any length"))
    }

    /// HMAC-SM3 of `message`.
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// GB/T 32905 appendix A, examples 1 and 2.
    #[test]
    fn the_standards_own_examples_hold() {
        let abc = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";
        assert_eq!(hex(&sm3(b"abc")), abc);
        let long = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732";
        assert_eq!(hex(&sm3("abcd".repeat(16).as_bytes())), long);
    }

    /// RFC 2104 written out by hand, as an independent second way to the same value.
    #[test]
    fn hmac_is_the_two_nested_hashes_of_its_definition() {
        let (key, message) = (b"a key", b"a message");
        let pad = |with: u8| {
            let mut block = [with; 64];
            key.iter().zip(&mut block).for_each(|(k, b)| *b ^= k);
            block
        };
        let inner = sm3(&[&pad(0x36)[..], message].concat());
        let outer = sm3(&[&pad(0x5c)[..], &inner].concat());
        assert_eq!(MacKey::new(key).mac(message), outer);
    }
}
