//! The regulation itself: its text by version, and what of it the code carries out (Art. 1–28).

mod pages;
mod text;
mod traces;

use kernel::db::{DbError, Tx};
use kernel::settings::{self, Setting};
use kernel::time::{Utc, parse_day};
use time::Date;

pub(super) use pages::routes;
pub use text::{ArticleText, Version, version_on, versions};
pub use traces::{Rule, Traces, traces};

/// The day from which the regulation is in force, as `YYYYMMDD`; 0 while the draft leaves it open.
pub const COMMENCEMENT: Setting = Setting {
    name: "conduct.commencement",
    default: 0,
    least: 0,
    most: 29_991_231,
    zh: "条例施行日期（年月日八位数字，0为未定）",
    en: "Day from which the regulation is in force (YYYYMMDD, 0 while open)",
    article: 28,
};

/// Whether Art. 16 is shown as Chongqing's own version, as the draft does.
pub const OWN_ARTICLE_16: Setting = Setting {
    name: "conduct.article-16-chongqing",
    default: 1,
    least: 0,
    most: 1,
    zh: "第十六条采用重庆版本（1是，0采用川渝共同文本）",
    en: "Art. 16 in Chongqing's own version (1), or in one common with Sichuan (0)",
    article: 16,
};

/// The draft's open points and the settings that close them.
pub static OPEN_POINTS: [&Setting; 3] =
    [&COMMENCEMENT, &OWN_ARTICLE_16, &crate::cases::credit::SWITCH];

/// The day from which the regulation is in force; none while it is open.
///
/// # Errors
/// See [`DbError`].
pub fn commencement(tx: &mut Tx<'_>, now: Utc) -> Result<Option<Date>, DbError> {
    let number = settings::get(tx, &COMMENCEMENT, now)?;
    let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100);
    Ok(parse_day(&format!("{year:04}-{month:02}-{day:02}")).filter(|_| number > 0))
}

/// Whether decisions can rest on the regulation (Art. 28): while its day is open the platform runs as a
/// trial, and from the day that is set.
pub fn in_force(commencement: Option<Date>, today: Date) -> bool {
    commencement.is_none_or(|from| from <= today)
}

#[cfg(test)]
mod tests;
