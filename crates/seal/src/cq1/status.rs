//! The status list: two bits per index, kept as the sorted indices that are not valid, signed, whole or
//! as the difference from exactly one other list.
//!
//! `CQS1`, kind (1: 1 whole, 2 delta), region (3), key index (1), serial (4), issued at (4), size (4); a
//! delta then has the serial (4) and the digest (32) of its base and the indices that became valid; then
//! both have the suspended and the revoked indices (see `gaps`); signature (64) over all before it.

use super::bytes::Bytes;
use super::{KeyList, ListError, Region, Usage, gaps};
use crate::sm2::Signature;
use crate::sm3::sm3;

const MAGIC: &[u8; 4] = b"CQS1";
const WHOLE: u8 = 1;
const DELTA: u8 = 2;

/// What is known of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// 00
    Valid,
    /// 01: a loss or a freeze that can be lifted.
    Suspended,
    /// 10: for ever.
    Revoked,
}

/// The content of a status list, not yet signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusState {
    /// Whose credentials it is about.
    pub region: Region,
    /// The issuer's key that signs it ([`Usage::Status`]).
    pub key: u8,
    /// Rises by one with each list, whole or delta.
    pub serial: u32,
    /// UTC seconds.
    pub issued_s: u32,
    /// Indices below it have a status; all others are unknown and refused.
    pub size: u32,
    /// Suspended indices, rising.
    pub suspended: Vec<u32>,
    /// Revoked indices, rising; none is suspended as well.
    pub revoked: Vec<u32>,
}

impl StatusState {
    /// What is signed for the whole list, in the role [`crate::sm2::SignerId::CQ1_STATUS`].
    ///
    /// # Errors
    /// [`ListError::Form`] when indices do not rise, are beyond the size, or stand in both lists.
    pub fn signed_bytes(&self) -> Result<Vec<u8>, ListError> {
        self.check()?;
        let mut list = Vec::with_capacity(64 + 2 * (self.suspended.len() + self.revoked.len()));
        self.write_head(WHOLE, &mut list);
        gaps::write(&self.suspended, &mut list);
        gaps::write(&self.revoked, &mut list);
        Ok(list)
    }

    /// The signed whole list.
    ///
    /// # Errors
    /// [`ListError::Form`].
    pub fn with_signature(&self, signature: &Signature) -> Result<Vec<u8>, ListError> {
        let mut list = self.signed_bytes()?;
        list.extend(signature);
        Ok(list)
    }

    /// The status of an index; `None` beyond the size.
    pub fn status(&self, index: u32) -> Option<Status> {
        if index >= self.size {
            return None;
        }
        Some(match (self.revoked.binary_search(&index), self.suspended.binary_search(&index)) {
            (Ok(_), _) => Status::Revoked,
            (_, Ok(_)) => Status::Suspended,
            _ => Status::Valid,
        })
    }

    /// SM3 of the signed bytes of this state as a whole list: what a delta names as its base.
    ///
    /// # Errors
    /// [`ListError::Form`].
    pub fn digest(&self) -> Result<[u8; 32], ListError> {
        self.signed_bytes().map(|bytes| sm3(&bytes))
    }

    fn check(&self) -> Result<(), ListError> {
        let rising = |list: &[u32]| list.windows(2).all(|pair| pair[0] < pair[1]);
        let inside = |list: &[u32]| list.last().is_none_or(|last| *last < self.size);
        let lists = [&self.suspended[..], &self.revoked];
        let good = lists.iter().all(|list| rising(list) && inside(list))
            && disjoint(&self.suspended, &self.revoked);
        if good { Ok(()) } else { Err(ListError::Form) }
    }

    fn write_head(&self, kind: u8, list: &mut Vec<u8>) {
        list.extend(MAGIC);
        list.push(kind);
        list.extend(self.region.to_bcd());
        list.push(self.key);
        list.extend(self.serial.to_be_bytes());
        list.extend(self.issued_s.to_be_bytes());
        list.extend(self.size.to_be_bytes());
    }

