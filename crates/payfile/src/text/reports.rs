//! Files of reports: what a bank sends, and what we read.

use std::io::{BufRead, Write};

use time::macros::{format_description, offset};
use time::{OffsetDateTime, PrimitiveDateTime};

use super::orders::{day_of, no_day};
use super::read::{Fault, Reader};
use super::row::Row;
use super::write::{WriteError, Writer};
use crate::codes::{Codes, Meaning};
use crate::contract::{LineResult, Report, ReportKind, is_id, is_reference};
use crate::layout::{Field, Layout};
use crate::money;

/// Header of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportHead {
    /// The bank's own number of it, of the form of an id.
    pub report: String,
    /// What it is.
    pub kind: ReportKind,
    /// Id of the batch; empty in a statement.
    pub batch: String,
    /// Short code of the bank.
    pub bank: String,
    /// The bank's code for the batch as a whole; may be empty.
    pub verdict: String,
    /// Day, `YYYY-MM-DD`.
    pub date: String,
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportLine {
    /// Place in the batch, as the bank has it.
    pub seq: u32,
    /// Our payment id.
    pub reference: String,
    /// Amount in fen.
    pub fen: i64,
    /// The bank's code.
    pub code: String,
    /// The bank's own number of the payment; may be empty.
    pub bank_ref: String,
    /// When, UTC microseconds; 0 when the bank does not say.
    pub at: i64,
}

/// Writes a report, as a bank does.
///
/// # Errors
/// The layout cannot carry it.
pub fn write_report<W: Write>(
    out: W,
    layout: &Layout,
    head: &ReportHead,
    lines: &[ReportLine],
) -> Result<W, WriteError> {
    let mut row = Row::default();
    row.set(Field::Report, &head.report);
    row.set(Field::Kind, head.kind.code());
    row.set(Field::Batch, &head.batch);
    row.set(Field::Bank, &head.bank);
    row.set(Field::Verdict, &head.verdict);
    row.set(Field::Date, &head.date.replace('-', ""));
    let sums = (lines.len() as u64, lines.iter().map(|line| line.fen).sum());
    let mut writer = Writer::new(out, layout, &layout.reports, &mut row, sums)?;
    for line in lines {
        row.set_number(Field::Seq, u64::from(line.seq));
        row.set(Field::Reference, &line.reference);
        row.set(Field::Code, &line.code);
        row.set(Field::BankRef, &line.bank_ref);
        row.set(Field::Time, &if line.at == 0 { String::new() } else { stamp(line.at) });
        writer.line(&mut row, line.fen)?;
    }
    writer.finish()
}

/// Reads a report line by line.
pub struct ReportReader<'l, R: BufRead> {
    reader: Reader<'l, R>,
    row: Row,
    head: ReportHead,
}

impl<'l, R: BufRead> ReportReader<'l, R> {
    /// Reads the header.
    ///
    /// # Errors
    /// It cannot be believed.
    pub fn new(input: R, layout: &'l Layout) -> Result<Self, Fault> {
        let mut row = Row::default();
        let reader = Reader::new(input, layout, &layout.reports, &mut row)?;
        let fault = |why: &str| Fault { line: 1, why: why.to_owned() };
        let kind = ReportKind::from_code(row.get(Field::Kind));
        let kind = kind.ok_or_else(|| fault("Kind: no such kind of report"))?;
        let [report, batch, bank, verdict] =
            [Field::Report, Field::Batch, Field::Bank, Field::Verdict]
                .map(|field| row.get(field).to_owned());
        if !is_id(&report) {
            return Err(fault("Report: its number has not the agreed form"));
        }
        let about_many = batch.is_empty() && kind == ReportKind::Statement;
        if !is_id(&batch) && !about_many {
            return Err(fault("Batch: its id has not the agreed form"));
        }
        let date = day_of(row.get(Field::Date)).ok_or_else(|| no_day(1))?;
        let head = ReportHead { report, kind, batch, bank, verdict, date };
        Ok(Self { reader, row, head })
    }

    /// Its header.
    pub fn head(&self) -> &ReportHead {
        &self.head
    }

    /// The next line; `None` after the last, when the whole holds.
    ///
    /// # Errors
    /// Outside: the file as a whole cannot be believed. Inside: this line cannot.
    pub fn next_line(&mut self) -> Result<Option<Result<ReportLine, Fault>>, Fault> {
        let Some(amount) = self.reader.next_row(&mut self.row)? else { return Ok(None) };
        Ok(Some(amount.and_then(|fen| self.line(fen))))
    }

