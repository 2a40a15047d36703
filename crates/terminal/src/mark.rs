//! A small file that says how far the journal went: a journal that ends before it was cut.
//!
//! It is overwritten in place, 512 bytes, after the journal is on disk and before the answer is yes. It is
//! not synced then: it may lag behind after a crash, but it is never ahead of a journal that is whole.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use serde::{Deserialize, Serialize};

use crate::vault::{StoreError, Vault, private, replace};

const NAME: &str = "mark";
/// One sector, so that a crash leaves the old or the new one.
const SECTOR: usize = 512;
const PLAIN: usize = SECTOR - 28;

/// What the terminal must not forget.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Mark {
    /// Last entry of the journal that is surely on disk.
    pub seq: u64,
    /// Last entry that the platform has.
    pub accepted_to: u64,
    /// The latest moment that was seen, UTC seconds.
    pub latest_s: i64,
    /// What this clock is ahead of the platform's, seconds, when last compared.
    pub skew_s: i64,
    /// Serial of the newest key list taken.
    pub keys_serial: u32,
    /// Serial of the newest status list taken.
    pub status_serial: u32,
    /// Whether the platform blocked this terminal.
    pub blocked: bool,
}

/// The open file.
#[derive(Debug)]
pub(crate) struct MarkFile(File);

impl MarkFile {
    /// Makes the mark of a folder that has none yet.
    pub(crate) fn create(vault: &Vault) -> Result<(), StoreError> {
        let words = |error| vault.io(NAME, error);
        match vault.path(NAME).try_exists().map_err(words)? {
            true => Ok(()),
            false => {
                replace(&vault.path(""), NAME, &sealed(vault, &Mark::default())?).map_err(words)
            }
        }
    }

    /// Opens the mark; a folder without one had its mark removed.
    pub(crate) fn open(vault: &Vault) -> Result<(Self, Mark), StoreError> {
        let sealed = match std::fs::read(vault.path(NAME)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreError::Tampered(NAME));
            }
            bytes => bytes.map_err(|error| vault.io(NAME, error))?,
        };
        let mark = read(vault, &sealed).ok_or(StoreError::Tampered(NAME))?;
        let file = private().open(vault.path(NAME)).map_err(|error| vault.io(NAME, error))?;
        Ok((Self(file), mark))
    }

    /// Overwrites it; with `sync` it is on disk afterwards.
    pub(crate) fn write(&self, vault: &Vault, mark: &Mark, sync: bool) -> Result<(), StoreError> {
        let written = self.0.write_all_at(&sealed(vault, mark)?, 0);
        let synced = written.and_then(|()| if sync { self.0.sync_data() } else { Ok(()) });
        synced.map_err(|error| vault.io(NAME, error))
    }
}

fn sealed(vault: &Vault, mark: &Mark) -> Result<Vec<u8>, StoreError> {
    let mut plain = serde_json::to_vec(mark).expect("numbers are always JSON");
    plain.resize(PLAIN, b' ');
    vault.seal(NAME.as_bytes(), &plain)
}

fn read(vault: &Vault, sealed: &[u8]) -> Option<Mark> {
    serde_json::from_slice(&vault.unseal(NAME.as_bytes(), sealed)?).ok()
}
