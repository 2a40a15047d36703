//! Texts in columns of a database: SM4 (GB/T 32907) in the synthetic-IV mode of RFC 5297.
//!
//! The same text under the same key gives the same sealed text, so that a database finds and joins
//! by it and keeps it unique without the key. What a thief of the database learns is therefore which
//! rows hold equal texts and how long they are, and nothing else.

use aes_siv::KeyInit as _;
use aes_siv::siv::CmacSiv;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use zeroize::Zeroizing;

/// What each sealed text begins with; no text that a person types begins with it.
pub const MARK: char = '\u{1}';

/// The key of all sealed columns of one database.
pub struct ColumnCipher(Zeroizing<[u8; 32]>);

/// The text was sealed with another key, or was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed text cannot be opened with this key")]
pub struct Unopenable;

impl ColumnCipher {
    /// A cipher with this key: one half authenticates, the other encrypts.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// [`MARK`], then synthetic IV and ciphertext in base64.
    pub fn seal(&self, plain: &str) -> String {
        let nothing_beside: [&[u8]; 0] = [];
        let sealed = self.siv().encrypt(nothing_beside, plain.as_bytes());
        let sealed = sealed.expect("no more than 126 headers stand beside the text");
        let mut text = String::with_capacity(2 + sealed.len() * 4 / 3 + 1);
        text.push(MARK);
        BASE64.encode_string(&sealed, &mut text);
        text
    }

    /// The text within `sealed`.
    ///
    /// # Errors
    /// [`Unopenable`], also for a text without [`MARK`].
    pub fn open(&self, sealed: &str) -> Result<String, Unopenable> {
        let bytes = sealed.strip_prefix(MARK).and_then(|rest| BASE64.decode(rest).ok());
        let nothing_beside: [&[u8]; 0] = [];
        let plain = self.siv().decrypt(nothing_beside, &bytes.ok_or(Unopenable)?);
        String::from_utf8(plain.map_err(|_| Unopenable)?).map_err(|_| Unopenable)
    }

    fn siv(&self) -> CmacSiv<sm4::Sm4> {
        CmacSiv::new_from_slice(self.0.as_slice()).expect("two SM4 keys are 32 bytes")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_mode_is_that_of_rfc_5297() {
        // Appendix A.1 with its cipher, so that only the exchange of AES for SM4 is ours.
        let hex = |text: &str| -> Vec<u8> {
            let pair = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
            (0..text.len()).step_by(2).map(pair).collect()
        };
        let key = hex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
        let mut siv = aes_siv::siv::Aes128Siv::new_from_slice(&key).expect("a key");
        let beside = hex("101112131415161718191a1b1c1d1e1f2021222324252627");
        let sealed = siv.encrypt([&beside], &hex("112233445566778899aabbccddee")).expect("sealed");
        assert_eq!(sealed, hex("85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"));
    }

    #[test]
    fn equal_texts_are_found_by_their_sealed_form_and_only_with_this_key() {
        let (ours, theirs) = (ColumnCipher::new([1; 32]), ColumnCipher::new([2; 32]));
        assert_eq!(ours.seal("王小明"), ours.seal("王小明"));
        assert_ne!(ours.seal("王小明"), ours.seal("王小朋"));
        assert_ne!(ours.seal("王小明"), theirs.seal("王小明"));
        assert_eq!(theirs.open(&ours.seal("王小明")), Err(Unopenable));
        assert_eq!(ours.open("王小明"), Err(Unopenable));
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_and_what_was_bent_does_not(text in ".{0,40}", at: usize) {
            let cipher = ColumnCipher::new([7; 32]);
            let sealed = cipher.seal(&text);
            prop_assert_eq!(cipher.open(&sealed), Ok(text));
            let mut bytes = BASE64.decode(&sealed[1..]).expect("base64");
            let place = at % bytes.len();
            bytes[place] ^= 1;
            let bent = format!("{MARK}{}", BASE64.encode(bytes));
            prop_assert_eq!(cipher.open(&bent), Err(Unopenable));
        }

        #[test]
        fn nonsense_never_opens(text in "\u{1}?.{0,60}") {
            prop_assert_eq!(ColumnCipher::new([7; 32]).open(&text), Err(Unopenable));
        }
    }
}
