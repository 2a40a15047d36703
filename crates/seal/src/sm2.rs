//! SM2 signatures (GB/T 32918.2) with a signer id for each role, so that a signature made in one role
//! is worth nothing in another.
//!
//! The crate `sm2` signs with a nonce derived from key and message (RFC 6979), in constant time;
//! interoperation with OpenSSL is checked in both directions.

use sm2::dsa;
use sm2::dsa::signature::{Signer, Verifier};
use sm2::elliptic_curve::sec1::ToSec1Point;
use zeroize::Zeroizing;

/// In which role a key signs: the distinguishing identifier of GB/T 32918.2, 5.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignerId(pub &'static str);

impl SignerId {
    /// Heads of the journal.
    pub const JOURNAL: Self = Self("yikatong journal");
    /// A witness of journals: signs the heads that it found consistent.
    pub const WITNESS: Self = Self("yikatong witness");
    /// The offline root of the card code CQ1: signs lists of issuer keys.
    pub const CQ1_ROOT: Self = Self("yikatong-cq1-root");
    /// An issuer of the card code CQ1: signs holders' credentials.
    pub const CQ1_ISSUER: Self = Self("yikatong-cq1-issuer");
    /// A holder: signs the codes that are displayed.
    pub const CQ1_HOLDER: Self = Self("yikatong-cq1-holder");
    /// The one-time key of an emergency book: signs its codes and is destroyed.
    pub const CQ1_EMERGENCY: Self = Self("yikatong-cq1-emergency");
    /// Signs status lists and their deltas.
    pub const CQ1_STATUS: Self = Self("yikatong-cq1-status");
    /// A terminal proves that it is the one that was enrolled.
    pub const TERMINAL: Self = Self("yikatong-terminal");
    /// Changes that are pushed to a department under an agreement.
    pub const SHARE_PUSH: Self = Self("yikatong-share-push");
    /// The identifier that programs assume when none is agreed.
    pub const DEFAULT: Self = Self("1234567812345678");
}

/// A secret key in one role.
pub struct SigningKey(dsa::SigningKey);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// A public key in one role.
#[derive(Clone, Debug)]
pub struct VerifyingKey(dsa::VerifyingKey);

/// r ‖ s, 64 bytes.
pub type Signature = [u8; 64];

/// The bytes are no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an SM2 key")]
pub struct BadKey;

impl SigningKey {
    /// Takes a secret of 32 bytes, big endian.
    ///
    /// # Errors
    /// [`BadKey`] for zero and for numbers above the group's order.
    pub fn from_secret(secret: &[u8; 32], role: SignerId) -> Result<Self, BadKey> {
        dsa::SigningKey::from_slice(role.0, secret).map(Self).map_err(|_| BadKey)
    }

    /// The secret, wiped when dropped.
    pub fn secret(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes().into())
    }

    /// Signs SM3(Z ‖ message).
    pub fn sign(&self, message: &[u8]) -> Signature {
        self.0.sign(message).to_bytes().into()
    }

    /// The key that verifies.
    pub fn verifying(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key().clone())
    }
}

impl VerifyingKey {
    /// Reads a point in SEC 1 form: 33 bytes compressed or 65 uncompressed.
    ///
    /// # Errors
    /// [`BadKey`] when it is no point of the curve.
    pub fn from_bytes(bytes: &[u8], role: SignerId) -> Result<Self, BadKey> {
        dsa::VerifyingKey::from_sec1_bytes(role.0, bytes).map(Self).map_err(|_| BadKey)
    }

    /// Like [`VerifyingKey::from_bytes`] for an identifier that is data: a foreign issuer signs in a
    /// role of its own naming.
    ///
    /// # Errors
    /// [`BadKey`] when it is no point of the curve.
    pub fn of_signer(bytes: &[u8], signer: &str) -> Result<Self, BadKey> {
        dsa::VerifyingKey::from_sec1_bytes(signer, bytes).map(Self).map_err(|_| BadKey)
    }

    /// The compressed point, 33 bytes.
    pub fn to_compressed(&self) -> [u8; 33] {
        let point = self.0.to_sec1_point(true);
        point.as_bytes().try_into().expect("a compressed point has 33 bytes")
    }

