//! The keys of this installation, behind the port of `seal`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use seal::column::ColumnCipher;
use seal::envelope::Envelope;
use seal::head::{HeadError, TreeHead};
use seal::keystore::{FIELD, JOURNAL, KeyError, KeyStore, SecretText, SoftKeys};
use seal::sm2::{Signature, SignerId, VerifyingKey};

use crate::platform::random;

/// Keys that a new installation makes for itself.
pub(crate) const NAMES: [&str; 4] = [JOURNAL, FIELD, "code-1", "digest"];

/// Generations of the field key that are ever told apart, the unused number 0 among them.
pub(crate) const MOST_GENERATIONS: usize = 32;

/// The key store with the few operations that the kernel needs; cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<dyn KeyStore>, Arc<AtomicUsize>);

/// Name of the field key of a generation.
fn field_name(generation: usize) -> String {
    match generation {
        0 | 1 => FIELD.to_owned(),
        _ => format!("{FIELD}-{generation}"),
    }
}

impl Keys {
    /// Any implementation of the port.
    pub fn new(store: impl KeyStore + 'static) -> Self {
        Self(Arc::new(store), Arc::new(AtomicUsize::new(1)))
    }

    /// Reads the key file, or makes one that only its owner can read.
    ///
    /// # Errors
    /// The file cannot be read, written or understood.
    pub fn open_file(path: &Path) -> std::io::Result<Self> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => SecretText::new(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => make_file(path)?,
            Err(error) => return Err(error),
        };
        let keys = SoftKeys::parse(&text).map_err(std::io::Error::other)?;
        Ok(Self::new(FileKeys { path: path.to_owned(), keys }))
    }

    /// The port itself, for capabilities that have keys of their own.
    pub fn store(&self) -> &dyn KeyStore {
        self.0.as_ref()
    }

    /// Signs a head of the journal.
    ///
    /// # Errors
    /// The key is missing.
    pub fn sign_head(&self, head: &TreeHead) -> Result<String, KeyError> {
        let text = head.signed_text();
        let signature = self.0.sign(JOURNAL, SignerId::JOURNAL, text.as_bytes())?;
        Ok(head.with_signature(&signature))
    }

    /// Reads a signed head and checks its signature.
    ///
    /// # Errors
    /// See [`HeadError`].
    pub fn open_head(&self, signed: &str) -> Result<TreeHead, HeadError> {
        let key = self.0.public(JOURNAL, SignerId::JOURNAL).map_err(|_| HeadError::Signature)?;
        TreeHead::open(signed, &key)
    }

    /// A digest that nobody makes without this installation's keys: what it stands for cannot be
    /// tried out.
    ///
    /// # Panics
    /// When the installation's digest key is missing, which [`Keys::open_file`] rules out.
    pub fn digest(&self, message: &[u8]) -> [u8; 32] {
        self.0.mac("digest", message).expect("each installation has a digest key")
    }

    /// The cipher of the [`sealed`](crate::db::sealed) columns, of a key made from the field key of
    /// that generation.
    ///
    /// # Errors
    /// There is no such key.
    pub fn column_cipher(&self, generation: usize) -> Result<ColumnCipher, KeyError> {
        self.0.mac(&field_name(generation), b"columns").map(ColumnCipher::new)
    }

    /// Makes the field key of a generation; one that is there stays.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn make_generation(&self, generation: usize) -> Result<(), KeyError> {
        self.0.create(&field_name(generation), &random::<32>())
    }

    /// Fields are sealed with the newest generation from now on.
    pub(crate) fn know_generation(&self, newest: usize) {
        self.1.fetch_max(newest, Ordering::Relaxed);
    }

    /// Encrypts a field; `context` binds it to its row.
    ///
    /// # Panics
    /// When the installation's field key is missing, which [`Keys::open_file`] rules out.
    pub fn seal_field(&self, plain: &[u8], context: &[u8]) -> Vec<u8> {
        let name = field_name(self.1.load(Ordering::Relaxed));
        let sealed = self.0.seal(&name, &random::<12>(), context, plain);
        sealed.expect("each installation has a field key")
    }

    /// Opens a field, whichever generation sealed it; `None` when key, row or text is another.
    pub fn open_field(&self, sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let newest = self.1.load(Ordering::Relaxed);
        // Another process may have begun with a newer one.
        let mut tried = (1..=newest).rev().chain([newest + 1]);
        tried.find_map(|generation| self.0.open(&field_name(generation), context, sealed).ok())
    }
}

