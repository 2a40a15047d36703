//! Signed heads of the journal, as text in the manner of C2SP checkpoints:
//!
//! ```text
//! <origin>
//! <size, decimal>
//! <root, base64>
//! time <UTC microseconds, decimal>
//!
//! — <origin> <SM2 signature over everything above the empty line, base64>
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::sm2::{Signature, VerifyingKey};

/// The state of a log at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeHead {
    /// Name of the log: one line without spaces at its ends.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// Root over all leaves.
    pub root: [u8; 32],
    /// When it was signed, UTC microseconds.
    pub at: i64,
}

/// Why a signed head does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Not in the one form that is written.
    #[error("not a signed head")]
    Form,
    /// Not signed by the key.
    #[error("the signature does not fit the key")]
    Signature,
}

impl TreeHead {
    /// What is signed.
    pub fn signed_text(&self) -> String {
        let Self { origin, size, root, at } = self;
        format!("{origin}\n{size}\n{}\ntime {at}\n", STANDARD.encode(root))
    }

    /// The note with its signature.
    pub fn with_signature(&self, signature: &Signature) -> String {
        format!("{}\n— {} {}\n", self.signed_text(), self.origin, STANDARD.encode(signature))
    }

    /// Reads a note and checks its signature. Only the exact form that is written is accepted.
    ///
    /// # Errors
    /// See [`HeadError`].
    pub fn open(note: &str, key: &VerifyingKey) -> Result<Self, HeadError> {
        let (head, signature) = Self::parse(note).ok_or(HeadError::Form)?;
        if head.with_signature(&signature) != note {
            return Err(HeadError::Form);
        }
        match key.verifies(head.signed_text().as_bytes(), &signature) {
            true => Ok(head),
            false => Err(HeadError::Signature),
        }
    }

    fn parse(note: &str) -> Option<(Self, Signature)> {
        let mut lines = note.lines();
        let origin = lines.next()?.to_owned();
        let size = lines.next()?.parse().ok()?;
        let root = STANDARD.decode(lines.next()?).ok()?.try_into().ok()?;
        let at = lines.next()?.strip_prefix("time ")?.parse().ok()?;
        let (_, signature) = lines.nth(1)?.rsplit_once(' ')?;
        let signature = STANDARD.decode(signature).ok()?.try_into().ok()?;
        Some((Self { origin, size, root, at }, signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm2::{SignerId, SigningKey};
    use proptest::prelude::*;

    fn signed() -> (TreeHead, String, VerifyingKey) {
        let key = SigningKey::from_secret(&[5; 32], SignerId::JOURNAL).expect("a key");
        let head = TreeHead {
            origin: "500000.log".into(),
            size: 42,
            root: [7; 32],
            at: 1_772_294_400_000_000,
        };
        let note = head.with_signature(&key.sign(head.signed_text().as_bytes()));
        (head, note, key.verifying())
    }

    #[test]
    fn a_signed_head_is_read_back() {
        let (head, note, key) = signed();
        assert_eq!(TreeHead::open(&note, &key), Ok(head));
    }

    proptest! {
        #[test]
        fn no_changed_character_goes_unseen(place in any::<prop::sample::Index>(), with in "[ -~]") {
            let (_, note, key) = signed();
            let mut letters: Vec<char> = note.chars().collect();
            let at = place.index(letters.len());
            let with = with.chars().next().expect("one character");
            prop_assume!(letters[at] != with);
            letters[at] = with;
            let bent: String = letters.into_iter().collect();
            prop_assert!(TreeHead::open(&bent, &key).is_err());
        }

        #[test]
        fn any_text_is_a_head_or_an_error(text in "(\\PC|\n){0,200}") {
            let (_, _, key) = signed();
            prop_assert!(TreeHead::open(&text, &key).is_err());
        }
    }
}
