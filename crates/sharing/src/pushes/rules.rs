//! What is pushed, how it is signed, and when it is tried again.

use std::collections::BTreeMap;

use kernel::db::DbError;
use kernel::id::Id;
use kernel::keys::Keys;
use kernel::platform::random;
use kernel::problem::Problem;
use kernel::time::Utc;
use seal::sm2::{SignerId, VerifyingKey};
use serde::{Deserialize, Serialize};

/// Name of the key that signs pushes.
const KEY: &str = "share-push";
/// Header with r ‖ s in hexadecimal digits.
pub const SIGNATURE: &str = "x-yikatong-signature";
/// Header with the moment of this attempt, in seconds since 1970.
pub const TIMESTAMP: &str = "x-yikatong-timestamp";

/// A change as the department gets it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
pub struct Body {
    /// Its id, the same in each attempt.
    pub id: Id,
    /// The agreement.
    pub agreement: Id,
    /// How the department knows the person.
    pub pseudonym: String,
    /// Place among the changes of this person under this agreement, from 1 without gaps.
    pub sequence: i64,
    /// When the change was found, RFC 3339.
    pub at: String,
    /// The fields that changed, with their new values.
    pub changes: BTreeMap<String, String>,
}

/// The fields of `now` that are not as they were.
pub fn changes(
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let differs = |(code, value): &(&String, &String)| before.get(*code) != Some(*value);
    now.iter().filter(differs).map(|(code, value)| (code.clone(), value.clone())).collect()
}

/// Attempts before a push is a dead letter: the last comes about 17 hours after the first.
pub const MOST_TRIES: i64 = 14;

/// Seconds until the next attempt: 10, 20, 40 … up to two hours.
pub fn pause(tries: i64) -> i64 {
    (10 << tries.clamp(1, 20).saturating_sub(1)).min(7_200)
}

fn failed(error: seal::keystore::KeyError) -> Problem {
    DbError::Unavailable(error.to_string()).into()
}

/// What is signed: the moment and the body, so that an old push cannot be sent again as a new one.
pub fn signed_text(timestamp: i64, body: &str) -> String {
    format!("{timestamp}.{body}")
}

/// Signs an attempt.
///
/// # Errors
/// The key store does not answer.
pub fn sign(keys: &Keys, now: Utc, body: &str) -> Result<String, Problem> {
    keys.store().create(KEY, &random::<32>()).map_err(failed)?;
    let text = signed_text(now.seconds(), body);
    let signature = keys.store().sign(KEY, SignerId::SHARE_PUSH, text.as_bytes());
    signature.map(hex::encode).map_err(failed)
}

/// The key that receivers verify with.
///
/// # Errors
/// The key store does not answer.
pub fn public_key(keys: &Keys) -> Result<VerifyingKey, Problem> {
    keys.store().create(KEY, &random::<32>()).map_err(failed)?;
    keys.store().public(KEY, SignerId::SHARE_PUSH).map_err(failed)
}
