//! Bulk applications at the desk.

use askama::Template;
use axum::extract::State as Shared;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use kernel::actor::{Actor, Role};
use kernel::http::{Form, Json, NoFields, Page, Path, Routes, Upload, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use sheet::{Column, Row};

use super::api::parse;
use super::columns::COLUMNS;
use super::report::{self, Report};
use super::rules::{APPLIED, Outcome, READY, REGISTERED, State, name_of};
use super::service::{self, MOST_BYTES};
use super::store::{BulkJob, Counts};
use super::work;
use crate::api::DESK;

pub(super) fn routes() -> Routes {
    Routes::new("cards")
        .page(Method::GET, "/desk/bulk", DESK, &[5, 12], list)
        .upload("/desk/bulk", DESK, &[5, 12], MOST_BYTES + (64 << 10), upload)
        .page(Method::GET, "/desk/bulk/template", DESK, &[12], template)
        .page(Method::GET, "/desk/bulk/template.xlsx", DESK, &[12], template_book)
        .page(Method::GET, "/desk/bulk/{job}", DESK, &[5, 12], look)
        .page(Method::GET, "/desk/bulk/{job}/progress", DESK, &[12], progress)
        .page(Method::POST, "/desk/bulk/{job}/confirm", DESK, &[5, 12], confirm)
        .page(Method::POST, "/desk/bulk/{job}/cancel", DESK, &[12], cancel)
        .page(Method::GET, "/desk/bulk/{job}/errors", DESK, &[12, 19], errors)
        .page(Method::GET, "/desk/bulk/{job}/result", DESK, &[5, 12, 19], result)
        .nav(
            &[Role::Clerk, Role::OutletManager],
            "/desk/bulk",
            Text::new("批量申领", "Bulk"),
            Some('b'),
        )
}

#[derive(Template)]
#[template(path = "bulk.html")]
struct ListPage {
    p: Page,
    jobs: Vec<BulkJob>,
    unit: String,
    problem: Option<Problem>,
    columns: &'static [Column],
}

impl ListPage {
    fn error(&self, field: &str) -> String {
        let faults = self.problem.iter().flat_map(|problem| &problem.fields);
        let mine = faults.filter(|fault| fault.field == field);
        mine.map(|fault| self.p.text(&fault.text)).collect::<Vec<_>>().join("；")
    }

    fn names(&self, needed: bool) -> String {
        let names = self.columns.iter().filter(|column| column.needed == needed);
        names.map(|column| column.names[0]).collect::<Vec<_>>().join("、")
    }
}

async fn list(Shared(app): Shared<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let jobs = service::jobs(&app, &actor).await?;
    render(&ListPage { p, jobs, unit: String::new(), problem: None, columns: COLUMNS })
}

#[derive(Deserialize)]
struct Unit {
    #[serde(default)]
    unit: String,
}

async fn upload(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    mut sent: Upload<Unit>,
) -> Result<Response, Problem> {
    let unit = sent.form.unit.clone();
    let taken = match sent.files.iter().position(|file| file.field == "file") {
        Some(place) => {
            let file = sent.files.swap_remove(place);
            let content = Box::new(std::io::Cursor::new(file.bytes));
            let upload = service::Upload { unit: unit.clone(), file_name: file.name, content };
            service::upload(&app, &actor, upload).await
        }
        None => Err(sent.file("file").err().unwrap_or_else(Problem::not_found)),
    };
    match taken {
        Ok(id) => {
            work::nudge(&app);
            Ok(Redirect::to(&format!("/desk/bulk/{id}")).into_response())
        }
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let jobs = service::jobs(&app, &actor).await?;
            let page = ListPage { p, jobs, unit, problem: Some(problem), columns: COLUMNS };
            Ok((status, render(&page)?).into_response())
        }
        Err(problem) => Err(problem),
    }
}

async fn template_book() -> Result<Response, Problem> {
    report::template_book()
}

async fn template() -> Result<Response, Problem> {
    report::template()
}

#[derive(Template)]
#[template(path = "bulk_job.html")]
struct JobPage {
    p: Page,
    job: BulkJob,
    rows: Vec<Row>,
}

