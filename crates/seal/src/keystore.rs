//! The port to the keys of an installation: operations with named keys, never the keys themselves.
//!
//! A certified hardware module takes over by implementing [`KeyStore`]; [`SoftKeys`] keeps the
//! secrets in memory.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use aes_gcm::aead::{Aead, KeyInit, Nonce, Payload};
use aes_gcm::{AesGcm, aead::consts::U12};
use zeroize::Zeroizing;

use crate::envelope::{self, Envelope};
use crate::sm2::{Signature, SignerId, SigningKey, VerifyingKey};
use crate::sm3::MacKey;

/// Signs the heads of the journal (SM2).
pub const JOURNAL: &str = "journal";
/// Encrypts single fields at rest (SM4-GCM).
pub const FIELD: &str = "field";

/// Text that holds secrets; wiped when dropped.
pub type SecretText = Zeroizing<String>;

type Sm4Gcm = AesGcm<sm4::Sm4, U12>;

/// Why a key could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No key of this name.
    #[error("there is no key {0}")]
    Missing(String),
    /// The stored keys cannot be read.
    #[error("line {0} of the key file cannot be read")]
    Unreadable(usize),
    /// A new key could not be kept.
    #[error("the key could not be kept: {0}")]
    NotKept(String),
    /// What should be opened was not sealed with this key, or was changed.
    #[error("cannot be opened with this key")]
    Unopenable,
}

/// Operations with named keys.
pub trait KeyStore: Send + Sync {
    /// An SM2 signature by `key` in a role.
    ///
    /// # Errors
    /// [`KeyError::Missing`].
    fn sign(&self, key: &str, role: SignerId, message: &[u8]) -> Result<Signature, KeyError>;

    /// The public half of `key` in a role.
    ///
    /// # Errors
    /// [`KeyError::Missing`].
    fn public(&self, key: &str, role: SignerId) -> Result<VerifyingKey, KeyError>;

    /// HMAC-SM3 with `key`.
    ///
    /// # Errors
    /// [`KeyError::Missing`].
    fn mac(&self, key: &str, message: &[u8]) -> Result<[u8; 32], KeyError>;

    /// Encrypts with SM4-GCM: nonce ‖ ciphertext ‖ tag. A nonce must never come twice; 12 random
    /// bytes do. `context` must be the same when opening: it binds the text to its place.
    ///
    /// # Errors
    /// [`KeyError::Missing`].
    fn seal(
        &self,
        key: &str,
        nonce: &[u8; 12],
        context: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, KeyError>;

    /// Opens what [`KeyStore::seal`] made.
    ///
    /// # Errors
    /// [`KeyError::Unopenable`] when key, context or text is another.
    fn open(&self, key: &str, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError>;

    /// Opens an envelope that [`envelope::seal`] made for the public half of `key`.
    ///
    /// # Errors
    /// [`KeyError::Unopenable`] when key, context or envelope is another.
    fn open_envelope(
        &self,
        key: &str,
        context: &[u8],
        sealed: &Envelope,
    ) -> Result<Vec<u8>, KeyError>;

    /// Makes a key under a new name from 32 random bytes, and keeps it durably. A module that draws
    /// its own randomness leaves them aside. A key that is there stays as it is.
    ///
    /// # Errors
    /// [`KeyError::NotKept`].
    fn create(&self, key: &str, random: &[u8; 32]) -> Result<(), KeyError>;
}

#[derive(Clone)]
struct SoftKey {
    secret: Zeroizing<[u8; 32]>,
    mac: MacKey,
}

/// Keys in memory.
pub struct SoftKeys(RwLock<BTreeMap<String, SoftKey>>);

impl std::fmt::Debug for SoftKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

impl SoftKeys {
    /// Reads lines of a name and 64 hexadecimal digits, with a space between.
    ///
    /// # Errors
    /// [`KeyError::Unreadable`] names the line.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut keys = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let unreadable = KeyError::Unreadable(number);
            let (name, digits) = line.split_once(' ').ok_or(unreadable.clone())?;
            let secret = from_hex(digits).ok_or(unreadable)?;
            keys.insert(name.to_owned(), SoftKey { mac: MacKey::new(&*secret), secret });
        }
        Ok(Self(RwLock::new(keys)))
    }

    /// All keys as a key file.
    pub fn to_text(&self) -> SecretText {
        let mut text = SecretText::new(String::new());
        for (name, key) in self.read().iter() {
            push_line(&mut text, name, &key.secret);
        }
        text
    }

    /// Names of all keys.
    pub fn names(&self) -> Vec<String> {
        self.read().keys().cloned().collect()
    }

    /// Adds a key; one that is there stays as it is.
    pub fn add(&self, name: &str, secret: &[u8; 32]) {
        let secret = Zeroizing::new(*secret);
        let key = SoftKey { mac: MacKey::new(&*secret), secret };
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.entry(name.to_owned()).or_insert(key);
    }

