//! Public notices: who is to get how much, with masked names, and objections by anybody.

use askama::Template;
use axum::extract::{FromRequestParts, State as Shared};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Actor};
use kernel::http::{Form, Page, Path, Query, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::lines::{self, Shown, Which};
use super::rules::State;
use super::steps;
use super::store::{self, Roster};
use crate::programmes::formula::money;
use crate::programmes::store::{self as programmes, Programme};

/// Lines on one page.
const PAGE: i64 = 100;

pub(super) fn routes() -> Routes {
    Routes::new("funds")
        .page(Method::GET, "/funds/notices", Access::Public, &[8], list)
        .page(Method::GET, "/funds/notices/{id}", Access::Public, &[8], one)
        .page(Method::POST, "/funds/notices/{id}/object", Access::Public, &[8, 25], object)
}

#[derive(Template)]
#[template(path = "notices.html")]
struct ListPage {
    p: Page,
    notices: Vec<(Roster, Programme)>,
}

async fn list(Shared(app): Shared<App>, p: Page) -> Result<Response, Problem> {
    let notices = app
        .db
        .read(|tx| {
            let mut notices = Vec::new();
            for roster in store::in_state(tx, State::Reviewed, 200)? {
                if let Some(programme) = programmes::by_id(tx, roster.programme)? {
                    notices.push((roster, programme));
                }
            }
            Ok::<_, Problem>(notices)
        })
        .await?;
    render(&ListPage { p, notices })
}

#[derive(Template)]
#[template(path = "notice.html")]
struct OnePage {
    p: Page,
    roster: Roster,
    programme: Programme,
    lines: Vec<Shown>,
    next: Option<i64>,
    problem: Option<Problem>,
    reason: String,
}

impl OnePage {
    fn masked(&self, line: &Shown) -> String {
        people::rules::mask_name(&line.name)
    }

    fn until(&self) -> String {
        self.roster.notice_until.map(Utc::local).unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    after: String,
}

async fn page(
    app: &App,
    p: Page,
    id: Id,
    after: i64,
    (problem, reason): (Option<Problem>, String),
) -> Result<Response, Problem> {
    let shared = app.clone();
    let (roster, programme, lines) = app
        .db
        .read(move |tx| {
            let roster = store::by_id(tx, id)?.filter(|roster| roster.state == State::Reviewed);
            let roster = roster.ok_or_else(Problem::not_found)?;
            let programme = programmes::by_id(tx, roster.programme)?;
            let programme = programme.ok_or_else(Problem::not_found)?;
            let lines = lines::page(tx, &shared.keys, id, Which::Public, (after, PAGE))?;
            Ok::<_, Problem>((roster, programme, lines))
        })
        .await?;
    let full = lines.len() as i64 == PAGE;
    let next = lines.last().filter(|_| full).map(|line| line.line);
    render(&OnePage { p, roster, programme, lines, next, problem, reason })
}

fn parse(id: &str) -> Result<Id, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

async fn one(
    Shared(app): Shared<App>,
    p: Page,
    Path(id): Path<String>,
    Query(place): Query<Place>,
) -> Result<Response, Problem> {
    let after = place.after.parse().unwrap_or(0);
    page(&app, p, parse(&id)?, after, (None, String::new())).await
}

/// Whoever asks, signed in or not.
struct Anybody(Option<Actor>);

impl<S: Send + Sync> FromRequestParts<S> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(Actor::from_request_parts(parts, state).await.ok()))
    }
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    line: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    contact: String,
}

async fn object(
    Shared(app): Shared<App>,
    Anybody(actor): Anybody,
    p: Page,
    Path(id): Path<String>,
    Form(said): Form<Said>,
) -> Result<Response, Problem> {
    let id = parse(&id)?;
    let line = said.line.trim().parse().unwrap_or(0);
    match steps::object(&app, actor, id, line, (&said.reason, &said.contact)).await {
        Ok(_) => {
            let zh = format!("已收到对第{line}行的异议，该行暂缓发放，处理后方可发放。");
            let en = format!(
                "Your objection to line {line} was received; the line waits for a decision."
            );
            page(&app, p.with_flash("ok", Text::new(zh, en)), id, 0, (None, String::new())).await
        }
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let shown = page(&app, p, id, 0, (Some(problem.clone()), said.reason)).await;
            Ok((status, shown.map_err(|_| problem)?).into_response())
        }
        Err(problem) => Err(problem),
    }
}
