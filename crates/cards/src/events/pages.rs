//! The clerk's list of life events, and the department's page to send a file.

use std::io::Cursor;

use askama::Template;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Actor, Role};
use kernel::http::{Form, NoFields, Page, Routes, Upload, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use kernel::work::Waiting;
use serde::Deserialize;
use sheet::{Column, Limits};

use super::api::{ReportBody, SENDERS, read};
use super::rules::{Proposal, Report, proposal};
use super::service::{self, Received};
use super::store::Event;
use crate::api::DESK;

const CLERKS: &[Role] = &[Role::Clerk, Role::OutletManager];
/// Bytes of a file of reports.
const FILE: usize = 8 << 20;

pub(crate) fn routes() -> Routes {
    Routes::new("cards")
        .page(Method::GET, "/desk/events", DESK, &[13], list)
        .page(Method::POST, "/desk/events", DESK, &[13], decide)
        .page(Method::GET, "/office/events", SENDERS, &[13, 18], form)
        .upload("/office/events", SENDERS, &[13, 18], FILE, send)
        .nav(CLERKS, "/desk/events", Text::new("信息变动", "Life events"), Some('e'))
        .work(
            CLERKS,
            "/desk/events",
            Text::new("信息变动核对", "Life events to check"),
            |tx, _, _| {
                let all = super::store::count(tx, super::rules::State::Proposed)?;
                Ok(Waiting { all, late: 0 })
            },
        )
        .nav(
            &[Role::DepartmentOfficer],
            "/office/events",
            Text::new("报送信息变动", "Report life events"),
            Some('e'),
        )
}

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage {
    p: Page,
    waiting: Vec<Event>,
    count: i64,
    problem: Option<Problem>,
}

impl EventsPage {
    fn does(&self, event: &Event) -> String {
        match proposal(event.report.kind) {
            Proposal::Cancel(cause) => {
                let name = cause.name();
                format!("{}：{}", self.p.t("注销社会保障卡", "Cancel the card"), self.p.text(&name))
            }
            Proposal::EnterMove => self
                .p
                .t("登记迁入地，无其他权益的注销", "Enter the move; cancel without entitlement")
                .to_owned(),
            Proposal::ChangeName => self
                .p
                .t("办理姓名变更后补换卡", "Change the name, then replace the card")
                .to_owned(),
        }
    }

    fn day(&self, event: &Event) -> String {
        day_text(event.report.day)
    }
}

async fn list(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let (waiting, count) = service::waiting(&app).await?;
    render(&EventsPage { p, waiting, count, problem: None })
}

#[derive(Deserialize)]
struct Decision {
    id: String,
    decision: String,
    #[serde(default)]
    comment: String,
}

async fn decide(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let id = form.id.parse().map_err(|_| Problem::not_found())?;
    let done = match form.decision.as_str() {
        "yes" => service::confirm(&app, &actor, id, form.comment).await.map(drop),
        _ => service::reject(&app, &actor, id, form.comment).await,
    };
    match done {
        Ok(()) => Ok(Redirect::to("/desk/events").into_response()),
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let (waiting, count) = service::waiting(&app).await?;
            let page = render(&EventsPage { p, waiting, count, problem: Some(problem) })?;
            Ok((status, page).into_response())
        }
        Err(problem) => Err(problem),
    }
}

const COLUMNS: &[Column] = &[
    Column::needed("source_id", &["来源编号", "编号", "source_id"]),
    Column::needed("kind", &["类型", "信息类型", "kind"]),
    Column::needed("number", &["社会保障号码", "公民身份号码", "身份证号码", "number"]),
    Column::needed("name", &["姓名", "name"]),
    Column::needed("day", &["发生日期", "日期", "day"]),
    Column::optional("detail", &["变更内容", "新姓名", "迁入地", "detail"]),
];

/// Result of a file: lines that are wrong, and what became of the others.
#[derive(Default)]
struct Sent {
    faults: Vec<Text>,
    proposed: usize,
    nobody: usize,
    twice: usize,
}

#[derive(Template)]
#[template(path = "events_send.html")]
struct SendPage {
    p: Page,
    sent: Option<Sent>,
}

async fn form(p: Page) -> Result<Response, Problem> {
    render(&SendPage { p, sent: None })
}

/// Good lines are taken in sets; wrong ones are told with their line and taken when they are right.
async fn send(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    upload: Upload<NoFields>,
) -> Result<Response, Problem> {
    let bytes = upload.file("file")?.bytes.clone();
    let limits = Limits { rows: 50_000, ..Limits::default() };
    let mut sent = Sent::default();
    let rows = match sheet::open(Cursor::new(bytes), COLUMNS, limits) {
        Ok(rows) => rows,
        Err(fault) => {
            sent.faults.push(fault.text());
            return render(&SendPage { p, sent: Some(sent) });
        }
    };
    let mut reports: Vec<Report> = Vec::new();
    for row in rows {
        match row {
            Err(fault) => sent.faults.push(fault.text()),
            Ok(row) => match read(&body(&row)) {
                Ok(report) => reports.push(report),
                Err((_, text)) => sent.faults.push(Text::new(
                    format!("第{}行：{}", row.line, text.zh),
                    format!("Line {}: {}", row.line, text.en),
                )),
            },
        }
    }
    for set in reports.chunks(500) {
        for received in service::receive(&app, &actor, set.to_vec()).await? {
            match received {
                Received::Proposed => sent.proposed += 1,
                Received::Nobody => sent.nobody += 1,
                Received::Twice => sent.twice += 1,
            }
        }
    }
    render(&SendPage { p, sent: Some(sent) })
}

fn body(row: &sheet::Row) -> ReportBody {
    ReportBody {
        source_id: row.narrow("source_id"),
        kind: row.get("kind").to_owned(),
        number: row.narrow("number"),
        name: row.get("name").to_owned(),
        day: row.narrow("day"),
        detail: row.get("detail").to_owned(),
    }
}
