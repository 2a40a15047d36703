//! The ways to a bank, and where an installation says which is used.

pub mod file;
pub mod folder;
pub mod http;
pub mod wire;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use seal::sm2::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::codes::Codes;
use crate::contract::{PayPort, is_id};
use crate::iso::{Profile, Statuses};
use crate::layout::Layout;
use crate::sign::SIGNER;
use file::{FilePort, Format};
use http::HttpPort;

/// How a bank is reached: `pay/<code of the bank>.json` in the data folder.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which way.
    pub way: Way,
    /// Account that is debited when a batch names none.
    #[serde(default)]
    pub payer_account: String,
    /// File with our secret key, 64 hex digits; beside the configuration unless it is absolute.
    pub key_file: PathBuf,
    /// The bank's public keys, each a point in hex. Two while it changes its key.
    pub bank_keys: Vec<String>,
    /// Codes of the bank: a shipped map's name or a file.
    #[serde(default = "plain")]
    pub codes: String,
}

fn plain() -> String {
    "plain".to_owned()
}

/// The three ways.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Way {
    /// Text files in a folder.
    Files {
        /// The folder with `out` and `in`.
        folder: PathBuf,
        /// A shipped layout's name or a file.
        layout: String,
    },
    /// ISO 20022 in a folder.
    Iso {
        /// The folder with `out` and `in`.
        folder: PathBuf,
        /// What stands in each message.
        profile: Profile,
    },
    /// Signed requests.
    Http {
        /// Where the host answers.
        address: String,
        /// How long it may take, in seconds.
        timeout: u64,
    },
}

/// Finds the way to a bank by its short code; `None` when none is configured.
///
/// # Errors
/// In words, what is wrong with the configuration.
pub fn find(data: &Path, bank: &str) -> Result<Option<Arc<dyn PayPort>>, String> {
    if !is_id(bank) {
        return Err(format!("{bank:?} is no code of a bank"));
    }
    let place = data.join("pay");
    let path = place.join(format!("{bank}.json"));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let config = serde_json::from_str(&text).map_err(|error| error.to_string());
    let port = config.and_then(|config| open(&place, bank, config));
    port.map(Some).map_err(|why| format!("{}: {why}", path.display()))
}

fn open(place: &Path, bank: &str, config: Config) -> Result<Arc<dyn PayPort>, String> {
    let key = secret_key(&place.join(&config.key_file))?;
    let keys = public_keys(&config.bank_keys)?;
    let codes = match Codes::shipped(&config.codes) {
        Some(codes) => codes,
        None => Codes::parse(&read(&place.join(&config.codes))?)?,
    };
    let payer = &config.payer_account;
    Ok(match config.way {
        Way::Files { folder, layout } => {
            let layout = match Layout::shipped(&layout) {
                Some(layout) => layout,
                None => Layout::parse(&read(&place.join(layout))?)?,
            };
            let format = Format::Text(layout, codes);
            Arc::new(FilePort::new(place.join(folder), bank, format, payer, key, keys)?)
        }
        Way::Iso { folder, profile } => {
            let format = Format::Iso(profile, Statuses::shipped());
            Arc::new(FilePort::new(place.join(folder), bank, format, payer, key, keys)?)
        }
        Way::Http { address, timeout } => {
            let timeout = Duration::from_secs(timeout.clamp(1, 600));
            let port = HttpPort::new(&address, bank, timeout, key, keys)?;
            Arc::new(port.with_codes(codes).with_payer(payer))
        }
    })
}

/// Reads a secret key from a file of 64 hex digits.
///
/// # Errors
/// In words; never with what stands in the file.
pub fn secret_key(path: &Path) -> Result<SigningKey, String> {
    let mut secret = [0; 32];
    let text = read(path)?;
    let no_key = || format!("{}: no key of 64 hex digits", path.display());
    hex::decode_to_slice(text.trim(), &mut secret).map_err(|_| no_key())?;
    SigningKey::from_secret(&secret, SIGNER).map_err(|_| no_key())
}

/// Reads public keys in hex.
///
/// # Errors
/// One is none, or there is none.
pub fn public_keys(keys: &[String]) -> Result<Vec<VerifyingKey>, String> {
    let read = |key: &String| {
        let bytes = hex::decode(key).map_err(|error| error.to_string())?;
        VerifyingKey::from_bytes(&bytes, SIGNER).map_err(|error| error.to_string())
    };
    let keys: Vec<VerifyingKey> = keys.iter().map(read).collect::<Result<_, _>>()?;
    if keys.is_empty() {
        Err("without the bank's key nothing is believed".to_owned())
    } else {
        Ok(keys)
    }
}

fn read(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
