//! The way to the public credit platform.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::platform::App;
use serde::{Deserialize, Serialize};

/// What the platform is told of a violation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Id of the submission: sent twice, it is the same.
    pub id: String,
    /// `submit` or `remove`.
    pub act: String,
    /// Name; empty when removed.
    pub name: String,
    /// Person number; empty when removed.
    pub number: String,
    /// Clause as the regulation counts it.
    pub clause: String,
    /// Number of the case.
    pub case: String,
    /// Last day that it counts.
    pub until: String,
}

/// The public credit platform of the city.
pub trait CreditPort: Send + Sync {
    /// Hands a submission or its removal over; returns the receipt. It may be called again for the same
    /// id.
    ///
    /// # Errors
    /// The platform did not take it; it is tried again later.
    fn hand_over(&self, submission: &Submission) -> io::Result<String>;
}

/// Appends submissions as JSON lines to a file that is carried to the platform.
pub struct FileCredit(pub PathBuf);

impl CreditPort for FileCredit {
    fn hand_over(&self, submission: &Submission) -> io::Result<String> {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.0)?;
        file.write_all((serde_json::to_string(submission)? + "\n").as_bytes())?;
        file.sync_all()?;
        Ok(format!("file-{}", submission.id))
    }
}

/// Posts submissions as JSON; the answer is `{"receipt": "…"}` (docs/credit-port.md).
pub struct HttpCredit {
    /// Where to.
    pub url: String,
    /// Sent as a bearer token; none when empty.
    pub secret: String,
    /// How long an answer is waited for.
    pub patience: Duration,
}

#[derive(Deserialize)]
struct Receipt {
    receipt: String,
}

impl CreditPort for HttpCredit {
    fn hand_over(&self, submission: &Submission) -> io::Result<String> {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(self.patience))
            .max_redirects(0)
            .build();
        let mut request = ureq::Agent::new_with_config(config).post(&self.url);
        if !self.secret.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.secret));
        }
        let answer = request.send_json(submission).map_err(io::Error::other)?;
        let receipt: Receipt = answer.into_body().read_json().map_err(io::Error::other)?;
        match receipt.receipt.trim() {
            "" => Err(io::Error::other("the answer has no receipt")),
            known => Ok(known.chars().take(100).collect()),
        }
    }
}

/// The port of this installation: HTTP when the file `credit-platform.url` in the data folder has an
/// address (its secret is in `credit-platform.secret`), else a file.
pub(super) fn of(app: &App) -> Arc<dyn CreditPort> {
    let folder = &app.config.data;
    let line = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        text.trim().to_owned()
    };
    let (url, secret) = (line("credit-platform.url"), line("credit-platform.secret"));
    match url.is_empty() {
        true => Arc::new(FileCredit(folder.join("credit.jsonl"))),
        false => Arc::new(HttpCredit { url, secret, patience: Duration::from_secs(20) }),
    }
}
