//! All that the terminal keeps, in one encrypted folder.

use std::path::Path;

use seal::cq1::{KeyList, ListError, Region, StatusList};
use seal::sm2::{SignerId, VerifyingKey};

use crate::device::Device;
use crate::entry::Entry;
use crate::items::ItemList;
use crate::journal::Journal;
use crate::mark::{Mark, MarkFile};
use crate::neighbours::{Kept, Neighbour};
use crate::refusal::Refusal;
use crate::vault::{StoreError, Vault};

const DEVICE: &str = "device";
const KEYS: &str = "keys";
const STATUS: &str = "status";
const ITEMS: &str = "items";
const NEIGHBOURS: &str = "neighbours";
const REFUSALS: &str = "refusals";
/// So many entries may wait for upload.
pub const MOST_WAITING: u64 = 100_000;
/// Uploaded entries that may stay in the file.
const MOST_UPLOADED: u64 = 2_000;
/// After so many deltas the whole list is fetched again.
pub const MOST_DELTAS: usize = 1_440;

/// The open folder of an enrolled terminal.
#[derive(Debug)]
pub struct Store {
    vault: Vault,
    device: Device,
    root: VerifyingKey,
    region: Region,
    keys: Option<KeyList>,
    status: Option<StatusList>,
    /// The signed whole list and the signed deltas since: what [`Store::status`] was made from.
    chain: Vec<Vec<u8>>,
    items: Option<ItemList>,
    neighbours: Vec<Neighbour>,
    refusals: Vec<Refusal>,
    journal: Journal,
    mark_file: MarkFile,
    mark: Mark,
}

impl Store {
    /// Makes the folder of a newly enrolled terminal.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when the folder already is one of a terminal.
    pub fn create(vault: Vault, device: &Device) -> Result<Self, StoreError> {
        if vault.read(DEVICE)?.is_some() {
            return Err(StoreError::Tampered(DEVICE));
        }
        MarkFile::create(&vault)?;
        vault.write(DEVICE, &json(device))?;
        Self::load(vault)
    }

    /// Opens the folder of a terminal.
    ///
    /// # Errors
    /// [`StoreError`]: with any of them nothing is judged.
    pub fn open(folder: &Path, passphrase: Option<&str>) -> Result<Self, StoreError> {
        if !folder.join(DEVICE).exists() {
            return Err(StoreError::NotEnrolled);
        }
        Self::load(Vault::open(folder, passphrase)?)
    }

    fn load(vault: Vault) -> Result<Self, StoreError> {
        let device: Device = read(&vault, DEVICE)?.ok_or(StoreError::NotEnrolled)?;
        let (mark_file, mark) = MarkFile::open(&vault)?;
        let journal = Journal::open(&vault, mark.seq)?;
        if mark.accepted_to > journal.seq() {
            return Err(StoreError::Tampered("journal"));
        }
        let root = device.root.as_slice();
        let root = VerifyingKey::from_bytes(root, SignerId::CQ1_ROOT);
        let region = Region::from_digits(&device.region).ok_or(StoreError::Tampered(DEVICE))?;
        let mut store = Self {
            root: root.map_err(|_| StoreError::Tampered(DEVICE))?,
            region,
            keys: None,
            status: None,
            chain: Vec::new(),
            items: read(&vault, ITEMS)?,
            neighbours: neighbours(&vault)?,
            refusals: read(&vault, REFUSALS)?.unwrap_or_default(),
            vault,
            device,
            journal,
            mark_file,
            mark,
        };
        store.load_lists()?;
        Ok(store)
    }

    /// The lists were checked when they came in; here their signatures are checked again, at the time at
    /// which they were made, because their keys may have ended since. Whether they are still good is asked
    /// at each judgement.
    fn load_lists(&mut self) -> Result<(), StoreError> {
        let (keys, status) = (StoreError::Tampered(KEYS), StoreError::Tampered(STATUS));
        if let Some(list) = self.vault.read(KEYS)? {
            let list = KeyList::open(&list, &self.root).map_err(|_| keys)?;
            if list.body().serial < self.mark.keys_serial {
                return Err(StoreError::Tampered(KEYS));
            }
            self.keys = Some(list);
        } else if self.mark.keys_serial > 0 {
            return Err(keys);
        }
        let chain: Vec<Vec<u8>> = match self.vault.read(STATUS)? {
            Some(bytes) => frames(&bytes).ok_or(status)?,
            None if self.mark.status_serial > 0 => return Err(status),
            None => Vec::new(),
        };
        // A list whose key was revoked or has ended is no tampering: it is dropped and fetched anew.
        if let Some(list) = self.keys.as_ref().and_then(|keys| replay(&chain, keys)) {
            if list.state().serial < self.mark.status_serial {
                return Err(StoreError::Tampered(STATUS));
            }
            (self.status, self.chain) = (Some(list), chain);
        }
        Ok(())
    }

