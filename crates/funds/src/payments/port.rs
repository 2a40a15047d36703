//! The way to a bank as payments see it. One batch has one id; the same id twice is one batch.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use kernel::platform::App;

/// Why money came back, whatever the bank's own code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// There is no such account.
    NoAccount,
    /// The account is closed or not in order.
    Closed,
    /// The account is blocked.
    Blocked,
    /// Name and account do not belong together.
    NameMismatch,
    /// The holder has died.
    Deceased,
    /// An amount is not what it should be.
    AmountMismatch,
    /// The bank has this batch or this order already. It says nothing about the first one's fate.
    DuplicateBatch,
    /// The number of orders is not what was declared.
    CountMismatch,
    /// The file or message cannot be read as what it should be.
    Malformed,
    /// The signature does not hold.
    BadSignature,
    /// The payer's account has not enough money.
    NoFunds,
    /// The bank is closed for the day or for this business.
    BankClosed,
    /// The bank may not carry the order out.
    NotPermitted,
    /// Anything else.
    Other,
}

impl Reason {
    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoAccount => "no-account",
            Self::Closed => "closed",
            Self::Blocked => "blocked",
            Self::NameMismatch => "name-mismatch",
            Self::Deceased => "deceased",
            Self::AmountMismatch => "amount-mismatch",
            Self::DuplicateBatch => "duplicate-batch",
            Self::CountMismatch => "count-mismatch",
            Self::Malformed => "malformed",
            Self::BadSignature => "bad-signature",
            Self::NoFunds => "no-funds",
            Self::BankClosed => "bank-closed",
            Self::NotPermitted => "not-permitted",
            Self::Other => "other",
        }
    }

    /// Whether a refusal for this reason makes sure that no money moved. A duplicate does not: the
    /// first may well be paid.
    pub fn is_final(self) -> bool {
        self != Self::DuplicateBatch
    }
}

/// One order to a bank: no more than it needs (Art. 18).
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Order {
    /// Place in the batch, from 1.
    pub seq: u32,
    /// Our payment id, at most 26 letters and digits.
    pub reference: String,
    /// Account number.
    pub account: String,
    /// Name of its owner.
    pub name: String,
    /// Amount in fen.
    pub fen: i64,
    /// What for.
    pub remark: String,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never account or name: this may end in a log.
        write!(f, "Order({} {} fen)", self.reference, self.fen)
    }
}

/// Orders that go to one bank together.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Batch {
    /// Idempotency key.
    pub id: String,
    /// Short code of the bank.
    pub bank: String,
    /// Account that is debited; empty for the one agreed with the bank.
    pub payer_account: String,
    /// Day of the intent, `YYYY-MM-DD`.
    pub date: String,
    /// The orders.
    pub orders: Vec<Order>,
}

/// What a bank says of one order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LineResult {
    /// It arrived.
    Paid {
        /// The bank's own number of the payment.
        bank_ref: String,
        /// When, UTC microseconds.
        at: i64,
    },
    /// It came back.
    Returned {
        /// Why.
        reason: Reason,
        /// The bank's own code.
        bank_code: String,
    },
    /// It is being worked on.
    Pending,
}

/// What a report is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportKind {
    /// The bank has the batch.
    Receipt,
    /// Results of all lines of a batch.
    Result,
    /// What moved on the account.
    Statement,
}

impl ReportKind {
    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Result => "result",
            Self::Statement => "statement",
        }
    }
}

/// What a bank tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The bank's own number of it.
    pub id: String,
    /// Id of the batch; empty when it is about none in particular.
    pub batch: String,
    /// What it is.
    pub kind: ReportKind,
    /// Reference, fen, and what became of it.
    pub lines: Vec<(String, i64, LineResult)>,
    /// Lines that cannot be read: number from 1 (0 is the whole), and why.
    pub faults: Vec<(u64, String)>,
    /// SM3 of what came.
    pub digest: [u8; 32],
}

impl Report {
    /// Why nothing of it is believed, when that is so.
    pub fn refusal(&self) -> Option<&str> {
        let fault = self.faults.iter().find(|(line, _)| *line == 0);
        fault.filter(|_| self.lines.is_empty()).map(|(_, why)| why.as_str())
    }
}

/// How a bank took a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It has it.
    Taken,
    /// It surely does none of it, for ever.
    Refused(Reason, String),
    /// No sure answer.
    Unknown(String),
}

/// What a bank says when it is asked after a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asked {
    /// It never saw this id.
    NeverSeen,
    /// It works on it.
    InProgress,
    /// What it knows.
    Reports(Vec<Report>),
    /// No sure answer.
    Unknown(String),
}

/// A bank's host. Implementations block; callers run them beside the runtime.
pub trait PayPort: Send + Sync {
    /// Hands a batch over. [`Sent::Unknown`] whenever it is not surely taken or surely refused.
    fn send(&self, batch: &Batch) -> Sent;

    /// Asks what became of a batch.
    fn query(&self, batch_id: &str) -> Asked;

    /// Statements and late results that came by themselves.
    ///
    /// # Errors
    /// They cannot be read.
    fn collect(&self) -> std::io::Result<Vec<Report>>;

    /// A report was taken in: it is put away, and the bank is told which lines were not.
    ///
    /// # Errors
    /// The bank's side cannot be written.
    fn settle(&self, report: &Report, faults: &[(u64, String)]) -> std::io::Result<()>;
}

/// Finds the way to a bank by its short code, in the data folder of the installation.
pub type Finder = fn(&Path, &str) -> Result<Option<Arc<dyn PayPort>>, String>;

static FINDER: OnceLock<Finder> = OnceLock::new();

/// Tells how banks are reached; the first word counts.
pub fn reach_banks_by(finder: Finder) {
    let _ = FINDER.set(finder);
}

/// All banks that can be reached, by short code.
pub type Ports = Arc<dyn Fn(&str) -> Result<Option<Arc<dyn PayPort>>, String> + Send + Sync>;

/// The ports of this installation.
pub(crate) fn ports(app: &App) -> Ports {
    let data = app.config.data.clone();
    Arc::new(move |code| FINDER.get().map_or(Ok(None), |finder| finder(&data, code)))
}
