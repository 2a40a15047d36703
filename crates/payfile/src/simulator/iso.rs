//! The bank's side of ISO 20022: reads `pain.001`, writes `pain.002` and `camt.053`.

use std::fmt::Write as _;
use std::io::BufRead;

use super::book::BookedBatch;
use super::story::{Telling, Told, reason_of};
use crate::codes::Meaning;
use crate::contract::{Batch, Order, Reason, ReportKind, check_batch};
use crate::iso::{PAIN_001, Statuses, Xml};
use crate::money::{fen_of_iso, yuan};

/// Reads a batch.
pub fn read_batch(input: impl BufRead, bank: &str) -> Result<Batch, String> {
    let mut xml = Xml::new(input);
    if xml.document()? != PAIN_001 {
        return Err("it is no pain.001.001.09".to_owned());
    }
    let (id, payer_account, date) = Default::default();
    let mut batch = Batch { id, bank: bank.to_owned(), payer_account, date, orders: Vec::new() };
    let (mut count, mut sum) = (0, None);
    xml.each(|xml, _| {
        xml.each(|xml, name| match name {
            "GrpHdr" => xml.each(|xml, name| {
                match name {
                    "MsgId" => batch.id = xml.text()?,
                    "NbOfTxs" => count = xml.text()?.parse().map_err(|_| "no count".to_owned())?,
                    "CtrlSum" => sum = fen_of_iso(&xml.text()?),
                    _ => xml.skip()?,
                }
                Ok(())
            }),
            _ => xml.each(|xml, name| match name {
                "ReqdExctnDt" => {
                    batch.date = deep(xml)?;
                    Ok(())
                }
                "DbtrAcct" => {
                    batch.payer_account = deep(xml)?;
                    Ok(())
                }
                "CdtTrfTxInf" => {
                    let seq = batch.orders.len() as u32 + 1;
                    batch.orders.push(order(xml, seq)?);
                    Ok(())
                }
                _ => xml.skip(),
            }),
        })
    })?;
    xml.finish()?;
    if count != batch.orders.len() || sum != Some(batch.fen()) {
        return Err("count or sum do not hold".to_owned());
    }
    check_batch(&batch)?;
    Ok(batch)
}