    fn line(&self, fen: i64) -> Result<ReportLine, Fault> {
        let (row, line) = (&self.row, self.reader.line_number());
        let fault = |why: &str| Fault { line, why: why.to_owned() };
        let seq = money::whole(row.get(Field::Seq)).and_then(|seq| u32::try_from(seq).ok());
        let seq = seq.ok_or_else(|| fault("Seq: it is no number"))?;
        let [reference, code, bank_ref] =
            [Field::Reference, Field::Code, Field::BankRef].map(|field| row.get(field).to_owned());
        if !is_reference(&reference) {
            return Err(fault("Reference: it is none of ours"));
        }
        if bank_ref.len() > 64 || !bank_ref.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(fault("BankRef: at most 64 plain characters"));
        }
        let at = match row.get(Field::Time) {
            "" => 0,
            text => read_stamp(text).ok_or_else(|| fault("Time: it is no time"))?,
        };
        Ok(ReportLine { seq, reference, fen, code, bank_ref, at })
    }
}

/// What a report file says, in our words, and the bank's code for the whole with its meaning.
pub(crate) struct Told {
    pub head: ReportHead,
    pub verdict: Option<Meaning>,
    pub lines: Vec<(String, i64, LineResult)>,
    pub faults: Vec<(u64, String)>,
}

/// Reads a whole report of a bank.
///
/// # Errors
/// The file as a whole cannot be believed.
pub fn read_report(
    input: impl BufRead,
    layout: &Layout,
    codes: &Codes,
    digest: [u8; 32],
) -> Result<Report, Fault> {
    let told = read_told(input, layout, codes)?;
    let Told { head, lines, faults, .. } = told;
    Ok(Report { id: head.report, batch: head.batch, kind: head.kind, lines, faults, digest })
}

pub(crate) fn read_told(
    input: impl BufRead,
    layout: &Layout,
    codes: &Codes,
) -> Result<Told, Fault> {
    let mut reader = ReportReader::new(input, layout)?;
    let verdict = match reader.head().verdict.as_str() {
        "" => None,
        code => Some(codes.batch.get(code).copied().ok_or_else(|| Fault {
            line: 1,
            why: format!("Verdict: the code {code:?} has no meaning"),
        })?),
    };
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    while let Some(line) = reader.next_line()? {
        let number = reader.reader.line_number();
        match line {
            Ok(line) => match result_of(&line, codes) {
                Ok(result) => lines.push((line.reference, line.fen, result)),
                Err(why) => faults.push((number, why)),
            },
            Err(fault) => faults.push((fault.line, fault.why)),
        }
    }
    Ok(Told { head: reader.head, verdict, lines, faults })
}

/// What a bank's code says of a line. A duplicate says nothing about the first: it is a fault, and
/// the line stays open.
pub(crate) fn result_of(line: &ReportLine, codes: &Codes) -> Result<LineResult, String> {
    match codes.line.get(&line.code) {
        Some(Meaning::Good) => {
            Ok(LineResult::Paid { bank_ref: line.bank_ref.clone(), at: line.at })
        }
        Some(Meaning::Pending) => Ok(LineResult::Pending),
        Some(Meaning::Bad(reason)) if !reason.is_final() => {
            Err(format!("the code {:?} leaves open what became of the first", line.code))
        }
        Some(Meaning::Bad(reason)) => {
            Ok(LineResult::Returned { reason: *reason, bank_code: line.code.clone() })
        }
        None => Err(format!("the code {:?} has no meaning", line.code)),
    }
}

const STAMP: &[time::format_description::BorrowedFormatItem<'static>] =
    format_description!("[year][month][day][hour][minute][second]");

/// `20261123154500`, China's civil time, of UTC microseconds; whole seconds.
pub fn stamp(at: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000);
    let civil = at.unwrap_or(OffsetDateTime::UNIX_EPOCH).to_offset(offset!(+8));
    civil.format(STAMP).unwrap_or_default()
}

fn read_stamp(text: &str) -> Option<i64> {
    if text.len() != 14 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let civil = PrimitiveDateTime::parse(text, STAMP).ok()?.assume_offset(offset!(+8));
    i64::try_from(civil.unix_timestamp_nanos() / 1_000).ok()
}
