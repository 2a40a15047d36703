//! Which way leads to which bank: `banks.json` in the data folder, read anew at each round. A bank
//! that is not named there gets files in `banks/CODE` of the data folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::file::FilePort;
use super::http::HttpPort;
use super::{BankPort, Codes};

/// The way to one bank.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "port", rename_all = "lowercase", deny_unknown_fields)]
pub enum Way {
    /// Batch files.
    File {
        /// Folder with `outgoing` and `incoming`, in the data folder unless it is absolute;
        /// `banks/CODE` when left out.
        folder: Option<PathBuf>,
        /// Seconds until an unanswered request is asked after.
        #[serde(default = "an_hour")]
        first_query_seconds: i64,
        /// The bank's own codes of refusal.
        #[serde(default)]
        codes: Codes,
    },
    /// JSON over HTTP.
    Http {
        /// Base address; `https`, or `http` to this machine itself.
        address: String,
        /// File that holds the bearer secret, beside this one unless it is absolute.
        secret_file: PathBuf,
        /// Longest wait for an answer.
        #[serde(default = "five_seconds")]
        timeout_seconds: u64,
        /// Seconds until an unanswered request is asked after.
        #[serde(default = "ten_seconds")]
        first_query_seconds: i64,
        /// The bank's own codes of refusal.
        #[serde(default)]
        codes: Codes,
    },
}

fn an_hour() -> i64 {
    3_600
}

fn ten_seconds() -> i64 {
    10
}

fn five_seconds() -> u64 {
    5
}

/// Reads the ways to all banks, by code.
///
/// # Errors
/// The file is there and cannot be read.
pub fn ways(data: &Path) -> Result<BTreeMap<String, Way>, String> {
    let path = data.join("banks.json");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// The port to a bank.
///
/// # Errors
/// The secret cannot be read, or the address would send it in the clear.
pub fn port(data: &Path, code: &str, way: Option<&Way>) -> Result<Box<dyn BankPort>, String> {
    let own = data.join("banks").join(code);
    match way {
        None => Ok(Box::new(FilePort::new(own, code, an_hour(), Codes::new()))),
        Some(Way::File { folder, first_query_seconds, codes }) => {
            let folder = folder.as_ref().map_or(own, |folder| data.join(folder));
            Ok(Box::new(FilePort::new(folder, code, *first_query_seconds, codes.clone())))
        }
        Some(Way::Http { address, secret_file, timeout_seconds, first_query_seconds, codes }) => {
            let path = data.join(secret_file);
            let secret = std::fs::read_to_string(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let timeout = std::time::Duration::from_secs((*timeout_seconds).clamp(1, 60));
            let port = HttpPort::new(address, &secret, timeout, *first_query_seconds)?;
            Ok(Box::new(port.with_codes(codes.clone())))
        }
    }
}
