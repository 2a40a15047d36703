//! The program at a service point (Art. 15): reads a card code, asks the platform for one published
//! item, and says yes with the item's fields, or no and why. It fails closed: whatever goes wrong is
//! a no.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Where the platform is and who asks.
#[derive(Clone)]
pub struct Terminal {
    /// Base address, e.g. `https://ykt.example.cn`.
    pub server: String,
    /// Bearer token from the registration.
    pub token: String,
    agent: ureq::Agent,
}

/// The platform's answer.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Answer {
    /// `yes` or `no`.
    pub result: String,
    /// Id of the use on record.
    #[serde(default)]
    pub id: String,
    /// Stable code of a refusal.
    #[serde(default)]
    pub why: Option<String>,
    /// The refusal in plain words.
    #[serde(default)]
    pub text: Option<String>,
    /// What to do now.
    #[serde(default)]
    pub advice: Option<String>,
    /// Article of the regulation behind a refusal.
    #[serde(default)]
    pub article: Option<u8>,
    /// Only the fields of the item.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
}

impl Answer {
    /// Whether the item may be served.
    pub fn is_yes(&self) -> bool {
        self.result == "yes"
    }
}

/// Why there is no answer; for the person at the terminal this is a no.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The platform cannot be reached, or did not answer in time.
    #[error("平台无法连接 / the platform cannot be reached: {0}")]
    Unreachable(String),
    /// The platform refused the terminal or the request.
    #[error("平台拒绝 / the platform refused ({status}): {title}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The problem's title.
        title: String,
    },
    /// The picture cannot be read, or has no QR code.
    #[error("没有读到二维码 / no QR code was read: {0}")]
    NoCode(String),
}

#[derive(Serialize)]
struct Asked<'a> {
    code: &'a str,
    item: &'a str,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    title: String,
}

impl Terminal {
    /// A terminal; each question waits at most five seconds.
    pub fn new(server: &str, token: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(5)))
            .http_status_as_error(false)
            .build();
        Self {
            server: server.trim_end_matches('/').to_owned(),
            token: token.trim().to_owned(),
            agent: config.into(),
        }
    }

    /// Asks the platform for one item.
    ///
    /// # Errors
    /// See [`Failure`]: all of them mean no.
    pub fn verify(&self, code: &str, item: &str) -> Result<Answer, Failure> {
        let response = self
            .agent
            .post(format!("{}/api/v1/verify", self.server))
            .header("Authorization", format!("Bearer {}", self.token))
            .send_json(Asked { code: code.trim_end_matches(['\r', '\n']), item });
        let mut response = response.map_err(|error| Failure::Unreachable(error.to_string()))?;
        let status = response.status().as_u16();
        let body = response.body_mut();
        if status != 200 {
            let problem = body.read_json::<Problem>();
            let title = problem.map(|problem| problem.title).unwrap_or_default();
            return Err(Failure::Refused { status, title });
        }
        body.read_json().map_err(|error| Failure::Unreachable(error.to_string()))
    }
}

/// Reads the QR code in a picture (PNG or JPEG), as a camera would.
///
/// # Errors
/// [`Failure::NoCode`].
pub fn read_picture(path: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|error| Failure::NoCode(error.to_string()))?;
    read_qr(&bytes)
}

/// Reads the QR code in the bytes of a picture.
///
/// # Errors
/// [`Failure::NoCode`].
pub fn read_qr(picture: &[u8]) -> Result<String, Failure> {
    let no_code = |error: String| Failure::NoCode(error);
    let picture = image::load_from_memory(picture).map_err(|error| no_code(error.to_string()))?;
    let mut prepared = rqrr::PreparedImage::prepare(picture.to_luma8());
    let decoded = prepared.detect_grids().into_iter().find_map(|grid| grid.decode().ok());
    decoded.map(|(_, text)| text).ok_or_else(|| no_code(String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_platform_means_no() {
        let nowhere = Terminal::new("http://127.0.0.1:9", "token");
        assert!(matches!(nowhere.verify("YKT1:", "X"), Err(Failure::Unreachable(_))));
    }

    #[test]
    fn what_is_no_picture_has_no_code() {
        assert!(matches!(read_qr(b"not a picture"), Err(Failure::NoCode(_))));
        assert!(matches!(read_picture(Path::new("/nowhere.png")), Err(Failure::NoCode(_))));
    }

    #[test]
    fn an_answer_is_read_whatever_is_left_out() {
        let no = r#"{"result":"no","why":"codes/expired","fields":{}}"#;
        let answer: Answer = serde_json::from_str(no).expect("a no");
        assert!(!answer.is_yes());
        assert_eq!(answer.why.as_deref(), Some("codes/expired"));
    }
}
