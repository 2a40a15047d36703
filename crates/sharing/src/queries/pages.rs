//! The matrix of organisations, fields and purposes, the report on drift, the alerts of the brakes.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Json, Page, Routes, render};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::store::{self, Alert, DriftLine};
use crate::agreements::catalogue::SharedField;
use crate::agreements::rules::{Agreement, Refused, State as Stage};
use crate::agreements::service as agreements;

const READERS: &[Role] =
    &[Role::DepartmentOfficer, Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor];
const WATCHERS: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor];
const MARKERS: &[Role] = &[Role::MunicipalApprover];

pub(super) fn routes() -> Routes {
    let (get, post) = (Method::GET, Method::POST);
    let to = Access::Roles;
    Routes::new("sharing")
        .api(Access::Public, &[18], routes!(matrix_data))
        .page(get.clone(), "/office/sharing/matrix", to(READERS), &[18], matrix)
        .page(get.clone(), "/office/sharing/drift", to(READERS), &[18], drift)
        .page(get, "/office/sharing/alerts", to(WATCHERS), &[19], alerts)
        .page(post.clone(), "/office/sharing/alerts", to(MARKERS), &[19], see)
        .page(post, "/office/sharing/marked", to(MARKERS), &[19], mark)
}

/// One cell row of the matrix: what an organisation may get for a purpose today.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema, PartialEq)]
pub struct MatrixLine {
    /// The agreement.
    #[schema(value_type = String)]
    pub agreement: Id,
    /// The organisation.
    pub organisation: String,
    /// Code of the purpose.
    pub purpose: String,
    /// Codes of the fields.
    pub fields: Vec<&'static str>,
}

async fn matrix_lines(app: &App) -> Result<Vec<MatrixLine>, Problem> {
    let today = Utc::now().day();
    let lines = agreements::list(app, None).await?;
    let counts = |one: &Agreement| {
        one.state == Stage::Published && one.terms.from <= today && today <= one.terms.until
    };
    // Newest first: the first that counts is the one in force.
    let mut seen = std::collections::HashSet::new();
    let in_force = lines.into_iter().filter(|(one, _)| counts(one) && seen.insert(one.id));
    let line = |(one, org): (Agreement, Option<kernel::org::Org>)| MatrixLine {
        agreement: one.id,
        organisation: org.map(|org| org.name_zh).unwrap_or_default(),
        purpose: one.terms.purpose_code,
        fields: one.terms.fields.iter().map(|field| field.code()).collect(),
    };
    Ok(in_force.map(line).collect())
}

/// Organisations, purposes and fields of today.
#[utoipa::path(get, path = "/api/v1/sharing/matrix", tag = "sharing",
    responses((status = 200, body = [MatrixLine])))]
async fn matrix_data(State(app): State<App>) -> Result<Json<Vec<MatrixLine>>, Problem> {
    Ok(Json(matrix_lines(&app).await?))
}

#[derive(Template)]
#[template(path = "office_sharing_matrix.html")]
struct MatrixPage {
    p: Page,
    lines: Vec<MatrixLine>,
}

async fn matrix(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    render(&MatrixPage { p, lines: matrix_lines(&app).await? })
}

/// What an agreement was for, beside what was read under it.
struct Drift {
    name: String,
    purpose: String,
    item: String,
    tables: Vec<(&'static str, Vec<DriftLine>)>,
}

#[derive(Template)]
#[template(path = "office_sharing_drift.html")]
struct DriftPage {
    p: Page,
    drifts: Vec<Drift>,
}

impl DriftPage {
    fn head(&self, by: &str) -> &str {
        match by {
            "case_no" => self.p.t("案件", "Case"),
            "officer" => self.p.t("经办人", "Officer"),
            _ => self.p.t("时段", "Hour"),
        }
    }
}

/// Days that the report looks back.
const REPORT_DAYS: i64 = 30;
/// Lines of each table.
const REPORT_LINES: usize = 24;

async fn drift(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let since = Utc(Utc::now().0 - REPORT_DAYS * Utc::DAY);
    let lines = agreements::list(&app, agreements::own_org(&actor)).await?;
    let read = move |tx: &mut kernel::db::Tx<'_>| {
        ["case_no", "officer", "hour"]
            .into_iter()
            .map(|by| Ok((by, store::drift(tx, by, since)?)))
            .collect::<Result<Vec<_>, Problem>>()
    };
    let all = app.db.read(read).await?;
    let mut drifts = Vec::new();
    let mut done = std::collections::HashSet::new();
    for (one, org) in lines.into_iter().filter(|(one, _)| one.second_by.is_some()) {
        if !done.insert(one.id) {
            continue;
        }
        let of = |lines: &Vec<DriftLine>| {
            let mine = lines.iter().filter(|line| line.agreement == one.id);
            mine.take(REPORT_LINES).cloned().collect()
        };
        drifts.push(Drift {
            name: org.map(|org| org.name_zh).unwrap_or_default(),
            purpose: one.terms.purpose.clone(),
            item: format!("{} {}", one.terms.item, one.terms.matter),
            tables: all.iter().map(|(by, lines)| (*by, of(lines))).collect(),
        });
    }
    render(&DriftPage { p, drifts })
}

