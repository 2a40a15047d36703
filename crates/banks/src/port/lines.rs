//! The lines of files to and from banks: header, lines, trailer; `|` between fields, GB 18030.

use encoding_rs::GB18030;
use kernel::id::Id;
use kernel::time::Utc;
use time::macros::format_description;
use time::{PrimitiveDateTime, UtcOffset};

use super::{Ask, Codes, Event, Line, Words};
use crate::rules::State;

/// First fields of each header.
const MAGIC: &str = "YKT-BANK";
/// Version of the format.
const VERSION: &str = "1";
/// The most lines of one file that is written.
pub const MOST_LINES: usize = 10_000;
/// The most bytes of one file that is read.
pub const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// What a file is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// Requests and queries to a bank.
    Request,
    /// Answers of a bank.
    Answer,
    /// Events of a bank.
    Event,
    /// Lines of a bank's file that were not carried out.
    Report,
}

impl FileKind {
    const ALL: [Self; 4] = [Self::Request, Self::Answer, Self::Event, Self::Report];

    /// Word in the header.
    pub fn word(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Answer => "ANSWER",
            Self::Event => "EVENT",
            Self::Report => "REPORT",
        }
    }
}

/// A file's text: header, lines, trailer, as the bytes to be written. Characters that would break a
/// line are replaced.
pub fn write(kind: FileKind, bank: &str, id: &str, at: Utc, lines: &[Vec<String>]) -> Vec<u8> {
    let count = lines.len();
    let stamp = stamp(at);
    let mut text = format!("H|{MAGIC}|{VERSION}|{}|{bank}|{id}|{stamp}|{count}\n", kind.word());
    for line in lines {
        let fields: Vec<String> = line.iter().map(|field| clean(field)).collect();
        text.push_str(&fields.join("|"));
        text.push('\n');
    }
    let mut bytes = GB18030.encode(&text).0.into_owned();
    let digest = hex::encode(seal::sm3::sm3(&bytes));
    bytes.extend_from_slice(format!("T|{count}|{digest}\n").as_bytes());
    bytes
}

fn clean(field: &str) -> String {
    let safe = |c: char| match c {
        '|' => '｜',
        c if c.is_control() => ' ',
        c => c,
    };
    field.chars().map(safe).collect()
}

/// `20261123154500`, in Chongqing's civil time.
pub fn stamp(at: Utc) -> String {
    at.local().chars().filter(char::is_ascii_digit).collect()
}

/// Reads [`stamp`]'s form.
pub fn read_stamp(text: &str) -> Option<Utc> {
    let form = format_description!("[year][month][day][hour][minute][second]");
    let civil = PrimitiveDateTime::parse(text, form).ok()?;
    let offset = UtcOffset::from_hms(8, 0, 0).ok()?;
    i64::try_from(civil.assume_offset(offset).unix_timestamp_nanos() / 1_000).ok().map(Utc)
}

/// A file whose frame holds: what is between header and trailer.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is for.
    pub kind: FileKind,
    /// Code of the bank in the header.
    pub bank: String,
    /// Its id.
    pub id: String,
    /// Fields of each line with its number from 1 (the header is 1), or why they cannot be read.
    pub lines: Vec<(i64, Result<Vec<String>, String>)>,
}

