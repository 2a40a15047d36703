//! Rules of terminals.

use kernel::law::{Article, Refusal, Text};
use kernel::time::Utc;
use seal::sm3::sm3;

/// Why a terminal is refused something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The enrolment code is wrong, used or too old.
    EnrolCode,
    /// The key is no point of the curve.
    Key,
    /// The proof of the key does not hold, or its time is far off.
    Proof,
    /// It was blocked.
    Blocked,
    /// A line of the journal is missing.
    Gap,
    /// The chain of the journal does not hold.
    Link,
    /// There is no such terminal, or it is another organisation's.
    Unknown,
    /// Blocking needs a reason.
    NoReason,
}

impl Refused {
    fn words(self) -> [&'static str; 5] {
        match self {
            Self::EnrolCode => [
                "codes/enrol-code",
                "注册码错误、已使用或已过期",
                "The enrolment code is wrong, used or too old",
                "请由终端所属单位重新生成注册码",
                "The organisation that owns the terminal makes a new one",
            ],
            Self::Key => [
                "codes/terminal-key",
                "终端公钥无效",
                "The terminal's key is none",
                "请提交66位十六进制的压缩SM2公钥",
                "Send a compressed SM2 point as 66 hexadecimal digits",
            ],
            Self::Proof => [
                "codes/terminal-proof",
                "终端签名未通过核验",
                "The terminal's signature does not hold",
                "请校准终端时钟后重试，仍不成功请重新注册",
                "Set its clock and try again; if that fails, enrol it anew",
            ],
            Self::Blocked => [
                "codes/terminal-blocked",
                "终端已停用",
                "The terminal is blocked",
                "请联系终端所属单位",
                "Ask the organisation that owns it",
            ],
            Self::Gap => [
                "codes/journal-gap",
                "离线记录不连续",
                "A line of the journal is missing",
                "请从缺少的一条开始重新上传",
                "Send it again from the line that is missing",
            ],
            Self::Link => [
                "codes/journal-link",
                "离线记录的链接值不符",
                "The chain of the journal does not hold",
                "终端可能被篡改，请停用并检查",
                "It may have been tampered with: block it and look",
            ],
            Self::Unknown => [
                "codes/no-such-terminal",
                "没有该终端",
                "There is no such terminal",
                "请核对终端编号和所属单位",
                "Check its number and whose it is",
            ],
            Self::NoReason => [
                "codes/no-reason",
                "请写明停用原因",
                "Blocking needs a reason",
                "填写原因后再提交",
                "Write it down",
            ],
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.words()[0]
    }

    fn article(&self) -> Option<Article> {
        Some(Article(15))
    }

    fn reason(&self) -> Text {
        let [_, zh, en, ..] = self.words();
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [.., zh, en] = self.words();
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::EnrolCode | Self::Blocked | Self::Proof => 403,
            Self::Key | Self::NoReason => 422,
            Self::Gap | Self::Link => 409,
            Self::Unknown => 404,
        }
    }
}

/// 16 letters and digits in groups of four, of an alphabet without those that are read as others.
pub fn enrol_code(random: [u8; 16]) -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ0";
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    let groups: Vec<String> =
        random.chunks(4).map(|four| four.iter().map(letter).collect()).collect();
    groups.join("-")
}

/// What is kept of an enrolment code, however it was typed.
pub fn enrol_digest(code: &str) -> [u8; 32] {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    sm3(format!("enrol:{}", plain.to_uppercase()).as_bytes())
}

/// A line of the journal of a terminal without a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Counts from 1 without gaps.
    pub seq: i64,
    /// When, seconds since 1970 on the terminal's clock.
    pub at: i64,
    /// Item code.
    pub item: String,
    /// Its version as the terminal knew it.
    pub item_version: i64,
    /// `ok`, or the refusal.
    pub result: String,
    /// Serial of the status list that it believed.
    pub status_serial: i64,
    /// Text of the code.
    pub code: String,
}

impl Line {
    /// The link of this line: SM3 over the link before and the line's text.
    pub fn link(&self, before: &[u8; 32]) -> [u8; 32] {
        let Self { seq, at, item, item_version, result, status_serial, code } = self;
        let text = format!("{seq}|{at}|{item}|{item_version}|{result}|{status_serial}|{code}");
        sm3(&[&before[..], text.as_bytes()].concat())
    }
}

/// What is wrong with a terminal, in the words of the page of sick ones.
pub fn sickness(
    seen_at: Option<Utc>,
    skew_s: i64,
    list_age_s: i64,
    faults: &str,
    silent_minutes: i64,
    now: Utc,
) -> Vec<Text> {
    let mut found = Vec::new();
    match seen_at {
        None => found.push(Text::new("尚未注册", "Not enrolled yet")),
        Some(at) if at.plus_seconds(silent_minutes * 60) < now => {
            found.push(Text::new("长时间无心跳", "Silent"));
        }
        _ => {}
    }
    if seen_at.is_some() && skew_s.abs() > 2 {
        found.push(Text::new(format!("时钟相差{skew_s}秒"), format!("Clock {skew_s} s off")));
    }
    if seen_at.is_some() && list_age_s > 3_600 {
        let minutes = list_age_s / 60;
        let zh = format!("状态清单已{minutes}分钟未更新");
        found.push(Text::new(zh, format!("Status list {minutes} minutes old")));
    }
    if !faults.is_empty() {
        found.push(Text::new(format!("故障：{faults}"), format!("Faults: {faults}")));
    }
    found
}
