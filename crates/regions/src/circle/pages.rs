//! Lists of regions for the two officers of the authority.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, NoFields, Page, Path, Routes, render};
use kernel::platform::App;
use kernel::problem::Problem;

use super::rules::{List, Member};
use super::service;
use super::store::{self, Circle};

const HERE: &str = "/office/regions/circle";

pub(crate) fn routes() -> Routes {
    let readers = Access::Roles(&[Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor]);
    let officer = Access::Roles(&[Role::MunicipalOfficer]);
    let approver = Access::Roles(&[Role::MunicipalApprover]);
    Routes::new("regions")
        .page(Method::GET, HERE, readers, &[17, 23], list)
        .page(Method::POST, HERE, officer, &[17, 23], propose)
        .page(Method::POST, "/office/regions/circle/{id}/sign", approver, &[17, 23], sign)
}

/// A list with who signed it.
struct Line {
    circle: Circle,
    members: Vec<(Member, bool)>,
}

#[derive(Template)]
#[template(path = "regions_circle.html")]
struct CirclePage {
    p: Page,
    lines: Vec<Line>,
    proposes: bool,
    signs: bool,
}

async fn list(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let read = |tx: &mut kernel::db::Tx<'_>| {
        let mut lines = Vec::new();
        for circle in store::newest(tx)? {
            let signed: BTreeSet<String> = store::signatures(tx, &circle.id)?.into_keys().collect();
            let list = serde_json::from_str::<List>(&circle.text).map(|list| list.members);
            let with = |member: Member| {
                let has = signed.contains(&member.region);
                (member, has)
            };
            let members = list.unwrap_or_default().into_iter().map(with).collect();
            lines.push(Line { circle, members });
        }
        Ok::<_, Problem>(lines)
    };
    let lines = app.db.read(read).await?;
    let proposes = actor.role == Role::MunicipalOfficer;
    render(&CirclePage { p, lines, proposes, signs: actor.role == Role::MunicipalApprover })
}

async fn propose(
    State(app): State<App>,
    actor: Actor,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    service::propose(&app, &actor).await?;
    Ok(Redirect::to(HERE).into_response())
}

async fn sign(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    service::sign(&app, &actor, &id).await?;
    Ok(Redirect::to(HERE).into_response())
}
