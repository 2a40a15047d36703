//! What stands around a signed head: named public keys, and co-signatures of witnesses, in the manner
//! of C2SP signed-note and tlog-cosignature, with SM2 and SM3 (a private profile).
//!
//! ```text
//! key         <name>+<key id, 8 hex digits>+<base64(0xff ‖ signer id ‖ compressed point)>
//! key id      first 4 bytes of SM3(name ‖ 0x0a ‖ 0xff ‖ signer id ‖ point)
//! co-signed   cosignature/v1 ⏎ time <UTC seconds> ⏎ <signed text of the head>
//! line        — <witness> <base64(key id ‖ time, 8 bytes big endian ‖ signature, 64 bytes)>
//! checkpoint  the signed head, then a line for each co-signature
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::head::TreeHead;
use crate::sm2::{BadKey, Signature, VerifyingKey};
use crate::sm3::sm3;

/// A public key with the name of its log or witness.
#[derive(Clone, Debug)]
pub struct NamedKey {
    /// Origin of the log, or name of the witness.
    pub name: String,
    /// The key in its role.
    pub key: VerifyingKey,
}

/// The kind of signature that C2SP leaves to whoever needs one of his own.
const OWN_KIND: u8 = 0xff;

impl NamedKey {
    /// First bytes of a digest over name and key: tells keys of one name apart.
    pub fn id(&self) -> [u8; 4] {
        let digest = sm3(&[self.name.as_bytes(), b"\n", &self.body()].concat());
        [digest[0], digest[1], digest[2], digest[3]]
    }

    fn body(&self) -> Vec<u8> {
        [&[OWN_KIND], self.key.role().as_bytes(), self.key.to_compressed().as_slice()].concat()
    }

    /// The key as one line without its end.
    pub fn to_text(&self) -> String {
        let id: String = self.id().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}+{id}+{}", self.name, STANDARD.encode(self.body()))
    }

    /// Reads [`NamedKey::to_text`].
    ///
    /// # Errors
    /// [`BadKey`] for any other text.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(body)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(BadKey);
        };
        let body = STANDARD.decode(body).map_err(|_| BadKey)?;
        let (signer, point) = body.split_last_chunk::<33>().ok_or(BadKey)?;
        let signer = signer.strip_prefix(&[OWN_KIND]).ok_or(BadKey)?;
        let signer = std::str::from_utf8(signer).map_err(|_| BadKey)?;
        let key = VerifyingKey::of_signer(point, signer)?;
        let read = Self { name: name.to_owned(), key };
        if is_name(name) && read.to_text() == text { Ok(read) } else { Err(BadKey) }
    }
}

/// Whether a text can name a log or a witness: not empty, no blanks, no plus.
pub fn is_name(name: &str) -> bool {
    let plain = |letter: char| !letter.is_whitespace() && !letter.is_control() && letter != '+';
    !name.is_empty() && name.len() <= 200 && name.chars().all(plain)
}

/// A witness's signature that a head grew out of the one that it saw before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Name of the witness.
    pub witness: String,
    /// Id of its key.
    pub key_id: [u8; 4],
    /// When it saw the head, UTC seconds.
    pub at_s: u64,
    /// SM2 over [`cosigned_text`].
    pub signature: Signature,
}

/// What a witness signs.
pub fn cosigned_text(head: &TreeHead, at_s: u64) -> String {
    format!("cosignature/v1\ntime {at_s}\n{}", head.signed_text())
}

impl Cosignature {
    /// The line without its end.
    pub fn line(&self) -> String {
        let body = [&self.key_id[..], &self.at_s.to_be_bytes(), &self.signature].concat();
        format!("— {} {}", self.witness, STANDARD.encode(body))
    }

    /// Reads [`Cosignature::line`].
    pub fn parse(line: &str) -> Option<Self> {
        let (witness, body) = line.strip_prefix("— ")?.split_once(' ')?;
        let body: [u8; 76] = STANDARD.decode(body).ok()?.try_into().ok()?;
        let (key_id, rest) = body.split_first_chunk::<4>()?;
        let (at_s, signature) = rest.split_first_chunk::<8>()?;
        let signature = signature.try_into().ok()?;
        let at_s = u64::from_be_bytes(*at_s);
        let read = Self { witness: witness.to_owned(), key_id: *key_id, at_s, signature };
        (read.line() == line).then_some(read)
    }

