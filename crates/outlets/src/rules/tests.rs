use time::macros::date;

use super::hours::*;
use super::*;

fn office() -> Hours {
    let mut hours = Hours::default();
    for day in &mut hours.week[..5] {
        *day = parse_spans("09:00-12:00, 13:00-17:00").expect("hours");
    }
    hours
}

#[test]
fn an_outlet_is_open_from_the_first_minute_and_closed_at_the_last() {
    let (hours, monday) = (office(), date!(2026 - 11 - 23));
    let open = [539, 540, 719, 720, 780, 1019, 1020].map(|m| hours.is_open(monday, m));
    assert_eq!(open, [false, true, true, false, true, true, false]);
    assert!(!hours.is_open(date!(2026 - 11 - 22), 600), "Sunday");
}

#[test]
fn an_exception_replaces_the_whole_weekday() {
    let mut hours = office();
    let (holiday, saturday) = (date!(2026 - 10 - 01), date!(2026 - 10 - 10));
    assert!(hours.is_open(holiday, 600) && !hours.is_open(saturday, 600));
    hours.exceptions.insert(holiday, Vec::new());
    hours.exceptions.insert(saturday, parse_spans("10:00-11:00").expect("hours"));
    assert!(!hours.is_open(holiday, 600));
    assert!(hours.is_open(saturday, 600) && !hours.is_open(saturday, 660));
}

#[test]
fn hours_are_written_as_they_are_read() {
    for text in ["", "00:00-24:00", "09:00-12:00,13:30-17:05"] {
        assert_eq!(parse_spans(text).map(|spans| spans_text(&spans)).as_deref(), Ok(text));
    }
}

#[test]
fn malformed_or_overlapping_hours_are_refused() {
    for text in [
        "9:00-12:00",
        "09:00",
        "12:00-09:00",
        "09:00-09:00",
        "09:60-10:00",
        "23:00-24:01",
        "+9:00-10:00",
        "09:00-12:00,11:00-13:00",
        "13:00-14:00,09:00-10:00",
        "09:00-10:00,",
        "九点-十点",
        "99:99-99:99",
    ] {
        assert_eq!(parse_spans(text), Err(Refused::Hours), "{text}");
    }
}

#[test]
fn the_version_of_a_day_is_the_last_that_began_and_later_confirmation_corrects() {
    let version = |from, what| Version { from, what };
    let versions = [
        version(date!(2026 - 01 - 01), Some("old street")),
        version(date!(2026 - 09 - 01), None),
        version(date!(2026 - 05 - 01), Some("wrong street")),
        version(date!(2026 - 05 - 01), Some("new street")),
    ];
    let on = |day| on_day(&versions, day).copied();
    assert_eq!(on(date!(2025 - 12 - 31)), None);
    assert_eq!(on(date!(2026 - 04 - 30)), Some("old street"));
    assert_eq!(on(date!(2026 - 05 - 01)), Some("new street"));
    assert_eq!(on(date!(2026 - 09 - 01)), None);
}