/// Keys in memory and in a file that only its owner reads. A key that another process added to the
/// file is found when it is asked for.
struct FileKeys {
    path: PathBuf,
    keys: SoftKeys,
}

impl FileKeys {
    /// Tries again with the file's newest keys when a key is missing.
    fn with<T>(&self, work: impl Fn(&SoftKeys) -> Result<T, KeyError>) -> Result<T, KeyError> {
        match work(&self.keys) {
            Err(KeyError::Missing(name)) => {
                let text = std::fs::read_to_string(&self.path).map(SecretText::new);
                let others = text.ok().and_then(|text| SoftKeys::parse(&text).ok());
                self.keys.add_all(&others.ok_or(KeyError::Missing(name))?);
                work(&self.keys)
            }
            done => done,
        }
    }
}

impl KeyStore for FileKeys {
    fn sign(&self, key: &str, role: SignerId, message: &[u8]) -> Result<Signature, KeyError> {
        self.with(|keys| keys.sign(key, role, message))
    }

    fn public(&self, key: &str, role: SignerId) -> Result<VerifyingKey, KeyError> {
        self.with(|keys| keys.public(key, role))
    }

    fn mac(&self, key: &str, message: &[u8]) -> Result<[u8; 32], KeyError> {
        self.with(|keys| keys.mac(key, message))
    }

    fn seal(
        &self,
        key: &str,
        nonce: &[u8; 12],
        context: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        self.with(|keys| keys.seal(key, nonce, context, plain))
    }

    fn open(&self, key: &str, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.with(|keys| keys.open(key, context, sealed))
    }

    fn open_envelope(
        &self,
        key: &str,
        context: &[u8],
        sealed: &Envelope,
    ) -> Result<Vec<u8>, KeyError> {
        self.with(|keys| keys.open_envelope(key, context, sealed))
    }

    fn create(&self, key: &str, random: &[u8; 32]) -> Result<(), KeyError> {
        if self.with(|keys| keys.mac(key, b"")).is_ok() {
            return Ok(());
        }
        // On disk before it is used: what a lost key signed could not be told from a forgery.
        let next = SoftKeys::parse(&self.keys.to_text())?;
        next.add(key, random);
        let failed = |error: std::io::Error| KeyError::NotKept(error.to_string());
        let fresh = self.path.with_extension("new");
        let _ = std::fs::remove_file(&fresh);
        write_secret(&fresh, &next.to_text()).map_err(failed)?;
        std::fs::rename(&fresh, &self.path).map_err(failed)?;
        self.keys.add(key, random);
        Ok(())
    }
}

fn make_file(path: &Path) -> std::io::Result<SecretText> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let text = SoftKeys::fresh_text(&NAMES, random::<32>);
    write_secret(path, &text)?;
    Ok(text)
}

fn write_secret(path: &Path, text: &SecretText) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_one_process_adds_is_found_by_another_and_after_a_restart() {
        let folder = std::env::temp_dir().join(format!("keys_{}", hex::encode(random::<6>())));
        let path = folder.join("keys");
        let (one, other) = (Keys::open_file(&path).expect("made"), Keys::open_file(&path));
        let other = other.expect("read");
        assert!(other.store().mac("issuer-1", b"x").is_err());
        one.store().create("issuer-1", &[7; 32]).expect("kept");
        one.store().create("issuer-1", &[8; 32]).expect("stays");
        let mac = one.store().mac("issuer-1", b"x");
        assert_eq!(other.store().mac("issuer-1", b"x"), mac);
        let again = Keys::open_file(&path).expect("read");
        assert_eq!(again.store().mac("issuer-1", b"x"), mac);
        assert_eq!(again.store().mac(FIELD, b"x"), one.store().mac(FIELD, b"x"));
        std::fs::remove_dir_all(folder).expect("removed");
    }
}
