//! The hash of a Merkle tree: SM3 in the platform, SHA-256 where the vectors of RFC 6962 are checked.

use sm3::Digest;

/// A hash function with 32 bytes of output.
pub trait TreeHash {
    /// The hash of all parts, one after the other.
    fn of(parts: &[&[u8]]) -> [u8; 32];
}

/// SM3 (GB/T 32905).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sm3;

impl TreeHash for Sm3 {
    fn of(parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = sm3::Sm3::new();
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finalize().into()
    }
}

/// SHA-256, for the vectors of RFC 6962 only.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sha256;

#[cfg(test)]
impl TreeHash for Sha256 {
    fn of(parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = sha2::Sha256::new();
        parts.iter().for_each(|part| hasher.update(part));
        hasher.finalize().into()
    }
}
