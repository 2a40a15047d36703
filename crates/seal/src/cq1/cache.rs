//! Credentials whose issuer signature was found good, so that the next code of the same credential costs
//! one signature instead of two; and tables of the holders who come again, so that this one costs a
//! fraction.

use std::collections::BTreeMap;

use super::CREDENTIAL_LEN;
use crate::sm2_fast::FastKey;

/// At most `capacity` credentials; the older half makes room for newer ones.
///
/// An entry is found by all 120 bytes of the credential, signature included, and counts only for the
/// issuer key that it was checked with: a new key list with another key under the same index begins
/// anew. Key lists, times and status are asked each time; they are never cached, and neither is any
/// signature of a holder.
#[derive(Debug)]
pub struct CredentialCache {
    credentials: Recent<[u8; CREDENTIAL_LEN], Checked>,
    tables: Option<Recent<HolderPlace, FastKey>>,
}

/// Version, which tells the role, and the compressed point: an app keeps its key over credentials.
type HolderPlace = [u8; 34];

#[derive(Debug)]
struct Checked {
    /// The issuer's public key, compressed.
    issuer: [u8; 33],
    holder: FastKey,
    /// How often it was found here without a table.
    sights: u32,
}

impl CredentialCache {
    /// A cache for at most `capacity` credentials, two at least; no tables.
    pub fn new(capacity: usize) -> Self {
        Self { credentials: Recent::new(capacity), tables: None }
    }

    /// Keeps tables of at most `count` holders, two at least, who were seen a second time: 32 kB each
    /// ([`CredentialCache::table_bytes`]).
    #[must_use]
    pub fn with_tables(self, count: usize) -> Self {
        Self { tables: Some(Recent::new(count)), ..self }
    }

    /// Credentials held.
    pub fn len(&self) -> usize {
        self.credentials.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the tables that are held.
    pub fn table_bytes(&self) -> usize {
        self.tables.iter().flat_map(Recent::values).map(FastKey::table_bytes).sum()
    }

    pub(super) fn has(&self, credential: &[u8; CREDENTIAL_LEN]) -> bool {
        self.credentials.has(credential)
    }

    /// The holder's key of a credential that was checked with this issuer key.
    pub(super) fn holder(
        &mut self,
        credential: &[u8; CREDENTIAL_LEN],
        issuer: &[u8; 33],
    ) -> Option<&FastKey> {
        let checked = self.credentials.get(credential).filter(|held| held.issuer == *issuer)?;
        let Some(tables) = &mut self.tables else { return Some(&checked.holder) };
        let place = place(credential);
        if !tables.has(&place) {
            checked.sights += 1;
            // At the second sight; where holders are too many for the tables, ever more rarely.
            if !checked.sights.is_power_of_two() {
                return Some(&checked.holder);
            }
            tables.put(place, checked.holder.to_tabled());
        }
        tables.get(&place).map(|held| &*held)
    }

    pub(super) fn put(
        &mut self,
        credential: [u8; CREDENTIAL_LEN],
        issuer: [u8; 33],
        holder: FastKey,
    ) {
        self.credentials.put(credential, Checked { issuer, holder, sights: 0 });
    }
}

fn place(credential: &[u8; CREDENTIAL_LEN]) -> HolderPlace {
    let mut place = [credential[0]; 34];
    place[1..].copy_from_slice(&credential[23..56]);
    place
}

/// At most so many things; those that were not asked for since half as many came make room.
#[derive(Debug)]
struct Recent<K, V> {
    half: usize,
    young: BTreeMap<K, V>,
    old: BTreeMap<K, V>,
}

impl<K: Ord + Copy, V> Recent<K, V> {
    fn new(capacity: usize) -> Self {
        Self { half: (capacity / 2).max(1), young: BTreeMap::new(), old: BTreeMap::new() }
    }

    fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    fn values(&self) -> impl Iterator<Item = &V> {
        self.young.values().chain(self.old.values())
    }

    fn has(&self, key: &K) -> bool {
        self.young.contains_key(key) || self.old.contains_key(key)
    }

    fn get(&mut self, key: &K) -> Option<&mut V> {
        if let Some(value) = self.old.remove(key) {
            self.put(*key, value);
        }
        self.young.get_mut(key)
    }

    fn put(&mut self, key: K, value: V) {
        self.old.remove(&key);
        if self.young.len() >= self.half && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_stays_and_no_more_than_the_capacity_is_held() {
        let mut recent = Recent::new(4);
        for number in 0..100 {
            recent.put(number, number);
            assert_eq!(recent.get(&0), Some(&mut 0), "asked for all the time");
            assert!(recent.len() <= 4);
        }
        assert_eq!(recent.get(&99), Some(&mut 99));
        assert_eq!(recent.get(&50), None);
    }
}
