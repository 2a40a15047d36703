//! Workload: a table, bars by hour, day and outlet, and a file.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use kernel::actor::Actor;
use kernel::http::{Page, Query, render};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{day_text, parse_day};
use serde::Deserialize;

use super::{id_of, service};
use crate::service::figures::{self, Work, totals};
use crate::store::figures::Line;

/// One bar; places are in the chart's own units.
struct Bar {
    name: String,
    line: usize,
    top: usize,
    width: i64,
    after: i64,
    said: String,
}

/// The period and the outlet that were asked for.
#[derive(Clone, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    outlet: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
}

impl Asked {
    async fn work(&self, app: &App, actor: &Actor) -> Result<Work, Problem> {
        let outlet = match self.outlet.is_empty() {
            true => None,
            false => Some(id_of(&self.outlet)?),
        };
        figures::work(app, actor, outlet, parse_day(&self.from), parse_day(&self.until)).await
    }
}

#[derive(Template)]
#[template(path = "office_outlets_work.html")]
struct WorkPage {
    p: Page,
    asked: Asked,
    work: Work,
    /// Everything together.
    total: Line,
    /// Totals by outlet and by service, with their titles.
    tables: [(String, Vec<(String, Line)>); 2],
    days: Vec<Bar>,
    hours: Vec<Bar>,
}

impl WorkPage {
    fn longest(&self, line: &Line) -> String {
        self.minutes(Some(line.longest_s))
    }

    fn minutes(&self, seconds: Option<i64>) -> String {
        let minutes = |s: i64| format!("{}.{}", s / 60, s % 60 / 6);
        seconds.map_or_else(
            || "—".to_owned(),
            |s| format!("{} {}", minutes(s), self.p.t("分钟", "min")),
        )
    }
}

fn bars(of: impl Iterator<Item = (String, i64)>) -> Vec<Bar> {
    let of: Vec<(String, i64)> = of.collect();
    let most = of.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let bar = |(place, (name, count)): (usize, (String, i64))| {
        let (width, top) = (count * 560 / most, place * 24 + 4);
        Bar { name, line: top + 14, top, width, after: 128 + width, said: count.to_string() }
    };
    of.into_iter().enumerate().map(bar).collect()
}

fn height(bars: &[Bar]) -> usize {
    bars.len() * 24 + 8
}

fn told(bars: &[Bar]) -> String {
    bars.iter().map(|bar| format!("{} {}", bar.name, bar.said)).collect::<Vec<_>>().join(", ")
}

pub(super) async fn show(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let work = asked.work(&app, &actor).await?;
    let mut total = Line::default();
    work.lines.iter().for_each(|line| total.add(line));
    let name = |id| {
        let outlet = work.outlets.iter().find(|outlet| outlet.id == id);
        outlet.map_or(String::new(), |outlet| p.text(&outlet.details.name).to_owned())
    };
    let mut by_outlet: Vec<(String, Line)> = totals(&work.lines, |line| line.outlet)
        .into_iter()
        .map(|(id, sum)| (name(id), sum))
        .collect();
    by_outlet.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.taken));
    let by_service = totals(&work.lines, |line| line.service.clone());
    let by_service = by_service.into_iter().map(|(code, sum)| (service(&p, &code), sum)).collect();
    let days = bars(totals(&work.lines, |l| l.day.clone()).into_iter().map(|(d, s)| (d, s.taken)));
    let hours = (7..20).map(|hour: usize| (format!("{hour:02}:00"), work.hours[hour]));
    let hours = if asked.outlet.is_empty() { Vec::new() } else { bars(hours) };
    let title = |zh: &str, en: &str| p.t(zh, en).to_owned();
    let tables =
        [(title("按网点", "By outlet"), by_outlet), (title("按业务", "By service"), by_service)];
    render(&WorkPage { p, asked, work, total, tables, days, hours })
}

pub(super) async fn table(
    State(app): State<App>,
    actor: Actor,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let bytes = figures::csv(&asked.work(&app, &actor).await?)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"outlets.csv\""),
    ];
    Ok((headers, bytes).into_response())
}