#[derive(Template)]
#[template(path = "office_sharing_alerts.html")]
struct AlertsPage {
    p: Page,
    alerts: Vec<(Alert, String)>,
    marks: bool,
}

impl AlertsPage {
    fn kind(&self, kind: &str) -> &str {
        let (zh, en) = match kind {
            "rate" => ("一小时内读取过多", "Too many in an hour"),
            "novelty" => ("首次读取人数过多", "Too many new persons"),
            "off-hours" => ("非工作时间批量读取", "In bulk at night or on a weekend"),
            "marked" => ("读取重点保护人员", "A protected person was read"),
            _ => ("读取诱饵记录", "A canary was read"),
        };
        self.p.t(zh, en)
    }
}

async fn alerts(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let names: HashMap<Id, String> = agreements::list(&app, None)
        .await?
        .into_iter()
        .map(|(one, org)| {
            let org = org.map(|org| org.name_zh).unwrap_or_default();
            (one.id, format!("{org} {}", one.terms.purpose))
        })
        .collect();
    let alerts = app.db.read(|tx| Ok::<_, Problem>(store::alerts(tx)?)).await?;
    let name = |alert: Alert| {
        let name = names.get(&alert.agreement).cloned().unwrap_or_default();
        (alert, name)
    };
    let alerts = alerts.into_iter().map(name).collect();
    render(&AlertsPage { p, alerts, marks: actor.role == Role::MunicipalApprover })
}

#[derive(Deserialize)]
struct Seen {
    id: String,
    comment: String,
}

async fn see(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Seen>,
) -> Result<Response, Problem> {
    let id: Id = form.id.parse().map_err(|_| Problem::not_found())?;
    let comment: String = form.comment.trim().chars().take(300).collect();
    if comment.is_empty() {
        return Err(Refused::NoReason.into());
    }
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, &actor, "share.alert-seen", "Art. 19").on("alert", id);
    app.db
        .write(move |tx| {
            store::see_alert(tx, id, &actor.name, &comment, now)?;
            Ok::<_, Problem>(journal::record(tx, &entry.clone().why(&comment, &[]))?)
        })
        .await?;
    Ok(Redirect::to("/office/sharing/alerts").into_response())
}

#[derive(Deserialize)]
struct Mark {
    number: String,
    kind: String,
    reason: String,
}

/// Makes a person of the register a canary, or one whose data needs a second look.
async fn mark(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Mark>,
) -> Result<Response, Problem> {
    let kind = match form.kind.as_str() {
        "canary" => "canary",
        "marked" => "marked",
        _ => return Err(Problem::not_found()),
    };
    let reason: String = form.reason.trim().chars().take(200).collect();
    if reason.is_empty() {
        return Err(Refused::NoReason.into());
    }
    let number = form.number.trim().to_uppercase();
    let now = Utc::now();
    let entry = Entry::new(app.id(), now, &actor, "share.marked", "Art. 19");
    app.db
        .write(move |tx| {
            let found = store::by_numbers(tx, &[&number])?;
            let Some((_, person)) = found.first() else {
                let text = Text::new("未找到此人", "Nobody has this number");
                return Err(Problem::field("number", text));
            };
            store::mark(tx, *person, kind, &reason, actor.account, now)?;
            // Not about the person in the journal: the person's own page would give the canary away.
            Ok(journal::record(tx, &entry.clone().why(kind, &[]))?)
        })
        .await?;
    Ok(Redirect::to("/office/sharing/alerts").into_response())
}
