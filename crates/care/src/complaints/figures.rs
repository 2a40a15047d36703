//! Figures of matters, hot topics, and what of it everybody may see.

use std::collections::BTreeMap;

use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use time::{Date, Duration};

use super::knowledge::pairs;
use super::rules::{Matter, State};
use super::store;

/// Cells below this are not shown to the public.
pub const LEAST: i64 = 5;

/// Counts of a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Taken in.
    pub opened: i64,
    /// Answered at least once.
    pub answered: i64,
    /// Of these, on or before the deadline.
    pub on_time: i64,
    /// Judged.
    pub judged: i64,
    /// Sum of the marks.
    pub marks: i64,
}

impl Line {
    fn add(&mut self, matter: &Matter) {
        let answered = matter.answered_at;
        self.opened += 1;
        self.answered += i64::from(answered.is_some());
        self.on_time += i64::from(answered.is_some_and(|at| at.day() <= matter.due));
        self.judged += i64::from(matter.score.is_some());
        self.marks += matter.score.unwrap_or(0);
    }

    /// Share answered in time, in per cent; none before the first answer.
    pub fn on_time_percent(&self) -> Option<i64> {
        (self.answered > 0).then(|| self.on_time * 100 / self.answered)
    }

    /// Mean of the marks in tenths.
    pub fn marks_tenths(&self) -> Option<i64> {
        (self.judged > 0).then(|| self.marks * 10 / self.judged)
    }
}

/// Figures of a period.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// By `field`, `division` and `channel`, then by code.
    pub lines: BTreeMap<(&'static str, String), Line>,
    /// Pairs of characters that rose most against the period before: text, now, before.
    pub hot: Vec<(String, i64, i64)>,
    /// Matters that wait now, of the period.
    pub waiting: i64,
}

/// Counts the matters of a period and of the one before.
pub fn count(now: &[Matter], before: &[Matter]) -> Figures {
    let mut figures = Figures::default();
    for matter in now {
        let groups = [
            ("field", &matter.field),
            ("division", &matter.division),
            ("channel", &matter.channel),
        ];
        for (group, code) in groups {
            figures.lines.entry((group, code.clone())).or_default().add(matter);
        }
        let waits = matches!(matter.state, State::Received | State::Assigned);
        figures.waiting += i64::from(waits);
    }
    let (terms, earlier) = (terms(now), terms(before));
    let mut hot: Vec<(String, i64, i64)> = terms
        .into_iter()
        .map(|(pair, count)| (pair, count, earlier.get(&pair).copied().unwrap_or(0)))
        .filter(|(_, count, earlier)| *count >= 3 && count > earlier)
        .map(|(pair, count, earlier)| (pair.iter().collect(), count, earlier))
        .collect();
    hot.sort_by(|a, b| (b.1 - b.2).cmp(&(a.1 - a.2)).then_with(|| a.0.cmp(&b.0)));
    hot.truncate(10);
    figures.hot = hot;
    figures
}

/// In how many matters each pair of characters stands. Sensitive ones are left out.
fn terms(matters: &[Matter]) -> BTreeMap<[char; 2], i64> {
    let mut terms = BTreeMap::new();
    for matter in matters.iter().filter(|matter| !matter.sensitive) {
        for pair in pairs(&matter.body) {
            // Digits may be somebody's number.
            if pair.iter().all(|letter| !letter.is_ascii()) {
                *terms.entry(pair).or_default() += 1;
            }
        }
    }
    terms
}

/// Figures of the days from `from` to `until`.
///
/// # Errors
/// See [`kernel::db::DbError`].
pub async fn figures(app: &App, from: Date, until: Date) -> Result<Figures, Problem> {
    let length = until - from + Duration::DAY;
    let earlier = from.checked_sub(length).unwrap_or(Date::MIN);
    let (start, middle) = (Utc::start_of(earlier), Utc::start_of(from));
    let end = Utc::start_of(until.saturating_add(Duration::DAY));
    let (now, before) = app
        .db
        .read(move |tx| {
            let now = store::opened_between(tx, middle, end)?;
            Ok::<_, Problem>((now, store::opened_between(tx, start, middle)?))
        })
        .await?;
    Ok(count(&now, &before))
}

/// The groups that the public may see. Small cells go; where what went could be found by
/// subtraction, because one cell alone or too few matters went, the next smallest goes too.
pub fn public(figures: &Figures) -> Vec<(&'static str, String, Line)> {
    let mut shown = Vec::new();
    for group in ["field", "division", "channel"] {
        let of = figures.lines.iter().filter(|((known, _), _)| *known == group);
        let mut cells: Vec<(String, Line)> =
            of.map(|((_, code), line)| (code.clone(), *line)).collect();
        cells.sort_by_key(|(_, line)| line.opened);
        let mut hidden = cells.iter().take_while(|(_, line)| line.opened < LEAST).count();
        let gone = |hidden: usize| cells[..hidden].iter().map(|(_, l)| l.opened).sum::<i64>();
        while hidden > 0 && hidden < cells.len() && (hidden < 2 || gone(hidden) < LEAST) {
            hidden += 1;
        }
        shown.extend(cells.drain(..).skip(hidden).map(|(code, line)| (group, code, line)));
    }
    shown
}

/// A table as CSV with a byte order mark, so that spreadsheets read Chinese.
///
/// # Errors
/// None that can happen in memory.
pub fn csv(rows: &[(&'static str, String, Line)]) -> Result<Vec<u8>, Problem> {
    let fault = |error: String| Problem::from(kernel::db::DbError::Engine(error));
    let mut writer = csv::Writer::from_writer(b"\xef\xbb\xbf".to_vec());
    let head = ["group", "code", "opened", "answered", "on_time", "judged", "marks_tenths"];
    writer.write_record(head).map_err(|error| fault(error.to_string()))?;
    for (group, code, line) in rows {
        let numbers = [line.opened, line.answered, line.on_time, line.judged];
        let mut record = vec![(*group).to_owned(), code.clone()];
        record.extend(numbers.map(|number| number.to_string()));
        record.push(line.marks_tenths().map(|marks| marks.to_string()).unwrap_or_default());
        writer.write_record(&record).map_err(|error| fault(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| fault(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(counts: &[(&str, i64)]) -> Figures {
        let line = |opened| Line { opened, ..Line::default() };
        let lines = counts.iter().map(|(code, n)| (("field", (*code).to_owned()), line(*n)));
        Figures { lines: lines.collect(), ..Figures::default() }
    }

    fn codes(counts: &[(&str, i64)]) -> Vec<String> {
        public(&figures(counts)).into_iter().map(|(_, code, _)| code).collect()
    }

    #[test]
    fn small_cells_are_not_shown_and_cannot_be_found_by_subtraction() {
        assert_eq!(codes(&[("card", 20), ("money", 30)]), ["card", "money"]);
        assert_eq!(codes(&[("bank", 2), ("card", 20), ("money", 30)]), ["money"]);
        assert_eq!(codes(&[("bank", 4), ("code", 3), ("money", 30)]), ["money"]);
        assert!(codes(&[("bank", 4)]).is_empty());
    }
}
