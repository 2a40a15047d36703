//! The other side of the exchange: what a bank, a factory and a key centre answer to a file. The
//! simulator and the tests stand on it.

use seal::sm3::sm3;
use time::Date;

use super::files::{Answer, Direction, Header, Sheet, answer_row, fault, write};
use super::rules::{LineEvent, Stage};

/// The answer to a file, with a verdict for each sequence number.
///
/// # Errors
/// The file is no question, or one of its lines is not as its stage has them.
pub fn answer(
    sheet: &Sheet,
    day: Date,
    verdict: impl Fn(i64) -> LineEvent,
) -> Result<Vec<u8>, super::files::Fault> {
    if sheet.header.direction != Direction::Out {
        return Err(fault(1, "不是发出的文件", "This file asks nothing"));
    }
    let rows = sheet.rows.iter().enumerate().map(|(index, row)| {
        let answered = answer_to(sheet.header.stage, row, &verdict);
        answered.ok_or_else(|| fault(index + 2, "无法读取该行", "This line cannot be read"))
    });
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let header = Header { direction: Direction::Back, day, ..sheet.header.clone() };
    Ok(write(&header, &rows))
}

fn answer_to(
    stage: Stage,
    row: &[String],
    verdict: impl Fn(i64) -> LineEvent,
) -> Option<Vec<String>> {
    let seq: i64 = row.first()?.parse().ok()?;
    let result = verdict(seq);
    let good = result == LineEvent::Good;
    let value = match stage {
        Stage::Bank => account_of(row.get(2)?, row.get(6)?),
        Stage::Factory | Stage::Outlet => row.get(2)?.clone(),
        Stage::Keys => row.get(3)?.clone(),
    };
    let check = match stage {
        Stage::Keys => sm3(value.as_bytes())[..3].iter().map(|b| format!("{b:02X}")).collect(),
        _ => String::new(),
    };
    let reason = match result {
        LineEvent::Good => "",
        LineEvent::Spoil => "芯片写入失败",
        _ => "户名与证件不符",
    };
    Some(answer_row(&Answer {
        seq,
        line: row.get(1)?.parse().ok()?,
        result,
        value: if good { value } else { String::new() },
        check: if good { check } else { String::new() },
        reason: reason.to_owned(),
    }))
}

/// One person, one account: the one that is known, or one made from the person number.
fn account_of(number: &str, known: &str) -> String {
    if !known.is_empty() {
        return known.to_owned();
    }
    let digest = sm3(number.as_bytes());
    let value = digest[..8].iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    format!("4{:018}", value % 1_000_000_000_000_000_000)
}
