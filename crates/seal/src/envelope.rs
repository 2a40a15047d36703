//! What only its recipient opens: a fresh SM4-GCM key for each text (GB/T 32907, RFC 8998), wrapped
//! with the recipient's SM2 public key (GB/T 32918.4, in the ASN.1 form of GB/T 35276, C1 C3 C2).

use aes_gcm::aead::{Aead, KeyInit, Nonce, Payload};
use aes_gcm::{AesGcm, aead::consts::U12};
use sm2::elliptic_curve::rand_core::{TryCryptoRng, TryRng};
use sm2::pke::{DecryptingKey, EncryptingKey};
use zeroize::Zeroizing;

use crate::sm2::BadKey;
use crate::sm3::MacKey;

type Sm4Gcm = AesGcm<sm4::Sm4, U12>;

/// A text for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The SM4 key under the recipient's SM2 key, DER.
    pub wrapped: Vec<u8>,
    /// Nonce of 12 bytes ‖ ciphertext ‖ tag of 16 bytes.
    pub body: Vec<u8>,
}

/// The envelope is for somebody else, was changed, or stands in another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the envelope cannot be opened with this key")]
pub struct Unopenable;

/// Seals `plain` for the holder of the secret to `recipient`, a point of SEC 1 form. `random` must
/// be 32 fresh random bytes of the operating system: key, nonce and the one-time point are drawn
/// from it. `context` must be the same when opening.
///
/// # Errors
/// [`BadKey`] when `recipient` is no point of the curve.
pub fn seal(
    recipient: &[u8],
    random: &[u8; 32],
    context: &[u8],
    plain: &[u8],
) -> Result<Envelope, BadKey> {
    let recipient = EncryptingKey::from_sec1_bytes(recipient).map_err(|_| BadKey)?;
    let mut stream = Stream { key: MacKey::new(random), next: 0 };
    let (mut key, mut nonce) = (Zeroizing::new([0u8; 16]), [0u8; 12]);
    stream.fill(&mut *key);
    stream.fill(&mut nonce);
    let wrapped = recipient.encrypt_der(&mut stream, &*key).map_err(|_| BadKey)?;
    let cipher = Sm4Gcm::new_from_slice(&*key).map_err(|_| BadKey)?;
    let sealed =
        cipher.encrypt(&Nonce::<Sm4Gcm>::from(nonce), Payload { msg: plain, aad: context });
    let sealed = sealed.map_err(|_| BadKey)?;
    Ok(Envelope { wrapped, body: [nonce.as_slice(), &sealed].concat() })
}

/// Opens an envelope with the recipient's secret of 32 bytes.
///
/// # Errors
/// [`Unopenable`].
pub fn open(secret: &[u8; 32], context: &[u8], sealed: &Envelope) -> Result<Vec<u8>, Unopenable> {
    let secret = DecryptingKey::from_slice(secret).map_err(|_| Unopenable)?;
    let key = Zeroizing::new(secret.decrypt_der(&sealed.wrapped).map_err(|_| Unopenable)?);
    let cipher = Sm4Gcm::new_from_slice(&key).map_err(|_| Unopenable)?;
    let (nonce, body) = sealed.body.split_first_chunk::<12>().ok_or(Unopenable)?;
    let payload = Payload { msg: body, aad: context };
    cipher.decrypt(&Nonce::<Sm4Gcm>::from(*nonce), payload).map_err(|_| Unopenable)
}

/// HMAC-SM3 in counter mode over the caller's randomness.
struct Stream {
    key: MacKey,
    next: u64,
}

impl Stream {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = self.key.mac(&self.next.to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
            self.next += 1;
        }
    }
}

impl TryRng for Stream {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Stream {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sm2::{SignerId, SigningKey};
    use std::fs;
    use std::path::Path;
    use std::process::{Command, Output};

    fn point(secret: &[u8; 32]) -> Vec<u8> {
        let key = SigningKey::from_secret(secret, SignerId::DEFAULT).expect("a key");
        key.verifying().to_bytes()
    }

