//! The keys of this installation, behind the port of `seal`.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use seal::head::{HeadError, TreeHead};
use seal::keystore::{FIELD, JOURNAL, KeyError, KeyStore, SecretText, SoftKeys};
use seal::sm2::SignerId;

use crate::platform::random;

/// Keys that a new installation makes for itself.
pub(crate) const NAMES: [&str; 4] = [JOURNAL, FIELD, "code-1", "digest"];

/// The key store with the few operations that the kernel needs; cheap to clone.
#[derive(Clone)]
pub struct Keys(Arc<dyn KeyStore>);

impl Keys {
    /// Any implementation of the port.
    pub fn new(store: impl KeyStore + 'static) -> Self {
        Self(Arc::new(store))
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
        SoftKeys::parse(&text).map(Self::new).map_err(std::io::Error::other)
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

    /// Encrypts a field; `context` binds it to its row.
    ///
    /// # Panics
    /// When the installation's field key is missing, which [`Keys::open_file`] rules out.
    pub fn seal_field(&self, plain: &[u8], context: &[u8]) -> Vec<u8> {
        let sealed = self.0.seal(FIELD, &random::<12>(), context, plain);
        sealed.expect("each installation has a field key")
    }

    /// Opens a field; `None` when key, row or text is another.
    pub fn open_field(&self, sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        self.0.open(FIELD, context, sealed).ok()
    }
}

fn make_file(path: &Path) -> std::io::Result<SecretText> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let text = SoftKeys::fresh_text(&NAMES, random::<32>);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(text)
}
