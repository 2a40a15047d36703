//! Pushes that were not taken, and the dead letters among them.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Routes, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::service;
use super::store::{self, Push};
use crate::agreements::service as agreements;

const READERS: &[Role] =
    &[Role::DepartmentOfficer, Role::MunicipalOfficer, Role::MunicipalApprover];

pub(super) fn routes() -> Routes {
    let path = "/office/sharing/pushes";
    Routes::new("sharing").page(Method::GET, path, Access::Roles(READERS), &[18], list).page(
        Method::POST,
        path,
        Access::Roles(READERS),
        &[18],
        decide,
    )
}

#[derive(Template)]
#[template(path = "office_sharing_pushes.html")]
struct PushesPage {
    p: Page,
    pushes: Vec<(Push, String)>,
}

async fn list(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let mine = agreements::list(&app, agreements::own_org(&actor)).await?;
    let names: HashMap<Id, String> = mine
        .into_iter()
        .map(|(one, org)| {
            let org = org.map(|org| org.name_zh).unwrap_or_default();
            (one.id, format!("{org} {}", one.terms.purpose))
        })
        .collect();
    let pushes = app.db.read(|tx| Ok::<_, Problem>(store::troubled(tx)?)).await?;
    let named = |push: Push| names.get(&push.agreement).cloned().map(|name| (push, name));
    render(&PushesPage { p, pushes: pushes.into_iter().filter_map(named).collect() })
}

#[derive(Deserialize)]
struct Decision {
    agreement: String,
    id: String,
    decision: String,
}

async fn decide(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let id = |text: &str| text.parse::<Id>().map_err(|_| Problem::not_found());
    let again = match form.decision.as_str() {
        "again" => true,
        "drop" => false,
        _ => return Err(Problem::not_found()),
    };
    service::revive(&app, &actor, id(&form.agreement)?, id(&form.id)?, again).await?;
    Ok(Redirect::to("/office/sharing/pushes").into_response())
}
