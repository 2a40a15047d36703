//! Which hotlines are connected: `hotlines.json` in the data folder. Secrets stay in files of their own.

use std::path::Path;
use std::sync::Arc;

use seal::sm2::{SignerId, SigningKey};
use seal::sm3::MacKey;
use serde::Deserialize;

use super::Hotline;
use super::file::FilePort;
use super::http::{HttpPort, Signer};

/// Name of the file.
pub const FILE: &str = "hotlines.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    channel: String,
    #[serde(default)]
    folder: String,
    #[serde(default)]
    url: String,
    /// Name under which the hotline knows the key.
    #[serde(default)]
    key: String,
    /// `hmac-sm3` or `sm2`.
    #[serde(default)]
    sign: String,
    /// File with the secret; for SM2 64 hexadecimal digits.
    #[serde(default)]
    secret_file: String,
}

/// A hotline with its channel.
pub type Connected = (&'static str, Arc<dyn Hotline>);

/// The hotlines of an installation; none without the file.
///
/// # Errors
/// In words for the operator.
pub fn open(data: &Path) -> Result<Vec<Connected>, String> {
    let path = data.join(FILE);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("{FILE}: {error}")),
    };
    let lines: Vec<Line> =
        serde_json::from_str(&text).map_err(|error| format!("{FILE}: {error}"))?;
    lines.iter().map(|line| connect(line, data)).collect()
}

fn connect(line: &Line, data: &Path) -> Result<Connected, String> {
    let channel = match line.channel.as_str() {
        "12345" => "12345",
        "12333" => "12333",
        _ => return Err(format!("{FILE}: channel is 12345 or 12333")),
    };
    match (line.folder.as_str(), line.url.as_str()) {
        (folder, "") if !folder.is_empty() => {
            Ok((channel, Arc::new(FilePort::new(&data.join(folder))?)))
        }
        ("", url) if !url.is_empty() => {
            Ok((channel, Arc::new(HttpPort::new(url, &line.key, signer(line, data)?)?)))
        }
        _ => Err(format!("{FILE}: {channel} needs either folder or url")),
    }
}

fn signer(line: &Line, data: &Path) -> Result<Signer, String> {
    let bytes = std::fs::read(data.join(&line.secret_file))
        .map_err(|error| format!("{FILE}: secret_file: {error}"))?;
    let secret = bytes.trim_ascii();
    match line.sign.as_str() {
        "hmac-sm3" if secret.len() >= 16 => Ok(Signer::Hmac(MacKey::new(secret))),
        "hmac-sm3" => Err(format!("{FILE}: a secret has 16 bytes or more")),
        "sm2" => {
            let mut key = [0; 32];
            hex::decode_to_slice(secret, &mut key)
                .map_err(|_| format!("{FILE}: an SM2 secret is 64 hexadecimal digits"))?;
            let key = SigningKey::from_secret(&key, SignerId::DEFAULT);
            Ok(Signer::Sm2(Box::new(key.map_err(|_| format!("{FILE}: not an SM2 key"))?)))
        }
        _ => Err(format!("{FILE}: sign is hmac-sm3 or sm2")),
    }
}
