//! What payments and banks say to each other, whatever the way.

use serde::{Deserialize, Serialize};

/// Why money did not arrive or a batch was not taken, whatever the bank's own code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
    /// All reasons.
    pub const ALL: [Self; 14] = [
        Self::NoAccount,
        Self::Closed,
        Self::Blocked,
        Self::NameMismatch,
        Self::Deceased,
        Self::AmountMismatch,
        Self::DuplicateBatch,
        Self::CountMismatch,
        Self::Malformed,
        Self::BadSignature,
        Self::NoFunds,
        Self::BankClosed,
        Self::NotPermitted,
        Self::Other,
    ];

    /// As stored and as in data files.
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

    /// Reads [`Reason::code`]'s form.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// Whether a refusal for this reason makes sure that no money moved. A duplicate does not: the
    /// first may well be paid.
    pub fn is_final(self) -> bool {
        self != Self::DuplicateBatch
    }
}

/// One order to a bank: no more than it needs (Art. 18).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Place in the batch, from 1.
    pub seq: u32,
    /// Our payment id, 1 to 26 letters and digits.
    pub reference: String,
    /// Account number, 1 to 34 letters and digits.
    pub account: String,
    /// Name of its owner, 1 to 70 characters.
    pub name: String,
    /// Amount in fen, more than 0.
    pub fen: i64,
    /// What for, at most 70 characters.
    pub remark: String,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither account nor name: this may end in a log.
        write!(f, "Order({} {} {} fen)", self.seq, self.reference, self.fen)
    }
}

/// Orders that go to one bank together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Idempotency key, 1 to 32 letters, digits and `-`.
    pub id: String,
    /// Short code of the bank, of the same form.
    pub bank: String,
    /// Account that is debited; empty for the one agreed with the bank.
    pub payer_account: String,
    /// Day of the intent, `YYYY-MM-DD`.
    pub date: String,
    /// The orders, `seq` counting from 1.
    pub orders: Vec<Order>,
}

impl Batch {
    /// Sum in fen.
    pub fn fen(&self) -> i64 {
        self.orders.iter().fold(0, |sum, order| order.fen.saturating_add(sum))
    }
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
    /// It did not arrive, or came back.
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
    /// How the bank took the batch.
    Receipt,
    /// What became of orders of a batch.
    Result,
    /// What moved on the payer's account.
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

    /// Reads [`ReportKind::code`]'s form.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Receipt, Self::Result, Self::Statement].into_iter().find(|k| k.code() == code)
    }
}

/// What a bank tells. One that cannot be believed as a whole has no lines and one fault at line 0.
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
    /// A report of which nothing is believed.
    pub fn refused(id: &str, digest: [u8; 32], why: String) -> Self {
        let faults = vec![(0, why)];
        let (id, batch) = (id.to_owned(), String::new());
        Self { id, batch, kind: ReportKind::Result, lines: Vec::new(), faults, digest }
    }

    /// Why nothing of it is believed, when that is so.
    pub fn refusal(&self) -> Option<&str> {
        let fault = self.faults.iter().find(|(line, _)| *line == 0);
        fault.filter(|_| self.lines.is_empty()).map(|(_, why)| why.as_str())
    }
}

/// How a bank took a batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It has it; over files: it lies signed and whole where the bank collects.
    Taken,
    /// It surely does none of it, for ever: our reason, and the bank's code or our words.
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
    /// Hands a batch over. [`Sent::Unknown`] whenever it is not surely taken or surely refused. The
    /// same id twice is one batch.
    fn send(&self, batch: &Batch) -> Sent;

    /// Asks what became of a batch.
    fn query(&self, batch_id: &str) -> Asked;

    /// Statements and late results that came by themselves.
    ///
    /// # Errors
    /// They cannot be read.
    fn collect(&self) -> std::io::Result<Vec<Report>>;

    /// A report was taken in: it is put away together with the lines that were not.
    ///
    /// # Errors
    /// The place cannot be written.
    fn settle(&self, report: &Report, faults: &[(u64, String)]) -> std::io::Result<()>;
}

/// The most orders of one batch.
pub const MOST_ORDERS: usize = 10_000_000;
/// The most characters of a name and of a remark: half of what ISO 20022 allows, so that a bank
/// that counts bytes takes them as well.
pub const MOST_TEXT: usize = 70;

/// Whether an id of a batch or a bank has the agreed form. It becomes part of file names.
pub fn is_id(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(good) && !text.starts_with('-')
}

