//! Emergency codes (应急码): a few codes made beforehand for a holder who will have no network, kept in
//! the phone or printed.
//!
//! They are codes of the same layout with a version of their own. Their holder key is drawn for one
//! book, signs its codes and is destroyed, so nobody can make more of them. Whoever copies one can show
//! it: therefore few uses, at most 72 hours, no identity, and terminals choose whether to take them.

use super::{Code, Credential, Kind, MAX_EMERGENCY_H, MAX_EMERGENCY_USES, Scene};
use crate::sm2::Signature;

/// What a book of emergency codes is made from.
#[derive(Clone, Copy, Debug)]
pub struct EmergencyBook {
    /// Its credential; the holder key is the one-time key of the book.
    pub credential: Credential,
    /// The issuer's signature over the credential.
    pub issuer_signature: Signature,
    /// From when on the codes are good, UTC seconds.
    pub from_s: u32,
    /// For how many hours, at most 72.
    pub hours: u8,
    /// How many codes, at most 5.
    pub uses: u32,
}

/// More hours or uses than a book may have, or a credential of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not within the bounds of an emergency book")]
pub struct TooMany;

impl EmergencyBook {
    /// The codes to be signed with the one-time key, in the order in which they are to be used: a
    /// terminal that has seen a later one takes no earlier one.
    ///
    /// # Errors
    /// [`TooMany`].
    pub fn codes(&self) -> Result<Vec<Code>, TooMany> {
        let bounded = (1..=MAX_EMERGENCY_H).contains(&self.hours)
            && (1..=MAX_EMERGENCY_USES).contains(&self.uses)
            && self.credential.kind == Kind::Emergency;
        if !bounded {
            return Err(TooMany);
        }
        let code = |counter| Code {
            credential: self.credential,
            issuer_signature: self.issuer_signature,
            generated_s: self.from_s,
            lifetime: self.hours,
            counter,
            scene: Scene::Any,
        };
        Ok((1..=self.uses).map(code).collect())
    }
}
