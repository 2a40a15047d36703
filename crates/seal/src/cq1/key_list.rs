//! The list of issuer keys, signed by the offline root.
//!
//! `CQK1`, serial (4), issued at (4), next update (4), number of keys (2), keys of 47 bytes each in
//! rising order of region, usage and index, signature (64) over all before it.

use std::sync::{Arc, OnceLock};

use super::bytes::Bytes;
use super::{ListError, Region};
use crate::sm2::{Signature, SignerId, VerifyingKey};
use crate::sm2_fast::FastKey;

const MAGIC: &[u8; 4] = b"CQK1";

/// What an issuer's key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// 1: credentials.
    Credentials,
    /// 2: status lists and deltas.
    Status,
}

impl Usage {
    fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Credentials),
            2 => Some(Self::Status),
            _ => None,
        }
    }

    fn number(self) -> u8 {
        match self {
            Self::Credentials => 1,
            Self::Status => 2,
        }
    }

    fn role(self) -> SignerId {
        match self {
            Self::Credentials => SignerId::CQ1_ISSUER,
            Self::Status => SignerId::CQ1_STATUS,
        }
    }
}

/// A key of an issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssuerKey {
    /// Whose it is.
    pub region: Region,
    /// What it may sign.
    pub usage: Usage,
    /// Its number; a number is used again only long after the old key has ended.
    pub index: u8,
    /// First moment, UTC seconds. A new key begins before the old one ends.
    pub not_before_s: u32,
    /// Last moment at which anything that it signed is believed, UTC seconds.
    pub not_after_s: u32,
    /// Never believed again, at once.
    pub revoked: bool,
    /// Compressed point.
    pub public: [u8; 33],
}

impl IssuerKey {
    /// Whether it may be believed at this moment.
    pub fn is_valid(&self, now_s: i64) -> bool {
        (i64::from(self.not_before_s)..=i64::from(self.not_after_s)).contains(&now_s)
    }

    fn place(&self) -> (Region, Usage, u8) {
        (self.region, self.usage, self.index)
    }

    fn write(&self, list: &mut Vec<u8>) {
        list.extend(self.region.to_bcd());
        list.extend([self.usage.number(), self.index]);
        list.extend(self.not_before_s.to_be_bytes());
        list.extend(self.not_after_s.to_be_bytes());
        list.push(u8::from(self.revoked));
        list.extend(self.public);
    }

    fn read(bytes: &mut Bytes<'_>) -> Option<Self> {
        let key = Self {
            region: bytes.region()?,
            usage: Usage::from_number(bytes.u8()?)?,
            index: bytes.u8()?,
            not_before_s: bytes.u32()?,
            not_after_s: bytes.u32()?,
            revoked: match bytes.u8()? {
                0 => false,
                1 => true,
                _ => return None,
            },
            public: bytes.take()?,
        };
        (key.not_before_s < key.not_after_s).then_some(key)
    }
}

/// The content of a key list, not yet signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyListBody {
    /// Rises with each list.
    pub serial: u32,
    /// UTC seconds.
    pub issued_s: u32,
    /// When it is no longer believed, UTC seconds.
    pub next_update_s: u32,
    /// In rising order of region, usage and index.
    pub keys: Vec<IssuerKey>,
}

impl KeyListBody {
    /// What the root signs, in the role [`SignerId::CQ1_ROOT`].
    ///
    /// # Errors
    /// [`ListError::Form`] for what no terminal would take.
    pub fn signed_bytes(&self) -> Result<Vec<u8>, ListError> {
        let count = u16::try_from(self.keys.len()).map_err(|_| ListError::Form)?;
        let mut list = MAGIC.to_vec();
        list.extend(self.serial.to_be_bytes());
        list.extend(self.issued_s.to_be_bytes());
        list.extend(self.next_update_s.to_be_bytes());
        list.extend(count.to_be_bytes());
        self.keys.iter().for_each(|key| key.write(&mut list));
        match Self::read(&list) {
            Some(same) if same == *self => Ok(list),
            _ => Err(ListError::Form),
        }
    }

