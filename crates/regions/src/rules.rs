//! Who is believed, and what of what he says: descriptors, signed messages, their order. No I/O.

mod arrival;
mod refused;
#[cfg(test)]
mod tests;

use seal::sm2::{SignerId, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) use arrival::MOST_PAUSE_S;
pub use arrival::{Arrival, is_due, judge_arrival, pause_s};
pub use refused::Refused;

/// Signs descriptors of regions.
pub const DESCRIPTOR: SignerId = SignerId("yikatong-region-descriptor");
/// Signs messages between regions.
pub const MESSAGE: SignerId = SignerId("yikatong-region-message");
/// Signs receipts of messages.
pub const RECEIPT: SignerId = SignerId("yikatong-region-receipt");
/// Signs a region's word that its own key is not to be believed any more.
pub const REVOCATION: SignerId = SignerId("yikatong-region-revocation");
/// Version of the standard between regions that this program speaks (Art. 17).
pub const STANDARD: i64 = 1;
/// Seconds that the clocks of two regions may differ.
pub const SKEW_S: i64 = 120;
/// The longest text of one message, bytes.
pub const LONGEST: usize = 16 * 1024;
/// The most messages in one request.
pub const BATCH: usize = 10;

/// A text and its SM2 signature in hexadecimal digits. What is signed are the bytes of the text, so
/// nobody has to agree on a canonical form of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Signed {
    /// JSON.
    pub text: String,
    /// r ‖ s, 128 digits.
    pub signature: String,
    /// In a descriptor with a new key: the signature of the key before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// Whether a message's text is short enough and without U+0000.
///
/// # Errors
/// [`Refused::TooLong`], [`Refused::Unreadable`].
pub fn is_plain(text: &str) -> Result<(), Refused> {
    if text.len() > LONGEST {
        return Err(Refused::TooLong);
    }
    match text.contains('\0') || text.contains("\\u0000") {
        true => Err(Refused::Unreadable),
        false => Ok(()),
    }
}

impl Signed {
    /// Short enough, and without U+0000, which PostgreSQL's TEXT has no place for. To be asked before
    /// anything in the text is looked up.
    ///
    /// # Errors
    /// [`Refused::TooLong`], [`Refused::Unreadable`].
    pub fn plain(&self) -> Result<(), Refused> {
        is_plain(&self.text)
    }

    /// Reads the text when the signature is of this key in this role.
    ///
    /// # Errors
    /// [`Refused::Forged`], or [`Refused::Unreadable`] when it is not what it should be.
    pub fn open<T: DeserializeOwned>(&self, key: &str, role: SignerId) -> Result<T, Refused> {
        match fits(key, role, &self.text, &self.signature) {
            true => serde_json::from_str(&self.text).map_err(|_| Refused::Unreadable),
            false => Err(Refused::Forged),
        }
    }
}

pub(crate) fn fits(key: &str, role: SignerId, text: &str, signature: &str) -> bool {
    let key = hex::decode(key).ok().and_then(|key| VerifyingKey::from_bytes(&key, role).ok());
    let signature = hex::decode(signature).ok().and_then(|bytes| bytes.try_into().ok());
    key.zip(signature).is_some_and(|(key, signature)| key.verifies(text.as_bytes(), &signature))
}

/// What a region says of itself, signed with the key that it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Descriptor {
    /// Division that issues cards (GB/T 2260).
    pub region: String,
    /// Name for people.
    pub name: String,
    /// Compressed SM2 point, 66 hexadecimal digits.
    pub key: String,
    /// Compressed SM2 point that what only this region may read is sealed for.
    #[serde(default)]
    pub seal: String,
    /// Address without a slash at its end.
    pub endpoint: String,
    /// Version of the standard between regions.
    pub standard: i64,
    /// Whom to call.
    pub contact: String,
    /// Rises with each descriptor of a region.
    pub serial: i64,
    /// First second, UTC.
    pub valid_from: i64,
    /// Last second, UTC.
    pub valid_until: i64,
}

/// A region's word that the key of one of its descriptors is not to be believed any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// Region.
    pub region: String,
    /// Serial of the descriptor that it is about.
    pub serial: i64,
    /// UTC seconds.
    pub at: i64,
    /// Why, in words.
    pub why: String,
}

/// What two officers compare by telephone: SM3 over key and region, 16 digits in groups of four.
pub fn fingerprint(descriptor: &Descriptor) -> String {
    let digest = seal::sm3::sm3(format!("{}:{}", descriptor.region, descriptor.key).as_bytes());
    let digits = hex::encode(&digest[..8]);
    let groups: Vec<&str> = (0..4).map(|n| &digits[n * 4..n * 4 + 4]).collect();
    groups.join("-")
}

/// Whether a fingerprint that was typed is the one meant; dashes, spaces and capitals do not matter.
pub fn same_fingerprint(typed: &str, descriptor: &Descriptor) -> bool {
    let plain = |text: &str| -> String {
        text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase()
    };
    plain(typed) == plain(&fingerprint(descriptor))
}

