//! Signatures of the envelope with SM2: of requests where a department has laid down its keys, of answers to
//! such a department always.
//!
//! What is signed is `(created): …`, `(expires): …` and `digest: SM3=…` of the bytes of header and message as
//! they stand in the body, each on a line of its own.

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::db::DbError;
use kernel::http::Json;
use kernel::id::Id;
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use seal::sm2::{Signature, SignerId, VerifyingKey};
use serde::{Deserialize, Serialize};

use super::envelope::Answer;

/// In whose role both sides sign.
pub const SIGNER: SignerId = SignerId("yikatong-g2p");
/// Name of the platform's key.
const KEY: &str = "g2p";
/// A signature counts from then on and for so long at most, seconds.
const AHEAD: i64 = 300;
const LONGEST: i64 = 3_600;

/// Keys of a department's system: `g2p/<organisation>.json` in the data folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// What it calls itself in `sender_id`.
    sender: String,
    /// Its keys; two while it changes them.
    keys: Vec<SenderKey>,
}

/// A key of a sender.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SenderKey {
    id: String,
    /// Compressed point in hex.
    key: String,
}

/// The keys of a department; none when it signs nothing. A file that cannot be read lets nothing in.
///
/// # Errors
/// The file is there and cannot be read.
pub fn sender(app: &Platform, org: Id) -> Result<Option<Sender>, Problem> {
    let path = app.config.data.join("g2p").join(format!("{org}.json"));
    let unreadable = |why: String| Problem::from(DbError::Unavailable(why));
    match std::fs::read(&path) {
        Ok(bytes) => {
            let read = serde_json::from_slice(&bytes);
            read.map(Some).map_err(|error| unreadable(format!("{}: {error}", path.display())))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(format!("{}: {error}", path.display()))),
    }
}

/// The digest of an envelope.
pub fn digest(header: &str, message: &str) -> [u8; 32] {
    seal::sm3::sm3(&[header.as_bytes(), message.as_bytes()].concat())
}

fn signed_text(created: i64, expires: i64, digest: &[u8; 32]) -> String {
    let digest = BASE64.encode(digest);
    format!("(created): {created}\n(expires): {expires}\ndigest: SM3={digest}")
}

impl Sender {
    /// Why a request of this sender is not believed; `None` when its signature holds.
    pub fn refusal(
        &self,
        sender_id: &str,
        signature: Option<&str>,
        digest: &[u8; 32],
        now: Utc,
    ) -> Option<&'static str> {
        let Some(signature) = signature.filter(|text| !text.is_empty()) else {
            return Some("rjct.signature.missing");
        };
        let holds = sender_id == self.sender && self.holds(signature, digest, now.seconds());
        (!holds).then_some("rjct.signature.invalid")
    }

    fn holds(&self, text: &str, digest: &[u8; 32], now: i64) -> bool {
        let part = |name: &str| part_of(text, name);
        let moment = |name: &str| part(name).and_then(|text| text.parse::<i64>().ok());
        let (Some(created), Some(expires)) = (moment("created"), moment("expires")) else {
            return false;
        };
        let in_time = created <= now + AHEAD && now <= expires && expires - created <= LONGEST;
        let id = part("kidId").unwrap_or_default();
        let mut id = id.split('|');
        let (sender, key, algorithm) = (id.next(), id.next(), id.next());
        let signature = part("signature").and_then(|text| BASE64.decode(text).ok());
        let signature: Option<Signature> = signature.and_then(|bytes| bytes.try_into().ok());
        let known = self.keys.iter().find(|known| Some(known.id.as_str()) == key);
        let key = known.and_then(|known| {
            VerifyingKey::from_bytes(&hex::decode(&known.key).ok()?, SIGNER).ok()
        });
        let (Some(key), Some(signature)) = (key, signature) else { return false };
        in_time
            && sender == Some(self.sender.as_str())
            && algorithm == Some("sm2")
            && part("namespace") == Some("g2p")
            && key.verifies(signed_text(created, expires, digest).as_bytes(), &signature)
    }
}

/// The value of `name="…"` in the text of a signature; no value has a comma.
fn part_of<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let text = text.trim().strip_prefix("Signature:").unwrap_or(text);
    text.split(',').find_map(|part| {
        let (found, value) = part.trim().split_once('=')?;
        (found == name).then(|| value.trim_matches('"'))
    })
}

/// The text of a signature with `sign` over an envelope.
pub fn text(
    (sender, key): (&str, &str),
    (created, expires): (i64, i64),
    digest: &[u8; 32],
    sign: impl FnOnce(&[u8]) -> Signature,
) -> String {
    let signature = BASE64.encode(sign(signed_text(created, expires, digest).as_bytes()));
    format!(
        "Signature: namespace=\"g2p\", kidId=\"{sender}|{key}|sm2\", algorithm=\"sm2\", \
         created=\"{created}\", expires=\"{expires}\", headers=\"(created) (expires) digest\", \
         signature=\"{signature}\""
    )
}

/// Signs an answer to a department that has laid down keys.
///
/// # Errors
/// The platform's key cannot be made or used.
pub fn sign<T: Serialize>(app: &Platform, mut answer: Answer<T>) -> Result<Answer<T>, Problem> {
    let engine = |error: String| Problem::from(DbError::Engine(error));
    let broken = |error: serde_json::Error| engine(error.to_string());
    let header = serde_json::to_string(&answer.header).map_err(broken)?;
    let message = match &answer.message {
        Some(message) => serde_json::to_string(message).map_err(broken)?,
        None => String::new(),
    };
    let digest = digest(&header, &message);
    let store = app.keys.store();
    store.create(KEY, &random::<32>()).map_err(|error| engine(error.to_string()))?;
    let now = Utc::now().seconds();
    let mut failed = None;
    let signature = text(("yikatong", KEY), (now, now + LONGEST), &digest, |message| {
        store.sign(KEY, SIGNER, message).unwrap_or_else(|error| {
            failed = Some(error.to_string());
            [0; 64]
        })
    });
    match failed {
        None => {
            answer.signature = signature;
            Ok(answer)
        }
        Some(error) => Err(engine(error)),
    }
}

/// The platform's key.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = G2pKey)]
pub struct KeyBody {
    /// As it stands in `kidId`.
    id: &'static str,
    /// Compressed point of the SM2 key, hexadecimal.
    key: String,
}

/// The key that answers are signed with; its fingerprint is confirmed on paper.
#[utoipa::path(get, path = "/api/g2p/key", tag = "g2p", responses((status = 200, body = KeyBody)))]
pub(super) async fn key(State(app): State<App>) -> Result<Json<KeyBody>, Problem> {
    let engine = |error: seal::keystore::KeyError| DbError::Engine(error.to_string());
    let store = app.keys.store();
    store.create(KEY, &random::<32>()).map_err(engine)?;
    let key = store.public(KEY, SIGNER).map_err(engine)?.to_compressed();
    Ok(Json(KeyBody { id: KEY, key: hex::encode(key) }))
}