    /// Takes a newer key list.
    ///
    /// # Errors
    /// The list or the disk; what was held stays.
    pub fn put_keys(&mut self, list: &[u8]) -> Result<(), TakeError> {
        let newer = match &self.keys {
            Some(held) => held.renewed(list, &self.root)?,
            None => KeyList::open(list, &self.root)?,
        };
        self.vault.write(KEYS, list)?;
        self.mark.keys_serial = newer.body().serial;
        self.keys = Some(newer);
        Ok(self.save_mark(true)?)
    }

    /// Takes a whole status list.
    ///
    /// # Errors
    /// The list or the disk; what was held stays.
    pub fn put_status(&mut self, list: &[u8], now_s: i64) -> Result<(), TakeError> {
        let keys = self.keys.as_ref().ok_or(ListError::Key)?;
        let newer = match &self.status {
            Some(held) => held.renewed(list, keys, now_s)?,
            None => StatusList::open(list, keys, now_s)?,
        };
        let rolled_back = newer.state().serial < self.mark.status_serial;
        if newer.state().region != self.region || rolled_back {
            return Err(ListError::Rollback.into());
        }
        self.keep_status(newer, vec![list.to_vec()])
    }

    /// Takes a delta of the status list that is held.
    ///
    /// # Errors
    /// [`ListError::Base`] asks for the whole list; what was held stays.
    pub fn put_delta(&mut self, delta: &[u8], now_s: i64) -> Result<(), TakeError> {
        let keys = self.keys.as_ref().ok_or(ListError::Key)?;
        let held = self.status.as_ref().filter(|_| self.chain.len() <= MOST_DELTAS);
        let newer = held.ok_or(ListError::Base)?.updated(delta, keys, now_s)?;
        let mut chain = self.chain.clone();
        chain.push(delta.to_vec());
        self.keep_status(newer, chain)
    }

    fn keep_status(&mut self, list: StatusList, chain: Vec<Vec<u8>>) -> Result<(), TakeError> {
        self.vault.write(STATUS, &framed(&chain))?;
        self.mark.status_serial = list.state().serial;
        (self.status, self.chain) = (Some(list), chain);
        Ok(self.save_mark(true)?)
    }

