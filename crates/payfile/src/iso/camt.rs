//! `camt.053.001.08`, statement, and `camt.054.001.08`, notification of debits and credits: what
//! really moved on the payer's account.

use std::io::BufRead;

use super::Message;
use super::pain002::{amount, instant, once};
use super::status::Statuses;
use super::xml::Xml;
use crate::contract::{LineResult, ReportKind, is_reference};

/// Namespace of statements.
pub const CAMT_053: &str = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08";
/// Namespace of notifications.
pub const CAMT_054: &str = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08";

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Statement,
    Notification,
}

#[derive(Default)]
struct Entry {
    fen: Option<i64>,
    credit: Option<bool>,
    reversal: bool,
    status: String,
    at: i64,
    bank_ref: String,
    details: Vec<Detail>,
}

#[derive(Default)]
struct Detail {
    fen: Option<i64>,
    credit: Option<bool>,
    reference: String,
    batch: String,
    bank_ref: String,
    reason: String,
    is_return: bool,
}

struct Draft {
    message: Message,
    entries: u64,
    transactions: u64,
    batches: std::collections::BTreeSet<String>,
}

pub(super) fn read<R: BufRead>(
    xml: &mut Xml<R>,
    statuses: &Statuses,
    kind: Kind,
) -> Result<Message, String> {
    let (root, body) = match kind {
        Kind::Statement => ("BkToCstmrStmt", "Stmt"),
        Kind::Notification => ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    };
    let message = Message {
        id: String::new(),
        batch: String::new(),
        kind: ReportKind::Statement,
        refused: None,
        lines: Vec::new(),
        faults: Vec::new(),
    };
    let mut draft = Draft { message, entries: 0, transactions: 0, batches: Default::default() };
    xml.each(|xml, name| {
        if name != root {
            return Err(format!("there is no {root}"));
        }
        xml.each(|xml, name| match name {
            "GrpHdr" => xml.each(|xml, name| match name {
                "MsgId" => once(&mut draft.message.id, xml.text()?),
                _ => xml.skip(),
            }),
            name if name == body => account(xml, &mut draft, statuses),
            _ => xml.skip(),
        })
    })?;
    let Draft { mut message, batches, .. } = draft;
    if message.id.is_empty() || message.id.len() > 35 {
        return Err("the message has no id".to_owned());
    }
    if batches.len() == 1 {
        message.batch = batches.into_iter().next().unwrap_or_default();
    }
    Ok(message)
}

/// One statement or notification of an account.
fn account<R: BufRead>(
    xml: &mut Xml<R>,
    draft: &mut Draft,
    statuses: &Statuses,
) -> Result<(), String> {
    let (before, mut declared) = (draft.entries, None);
    xml.each(|xml, name| match name {
        "Ntry" => {
            let entry = entry(xml)?;
            draft.entries += 1;
            take(entry, draft, statuses)
        }
        "TxsSummry" => xml.each(|xml, name| match name {
            "TtlNtries" => xml.each(|xml, name| match name {
                "NbOfNtries" => {
                    let count = xml.text()?.parse::<u64>();
                    declared = Some(count.map_err(|_| "a count is none".to_owned())?);
                    Ok(())
                }
                _ => xml.skip(),
            }),
            _ => xml.skip(),
        }),
        _ => xml.skip(),
    })?;
    match declared {
        Some(count) if count != draft.entries - before => {
            Err("there are not as many entries as declared".to_owned())
        }
        _ => Ok(()),
    }
}

fn entry<R: BufRead>(xml: &mut Xml<R>) -> Result<Entry, String> {
    let mut entry = Entry::default();
    xml.each(|xml, name| match name {
        "Amt" => {
            entry.fen = Some(amount(xml)?);
            Ok(())
        }
        "CdtDbtInd" => {
            entry.credit = Some(credit(&xml.text()?)?);
            Ok(())
        }
        "RvslInd" => {
            entry.reversal = matches!(xml.text()?.as_str(), "true" | "1");
            Ok(())
        }
        "Sts" => xml.each(|xml, name| match name {
            "Cd" | "Prtry" => once(&mut entry.status, xml.text()?),
            _ => xml.skip(),
        }),
        "BookgDt" => xml.each(|xml, name| match name {
            "DtTm" => {
                entry.at = instant(&xml.text()?)?;
                Ok(())
            }
            "Dt" => {
                entry.at = instant(&format!("{}T00:00:00", xml.text()?))?;
                Ok(())
            }
            _ => xml.skip(),
        }),
        "AcctSvcrRef" => once(&mut entry.bank_ref, xml.text()?),
        "NtryDtls" => xml.each(|xml, name| match name {
            "TxDtls" => {
                entry.details.push(detail(xml)?);
                Ok(())
            }
            _ => xml.skip(),
        }),
        _ => xml.skip(),
    })?;
    Ok(entry)
}

