//! The envelope of every message: signature, header, message.

use kernel::http::Json;
use kernel::id::Id;
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{MOST, signature};

/// Version of the protocol.
pub const VERSION: &str = "1.0.0";

/// Header of a request.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[schema(as = G2pHeader)]
pub struct Header {
    /// Version; 1.0.0 when it is left out.
    #[serde(default)]
    pub version: String,
    /// The sender's id of the message.
    pub message_id: String,
    /// ISO 8601 with a zone.
    pub message_ts: String,
    /// The verb of the address.
    pub action: String,
    /// Who sends.
    pub sender_id: String,
    /// Who receives.
    #[serde(default)]
    pub receiver_id: String,
    /// Requests in the message.
    pub total_count: i64,
    /// Encrypted messages are not taken.
    #[serde(default)]
    pub is_msg_encrypted: bool,
}

/// A request.
#[derive(Clone, Debug, utoipa::ToSchema)]
#[schema(as = G2pRequest)]
pub struct Request<T> {
    /// Needed from a department that has laid down its keys; for others the token over TLS tells who it is.
    pub signature: Option<String>,
    /// Header.
    pub header: Header,
    /// Message.
    pub message: T,
    /// SM3 of header and message as they were sent.
    #[schema(ignore)]
    pub digest: [u8; 32],
}

/// A request before its parts are read: what is signed is their bytes.
#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    signature: Option<String>,
    header: Box<RawValue>,
    message: Box<RawValue>,
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Request<T> {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(source)?;
        let (header, message) = (raw.header.get(), raw.message.get());
        Ok(Self {
            signature: raw.signature,
            digest: signature::digest(header, message),
            header: serde_json::from_str(header).map_err(D::Error::custom)?,
            message: serde_json::from_str(message).map_err(D::Error::custom)?,
        })
    }
}

impl<T> Request<T> {
    /// Who signs at the caller's department, and why a request is not believed.
    ///
    /// # Errors
    /// The department's keys cannot be read.
    pub fn check(&self, app: &Platform, org: Id) -> Result<(bool, Option<&'static str>), Problem> {
        let Some(sender) = signature::sender(app, org)? else { return Ok((false, None)) };
        let (id, text) = (self.header.sender_id.as_str(), self.signature.as_deref());
        Ok((true, sender.refusal(id, text, &self.digest, Utc::now())))
    }
}

/// Header of an answer.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = G2pAnswerHeader)]
pub struct AnswerHeader {
    /// Version.
    pub version: &'static str,
    /// The same id as the request's.
    pub message_id: String,
    /// Now.
    pub message_ts: String,
    /// `on-…`.
    pub action: String,
    /// `succ` or `rjct`.
    pub status: &'static str,
    /// Why the whole message is not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason_code: Option<&'static str>,
    /// Requests.
    pub total_count: i64,
    /// Requests that came to an end.
    pub completed_count: i64,
    /// This platform.
    pub sender_id: &'static str,
    /// The sender of the request.
    pub receiver_id: String,
    /// Never.
    pub is_msg_encrypted: bool,
}

/// An answer.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = G2pAnswer)]
pub struct Answer<T> {
    /// To a department that has laid down its keys; empty to others: the answer comes over TLS.
    pub signature: String,
    /// Header.
    pub header: AnswerHeader,
    /// Message; left out when the whole was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<T>,
}

impl Header {
    /// Why a whole message is not taken.
    pub fn refusal(&self, action: &str, count: usize) -> Option<&'static str> {
        let parsed = time::OffsetDateTime::parse(
            &self.message_ts,
            &time::format_description::well_known::Rfc3339,
        );
        match () {
            () if !self.version.is_empty() && self.version != VERSION => {
                Some("rjct.version.invalid")
            }
            () if self.action != action => Some("rjct.action.invalid"),
            () if self.is_msg_encrypted => Some("rjct.action.not_supported"),
            () if parsed.is_err() => Some("rjct.message_ts.invalid"),
            () if count > MOST => Some("rjct.total_count.limit_exceeded"),
            () if usize::try_from(self.total_count) != Ok(count) => {
                Some("rjct.total_count.invalid")
            }
            () => None,
        }
    }

    /// The answer to this request.
    pub fn answer<T>(&self, count: usize, done: Result<T, &'static str>) -> Answer<T> {
        let completed = if done.is_ok() { count } else { 0 };
        let header = AnswerHeader {
            version: VERSION,
            message_id: self.message_id.clone(),
            message_ts: Utc::now().rfc3339(),
            action: format!("on-{}", self.action),
            status: if done.is_ok() { "succ" } else { "rjct" },
            status_reason_code: done.as_ref().err().copied(),
            total_count: count as i64,
            completed_count: completed as i64,
            sender_id: "yikatong",
            receiver_id: self.sender_id.clone(),
            is_msg_encrypted: false,
        };
        Answer { signature: String::new(), header, message: done.ok() }
    }
}

/// An answer as it leaves: signed where the caller's department signs.
///
/// # Errors
/// The platform's key cannot be used.
pub fn leave<T: Serialize>(
    app: &Platform,
    signs: bool,
    answer: Answer<T>,
) -> Result<Json<Answer<T>>, Problem> {
    if signs { signature::sign(app, answer).map(Json) } else { Ok(Json(answer)) }
}

/// The person number in `500…`, `nin:500…` or `nin:500…@provider`.
pub fn person_number(id: &str) -> &str {
    let id = id.split_once('@').map_or(id, |(id, _)| id);
    id.split_once(':').map_or(id, |(_, id)| id).trim()
}

/// A person's address at this platform: `token:<handle>@yikatong`.
pub fn address(handle: &str) -> String {
    format!("token:{handle}@yikatong")
}

/// What stands before the `@yikatong` of an address of this kind.
pub fn part<'a>(address: &'a str, kind: &str) -> Option<&'a str> {
    let rest = address.trim().strip_suffix("@yikatong")?;
    rest.strip_prefix(kind)?.strip_prefix(':')
}

/// The key of a link.
pub fn link_key(org: Id, number: &str) -> String {
    format!("{org} {number}")
}
