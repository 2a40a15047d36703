//! CQ1, the signed card code: a terminal without a network judges it with public keys alone.
//!
//! Offline root → [list of issuer keys](KeyList) → [credential](Credential) of at most 24 hours →
//! one [code](Code) per display. The whole specification with test vectors is `docs/card-code.md`.
//!
//! | bytes | field | |
//! |---|---|---|
//! | 0 | 1 version and algorithm | `0x11` a displayed code, `0x21` an emergency code |
//! | 1–3 | 2 issuing region | six digits in BCD |
//! | 4 | 3 issuer key index | |
//! | 5–12 | 4 credential id | random at each issue |
//! | 13–16 | 5 status index | |
//! | 17–18 | 6 capability bits | reserved bits are zero |
//! | 19–22 | 7 credential expiry | UTC seconds |
//! | 23–55 | 8 holder's public key | compressed point |
//! | 56–119 | 9 issuer's signature | over bytes 0–55 |
//! | 120–123 | 10 generated at | UTC seconds |
//! | 124 | 11 lifetime | seconds; hours in an emergency code |
//! | 125–128 | 12 counter | rises at each display, begins at 1 |
//! | 129–130 | 13 scene | |
//! | 131–194 | 14 holder's signature | over bytes 0–130 |

mod bytes;
mod cache;
mod code;
mod credential;
mod emergency;
mod gaps;
mod key_list;
mod parts;
mod refused;
mod status;
mod verify;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;

pub use cache::CredentialCache;
pub use code::Code;
pub use credential::Credential;
pub use emergency::{EmergencyBook, TooMany};
pub use key_list::{IssuerKey, KeyList, KeyListBody, Usage};
pub use parts::{Capabilities, CredentialId, Kind, Region, Scene};
pub use refused::{ListError, Refused};
pub use status::{Status, StatusDelta, StatusList, StatusState};
pub use verify::{
    Accepted, Context, verify_but_status, verify_offline, verify_offline_text, verify_past,
};

/// What the text of a code begins with.
pub const PREFIX: &str = "CQ1:";
/// Bytes of the fields that the issuer signs (1–8).
pub const CREDENTIAL_BODY: usize = 56;
/// Bytes of a signed credential (1–9).
pub const CREDENTIAL_LEN: usize = 120;
/// Bytes of the fields that the holder signs (1–13).
pub const CODE_BODY: usize = 131;
/// Bytes of a code.
pub const CODE_LEN: usize = 195;
/// Characters of the text: the prefix and Base45.
pub const TEXT_LEN: usize = 297;

/// Longest lifetime of a displayed code, seconds.
pub const MAX_LIFETIME_S: u8 = 60;
/// Farthest expiry of a holder's credential, seconds from now.
pub const MAX_CREDENTIAL_S: i64 = 86_400;
/// Longest lifetime of an emergency code, hours; its credential lives no longer.
pub const MAX_EMERGENCY_H: u8 = 72;
/// Most codes of one emergency book: the counters 1 to 5.
pub const MAX_EMERGENCY_USES: u32 = 5;
/// What clocks may differ at most, seconds, whatever a terminal is configured to.
pub const MAX_SKEW_S: i64 = 120;
/// Oldest status list that says anything, seconds, whatever a terminal is configured to.
pub const MAX_LIST_AGE_S: i64 = 86_400;
