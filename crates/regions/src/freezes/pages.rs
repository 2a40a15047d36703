//! Freezes across regions for the two officers of the authority.

use askama::Template;
use axum::extract::State as Shared;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Path, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use people::freezes::{Reason, Scope};
use serde::Deserialize;

use super::rules::State;
use super::service::{self, Wanted};
use super::store::{self, Across};
use crate::store as regions;

const READERS: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor];
const DECIDE: &[Role] = &[Role::MunicipalApprover];
const HOME: &str = "/office/regions/freezes";

pub(crate) fn routes() -> Routes {
    let officer = Access::Roles(&[Role::MunicipalOfficer]);
    let approver = Access::Roles(DECIDE);
    let (get, post) = (Method::GET, Method::POST);
    Routes::new("regions")
        .page(get, HOME, Access::Roles(READERS), &[20], list)
        .page(post.clone(), HOME, officer, &[20], ask)
        .page(post.clone(), "/office/regions/freezes/{region}/{id}/thaw", officer, &[20], ask_thaw)
        .page(
            post.clone(),
            "/office/regions/freezes/{region}/{id}/decide",
            approver,
            &[20, 25],
            decide,
        )
        .page(post, "/office/regions/freezes/{region}/{id}/plea", officer, &[20, 22], plead)
        .work(
            DECIDE,
            HOME,
            Text::new("跨区域解冻审批", "Thaws to decide"),
            |tx, actor, _| kernel::work::decisions(tx, actor, &[super::service::APPROVAL]),
        )
}

#[derive(Template)]
#[template(path = "regions_freezes.html")]
struct List {
    p: Page,
    regions: Vec<(String, String)>,
    all: Vec<Across>,
    officer: bool,
    approver: bool,
    wanted: Wanted,
    problem: Option<Problem>,
}

impl List {
    fn badge(&self, state: &State) -> &'static str {
        match state {
            State::Asked => "badge-warn",
            State::Frozen => "badge-bad",
            State::Refused => "badge-info",
            State::Thawed => "badge-ok",
        }
    }

    fn reason(&self, code: &str) -> String {
        let known = Reason::from_code(code).map(Reason::name);
        known.map_or_else(|| code.to_owned(), |text| self.p.text(&text).to_owned())
    }

    fn scope(&self, code: &str) -> String {
        let known = Scope::parse(code, "").map(|scope| scope.name());
        known.map_or_else(|_| code.to_owned(), |text| self.p.text(&text).to_owned())
    }

    fn wrong(&self) -> Option<String> {
        let fault = self.problem.as_ref()?.fields.first()?;
        Some(self.p.text(&fault.text).to_owned())
    }
}

async fn page(
    app: &App,
    actor: &Actor,
    p: Page,
    wanted: Wanted,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let read = |tx: &mut kernel::db::Tx<'_>| {
        let known = regions::all_trusted(tx)?.into_iter();
        let names = known.map(|known| (known.said.region, known.said.name)).collect();
        Ok::<_, Problem>((names, store::newest(tx)?))
    };
    let (regions, all) = app.db.read(read).await?;
    let officer = actor.role == Role::MunicipalOfficer;
    let approver = actor.role == Role::MunicipalApprover;
    render(&List { p, regions, all, officer, approver, wanted, problem })
}

async fn list(Shared(app): Shared<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    page(&app, &actor, p, Wanted::default(), None).await
}

fn back() -> Response {
    Redirect::to(HOME).into_response()
}

async fn ask(
    Shared(app): Shared<App>,
    actor: Actor,
    p: Page,
    Form(wanted): Form<Wanted>,
) -> Result<Response, Problem> {
    match service::ask(&app, &actor, &wanted).await {
        Ok(_) => Ok(back()),
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let page = page(&app, &actor, p, wanted, Some(problem)).await?;
            Ok((status, page).into_response())
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
struct Words {
    #[serde(default)]
    words: String,
    #[serde(default)]
    decision: String,
}

async fn ask_thaw(
    Shared(app): Shared<App>,
    actor: Actor,
    Path((region, id)): Path<(String, String)>,
    Form(form): Form<Words>,
) -> Result<Response, Problem> {
    service::ask_thaw(&app, &actor, (&region, &id), &form.words).await.map(|()| back())
}

async fn decide(
    Shared(app): Shared<App>,
    actor: Actor,
    Path((region, id)): Path<(String, String)>,
    Form(form): Form<Words>,
) -> Result<Response, Problem> {
    let yes = match form.decision.as_str() {
        "yes" => true,
        "no" => false,
        _ => return Err(Problem::field("decision", Text::new("请选择", "Choose"))),
    };
    service::decide_thaw(&app, &actor, (&region, &id), yes).await.map(|()| back())
}

async fn plead(
    Shared(app): Shared<App>,
    actor: Actor,
    Path((region, id)): Path<(String, String)>,
    Form(form): Form<Words>,
) -> Result<Response, Problem> {
    service::plead(&app, &actor, (&region, &id), &form.words).await.map(|()| back())
}
