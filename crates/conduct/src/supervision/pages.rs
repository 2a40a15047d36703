//! The desk of supervision, the auditor's page, the yearly report, open statistics, and their files.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use codes::figures::{SMALL_CELL, protect};
use kernel::actor::{Access, Actor, Role};
use kernel::divisions::{self, Division, Region};
use kernel::http::{Page, Path, Query, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::{Utc, day_text, parse_day};
use serde::Deserialize;
use sheet::CsvWriter;
use time::{Date, Duration};

use super::figures::{FIGURES, Figure, Group, Line, Scope};
use super::files::{file, unwritten};
use super::report::{self, Paragraph};
use super::{drill, files};

const READERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::Auditor,
];
const AUDITORS: &[Role] = &[Role::Auditor];

pub(super) fn routes() -> Routes {
    let (get, to, all) = (|| Method::GET, Access::Roles, Access::Public);
    const ARTICLES: &[u8] = &[4, 9, 25, 26];
    Routes::new("conduct")
        .page(get(), "/office/supervision", to(READERS), ARTICLES, desk)
        .page(get(), "/office/supervision.csv", to(READERS), ARTICLES, files::desk_csv)
        .page(get(), "/office/supervision.xlsx", to(READERS), ARTICLES, files::desk_xlsx)
        .page(get(), "/office/supervision.pdf", to(READERS), ARTICLES, files::desk_pdf)
        .page(get(), "/office/supervision/figures/{key}", to(READERS), ARTICLES, drill::one)
        .page(get(), "/office/supervision/audit", to(AUDITORS), &[4, 19], audit)
        .page(get(), "/office/supervision/report/{year}", to(READERS), ARTICLES, yearly)
        .page(
            get(),
            "/office/supervision/report/{year}/pdf",
            to(READERS),
            ARTICLES,
            files::yearly_pdf,
        )
        .page(get(), "/open/statistics", all, &[4, 14, 19], open)
        .page(get(), "/open/statistics.csv", all, &[4, 14, 19], open_csv)
        .page(get(), "/open/statistics.json", all, &[4, 14, 19], open_json)
        .nav(READERS, "/office/supervision", Text::new("监督总览", "Supervision"), None)
        .nav(AUDITORS, "/office/supervision/audit", Text::new("审计总览", "Audit"), None)
}

#[derive(Clone, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    division: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
}

/// The period asked for, else the last 30 days; a district sees its own only.
pub(super) fn scope(actor: &Actor, asked: &Asked) -> Result<Scope, Problem> {
    let today = Utc::now().day();
    let day = |text: &str, field: &str, usual: Date| match text.trim() {
        "" => Ok(usual),
        text => parse_day(text)
            .ok_or_else(|| Problem::field(field, Text::new("请选择日期", "Choose a day"))),
    };
    let until = day(&asked.until, "until", today)?;
    let from = day(&asked.from, "from", until.saturating_sub(Duration::days(29)))?;
    if until < from {
        let text = Text::new("不能早于起始日期", "Not before the first day");
        return Err(Problem::field("until", text));
    }
    let district = matches!(actor.role, Role::DistrictOfficer | Role::DistrictApprover);
    let division = if district { actor.division.clone() } else { asked.division.clone() };
    if !division.is_empty() && divisions::find(&division).is_none() {
        let text = Text::new("没有该区县", "There is no such district");
        return Err(Problem::field("division", text));
    }
    Ok(Scope { division, from, until, today })
}

/// A figure with its lines.
pub(super) struct Shown {
    /// What it is.
    pub figure: &'static Figure,
    /// Its lines, none hidden.
    pub lines: Vec<Line>,
}

impl Shown {
    /// All lines together.
    pub fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.value).sum()
    }
}

/// Reads figures that fit, all in one snapshot.
pub(super) async fn read(
    app: &App,
    scope: &Scope,
    fits: fn(&Figure) -> bool,
) -> Result<Vec<Shown>, Problem> {
    let scope = scope.clone();
    app.db
        .read(move |tx| {
            let wanted = FIGURES.iter().filter(|figure| fits(figure));
            let shown = wanted.map(|figure| {
                let lines = (figure.read)(tx, &scope)?;
                Ok(Shown { figure, lines })
            });
            shown.collect::<Result<Vec<_>, Problem>>()
        })
        .await
}

