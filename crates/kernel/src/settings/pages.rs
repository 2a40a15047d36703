//! The page of settings: the officer asks, the approver confirms.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::{APPROVAL, Setting, ask, decide, get};
use crate::actor::{Access, Actor, Role};
use crate::approval::{self, Approval};
use crate::http::{Form, Page, Routes, render};
use crate::id::Id;
use crate::law::{Article, Text};
use crate::platform::App;
use crate::problem::Problem;
use crate::time::Utc;
use crate::work;

const MAKERS: &[Role] = &[Role::MunicipalOfficer];
const CHECKERS: &[Role] = &[Role::MunicipalApprover];
const BOTH: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover];

type Known = &'static [&'static Setting];

/// The routes for these settings.
pub fn routes(known: Known) -> Routes {
    Routes::new("kernel")
        .page(Method::GET, "/office/settings", Access::Roles(BOTH), &[4], list)
        .page(Method::POST, "/office/settings/ask", Access::Roles(MAKERS), &[4], change)
        .page(Method::POST, "/office/settings/decide", Access::Roles(CHECKERS), &[4, 25], check)
        .nav(BOTH, "/office/settings", Text::new("参数", "Settings"), None)
        .work(
            CHECKERS,
            "/office/settings",
            Text::new("参数确认", "Settings to confirm"),
            |tx, actor, _| work::decisions(tx, actor, &[APPROVAL]),
        )
        .share(known)
}

struct Line {
    article: Article,
    setting: &'static Setting,
    value: i64,
    waits: Option<Approval>,
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    p: Page,
    lines: Vec<Line>,
    reader: Id,
    maker: bool,
}

impl SettingsPage {
    fn may_check(&self, waits: &Approval) -> bool {
        !self.maker && waits.made_by != self.reader
    }
}

async fn list(
    State(app): State<App>,
    axum::Extension(known): axum::Extension<Known>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let lines = app
        .db
        .read(move |tx| {
            let waiting = approval::open(tx, APPROVAL)?;
            let line = |setting: &&'static Setting| {
                let value = get(tx, setting, Utc::now())?;
                let waits = waiting.iter().find(|one| one.object == setting.name).cloned();
                let article = Article(setting.article);
                Ok::<_, Problem>(Line { article, setting, value, waits })
            };
            known.iter().map(line).collect::<Result<Vec<_>, _>>()
        })
        .await?;
    let maker = MAKERS.contains(&actor.role);
    render(&SettingsPage { p, lines, reader: actor.account, maker })
}

#[derive(Deserialize)]
struct Change {
    name: String,
    value: String,
}

async fn change(
    State(app): State<App>,
    axum::Extension(known): axum::Extension<Known>,
    actor: Actor,
    Form(form): Form<Change>,
) -> Result<Response, Problem> {
    let setting = known.iter().find(|known| known.name == form.name);
    let value = form.value.trim().parse();
    let value =
        value.map_err(|_| Problem::field("value", Text::new("请填写整数", "A whole number")))?;
    ask(&app, &actor, setting.ok_or_else(Problem::not_found)?, value).await?;
    Ok(Redirect::to("/office/settings").into_response())
}

#[derive(Deserialize)]
struct Decision {
    id: String,
    decision: String,
}

async fn check(
    State(app): State<App>,
    axum::Extension(known): axum::Extension<Known>,
    actor: Actor,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let id = form.id.parse().map_err(|_| Problem::not_found())?;
    decide(&app, &actor, known, id, form.decision == "yes").await?;
    Ok(Redirect::to("/office/settings").into_response())
}
