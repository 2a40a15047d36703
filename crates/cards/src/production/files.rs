//! Files to and from bank, factory, key centre, outlet and post (`docs/production-files.md`).
//!
//! The first line is the header, closed by an SM3 digest over itself and all that follows; then one
//! line for each card, `|` between its fields. Reading is strict: every fault is named with its line,
//! and a file with one fault is taken in no part.

use encoding_rs::GB18030;
use kernel::id::Id;
use kernel::law::Text;
use kernel::time::{day_text, parse_day};
use seal::sm3::sm3;
use time::Date;

use super::rules::{LineEvent, Stage, instant};

/// First field of each header.
const MAGIC: &str = "YKT-PRODUCTION";
/// Version of the format.
const VERSION: &str = "1";
/// The most lines of one file.
pub const MOST_LINES: usize = 20_000;
/// The most bytes of one file.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;

/// Which way a file goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// To the partner.
    Out,
    /// From the partner.
    Back,
}

impl Direction {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Back => "back",
        }
    }
}

/// What a header says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    /// The batch.
    pub batch: Id,
    /// The stage that works on it.
    pub stage: Stage,
    /// Out or back.
    pub direction: Direction,
    /// The outlet that the file is for; 0 for the other stages.
    pub part: Id,
    /// Lines after the header.
    pub count: usize,
    /// Day on which the file was made.
    pub day: Date,
}

impl Header {
    fn text(&self) -> String {
        let (stage, direction) = (self.stage.code(), self.direction.code());
        let (batch, part, count, day) = (self.batch, self.part, self.count, day_text(self.day));
        format!("{MAGIC}|{VERSION}|{batch}|{stage}|{direction}|{part}|{count}|{day}")
    }
}

/// A file as read: its header and the fields of its lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheet {
    /// The header.
    pub header: Header,
    /// One entry for each line after it.
    pub rows: Vec<Vec<String>>,
}

/// A fault in a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Line in the file, from 1; the header is line 1.
    pub line: usize,
    /// What is wrong there.
    pub text: Text,
}

/// A fault at a line.
pub fn fault(line: usize, zh: impl Into<String>, en: impl Into<String>) -> Fault {
    Fault { line, text: Text::new(zh, en) }
}

/// Whether the files of a stage are GB 18030; the others are UTF-8.
fn is_gb18030(stage: Stage) -> bool {
    matches!(stage, Stage::Bank | Stage::Factory)
}