/// Whether a descriptor may be laid before the officers: good in itself, not of this region, and
/// when one of that region is trusted, newer than it and, with another key, signed by its key too.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn judge_descriptor(
    signed: &Signed,
    trusted: Option<&Descriptor>,
    own: &str,
    now_s: i64,
) -> Result<Descriptor, Refused> {
    let said: Descriptor = serde_json::from_str(&signed.text).map_err(|_| Refused::Unreadable)?;
    let said: Descriptor = signed.open(&said.key, DESCRIPTOR)?;
    let six = said.region.len() == 6 && said.region.bytes().all(|b| b.is_ascii_digit());
    let address = said.endpoint.starts_with("https://") || said.endpoint.starts_with("http://");
    if !six || !address || said.name.is_empty() {
        return Err(Refused::Unreadable);
    }
    if said.region == own {
        return Err(Refused::OwnRegion);
    }
    if now_s > said.valid_until || said.valid_from > now_s + SKEW_S {
        return Err(Refused::NotValid);
    }
    if said.standard != STANDARD {
        return Err(Refused::Standard);
    }
    if let Some(trusted) = trusted {
        if said.serial <= trusted.serial {
            return Err(Refused::Rollback);
        }
        let before = signed.before.as_deref().unwrap_or_default();
        if said.key != trusted.key && !fits(&trusted.key, DESCRIPTOR, &signed.text, before) {
            return Err(Refused::NotFromOldKey);
        }
    }
    Ok(said)
}

/// One message from one region to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// 32 hexadecimal digits, never used again.
    pub id: String,
    /// Region that sends.
    pub from: String,
    /// Region that is meant.
    pub to: String,
    /// What it is: `incident.told` …
    pub kind: String,
    /// Version of the kind.
    pub version: i64,
    /// Messages of one key are done in the order of their sequence; empty when order is of no matter.
    pub person_key: String,
    /// Id of the message of the same key before this one; empty for the first.
    pub after: String,
    /// Rises from one message to the next of this direction.
    pub sequence: i64,
    /// UTC seconds.
    pub issued: i64,
    /// Last second at which it may be taken.
    pub expires: i64,
    /// Why, in plain words.
    pub purpose: String,
    /// Legal basis: `Art. 20`.
    pub basis: String,
    /// Entry of the sender's journal.
    pub journal: String,
    /// What the kind says.
    pub body: serde_json::Value,
}

/// The other side's word that it has a message, and what it made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Message.
    pub id: String,
    /// SM3 of the message's text, hexadecimal.
    pub digest: String,
    /// `ok`, or the code of a refusal that is final.
    pub result: String,
    /// Region that signs.
    pub by: String,
    /// UTC seconds.
    pub at: i64,
    /// Entry of the receiver's journal.
    pub journal: String,
}

/// SM3 of a text, hexadecimal.
pub fn digest(text: &str) -> String {
    hex::encode(seal::sm3::sm3(text.as_bytes()))
}

/// Reads a message of a trusted region: size, signature, then who speaks to whom. Its time is for
/// [`judge_time`], because one that comes too late has come all the same.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn open_message(
    signed: &Signed,
    sender: &Descriptor,
    own: &str,
    now_s: i64,
) -> Result<Message, Refused> {
    let message: Message = signed.open(&sender.key, MESSAGE)?;
    if message.id.len() != 32 || !message.id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Refused::Unreadable);
    }
    if message.from != sender.region || message.to != own {
        return Err(Refused::Scope);
    }
    match (sender.valid_from.saturating_sub(SKEW_S)..=sender.valid_until).contains(&now_s) {
        true => Ok(message),
        false => Err(Refused::NotValid),
    }
}

/// Whether a message may be taken now, with [`SKEW_S`] on both sides.
///
/// # Errors
/// [`Refused::Future`], [`Refused::Expired`].
pub fn judge_time(message: &Message, now_s: i64) -> Result<(), Refused> {
    if message.issued > now_s.saturating_add(SKEW_S) {
        return Err(Refused::Future);
    }
    if message.expires < now_s.saturating_sub(SKEW_S) {
        return Err(Refused::Expired);
    }
    Ok(())
}

/// Seconds that a question between regions may take.
pub const LIFETIME_S: i64 = 30;

/// Whether a question or answer of this second may be taken now.
///
/// # Errors
/// [`Refused::Future`], [`Refused::Expired`].
pub(crate) fn in_time(at: i64, now_s: i64) -> Result<(), Refused> {
    match at {
        at if at > now_s.saturating_add(SKEW_S) => Err(Refused::Future),
        at if at < now_s.saturating_sub(SKEW_S + LIFETIME_S) => Err(Refused::Expired),
        _ => Ok(()),
    }
}

/// Whether a receipt is the trusted region's word on exactly this message.
///
/// # Errors
/// [`Refused::Forged`] or [`Refused::Scope`].
pub fn judge_receipt(
    receipt: &Signed,
    sender: &Descriptor,
    id: &str,
    text: &str,
) -> Result<Receipt, Refused> {
    let said: Receipt = receipt.open(&sender.key, RECEIPT)?;
    fits_message(&said, &sender.region, id, text)?;
    Ok(said)
}

/// Whether a receipt whose signature holds is this region's word on exactly this message.
///
/// # Errors
/// [`Refused::Scope`].
pub(crate) fn fits_message(said: &Receipt, by: &str, id: &str, text: &str) -> Result<(), Refused> {
    match said.id == id && said.digest == digest(text) && said.by == by {
        true => Ok(()),
        false => Err(Refused::Scope),
    }
}
