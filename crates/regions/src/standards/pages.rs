//! The register of standards for the authority.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, NoFields, Page, Path, Routes, render};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::clauses::{CLAUSES, Clause};
use super::service::{self, Found};
use crate::rules::STANDARD;
use crate::store;

const HERE: &str = "/office/regions/standards";

pub(crate) fn routes() -> Routes {
    let readers = Access::Roles(&[Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor]);
    let officers = Access::Roles(&[Role::MunicipalOfficer]);
    Routes::new("regions").page(Method::GET, HERE, readers, &[17], register).page(
        Method::POST,
        "/office/regions/standards/{region}",
        officers,
        &[17],
        check,
    )
}

/// A region with what its last check found.
struct Checked {
    region: String,
    name: String,
    at: Option<Utc>,
    found: Vec<Found>,
}

#[derive(Template)]
#[template(path = "regions_standards.html")]
struct StandardsPage {
    p: Page,
    regions: Vec<Checked>,
    checks: bool,
}

impl StandardsPage {
    fn of<'a>(&self, checked: &'a Checked, clause: &Clause) -> Option<&'a Found> {
        checked.found.iter().find(|found| found.clause == clause.code)
    }
}

async fn register(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let read = |tx: &mut kernel::db::Tx<'_>| {
        Ok::<_, Problem>((store::all_trusted(tx)?, service::kept(tx)?))
    };
    let (trusted, kept) = app.db.read(read).await?;
    let of = |known: store::Known| {
        let own = kept.iter().filter(|(region, ..)| *region == known.said.region);
        let at = own.clone().map(|(_, at, _)| *at).max();
        let found = own.map(|(.., found)| found.clone()).collect();
        Checked { region: known.said.region, name: known.said.name, at, found }
    };
    let regions = trusted.into_iter().map(of).collect();
    let checks = actor.role == Role::MunicipalOfficer;
    render(&StandardsPage { p, regions, checks })
}

async fn check(
    State(app): State<App>,
    actor: Actor,
    Path(region): Path<String>,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    service::check_region(&app, &actor, &region).await?;
    Ok(Redirect::to(HERE).into_response())
}
