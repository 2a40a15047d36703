//! Working days: weekends, holidays and make-up working days as data, so that a deadline can be
//! counted for any version of the calendar that the State Council's notice of a year brings. It is one
//! calendar for complaints and for cases.

use std::collections::BTreeMap;

use kernel::db::{DbError, Tx};
use kernel::time::{day_text, parse_day};
use time::{Date, Duration, Weekday};

/// The days on which the week's own pattern does not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// `true` for a make-up working day, `false` for a holiday.
    days: BTreeMap<Date, bool>,
}

/// The arrangement of 2026, as the State Council's General Office announced it.
pub const ARRANGEMENT_2026: &str = "2026-01-01..2026-01-03 holiday\n2026-01-04 work\n\
    2026-02-14 work\n2026-02-15..2026-02-23 holiday\n2026-02-28 work\n\
    2026-04-04..2026-04-06 holiday\n2026-05-01..2026-05-05 holiday\n2026-05-09 work\n\
    2026-06-19..2026-06-21 holiday\n2026-09-20 work\n2026-09-25..2026-09-27 holiday\n\
    2026-10-01..2026-10-07 holiday\n2026-10-10 work\n";

/// The most days that a calendar lists: more is a mistake of typing.
const MOST: usize = 2_000;

/// No run of free days is longer; a calendar that has one is refused.
const LONGEST_BREAK: i64 = 30;

impl Calendar {
    /// Reads lines `2026-10-01 holiday`, `2026-10-01..2026-10-07 holiday`, `2026-10-10 work`.
    ///
    /// # Errors
    /// Number of the first line, from 1, that is not written so, names a day twice, or makes a break
    /// longer than any real one.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let mut days = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            read_line(line, &mut days).ok_or(at + 1)?;
            if days.len() > MOST {
                return Err(at + 1);
            }
        }
        let calendar = Self { days };
        match calendar.longest_break() > LONGEST_BREAK {
            true => Err(text.lines().count()),
            false => Ok(calendar),
        }
    }

    /// The lines that [`Calendar::parse`] reads, one a day.
    pub fn text(&self) -> String {
        let line = |(day, work): (&Date, &bool)| {
            format!("{} {}\n", day_text(*day), if *work { "work" } else { "holiday" })
        };
        self.days.iter().map(line).collect()
    }

    /// The last day that it lists: beyond it only weekends are known.
    pub fn last(&self) -> Option<Date> {
        self.days.keys().next_back().copied()
    }

    /// Whether offices work on that day.
    pub fn is_working(&self, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.days.get(&day).copied().unwrap_or(!weekend)
    }

    /// The day on which `count` working days after `day` have passed; the day itself does not count.
    /// With 0, the first working day from `day` on.
    pub fn after(&self, day: Date, count: i64) -> Date {
        let (mut at, mut left) = (day, count);
        if count <= 0 {
            while !self.is_working(at) {
                at = at.saturating_add(Duration::DAY);
            }
            return at;
        }
        while left > 0 && at < Date::MAX {
            at = at.saturating_add(Duration::DAY);
            left -= i64::from(self.is_working(at));
        }
        at
    }

    /// The last day of a period of `count` calendar days; when it is no working day, the next one that is.
    pub fn after_days(&self, day: Date, count: i64) -> Date {
        self.after(day.saturating_add(Duration::days(count.max(0))), 0)
    }

    /// Working days after `from` up to and with `until`; negative when `until` is earlier.
    pub fn between(&self, from: Date, until: Date) -> i64 {
        if until < from {
            return -self.between(until, from);
        }
        let (mut at, mut count) = (from, 0);
        while at < until {
            at = at.saturating_add(Duration::DAY);
            count += i64::from(self.is_working(at));
        }
        count
    }

    fn longest_break(&self) -> i64 {
        let (mut longest, mut run) = (0, 0);
        let mut before: Option<Date> = None;
        for (day, work) in &self.days {
            let next = before.is_some_and(|before| before.saturating_add(Duration::DAY) == *day);
            run = match (*work, next) {
                (true, _) => 0,
                (false, true) => run + 1,
                (false, false) => 1,
            };
            longest = longest.max(run);
            before = Some(*day);
        }
        longest
    }
}