/// One bar; places are in the chart's own units.
struct Bar {
    name: String,
    line: usize,
    top: usize,
    width: i64,
    after: i64,
    said: String,
}

#[derive(Template)]
#[template(path = "conduct_supervision.html")]
struct DeskPage {
    p: Page,
    scope: Scope,
    shown: Vec<Shown>,
    districts: Vec<&'static Division>,
    /// The auditor's own page.
    audit: bool,
    /// The reader chooses among districts.
    chooses: bool,
}

impl DeskPage {
    fn groups(&self) -> Vec<Group> {
        let has = |group: &Group| self.shown.iter().any(|shown| shown.figure.group == *group);
        Group::ALL.into_iter().filter(has).collect()
    }

    fn of(&self, group: &Group) -> Vec<&Shown> {
        self.shown.iter().filter(|shown| shown.figure.group == *group).collect()
    }

    fn bars(&self, shown: &Shown) -> Vec<Bar> {
        let most = shown.lines.iter().map(|line| line.value).max().unwrap_or(1).max(1);
        let bar = |(place, line): (usize, &Line)| {
            let width = i64::try_from(i128::from(line.value.max(0)) * 340 / i128::from(most));
            let width = width.unwrap_or(0);
            Bar {
                name: self.p.text(&line.name).chars().take(22).collect(),
                line: place * 28 + 20,
                top: place * 28 + 6,
                width,
                after: 326 + width,
                said: shown.figure.unit.said(line.value),
            }
        };
        shown.lines.iter().enumerate().map(bar).collect()
    }

    fn height(&self, shown: &Shown) -> usize {
        shown.lines.len() * 28 + 8
    }

    fn told(&self, shown: &Shown) -> String {
        let said = |line: &Line| {
            format!("{} {}", self.p.text(&line.name), shown.figure.unit.said(line.value))
        };
        shown.lines.iter().map(said).collect::<Vec<_>>().join("，")
    }

    fn query(&self) -> String {
        query(&self.scope)
    }

    fn year(&self) -> i32 {
        self.scope.until.year()
    }
}

pub(super) fn for_office(figure: &Figure) -> bool {
    figure.group != Group::Audit
}

/// A scope as the desk's address says it.
pub(super) fn query(scope: &Scope) -> String {
    let Scope { division, from, until, .. } = scope;
    format!("division={division}&from={}&until={}", day_text(*from), day_text(*until))
}

fn for_auditor(_: &Figure) -> bool {
    true
}

async fn show(
    app: App,
    actor: Actor,
    p: Page,
    asked: Asked,
    audit: bool,
) -> Result<Response, Problem> {
    let scope = scope(&actor, &asked)?;
    let mut shown = read(&app, &scope, if audit { for_auditor } else { for_office }).await?;
    if audit {
        // What only the auditor sees comes first.
        shown.sort_by_key(|shown| shown.figure.group != Group::Audit);
    }
    let districts = divisions::children(Region::Chongqing, scope.today).collect();
    let chooses = !matches!(actor.role, Role::DistrictOfficer | Role::DistrictApprover);
    render(&DeskPage { p, scope, shown, districts, audit, chooses })
}

async fn desk(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    show(app, actor, p, asked, false).await
}

async fn audit(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    show(app, actor, p, asked, true).await
}

#[derive(Template)]
#[template(path = "conduct_report.html")]
struct ReportPage {
    p: Page,
    year: i32,
    place: Text,
    parts: Vec<(Group, Vec<Paragraph>)>,
    today: Date,
    running: bool,
}

/// A year of which there can be a report.
pub(super) fn year_of(text: &str, today: Date) -> Result<i32, Problem> {
    let year = text.parse().ok().filter(|year| (2_000..=today.year()).contains(year));
    year.ok_or_else(Problem::not_found)
}

/// Name of what figures are narrowed to.
pub(super) fn place_of(scope: &Scope) -> Text {
    match divisions::find(&scope.division) {
        Some(known) => Text::new(known.zh, known.en),
        None => Text::new("全市", "the whole city"),
    }
}