fn order<R: BufRead>(xml: &mut Xml<R>, seq: u32) -> Result<Order, String> {
    let [reference, account, name, remark] = [const { String::new() }; 4];
    let mut order = Order { seq, reference, account, name, fen: 0, remark };
    xml.each(|xml, name| {
        match name {
            "PmtId" => xml.each(|xml, name| {
                match name {
                    "EndToEndId" => order.reference = xml.text()?,
                    _ => xml.skip()?,
                }
                Ok(())
            })?,
            "Amt" => order.fen = fen_of_iso(&deep(xml)?).ok_or("no amount")?,
            "Cdtr" => order.name = deep(xml)?,
            "CdtrAcct" => order.account = deep(xml)?,
            "RmtInf" => order.remark = deep(xml)?,
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    Ok(order)
}

/// The text of the innermost only child.
fn deep<R: BufRead>(xml: &mut Xml<R>) -> Result<String, String> {
    use crate::iso::Token;
    let mut depth = 1;
    let mut text = None;
    while depth > 0 {
        match xml.next()? {
            Token::Open(_) => depth += 1,
            Token::Close(_) => {
                text.get_or_insert_with(|| xml.seen().to_owned());
                depth -= 1;
            }
            Token::End => return Err("cut off".to_owned()),
        }
    }
    Ok(text.unwrap_or_default())
}

/// Writes what is told.
pub fn write(telling: &Telling, batch: &BookedBatch, lines: &[Told]) -> String {
    match telling.kind {
        ReportKind::Statement => statement(telling, batch, lines),
        _ => status(telling, batch, lines),
    }
}

fn code(reason: Reason) -> String {
    let statuses = Statuses::shipped();
    let found = statuses.reason.iter().find(|(_, ours)| **ours == reason);
    found.map_or_else(|| "NARR".to_owned(), |(code, _)| code.clone())
}

fn status(telling: &Telling, batch: &BookedBatch, lines: &[Told]) -> String {
    let group = match telling.verdict {
        Some(Meaning::Bad(reason)) => {
            let code = code(reason);
            format!("<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>")
        }
        Some(_) => "<GrpSts>ACCP</GrpSts>".to_owned(),
        None => "<GrpSts>PART</GrpSts>".to_owned(),
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.10\"><CstmrPmtStsRpt>\
        <GrpHdr><MsgId>{}</MsgId><CreDtTm>{}T10:00:00+08:00</CreDtTm></GrpHdr>\
        <OrgnlGrpInfAndSts><OrgnlMsgId>{id}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>\
        {group}</OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>{id}</OrgnlPmtInfId>\n",
        telling.id,
        batch.date,
        id = batch.batch,
    );
    for line in lines {
        let why = reason_of(line.meaning).map(code);
        let status = if why.is_some() { "RJCT" } else { "ACSC" };
        let why = why.map(|c| format!("<StsRsnInf><Rsn><Cd>{c}</Cd></Rsn></StsRsnInf>"));
        let account = match line.bank_ref.as_str() {
            "" => String::new(),
            bank_ref => format!("<AcctSvcrRef>{bank_ref}</AcctSvcrRef>"),
        };
        let (reference, why) = (&line.order.reference, why.unwrap_or_default());
        writeln!(
            text,
            "<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId>\
            <TxSts>{status}</TxSts>{why}{account}</TxInfAndSts>"
        )
        .expect("a string takes all");
    }
    text.push_str("</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>\n");
    text
}

/// A balance that a statement has to tell; the account of a simulated bank begins with nothing.
fn balance(code: &str, fen: i64, date: &str) -> String {
    let side = if fen < 0 { "DBIT" } else { "CRDT" };
    format!(
        "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">{}</Amt>\
        <CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{date}</Dt></Dt></Bal>",
        yuan(fen.abs())
    )
}

/// What moved: an order that was never paid does not appear, one that came back appears twice.
fn statement(telling: &Telling, batch: &BookedBatch, lines: &[Told]) -> String {
    let moved = lines.iter().filter(|line| line.order.fate != super::Move::Failed);
    let kept = moved.filter(|line| reason_of(line.meaning).is_none());
    let closing = -kept.map(|line| line.order.fen).sum::<i64>();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
        <Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>\
        <GrpHdr><MsgId>{id}</MsgId><CreDtTm>{date}T18:00:00+08:00</CreDtTm></GrpHdr>\
        <Stmt><Id>{id}</Id><Acct><Id><Othr><Id>0</Id></Othr></Id></Acct>{}{}\n",
        balance("OPBD", 0, &batch.date),
        balance("CLBD", closing, &batch.date),
        id = telling.id,
        date = batch.date,
    );
    let mut entry = |line: &Told, side: &str, more: &str| {
        let (sum, reference) = (yuan(line.order.fen), &line.order.reference);
        writeln!(
            text,
            "<Ntry><Amt Ccy=\"CNY\">{sum}</Amt><CdtDbtInd>{side}</CdtDbtInd>\
            <Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{}</Dt></BookgDt><BkTxCd/><NtryDtls><TxDtls>\
            <Refs><AcctSvcrRef>B{reference}</AcctSvcrRef><PmtInfId>{}</PmtInfId>\
            <EndToEndId>{reference}</EndToEndId></Refs><Amt Ccy=\"CNY\">{sum}</Amt>{more}\
            </TxDtls></NtryDtls></Ntry>",
            batch.date, batch.batch,
        )
        .expect("a string takes all");
    };
    for line in lines {
        if line.order.fate == super::Move::Failed {
            continue;
        }
        entry(line, "DBIT", "");
        if let Some(reason) = reason_of(line.meaning) {
            let code = code(reason);
            entry(line, "CRDT", &format!("<RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf>"));
        }
    }
    text.push_str("</Stmt></BkToCstmrStmt></Document>\n");
    text
}
