//! What platform and bank say over HTTP, and how it is signed. Each request has a nonce, and the
//! answer's signature covers it: an old answer cannot be given again to a new question.

use serde::{Deserialize, Serialize};

use crate::codes::Codes;
use crate::contract::{Report, ReportKind, is_id, is_reference};
use crate::text::ReportLine;

/// Header with the seconds since 1970 at which a request was made.
pub const TIME: &str = "x-payfile-time";
/// Header with 32 hex digits that no other request has.
pub const NONCE: &str = "x-payfile-nonce";
/// Header with r ‖ s in hex.
pub const SIGNATURE: &str = "x-payfile-signature";
/// How far the clocks of the two sides may be apart, in seconds.
pub const SKEW: i64 = 300;

/// The text that a request's signature covers.
pub fn request_text(method: &str, path: &str, time: &str, nonce: &str, body: &[u8]) -> String {
    crate::sign::message(&["request", method, path, time, nonce], body)
}

/// The text that an answer's signature covers.
pub fn answer_text(status: u16, path: &str, nonce: &str, body: &[u8]) -> String {
    crate::sign::message(&["answer", &status.to_string(), path, nonce], body)
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Answer {
    /// The batch is the bank's to carry out.
    Taken {
        /// Its id.
        batch: String,
    },
    /// Nothing of it will be carried out.
    Refused {
        /// Its id.
        batch: String,
        /// The bank's code for batches.
        code: String,
    },
    /// The bank has no trace of it, and will not carry it out unless it is sent again.
    NeverSeen {
        /// Its id.
        batch: String,
    },
    /// Taken, nothing to tell yet.
    InProgress {
        /// Its id.
        batch: String,
    },
    /// What is known.
    Reports {
        /// Id of the batch; empty when all that is new was asked for.
        batch: String,
        /// The reports.
        reports: Vec<WireReport>,
    },
    /// A report is put away.
    Settled {
        /// SM3 of the report in hex.
        digest: String,
    },
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireReport {
    /// The bank's own number of it.
    pub id: String,
    /// Id of the batch; empty in a statement about several.
    pub batch: String,
    /// `receipt`, `result` or `statement`.
    pub kind: String,
    /// The lines.
    pub lines: Vec<WireLine>,
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WireLine {
    /// Our payment id.
    pub reference: String,
    /// Amount in fen.
    pub fen: i64,
    /// The bank's code for lines.
    pub code: String,
    /// The bank's own number of the payment; may be empty.
    #[serde(default)]
    pub bank_ref: String,
    /// When, UTC microseconds; 0 when the bank does not say.
    #[serde(default)]
    pub at: i64,
}

/// Lines of a report that were not taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settlement {
    /// SM3 of the report in hex.
    pub digest: String,
    /// Number of the line from 1 (0 is the whole), and why.
    pub faults: Vec<(u64, String)>,
}

impl WireReport {
    /// SM3 of its JSON as this program writes it.
    pub fn digest(&self) -> [u8; 32] {
        let json = serde_json::to_vec(self).expect("text and numbers are JSON");
        seal::sm3::sm3(&json)
    }

    /// What it says in our words.
    pub fn report(self, codes: &Codes) -> Report {
        let digest = self.digest();
        let known = ReportKind::from_code(&self.kind);
        let kind = known.filter(|kind| *kind == ReportKind::Statement || is_id(&self.batch));
        let Some(kind) = kind.filter(|_| is_id(&self.id)) else {
            let why = "its kind, number or batch has not the agreed form".to_owned();
            return Report::refused(&self.id, digest, why);
        };
        let (mut lines, mut faults) = (Vec::new(), Vec::new());
        for (place, line) in self.lines.into_iter().enumerate() {
            let WireLine { reference, fen, code, bank_ref, at } = line;
            let good = (1..=crate::money::MOST_FEN).contains(&fen)
                && (bank_ref.len() <= 64 && bank_ref.bytes().all(|b| b.is_ascii_graphic()))
                && is_reference(&reference);
            let line = ReportLine { seq: 0, reference, fen, code, bank_ref, at };
            let result = match crate::text::result_of(&line, codes) {
                Ok(_) if !good => Err("its reference, amount or number cannot be".to_owned()),
                result => result,
            };
            match result {
                Ok(result) => lines.push((line.reference, fen, result)),
                Err(why) => faults.push((place as u64 + 1, why)),
            }
        }
        Report { id: self.id, batch: self.batch, kind, lines, faults, digest }
    }
}