/// The newest calendar with its version; the built-in one is version 0.
///
/// # Errors
/// See [`DbError`].
pub fn current(tx: &mut Tx<'_>) -> Result<(i64, Calendar), DbError> {
    let sql = "SELECT version, days FROM care_calendar ORDER BY version DESC LIMIT 1";
    let (version, text) = match tx.optional(sql, &[])? {
        Some(row) => (row.get(0)?, row.get(1)?),
        None => (0, ARRANGEMENT_2026.to_owned()),
    };
    let calendar = Calendar::parse(&text);
    Ok((version, calendar.map_err(|_| DbError::Column { index: 1 })?))
}

fn read_line(line: &str, days: &mut BTreeMap<Date, bool>) -> Option<()> {
    let (span, kind) = line.split_once(' ')?;
    let work = match kind.trim() {
        "work" => true,
        "holiday" => false,
        _ => return None,
    };
    let (from, until) = span.split_once("..").unwrap_or((span, span));
    let (from, until) = (parse_day(from)?, parse_day(until)?);
    if until < from || (until - from).whole_days() > 60 {
        return None;
    }
    let mut day = from;
    while day <= until {
        if days.insert(day, work).is_some() {
            return None;
        }
        day = day.next_day()?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    fn year() -> Calendar {
        Calendar::parse(ARRANGEMENT_2026).expect("well written")
    }

    #[test]
    fn a_deadline_jumps_over_the_holidays_and_counts_the_make_up_day() {
        // Wednesday before the National Day: 8 and 9 October, and Saturday the 10th.
        assert_eq!(year().after(date!(2026 - 09 - 30), 3), date!(2026 - 10 - 10));
        assert_eq!(Calendar::default().after(date!(2026 - 09 - 30), 3), date!(2026 - 10 - 05));
        assert!(year().is_working(date!(2026 - 02 - 14)));
        assert!(!year().is_working(date!(2026 - 02 - 23)));
    }

    #[test]
    fn a_calendar_that_is_badly_written_names_its_line() {
        assert_eq!(Calendar::parse("2026-01-01 holiday\n2026-02-30 work"), Err(2));
        assert_eq!(Calendar::parse("2026-01-01 holiday\n2026-01-01 work"), Err(2));
        assert_eq!(Calendar::parse("2026-01-01..2026-02-15 holiday"), Err(1));
    }

    #[test]
    fn a_calendar_survives_being_written_and_read() {
        assert_eq!(Calendar::parse(&year().text()), Ok(year()));
    }

    /// A calendar with holidays and make-up working days thrown in anywhere.
    fn thrown(days: &[(i64, bool)]) -> Calendar {
        let first = date!(2026 - 01 - 01);
        let day =
            |(offset, work): &(i64, bool)| (first.saturating_add(Duration::days(*offset)), *work);
        Calendar { days: days.iter().map(day).collect() }
    }

    proptest! {
        /// Art. 22, 26: wherever the holidays lie, a deadline is a working day with exactly its days before
        /// it, and the end of a period of calendar days never falls earlier than promised.
        #[test]
        fn a_deadline_holds_across_any_holidays(
            start in 0i64..365, count in 1i64..90, days in proptest::collection::vec((0i64..500, any::<bool>()), 0..60)
        ) {
            let calendar = thrown(&days);
            let day = date!(2026 - 01 - 01).saturating_add(Duration::days(start));
            let due = calendar.after(day, count);
            prop_assert!(calendar.is_working(due));
            prop_assert_eq!(calendar.between(day, due), count);
            let end = calendar.after_days(day, count);
            prop_assert!(calendar.is_working(end) && (end - day).whole_days() >= count);
            let mut waited = day.saturating_add(Duration::days(count));
            while waited < end {
                prop_assert!(!calendar.is_working(waited), "it waits for holidays only");
                waited = waited.saturating_add(Duration::DAY);
            }
        }

        #[test]
        fn a_deadline_is_a_working_day_and_exactly_so_far_away(start in 0i64..730, count in 1i64..60) {
            let day = date!(2025 - 12 - 01).saturating_add(Duration::days(start));
            let due = year().after(day, count);
            prop_assert!(year().is_working(due));
            prop_assert_eq!(year().between(day, due), count);
        }

        #[test]
        fn a_later_start_or_a_longer_time_is_never_due_earlier(start in 0i64..730, count in 1i64..60) {
            let day = date!(2025 - 12 - 01).saturating_add(Duration::days(start));
            let due = year().after(day, count);
            prop_assert!(year().after(day.saturating_add(Duration::DAY), count) >= due);
            prop_assert!(year().after(day, count + 1) > due);
        }
    }
}