    /// Adds all keys of another store that are not here.
    pub fn add_all(&self, others: &Self) {
        for (name, key) in others.read().iter() {
            self.add(name, &key.secret);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, SoftKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A key file with a fresh secret for each name, from 32 random bytes each.
    pub fn fresh_text(names: &[&str], mut random: impl FnMut() -> [u8; 32]) -> SecretText {
        let mut text = SecretText::new(String::new());
        for name in names {
            push_line(&mut text, name, &Zeroizing::new(random()));
        }
        text
    }

    fn key(&self, name: &str) -> Result<SoftKey, KeyError> {
        self.read().get(name).cloned().ok_or_else(|| KeyError::Missing(name.to_owned()))
    }

    fn signing(&self, name: &str, role: SignerId) -> Result<SigningKey, KeyError> {
        let secret = &self.key(name)?.secret;
        SigningKey::from_secret(secret, role).map_err(|_| KeyError::Missing(name.to_owned()))
    }

    fn cipher(&self, name: &str) -> Result<Sm4Gcm, KeyError> {
        // SM4 takes 16 bytes; the other half of the secret keeps sealing apart from MACs.
        let key = self.key(name)?;
        let (_, second) = key.secret.split_at(16);
        Sm4Gcm::new_from_slice(second).map_err(|_| KeyError::Missing(name.to_owned()))
    }
}

fn push_line(text: &mut SecretText, name: &str, secret: &[u8; 32]) {
    text.push_str(name);
    text.push(' ');
    for byte in secret {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\n');
}

fn from_hex(digits: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut secret = Zeroizing::new([0u8; 32]);
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    for (place, byte) in secret.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[place * 2..place * 2 + 2], 16).ok()?;
    }
    Some(secret)
}

impl KeyStore for SoftKeys {
    fn sign(&self, key: &str, role: SignerId, message: &[u8]) -> Result<Signature, KeyError> {
        Ok(self.signing(key, role)?.sign(message))
    }

    fn public(&self, key: &str, role: SignerId) -> Result<VerifyingKey, KeyError> {
        Ok(self.signing(key, role)?.verifying())
    }

    fn mac(&self, key: &str, message: &[u8]) -> Result<[u8; 32], KeyError> {
        let keys = self.read();
        let key = keys.get(key).ok_or_else(|| KeyError::Missing(key.to_owned()))?;
        Ok(key.mac.mac(message))
    }

    fn seal(
        &self,
        key: &str,
        nonce: &[u8; 12],
        context: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let payload = Payload { msg: plain, aad: context };
        let sealed = self.cipher(key)?.encrypt(&Nonce::<Sm4Gcm>::from(*nonce), payload);
        let sealed = sealed.map_err(|_| KeyError::Unopenable)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    fn open(&self, key: &str, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let (nonce, sealed) = sealed.split_first_chunk::<12>().ok_or(KeyError::Unopenable)?;
        let payload = Payload { msg: sealed, aad: context };
        let opened = self.cipher(key)?.decrypt(&Nonce::<Sm4Gcm>::from(*nonce), payload);
        opened.map_err(|_| KeyError::Unopenable)
    }

    fn open_envelope(
        &self,
        key: &str,
        context: &[u8],
        sealed: &Envelope,
    ) -> Result<Vec<u8>, KeyError> {
        let key = self.key(key)?;
        envelope::open(&key.secret, context, sealed).map_err(|_| KeyError::Unopenable)
    }

    fn create(&self, key: &str, random: &[u8; 32]) -> Result<(), KeyError> {
        self.add(key, random);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> SoftKeys {
        let mut next = 0;
        let text = SoftKeys::fresh_text(&[JOURNAL, FIELD, "other"], || {
            next += 1;
            [next; 32]
        });
        SoftKeys::parse(&text).expect("what was written is read")
    }

    #[test]
    fn an_envelope_opens_with_the_key_that_it_was_sealed_for() {
        let keys = keys();
        let role = SignerId("tests");
        let public = keys.public("other", role).expect("a key").to_bytes();
        let sealed = envelope::seal(&public, &[9; 32], b"case 1", b"scan").expect("sealed");
        assert_eq!(keys.open_envelope("other", b"case 1", &sealed).as_deref(), Ok(&b"scan"[..]));
        let unopenable = Err(KeyError::Unopenable);
        assert_eq!(keys.open_envelope("other", b"case 2", &sealed), unopenable);
        assert_eq!(keys.open_envelope(FIELD, b"case 1", &sealed), unopenable);
    }

    #[test]
    fn what_is_sealed_opens_only_with_its_key_and_in_its_place() {
        let keys = keys();
        let sealed = keys.seal(FIELD, &[1; 12], b"person 1", "秘密".as_bytes()).expect("sealed");
        assert_eq!(keys.open(FIELD, b"person 1", &sealed).as_deref(), Ok("秘密".as_bytes()));
        assert_eq!(keys.open(FIELD, b"person 2", &sealed), Err(KeyError::Unopenable));
        assert_eq!(keys.open("other", b"person 1", &sealed), Err(KeyError::Unopenable));
        for place in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[place] ^= 1;
            assert_eq!(keys.open(FIELD, b"person 1", &bent), Err(KeyError::Unopenable));
        }
        assert_eq!(keys.open(FIELD, b"", &sealed[..8]), Err(KeyError::Unopenable));
    }

    #[test]
    fn a_missing_key_and_a_bad_line_are_named() {
        assert_eq!(keys().mac("none", b""), Err(KeyError::Missing("none".to_owned())));
        let bad = SoftKeys::parse("journal 00\n").expect_err("too short");
        assert_eq!(bad, KeyError::Unreadable(1));
    }

    #[test]
    fn a_key_is_added_once_and_written_with_the_others() {
        let keys = keys();
        keys.create("late", &[9; 32]).expect("kept");
        keys.create("late", &[8; 32]).expect("stays");
        let again = SoftKeys::parse(&keys.to_text()).expect("what was written is read");
        assert_eq!(again.mac("late", b"x"), keys.mac("late", b"x"));
        assert_eq!(again.names(), ["field", "journal", "late", "other"]);
        let nine = SoftKeys::parse(&SoftKeys::fresh_text(&["late"], || [9; 32])).expect("one");
        assert_eq!(nine.mac("late", b"x"), keys.mac("late", b"x"), "the first one stays");
    }

    #[test]
    fn no_secret_is_printed() {
        assert_eq!(format!("{:?}", keys()), r#"["field", "journal", "other"]"#);
    }
}
