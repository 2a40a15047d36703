//! Both sides of the joint list on one page (Art. 14).

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::db::Tx;
use kernel::http::{Form, NoFields, Page, Path, Routes, render};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::rules::{Difference, Mark, differences};
use super::service::{self, Both};

const HERE: &str = "/office/regions/lists";

pub(crate) fn routes() -> Routes {
    let readers = Access::Roles(&[Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor]);
    let officers = Access::Roles(&[Role::MunicipalOfficer]);
    Routes::new("regions").page(Method::GET, HERE, readers, &[14], list).page(
        Method::POST,
        "/office/regions/lists/{code}/adopt",
        officers,
        &[14],
        adopt,
    )
}

/// An item with both sides' marks.
struct Line {
    code: String,
    name: String,
    begins: String,
    ours: Option<Mark>,
    theirs: Option<Mark>,
    heard: String,
    differences: Vec<Difference>,
    /// Theirs waits for a case of ours.
    adopts: bool,
}

#[derive(Template)]
#[template(path = "regions_lists.html")]
struct ListsPage {
    p: Page,
    other: Option<String>,
    lines: Vec<Line>,
}

fn lines(both: &Both) -> Vec<Line> {
    let mut codes = Vec::new();
    let ours = both.ours.iter().rev().map(|ours| &ours.mark.code);
    for code in both.theirs.iter().map(|heard| &heard.mark.code).chain(ours) {
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes.into_iter().map(|code| line(both, code)).collect()
}

fn line(both: &Both, code: &str) -> Line {
    let ours = both.ours.iter().rev().find(|ours| ours.mark.code == code);
    let heard = both.theirs.iter().find(|heard| heard.mark.code == code);
    let ours = ours.map(|ours| ours.mark.clone());
    let theirs = heard.map(|heard| heard.mark.clone());
    let either = theirs.as_ref().or(ours.as_ref());
    let name = either.and_then(Mark::proposal).map(|typed| typed.name_zh);
    let begins = either.and_then(Mark::begins).map(kernel::time::day_text);
    let found = match (&ours, &theirs) {
        (Some(ours), Some(theirs)) => differences(ours, theirs),
        _ => Vec::new(),
    };
    let free = ours.as_ref().is_none_or(|ours| ours.stand.is_last());
    let new = ours.is_none() || !found.is_empty() || ours.as_ref().is_some_and(Mark::is_gone);
    let adopts = free && new && theirs.as_ref().is_some_and(|theirs| !theirs.stand.is_last());
    Line {
        code: code.to_owned(),
        name: name.unwrap_or_default(),
        begins: begins.unwrap_or_default(),
        heard: heard.map(|heard| heard.at.local()).unwrap_or_default(),
        differences: found,
        adopts,
        ours,
        theirs,
    }
}

async fn list(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let region = app.config.region.clone();
    let read = move |tx: &mut Tx<'_>| service::both(tx, &region, Utc::now());
    let both = app.db.read(read).await?;
    let officer = actor.role == Role::MunicipalOfficer;
    let mut lines = both.as_ref().map(lines).unwrap_or_default();
    lines.iter_mut().for_each(|line| line.adopts &= officer);
    render(&ListsPage { p, other: both.map(|both| both.name), lines })
}

async fn adopt(
    State(app): State<App>,
    actor: Actor,
    Path(code): Path<String>,
    Form(NoFields {}): Form<NoFields>,
) -> Result<Response, Problem> {
    service::adopt(&app, &actor, &code).await?;
    Ok(Redirect::to(HERE).into_response())
}
