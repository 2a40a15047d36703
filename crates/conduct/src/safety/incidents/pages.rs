//! Pages of incidents, and the status page of the public.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Json, Page, Path, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Serialize;

use super::plan::{self, BREACH_CONTENT, Component, Impact, Kind, PHONE_TREE, level_name, roman};
use super::service::{self, Doing, Opening};
use super::store::{Event, Incident, Task};
use crate::safety::{CITY, id_of};

#[derive(Template)]
#[template(path = "safety_status.html")]
struct StatusPage {
    p: Page,
    parts: Vec<(Component, Impact)>,
    incidents: Vec<Incident>,
    now: Utc,
}

impl StatusPage {
    fn worst(&self) -> Impact {
        self.parts.iter().map(|part| part.1).max().unwrap_or(Impact::None)
    }
}

pub(super) async fn status(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let (parts, incidents) = service::status(&app).await?;
    render(&StatusPage { p, parts, incidents, now: Utc::now() })
}

/// State of an incident in a word, with its badge.
fn state(p: &Page, one: &Incident) -> (&'static str, &'static str) {
    let (badge, zh, en) = match one.state.as_str() {
        "open" => ("bad", "处置中", "Open"),
        "contained" => ("warn", "已控制", "Contained"),
        "resolved" => ("info", "已恢复", "Resolved"),
        _ => ("ok", "已办结", "Closed"),
    };
    (badge, p.lang.pick(zh, en))
}

#[derive(Template)]
#[template(path = "safety_incidents.html")]
struct ListPage {
    p: Page,
    incidents: Vec<Incident>,
    opens: bool,
    form: Opening,
    problem: Option<Problem>,
}

impl ListPage {
    /// Levels to choose from, the lightest first.
    fn levels(&self) -> [(&'static str, &'static str, Text); 4] {
        let one = |code, level| (code, roman(level), level_name(level));
        [one("4", 4), one("3", 3), one("2", 2), one("1", 1)]
    }
}

async fn show_list(
    app: &App,
    actor: &Actor,
    p: Page,
    form: Opening,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let incidents = service::list(app).await?;
    let status = problem.as_ref().map_or(200, |problem| problem.status);
    let status = StatusCode::from_u16(status).unwrap_or_default();
    let opens = CITY.contains(&actor.role);
    let page = render(&ListPage { p, incidents, opens, form, problem })?;
    Ok((status, page).into_response())
}

pub(super) async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    show_list(&app, &actor, p, Opening::default(), None).await
}

