//! `pain.002.001.10`, customer payment status report.

use std::io::BufRead;

use super::Message;
use super::pain001::PAIN_001;
use super::status::Statuses;
use super::xml::Xml;
use crate::codes::Meaning;
use crate::contract::{ReportKind, is_id, is_reference};
use crate::money::fen_of_iso;

/// Its namespace.
pub const PAIN_002: &str = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10";

/// A status, a reason and what else a level of the message may say.
#[derive(Default)]
struct Level {
    status: String,
    reason: String,
    reference: String,
    bank_ref: String,
    at: i64,
    fen: Option<i64>,
}

#[derive(Default)]
struct Draft {
    id: String,
    created: i64,
    original: String,
    group: Level,
    payment: Level,
    transactions: Vec<Level>,
}

pub(super) fn read<R: BufRead>(xml: &mut Xml<R>, statuses: &Statuses) -> Result<Message, String> {
    let mut draft = Draft::default();
    let mut reports = 0;
    xml.each(|xml, name| match name {
        "CstmrPmtStsRpt" => {
            reports += 1;
            report(xml, &mut draft)
        }
        _ => Err("there is no payment status report".to_owned()),
    })
    .and_then(|()| if reports == 1 { Ok(()) } else { Err("one report is expected".to_owned()) })?;
    message(draft, statuses)
}

fn report<R: BufRead>(xml: &mut Xml<R>, draft: &mut Draft) -> Result<(), String> {
    xml.each(|xml, name| match name {
        "GrpHdr" => xml.each(|xml, name| match name {
            "MsgId" => once(&mut draft.id, xml.text()?),
            "CreDtTm" => {
                draft.created = instant(&xml.text()?)?;
                Ok(())
            }
            _ => xml.skip(),
        }),
        "OrgnlGrpInfAndSts" => xml.each(|xml, name| match name {
            "OrgnlMsgId" => once(&mut draft.original, xml.text()?),
            "OrgnlMsgNmId" if !PAIN_001.ends_with(&xml.text()?) => {
                Err("it is about a message of another kind".to_owned())
            }
            "OrgnlMsgNmId" => Ok(()),
            "GrpSts" => once(&mut draft.group.status, xml.text()?),
            "StsRsnInf" => reason(xml, &mut draft.group.reason),
            _ => xml.skip(),
        }),
        "OrgnlPmtInfAndSts" => payment(xml, draft),
        _ => xml.skip(),
    })
}

fn payment<R: BufRead>(xml: &mut Xml<R>, draft: &mut Draft) -> Result<(), String> {
    let mut id = String::new();
    let Draft { payment: level, transactions, .. } = draft;
    xml.each(|xml, name| match name {
        "OrgnlPmtInfId" => once(&mut id, xml.text()?),
        "PmtInfSts" => once(&mut level.status, xml.text()?),
        "StsRsnInf" => reason(xml, &mut level.reason),
        "TxInfAndSts" => {
            transactions.push(transaction(xml)?);
            Ok(())
        }
        _ => xml.skip(),
    })?;
    // A payment information of ours has the id of its message, and a message has one.
    if id == draft.original { Ok(()) } else { Err("it is about another payment".to_owned()) }
}

fn transaction<R: BufRead>(xml: &mut Xml<R>) -> Result<Level, String> {
    let mut level = Level::default();
    xml.each(|xml, name| match name {
        "OrgnlEndToEndId" => once(&mut level.reference, xml.text()?),
        "TxSts" => once(&mut level.status, xml.text()?),
        "StsRsnInf" => reason(xml, &mut level.reason),
        "AccptncDtTm" => {
            level.at = instant(&xml.text()?)?;
            Ok(())
        }
        "AcctSvcrRef" => once(&mut level.bank_ref, xml.text()?),
        "OrgnlTxRef" => xml.each(|xml, name| match name {
            "Amt" => xml.each(|xml, name| match name {
                "InstdAmt" => {
                    level.fen = Some(amount(xml)?);
                    Ok(())
                }
                _ => xml.skip(),
            }),
            _ => xml.skip(),
        }),
        _ => xml.skip(),
    })?;
    Ok(level)
}