    /// The head, with lists that are still empty.
    fn read_head(kind: u8, bytes: &mut Bytes<'_>) -> Option<Self> {
        if bytes.take::<4>()? != *MAGIC || bytes.u8()? != kind {
            return None;
        }
        Some(Self {
            region: bytes.region()?,
            key: bytes.u8()?,
            serial: bytes.u32()?,
            issued_s: bytes.u32()?,
            size: bytes.u32()?,
            suspended: Vec::new(),
            revoked: Vec::new(),
        })
    }

    fn read(list: &[u8]) -> Option<Self> {
        let mut bytes = Bytes::new(list);
        let mut state = Self::read_head(WHOLE, &mut bytes)?;
        state.suspended = gaps::read(&mut bytes, state.size)?;
        state.revoked = gaps::read(&mut bytes, state.size)?;
        bytes.end()?;
        state.check().ok()?;
        Some(state)
    }
}

/// Whether two rising lists have nothing in common.
fn disjoint(a: &[u32], b: &[u32]) -> bool {
    let (few, many) = if a.len() < b.len() { (a, b) } else { (b, a) };
    few.iter().all(|index| many.binary_search(index).is_err())
}

/// The difference between two states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusDelta {
    /// The head of the new state; its lists hold what became suspended and what became revoked.
    changed: StatusState,
    base_serial: u32,
    base_digest: [u8; 32],
    valid: Vec<u32>,
}

impl StatusDelta {
    /// What leads from `base` to `next`.
    ///
    /// # Errors
    /// [`ListError::Base`] when `next` does not follow `base`: another region, a serial that is not the
    /// next, an earlier time or a smaller size. [`ListError::Form`] for states that are none.
    pub fn between(base: &StatusState, next: &StatusState) -> Result<Self, ListError> {
        next.check()?;
        if !follows(base, next) {
            return Err(ListError::Base);
        }
        let new = |now: &[u32], before: &[u32]| -> Vec<u32> {
            now.iter().filter(|index| before.binary_search(index).is_err()).copied().collect()
        };
        let is_valid = |index: &&u32| next.status(**index) == Some(Status::Valid);
        let mut valid: Vec<u32> =
            base.suspended.iter().chain(&base.revoked).filter(is_valid).copied().collect();
        valid.sort_unstable();
        let suspended = new(&next.suspended, &base.suspended);
        let revoked = new(&next.revoked, &base.revoked);
        let changed = StatusState { suspended, revoked, ..next.clone() };
        Ok(Self { changed, base_serial: base.serial, base_digest: base.digest()?, valid })
    }

    /// What is signed, in the role [`crate::sm2::SignerId::CQ1_STATUS`].
    pub fn signed_bytes(&self) -> Vec<u8> {
        let mut list = Vec::new();
        self.changed.write_head(DELTA, &mut list);
        list.extend(self.base_serial.to_be_bytes());
        list.extend(self.base_digest);
        gaps::write(&self.valid, &mut list);
        gaps::write(&self.changed.suspended, &mut list);
        gaps::write(&self.changed.revoked, &mut list);
        list
    }

    /// The signed delta.
    pub fn with_signature(&self, signature: &Signature) -> Vec<u8> {
        let mut list = self.signed_bytes();
        list.extend(signature);
        list
    }

    fn read(list: &[u8]) -> Option<Self> {
        let mut bytes = Bytes::new(list);
        let mut changed = StatusState::read_head(DELTA, &mut bytes)?;
        let (base_serial, base_digest) = (bytes.u32()?, bytes.take()?);
        let valid = gaps::read(&mut bytes, changed.size)?;
        changed.suspended = gaps::read(&mut bytes, changed.size)?;
        changed.revoked = gaps::read(&mut bytes, changed.size)?;
        bytes.end()?;
        changed.check().ok()?;
        let apart = disjoint(&valid, &changed.suspended) && disjoint(&valid, &changed.revoked);
        apart.then_some(Self { changed, base_serial, base_digest, valid })
    }

