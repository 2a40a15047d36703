//! Why a code or a list is not accepted: one stable code for each reason.

/// Why a code is refused. The order is that of the checks: the first that fails is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refused {
    /// The text does not begin with `CQ1:`.
    #[error("not a CQ1 code")]
    Foreign,
    /// Not exactly 195 bytes or 297 characters.
    #[error("of a wrong length")]
    Length,
    /// A version or algorithm that is not known.
    #[error("of an unknown version")]
    Version,
    /// A field is not in its one form: Base45, BCD, reserved bits, a bound, or a point off the curve.
    #[error("not in the one form")]
    Encoding,
    /// The key list is from the future, so this clock is wrong.
    #[error("the key list is from the future")]
    KeyListFuture,
    /// The key list should have been renewed.
    #[error("the key list is too old")]
    KeyListStale,
    /// Issued by a region that is not asked for.
    #[error("of another region")]
    Region,
    /// No such issuer key of that region is in the list.
    #[error("the issuer's key is not known")]
    IssuerUnknown,
    /// The issuer's key was revoked.
    #[error("the issuer's key was revoked")]
    IssuerRevoked,
    /// The issuer's key is not valid yet or no longer.
    #[error("the issuer's key is not valid now")]
    IssuerNotValid,
    /// The credential has expired.
    #[error("the credential has expired")]
    CredentialExpired,
    /// The credential would live longer than any may.
    #[error("the credential is valid for too long")]
    CredentialTooLong,
    /// Generated in the future, beyond what clocks differ.
    #[error("from the future")]
    Future,
    /// Older than its lifetime.
    #[error("expired")]
    Expired,
    /// An emergency code, and this terminal takes none.
    #[error("no emergency codes here")]
    EmergencyNotTaken,
    /// The credential does not carry what the terminal needs.
    #[error("not for this use")]
    Capability,
    /// Shown for another purpose, or for payment.
    #[error("shown for another purpose")]
    Scene,
    /// The status list is of another region.
    #[error("the status list is of another region")]
    StatusListRegion,
    /// The key that signed the status list is not, or no longer, trusted.
    #[error("the status list is not trusted")]
    StatusListUntrusted,
    /// The status list is from the future, so this clock is wrong.
    #[error("the status list is from the future")]
    StatusListFuture,
    /// The status list is too old.
    #[error("the status list is too old")]
    StatusListStale,
    /// The status list does not reach this index.
    #[error("the status is not known")]
    StatusUnknown,
    /// Suspended: a loss or a freeze that can be lifted.
    #[error("suspended")]
    Suspended,
    /// Revoked for ever.
    #[error("revoked")]
    Revoked,
    /// The issuer did not sign this credential.
    #[error("not signed by the issuer")]
    IssuerSignature,
    /// The holder's key did not sign this code.
    #[error("not signed by the holder")]
    HolderSignature,
    /// This counter, or a higher one, was seen already.
    #[error("shown before")]
    Replayed,
}

impl Refused {
    /// Every refusal, in the order of the checks.
    pub const ALL: [Self; 27] = [
        Self::Foreign,
        Self::Length,
        Self::Version,
        Self::Encoding,
        Self::KeyListFuture,
        Self::KeyListStale,
        Self::Region,
        Self::IssuerUnknown,
        Self::IssuerRevoked,
        Self::IssuerNotValid,
        Self::CredentialExpired,
        Self::CredentialTooLong,
        Self::Future,
        Self::Expired,
        Self::EmergencyNotTaken,
        Self::Capability,
        Self::Scene,
        Self::StatusListRegion,
        Self::StatusListUntrusted,
        Self::StatusListFuture,
        Self::StatusListStale,
        Self::StatusUnknown,
        Self::Suspended,
        Self::Revoked,
        Self::IssuerSignature,
        Self::HolderSignature,
        Self::Replayed,
    ];

    /// Stable for ever; journals and partners' programs rely on it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Foreign => "cq1/foreign",
            Self::Length => "cq1/length",
            Self::Version => "cq1/version",
            Self::Encoding => "cq1/encoding",
            Self::KeyListFuture => "cq1/key-list-future",
            Self::KeyListStale => "cq1/key-list-stale",
            Self::Region => "cq1/region",
            Self::IssuerUnknown => "cq1/issuer-unknown",
            Self::IssuerRevoked => "cq1/issuer-revoked",
            Self::IssuerNotValid => "cq1/issuer-not-valid",
            Self::CredentialExpired => "cq1/credential-expired",
            Self::CredentialTooLong => "cq1/credential-too-long",
            Self::Future => "cq1/future",
            Self::Expired => "cq1/expired",
            Self::EmergencyNotTaken => "cq1/emergency-not-taken",
            Self::Capability => "cq1/capability",
            Self::Scene => "cq1/scene",
            Self::StatusListRegion => "cq1/status-list-region",
            Self::StatusListUntrusted => "cq1/status-list-untrusted",
            Self::StatusListFuture => "cq1/status-list-future",
            Self::StatusListStale => "cq1/status-list-stale",
            Self::StatusUnknown => "cq1/status-unknown",
            Self::Suspended => "cq1/suspended",
            Self::Revoked => "cq1/revoked",
            Self::IssuerSignature => "cq1/issuer-signature",
            Self::HolderSignature => "cq1/holder-signature",
            Self::Replayed => "cq1/replayed",
        }
    }
}

/// Why a key list, a status list or a delta is not taken. What was held before stays as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Not in the one form: length, magic, order, bounds, a point off the curve.
    #[error("not in the one form")]
    Form,
    /// The key that should have signed is not known, revoked or not valid now.
    #[error("the signing key is not trusted")]
    Key,
    /// The signature does not fit.
    #[error("the signature does not fit the key")]
    Signature,
    /// Older than what is held, or another list with the same serial.
    #[error("not newer than what is held")]
    Rollback,
    /// A delta for another base than the one that is held.
    #[error("not a delta for this list")]
    Base,
}

impl ListError {
    /// Stable for ever.
    pub fn code(self) -> &'static str {
        match self {
            Self::Form => "cq1/list-form",
            Self::Key => "cq1/list-key",
            Self::Signature => "cq1/list-signature",
            Self::Rollback => "cq1/list-rollback",
            Self::Base => "cq1/list-base",
        }
    }
}
