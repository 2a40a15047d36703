//! Deadlines in working days. Which days are working days comes in as a function, so that a calendar of
//! holidays can take the place of plain weekdays.

use time::{Date, Weekday};

/// Monday to Friday.
pub fn weekday(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// The last day of a period of `days` working days that begins the day after `from`. When no day is a
/// working day for a year, the year's end counts.
pub fn deadline(from: Date, days: i64, is_working: &dyn Fn(Date) -> bool) -> Date {
    let (mut day, mut left, mut idle) = (from, days.max(0), 0);
    while left > 0 && idle < 366 {
        let Some(next) = day.next_day() else { return day };
        day = next;
        if is_working(day) {
            (left, idle) = (left - 1, 0);
        } else {
            idle += 1;
        }
    }
    day
}

/// The last day of a period of calendar days; when it is no working day, the next one that is.
pub fn after_days(from: Date, days: i64, is_working: &dyn Fn(Date) -> bool) -> Date {
    let last = from.saturating_add(time::Duration::days(days.max(0)));
    if is_working(last) { last } else { deadline(last, 1, is_working) }
}