    /// Whether this witness signed this head.
    pub fn holds(&self, head: &TreeHead, witness: &NamedKey) -> bool {
        self.witness == witness.name
            && self.key_id == witness.id()
            && witness.key.verifies(cosigned_text(head, self.at_s).as_bytes(), &self.signature)
    }
}

/// A signed head with its co-signatures in one text.
pub fn checkpoint<'a>(signed: &str, lines: impl IntoIterator<Item = &'a str>) -> String {
    lines.into_iter().fold(signed.to_owned(), |text, line| text + line + "\n")
}

/// Takes a checkpoint apart: the head as the log signed it, and the lines of others.
pub fn open_checkpoint(text: &str) -> Option<(String, Vec<&str>)> {
    let (signed, lines) = text.split_once("\n\n")?;
    let (own, others) = lines.split_once('\n')?;
    let others = others.split_terminator('\n').collect();
    Some((format!("{signed}\n\n{own}\n"), others))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sm2::{SignerId, SigningKey};

    fn witness(secret: u8, name: &str) -> (SigningKey, NamedKey) {
        let key = SigningKey::from_secret(&[secret; 32], SignerId::WITNESS).expect("a key");
        let named = NamedKey { name: name.to_owned(), key: key.verifying() };
        (key, named)
    }

    fn head() -> TreeHead {
        let origin = "yikatong/500000/journal".to_owned();
        TreeHead { origin, size: 42, root: [7; 32], at: 1_772_294_400_000_000, previous: Some(40) }
    }

    fn cosigned() -> (Cosignature, NamedKey) {
        let (key, named) = witness(3, "yikatong/510000/witness");
        let signature = key.sign(cosigned_text(&head(), 9).as_bytes());
        let witness = named.name.clone();
        (Cosignature { witness, key_id: named.id(), at_s: 9, signature }, named)
    }

    #[test]
    fn a_named_key_is_read_back_with_its_role() {
        let (key, named) = witness(3, "yikatong/510000/witness");
        let read = NamedKey::parse(&named.to_text()).expect("what was written is read");
        assert_eq!((read.name.as_str(), read.id()), ("yikatong/510000/witness", named.id()));
        assert!(read.key.verifies(b"x", &key.sign(b"x")));
        let (_, other) = witness(4, "yikatong/510000/witness");
        assert_ne!(other.id(), named.id());
    }

    #[test]
    fn a_cosignature_holds_for_its_head_and_its_witness_only() {
        let (cosignature, named) = cosigned();
        assert!(cosignature.holds(&head(), &named));
        assert!(!cosignature.holds(&TreeHead { size: 43, ..head() }, &named));
        assert!(!cosignature.holds(&TreeHead { previous: Some(41), ..head() }, &named));
        assert!(!cosignature.holds(&head(), &witness(4, "yikatong/510000/witness").1));
        assert!(!Cosignature { at_s: 10, ..cosignature }.holds(&head(), &named));
    }

    #[test]
    fn a_checkpoint_is_taken_apart_into_the_head_and_the_lines_of_witnesses() {
        let (cosignature, _) = cosigned();
        let signed = head().with_signature(&[1; 64]);
        let line = cosignature.line();
        let text = checkpoint(&signed, [line.as_str(), "— other AAAA"]);
        let (head, lines) = open_checkpoint(&text).expect("a checkpoint");
        assert_eq!((head.as_str(), lines), (signed.as_str(), vec![line.as_str(), "— other AAAA"]));
        assert_eq!(open_checkpoint(&signed), Some((signed.clone(), vec![])));
        assert_eq!(Cosignature::parse(&line), Some(cosignature));
    }

    proptest! {
        #[test]
        fn no_changed_character_of_a_cosignature_or_a_key_goes_unseen(
            place in any::<prop::sample::Index>(), with in "[ -~]",
        ) {
            let (cosignature, named) = cosigned();
            let bend = |text: &str| {
                let mut letters: Vec<char> = text.chars().collect();
                let at = place.index(letters.len());
                let with = with.chars().next().expect("one character");
                (letters[at] != with).then(|| { letters[at] = with; letters.into_iter().collect::<String>() })
            };
            if let Some(line) = bend(&cosignature.line()) {
                let read = Cosignature::parse(&line);
                prop_assert!(!read.is_some_and(|read| read.holds(&head(), &named)));
            }
            if let Some(text) = bend(&named.to_text()) {
                prop_assert!(NamedKey::parse(&text).is_err());
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(\\PC|\n|\\+|— ){0,120}") {
            let _ = (NamedKey::parse(&text).is_ok(), Cosignature::parse(&text), open_checkpoint(&text));
        }
    }
}