    /// The uncompressed point, 65 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_sec1_bytes().into()
    }

    pub(crate) fn role(&self) -> &str {
        self.0.distid()
    }

    pub(crate) fn point(&self) -> sm2::AffinePoint {
        *self.0.as_affine()
    }

    /// Whether the signature was made by this key, in its role, over this message.
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        dsa::Signature::from_bytes(signature.into())
            .is_ok_and(|s| self.0.verify(message, &s).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_secret(&[seed; 32], SignerId::DEFAULT).expect("a key")
    }

    fn folder() -> PathBuf {
        let name = format!("yikatong-sm2-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a temporary folder");
        folder
    }

    fn openssl(folder: &Path, arguments: &str) -> bool {
        let run = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
        let run = run.expect("the openssl command line is needed for this test");
        run.status.success()
    }

    /// SubjectPublicKeyInfo of an SM2 key: a fixed header, then the point.
    fn spki(key: &VerifyingKey) -> Vec<u8> {
        let mut der =
            vec![0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
        der.extend([0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d, 0x03, 0x42, 0x00]);
        der.extend(key.to_bytes());
        der
    }

    fn der(signature: &Signature) -> Vec<u8> {
        let number = |half: &[u8]| {
            let digits: Vec<u8> = half.iter().copied().skip_while(|b| *b == 0).collect();
            let pad = digits.first().is_none_or(|b| b & 0x80 != 0);
            let body: Vec<u8> = pad.then_some(0).into_iter().chain(digits).collect();
            [vec![0x02, body.len() as u8], body].concat()
        };
        let body = [number(&signature[..32]), number(&signature[32..])].concat();
        [vec![0x30, body.len() as u8], body].concat()
    }

    fn from_der(der: &[u8]) -> Signature {
        let mut signature = [0u8; 64];
        let mut rest = &der[2..];
        for half in signature.chunks_mut(32) {
            let length = usize::from(rest[1]);
            let digits: Vec<u8> =
                rest[2..2 + length].iter().copied().skip_while(|b| *b == 0).collect();
            half[32 - digits.len()..].copy_from_slice(&digits);
            rest = &rest[2 + length..];
        }
        signature
    }

    const BY_OPENSSL: &str = "-rawin -digest sm3 -pkeyopt distid:1234567812345678";

    #[test]
    fn openssl_accepts_our_signatures_and_no_bent_ones() {
        let (folder, key) = (folder(), key(7));
        let message = "一卡通 one card".as_bytes();
        fs::write(folder.join("our.der"), spki(&key.verifying())).expect("written");
        fs::write(folder.join("our.msg"), message).expect("written");
        assert!(openssl(&folder, "pkey -pubin -inform DER -in our.der -out our.pem"));
        let verify = format!(
            "pkeyutl -verify -pubin -inkey our.pem -in our.msg -sigfile our.sig {BY_OPENSSL}"
        );
        let mut signature = key.sign(message);
        fs::write(folder.join("our.sig"), der(&signature)).expect("written");
        assert!(openssl(&folder, &verify));
        signature[40] ^= 1;
        fs::write(folder.join("our.sig"), der(&signature)).expect("written");
        assert!(!openssl(&folder, &verify));
    }

    #[test]
    fn we_accept_openssls_signatures() {
        let folder = folder();
        fs::write(folder.join("their.msg"), b"from the other side").expect("written");
        assert!(openssl(&folder, "genpkey -algorithm SM2 -out their.pem"));
        assert!(openssl(&folder, "pkey -in their.pem -pubout -outform DER -out their.der"));
        let sign =
            format!("pkeyutl -sign -inkey their.pem -in their.msg -out their.sig {BY_OPENSSL}");
        assert!(openssl(&folder, &sign));
        let public = fs::read(folder.join("their.der")).expect("their public key");
        let point = &public[public.len() - 65..];
        let signature = from_der(&fs::read(folder.join("their.sig")).expect("their signature"));
        let key = VerifyingKey::from_bytes(point, SignerId::DEFAULT).expect("a point");
        assert!(key.verifies(b"from the other side", &signature));
        assert!(!key.verifies(b"from somebody else", &signature));
    }

    #[test]
    fn a_signature_of_one_role_is_worth_nothing_in_another() {
        let journal = SigningKey::from_secret(&[9; 32], SignerId::JOURNAL).expect("a key");
        let signature = journal.sign(b"head");
        assert!(journal.verifying().verifies(b"head", &signature));
        let point = journal.verifying().to_bytes();
        let other = VerifyingKey::from_bytes(&point, SignerId::DEFAULT).expect("the same point");
        assert!(!other.verifies(b"head", &signature));
    }

    #[test]
    fn no_secret_is_printed_and_no_false_key_is_taken() {
        assert_eq!(format!("{:?}", key(3)), "SigningKey(…)");
        assert!(SigningKey::from_secret(&[0; 32], SignerId::DEFAULT).is_err());
        assert!(SigningKey::from_secret(&[255; 32], SignerId::DEFAULT).is_err());
        assert!(VerifyingKey::from_bytes(&[4; 65], SignerId::DEFAULT).is_err());
    }
}
