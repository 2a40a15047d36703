//! Signed heads of the journal, as text in the manner of C2SP checkpoints:
//!
//! ```text
//! <origin>
//! <size, decimal>
//! <root, base64>
//! time <UTC microseconds, decimal>
//! previous <size of the head before, decimal>
//!
//! — <origin> <SM2 signature over everything above the empty line, base64>
//! ```
//!
//! Heads from before the line `previous` was signed do without it, and hold as they are.

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
    /// Size of the head before, zero for the first; `None` in heads from before it was signed.
    pub previous: Option<u64>,
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
        let Self { origin, size, root, at, previous } = self;
        let previous = previous.map(|size| format!("previous {size}\n")).unwrap_or_default();
        format!("{origin}\n{size}\n{}\ntime {at}\n{previous}", STANDARD.encode(root))
    }

    /// The note with its signature.
    pub fn with_signature(&self, signature: &Signature) -> String {
        format!("{}\n— {} {}\n", self.signed_text(), self.origin, STANDARD.encode(signature))
    }

    /// Reads a note without checking its signature, for one that is the reader's own.
    pub fn read(note: &str) -> Option<Self> {
        Self::parse(note).map(|(head, _)| head)
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
        let previous = match lines.next()? {
            "" => None,
            line => {
                lines.next()?;
                Some(line.strip_prefix("previous ")?.parse().ok()?)
            }
        };
        let (_, signature) = lines.next()?.rsplit_once(' ')?;
        let signature = STANDARD.decode(signature).ok()?.try_into().ok()?;
        Some((Self { origin, size, root, at, previous }, signature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm2::{SignerId, SigningKey};
    use proptest::prelude::*;

    fn signed_after(previous: Option<u64>) -> (TreeHead, String, VerifyingKey) {
        let key = SigningKey::from_secret(&[5; 32], SignerId::JOURNAL).expect("a key");
        let head = TreeHead {
            origin: "500000.log".into(),
            size: 42,
            root: [7; 32],
            at: 1_772_294_400_000_000,
            previous,
        };
        let note = head.with_signature(&key.sign(head.signed_text().as_bytes()));
        (head, note, key.verifying())
    }

    fn signed() -> (TreeHead, String, VerifyingKey) {
        signed_after(Some(40))
    }

    #[test]
    fn a_signed_head_is_read_back_with_the_head_before_and_without() {
        for previous in [None, Some(0), Some(40)] {
            let (head, note, key) = signed_after(previous);
            assert_eq!(TreeHead::open(&note, &key), Ok(head));
        }
    }

    #[test]
    fn a_head_says_the_same_as_before_the_head_before_was_signed() {
        let (head, ..) = signed_after(None);
        let root = STANDARD.encode([7; 32]);
        assert_eq!(head.signed_text(), format!("500000.log\n42\n{root}\ntime 1772294400000000\n"));
        let (head, ..) = signed_after(Some(40));
        assert!(head.signed_text().ends_with("\ntime 1772294400000000\nprevious 40\n"));
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