/// Reads a file's frame: header, trailer, counts, digest.
///
/// # Errors
/// Why nothing of the file can be relied on, in words for the bank's engineer.
pub fn read(bytes: &[u8]) -> Result<Frame, String> {
    let body = bytes.strip_suffix(b"\n").ok_or("the last line does not end")?;
    // 0x0A is in no multi-byte character of GB 18030, but 0x7C is: lines first, then decoding.
    let start = body.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    let (content, trailer) = bytes.split_at(start);
    let trailer = decode(trailer)?;
    let [mark, count, digest]: [String; 3] =
        trailer.try_into().map_err(|_| "no trailer".to_owned())?;
    if mark != "T" {
        return Err("no trailer".to_owned());
    }
    if !digest.eq_ignore_ascii_case(&hex::encode(seal::sm3::sm3(content))) {
        return Err("the SM3 digest in the trailer is not that of the lines before it".to_owned());
    }
    let mut lines = content.split_inclusive(|byte| *byte == b'\n');
    let header = decode(lines.next().ok_or("no header")?)?;
    let [mark, magic, version, kind, bank, id, at, told]: [String; 8] =
        header.try_into().map_err(|_| "the header has not 8 fields".to_owned())?;
    if (mark.as_str(), magic.as_str(), version.as_str()) != ("H", MAGIC, VERSION) {
        return Err(format!("the header does not start with H|{MAGIC}|{VERSION}"));
    }
    read_stamp(&at).ok_or("the time in the header is not YYYYMMDDHHMMSS")?;
    let kind = FileKind::ALL.into_iter().find(|known| known.word() == kind);
    let lines: Vec<_> = (2..).zip(lines.map(decode)).collect();
    let found = lines.len().to_string();
    if told != found || count != found {
        return Err(format!("{found} lines, but header and trailer say {told} and {count}"));
    }
    Ok(Frame { kind: kind.ok_or("unknown kind of file")?, bank, id, lines })
}

fn decode(line: &[u8]) -> Result<Vec<String>, String> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = GB18030.decode_without_bom_handling_and_without_replacement(line);
    let text = text.ok_or("not GB 18030")?;
    if text.chars().any(char::is_control) {
        return Err("a control character".to_owned());
    }
    Ok(text.split('|').map(str::to_owned).collect())
}

/// The line of one request.
pub fn request_line(place: usize, ask: &Ask) -> Vec<String> {
    let Ask { id, operation, body } = ask;
    vec![
        "R".to_owned(),
        place.to_string(),
        id.to_string(),
        operation.code().to_owned(),
        body.card.clone(),
        body.name.clone(),
        body.document.clone(),
        body.number.clone(),
        body.account.clone(),
        body.purpose.clone(),
    ]
}

/// The line that asks after a request.
pub fn query_line(place: usize, id: Id) -> Vec<String> {
    vec!["Q".to_owned(), place.to_string(), id.to_string()]
}

/// The line of an answer, as a bank writes it.
pub fn answer_line(place: usize, words: &Words) -> Vec<String> {
    let Words { id, result, code, state, account } = words.clone();
    vec!["A".to_owned(), place.to_string(), id, result, code, state, account]
}

/// The line of an event, as a bank writes it.
pub fn event_line(place: usize, event: &Event) -> Vec<String> {
    vec![
        "E".to_owned(),
        place.to_string(),
        event.id.clone(),
        event.card.clone(),
        event.account.clone(),
        event.state.code().to_owned(),
        stamp(event.at),
    ]
}

/// What a line of a bank's answer or event file says.
///
/// # Errors
/// What is wrong with it, in words for the bank's engineer, without personal data.
pub fn line_of(kind: FileKind, fields: &[String], codes: &Codes) -> Result<Line, String> {
    match (kind, fields) {
        (FileKind::Answer, [mark, _, id, result, code, state, account]) if mark == "A" => {
            let words = Words {
                id: id.clone(),
                result: result.clone(),
                code: code.clone(),
                state: state.clone(),
                account: account.clone(),
            };
            let id = id.parse().map_err(|_| "the request id is not in its form".to_owned())?;
            Ok(Line::Answer(id, words.meaning(codes)?))
        }
        (FileKind::Event, [mark, _, id, card, account, state, at]) if mark == "E" => {
            Ok(Line::Event(Event {
                id: id.clone(),
                card: card.clone(),
                account: account.clone(),
                state: State::of_bank(state).ok_or_else(|| format!("unknown state {state:?}"))?,
                at: read_stamp(at).ok_or("the time is not YYYYMMDDHHMMSS")?,
            }))
        }
        (FileKind::Answer, _) => Err("an answer line is A and six more fields".to_owned()),
        (FileKind::Event, _) => Err("an event line is E and six more fields".to_owned()),
        _ => Err("only files of answers and events come in".to_owned()),
    }
}
