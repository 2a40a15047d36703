//! Files of the terminal at rest: encrypted and authenticated with SM4-GCM, replaced as a whole.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use seal::keystore::{KeyStore as _, SoftKeys};
use zeroize::Zeroizing;

const KEY: &str = "store";
/// Opens only with the right key: tells a wrong passphrase from a changed file.
const CHECK: &str = "check";

/// Why the terminal's own files cannot be used. None of them lets a card pass.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk says no.
    #[error("{path}: {1}", path = .0.display())]
    Io(PathBuf, std::io::Error),
    /// A file was changed, exchanged or removed behind the program's back.
    #[error("终端的本地数据被改动 / the terminal's data was tampered with: {0}")]
    Tampered(&'static str),
    /// Another program works in this folder.
    #[error("已有终端程序使用该目录 / another terminal program uses this folder")]
    InUse,
    /// Not the key or the passphrase with which the folder was made.
    #[error("口令或密钥不对 / a wrong passphrase or key")]
    Key,
    /// The folder is not that of an enrolled terminal.
    #[error("终端尚未登记 / the terminal is not enrolled")]
    NotEnrolled,
    /// A write failed earlier; nothing more is written before a restart.
    #[error("日志写入失败，请重新启动 / the journal cannot be written, start again")]
    Broken,
    /// So many uses wait that no more are taken.
    #[error("待上传记录已满 / too many uses wait for upload")]
    Full,
}

/// What opens the files of a folder: a key file (mode 0600) beside them, or a passphrase.
pub struct Vault {
    folder: PathBuf,
    keys: SoftKeys,
    _lock: File,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Vault").field(&self.folder).finish()
    }
}

impl Vault {
    /// Opens a folder, or makes it (mode 0700). With a passphrase the key is derived by Argon2id from it
    /// and the salt in the folder; without, the key lies in the file `key`.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Key`] or [`StoreError::Io`].
    pub fn open(folder: &Path, passphrase: Option<&str>) -> Result<Self, StoreError> {
        let words = |error| StoreError::Io(folder.to_owned(), error);
        std::fs::create_dir_all(folder).map_err(words)?;
        std::fs::set_permissions(folder, Permissions::from_mode(0o700)).map_err(words)?;
        let lock = private().create(true).truncate(false).open(folder.join("lock"));
        let lock = lock.map_err(words)?;
        lock.try_lock().map_err(|_| StoreError::InUse)?;
        let secret = match passphrase {
            Some(passphrase) => derived(passphrase, &kept(folder, "salt", 16)?)?,
            None => kept(folder, "key", 32)?,
        };
        let line = Zeroizing::new(format!("{KEY} {}\n", hex::encode(&*secret)));
        let keys = SoftKeys::parse(&line).map_err(|_| StoreError::Key)?;
        let vault = Self { folder: folder.to_owned(), keys, _lock: lock };
        match vault.read(CHECK) {
            Ok(Some(_)) => Ok(vault),
            Ok(None) if is_new(folder)? => vault.write(CHECK, b"").map(|()| vault),
            _ => Err(StoreError::Key),
        }
    }

    /// The path of a file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Seals with a fresh random nonce; `context` binds the text to its place.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the system gives no randomness.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce = random::<12>().map_err(|error| self.io("random", error))?;
        self.keys.seal(KEY, &nonce, context, plain).map_err(|_| StoreError::Key)
    }

    /// Opens what [`Vault::seal`] made; `None` when it is not that.
    pub fn unseal(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        self.keys.open(KEY, context, sealed).ok()
    }

    /// The content of a file; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] or [`StoreError::Io`].
    pub fn read(&self, name: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        let sealed = match std::fs::read(self.path(name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            sealed => sealed.map_err(|error| self.io(name, error))?,
        };
        let plain = self.unseal(name.as_bytes(), &sealed).ok_or(StoreError::Tampered(name))?;
        Ok(Some(plain))
    }

    /// Replaces a file: after a crash it is the old or the new one, whole.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the old file stays.
    pub fn write(&self, name: &str, plain: &[u8]) -> Result<(), StoreError> {
        let sealed = self.seal(name.as_bytes(), plain)?;
        replace(&self.folder, name, &sealed).map_err(|error| self.io(name, error))
    }

    pub(crate) fn io(&self, name: &str, error: std::io::Error) -> StoreError {
        StoreError::Io(self.path(name), error)
    }
}

