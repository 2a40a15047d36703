//! Service quality and files.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use kernel::actor::Actor;
use kernel::http::{Page, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;

use crate::service::{agreements, figures};
use crate::store::figures::Figures;

/// One bar of the chart; places are in the chart's own units.
struct Bar {
    name: String,
    /// Place of the text's base line.
    line: usize,
    /// Upper edge of the bar.
    top: usize,
    width: i64,
    /// Where the figure beside the bar begins.
    after: i64,
    said: String,
}

#[derive(Template)]
#[template(path = "office_figures.html")]
struct FiguresPage {
    p: Page,
    figures: Vec<Figures>,
    names: HashMap<Id, Text>,
    month: String,
    bars: Vec<Bar>,
}

impl FiguresPage {
    fn bank(&self, id: &Id) -> &str {
        self.names.get(id).map_or("", |name| self.p.text(name))
    }

    fn height(&self) -> usize {
        self.bars.len() * 28 + 8
    }

    fn told(&self) -> String {
        let said = self.bars.iter().map(|bar| format!("{} {}", bar.name, bar.said));
        said.collect::<Vec<_>>().join(self.p.t("，", ", "))
    }
}

/// Milliseconds in words: `230 ms`, `4.2 s`, `3.5 h`.
fn duration(ms: i64) -> String {
    match ms {
        ..1_000 => format!("{ms} ms"),
        1_000..600_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{}.{} h", ms / 3_600_000, ms % 3_600_000 / 360_000),
    }
}

fn mean(figures: &Figures) -> String {
    figures.mean_ms().map_or_else(|| "—".to_owned(), duration)
}

fn slowest(figures: &Figures) -> String {
    let has = figures.mean_ms().is_some();
    if has { duration(figures.answer_most / 1_000) } else { "—".to_owned() }
}

/// Mean answer times of the newest month, one bar a bank.
fn bars(figures: &[Figures], month: &str, name: impl Fn(Id) -> String) -> Vec<Bar> {
    let of_month = || figures.iter().filter(|line| line.month == month);
    let most = of_month().filter_map(Figures::mean_ms).max().unwrap_or(0).max(1);
    let measured = of_month().filter_map(|line| Some((line.bank, line.mean_ms()?)));
    let bar = |(place, (bank, ms)): (usize, (Id, i64))| {
        let width = (ms * 440 / most).max(2);
        let top = place * 28 + 8;
        let said = duration(ms);
        Bar { name: name(bank), line: top + 14, top, width, after: 308 + width, said }
    };
    measured.enumerate().map(bar).collect()
}

pub(super) async fn show(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let figures = figures::of_actor(&app, &actor).await?;
    let names = agreements::names(&app).await?;
    let month = figures.first().map(|line| line.month.clone()).unwrap_or_default();
    let name = |id| names.get(&id).map_or(String::new(), |name: &Text| p.text(name).to_owned());
    let bars = bars(&figures, &month, name);
    render(&FiguresPage { p, figures, names, month, bars })
}

pub(super) async fn table(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let figures = figures::of_actor(&app, &actor).await?;
    let names = agreements::names(&app).await?;
    let name = |id| names.get(&id).map_or(String::new(), |name: &Text| p.text(name).to_owned());
    let bytes = figures::csv(&figures, name)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"banks.csv\""),
    ];
    Ok((headers, bytes).into_response())
}

#[derive(Template)]
#[template(path = "office_files.html")]
struct FilesPage {
    p: Page,
    files: Vec<figures::FileWithFaults>,
    names: HashMap<Id, Text>,
}

impl FilesPage {
    fn bank(&self, id: &Id) -> &str {
        self.names.get(id).map_or("", |name| self.p.text(name))
    }
}

pub(super) async fn files(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let files = figures::files(&app, &actor).await?;
    let names = agreements::names(&app).await?;
    render(&FilesPage { p, files, names })
}