/// Whether a reference has the form of ours.
pub fn is_reference(text: &str) -> bool {
    (1..=26).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Checks an order on its own, before it goes into a batch.
///
/// # Errors
/// In words that name the field.
pub fn check_order(order: &Order) -> Result<(), String> {
    let plain = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    if !is_reference(&order.reference) {
        return Err("reference: 1 to 26 letters and digits are needed".to_owned());
    }
    if !plain(&order.account, 34) {
        return Err("account: 1 to 34 letters and digits are needed".to_owned());
    }
    if !(1..=crate::money::MOST_FEN).contains(&order.fen) {
        return Err("amount: it must be more than nothing and less than the limit".to_owned());
    }
    check_text("name", &order.name)?;
    check_text("remark", &order.remark)?;
    if order.name.is_empty() {
        return Err("name: it is missing".to_owned());
    }
    Ok(())
}

fn check_text(field: &str, text: &str) -> Result<(), String> {
    if text.chars().count() > MOST_TEXT {
        return Err(format!("{field}: more than {MOST_TEXT} characters"));
    }
    if text.trim() != text {
        return Err(format!("{field}: space at an end"));
    }
    // No line or field may end within a text, and nothing may be there that a reader does not see.
    let bad = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
            || matches!(c, '\u{feff}' | '\u{fffd}'..='\u{ffff}' | '\u{e5e5}')
    };
    match text.chars().find(|c| bad(*c)) {
        Some(c) => Err(format!("{field}: a character that cannot be sent, U+{:04X}", c as u32)),
        None => Ok(()),
    }
}

/// Checks a batch as a whole and each of its orders.
///
/// # Errors
/// In words that name the order and the field.
pub fn check_batch(batch: &Batch) -> Result<(), String> {
    if !is_id(&batch.id) || !is_id(&batch.bank) {
        return Err("batch and bank need ids of 1 to 32 letters, digits and hyphens".to_owned());
    }
    check_day(&batch.date)?;
    let payer = &batch.payer_account;
    if payer.len() > 34 || !payer.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err("payer account: at most 34 letters and digits".to_owned());
    }
    if batch.orders.is_empty() || batch.orders.len() > MOST_ORDERS {
        return Err(format!("a batch has 1 to {MOST_ORDERS} orders"));
    }
    let mut references = std::collections::HashSet::with_capacity(batch.orders.len());
    for (place, order) in batch.orders.iter().enumerate() {
        let number = place + 1;
        if order.seq as usize != number {
            return Err(format!("order {number}: its seq is {}", order.seq));
        }
        check_order(order).map_err(|why| format!("order {number}: {why}"))?;
        if !references.insert(order.reference.as_str()) {
            return Err(format!("order {number}: its reference is there twice"));
        }
    }
    if batch.fen() > crate::money::MOST_FEN {
        return Err("the total is above the limit".to_owned());
    }
    Ok(())
}

pub(crate) fn check_day(day: &str) -> Result<(), String> {
    let form = time::macros::format_description!("[year]-[month]-[day]");
    let read = if day.len() == 10 { time::Date::parse(day, form).ok() } else { None };
    read.map(|_| ()).ok_or_else(|| format!("{day:?} is no day"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::batch;

    #[test]
    fn each_broken_order_is_named() {
        let good = batch(3);
        assert_eq!(check_batch(&good), Ok(()));
        type Break = fn(&mut Order);
        let breaks: [(Break, &str); 9] = [
            (|o| o.fen = 0, "amount"),
            (|o| o.fen = -1, "amount"),
            (|o| o.reference = "a b".to_owned(), "reference"),
            (|o| o.reference = "x".repeat(27), "reference"),
            (|o| o.account = "62|1".to_owned(), "account"),
            (|o| o.name = String::new(), "name"),
            (|o| o.name = "王\n五".to_owned(), "name"),
            (|o| o.remark = "\u{202e}oof".to_owned(), "remark"),
            (|o| o.seq = 7, "seq"),
        ];
        for (spoil, field) in breaks {
            let mut bad = good.clone();
            spoil(&mut bad.orders[1]);
            let why = check_batch(&bad).expect_err("refused");
            assert!(why.starts_with("order 2") && why.contains(field), "{why}");
        }
        let mut twice = good.clone();
        twice.orders[2].reference = twice.orders[0].reference.clone();
        assert!(check_batch(&twice).expect_err("refused").contains("twice"));
        for id in ["", "../x", "-x", "a/b", "a b", &"x".repeat(33)] {
            let bad = Batch { id: id.to_owned(), ..good.clone() };
            assert!(check_batch(&bad).is_err(), "{id}");
        }
        for date in ["2026-02-30", "20261101", "+2026-1-1", ""] {
            let bad = Batch { date: date.to_owned(), ..good.clone() };
            assert!(check_batch(&bad).is_err(), "{date}");
        }
    }

    #[test]
    fn neither_names_nor_accounts_are_printed() {
        let batch = batch(1);
        let shown = format!("{batch:?}");
        assert!(
            !shown.contains(&batch.orders[0].name) && !shown.contains(&batch.orders[0].account)
        );
    }

    #[test]
    fn codes_of_reasons_are_those_of_the_data_files() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            let json = serde_json::to_string(&reason).expect("a word");
            assert_eq!(json, format!("{:?}", reason.code()));
        }
    }
}
