//! The journal of uses: append-only, encrypted, chained, on disk before the answer is yes.
//!
//! Each record is a length (4 bytes, big endian) and a sealed text that is bound to its place in the
//! file. The first record is a [`Base`]: what is remembered of entries that were uploaded and left out.
//! A record that was never acknowledged and does not open is the torn end of a crash and is cut off; one
//! that was acknowledged (see [`crate::mark`]) and does not open is tampering.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::os::unix::fs::FileExt as _;

use seal::cq1::CredentialId;
use serde::{Deserialize, Serialize};

use crate::entry::{Entry, FIRST_LINK, Shown};
use crate::items::day;
use crate::vault::{StoreError, Vault, private, replace};

const NAME: &str = "journal";
/// Emergency codes live for 72 hours and clocks differ; after that no code of a credential is good.
const REMEMBERED_S: i64 = 4 * 86_400;
/// Records longer than this are not written, so they are not read.
const LONGEST: usize = 1 << 26;

/// What is still remembered of uses.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
struct Base {
    /// Last entry that was left out.
    seq: u64,
    /// Its link, hex.
    link: String,
    /// Credential (hex), highest counter, when (UTC seconds).
    counters: Vec<(String, u32, i64)>,
    /// Item, holder's key (hex), day, uses.
    uses: Vec<(String, String, String, u32)>,
}

/// The open journal.
#[derive(Debug)]
pub struct Journal {
    file: File,
    length: u64,
    records: u64,
    seq: u64,
    link: [u8; 32],
    /// Entries in the file, oldest first.
    kept: VecDeque<Entry>,
    counters: BTreeMap<CredentialId, (u32, i64)>,
    uses: BTreeMap<(String, [u8; 33]), (String, u32)>,
    broken: bool,
}

impl Journal {
    /// Opens the journal of a folder. `acknowledged` is the last entry that must be there; when none
    /// must, a missing journal is made.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] or [`StoreError::Io`].
    pub fn open(vault: &Vault, acknowledged: u64) -> Result<Self, StoreError> {
        let words = |error| vault.io(NAME, error);
        let exists = vault.path(NAME).try_exists().map_err(words)?;
        if !exists && acknowledged > 0 {
            return Err(StoreError::Tampered(NAME));
        }
        if !exists {
            let base = Base { link: hex::encode(FIRST_LINK), ..Base::default() };
            replace(&vault.path(""), NAME, &record(vault, 0, &base)?).map_err(words)?;
        }
        let bytes = std::fs::read(vault.path(NAME)).map_err(words)?;
        let file = private().open(vault.path(NAME)).map_err(words)?;
        let mut records = Records { vault, rest: &bytes, number: 0 };
        let base: Base = records.next().ok_or(StoreError::Tampered(NAME))?;
        let mut journal = Self::from_base(file, &base).ok_or(StoreError::Tampered(NAME))?;
        while let Some(entry) = records.next::<Entry>() {
            journal.take(entry)?;
        }
        journal.records = records.number;
        journal.length = (bytes.len() - records.rest.len()) as u64;
        if journal.seq < acknowledged {
            return Err(StoreError::Tampered(NAME));
        }
        if !records.rest.is_empty() {
            journal
                .file
                .set_len(journal.length)
                .and_then(|()| journal.file.sync_all())
                .map_err(words)?;
        }
        Ok(journal)
    }

    fn from_base(file: File, base: &Base) -> Option<Self> {
        let mut link = FIRST_LINK;
        hex::decode_to_slice(&base.link, &mut link).ok()?;
        let mut journal = Self {
            file,
            length: 0,
            records: 0,
            seq: base.seq,
            link,
            kept: VecDeque::new(),
            counters: BTreeMap::new(),
            uses: BTreeMap::new(),
            broken: false,
        };
        for (credential, counter, at) in &base.counters {
            let mut id = CredentialId::default();
            hex::decode_to_slice(credential, &mut id).ok()?;
            journal.counters.insert(id, (*counter, *at));
        }
        for (item, holder, day, count) in &base.uses {
            let mut key = [0; 33];
            hex::decode_to_slice(holder, &mut key).ok()?;
            journal.uses.insert((item.clone(), key), (day.clone(), *count));
        }
        Some(journal)
    }

    /// Takes an entry that was read: it must continue the chain.
    fn take(&mut self, entry: Entry) -> Result<(), StoreError> {
        let link = entry.link_after(&self.link);
        if entry.seq != self.seq + 1 || hex::encode(link) != entry.link {
            return Err(StoreError::Tampered(NAME));
        }
        self.remember(entry, link);
        Ok(())
    }

    fn remember(&mut self, entry: Entry, link: [u8; 32]) {
        if let Some(Shown { credential, counter, holder }) = entry.shown() {
            let highest = self.counters.entry(credential).or_default();
            *highest = (highest.0.max(counter), entry.at);
            let today = day(entry.at);
            let uses = self.uses.entry((entry.item.clone(), holder)).or_default();
            *uses = if uses.0 == today { (today, uses.1 + 1) } else { (today, 1) };
        }
        (self.seq, self.link) = (entry.seq, link);
        self.kept.push_back(entry);
    }

