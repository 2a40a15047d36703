//! The SMS gateway over HTTP: one signed request for each message (docs/operations.md).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use seal::sm3::MacKey;
use serde::{Deserialize, Serialize};

use super::{Failed, FileSms, Sms, SmsPort};
use crate::id::Id;
use crate::time::Utc;

/// Seconds since 1970 at which a request was signed.
pub(super) const TIMESTAMP: &str = "x-yikatong-timestamp";
/// HMAC-SM3 over timestamp, full stop, body; hexadecimal.
pub(super) const SIGNATURE: &str = "x-yikatong-signature";
/// A gateway that answers later is asked again.
const TIMEOUT: Duration = Duration::from_secs(10);

/// `sms.json` in the data folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    address: String,
    secret: String,
    #[serde(default)]
    signature: String,
}

/// What is sent.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Message {
    /// The same at each attempt: a gateway that took it answers as before.
    pub(super) id: Id,
    /// Telephone number.
    pub(super) to: String,
    /// Text.
    pub(super) text: String,
}

/// What a gateway answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Taken {
    /// Of the message.
    pub(super) id: String,
    /// `accepted`, or `refused` for good.
    pub(super) state: String,
}

/// What is signed.
pub(super) fn signed(secret: &MacKey, timestamp: i64, body: &str) -> String {
    hex::encode(secret.mac(format!("{timestamp}.{body}").as_bytes()))
}

/// A gateway over HTTP.
pub struct HttpSms {
    agent: ureq::Agent,
    address: String,
    secret: MacKey,
    signature: String,
}

impl HttpSms {
    /// A gateway at an address, with the secret shared with it and the signature that the texts begin
    /// with; none when they have their own.
    ///
    /// # Errors
    /// The address is neither `https` nor on this machine, or the secret is short.
    pub fn new(address: &str, secret: &str, signature: &str) -> Result<Self, String> {
        let own = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        if !address.starts_with("https://") && !own.iter().any(|own| address.starts_with(own)) {
            return Err("the address of the SMS gateway begins with https://".to_owned());
        }
        if secret.len() < 16 {
            return Err("the secret of the SMS gateway has 16 characters or more".to_owned());
        }
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            // A redirect would carry numbers and codes elsewhere.
            .max_redirects(0)
            .build();
        let secret = MacKey::new(secret.as_bytes());
        let (address, signature) = (address.to_owned(), signature.to_owned());
        Ok(Self { agent: config.into(), address, secret, signature })
    }
}

impl SmsPort for HttpSms {
    fn send(&self, id: Id, sms: &Sms) -> Result<(), Failed> {
        let text = match sms.text.starts_with('【') {
            true => sms.text.clone(),
            false => format!("{}{}", self.signature, sms.text),
        };
        let body = serde_json::to_string(&Message { id, to: sms.to.clone(), text });
        let body = body.map_err(|_| Failed::Never("cannot be written as JSON".to_owned()))?;
        let timestamp = Utc::now().seconds();
        let sent = self
            .agent
            .post(&self.address)
            .header("Content-Type", "application/json")
            .header(TIMESTAMP, timestamp.to_string())
            .header(SIGNATURE, signed(&self.secret, timestamp, &body))
            .send(body);
        let mut answer = sent.map_err(|_| Failed::Down("not reached".to_owned()))?;
        match answer.status().as_u16() {
            200..=299 => {
                let limited = answer.body_mut().with_config().limit(64 * 1024).read_to_string();
                let taken = limited.ok().and_then(|text| serde_json::from_str::<Taken>(&text).ok());
                match taken.filter(|taken| taken.id == id.to_string()) {
                    Some(taken) if taken.state == "accepted" => Ok(()),
                    Some(taken) if taken.state == "refused" => {
                        Err(Failed::Never("the gateway refuses it".to_owned()))
                    }
                    // The answer to something else says nothing about this one.
                    _ => Err(Failed::Later("another answer than agreed".to_owned())),
                }
            }
            status @ (400 | 404 | 413 | 422) => Err(Failed::Never(format!("HTTP {status}"))),
            status @ (401 | 403 | 429) => Err(Failed::Down(format!("HTTP {status}"))),
            status => Err(Failed::Later(format!("HTTP {status}"))),
        }
    }
}

/// The gateway that `sms.json` in the data folder names; without that file, messages are appended to
/// `sms.jsonl`.
///
/// # Errors
/// In words, what is wrong with the file.
pub fn port_in(data: &Path) -> Result<Arc<dyn SmsPort>, String> {
    let path = data.join("sms.json");
    let words = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Arc::new(FileSms(data.join("sms.jsonl"))));
        }
        Err(error) => return Err(words(&error)),
    };
    let config: Config = serde_json::from_str(&text).map_err(|error| words(&error))?;
    let port = HttpSms::new(&config.address, &config.secret, &config.signature);
    Ok(Arc::new(port.map_err(|why| words(&why))?))
}