async fn yearly(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(year): Path<String>,
) -> Result<Response, Problem> {
    let today = Utc::now().day();
    let year = year_of(&year, today)?;
    let scope = scope(&actor, &Asked::default())?;
    let parts = report::of_year(&app, &scope, year).await?;
    let place = place_of(&scope);
    render(&ReportPage { p, year, place, parts, today, running: year == today.year() })
}

/// A line of open statistics: none when it is hidden.
struct OpenLine {
    line: Line,
    value: Option<i64>,
}

struct OpenFigure {
    figure: &'static Figure,
    lines: Vec<OpenLine>,
}

/// The last month that is over, for the whole city: periods that overlap could be subtracted.
fn last_month(today: Date) -> Scope {
    let until = today.replace_day(1).ok().and_then(Date::previous_day).unwrap_or(today);
    let from = until.replace_day(1).unwrap_or(until);
    Scope { division: String::new(), from, until, today }
}

/// Open figures with small cells hidden (Art. 19), each by its own total.
async fn published(app: &App) -> Result<(Scope, i64, Vec<OpenFigure>), Problem> {
    let now = Utc::now();
    let scope = last_month(now.day());
    let least = app.db.read(move |tx| Ok::<_, Problem>(settings::get(tx, &SMALL_CELL, now)?));
    let least = least.await?;
    let shown = read(app, &scope, |figure| figure.open).await?;
    let hide = |one: Shown| {
        // Items and outlets are public themselves.
        let public = matches!(one.figure.key, "items" | "outlets");
        let counts: Vec<i64> = one.lines.iter().map(|line| line.value).collect();
        let hidden = match public {
            true => vec![false; counts.len()],
            // When nothing can be hidden enough, nothing is listed.
            false => protect(&counts, least).unwrap_or_default(),
        };
        let lines = one.lines.into_iter().zip(hidden);
        let line = |(line, hidden): (Line, bool)| OpenLine {
            value: (!hidden).then_some(line.value),
            line,
        };
        OpenFigure { figure: one.figure, lines: lines.map(line).collect() }
    };
    Ok((scope, least, shown.into_iter().map(hide).collect()))
}

#[derive(Template)]
#[template(path = "open_statistics.html")]
struct OpenPage {
    p: Page,
    scope: Scope,
    least: i64,
    figures: Vec<OpenFigure>,
}

async fn open(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let (scope, least, figures) = published(&app).await?;
    render(&OpenPage { p, scope, least, figures })
}

async fn open_csv(State(app): State<App>) -> Result<Response, Problem> {
    let (scope, _, figures) = published(&app).await?;
    let write = || {
        let mut writer = CsvWriter::new(Vec::new())?;
        writer
            .row(["figure", "article", "month", "key", "name_zh", "name_en", "value", "hidden"])?;
        let month = day_text(scope.from)[..7].to_owned();
        for one in &figures {
            let article = one.figure.article.to_string();
            for OpenLine { line, value } in &one.lines {
                let (said, hidden) = match value {
                    Some(value) => (value.to_string(), "no"),
                    None => (String::new(), "yes"),
                };
                let (zh, en) = (&line.name.zh, &line.name.en);
                let key = one.figure.key;
                writer.row([key, &article, &month, &line.key, zh, en, &said, hidden])?;
            }
        }
        writer.finish()
    };
    Ok(file("text/csv; charset=utf-8", "statistics.csv", write().map_err(unwritten)?))
}

async fn open_json(State(app): State<App>) -> Result<Response, Problem> {
    let (scope, least, figures) = published(&app).await?;
    let figure = |one: &OpenFigure| {
        let line = |one: &OpenLine| {
            let Line { key, name, .. } = &one.line;
            serde_json::json!({"key": key, "name_zh": name.zh, "name_en": name.en, "value": one.value})
        };
        serde_json::json!({
            "figure": one.figure.key, "title_zh": one.figure.zh, "title_en": one.figure.en,
            "article": one.figure.article, "flow": one.figure.flow,
            "lines": one.lines.iter().map(line).collect::<Vec<_>>(),
        })
    };
    let body = serde_json::json!({
        "month": &day_text(scope.from)[..7],
        "hidden_below": least,
        "figures": figures.iter().map(figure).collect::<Vec<_>>(),
    });
    Ok(axum::Json(body).into_response())
}