fn message(draft: Draft, statuses: &Statuses) -> Result<Message, String> {
    if draft.id.is_empty() || draft.id.len() > 35 || !is_id(&draft.original) {
        return Err("the ids of the message or of the original are missing".to_owned());
    }
    let mut refused = None;
    let mut whole = Meaning::Pending;
    for level in [&draft.group, &draft.payment] {
        if level.status.is_empty() {
            continue;
        }
        let meaning = statuses.group.get(&level.status).copied();
        let meaning = meaning.ok_or("the status of the whole has no meaning")?;
        if let Meaning::Bad(other) = meaning {
            let code = if level.reason.is_empty() { &level.status } else { &level.reason };
            let ours = if level.reason.is_empty() { other } else { statuses.reason(code) };
            refused = Some((ours, code.clone()));
        }
        whole = meaning;
    }
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    for (place, level) in draft.transactions.into_iter().enumerate() {
        let number = place as u64 + 1;
        let at = if level.at == 0 { draft.created } else { level.at };
        let status = if level.status.is_empty() { &draft.payment.status } else { &level.status };
        let result = statuses.result(status, &level.reason, level.bank_ref, at);
        match result {
            _ if !is_reference(&level.reference) => {
                faults.push((number, "it has no reference of ours".to_owned()));
            }
            Ok(result) => lines.push((level.reference, level.fen, result)),
            Err(why) => faults.push((number, why)),
        }
    }
    if refused.is_some()
        && lines.iter().any(|(_, _, r)| !matches!(r, crate::LineResult::Returned { .. }))
    {
        return Err("a batch is refused and one of its lines is not".to_owned());
    }
    // A good whole without lines would have to be spread over orders that it does not name: those
    // that are told stand, the others are asked for.
    if lines.is_empty() && whole == Meaning::Good {
        faults.push((1, "all is said to be paid, but no order is named".to_owned()));
    }
    let told = lines.is_empty() && faults.is_empty();
    let kind = if told { ReportKind::Receipt } else { ReportKind::Result };
    Ok(Message { id: draft.id, batch: draft.original, kind, refused, lines, faults })
}

/// The reason of a status: the first that has a code.
fn reason<R: BufRead>(xml: &mut Xml<R>, into: &mut String) -> Result<(), String> {
    xml.each(|xml, name| match name {
        "Rsn" => xml.each(|xml, name| match name {
            "Cd" | "Prtry" => {
                let code = xml.text()?;
                if into.is_empty() && code.len() <= 35 {
                    *into = code;
                }
                Ok(())
            }
            _ => xml.skip(),
        }),
        _ => xml.skip(),
    })
}

/// Amount in fen of the element that was opened last.
pub(super) fn amount<R: BufRead>(xml: &mut Xml<R>) -> Result<i64, String> {
    if xml.attribute("Ccy") != Some("CNY") {
        return Err("an amount is not in CNY".to_owned());
    }
    fen_of_iso(&xml.text()?).ok_or_else(|| "an amount is none".to_owned())
}

pub(super) fn once(place: &mut String, value: String) -> Result<(), String> {
    if !place.is_empty() || value.is_empty() {
        return Err("a single value is empty or there twice".to_owned());
    }
    *place = value;
    Ok(())
}

/// UTC microseconds of an ISO date-time; without an offset it is China's civil time.
pub(crate) fn instant(text: &str) -> Result<i64, String> {
    use time::format_description::well_known::Rfc3339;
    let with_offset = time::OffsetDateTime::parse(text, &Rfc3339);
    let read =
        with_offset.or_else(|_| time::OffsetDateTime::parse(&format!("{text}+08:00"), &Rfc3339));
    let read = read.map_err(|_| "a time is none".to_owned())?;
    i64::try_from(read.unix_timestamp_nanos() / 1_000).map_err(|_| "a time is none".to_owned())
}
