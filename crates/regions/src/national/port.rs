//! Ways to the national platforms: files in two folders, or HTTP. Both carry the same signed texts.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use seal::sm2::VerifyingKey;
use serde::Deserialize;

use super::rules::PLATFORM;
use crate::rules::Signed;

/// What is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verb {
    /// Lines go up.
    Reports,
    /// Has this person a card elsewhere?
    Held,
    /// Who stands behind this code?
    Decode,
}

impl Verb {
    /// Last part of the address.
    pub fn path(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::Held => "held",
            Self::Decode => "decode",
        }
    }
}

/// A way to the national platforms.
pub trait NationalPort: Send + Sync + 'static {
    /// Whether questions are answered at once.
    fn is_online(&self) -> bool;

    /// Says something under an id; none while the answer is not there yet. It blocks.
    ///
    /// # Errors
    /// Nobody is reached, or this way does not carry that.
    fn say(&self, verb: Verb, id: &str, said: &Signed) -> io::Result<Option<Signed>>;
}

/// Files: `DATA/national-out/ID.json` goes out, `DATA/national-in/ID.json` comes back.
pub struct FilePort {
    /// The folder above both.
    pub folder: PathBuf,
}

/// The most bytes of an answer.
const LARGEST: u64 = 1 << 20;

impl NationalPort for FilePort {
    fn is_online(&self) -> bool {
        false
    }

    fn say(&self, verb: Verb, id: &str, said: &Signed) -> io::Result<Option<Signed>> {
        if verb != Verb::Reports || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(io::Error::other("files carry reports only"));
        }
        let answer = self.folder.join("national-in").join(format!("{id}.json"));
        match std::fs::metadata(&answer) {
            Ok(there) if there.len() <= LARGEST => {
                let text = std::fs::read_to_string(&answer)?;
                return Ok(serde_json::from_str(&text).ok());
            }
            Ok(_) => return Err(io::Error::other("the answer is too long")),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Err(_) => {}
        }
        let out = self.folder.join("national-out");
        let (file, made) = (out.join(format!("{id}.json")), out.join(format!("{id}.part")));
        if !file.exists() {
            std::fs::create_dir_all(&out)?;
            // A file that is still being written has another ending.
            std::fs::write(&made, serde_json::to_string(said).expect("plain data"))?;
            std::fs::rename(&made, &file)?;
        }
        Ok(None)
    }
}

/// HTTP: `POST ADDRESS/reports`, `/held`, `/decode`.
pub struct HttpPort {
    address: String,
    agent: ureq::Agent,
}

impl HttpPort {
    /// A port to an address that is `https`, or on this machine.
    pub fn new(address: &str) -> Option<Self> {
        let near = ["https://", "http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(5)))
            .max_redirects(0)
            .build();
        near.iter().any(|begin| address.starts_with(begin)).then(|| Self {
            address: address.trim_end_matches('/').to_owned(),
            agent: config.into(),
        })
    }
}

impl NationalPort for HttpPort {
    fn is_online(&self) -> bool {
        true
    }

    fn say(&self, verb: Verb, _: &str, said: &Signed) -> io::Result<Option<Signed>> {
        let url = format!("{}/{}", self.address, verb.path());
        let body = serde_json::to_string(said).expect("plain data");
        let words = |error: ureq::Error| io::Error::other(error.to_string());
        let request = self.agent.post(url).header("content-type", "application/json");
        let mut answer = request.send(&body).map_err(words)?;
        let text = answer.body_mut().with_config().limit(LARGEST).read_to_string();
        serde_json::from_str(&text.map_err(words)?).map(Some).map_err(io::Error::other)
    }
}

/// `DATA/national.json`.
#[derive(Deserialize)]
struct Configured {
    /// Address for HTTP; files are exchanged without one.
    #[serde(default)]
    address: String,
    /// Key that signs the platform's answers, 66 digits.
    key: String,
    /// Point that is sealed for, 66 digits.
    seal: String,
}

/// A way with the platform's keys.
pub struct Way {
    /// The port.
    pub port: Box<dyn NationalPort>,
    /// Signs the platform's answers.
    pub key: VerifyingKey,
    /// What only the platform may read is sealed for this point.
    pub seal: Vec<u8>,
}

/// The way that `national.json` in the data folder names; read at each use. None when there is none, or when
/// it is not readable.
pub fn configured(data: &Path) -> Option<Way> {
    let text = std::fs::read_to_string(data.join("national.json")).ok()?;
    let said: Configured = serde_json::from_str(&text).ok()?;
    let key = VerifyingKey::from_bytes(&hex::decode(&said.key).ok()?, PLATFORM).ok()?;
    let port: Box<dyn NationalPort> = match said.address.as_str() {
        "" => Box::new(FilePort { folder: data.to_owned() }),
        address => Box::new(HttpPort::new(address)?),
    };
    Some(Way { port, key, seal: hex::decode(&said.seal).ok()? })
}
