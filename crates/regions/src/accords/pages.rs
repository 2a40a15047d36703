//! Agreements of both sides: the office that prepares, decides and files them, and the public page.

use askama::Template;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, NoFields, Page, Path, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;
use sharing::agreements::catalogue::SharedField;

use super::api::OFFICERS;
use super::data::{self, Asked, Found};
use super::rules::{Kind, Stand};
use super::service::{self, Draft, is_his, waits_to_be_filed};
use super::store::Kept;

const READERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::Auditor,
];
const DECIDE: &[Role] = &[Role::DistrictApprover, Role::MunicipalApprover];
const APPROVERS: Access = Access::Roles(DECIDE);
const HOME: &str = "/office/cooperation";

pub(crate) fn routes() -> Routes {
    let (get, post, officers) = (Method::GET, Method::POST, Access::Roles(OFFICERS));
    let city = Access::Roles(&[Role::MunicipalOfficer]);
    Routes::new("regions")
        .page(get.clone(), "/cooperation", Access::Public, &[18, 23], public)
        .page(get.clone(), HOME, Access::Roles(READERS), &[18, 23], office)
        .page(get, "/office/cooperation/new", officers, &[18, 23], new)
        .page(post.clone(), HOME, officers, &[18, 23], propose)
        .page(post.clone(), "/office/cooperation/{id}/lay", officers, &[18, 23], lay)
        .page(post.clone(), "/office/cooperation/{id}/decide", APPROVERS, &[18, 23, 25], decide)
        .page(post.clone(), "/office/cooperation/{id}/end", APPROVERS, &[18, 23], end)
        .page(post.clone(), "/office/cooperation/{id}/file", city, &[14, 23], file)
        .page(post, "/office/cooperation/{id}/ask", city, &[18, 19], ask)
        .nav(READERS, HOME, Text::new("协同协议", "Cooperation"), None)
        .work(
            DECIDE,
            HOME,
            Text::new("协同协议审批", "Agreements to decide"),
            |tx, actor, _| kernel::work::decisions(tx, actor, &[super::service::APPROVAL]),
        )
}

#[derive(Template)]
#[template(path = "accords_public.html")]
struct PublicPage {
    p: Page,
    all: Vec<Kept>,
}

async fn public(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let (mut all, _) = service::all(&app).await?;
    all.retain(|kept| kept.in_force(Utc::now()));
    render(&PublicPage { p, all })
}

/// One agreement with what this reader can do.
struct Line {
    kept: Kept,
    lays: bool,
    decides: bool,
    ends: bool,
    files: bool,
    asks: bool,
}

#[derive(Template)]
#[template(path = "accords_office.html")]
struct Office {
    p: Page,
    lines: Vec<Line>,
    proposes: bool,
    /// What was asked just now: the agreement and the other region's answer.
    found: Option<(String, Found)>,
    problem: Option<Problem>,
}

impl Office {
    fn badge(&self, stand: &Stand) -> &'static str {
        match stand {
            Stand::Open => "badge-warn",
            Stand::Decided => "badge-ok",
            Stand::Refused | Stand::Ended => "badge-bad",
        }
    }

    fn label(&self, code: &str) -> String {
        let known = SharedField::from_code(code).map(|field| field.label());
        known.map_or_else(|| code.to_owned(), |text| self.p.text(&text).to_owned())
    }
}

fn line(app: &App, actor: &Actor, kept: Kept) -> Line {
    let his = is_his(app, actor, &kept.accord).is_ok();
    let officer = matches!(actor.role, Role::DistrictOfficer | Role::MunicipalOfficer);
    let approver = matches!(actor.role, Role::DistrictApprover | Role::MunicipalApprover);
    let alive = !matches!(kept.theirs.stand, Stand::Refused | Stand::Ended);
    let open = kept.ours.stand == Stand::Open;
    let city = actor.role == Role::MunicipalOfficer;
    let data = kept.accord.kind == Kind::Data && kept.accord.holder == kept.region;
    Line {
        lays: his && officer && open && alive && kept.approval.is_none(),
        decides: his && approver && open && kept.approval.is_some(),
        ends: his && approver && kept.ours.stand == Stand::Decided,
        files: city && waits_to_be_filed(&kept),
        asks: city && data && kept.in_force(Utc::now()),
        kept,
    }
}

async fn page(
    app: &App,
    actor: &Actor,
    p: Page,
    found: Option<(String, Found)>,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (all, _) = service::all(app).await?;
    let lines = all.into_iter().map(|kept| line(app, actor, kept)).collect();
    let proposes = OFFICERS.contains(&actor.role);
    render(&Office { p, lines, proposes, found, problem })
}

async fn office(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    page(&app, &actor, p, None, None).await
}

#[derive(Template)]
#[template(path = "accords_new.html")]
struct New {
    p: Page,
    regions: Vec<(String, String)>,
    own: String,
    district: bool,
    draft: Draft,
    problem: Option<Problem>,
}

impl New {
    fn wrong(&self, field: &str) -> Option<&str> {
        let faults = &self.problem.as_ref()?.fields;
        faults.iter().find(|fault| fault.field == field).map(|fault| self.p.text(&fault.text))
    }
}

async fn form(
    app: &App,
    actor: &Actor,
    p: Page,
    draft: Draft,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (_, regions) = service::all(app).await?;
    let district = actor.role == Role::DistrictOfficer;
    let own = app.config.region.clone();
    render(&New { p, regions, own, district, draft, problem })
}

async fn new(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    form(&app, &actor, p, Draft::default(), None).await
}

fn back() -> Response {
    Redirect::to(HOME).into_response()
}

async fn propose(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(mut draft): Form<Draft>,
) -> Result<Response, Problem> {
    // Districts make pairs, the city shares data: the form has no choice.
    draft.kind = match actor.role {
        Role::DistrictOfficer => "district".to_owned(),
        _ => "data".to_owned(),
    };
    match service::propose(&app, &actor, &draft).await {
        Ok(_) => Ok(back()),
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            Ok((status, form(&app, &actor, p, draft, Some(problem)).await?).into_response())
        }
        Err(problem) => Err(problem),
    }
}

async fn lay(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    service::lay(&app, &actor, &id).await.map(|()| back())
}

#[derive(Deserialize)]
struct Decision {
    #[serde(default)]
    decision: String,
    #[serde(default)]
    words: String,
}

async fn decide(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let yes = match form.decision.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Problem::field("decision", Text::new("请选择", "Choose"))),
    };
    service::decide(&app, &actor, &id, yes, &form.words).await.map(|()| back())
}

async fn end(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    service::end(&app, &actor, &id, &form.words).await.map(|()| back())
}

async fn file(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    service::file(&app, &actor, &id).await.map(|()| back())
}

async fn ask(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    match data::ask(&app, &actor, &id, &asked).await {
        Ok(found) => page(&app, &actor, p, Some((id, found)), None).await,
        Err(problem) if problem.status < 500 || problem.code == "accords/silent" => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            Ok((status, page(&app, &actor, p, None, Some(problem)).await?).into_response())
        }
        Err(problem) => Err(problem),
    }
}