/// The digest that closes a header.
fn digest(head: &str, body: &[u8]) -> String {
    let hashed = sm3(&[head.as_bytes(), b"\n", body].concat());
    hashed.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A field as it may stand in a line: what would break the line becomes a look-alike.
fn field(text: &str) -> String {
    let safe = |c: char| match c {
        '|' => '\u{ff5c}',
        c if c.is_control() => ' ',
        c => c,
    };
    text.trim().chars().map(safe).collect()
}

/// Writes a file. `header.count` is taken from the rows.
pub fn write(header: &Header, rows: &[Vec<String>]) -> Vec<u8> {
    let line = |row: &Vec<String>| row.iter().map(|f| field(f)).collect::<Vec<_>>().join("|");
    let body: String = rows.iter().map(|row| line(row) + "\n").collect();
    let body = match is_gb18030(header.stage) {
        true => GB18030.encode(&body).0.into_owned(),
        false => body.into_bytes(),
    };
    let head = Header { count: rows.len(), ..header.clone() }.text();
    let closed = format!("{head}|{}\n", digest(&head, &body));
    [closed.as_bytes(), &body].concat()
}

/// Reads a file.
///
/// # Errors
/// All faults found, with their lines.
pub fn read(bytes: &[u8]) -> Result<Sheet, Vec<Fault>> {
    let one = |line, zh: &str, en: &str| vec![fault(line, zh, en)];
    if bytes.len() > MOST_BYTES {
        return Err(one(1, "文件过大", "The file is too large"));
    }
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (head, body) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
    let head = std::str::from_utf8(head).ok().map(str::trim_end).filter(|head| head.is_ascii());
    let read = head.and_then(|head| head.rsplit_once('|'));
    let Some((head, said)) = read else {
        return Err(one(1, "首行不是制卡文件头", "The first line is no header"));
    };
    let header = read_header(head).map_err(|fault| vec![fault])?;
    if !said.eq_ignore_ascii_case(&digest(head, body)) {
        return Err(one(1, "SM3 摘要不符，文件不完整或被改动", "The SM3 digest does not fit"));
    }
    let text = match is_gb18030(header.stage) {
        true => GB18030.decode_without_bom_handling_and_without_replacement(body),
        false => std::str::from_utf8(body).ok().map(Into::into),
    };
    let Some(text) = text else {
        return Err(one(2, "字符编码不正确", "The encoding is wrong"));
    };
    let rows: Vec<Vec<String>> =
        text.lines().map(|line| line.split('|').map(str::to_owned).collect()).collect();
    let control = |row: &Vec<String>| row.iter().any(|field| field.chars().any(char::is_control));
    let found = rows.iter().enumerate().filter(|(_, row)| control(row));
    let faults: Vec<Fault> = found
        .map(|(index, _)| fault(index + 2, "含有控制字符", "There is a control character"))
        .collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    match rows.len() == header.count {
        true => Ok(Sheet { header, rows }),
        false => {
            let (said, found) = (header.count, rows.len());
            let zh = format!("文件头为 {said} 行，实际 {found} 行");
            Err(vec![fault(1, zh, format!("The header says {said} lines, there are {found}"))])
        }
    }
}

fn read_header(head: &str) -> Result<Header, Fault> {
    let wrong = |zh: &str, en: &str| fault(1, zh, en);
    let fields: Vec<&str> = head.split('|').collect();
    let [MAGIC, VERSION, batch, stage, direction, part, count, day] = fields.as_slice() else {
        return Err(wrong("文件头字段不正确", "The header's fields are wrong"));
    };
    let direction = match *direction {
        "out" => Direction::Out,
        "back" => Direction::Back,
        _ => return Err(wrong("文件方向不正确", "The direction is wrong")),
    };
    let count = count.parse().ok().filter(|count| *count <= MOST_LINES);
    Ok(Header {
        batch: batch.parse().map_err(|_| wrong("批次号不正确", "The batch is wrong"))?,
        stage: Stage::from_code(stage).ok_or_else(|| wrong("环节不正确", "The stage is wrong"))?,
        direction,
        part: part.parse().map_err(|_| wrong("分件号不正确", "The part is wrong"))?,
        count: count.ok_or_else(|| wrong("行数不正确", "The count is wrong"))?,
        day: parse_day(day).ok_or_else(|| wrong("日期不正确", "The day is wrong"))?,
    })
}

/// What a stage answers about one card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Sequence in the batch.
    pub seq: i64,
    /// Id of the line.
    pub line: Id,
    /// [`LineEvent::Good`], [`LineEvent::Fail`] or [`LineEvent::Spoil`].
    pub result: LineEvent,
    /// What the stage made: bank account, card number, identifier.
    pub value: String,
    /// Key check value, from the key centre.
    pub check: String,
    /// Why not.
    pub reason: String,
}

/// The word of a file for what happened; `None` for what no stage answers.
pub fn word(event: LineEvent) -> Option<&'static str> {
    match event {
        LineEvent::Good => Some("ok"),
        LineEvent::Fail => Some("fail"),
        LineEvent::Spoil => Some("spoiled"),
        _ => None,
    }
}

/// The line of an answer: `seq|line|result|value|check|reason`.
pub fn answer_row(answer: &Answer) -> Vec<String> {
    let word = word(answer.result).unwrap_or_default();
    let Answer { seq, line, value, check, reason, .. } = answer;
    let parts: [&dyn ToString; 6] = [seq, line, &word, value, check, reason];
    parts.iter().map(|part| part.to_string()).collect()
}

/// Reads the lines of an answer.
///
/// # Errors
/// All faults found, with their lines.
pub fn answers(sheet: &Sheet) -> Result<Vec<Answer>, Vec<Fault>> {
    let (mut good, mut faults) = (Vec::with_capacity(sheet.rows.len()), Vec::new());
    let mut seen = std::collections::HashSet::new();
    for (index, row) in sheet.rows.iter().enumerate() {
        match answer(sheet.header.stage, row) {
            Ok(answer) if seen.insert(answer.seq) => good.push(answer),
            Ok(answer) => {
                let (zh, en) = (format!("序号 {} 重复", answer.seq), "This sequence comes twice");
                faults.push(fault(index + 2, zh, en));
            }
            Err((zh, en)) => faults.push(fault(index + 2, zh, en)),
        }
    }
    if faults.is_empty() { Ok(good) } else { Err(faults) }
}

type Told = (&'static str, &'static str);