fn detail<R: BufRead>(xml: &mut Xml<R>) -> Result<Detail, String> {
    let mut detail = Detail::default();
    xml.each(|xml, name| match name {
        "Refs" => xml.each(|xml, name| match name {
            "EndToEndId" => once(&mut detail.reference, xml.text()?),
            "PmtInfId" => once(&mut detail.batch, xml.text()?),
            "AcctSvcrRef" => once(&mut detail.bank_ref, xml.text()?),
            _ => xml.skip(),
        }),
        "Amt" => {
            detail.fen = Some(amount(xml)?);
            Ok(())
        }
        "CdtDbtInd" => {
            detail.credit = Some(credit(&xml.text()?)?);
            Ok(())
        }
        "RtrInf" => {
            detail.is_return = true;
            xml.each(|xml, name| match name {
                "Rsn" => xml.each(|xml, name| match name {
                    "Cd" | "Prtry" => once(&mut detail.reason, xml.text()?),
                    _ => xml.skip(),
                }),
                _ => xml.skip(),
            })
        }
        _ => xml.skip(),
    })?;
    Ok(detail)
}

fn take(entry: Entry, draft: &mut Draft, statuses: &Statuses) -> Result<(), String> {
    let (Some(fen), Some(credit)) = (entry.fen, entry.credit) else {
        return Err("an entry has no amount or no direction".to_owned());
    };
    let single = entry.details.len() == 1;
    let told: Option<i64> = entry.details.iter().try_fold(0i64, |sum, detail| {
        let fen = if single { detail.fen.or(Some(fen)) } else { detail.fen }?;
        let against = detail.credit.is_some_and(|side| side != credit);
        sum.checked_add(if against { -fen } else { fen })
    });
    if !entry.details.is_empty() && told != Some(fen) {
        return Err("an entry is not the sum of its transactions".to_owned());
    }
    if entry.details.is_empty() {
        draft.transactions += 1;
        let why = "an entry without transactions".to_owned();
        draft.message.faults.push((draft.transactions, why));
    }
    for detail in entry.details {
        draft.transactions += 1;
        let number = draft.transactions;
        if !is_reference(&detail.reference) || detail.reference == "NOTPROVIDED" {
            let why = "it has no reference of ours".to_owned();
            draft.message.faults.push((number, why));
            continue;
        }
        if !detail.batch.is_empty() {
            draft.batches.insert(detail.batch.clone());
        }
        let fen = detail.fen.unwrap_or(fen);
        let back = detail.credit.unwrap_or(credit);
        let bank_ref =
            if detail.bank_ref.is_empty() { entry.bank_ref.clone() } else { detail.bank_ref };
        let result = match entry.status.as_str() {
            "BOOK" if back => LineResult::Returned {
                // Money came back: whatever the reason, even a duplicate, it is here.
                reason: statuses.reason(&detail.reason),
                bank_code: if detail.reason.is_empty() { "CRDT".to_owned() } else { detail.reason },
            },
            "BOOK" if detail.is_return || entry.reversal => {
                draft.message.faults.push((number, "a return that takes money".to_owned()));
                continue;
            }
            "BOOK" => LineResult::Paid { bank_ref, at: entry.at },
            "PDNG" | "FUTR" | "INFO" => LineResult::Pending,
            _ => {
                draft.message.faults.push((number, "its status has no meaning".to_owned()));
                continue;
            }
        };
        draft.message.lines.push((detail.reference, Some(fen), result));
    }
    Ok(())
}

fn credit(text: &str) -> Result<bool, String> {
    match text {
        "CRDT" => Ok(true),
        "DBIT" => Ok(false),
        _ => Err("a direction is none".to_owned()),
    }
}
