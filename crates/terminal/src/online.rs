//! The platform, asked over the network. It is given five seconds, and whatever goes wrong is a no.

use std::collections::BTreeMap;
use std::time::Duration;

use seal::cq1::ListError;
use serde::{Deserialize, Serialize};

use crate::store::TakeError;
use crate::vault::StoreError;

/// Longest list that is read.
const LONGEST: u64 = 64 << 20;

/// Where the platform is and who asks.
#[derive(Clone)]
pub struct Platform {
    server: String,
    token: String,
    agent: ureq::Agent,
}

impl std::fmt::Debug for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Platform").field(&self.server).finish()
    }
}

/// What the person at the terminal is told.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Answer {
    /// `yes` or `no`.
    pub result: String,
    /// Id of the use on record; without a network its number in the journal.
    #[serde(default)]
    pub id: String,
    /// Stable code of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The refusal in plain words; with a yes, what whoever serves must see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// With a yes: the holder must be of one of these groups of the list, which whoever serves sees for himself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to_see: Vec<String>,
    /// What to do now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Article of the regulation behind a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<u8>,
    /// Only the fields of the item.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// The level of proof that was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Whether it was judged without a network.
    #[serde(default)]
    pub offline: bool,
    /// How old the status list was when it was judged without a network, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_age_s: Option<i64>,
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
    #[error("平台拒绝 / the platform refused ({status} {code}): {title}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The problem's stable code.
        code: String,
        /// The problem's title.
        title: String,
    },
    /// The answer is not what was agreed.
    #[error("平台的回答无法识别 / the platform's answer is not understood: {0}")]
    Answer(String),
    /// The picture cannot be read, or has no QR code.
    #[error("没有读到二维码 / no QR code was read: {0}")]
    NoCode(String),
    /// The terminal's own files.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A list that is not taken.
    #[error("{code}: {0}", code = .0.code())]
    List(#[from] ListError),
}

impl From<TakeError> for Failure {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::List(error) => Self::List(error),
            TakeError::Store(error) => Self::Store(error),
        }
    }
}

impl Failure {
    /// Whether the platform blocked this terminal.
    pub fn is_block(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "codes/terminal-blocked")
    }
}

/// What a terminal asks of the platform: one item, and one thing that was shown.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
pub struct Asked {
    /// Code of the item.
    pub item: String,
    /// Content of a QR code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Basic read of a physical card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// One-dimensional barcode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
    /// Six digits, where the item needs them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The operator compared the face.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counter_check: bool,
}

#[derive(Deserialize, Default)]
struct Problem {
    #[serde(default)]
    code: String,
    #[serde(default)]
    title: String,
}

/// A list that was asked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Fetched {
    /// Its bytes.
    New(Vec<u8>),
    /// 304: the same as before.
    Same,
    /// 204: nothing newer.
    Nothing,
}

impl Platform {
    /// The platform at an address; each question waits at most five seconds.
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

    /// Asks for one item.
    ///
    /// # Errors
    /// See [`Failure`]: all of them mean no.
    pub fn verify(&self, asked: &Asked) -> Result<Answer, Failure> {
        let answer: Answer = self.post("/api/v1/verify", asked)?;
        Ok(Answer { offline: false, list_age_s: None, ..answer })
    }

    /// Sends JSON and reads JSON.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn post<Q: Serialize, A: for<'d> Deserialize<'d>>(
        &self,
        path: &str,
        body: &Q,
    ) -> Result<A, Failure> {
        let mut request = self.agent.post(format!("{}{path}", self.server));
        if !self.token.is_empty() {
            request = request.header("Authorization", format!("Bearer {}", self.token));
        }
        let response = request.send_json(body);
        let mut response = response.map_err(|error| Failure::Unreachable(error.to_string()))?;
        let status = response.status().as_u16();
        if !(200..300).contains(&status) {
            return Err(refused(status, response.body_mut()));
        }
        let bytes = response.body_mut().read_to_vec();
        let bytes = bytes.map_err(|error| Failure::Unreachable(error.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|error| Failure::Answer(error.to_string()))
    }

    /// Gets a list, unless it still is the one with this serial.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn get(&self, path: &str, serial: Option<u64>) -> Result<Fetched, Failure> {
        let mut request = self.agent.get(format!("{}{path}", self.server));
        if !self.token.is_empty() {
            request = request.header("Authorization", format!("Bearer {}", self.token));
        }
        if let Some(serial) = serial {
            request = request.header("If-None-Match", format!("\"{serial}\""));
        }
        let unreachable = |error: ureq::Error| Failure::Unreachable(error.to_string());
        let mut response = request.call().map_err(unreachable)?;
        match response.status().as_u16() {
            200 => {
                let body = response.body_mut().with_config().limit(LONGEST).read_to_vec();
                body.map(Fetched::New).map_err(unreachable)
            }
            204 => Ok(Fetched::Nothing),
            304 => Ok(Fetched::Same),
            status => Err(refused(status, response.body_mut())),
        }
    }
}

/// A gateway that cannot reach the platform is told apart from the platform's own refusal.
fn refused(status: u16, body: &mut ureq::Body) -> Failure {
    if matches!(status, 502 | 504) {
        return Failure::Unreachable(format!("status {status}"));
    }
    let Problem { code, title } = body.read_json().unwrap_or_default();
    Failure::Refused { status, code, title }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_platform_means_no() {
        let nowhere = Platform::new("http://127.0.0.1:9", "token");
        let asked = Asked { item: "X".into(), code: Some("YKT1:".into()), ..Asked::default() };
        assert!(matches!(nowhere.verify(&asked), Err(Failure::Unreachable(_))));
    }

    #[test]
    fn an_answer_is_read_whatever_is_left_out() {
        let no = r#"{"result":"no","why":"codes/expired","fields":{}}"#;
        let answer: Answer = serde_json::from_str(no).expect("a no");
        assert!(!answer.is_yes());
        assert_eq!(answer.why.as_deref(), Some("codes/expired"));
    }

    #[test]
    fn only_what_was_shown_is_sent() {
        let asked =
            Asked { item: "X".into(), read: Some("500000|…|".into()), ..Asked::default() };
        let sent = serde_json::to_string(&asked).expect("JSON");
        assert_eq!(sent, r#"{"item":"X","read":"500000|…|"}"#);
    }
}
