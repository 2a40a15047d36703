//! Credentials whose issuer signature was found good, so that the next code of the same credential
//! costs one signature instead of two.

use std::collections::BTreeMap;

use super::CREDENTIAL_LEN;
use crate::sm2_fast::FastKey;

/// At most `capacity` credentials; the older half makes room for newer ones.
///
/// An entry is found by all 120 bytes of the credential, signature included, and counts only for the
/// issuer key that it was checked with: a new key list with another key under the same index begins
/// anew. Key lists, times and status are asked each time; they are never cached.
#[derive(Debug)]
pub struct CredentialCache {
    half: usize,
    young: BTreeMap<[u8; CREDENTIAL_LEN], Checked>,
    old: BTreeMap<[u8; CREDENTIAL_LEN], Checked>,
}

#[derive(Debug)]
pub(super) struct Checked {
    /// The issuer's public key, compressed.
    pub(super) issuer: [u8; 33],
    pub(super) holder: FastKey,
}

impl CredentialCache {
    /// A cache for at most `capacity` credentials, two at least.
    pub fn new(capacity: usize) -> Self {
        Self { half: (capacity / 2).max(1), young: BTreeMap::new(), old: BTreeMap::new() }
    }

    /// Credentials held.
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get(&self, credential: &[u8; CREDENTIAL_LEN]) -> Option<&Checked> {
        self.young.get(credential).or_else(|| self.old.get(credential))
    }

    pub(super) fn put(&mut self, credential: [u8; CREDENTIAL_LEN], checked: Checked) {
        self.old.remove(&credential);
        if self.young.len() >= self.half {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(credential, checked);
    }
}
