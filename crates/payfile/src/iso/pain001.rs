//! `pain.001.001.09`, customer credit transfer initiation: one group, one payment information, an
//! instruction for each order.

use std::borrow::Borrow;
use std::io::Write;

use serde::{Deserialize, Serialize};

use crate::contract::{Batch, Order, check_batch, check_order};
use crate::money::yuan;
use crate::text::WriteError;

/// Its namespace.
pub const PAIN_001: &str = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

/// What is agreed with the bank and stands in each message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Who sends, at most 140 characters.
    pub initiator: String,
    /// Whose account is debited, at most 140 characters.
    pub debtor: String,
    /// The account's bank in CNAPS: 12 or 14 digits.
    pub cnaps: String,
}

impl Profile {
    fn check(&self) -> Result<(), String> {
        let digits = self.cnaps.bytes().all(|b| b.is_ascii_digit());
        if !digits || ![12, 14].contains(&self.cnaps.len()) {
            return Err("cnaps: 12 or 14 digits".to_owned());
        }
        for name in [&self.initiator, &self.debtor] {
            if !(1..=140).contains(&name.chars().count()) || name.chars().any(char::is_control) {
                return Err("initiator and debtor need names of 1 to 140 characters".to_owned());
            }
        }
        Ok(())
    }
}

/// Writes a batch. The same batch gives the same bytes, always: the time of creation is the
/// beginning of its day.
///
/// # Errors
/// Something of it does not fit the schema.
pub fn write_pain001<W: Write>(out: W, profile: &Profile, batch: &Batch) -> Result<W, WriteError> {
    check_batch(batch).map_err(|why| WriteError::Unfit(0, why))?;
    let sums = (batch.orders.len() as u64, batch.fen());
    write_pain001_orders(out, profile, batch, sums, &batch.orders)
}

/// Writes `count` orders of `fen` together that come one by one; `batch` gives the rest.
///
/// # Errors
/// Something does not fit the schema, or the sums are others.
pub fn write_pain001_orders<W: Write, O: Borrow<Order>>(
    mut out: W,
    profile: &Profile,
    batch: &Batch,
    (count, fen): (u64, i64),
    orders: impl IntoIterator<Item = O>,
) -> Result<W, WriteError> {
    profile.check().map_err(|why| WriteError::Unfit(0, why))?;
    if batch.payer_account.is_empty() {
        return Err(WriteError::Unfit(0, "payer account: the message needs one".to_owned()));
    }
    let mut text = String::with_capacity(1024);
    header(&mut text, profile, batch, count, fen);
    let mut written = (0, 0i64);
    for order in orders {
        let order = order.borrow();
        written = (written.0 + 1, written.1.saturating_add(order.fen));
        check_order(order).map_err(|why| WriteError::Unfit(written.0, why))?;
        instruction(&mut text, order);
        out.write_all(text.as_bytes())?;
        text.clear();
    }
    if written != (count, fen) {
        let why = format!("{:?} declared, {written:?} written", (count, fen));
        return Err(WriteError::Unfit(written.0, why));
    }
    out.write_all(b"</PmtInf>\n</CstmrCdtTrfInitn>\n</Document>\n")?;
    out.flush()?;
    Ok(out)
}

fn header(text: &mut String, profile: &Profile, batch: &Batch, count: u64, fen: i64) {
    text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"");
    text.push_str(PAIN_001);
    text.push_str("\">\n<CstmrCdtTrfInitn>\n<GrpHdr>");
    let created = format!("{}T00:00:00+08:00", batch.date);
    let (count, sum) = (count.to_string(), yuan(fen));
    element(text, &["MsgId"], &batch.id);
    element(text, &["CreDtTm"], &created);
    element(text, &["NbOfTxs"], &count);
    element(text, &["CtrlSum"], &sum);
    element(text, &["InitgPty", "Nm"], &profile.initiator);
    text.push_str("</GrpHdr>\n<PmtInf>");
    element(text, &["PmtInfId"], &batch.id);
    element(text, &["PmtMtd"], "TRF");
    element(text, &["BtchBookg"], "true");
    element(text, &["NbOfTxs"], &count);
    element(text, &["CtrlSum"], &sum);
    element(text, &["ReqdExctnDt", "Dt"], &batch.date);
    element(text, &["Dbtr", "Nm"], &profile.debtor);
    element(text, &["DbtrAcct", "Id", "Othr", "Id"], &batch.payer_account);
    text.push_str("<DbtrAgt><FinInstnId><ClrSysMmbId><ClrSysId><Cd>CNAPS</Cd></ClrSysId>");
    element(text, &["MmbId"], &profile.cnaps);
    text.push_str("</ClrSysMmbId></FinInstnId></DbtrAgt>\n");
}

fn instruction(text: &mut String, order: &Order) {
    text.push_str("<CdtTrfTxInf><PmtId>");
    element(text, &["InstrId"], &order.seq.to_string());
    element(text, &["EndToEndId"], &order.reference);
    text.push_str("</PmtId><Amt><InstdAmt Ccy=\"CNY\">");
    crate::money::put_yuan(order.fen, text);
    text.push_str("</InstdAmt></Amt>");
    element(text, &["Cdtr", "Nm"], &order.name);
    element(text, &["CdtrAcct", "Id", "Othr", "Id"], &order.account);
    element(text, &["Purp", "Cd"], "GOVT");
    if !order.remark.is_empty() {
        element(text, &["RmtInf", "Ustrd"], &order.remark);
    }
    text.push_str("</CdtTrfTxInf>\n");
}

fn element(text: &mut String, path: &[&str], value: &str) {
    for name in path {
        text.push('<');
        text.push_str(name);
        text.push('>');
    }
    for sign in value.chars() {
        match sign {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            sign => text.push(sign),
        }
    }
    for name in path.iter().rev() {
        text.push_str("</");
        text.push_str(name);
        text.push('>');
    }
}