    #[test]
    fn only_the_recipient_opens_and_only_what_was_sealed() {
        let (mine, other) = ([5; 32], [6; 32]);
        let sealed = seal(&point(&mine), &[1; 32], b"export 1", "名单".as_bytes()).expect("sealed");
        assert_eq!(open(&mine, b"export 1", &sealed).as_deref(), Ok("名单".as_bytes()));
        assert_eq!(open(&other, b"export 1", &sealed), Err(Unopenable));
        assert_eq!(open(&mine, b"export 2", &sealed), Err(Unopenable));
        for place in 0..sealed.body.len() {
            let mut bent = sealed.clone();
            bent.body[place] ^= 1;
            assert_eq!(open(&mine, b"export 1", &bent), Err(Unopenable));
        }
        let mut cut = sealed.clone();
        cut.wrapped.truncate(20);
        assert_eq!(open(&mine, b"export 1", &cut), Err(Unopenable));
        let again = seal(&point(&mine), &[2; 32], b"export 1", "名单".as_bytes()).expect("sealed");
        assert_ne!(again.body, sealed.body, "other randomness, other key");
        assert_eq!(seal(&[4; 65], &[1; 32], b"", b""), Err(BadKey));
    }

    /// RFC 8998, appendix A.1.
    #[test]
    fn sm4_gcm_is_that_of_the_published_example() {
        let bytes = |hex: &str| -> Vec<u8> {
            let pair = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
            (0..hex.len()).step_by(2).map(pair).collect()
        };
        let key = bytes("0123456789abcdeffedcba9876543210");
        let nonce: [u8; 12] = bytes("00001234567800000000abcd").try_into().expect("12 bytes");
        let aad = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain: Vec<u8> = [0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0xee, 0xaa]
            .iter()
            .flat_map(|byte| [*byte; 8])
            .collect();
        let cipher = Sm4Gcm::new_from_slice(&key).expect("a key");
        let payload = Payload { msg: &plain, aad: &aad };
        let sealed = cipher.encrypt(&Nonce::<Sm4Gcm>::from(nonce), payload).expect("sealed");
        assert_eq!(sealed[64..], bytes("83de3541e4c2b58177e065a9bf7b62ec"));
    }

    fn openssl(folder: &Path, arguments: &str) -> Output {
        let run = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output();
        run.expect("the openssl command line is needed for this test")
    }

    #[test]
    fn openssl_unwraps_our_key_and_we_unwrap_openssls() {
        let folder = std::env::temp_dir().join(format!("yikatong-env-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        assert!(openssl(&folder, "genpkey -algorithm SM2 -out their.pem").status.success());
        let public = openssl(&folder, "pkey -in their.pem -pubout -outform DER").stdout;
        let secret = openssl(&folder, "ec -in their.pem -outform DER").stdout;
        let secret: [u8; 32] = secret[7..39].try_into().expect("the secret of RFC 5915");
        let sealed = seal(&public[public.len() - 65..], &[3; 32], b"c", b"text").expect("sealed");
        assert_eq!(open(&secret, b"c", &sealed).as_deref(), Ok(b"text".as_slice()));
        fs::write(folder.join("key.der"), &sealed.wrapped).expect("written");
        let key = openssl(&folder, "pkeyutl -decrypt -inkey their.pem -in key.der").stdout;
        let cipher = Sm4Gcm::new_from_slice(&key).expect("16 bytes");
        let nonce: [u8; 12] = sealed.body[..12].try_into().expect("12 bytes");
        let payload = Payload { msg: &sealed.body[12..], aad: b"c" };
        let opened = cipher.decrypt(&Nonce::<Sm4Gcm>::from(nonce), payload);
        assert_eq!(opened.expect("the key is the same"), b"text");
        fs::write(folder.join("plain"), &key).expect("written");
        let theirs = openssl(&folder, "pkeyutl -encrypt -inkey their.pem -in plain").stdout;
        let theirs = Envelope { wrapped: theirs, body: sealed.body };
        assert_eq!(open(&secret, b"c", &theirs).as_deref(), Ok(b"text".as_slice()));
        fs::remove_dir_all(folder).expect("removed");
    }
}
