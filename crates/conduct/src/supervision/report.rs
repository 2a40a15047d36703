//! The yearly report in words and figures.

use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use time::{Date, Month};

use super::figures::{Figure, Group, Line, Scope};
use super::pages::read;

/// What the report says of one figure.
pub(super) struct Paragraph {
    /// The figure.
    pub figure: &'static Figure,
    /// Sentences.
    pub words: Text,
    /// Name and value of each line.
    pub lines: Vec<(Text, String)>,
}

fn of(year: i32, scope: &Scope) -> Scope {
    let from = Date::from_calendar_date(year, Month::January, 1).unwrap_or(scope.today);
    let until = Date::from_calendar_date(year, Month::December, 31).unwrap_or(scope.today);
    Scope { from, until, ..scope.clone() }
}

/// The report of a year, by group; what flows is compared with the year before.
pub(super) async fn of_year(
    app: &App,
    scope: &Scope,
    year: i32,
) -> Result<Vec<(Group, Vec<Paragraph>)>, Problem> {
    let all = |figure: &Figure| figure.group != Group::Audit;
    let now = read(app, &of(year, scope), all).await?;
    let last_year = of(year - 1, scope);
    let flows = |figure: &Figure| figure.group != Group::Audit && figure.flow;
    let before = read(app, &last_year, flows).await?;
    let mut parts: Vec<(Group, Vec<Paragraph>)> = Vec::new();
    for shown in now {
        let earlier = before.iter().find(|one| one.figure.key == shown.figure.key);
        let words = words(shown.figure, &shown.lines, earlier.map(|one| one.total()));
        let unit = shown.figure.unit;
        let lines = shown.lines.iter().map(|line| (line.name.clone(), unit.said(line.value)));
        let paragraph = Paragraph { figure: shown.figure, words, lines: lines.collect() };
        match parts.iter_mut().find(|(group, _)| *group == shown.figure.group) {
            Some((_, list)) => list.push(paragraph),
            None => parts.push((shown.figure.group, vec![paragraph])),
        }
    }
    Ok(parts)
}

/// `合计 120；最多的是渝中区 80（66.6%）；比上年增加 20（20.0%）。`
pub(super) fn words(figure: &Figure, lines: &[Line], before: Option<i64>) -> Text {
    let total: i64 = lines.iter().map(|line| line.value).sum();
    let said = |value: i64| figure.unit.said(value);
    if lines.is_empty() {
        return Text::new("没有记录。", "Nothing is on record.");
    }
    let (mut zh, mut en) = (format!("合计 {}", said(total)), format!("{} in all", said(total)));
    if let Some(most) = lines.iter().max_by_key(|line| line.value).filter(|_| lines.len() > 1) {
        let share = share(most.value, total);
        zh.push_str(&format!("；最多的是{} {}（{share}%）", most.name.zh, said(most.value)));
        en.push_str(&format!("; most of them {} {} ({share}%)", most.name.en, said(most.value)));
    }
    if let Some(before) = before {
        let change = total - before;
        let (rise_zh, rise_en) = if change < 0 { ("减少", "less") } else { ("增加", "more") };
        let size = said(change.abs());
        let rate = |open: &str, close: &str| match before {
            0 => String::new(),
            _ => format!("{open}{}%{close}", share(change.abs(), before)),
        };
        zh.push_str(&format!("；比上年{rise_zh} {size}{}", rate("（", "）")));
        en.push_str(&format!("; {size} {rise_en} than the year before{}", rate(" (", ")")));
    }
    Text::new(zh + "。", en + ".")
}

/// Per cent with one place, cut off.
fn share(part: i64, whole: i64) -> String {
    let whole = i128::from(whole.max(1));
    let tenths = i128::from(part) * 1_000 / whole;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervision::figures::{FIGURES, Unit};

    fn line(name: &str, value: i64) -> Line {
        Line { key: name.to_owned(), name: Text::new(name, name), value }
    }

    #[test]
    fn the_report_says_total_most_and_change() {
        let figure = FIGURES.iter().find(|figure| figure.unit == Unit::Count).expect("one");
        let lines = [line("渝中区", 80), line("渝北区", 40)];
        let said = words(figure, &lines, Some(100));
        assert_eq!(said.zh, "合计 120；最多的是渝中区 80（66.6%）；比上年增加 20（20.0%）。");
        assert_eq!(words(figure, &lines[..1], Some(100)).zh, "合计 80；比上年减少 20（20.0%）。");
        assert_eq!(words(figure, &[], Some(9)).en, "Nothing is on record.");
        assert_eq!(words(figure, &lines[..1], Some(0)).zh, "合计 80；比上年增加 80。");
    }

    #[test]
    fn money_is_said_in_yuan() {
        assert_eq!(Unit::Fen.said(123_456), "¥1234.56");
    }
}