pub(super) async fn open(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<Opening>,
) -> Result<Response, Problem> {
    match service::open(&app, &actor, &form).await {
        Ok(made) => Ok(Redirect::to(&format!("/office/incidents/{}", made.id)).into_response()),
        Err(problem) if problem.status < 500 => {
            show_list(&app, &actor, p, form, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "safety_incident.html")]
struct OnePage {
    p: Page,
    one: Incident,
    events: Vec<Event>,
    tasks: Vec<Task>,
    works: bool,
    closes: bool,
    now: Utc,
    problem: Option<Problem>,
}

impl OnePage {
    fn late(&self, task: &Task) -> bool {
        task.done.as_ref().map_or(self.now, |done| done.0) > task.due_at
    }

    /// Levels that it does not have, the lightest first.
    fn other_levels(&self) -> Vec<(i64, &'static str, Text)> {
        let others = (1..=4).rev().filter(|level| *level != self.one.level);
        others.map(|level| (level, roman(level), level_name(level))).collect()
    }

    fn is_breach(&self) -> bool {
        self.one.kind == Kind::DataBreach
    }

    fn called(&self) -> impl Iterator<Item = &'static plan::Post> {
        PHONE_TREE.iter().filter(|post| self.one.level <= post.from_level)
    }
}

async fn show_one(
    app: &App,
    actor: &Actor,
    p: Page,
    id: Id,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (one, events, tasks) = service::one(app, id).await?;
    let works = CITY.contains(&actor.role) && one.state != "closed";
    let closes = service::may_close(&one, &tasks).is_ok();
    let status = problem.as_ref().map_or(200, |problem| problem.status);
    let status = StatusCode::from_u16(status).unwrap_or_default();
    let now = Utc::now();
    let page = render(&OnePage { p, one, events, tasks, works, closes, now, problem })?;
    Ok((status, page).into_response())
}

pub(super) async fn one(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    show_one(&app, &actor, p, id_of(&id)?, None).await
}

pub(super) async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(doing): Form<Doing>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    match service::act(&app, &actor, id, doing).await {
        Ok(()) => Ok(Redirect::to(&format!("/office/incidents/{id}")).into_response()),
        Err(problem) if problem.status < 500 && problem.status != 404 => {
            show_one(&app, &actor, p, id, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "safety_plan.html")]
struct PlanPage {
    p: Page,
    kinds: Vec<(Kind, Vec<plan::Step>)>,
}

pub(super) async fn plan(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let now = Utc::now();
    let hours = app.db.read(move |tx| kernel::settings::get(tx, &super::BREACH_HOURS, now)).await?;
    let kinds = Kind::ALL.map(|kind| (kind, plan::steps(kind, 1, hours))).to_vec();
    render(&PlanPage { p, kinds })
}

/// How a part of the service works.
#[derive(Serialize, utoipa::ToSchema)]
struct PartBody {
    /// verification, payments, pages, terminals.
    component: &'static str,
    /// none, partial, down.
    impact: &'static str,
}

/// What the public is told.
#[derive(Serialize, utoipa::ToSchema)]
struct PublicBody {
    number: i64,
    component: &'static str,
    impact: &'static str,
    text_zh: String,
    text_en: String,
    /// open, contained, resolved, closed.
    state: String,
    opened_at: String,
    closed_at: Option<String>,
}

/// The status page for programs.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct StatusBody {
    components: Vec<PartBody>,
    incidents: Vec<PublicBody>,
}

/// How the service works now, and the incidents published in the last 30 days.
#[utoipa::path(get, path = "/api/v1/status", tag = "safety",
    responses((status = 200, body = StatusBody)))]
pub(super) async fn api_status(State(app): State<App>) -> Result<Json<StatusBody>, Problem> {
    let (parts, incidents) = service::status(&app).await?;
    let part = |(component, impact): (Component, Impact)| PartBody {
        component: component.code(),
        impact: impact.code(),
    };
    let public = |one: Incident| PublicBody {
        number: one.number,
        component: one.component.code(),
        impact: one.impact.code(),
        text_zh: one.public.zh,
        text_en: one.public.en,
        state: one.state,
        opened_at: one.opened_at.rfc3339(),
        closed_at: one.closed_at.map(|at| at.rfc3339()),
    };
    Ok(Json(StatusBody {
        components: parts.into_iter().map(part).collect(),
        incidents: incidents.into_iter().map(public).collect(),
    }))
}

/// An incident for programs of the authority.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct IncidentBody {
    #[schema(value_type = String)]
    id: Id,
    number: i64,
    kind: &'static str,
    level: i64,
    drill: bool,
    title: String,
    component: &'static str,
    impact: &'static str,
    state: String,
    opened_at: String,
}

fn body(one: Incident) -> IncidentBody {
    IncidentBody {
        id: one.id,
        number: one.number,
        kind: one.kind.code(),
        level: one.level,
        drill: one.is_drill,
        title: one.title,
        component: one.component.code(),
        impact: one.impact.code(),
        state: one.state,
        opened_at: one.opened_at.rfc3339(),
    }
}

/// The newest incidents and drills.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "safety",
    responses((status = 200, body = Vec<IncidentBody>)))]
pub(super) async fn api_list(State(app): State<App>) -> Result<Json<Vec<IncidentBody>>, Problem> {
    Ok(Json(service::list(&app).await?.into_iter().map(body).collect()))
}

/// Opens an incident: its tasks come from the plan.
#[utoipa::path(post, path = "/api/v1/incidents", tag = "safety", request_body = Opening,
    responses((status = 200, body = IncidentBody)))]
pub(super) async fn api_open(
    State(app): State<App>,
    actor: Actor,
    Json(asked): Json<Opening>,
) -> Result<Json<IncidentBody>, Problem> {
    Ok(Json(body(service::open(&app, &actor, &asked).await?)))
}
