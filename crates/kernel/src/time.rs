//! Instants in UTC microseconds, and the civil day of Chongqing (UTC+8, no summer time).

use std::fmt;

use time::macros::format_description;
use time::{Date, OffsetDateTime, UtcOffset};

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Utc(pub i64);

const BEIJING: UtcOffset = match UtcOffset::from_hms(8, 0, 0) {
    Ok(offset) => offset,
    Err(_) => unreachable!(),
};

impl Utc {
    /// One second in microseconds.
    pub const SECOND: i64 = 1_000_000;
    /// One day in microseconds.
    pub const DAY: i64 = 86_400 * Self::SECOND;

    /// The wall clock. Rules never call it: time reaches them as a parameter.
    pub fn now() -> Self {
        Self((OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000) as i64)
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(Self::SECOND)
    }

    /// This instant moved by `seconds`, which may be negative.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(Self::SECOND)))
    }

    fn beijing(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .to_offset(BEIJING)
    }

    /// The civil day in Chongqing.
    pub fn day(self) -> Date {
        self.beijing().date()
    }

    /// The first moment of a civil day in Chongqing.
    pub fn start_of(day: Date) -> Self {
        let midnight = day.midnight().assume_offset(BEIJING);
        Self((midnight.unix_timestamp_nanos() / 1_000) as i64)
    }

    /// `2026-03-01 09:30:00` in Chongqing's civil time, for people.
    pub fn local(self) -> String {
        self.beijing()
            .format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]"))
            .unwrap_or_default()
    }

    /// RFC 3339 in UTC, for machines.
    pub fn rfc3339(self) -> String {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap_or_default()
    }
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.local())
    }
}

impl fmt::Debug for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Utc({})", self.rfc3339())
    }
}

/// A day as `YYYY-MM-DD`.
pub fn day_text(day: Date) -> String {
    day.format(format_description!("[year]-[month]-[day]")).unwrap_or_default()
}

/// Reads a day written `YYYY-MM-DD`.
pub fn parse_day(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn the_civil_day_changes_at_midnight_in_chongqing() {
        let midnight = Utc(1_772_294_400 * Utc::SECOND); // 2026-02-28T16:00:00Z
        assert_eq!(midnight.day(), date!(2026 - 03 - 01));
        assert_eq!(Utc(midnight.0 - 1).day(), date!(2026 - 02 - 28));
        assert_eq!(Utc::start_of(date!(2026 - 03 - 01)), midnight);
        assert_eq!(midnight.local(), "2026-03-01 00:00:00");
        assert_eq!(midnight.rfc3339(), "2026-02-28T16:00:00Z");
    }

    #[test]
    fn days_are_read_strictly() {
        assert_eq!(parse_day("2026-03-01"), Some(date!(2026 - 03 - 01)));
        assert_eq!(parse_day("2026-02-30"), None);
        assert_eq!(parse_day("2026-3-1"), None);
    }
}