    /// The state after the delta; each index in it must really change.
    fn applied(&self, base: &StatusState) -> Result<StatusState, ListError> {
        let fits = follows(base, &self.changed)
            && self.base_serial == base.serial
            && self.base_digest == base.digest()?;
        let changes = |list: &[u32], to: Status| {
            // An index beyond the base's size comes in as valid.
            list.iter().all(|index| base.status(*index).unwrap_or(Status::Valid) != to)
        };
        let real = changes(&self.valid, Status::Valid)
            && changes(&self.changed.suspended, Status::Suspended)
            && changes(&self.changed.revoked, Status::Revoked);
        if !fits || !real {
            return Err(ListError::Base);
        }
        let gone = |index: &u32| {
            let lists = [&self.valid, &self.changed.suspended, &self.changed.revoked];
            lists.iter().any(|list| list.binary_search(index).is_ok())
        };
        let merged = |before: &[u32], new: &[u32]| {
            let kept = before.iter().filter(|index| !gone(index));
            let mut all: Vec<u32> = kept.chain(new).copied().collect();
            all.sort_unstable();
            all
        };
        let suspended = merged(&base.suspended, &self.changed.suspended);
        let revoked = merged(&base.revoked, &self.changed.revoked);
        Ok(StatusState { suspended, revoked, ..self.changed.clone() })
    }
}

fn follows(base: &StatusState, next: &StatusState) -> bool {
    next.region == base.region
        && base.serial.checked_add(1) == Some(next.serial)
        && next.issued_s >= base.issued_s
        && next.size >= base.size
}

/// A status list whose signature held. There is no other way to one.
#[derive(Clone, Debug)]
pub struct StatusList {
    state: StatusState,
    /// The key that signed it last, compressed.
    signer: [u8; 33],
}

impl StatusList {
    /// Opens a signed whole list. Only for a terminal that holds none; all others call
    /// [`StatusList::renewed`].
    ///
    /// # Errors
    /// [`ListError::Form`], [`ListError::Key`] or [`ListError::Signature`].
    pub fn open(list: &[u8], keys: &KeyList, now_s: i64) -> Result<Self, ListError> {
        let (signed, signature) = list.split_last_chunk::<64>().ok_or(ListError::Form)?;
        let state = StatusState::read(signed).ok_or(ListError::Form)?;
        let signer = checked(&state, signed, signature, keys, now_s)?;
        Ok(Self { state, signer })
    }

    /// Opens a newer whole list. The same again is fine; an older one, or another with the same serial,
    /// is refused.
    ///
    /// # Errors
    /// Those of [`StatusList::open`], and [`ListError::Rollback`].
    pub fn renewed(&self, list: &[u8], keys: &KeyList, now_s: i64) -> Result<Self, ListError> {
        let newer = Self::open(list, keys, now_s)?;
        let rises = newer.state.region == self.state.region
            && newer.state.serial > self.state.serial
            && newer.state.issued_s >= self.state.issued_s;
        match rises || newer.state == self.state {
            true => Ok(newer),
            false => Err(ListError::Rollback),
        }
    }

    /// The list after a signed delta.
    ///
    /// # Errors
    /// [`ListError::Form`], [`ListError::Key`], [`ListError::Signature`], or [`ListError::Base`] for a
    /// delta of any other list than this one.
    pub fn updated(&self, delta: &[u8], keys: &KeyList, now_s: i64) -> Result<Self, ListError> {
        let (signed, signature) = delta.split_last_chunk::<64>().ok_or(ListError::Form)?;
        let delta = StatusDelta::read(signed).ok_or(ListError::Form)?;
        let signer = checked(&delta.changed, signed, signature, keys, now_s)?;
        Ok(Self { state: delta.applied(&self.state)?, signer })
    }

    /// What the list says.
    pub fn state(&self) -> &StatusState {
        &self.state
    }

    /// Seconds since it was issued; below zero when this clock is behind.
    pub fn age_s(&self, now_s: i64) -> i64 {
        now_s.saturating_sub(i64::from(self.state.issued_s))
    }

    /// Whether the key that signed it may still be believed.
    pub(super) fn is_trusted(&self, keys: &KeyList, now_s: i64) -> bool {
        keys.trusted(self.state.region, Usage::Status, self.state.key, now_s)
            .is_some_and(|(key, _)| key.public == self.signer)
    }
}

fn checked(
    head: &StatusState,
    signed: &[u8],
    signature: &Signature,
    keys: &KeyList,
    now_s: i64,
) -> Result<[u8; 33], ListError> {
    let (key, point) =
        keys.trusted(head.region, Usage::Status, head.key, now_s).ok_or(ListError::Key)?;
    match point.verifies_once(signed, signature) {
        true => Ok(key.public),
        false => Err(ListError::Signature),
    }
}
