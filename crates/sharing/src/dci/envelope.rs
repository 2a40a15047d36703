//! The envelope of every message, and what the verbs say.

use kernel::time::Utc;
use seal::sm2::{SignerId, VerifyingKey};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Version of the protocol.
pub const VERSION: &str = "1.0.0";
/// Signs messages of departments and of this platform: SM2 over SM3 of header, full stop, message, as sent.
pub const SIGNER: SignerId = SignerId("yikatong-dci");
/// The most requests in a message.
pub const MOST: usize = 1_000;

/// A message as it came: what is signed are the bytes of its parts.
#[derive(Deserialize)]
pub struct Raw<'a> {
    /// r ‖ s in hexadecimal digits, or empty.
    #[serde(default)]
    pub signature: String,
    /// [`Header`].
    #[serde(borrow)]
    pub header: &'a RawValue,
    /// What the verb says.
    #[serde(borrow)]
    pub message: &'a RawValue,
}

/// Header of a request.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciHeader)]
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
    /// Not used: answers go to the address of the agreement.
    #[serde(default)]
    pub sender_uri: String,
    /// Requests in the message.
    pub total_count: i64,
    /// Encrypted messages are not taken.
    #[serde(default)]
    pub is_msg_encrypted: bool,
    /// Case and officers.
    #[serde(default)]
    pub meta: Meta,
}

/// What the agreement asks of every question (Art. 18).
#[derive(Clone, Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciMeta)]
pub struct Meta {
    /// Number of the case.
    #[serde(default)]
    pub case_no: String,
    /// Officer who needs it.
    #[serde(default)]
    pub officer: String,
    /// Another officer who agrees, where the brake asks for one.
    #[serde(default)]
    pub second_officer: String,
}

/// Whether the signature is of this key over these parts.
pub fn is_signed(raw: &Raw<'_>, key: &[u8]) -> bool {
    let key = VerifyingKey::from_bytes(key, SIGNER).ok();
    let signature = hex::decode(&raw.signature).ok().and_then(|bytes| bytes.try_into().ok());
    let text = signed_text(raw.header.get(), raw.message.get());
    key.zip(signature).is_some_and(|(key, signature)| key.verifies(text.as_bytes(), &signature))
}

/// What is signed.
pub fn signed_text(header: &str, message: &str) -> String {
    format!("{header}.{message}")
}

impl Header {
    /// Why a whole message is not taken.
    pub fn refusal(&self, action: &str, count: usize) -> Option<&'static str> {
        let format = &time::format_description::well_known::Rfc3339;
        let at = time::OffsetDateTime::parse(&self.message_ts, format);
        match () {
            () if !self.version.is_empty() && self.version != VERSION => {
                Some("rjct.version.invalid")
            }
            () if self.action != action => Some("rjct.action.invalid"),
            () if self.is_msg_encrypted => Some("rjct.action.not_supported"),
            () if at.is_err() => Some("rjct.message_ts.invalid"),
            () if !(1..=99).contains(&self.message_id.len()) => Some("rjct.message_id.invalid"),
            () if count > MOST => Some("rjct.total_count.limit_exceeded"),
            () if usize::try_from(self.total_count) != Ok(count) => {
                Some("rjct.total_count.invalid")
            }
            () => None,
        }
    }
}

/// Header of an answer.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = DciAnswerHeader)]
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
    /// Of a change: its number among the person's changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub meta: Option<serde_json::Value>,
}

impl AnswerHeader {
    /// The header of the answer to a message.
    pub fn new(
        message_id: &str,
        sender: &str,
        verb: &str,
        count: usize,
        refused: Option<&'static str>,
    ) -> Self {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            version: VERSION,
            message_id: message_id.to_owned(),
            message_ts: Utc::now().rfc3339(),
            action: format!("on-{verb}"),
            status: if refused.is_none() { "succ" } else { "rjct" },
            status_reason_code: refused,
            total_count: count,
            completed_count: if refused.is_none() { count } else { 0 },
            sender_id: "yikatong",
            receiver_id: sender.to_owned(),
            is_msg_encrypted: false,
            meta: None,
        }
    }
}

/// Message of `search`.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciSearch)]
pub struct Search {
    /// The sender's id of the transaction.
    pub transaction_id: String,
    /// One request for each person.
    pub search_request: Vec<SearchItem>,
}

/// One request of a search.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciSearchItem)]
pub struct SearchItem {
    /// The sender's id of the request.
    pub reference_id: String,
    /// ISO 8601.
    #[serde(default)]
    pub timestamp: String,
    /// Whom it is about, and why.
    pub search_criteria: Criteria,
}

/// Whom a request is about, and why.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciCriteria)]
pub struct Criteria {
    /// Kind of register, given back.
    #[serde(default)]
    pub reg_type: String,
    /// `idtype-value`: nothing else has a basis in an agreement.
    #[serde(alias = "filter_type")]
    pub query_type: String,
    /// The number.
    #[serde(alias = "filter")]
    pub query: Query,
    /// Given back.
    #[serde(default)]
    pub pagination: Option<Pagination>,
    /// The agreed purpose.
    #[serde(default)]
    pub authorize: Authorize,
}

/// A number of a person.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciQuery)]
pub struct Query {
    /// `NIN` or `UIN` (person number), `CARD` (card number).
    #[serde(rename = "type")]
    pub kind: String,
    /// The number.
    pub value: String,
}

/// Which page.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciPagination)]
pub struct Pagination {
    /// Records on a page.
    pub page_size: i64,
    /// Page, from 1.
    pub page_number: i64,
    /// All records, in answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_count: Option<i64>,
}

/// On what ground.
#[derive(Clone, Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciAuthorize)]
pub struct Authorize {
    /// The purpose.
    #[serde(default)]
    pub purpose: Purpose,
}

/// A purpose.
#[derive(Clone, Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciPurpose)]
pub struct Purpose {
    /// Code of the agreement's purpose.
    #[serde(default)]
    pub code: String,
    /// In words.
    #[serde(default)]
    pub text: String,
}

/// Message of `subscribe`.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciSubscribe)]
pub struct Subscribe {
    /// The sender's id of the transaction.
    pub transaction_id: String,
    /// One request for each person.
    pub subscribe_request: Vec<SubscribeItem>,
}

/// One request of a subscription.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciSubscribeItem)]
pub struct SubscribeItem {
    /// The sender's id of the request.
    pub reference_id: String,
    /// ISO 8601.
    #[serde(default)]
    pub timestamp: String,
    /// Whom it is about, and why.
    pub subscribe_criteria: Criteria,
}

/// Message of `unsubscribe`.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciUnsubscribe)]
pub struct Unsubscribe {
    /// The sender's id of the transaction.
    pub transaction_id: String,
    /// ISO 8601.
    #[serde(default)]
    pub timestamp: String,
    /// Codes of subscriptions.
    pub subscription_codes: Vec<String>,
}

/// Message of `txn/status`.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciStatus)]
pub struct Status {
    /// The sender's id of this question.
    pub transaction_id: String,
    /// Which transaction.
    pub txnstatus_request: StatusOf,
}

/// Which transaction is asked about.
#[derive(Clone, Debug, Deserialize, Serialize, utoipa::ToSchema)]
#[schema(as = DciStatusOf)]
pub struct StatusOf {
    /// The sender's id of the request.
    pub reference_id: String,
    /// `search`, `subscribe`, `unsubscribe`.
    pub txn_type: String,
    /// `transaction_id` or `correlation_id`.
    pub attribute_type: String,
    /// Its value.
    pub attribute_value: String,
}