    /// The signed list.
    ///
    /// # Errors
    /// [`ListError::Form`].
    pub fn with_signature(&self, signature: &Signature) -> Result<Vec<u8>, ListError> {
        Ok([&self.signed_bytes()?[..], signature].concat())
    }

    fn read(list: &[u8]) -> Option<Self> {
        let mut bytes = Bytes::new(list);
        if bytes.take::<4>()? != *MAGIC {
            return None;
        }
        let (serial, issued_s, next_update_s) = (bytes.u32()?, bytes.u32()?, bytes.u32()?);
        let count = bytes.u16()?;
        let mut keys = Vec::new();
        for _ in 0..count {
            keys.push(IssuerKey::read(&mut bytes)?);
        }
        bytes.end()?;
        let in_order = keys.windows(2).all(|pair| pair[0].place() < pair[1].place());
        (in_order && issued_s < next_update_s).then_some(Self {
            serial,
            issued_s,
            next_update_s,
            keys,
        })
    }
}

/// A key of the list, made ready when it is first used; clones of the list share it.
#[derive(Clone, Debug)]
pub(super) struct Point {
    key: VerifyingKey,
    fast: Arc<OnceLock<FastKey>>,
}

impl Point {
    fn new(key: VerifyingKey) -> Self {
        Self { key, fast: Arc::default() }
    }

    /// For what is signed rarely: no table.
    pub(super) fn verifies_once(&self, message: &[u8], signature: &Signature) -> bool {
        self.key.verifies(message, signature)
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        self.fast.get_or_init(|| FastKey::with_table(&self.key)).verifies(message, signature)
    }
}

/// A key list whose signature held. There is no other way to one.
#[derive(Clone, Debug)]
pub struct KeyList {
    body: KeyListBody,
    points: Vec<Point>,
    signed: Vec<u8>,
}

impl KeyList {
    /// Opens a signed list with the root's public key (role [`SignerId::CQ1_ROOT`]). Only for a terminal
    /// that has never held one; all others call [`KeyList::renewed`].
    ///
    /// # Errors
    /// [`ListError::Form`] or [`ListError::Signature`].
    pub fn open(list: &[u8], root: &VerifyingKey) -> Result<Self, ListError> {
        let (signed, signature) = list.split_last_chunk::<64>().ok_or(ListError::Form)?;
        let body = KeyListBody::read(signed).ok_or(ListError::Form)?;
        if !root.verifies(signed, signature) {
            return Err(ListError::Signature);
        }
        let point = |key: &IssuerKey| {
            VerifyingKey::from_bytes(&key.public, key.usage.role()).map(Point::new)
        };
        let points: Result<_, _> = body.keys.iter().map(point).collect();
        Ok(Self { points: points.map_err(|_| ListError::Form)?, body, signed: signed.to_vec() })
    }

    /// Opens a newer list. The same list again is fine; an older one, or another with the same serial,
    /// is refused.
    ///
    /// # Errors
    /// Those of [`KeyList::open`], and [`ListError::Rollback`].
    pub fn renewed(&self, list: &[u8], root: &VerifyingKey) -> Result<Self, ListError> {
        let newer = Self::open(list, root)?;
        let same = newer.signed == self.signed;
        let rises =
            newer.body.serial > self.body.serial && newer.body.issued_s >= self.body.issued_s;
        match same || rises {
            true => Ok(newer),
            false => Err(ListError::Rollback),
        }
    }

    /// What the list says.
    pub fn body(&self) -> &KeyListBody {
        &self.body
    }

    /// The key at a place of the list.
    pub(super) fn find(
        &self,
        region: Region,
        usage: Usage,
        index: u8,
    ) -> Option<(&IssuerKey, &Point)> {
        let place = (region, usage, index);
        let at = self.body.keys.binary_search_by_key(&place, IssuerKey::place).ok()?;
        Some((&self.body.keys[at], &self.points[at]))
    }

    /// The key at a place of the list, when it may be believed now.
    pub(super) fn trusted(
        &self,
        region: Region,
        usage: Usage,
        index: u8,
        now_s: i64,
    ) -> Option<(&IssuerKey, &Point)> {
        self.find(region, usage, index).filter(|(key, _)| !key.revoked && key.is_valid(now_s))
    }
}
