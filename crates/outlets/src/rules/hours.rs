//! Opening hours with exceptions, and which version of an outlet counts on a day (Art. 11).

use std::collections::BTreeMap;

use time::Date;

use super::Refused;

/// A time of opening within one day, in minutes since midnight in Chongqing; the end is outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First minute.
    pub from: u16,
    /// First minute after it.
    pub until: u16,
}

/// Reads the hours of one day; an empty text means closed.
///
/// # Errors
/// [`Refused::Hours`] when the form is wrong, or spans are empty, overlap or are out of order.
pub fn parse_spans(text: &str) -> Result<Vec<Span>, Refused> {
    let mut spans: Vec<Span> = Vec::new();
    if text.trim().is_empty() {
        return Ok(spans);
    }
    for part in text.split(',') {
        let (from, until) = part.trim().split_once('-').ok_or(Refused::Hours)?;
        let span = Span { from: minute(from)?, until: minute(until)? };
        let after = spans.last().is_none_or(|before| before.until < span.from);
        if span.from >= span.until || !after {
            return Err(Refused::Hours);
        }
        spans.push(span);
    }
    Ok(spans)
}

/// Writes hours as [`parse_spans`] reads them.
pub fn spans_text(spans: &[Span]) -> String {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let one = |span: &Span| format!("{}-{}", clock(span.from), clock(span.until));
    spans.iter().map(one).collect::<Vec<_>>().join(",")
}

fn minute(text: &str) -> Result<u16, Refused> {
    let (hours, minutes) = text.split_once(':').ok_or(Refused::Hours)?;
    let two_digits = |t: &str| t.len() == 2 && t.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hours) || !two_digits(minutes) {
        return Err(Refused::Hours);
    }
    let hours: u16 = hours.parse().map_err(|_| Refused::Hours)?;
    let minutes: u16 = minutes.parse().map_err(|_| Refused::Hours)?;
    let at = hours * 60 + minutes;
    if minutes > 59 || at > 24 * 60 { Err(Refused::Hours) } else { Ok(at) }
}

/// When an outlet is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours {
    /// Spans of each weekday, Monday first.
    pub week: [Vec<Span>; 7],
    /// Single days that differ: holidays without spans, working Saturdays with them.
    pub exceptions: BTreeMap<Date, Vec<Span>>,
}

impl Hours {
    /// The spans of a day; an exception replaces the whole weekday.
    pub fn on(&self, day: Date) -> &[Span] {
        let weekday = usize::from(day.weekday().number_days_from_monday());
        self.exceptions.get(&day).unwrap_or(&self.week[weekday])
    }

    /// Reads a week as [`Hours::week_text`] writes it.
    ///
    /// # Errors
    /// [`Refused::Hours`].
    pub fn parse_week(text: &str) -> Result<Self, Refused> {
        let mut hours = Self::default();
        let mut days = text.split(';');
        for day in &mut hours.week {
            *day = parse_spans(days.next().ok_or(Refused::Hours)?)?;
        }
        days.next().is_none().then_some(hours).ok_or(Refused::Hours)
    }

    /// The seven days of the week, separated by `;`.
    pub fn week_text(&self) -> String {
        self.week.iter().map(|day| spans_text(day)).collect::<Vec<_>>().join(";")
    }

    /// The first day from `day` on, within a month, on which it is open.
    pub fn next_open(&self, day: Date) -> Option<Date> {
        let days = (0..31).filter_map(|after| day.checked_add(time::Duration::days(after)));
        days.into_iter().find(|day| !self.on(*day).is_empty())
    }

    /// Whether the outlet is open on a day at a minute since midnight in Chongqing.
    pub fn is_open(&self, day: Date, minute: u16) -> bool {
        self.on(day).iter().any(|span| span.from <= minute && minute < span.until)
    }
}

/// What an outlet is from a day on, until a later version begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version<T> {
    /// First day in force.
    pub from: Date,
    /// What it is; `None` when it is closed for good.
    pub what: Option<T>,
}

/// What the outlet was on that day; `None` before it was set up and after it was closed.
///
/// `versions` are in the order in which they were confirmed: of two that begin on the same day, the
/// one confirmed later corrects the other.
pub fn on_day<T>(versions: &[Version<T>], day: Date) -> Option<&T> {
    let in_force = versions.iter().filter(|version| version.from <= day);
    in_force.max_by_key(|version| version.from)?.what.as_ref()
}
