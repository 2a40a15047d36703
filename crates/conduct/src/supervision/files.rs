//! The desk and the yearly report as files: CSV, XLSX, PDF.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use kernel::actor::Actor;
use kernel::http::{Page, Path, Query};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use sheet::{CsvWriter, Part, XlsxCell};

use super::figures::{Group, Scope};
use super::pages::{Asked, Shown, for_office, place_of, read, scope, year_of};
use super::report;

const COLUMNS: [&str; 9] =
    ["figure", "article", "from", "until", "division", "key", "name_zh", "name_en", "value"];

/// Rows of a file; money in fen, so that nothing is rounded.
fn rows(scope: &Scope, shown: &[Shown]) -> Vec<(Vec<String>, i64)> {
    let [from, until, today] = [scope.from, scope.until, scope.today].map(day_text);
    let mut rows = Vec::new();
    for one in shown {
        let figure = one.figure;
        let [from, until] = if figure.flow { [&from, &until] } else { [&today, &today] };
        for line in &one.lines {
            let texts = vec![
                figure.key.to_owned(),
                figure.article.to_string(),
                from.clone(),
                until.clone(),
                scope.division.clone(),
                line.key.clone(),
                line.name.zh.clone(),
                line.name.en.clone(),
            ];
            rows.push((texts, line.value));
        }
    }
    rows
}

pub(super) fn file(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, bytes).into_response()
}

pub(super) fn unwritten(_: std::io::Error) -> Problem {
    // Writing into memory cannot fail.
    Problem::not_found()
}

pub(super) async fn desk_csv(
    State(app): State<App>,
    actor: Actor,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let scope = scope(&actor, &asked)?;
    let shown = read(&app, &scope, for_office).await?;
    let write = || {
        let mut writer = CsvWriter::new(Vec::new())?;
        writer.row(COLUMNS)?;
        for (mut texts, value) in rows(&scope, &shown) {
            texts.push(value.to_string());
            writer.row(texts)?;
        }
        writer.finish()
    };
    Ok(file("text/csv; charset=utf-8", "supervision.csv", write().map_err(unwritten)?))
}

pub(super) async fn desk_xlsx(
    State(app): State<App>,
    actor: Actor,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let scope = scope(&actor, &asked)?;
    let shown = read(&app, &scope, for_office).await?;
    let mut table: Vec<Vec<XlsxCell>> = vec![COLUMNS.map(XlsxCell::from).to_vec()];
    table.extend(rows(&scope, &shown).into_iter().map(|(texts, value)| {
        let texts = texts.into_iter().map(XlsxCell::from);
        texts.chain([XlsxCell::from(value)]).collect()
    }));
    let bytes = sheet::xlsx("监督", &table).map_err(unwritten)?;
    Ok(file(sheet::XLSX_TYPE, "supervision.xlsx", bytes))
}

const PDF: &str = "application/pdf";

/// The desk as a PDF, in the reader's language: each figure with its lines.
pub(super) async fn desk_pdf(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let scope = scope(&actor, &asked)?;
    let shown = read(&app, &scope, for_office).await?;
    let days = format!("{} — {}", day_text(scope.from), day_text(scope.until));
    let place = place_of(&scope);
    let mut parts = vec![Part::Text(format!("{} · {days}", p.text(&place)))];
    for group in Group::ALL {
        let of: Vec<&Shown> = shown.iter().filter(|one| one.figure.group == group).collect();
        if !of.is_empty() {
            parts.push(Part::Heading(p.text(&group.name()).to_owned()));
        }
        for one in of {
            let figure = one.figure;
            let law = p.article(&figure.law());
            let head = vec![
                format!("{}（{law}）", p.t(figure.zh, figure.en)),
                figure.unit.said(one.total()),
            ];
            let line = |line: &super::figures::Line| {
                vec![p.text(&line.name).to_owned(), figure.unit.said(line.value)]
            };
            parts.push(Part::Table([head].into_iter().chain(one.lines.iter().map(line)).collect()));
        }
    }
    let title = p.t("社会保障卡一卡通监督总览", "Supervision of the one-card service");
    Ok(file(PDF, "supervision.pdf", sheet::pdf(title, &parts)))
}

/// The yearly report as a PDF, in the reader's language.
pub(super) async fn yearly_pdf(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(year): Path<String>,
) -> Result<Response, Problem> {
    let today = Utc::now().day();
    let year = year_of(&year, today)?;
    let scope = scope(&actor, &Asked::default())?;
    let place = place_of(&scope);
    let made = p.t("编制日期", "made on");
    let mut parts = vec![Part::Text(format!("{} · {made} {}", p.text(&place), day_text(today)))];
    if year == today.year() {
        parts.push(Part::Text(p.t("当年尚未结束", "The year still runs").to_owned()));
    }
    for (group, list) in report::of_year(&app, &scope, year).await? {
        parts.push(Part::Heading(p.text(&group.name()).to_owned()));
        for one in list {
            let (figure, law) = (one.figure, p.article(&one.figure.law()));
            let words = p.text(&one.words);
            parts.push(Part::Text(format!("{}（{law}）{words}", p.t(figure.zh, figure.en))));
            if one.lines.len() > 1 {
                let head = vec![p.t("项目", "Line").to_owned(), p.t("数值", "Value").to_owned()];
                let rows = one
                    .lines
                    .iter()
                    .map(|(name, said)| vec![p.text(name).to_owned(), said.clone()]);
                parts.push(Part::Table([head].into_iter().chain(rows).collect()));
            }
        }
    }
    let name = p.t("社会保障卡一卡通工作年度报告", "Yearly report on the one-card service");
    let title = format!("{name} {year}");
    Ok(file(PDF, &format!("report-{year}.pdf"), sheet::pdf(&title, &parts)))
}