/// Options for files that only this user reads.
pub(crate) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// Writes beside, then renames: both the file and its name are on disk before this returns.
pub(crate) fn replace(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let beside = folder.join(format!("{name}.new"));
    let mut file = private().create(true).truncate(true).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, folder.join(name))?;
    File::open(folder)?.sync_all()
}

/// Random bytes that are drawn once and kept in the folder.
fn kept(folder: &Path, name: &str, length: u64) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let path = folder.join(name);
    let words = |error| StoreError::Io(path.clone(), error);
    let mut bytes = Zeroizing::new(Vec::new());
    match File::open(&path) {
        Ok(file) => {
            file.take(length + 1).read_to_end(&mut bytes).map_err(words)?;
        }
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(words(error)),
        // A folder with data and without its key was made in the other way, or lost its key.
        Err(_) if !is_new(folder)? => return Err(StoreError::Key),
        Err(_) => {
            let drawn = Zeroizing::new(random::<32>().map_err(words)?);
            bytes.extend(drawn.iter().take(length as usize));
            replace(folder, name, &bytes).map_err(words)?;
        }
    }
    match bytes.len() as u64 == length {
        true => Ok(bytes),
        false => Err(StoreError::Key),
    }
}

fn is_new(folder: &Path) -> Result<bool, StoreError> {
    let words = |error| StoreError::Io(folder.to_owned(), error);
    for file in std::fs::read_dir(folder).map_err(words)? {
        let name = file.map_err(words)?.file_name();
        let own = ["lock", "key", "salt", "key.new", "salt.new", "check.new"];
        if !own.iter().any(|own| name == *own) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn derived(passphrase: &str, salt: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    let mut key = Zeroizing::new(vec![0; 32]);
    let derived =
        argon2::Argon2::default().hash_password_into(passphrase.as_bytes(), salt, &mut key);
    derived.map(|()| key).map_err(|_| StoreError::Key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    #[test]
    fn what_was_written_is_read_and_only_with_the_same_key() {
        let folder = Folder::new();
        let vault = Vault::open(folder.path(), None).expect("made");
        vault.write("items", "秘密".as_bytes()).expect("written");
        let on_disk = std::fs::read(folder.path().join("items")).expect("a file");
        assert!(!on_disk.windows(6).any(|part| part == "秘密".as_bytes()));
        drop(vault);
        let vault = Vault::open(folder.path(), None).expect("opened");
        assert_eq!(vault.read("items").expect("read").as_deref(), Some("秘密".as_bytes()));
        drop(vault);
        std::fs::write(folder.path().join("key"), [7; 32]).expect("another key");
        assert!(matches!(Vault::open(folder.path(), None), Err(StoreError::Key)));
    }

    #[test]
    fn a_passphrase_opens_and_another_does_not() {
        let folder = Folder::new();
        drop(Vault::open(folder.path(), Some("渝快办 7")).expect("made"));
        assert!(matches!(Vault::open(folder.path(), Some("渝快办 8")), Err(StoreError::Key)));
        assert!(matches!(Vault::open(folder.path(), None), Err(StoreError::Key)));
        assert!(Vault::open(folder.path(), Some("渝快办 7")).is_ok());
        assert!(!folder.path().join("key").exists());
    }

    #[test]
    fn a_file_in_the_place_of_another_is_refused() {
        let folder = Folder::new();
        let vault = Vault::open(folder.path(), None).expect("made");
        vault.write("keys", b"one").expect("written");
        std::fs::copy(vault.path("keys"), vault.path("status")).expect("copied");
        assert!(matches!(vault.read("status"), Err(StoreError::Tampered("status"))));
    }

    #[test]
    fn one_program_at_a_time_and_no_one_else_reads_the_key() {
        let folder = Folder::new();
        let _vault = Vault::open(folder.path(), None).expect("made");
        assert!(matches!(Vault::open(folder.path(), None), Err(StoreError::InUse)));
        let mode = std::fs::metadata(folder.path().join("key")).expect("a key").permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
}