    /// Appends an entry; its number and link are set here. With `sync` it is on disk afterwards.
    ///
    /// # Errors
    /// [`StoreError::Io`]: nothing was written. [`StoreError::Broken`] once that is not certain.
    pub fn append(
        &mut self,
        vault: &Vault,
        mut entry: Entry,
        sync: bool,
    ) -> Result<u64, StoreError> {
        if self.broken {
            return Err(StoreError::Broken);
        }
        entry.seq = self.seq + 1;
        let link = entry.link_after(&self.link);
        entry.link = hex::encode(link);
        let bytes = record(vault, self.records, &entry)?;
        let written = self.file.write_all_at(&bytes, self.length);
        if let Err(error) = written.and_then(|()| if sync { self.file.sync_data() } else { Ok(()) })
        {
            // After a failed write or sync nobody knows what is on disk until it is read again.
            self.broken = true;
            let _ = self.file.set_len(self.length);
            return Err(vault.io(NAME, error));
        }
        self.length += bytes.len() as u64;
        self.records += 1;
        self.remember(entry, link);
        Ok(self.seq)
    }

    /// Brings all that was appended to disk.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the journal takes no more then.
    pub fn sync(&mut self, vault: &Vault) -> Result<(), StoreError> {
        let synced = self.file.sync_data();
        self.broken |= synced.is_err();
        synced.map_err(|error| vault.io(NAME, error))
    }

    /// Number of the last entry; 0 when there is none.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The highest counter that was let pass of a credential; 0 when none was.
    pub fn last_counter(&self, credential: &CredentialId) -> u32 {
        self.counters.get(credential).map_or(0, |(counter, _)| *counter)
    }

    /// Uses of an item with this holder's key on a day.
    pub fn uses(&self, item: &str, holder: &[u8; 33], day: &str) -> u32 {
        let uses = self.uses.get(&(item.to_owned(), *holder));
        uses.filter(|(last, _)| last == day).map_or(0, |(_, count)| *count)
    }

    /// Entries after a number, oldest first, at most `most`.
    pub fn after(&self, seq: u64, most: usize) -> Vec<Entry> {
        let from = self.kept.partition_point(|entry| entry.seq <= seq);
        self.kept.range(from..).take(most).cloned().collect()
    }

    /// Entries in the file, uploaded ones included.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether the file has no entries.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Leaves out the entries up to `uploaded` and what no code can need any more.
    ///
    /// # Errors
    /// [`StoreError::Io`]; the old file stays and is used on.
    pub fn shorten(&mut self, vault: &Vault, uploaded: u64, now_s: i64) -> Result<(), StoreError> {
        let out = self.kept.partition_point(|entry| entry.seq <= uploaded);
        let Some(last) = out.checked_sub(1).and_then(|last| self.kept.get(last)) else {
            return Ok(());
        };
        let today = day(now_s);
        // What is left in is counted again when it is read, so the base must not hold it.
        let left: Vec<Entry> = self.kept.range(out..).cloned().collect();
        let again = |item: &str, holder: &[u8; 33]| {
            let same = |entry: &&Entry| {
                entry.item == item
                    && day(entry.at) == today
                    && entry.shown().is_some_and(|shown| shown.holder == *holder)
            };
            left.iter().filter(same).count() as u32
        };
        let fresh = self.counters.iter().filter(|(_, (_, at))| now_s - at < REMEMBERED_S);
        let uses = self.uses.iter().filter(|(_, (day, _))| *day >= today);
        let base = Base {
            seq: last.seq,
            link: last.link.clone(),
            counters: fresh.map(|(id, (counter, at))| (hex::encode(id), *counter, *at)).collect(),
            uses: uses
                .map(|((item, holder), (day, count))| {
                    let before = count.saturating_sub(again(item, holder));
                    (item.clone(), hex::encode(holder), day.clone(), before)
                })
                .collect(),
        };
        let mut bytes = record(vault, 0, &base)?;
        for (number, entry) in (1..).zip(&left) {
            bytes.extend(record(vault, number, entry)?);
        }
        let words = |error| vault.io(NAME, error);
        replace(&vault.path(""), NAME, &bytes).map_err(words)?;
        // From here on the old file has no name: without the new one nothing may be appended.
        self.broken = true;
        let file = private().open(vault.path(NAME)).map_err(words)?;
        let mut shorter = Self::from_base(file, &base).ok_or(StoreError::Broken)?;
        left.into_iter().try_for_each(|entry| shorter.take(entry))?;
        shorter.length = bytes.len() as u64;
        shorter.records = shorter.kept.len() as u64 + 1;
        *self = shorter;
        Ok(())
    }
}

fn record<T: Serialize>(vault: &Vault, number: u64, value: &T) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(value).expect("numbers and texts are always JSON");
    let sealed = vault.seal(&place(number), &plain)?;
    let length = u32::try_from(sealed.len()).ok().filter(|length| *length as usize <= LONGEST);
    let length = length.ok_or(StoreError::Full)?;
    Ok([&length.to_be_bytes()[..], &sealed].concat())
}

fn place(number: u64) -> Vec<u8> {
    [NAME.as_bytes(), &number.to_be_bytes()].concat()
}

/// Reads records until one does not open.
struct Records<'a> {
    vault: &'a Vault,
    rest: &'a [u8],
    number: u64,
}

impl Records<'_> {
    fn next<T: for<'d> Deserialize<'d>>(&mut self) -> Option<T> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let (sealed, rest) = rest.split_at_checked(length).filter(|_| length <= LONGEST)?;
        let plain = self.vault.unseal(&place(self.number), sealed)?;
        let value = serde_json::from_slice(&plain).ok()?;
        (self.rest, self.number) = (rest, self.number + 1);
        Some(value)
    }
}
