//! The page of figures for authorities, the coarser one for everybody, and both as files.

use askama::Template;
use axum::extract::State;
use axum::http::{Method, header};
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Role};
use kernel::http::{Page, Query, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;
use serde_json::json;
use sheet::CsvWriter;

use super::rules::{Cell, Measure, Month, Table};
use super::service::{self, Told};

const READERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::DepartmentOfficer,
    Role::Auditor,
];
const OFFICE: Access = Access::Roles(READERS);

pub(crate) fn routes() -> Routes {
    Routes::new("codes")
        .page(Method::GET, "/office/uses", OFFICE, &[14, 19], office)
        .page(Method::GET, "/office/uses.csv", OFFICE, &[14, 19], office_csv)
        .page(Method::GET, "/office/uses.json", OFFICE, &[14, 19], office_json)
        .page(Method::GET, "/uses", Access::Public, &[14, 19], open)
        .page(Method::GET, "/open/uses.csv", Access::Public, &[14, 19], open_csv)
        .page(Method::GET, "/open/uses.json", Access::Public, &[14, 19], open_json)
        .nav(READERS, "/office/uses", Text::new("用卡统计", "Use figures"), None)
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    month: String,
    #[serde(default)]
    result: String,
}

/// Everybody sees months that are over; authorities also the one that runs.
struct Shown {
    month: Month,
    measure: Measure,
    told: Told,
}

async fn look(app: &App, asked: &Asked, public: bool) -> Result<Shown, Problem> {
    let running = Month::of(Utc::now().day());
    let newest = if public { running.before() } else { running };
    let month = match asked.month.as_str() {
        "" => newest,
        text => Month::parse(text).ok_or_else(|| {
            Problem::field("month", Text::new("月份格式如 2026-03", "A month looks like 2026-03"))
        })?,
    };
    if month > newest {
        return Err(Problem::not_found());
    }
    let measure = Measure::from_code(&asked.result);
    let mut told = service::report(app, month, measure).await?;
    told.months.retain(|known| *known <= newest);
    if public {
        told.report = told.report.coarse();
    }
    Ok(Shown { month, measure, told })
}

#[derive(Template)]
#[template(path = "figures.html")]
struct FiguresPage {
    p: Page,
    shown: Shown,
    public: bool,
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

impl FiguresPage {
    fn name(&self, table: &Table, cell: &Cell) -> String {
        self.p.text(&self.shown.told.name(table.by, &cell.key)).to_owned()
    }

    fn said(&self, cell: &Cell) -> String {
        let least = self.shown.told.report.least;
        match cell.count {
            Some(count) => count.to_string(),
            None => self.p.t("不显示", "not shown").to_owned() + &format!(" (<{least}*)"),
        }
    }

    fn bars(&self, table: &Table) -> Vec<Bar> {
        let most = table.cells.iter().filter_map(|cell| cell.count).max().unwrap_or(1).max(1);
        let bar = |(place, cell): (usize, &Cell)| {
            let width = cell.count.unwrap_or(0) * 400 / most;
            Bar {
                name: self.name(table, cell).chars().take(20).collect(),
                line: place * 28 + 20,
                top: place * 28 + 6,
                width,
                after: 306 + width,
                said: self.said(cell),
            }
        };
        table.cells.iter().enumerate().map(bar).collect()
    }

    fn height(&self, table: &Table) -> usize {
        table.cells.len() * 28 + 8
    }

    fn file(&self, kind: &str) -> String {
        let folder = if self.public { "open" } else { "office" };
        let Shown { month, measure, .. } = &self.shown;
        format!("/{folder}/uses.{kind}?month={month}&result={}", measure.code())
    }
}

async fn page(app: App, p: Page, asked: Asked, public: bool) -> Result<Response, Problem> {
    let shown = look(&app, &asked, public).await?;
    render(&FiguresPage { p, shown, public })
}

async fn office(
    State(app): State<App>,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    page(app, p, asked, false).await
}

async fn open(
    State(app): State<App>,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    page(app, p, asked, true).await
}

/// A hidden figure is an empty cell, and says so beside it.
fn csv(shown: &Shown) -> Result<Response, Problem> {
    let (month, told) = (shown.month.to_string(), &shown.told);
    let write = || {
        let mut writer = CsvWriter::new(Vec::new())?;
        writer.row(["month", "result", "by", "key", "name_zh", "name_en", "count", "hidden"])?;
        let result = shown.measure.code();
        let count = |count: Option<i64>| count.map(|n| n.to_string()).unwrap_or_default();
        let hidden = |count: Option<i64>| if count.is_none() { "yes" } else { "no" };
        let total = told.report.total;
        writer.row([&month, result, "total", "", "合计", "Total", &count(total), hidden(total)])?;
        for table in &told.report.tables {
            for cell in &table.cells {
                let name = told.name(table.by, &cell.key);
                let (by, n) = (table.by.code(), count(cell.count));
                let hidden = hidden(cell.count);
                writer.row([&month, result, by, &cell.key, &name.zh, &name.en, &n, hidden])?;
            }
        }
        writer.finish()
    };
    // Writing into memory cannot fail.
    let bytes = write().map_err(|_: std::io::Error| Problem::not_found())?;
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], bytes).into_response())
}

fn to_json(shown: &Shown) -> Response {
    let told = &shown.told;
    let line = |table: &Table, cell: &Cell| {
        let name = told.name(table.by, &cell.key);
        json!({"key": cell.key, "name_zh": name.zh, "name_en": name.en, "count": cell.count})
    };
    let tables = told.report.tables.iter().map(|table| {
        let lines: Vec<_> = table.cells.iter().map(|cell| line(table, cell)).collect();
        json!({"by": table.by.code(), "lines": lines})
    });
    let body = json!({
        "month": shown.month.to_string(),
        "result": shown.measure.code(),
        "total": told.report.total,
        "hidden_below": told.report.least,
        "tables": tables.collect::<Vec<_>>(),
    });
    axum::Json(body).into_response()
}

async fn office_csv(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    csv(&look(&app, &asked, false).await?)
}

async fn open_csv(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    csv(&look(&app, &asked, true).await?)
}

async fn office_json(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    Ok(to_json(&look(&app, &asked, false).await?))
}

async fn open_json(
    State(app): State<App>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    Ok(to_json(&look(&app, &asked, true).await?))
}
