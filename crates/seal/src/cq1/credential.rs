//! The holder's credential: fields 1–8, signed by an issuer (field 9).

use super::bytes::Bytes;
use super::{CREDENTIAL_BODY, CREDENTIAL_LEN, Capabilities, CredentialId, Kind, Refused, Region};
use crate::sm2::Signature;

/// What an issuer says about a holder, for at most a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Of a displayed or of an emergency code (field 1).
    pub kind: Kind,
    /// Who issued it (field 2).
    pub region: Region,
    /// Which of the issuer's keys signed it (field 3).
    pub key: u8,
    /// Random at each issue, never the card number (field 4).
    pub id: CredentialId,
    /// Place in the status list, drawn anew with each credential (field 5).
    pub status_index: u32,
    /// What it is good for without a network (field 6).
    pub capabilities: Capabilities,
    /// Last moment, UTC seconds (field 7).
    pub expires_s: u32,
    /// The holder's public key, a compressed point (field 8).
    pub holder: [u8; 33],
}

impl Credential {
    /// What the issuer signs, in the role [`crate::sm2::SignerId::CQ1_ISSUER`].
    pub fn signed_bytes(&self) -> [u8; CREDENTIAL_BODY] {
        let mut body = [0; CREDENTIAL_BODY];
        body[0] = self.kind.version();
        body[1..4].copy_from_slice(&self.region.to_bcd());
        body[4] = self.key;
        body[5..13].copy_from_slice(&self.id);
        body[13..17].copy_from_slice(&self.status_index.to_be_bytes());
        body[17..19].copy_from_slice(&self.capabilities.bits().to_be_bytes());
        body[19..23].copy_from_slice(&self.expires_s.to_be_bytes());
        body[23..56].copy_from_slice(&self.holder);
        body
    }

    /// The signed credential as the holder keeps it (fields 1–9).
    pub fn with_signature(&self, signature: &Signature) -> [u8; CREDENTIAL_LEN] {
        let mut signed = [0; CREDENTIAL_LEN];
        signed[..CREDENTIAL_BODY].copy_from_slice(&self.signed_bytes());
        signed[CREDENTIAL_BODY..].copy_from_slice(signature);
        signed
    }

    /// Reads fields 1–8 of a credential that the caller issued and kept.
    ///
    /// # Errors
    /// [`Refused::Length`], [`Refused::Version`] or [`Refused::Encoding`].
    pub fn of_bytes(body: &[u8]) -> Result<Self, Refused> {
        Self::read(body.try_into().map_err(|_| Refused::Length)?)
    }

    /// Reads fields 1–8. Whether the point is on the curve is asked where it is used.
    pub(super) fn read(body: &[u8; CREDENTIAL_BODY]) -> Result<Self, Refused> {
        let kind = Kind::from_version(body[0]).ok_or(Refused::Version)?;
        Self::read_as(kind, &mut Bytes::new(&body[1..])).ok_or(Refused::Encoding)
    }

    fn read_as(kind: Kind, bytes: &mut Bytes<'_>) -> Option<Self> {
        let credential = Self {
            kind,
            region: bytes.region()?,
            key: bytes.u8()?,
            id: bytes.take()?,
            status_index: bytes.u32()?,
            capabilities: Capabilities::from_bits(bytes.u16()?)?,
            expires_s: bytes.u32()?,
            holder: bytes.take()?,
        };
        let may = match kind {
            Kind::Displayed => Capabilities::ALL,
            Kind::Emergency => Capabilities::EMERGENCY,
        };
        may.contain(credential.capabilities).then_some(credential)
    }
}
