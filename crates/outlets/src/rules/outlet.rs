//! What an outlet is: the words of the register, and what a version must say.

use kernel::divisions::{self, Region};
use kernel::law::Text;
use time::Date;

use super::{Hours, Refused};

/// A word of a closed list: stable code, Chinese and English name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word(pub &'static str, pub &'static str, pub &'static str);

impl Word {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        self.0
    }

    /// Name for people.
    pub fn name(&self) -> Text {
        Text::new(self.1, self.2)
    }
}

/// An outlet of both provinces (Art. 11 para 2).
pub const JOINT: &str = "joint";

/// Kinds of outlets.
pub const KINDS: &[Word] = &[
    Word("hrss", "人社服务大厅", "HRSS service hall"),
    Word("bank", "合作银行网点", "Branch of a cooperating bank"),
    Word("township", "街镇便民服务中心", "Township service centre"),
    Word(JOINT, "川渝通办网点", "Chongqing–Sichuan joint outlet"),
];

/// What is done at an outlet (Art. 11).
pub const SERVICES: &[Word] = &[
    Word("apply", "申领", "Application"),
    Word("instant", "即时制卡", "Card made at once"),
    Word("activate", "激活", "Activation"),
    Word("loss", "挂失解挂", "Loss and release"),
    Word("replace", "补换卡", "Replacement"),
    Word("cancel", "注销", "Cancellation"),
    Word("bank", "更换银行", "Change of the bank"),
    Word(JOINT, "川渝通办", "Holders of the other region"),
    Word("other", "咨询及其他", "Questions and other matters"),
];

/// Languages spoken.
pub const LANGUAGES: &[Word] = &[
    Word("zh", "普通话", "Mandarin"),
    Word("cq", "重庆话", "Chongqing dialect"),
    Word("en", "英语", "English"),
    Word("sign", "手语", "Sign language"),
    Word("tujia", "土家语", "Tujia"),
    Word("miao", "苗语", "Miao"),
];

/// Help for those who need it (Art. 15).
pub const ACCESS: &[Word] = &[
    Word("ramp", "无障碍坡道", "Ramp"),
    Word("low", "低位窗口", "Low counter"),
    Word("large-print", "大字材料", "Large print"),
    Word("hearing", "助听设备", "Hearing loop"),
    Word("green", "老年人绿色通道", "Priority for the elderly"),
    Word("home", "上门服务", "Visits at home"),
    Word("toilet", "无障碍卫生间", "Accessible toilet"),
];

/// The word with this code.
pub fn word(list: &'static [Word], code: &str) -> Option<&'static Word> {
    list.iter().find(|word| word.code() == code)
}

/// Reads codes separated by commas, each once; `None` when one is unknown.
pub fn parse_words(list: &'static [Word], text: &str) -> Option<Vec<&'static Word>> {
    let mut words: Vec<&'static Word> = Vec::new();
    for code in text.split(',').map(str::trim).filter(|code| !code.is_empty()) {
        let word = word(list, code)?;
        if !words.contains(&word) {
            words.push(word);
        }
    }
    Some(words)
}

/// Codes separated by commas.
pub fn join(words: &[&'static Word]) -> String {
    words.iter().map(|word| word.code()).collect::<Vec<_>>().join(",")
}

/// What an outlet is from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// One of [`KINDS`].
    pub kind: &'static Word,
    /// Division (GB/T 2260).
    pub division: String,
    /// Name.
    pub name: Text,
    /// Address.
    pub address: String,
    /// How to get there.
    pub directions: String,
    /// Millionths of a degree north.
    pub latitude: i64,
    /// Millionths of a degree east.
    pub longitude: i64,
    /// Phone.
    pub phone: String,
    /// When it is open.
    pub hours: Hours,
    /// What is done there.
    pub services: Vec<&'static Word>,
    /// Languages spoken.
    pub languages: Vec<&'static Word>,
    /// Help for those who need it.
    pub access: Vec<&'static Word>,
    /// Counters that call.
    pub counters: i64,
}

/// The farthest ahead that a version may begin, in days.
const MOST_AHEAD: i64 = 366;

/// Checks a version that somebody proposes. `closed` ends the outlet from that day on.
///
/// # Errors
/// [`Refused`], naming what does not fit.
pub fn check_version(
    details: &Details,
    closed: bool,
    from: Date,
    today: Date,
    own: Region,
) -> Result<(), Refused> {
    let ahead = (from - today).whole_days();
    if !(0..=MOST_AHEAD).contains(&ahead) {
        return Err(Refused::Day);
    }
    if closed {
        return Ok(());
    }
    let long = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    let named = long(&details.name.zh, 60) && details.name.en.chars().count() <= 120;
    if !named || !long(&details.address, 120) || details.directions.chars().count() > 200 {
        return Err(Refused::Words);
    }
    let digits = details.phone.bytes().filter(u8::is_ascii_digit).count();
    let plain = details.phone.bytes().all(|b| b.is_ascii_digit() || b" -+".contains(&b));
    if !plain || !(5..=20).contains(&digits) {
        return Err(Refused::Phone);
    }
    let here = divisions::find(&details.division)
        .is_some_and(|d| d.is_in_force(from) && divisions::region_of(d.code) == Some(own));
    if !here || details.division == own.code() {
        return Err(Refused::Division);
    }
    let (north, east) = match own {
        // 28.1–32.3 degrees north and 105.2–110.3 degrees east.
        Region::Chongqing => (28_000_000..=32_400_000, 105_000_000..=110_400_000),
        // 26.0–34.4 degrees north and 97.3–108.6 degrees east.
        Region::Sichuan => (25_900_000..=34_500_000, 97_200_000..=108_700_000),
    };
    if !north.contains(&details.latitude) || !east.contains(&details.longitude) {
        return Err(Refused::Place);
    }
    if details.services.is_empty() || !(1..=60).contains(&details.counters) {
        return Err(Refused::Services);
    }
    if details.hours.week.iter().all(Vec::is_empty) {
        return Err(Refused::Hours);
    }
    Ok(())
}

/// Metres between two places, good to a percent within a province.
pub fn distance_m(a: (i64, i64), b: (i64, i64)) -> i64 {
    const METRES_A_DEGREE: f64 = 111_195.0;
    let degrees = |n: i64| n as f64 / 1e6;
    let north = degrees(a.0 - b.0) * METRES_A_DEGREE;
    let middle = degrees((a.0 + b.0) / 2).to_radians();
    let east = degrees(a.1 - b.1) * METRES_A_DEGREE * middle.cos();
    north.hypot(east).round() as i64
}