impl JobPage {
    /// Figures by outcome, what went well first; how many are ready stands above them.
    fn figures(&self, counts: &Counts) -> Vec<(String, i64)> {
        let mut figures: Vec<_> = counts.iter().filter(|(code, _)| *code != READY).collect();
        figures.sort_by_key(|(code, count)| (!is_good(code), -**count));
        figures.into_iter().map(|(code, count)| (self.outcome(code), *count)).collect()
    }

    fn outcome(&self, code: &str) -> String {
        let (name, article) = name_of(code);
        let article = article.map(|article| match self.p.lang {
            kernel::law::Lang::Zh => format!("（{}）", article.chinese()),
            kernel::law::Lang::En => format!(" ({article})"),
        });
        format!("{}{}", self.p.text(&name), article.unwrap_or_default())
    }

    fn why<'a>(&'a self, outcome: &'a Outcome) -> &'a str {
        self.p.t(&outcome.zh, &outcome.en)
    }

    fn ready(&self) -> i64 {
        self.job.found.counts.get(READY).copied().unwrap_or(0)
    }

    fn not_ready(&self) -> i64 {
        self.job.lines - self.ready()
    }

    fn is(&self, state: &str) -> bool {
        self.job.state.code() == state
    }

    /// What the step is: done, now, failed, or to come.
    fn step(&self, number: usize) -> &'static str {
        let now = match self.job.state {
            State::Checking | State::Unreadable => 1,
            State::Waiting => 2,
            State::Running => 3,
            State::Cancelled if self.job.done > 0 => 3,
            State::Cancelled => 2,
            State::Done => 4,
        };
        let failed = matches!(self.job.state, State::Cancelled | State::Unreadable);
        match number.cmp(&now) {
            std::cmp::Ordering::Less => "step-done",
            std::cmp::Ordering::Equal if failed => "step-failed",
            std::cmp::Ordering::Equal if self.job.state == State::Done => "step-done",
            std::cmp::Ordering::Equal => "step-now",
            std::cmp::Ordering::Greater => "",
        }
    }

    fn progress(&self) -> String {
        progress_text(&self.p, &self.job)
    }
}

fn is_good(code: &str) -> bool {
    [APPLIED, REGISTERED].contains(&code)
}

async fn look(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let job = service::job(&app, &actor, parse(&id)?).await?;
    let rows = match job.state {
        State::Waiting if job.file_kept => service::first_rows(&app, &job).await?,
        _ => Vec::new(),
    };
    render(&JobPage { p, job, rows })
}

/// For `.progress[data-progress-url]`.
#[derive(Serialize)]
struct Progress {
    done: i64,
    total: i64,
    text: String,
    finished: bool,
}

fn progress_text(p: &Page, job: &BulkJob) -> String {
    let (zh, en) = match job.state {
        State::Checking => ("正在逐行核对…".to_owned(), "Checking line by line …".to_owned()),
        _ => (
            format!("已办理 {} / {} 行", job.done, job.lines),
            format!("{} of {} lines done", job.done, job.lines),
        ),
    };
    p.t(&zh, &en).to_owned()
}

async fn progress(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let job = service::job(&app, &actor, parse(&id)?).await?;
    let text = progress_text(&p, &job);
    let finished = !matches!(job.state, State::Checking | State::Running);
    let total = job.lines.max(1);
    Ok(Json(Progress { done: job.done, total, text, finished }).into_response())
}

async fn confirm(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    service::confirm(&app, &actor, id).await?;
    work::nudge(&app);
    Ok(Redirect::to(&format!("/desk/bulk/{id}")).into_response())
}

async fn cancel(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    service::cancel(&app, &actor, id).await?;
    Ok(Redirect::to(&format!("/desk/bulk/{id}")).into_response())
}

async fn errors(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let job = service::job(&app, &actor, parse(&id)?).await?;
    report::download(&app, &actor, job, Report::Errors, p.lang).await
}

async fn result(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let job = service::job(&app, &actor, parse(&id)?).await?;
    report::download(&app, &actor, job, Report::Result, p.lang).await
}
