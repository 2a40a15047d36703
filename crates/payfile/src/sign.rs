//! Signatures of files and messages: SM2 with the signer id `yikatong-payfile` over a short text
//! that names the file, its length and its SM3.

use std::io::{self, Read};

use seal::sm2::{Signature, SignerId, SigningKey, VerifyingKey};
use sm3::Digest as _;

/// The role of keys that sign files and messages between platform and bank.
pub const SIGNER: SignerId = SignerId("yikatong-payfile");

/// First line of a signature file.
const MAGIC: &str = "YKT-PAYFILE-SIG 1";

/// Why a signature is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsigned {
    /// There is none, or it is none.
    #[error("there is no signature of the agreed form")]
    NoSignature,
    /// It is about another file or other content.
    #[error("the signature is about something else")]
    Other,
    /// The key did not make it.
    #[error("the signature does not hold")]
    False,
}

/// SM3 and length of what is read to its end.
///
/// # Errors
/// It cannot be read.
pub fn digest(mut input: impl Read) -> io::Result<([u8; 32], u64)> {
    let (mut hasher, mut buffer, mut length) = (sm3::Sm3::new(), vec![0; 64 * 1024], 0);
    loop {
        match input.read(&mut buffer) {
            Ok(0) => return Ok((hasher.finalize().into(), length)),
            Ok(n) => {
                hasher.update(&buffer[..n]);
                length += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The text that is signed.
fn text(name: &str, digest: &[u8; 32], length: u64) -> String {
    format!("{MAGIC}\nname: {name}\nlength: {length}\nsm3: {}\n", hex::encode(digest))
}

/// The signature file for a file: four lines that can be read, and one with r ‖ s in hex.
pub fn signature_file(key: &SigningKey, name: &str, digest: &[u8; 32], length: u64) -> String {
    let text = text(name, digest, length);
    let signature = key.sign(text.as_bytes());
    format!("{text}sm2: {}\n", hex::encode(signature))
}

/// Checks a signature file for a file of this name, digest and length.
///
/// # Errors
/// [`Unsigned`].
pub fn verify_file(
    keys: &[VerifyingKey],
    signature_file: &str,
    name: &str,
    digest: &[u8; 32],
    length: u64,
) -> Result<(), Unsigned> {
    let (head, last) = signature_file.split_once("sm2: ").ok_or(Unsigned::NoSignature)?;
    let signature = last.strip_suffix('\n').and_then(read).ok_or(Unsigned::NoSignature)?;
    if head != text(name, digest, length) {
        return Err(Unsigned::Other);
    }
    if keys.iter().any(|key| key.verifies(head.as_bytes(), &signature)) {
        Ok(())
    } else {
        Err(Unsigned::False)
    }
}

/// 64 bytes of lower-case hex.
pub(crate) fn read(hex: &str) -> Option<Signature> {
    let mut bytes = [0; 64];
    hex::decode_to_slice(hex, &mut bytes).ok()?;
    // One signature, one form.
    (hex::encode(bytes) == hex).then_some(bytes)
}

/// The text of a request or an answer over HTTP that is signed: what it is, to what it answers, and
/// what it says.
pub(crate) fn message(parts: &[&str], body: &[u8]) -> String {
    format!("YKT-PAYFILE-HTTP 1\n{}\n{}\n", parts.join("\n"), hex::encode(seal::sm3::sm3(body)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_secret(&[seed; 32], SIGNER).expect("a key")
    }

    #[test]
    fn a_signature_is_believed_for_its_file_alone() {
        let (key, other) = (key(3), key(4));
        let (sum, length) = digest(&b"content"[..]).expect("read");
        assert_eq!(sum, seal::sm3::sm3(b"content"));
        let signed = signature_file(&key, "a.txt", &sum, length);
        let keys = [other.verifying(), key.verifying()];
        assert_eq!(verify_file(&keys, &signed, "a.txt", &sum, length), Ok(()));
        assert_eq!(verify_file(&keys, &signed, "b.txt", &sum, length), Err(Unsigned::Other));
        assert_eq!(verify_file(&keys, &signed, "a.txt", &[0; 32], length), Err(Unsigned::Other));
        assert_eq!(verify_file(&keys[..1], &signed, "a.txt", &sum, length), Err(Unsigned::False));
        assert_eq!(verify_file(&keys, "", "a.txt", &sum, length), Err(Unsigned::NoSignature));
    }

    #[test]
    fn a_key_of_another_role_is_not_believed() {
        let journal = SigningKey::from_secret(&[3; 32], SignerId::JOURNAL).expect("a key");
        let signed = signature_file(&journal, "a.txt", &[1; 32], 5);
        let verified = verify_file(&[key(3).verifying()], &signed, "a.txt", &[1; 32], 5);
        assert_eq!(verified, Err(Unsigned::False));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bent_signature_holds_and_none_panics(
            place in any::<prop::sample::Index>(), byte in 0u8..128,
        ) {
            let key = key(9);
            let good = signature_file(&key, "a.txt", &[1; 32], 5);
            let mut bent = good.clone().into_bytes();
            let place = place.index(bent.len());
            bent[place] = byte;
            let bent = String::from_utf8(bent).expect("ASCII");
            let held = verify_file(&[key.verifying()], &bent, "a.txt", &[1; 32], 5).is_ok();
            prop_assert_eq!(held, bent == good);
        }
    }
}
