//! The code of one display: a signed credential and fields 10–13, signed by the holder (field 14).

use super::bytes::Bytes;
use super::{
    CODE_BODY, CODE_LEN, CREDENTIAL_BODY, CREDENTIAL_LEN, Credential, Kind, MAX_EMERGENCY_H,
    MAX_EMERGENCY_USES, MAX_LIFETIME_S, PREFIX, Refused, Scene, TEXT_LEN,
};
use crate::base45;
use crate::sm2::{Signature, SignerId, VerifyingKey};

/// The content of a code. Reading one proves nothing: see [`super::verify_offline`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The holder's credential (fields 1–8).
    pub credential: Credential,
    /// The issuer's signature over it (field 9).
    pub issuer_signature: Signature,
    /// When it was generated, or from when an emergency code is valid; UTC seconds (field 10).
    pub generated_s: u32,
    /// Seconds, or hours in an emergency code, from then on (field 11).
    pub lifetime: u8,
    /// Rises at each display, begins at 1 (field 12).
    pub counter: u32,
    /// What it is shown for (field 13).
    pub scene: Scene,
}

impl Code {
    /// What the holder signs, in the role of [`Code::holder_role`].
    pub fn signed_bytes(&self) -> [u8; CODE_BODY] {
        let mut body = [0; CODE_BODY];
        let credential = self.credential.with_signature(&self.issuer_signature);
        body[..CREDENTIAL_LEN].copy_from_slice(&credential);
        body[120..124].copy_from_slice(&self.generated_s.to_be_bytes());
        body[124] = self.lifetime;
        body[125..129].copy_from_slice(&self.counter.to_be_bytes());
        body[129..131].copy_from_slice(&self.scene.number().to_be_bytes());
        body
    }

    /// The whole code.
    pub fn with_signature(&self, signature: &Signature) -> [u8; CODE_LEN] {
        let mut code = [0; CODE_LEN];
        code[..CODE_BODY].copy_from_slice(&self.signed_bytes());
        code[CODE_BODY..].copy_from_slice(signature);
        code
    }

    /// The text for the QR code, 297 characters of its alphanumeric set.
    pub fn text(code: &[u8; CODE_LEN]) -> String {
        format!("{PREFIX}{}", base45::encode(code))
    }

    /// The bytes of a text.
    ///
    /// # Errors
    /// [`Refused::Foreign`], [`Refused::Length`] or [`Refused::Encoding`].
    pub fn bytes(text: &str) -> Result<[u8; CODE_LEN], Refused> {
        let packed = text.strip_prefix(PREFIX).ok_or(Refused::Foreign)?;
        if text.len() != TEXT_LEN {
            return Err(Refused::Length);
        }
        let bytes = base45::decode(packed).map_err(|_| Refused::Encoding)?;
        bytes.try_into().map_err(|_| Refused::Length)
    }

    /// Reads a code and its signature, strictly: every code that is read has exactly one form. No
    /// signature is checked.
    ///
    /// # Errors
    /// [`Refused::Length`], [`Refused::Version`] or [`Refused::Encoding`].
    pub fn parse(bytes: &[u8]) -> Result<(Self, Signature), Refused> {
        let bytes: &[u8; CODE_LEN] = bytes.try_into().map_err(|_| Refused::Length)?;
        let (code, signature) = Self::read(bytes)?;
        code.holder_key()?;
        Ok((code, signature))
    }

    /// All but the look whether the holder's point is on the curve, which costs as much as all else.
    pub(super) fn read(bytes: &[u8; CODE_LEN]) -> Result<(Self, Signature), Refused> {
        let (body, rest) = bytes.split_first_chunk::<CREDENTIAL_BODY>().ok_or(Refused::Length)?;
        let credential = Credential::read(body)?;
        Self::read_rest(credential, &mut Bytes::new(rest)).ok_or(Refused::Encoding)
    }

    fn read_rest(credential: Credential, bytes: &mut Bytes<'_>) -> Option<(Self, Signature)> {
        let code = Self {
            credential,
            issuer_signature: bytes.take()?,
            generated_s: bytes.u32()?,
            lifetime: bytes.u8()?,
            counter: bytes.u32()?,
            scene: Scene::from_number(bytes.u16()?)?,
        };
        let signature = bytes.take()?;
        bytes.end()?;
        code.is_bounded().then_some((code, signature))
    }

    fn is_bounded(&self) -> bool {
        let (longest, uses) = match self.credential.kind {
            Kind::Displayed => (MAX_LIFETIME_S, u32::MAX),
            Kind::Emergency => (MAX_EMERGENCY_H, MAX_EMERGENCY_USES),
        };
        (1..=longest).contains(&self.lifetime) && (1..=uses).contains(&self.counter)
    }

    /// The role in which the holder's key signs.
    pub fn holder_role(&self) -> SignerId {
        match self.credential.kind {
            Kind::Displayed => SignerId::CQ1_HOLDER,
            Kind::Emergency => SignerId::CQ1_EMERGENCY,
        }
    }

    pub(super) fn holder_key(&self) -> Result<VerifyingKey, Refused> {
        VerifyingKey::from_bytes(&self.credential.holder, self.holder_role())
            .map_err(|_| Refused::Encoding)
    }

    /// How long the code is good, in seconds.
    pub fn lifetime_s(&self) -> i64 {
        match self.credential.kind {
            Kind::Displayed => i64::from(self.lifetime),
            Kind::Emergency => i64::from(self.lifetime) * 3_600,
        }
    }
}
