//! What the authority may tune of fusion.

use kernel::db::{DbError, Tx};
use kernel::settings::{self, Setting};
use kernel::time::Utc;
use time::{Date, Month};

/// From which day on a card or code counts as new (Art. 6), as `YYYYMMDD`.
pub const NEW_FROM: Setting = Setting {
    name: "fusion.new-from",
    default: 20_260_101,
    least: 20_200_101,
    most: 20_991_231,
    zh: "自该日起首次发放的卡（码）视为新发（年月日八位数字）",
    en: "Cards and codes first issued from this day on count as new (YYYYMMDD)",
    article: 6,
};

/// Days before its date at which a milestone is shown as due.
pub const REMIND_DAYS: Setting = Setting {
    name: "fusion.remind-days",
    default: 14,
    least: 1,
    most: 90,
    zh: "融合计划节点到期前提醒天数",
    en: "Days before its date at which a milestone of a plan is shown as due",
    article: 16,
};

/// `20260101` as a day; none when there is no such day.
pub fn day_of(number: i64) -> Option<Date> {
    let month = Month::try_from(u8::try_from(number / 100 % 100).ok()?).ok()?;
    let year = i32::try_from(number / 10_000).ok()?;
    Date::from_calendar_date(year, month, u8::try_from(number % 100).ok()?).ok()
}

/// The first day on which a card or code counts as new. A value that is no day counts as the least
/// one: then the rule is strict.
///
/// # Errors
/// See [`DbError`].
pub fn new_from(tx: &mut Tx<'_>, now: Utc) -> Result<Date, DbError> {
    let number = settings::get(tx, &NEW_FROM, now)?;
    Ok(day_of(number).or_else(|| day_of(NEW_FROM.least)).unwrap_or(Date::MIN))
}
