//! The holder's family and agents.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Routes, render};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Deserialize;

use super::rules::RELATIONS;
use super::service::{self, Named, NewLink};
use crate::representatives::{self, Representative};
use crate::show::{after, parse};

const HOLDER: Access = Access::Roles(&[Role::Holder]);

pub(crate) fn routes() -> Routes {
    Routes::new("people").page(Method::GET, "/me/family", HOLDER, &[7, 12, 15], list).page(
        Method::POST,
        "/me/family",
        HOLDER,
        &[7, 12, 15],
        act,
    )
}

#[derive(Template)]
#[template(path = "family.html")]
struct FamilyPage {
    p: Page,
    problem: Option<Problem>,
    links: Vec<Named>,
    agents: Vec<Representative>,
    relations: [(&'static str, &'static str, &'static str); 5],
}

impl FamilyPage {
    fn relation(&self, code: &str) -> &str {
        let known = RELATIONS.iter().find(|known| known.0 == code);
        known.map_or("", |known| self.p.t(known.1, known.2))
    }
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let me = actor.person.ok_or_else(Problem::forbidden)?;
    let links = service::mine(app, actor).await?;
    let mut agents = representatives::service::list(app, actor, me).await?;
    agents.retain(|one| one.holds_on(Utc::now().day()));
    render(&FamilyPage { p, problem, links, agents, relations: RELATIONS })
}

async fn list(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    show(&app, &actor, p, None).await
}

#[derive(Deserialize)]
struct Sent {
    act: String,
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    number: String,
    #[serde(default)]
    relation: String,
}

async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let me = actor.person.ok_or_else(Problem::forbidden)?;
    let Sent { act, id, name, number, relation } = sent;
    let done = match act.as_str() {
        "ask" => service::ask(&app, &actor, NewLink { name, number, relation }).await.map(drop),
        "confirm" => service::confirm(&app, &actor, parse(&id)?).await,
        "end" => service::end(&app, &actor, parse(&id)?).await,
        "revoke" => representatives::service::end(&app, &actor, me, parse(&id)?).await,
        _ => Err(Problem::not_found()),
    };
    after(done, "/me/family", |problem| show(&app, &actor, p, Some(problem))).await
}
