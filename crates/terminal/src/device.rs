//! Who this terminal is: enrolment with a one-time code, and renewal of its token (Art. 15).

use std::path::Path;

use seal::sm2::{SignerId, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::online::{Failure, Platform};
use crate::station::Station;
use crate::store::Store;
use crate::vault::{StoreError, Vault, random};

/// The role in which a terminal's key signs.
pub const ROLE: SignerId = SignerId::TERMINAL;
/// The version that the platform is told.
pub const FIRMWARE: &str = env!("CARGO_PKG_VERSION");
/// Tokens live 30 days; one that has less than half of that left is renewed.
const RENEW_BELOW_S: i64 = 15 * 86_400;

/// What enrolment gave. Kept only encrypted.
#[derive(Clone, Serialize, Deserialize)]
pub struct Device {
    /// Address of the platform.
    pub server: String,
    /// Id on the platform.
    pub id: String,
    /// Bearer token.
    pub token: String,
    /// Last moment of the token, UTC seconds.
    pub token_until: i64,
    /// Six digits of the division whose codes are taken.
    pub region: String,
    /// Compressed root key of CQ1.
    #[serde(with = "as_hex")]
    pub root: Vec<u8>,
    /// Where it stands.
    pub place: String,
    /// Whose it is.
    pub org: String,
    /// The device's own key.
    #[serde(with = "as_hex")]
    pub secret: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("id", &self.id).field("server", &self.server).finish()
    }
}

#[derive(Serialize)]
struct Enrol<'a> {
    code: &'a str,
    key: String,
    firmware: &'a str,
}

#[derive(Deserialize)]
struct Enrolled {
    id: String,
    token: String,
    token_until: i64,
    region: String,
    root: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    org: String,
}

#[derive(Serialize)]
struct Renew {
    at: i64,
    signature: String,
}

#[derive(Deserialize)]
struct Renewed {
    token: String,
    token_until: i64,
}

mod as_hex {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub fn serialize<S: Serializer>(bytes: &impl AsRef<[u8]>, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&hex::encode(bytes))
    }

    pub fn deserialize<'d, T: From<Vec<u8>>, D: Deserializer<'d>>(from: D) -> Result<T, D::Error> {
        let digits = String::deserialize(from)?;
        hex::decode(digits).map(T::from).map_err(D::Error::custom)
    }
}

/// Why a terminal could not be enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The platform or the way to it.
    #[error(transparent)]
    Platform(#[from] Failure),
    /// The folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The answer cannot be true: a key that is no key, a region that is none.
    #[error("平台的回答无法使用 / the platform's answer cannot be used")]
    Answer,
}

/// Enrols with the one-time code that the owner got from the platform, and makes the folder. The device
/// key is drawn here and never leaves the folder.
///
/// # Errors
/// [`EnrolError`]; then no folder of a terminal was made.
pub fn enrol(
    folder: &Path,
    passphrase: Option<&str>,
    server: &str,
    code: &str,
) -> Result<Store, EnrolError> {
    let vault = Vault::open(folder, passphrase)?;
    if vault.path("device").exists() {
        return Err(StoreError::InUse.into());
    }
    let io = |error| StoreError::Io(folder.to_owned(), error);
    let secret = Zeroizing::new(random::<32>().map_err(io)?);
    let key = SigningKey::from_secret(&secret, ROLE).map_err(|_| EnrolError::Answer)?;
    let public = hex::encode(key.verifying().to_compressed());
    let asked = Enrol { code: code.trim(), key: public, firmware: FIRMWARE };
    let answer: Enrolled = Platform::new(server, "").post("/api/v1/terminals/enrol", &asked)?;
    let root = hex::decode(&answer.root).map_err(|_| EnrolError::Answer)?;
    let usable = VerifyingKey::from_bytes(&root, SignerId::CQ1_ROOT).is_ok()
        && seal::cq1::Region::from_digits(&answer.region).is_some();
    if !usable {
        return Err(EnrolError::Answer);
    }
    let device = Device {
        server: server.trim_end_matches('/').to_owned(),
        id: answer.id,
        token: answer.token,
        token_until: answer.token_until,
        region: answer.region,
        root,
        place: answer.place,
        org: answer.org,
        secret: Zeroizing::new(secret.to_vec()),
    };
    Ok(Store::create(vault, &device)?)
}

impl Station {
    /// Renews the token when less than half of its time is left; says whether it did.
    ///
    /// # Errors
    /// [`Failure`]; the old token stays.
    pub fn renew_token(&self, now_s: i64) -> Result<bool, Failure> {
        let device = self.store().device().clone();
        if device.token_until - now_s > RENEW_BELOW_S {
            return Ok(false);
        }
        let damaged = || Failure::Store(StoreError::Tampered("device"));
        let secret = device.secret.first_chunk::<32>().ok_or_else(damaged)?;
        let key = SigningKey::from_secret(secret, ROLE).map_err(|_| damaged())?;
        let signature = key.sign(format!("renew {} {now_s}", device.id).as_bytes());
        let asked = Renew { at: now_s, signature: hex::encode(signature) };
        let answer: Renewed = self.platform().post("/api/v1/terminals/renew", &asked)?;
        let (token, token_until) = (answer.token, answer.token_until);
        self.store().put_device(Device { token, token_until, ..device })?;
        self.reconnect();
        Ok(true)
    }
}