    /// Takes the list of items.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn put_items(&mut self, items: ItemList) -> Result<(), StoreError> {
        self.vault.write(ITEMS, &json(&items))?;
        self.items = Some(items);
        Ok(())
    }

    pub(crate) fn replace_neighbours(&mut self, lists: Vec<Neighbour>) -> Result<(), StoreError> {
        let kept: Vec<&Kept> = lists.iter().map(Neighbour::kept).collect();
        self.vault.write(NEIGHBOURS, &json(&kept))?;
        self.neighbours = lists;
        Ok(())
    }

    /// Lists of other regions.
    pub fn neighbours(&self) -> &[Neighbour] {
        &self.neighbours
    }

    /// Keeps a changed device, after a renewal.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn put_device(&mut self, device: Device) -> Result<(), StoreError> {
        self.vault.write(DEVICE, &json(&device))?;
        self.device = device;
        Ok(())
    }

    /// Keeps the operators' refusals that wait for upload.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn put_refusals(&mut self, refusals: Vec<Refusal>) -> Result<(), StoreError> {
        self.vault.write(REFUSALS, &json(&refusals))?;
        self.refusals = refusals;
        Ok(())
    }

    /// Writes a use to the journal; when this returns it is on disk (`yes`) or will be soon.
    ///
    /// # Errors
    /// [`StoreError::Full`], [`StoreError::Broken`] or [`StoreError::Io`]: the answer is no.
    pub fn append(&mut self, entry: Entry, yes: bool) -> Result<u64, StoreError> {
        if self.waiting() >= MOST_WAITING {
            return Err(StoreError::Full);
        }
        let at = entry.at;
        let seq = self.journal.append(&self.vault, entry, yes)?;
        if yes {
            self.mark.seq = seq;
            self.mark.latest_s = self.mark.latest_s.max(at);
            self.save_mark(false)?;
        }
        Ok(seq)
    }

    /// Brings the journal to disk before an upload: the platform must not have what a crash can take.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.journal.sync(&self.vault)?;
        self.mark.seq = self.journal.seq();
        self.save_mark(true)
    }

    /// The platform has all entries up to `seq`.
    ///
    /// # Errors
    /// [`StoreError::Tampered`] when that is more than were ever written here.
    pub fn accepted(&mut self, seq: u64, now_s: i64) -> Result<(), StoreError> {
        if seq > self.journal.seq() {
            return Err(StoreError::Tampered("journal"));
        }
        self.mark.accepted_to = seq;
        self.save_mark(true)?;
        let uploaded = (self.journal.len() as u64).saturating_sub(self.waiting());
        match uploaded > MOST_UPLOADED {
            true => self.journal.shorten(&self.vault, seq, now_s),
            false => Ok(()),
        }
    }

    /// Changes the mark.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn note(&mut self, change: impl FnOnce(&mut Mark)) -> Result<(), StoreError> {
        change(&mut self.mark);
        self.save_mark(true)
    }

    fn save_mark(&self, sync: bool) -> Result<(), StoreError> {
        self.mark_file.write(&self.vault, &self.mark, sync)
    }

    /// Entries that the platform does not have.
    pub fn waiting(&self) -> u64 {
        self.journal.seq() - self.mark.accepted_to
    }

    /// Who this terminal is.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Whose codes it takes.
    pub fn region(&self) -> Region {
        self.region
    }

    /// The key list that is held.
    pub fn keys(&self) -> Option<&KeyList> {
        self.keys.as_ref()
    }

    /// The status list that is held.
    pub fn status(&self) -> Option<&StatusList> {
        self.status.as_ref()
    }

    /// The list of items that is held.
    pub fn items(&self) -> Option<&ItemList> {
        self.items.as_ref()
    }

    /// Operators' refusals that wait for upload.
    pub fn refusals(&self) -> &[Refusal] {
        &self.refusals
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// What must not be forgotten.
    pub fn mark(&self) -> &Mark {
        &self.mark
    }
}

/// Why a list is not taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// The list.
    #[error("{code}: {0}", code = .0.code())]
    List(#[from] ListError),
    /// The disk.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn neighbours(vault: &Vault) -> Result<Vec<Neighbour>, StoreError> {
    let kept: Option<Vec<Kept>> = read(vault, NEIGHBOURS)?;
    Ok(kept.unwrap_or_default().into_iter().filter_map(Neighbour::of).collect())
}

fn replay(chain: &[Vec<u8>], keys: &KeyList) -> Option<StatusList> {
    let (whole, deltas) = chain.split_first()?;
    // The time of issue stands at a fixed place: magic, kind, region, key index, serial, issued at.
    let issued = |list: &[u8]| Some(i64::from(u32::from_be_bytes(*list.get(13..)?.first_chunk()?)));
    let mut list = StatusList::open(whole, keys, issued(whole)?).ok()?;
    for delta in deltas {
        list = list.updated(delta, keys, issued(delta)?).ok()?;
    }
    Some(list)
}

fn framed(chain: &[Vec<u8>]) -> Vec<u8> {
    let frame = |part: &Vec<u8>| [&(part.len() as u64).to_be_bytes()[..], part].concat();
    chain.iter().flat_map(frame).collect()
}

fn frames(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut chain = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<8>() {
        let (part, rest) =
            rest.split_at_checked(usize::try_from(u64::from_be_bytes(*length)).ok()?)?;
        chain.push(part.to_vec());
        bytes = rest;
    }
    bytes.is_empty().then_some(chain)
}

fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("numbers and texts are always JSON")
}

fn read<T: for<'d> serde::Deserialize<'d>>(
    vault: &Vault,
    name: &'static str,
) -> Result<Option<T>, StoreError> {
    let Some(plain) = vault.read(name)? else { return Ok(None) };
    serde_json::from_slice(&plain).map(Some).map_err(|_| StoreError::Tampered(name))
}

#[cfg(test)]
mod tests;