fn answer(stage: Stage, row: &[String]) -> Result<Answer, Told> {
    let [seq, line, result, value, check, reason] = row else {
        return Err(("应为6个字段", "Six fields are expected"));
    };
    let result = match result.as_str() {
        "ok" => LineEvent::Good,
        "fail" if matches!(stage, Stage::Bank | Stage::Factory) => LineEvent::Fail,
        "spoiled" if stage != Stage::Bank => LineEvent::Spoil,
        _ => return Err(("处理结果不属于该环节", "This result does not belong to this stage")),
    };
    let good = result == LineEvent::Good;
    if !good && (reason.trim().is_empty() || reason.chars().count() > 120) {
        return Err(("失败或废卡须写明原因（120字以内）", "A reason is needed, up to 120 letters"));
    }
    if good && stage == Stage::Bank && !instant::is_account(value) {
        return Err(("银行账号不正确", "The bank account is wrong"));
    }
    if good && stage == Stage::Keys && !instant::is_key_check(check) {
        return Err((
            "密钥校验值应为6位十六进制",
            "The key check value has six hexadecimal digits",
        ));
    }
    Ok(Answer {
        seq: seq.parse().map_err(|_| ("序号不正确", "The sequence is wrong"))?,
        line: line.parse().map_err(|_| ("行标识不正确", "The line's id is wrong"))?,
        result,
        value: value.clone(),
        check: check.clone(),
        reason: reason.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    fn header(stage: Stage) -> Header {
        let (batch, part, day) = (Id(77), Id(0), date!(2026 - 11 - 23));
        Header { batch, stage, direction: Direction::Back, part, count: 0, day }
    }

    fn row(seq: i64) -> Vec<String> {
        let account = "4000000000000001".to_owned();
        let (line, result) = (Id(seq + 1_000), LineEvent::Good);
        let (check, reason) = (String::new(), String::new());
        answer_row(&Answer { seq, line, result, value: account, check, reason })
    }

    fn lines_of(faults: Result<Sheet, Vec<Fault>>) -> Vec<usize> {
        faults.expect_err("refused").iter().map(|fault| fault.line).collect()
    }

    #[test]
    fn rare_characters_survive_gb18030() {
        let rows = vec![vec!["1".to_owned(), "㼆𠅤·测试".to_owned()]];
        let bytes = write(&header(Stage::Factory), &rows);
        assert!(String::from_utf8(bytes.clone()).is_err(), "it is not UTF-8");
        assert_eq!(read(&bytes).expect("reads").rows, rows);
    }

    #[test]
    fn a_field_cannot_break_its_line() {
        let rows = vec![vec!["a|b\nc".to_owned(), " d ".to_owned()]];
        let read = read(&write(&header(Stage::Keys), &rows)).expect("reads");
        assert_eq!(read.rows, [["a｜b c", "d"]]);
    }

    #[test]
    fn a_changed_count_or_line_is_found() {
        let bytes = write(&header(Stage::Keys), &[row(1), row(2)]);
        let text = String::from_utf8(bytes.clone()).expect("UTF-8");
        for bent in [
            text.replace("|2|2026", "|3|2026"),
            text.replace("|ok|", "|OK|"),
            text.lines().take(2).map(|line| format!("{line}\n")).collect(),
            text.replace("YKT-PRODUCTION|1|", "YKT-PRODUCTION|2|"),
            String::new(),
            "\n\n".to_owned(),
        ] {
            assert_eq!(lines_of(read(bent.as_bytes())), [1], "{bent}");
        }
        assert!(read(&bytes).is_ok());
    }

    #[test]
    fn control_characters_are_a_fault_and_no_surprise_to_the_database() {
        let head = Header { count: 2, ..header(Stage::Keys) }.text();
        let body = "1|a\n2|b\0\n";
        let text = format!("{head}|{}\n{body}", digest(&head, body.as_bytes()));
        assert_eq!(lines_of(read(text.as_bytes())), [3]);
    }

    #[test]
    fn every_wrong_line_of_an_answer_is_named() {
        let mut rows: Vec<Vec<String>> = (1..=6).map(row).collect();
        rows[0][3] = "123".to_owned();
        rows[2].pop();
        rows[3] = row(2);
        rows[4][2] = "spoiled".to_owned();
        rows[5][2] = "fail".to_owned();
        let sheet = read(&write(&header(Stage::Bank), &rows)).expect("a whole file");
        let faults = answers(&sheet).expect_err("refused");
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [2, 4, 5, 6, 7]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_sheet_or_faults(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            if let Err(faults) = read(&bytes) {
                prop_assert!(!faults.is_empty());
            }
        }

        #[test]
        fn one_flipped_bit_is_noticed(at in 0usize..400, bit in 0u8..8) {
            let bytes = write(&header(Stage::Factory), &[row(1), row(2), row(3)]);
            let mut bent = bytes.clone();
            let at = at % bent.len();
            bent[at] ^= 1 << bit;
            // The digest itself may be written in capitals.
            let same = bent.eq_ignore_ascii_case(&bytes);
            prop_assert!(same || read(&bent) != read(&bytes));
        }

        #[test]
        fn what_is_written_is_read(rows in prop::collection::vec(
            prop::collection::vec("[^|\\p{C}\\p{Z}]{1,12}", 1..6), 0..20)) {
            for stage in Stage::ALL {
                let sheet = read(&write(&header(stage), &rows)).expect("reads");
                prop_assert_eq!(&sheet.rows, &rows);
            }
        }
    }
}
