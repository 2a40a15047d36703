//! The way to a biller: which bills an account has, that one is paid, what a day held. The same request
//! under the same key is one request; a biller that is silent is asked again, and nothing follows from
//! its silence.

pub mod file;
pub mod http;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use payfile::port::{public_keys, secret_key};
use serde::{Deserialize, Serialize};

/// A question to a biller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Which bills are open for an account.
    Lookup {
        /// Account number (户号).
        account: String,
    },
    /// A bill was paid; the key is the platform's id of the payment.
    Post {
        /// Account number.
        account: String,
        /// Number of the bill.
        bill: String,
        /// Fen.
        fen: i64,
        /// Day of the debit, `YYYY-MM-DD`.
        paid_on: String,
    },
    /// What was posted on a day.
    Statement {
        /// The day, `YYYY-MM-DD`.
        day: String,
    },
}

/// A bill as a biller tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillLine {
    /// Number of the bill.
    pub number: String,
    /// What it is for, `YYYY-MM`.
    pub period: String,
    /// Fen.
    pub fen: i64,
    /// Last day, `YYYY-MM-DD`.
    pub due_on: String,
}

/// A posted payment as a biller tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostedLine {
    /// The platform's key.
    pub key: String,
    /// Number of the bill.
    pub bill: String,
    /// Fen.
    pub fen: i64,
}

/// A biller's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// The account with its open bills.
    Account {
        /// Masked name of the customer: `王*`.
        name: String,
        /// Open bills.
        bills: Vec<BillLine>,
    },
    /// There is no such account.
    NoAccount,
    /// The payment is posted; the same answer to the same key for ever.
    Posted {
        /// The biller's number of the receipt.
        reference: String,
    },
    /// The payment is not taken: `paid`, `withdrawn`, `amount`, `no-account`.
    Refused {
        /// Why.
        reason: String,
    },
    /// A day.
    Statement {
        /// What was posted.
        lines: Vec<PostedLine>,
    },
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A signed answer to this very question.
    Answer(Answer),
    /// Nothing that counts, and why.
    Unknown(String),
}

/// The way to one biller.
pub trait BillerPort: Send + Sync {
    /// Asks under a key of 1 to 40 letters, digits and `-`.
    fn ask(&self, key: &str, request: &Request) -> Told;
}

/// All billers that can be reached, by short code.
pub type Billers = Arc<dyn Fn(&str) -> Result<Option<Arc<dyn BillerPort>>, String> + Send + Sync>;

/// Whether a text may be a key.
pub fn is_key(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (1..=40).contains(&text.len()) && text.bytes().all(plain)
}

/// How a biller is reached: `bills/<code>.json` in the data folder; paths are relative to `bills`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which way.
    pub way: Way,
    /// File with our secret key, 64 hex digits.
    pub key_file: std::path::PathBuf,
    /// The biller's public keys in hex.
    pub biller_keys: Vec<String>,
}

/// The two ways.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Way {
    /// Signed files in a folder with `out` and `in`.
    Files {
        /// The folder.
        folder: std::path::PathBuf,
        /// Milliseconds to wait for an answer before it counts as unknown.
        wait: u64,
    },
    /// Signed requests.
    Http {
        /// Where the biller answers.
        address: String,
        /// Seconds.
        timeout: u64,
    },
}

/// The ports of this installation, as its data folder describes them.
pub fn ports(data: &Path) -> Billers {
    let place = data.join("bills");
    Arc::new(move |code| find(&place, code))
}

fn find(place: &Path, code: &str) -> Result<Option<Arc<dyn BillerPort>>, String> {
    if !is_key(code) {
        return Err(format!("{code:?} is no code of a biller"));
    }
    let path = place.join(format!("{code}.json"));
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    let words = |why: String| format!("{}: {why}", path.display());
    let config: Config = serde_json::from_str(&text).map_err(|e| words(e.to_string()))?;
    let key = secret_key(&place.join(&config.key_file)).map_err(words)?;
    let keys = public_keys(&config.biller_keys).map_err(words)?;
    let port: Arc<dyn BillerPort> = match config.way {
        Way::Files { folder, wait } => {
            let wait = Duration::from_millis(wait.min(20_000));
            Arc::new(file::FilePort::new(&place.join(folder), key, keys, wait))
        }
        Way::Http { address, timeout } => {
            let timeout = Duration::from_secs(timeout.clamp(1, 60));
            Arc::new(http::HttpPort::new(&address, key, keys, timeout).map_err(words)?)
        }
    };
    Ok(Some(port))
}

/// An answer as a biller may give it: amounts and numbers in their form, or nothing of it counts.
pub(crate) fn sound(answer: Answer) -> Told {
    use crate::bills::rules::{MOST_FEN, is_bill_number};
    let text = |text: &str| text.chars().count() <= 60 && !text.chars().any(char::is_control);
    let good = match &answer {
        Answer::Account { name, bills } => {
            text(name)
                && bills.len() <= 200
                && bills.iter().all(|bill| {
                    is_bill_number(&bill.number)
                        && (1..=MOST_FEN).contains(&bill.fen)
                        && kernel::time::parse_day(&bill.due_on).is_some()
                        && bill.period.len() <= 10
                        && text(&bill.period)
                })
        }
        Answer::NoAccount => true,
        Answer::Posted { reference } => text(reference),
        Answer::Refused { reason } => text(reason),
        Answer::Statement { lines } => {
            lines.iter().all(|line| is_key(&line.key) && is_bill_number(&line.bill) && line.fen > 0)
        }
    };
    if good { Told::Answer(answer) } else { Told::Unknown("an answer not in its form".to_owned()) }
}
