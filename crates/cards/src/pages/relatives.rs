//! The holder's page of his relatives' cards.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::person::{clock_rows, parse};
use crate::rules::clocks::State as Clock;
use crate::service::relatives::{self, ForRelative, Relative};

#[derive(Template)]
#[template(path = "relatives.html")]
struct RelativesPage {
    p: Page,
    relatives: Vec<Relative>,
    outlets: Vec<(Id, Text)>,
    problem: Option<Problem>,
}

impl RelativesPage {
    fn rows(&self, relative: &Relative) -> Vec<(String, String, &'static str)> {
        let card = relative.held.living.as_ref();
        card.map(|card| clock_rows(&self.p, &card.clocks)).unwrap_or_default()
    }

    fn may_lose(&self, relative: &Relative) -> bool {
        relative.held.living.as_ref().is_some_and(|card| card.clocks.social == Clock::On)
    }

    fn may_apply(&self, relative: &Relative) -> bool {
        relative.as_guardian && relative.held.living.is_none()
    }

    fn stage(&self, relative: &Relative) -> String {
        let card = relative.held.living.as_ref();
        card.map(|card| self.p.text(&card.stage.name().0).to_owned()).unwrap_or_default()
    }
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let relatives = relatives::list(app, actor).await?;
    let outlets = relatives::outlets(app).await?;
    render(&RelativesPage { p, relatives, outlets, problem })
}

pub(super) async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    show(&app, &actor, p, None).await
}

#[derive(Deserialize)]
pub(super) struct Asked {
    person: String,
    act: String,
    #[serde(default)]
    outlet: String,
}

pub(super) async fn act(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    let person = parse(&asked.person)?;
    let what = match asked.act.as_str() {
        "apply" => ForRelative::Apply(parse(&asked.outlet)?),
        "lose" => ForRelative::Lose,
        _ => return Err(Problem::not_found()),
    };
    match relatives::act(&app, &actor, person, what).await {
        Ok(_) => Ok(Redirect::to("/me/relatives").into_response()),
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            Ok((status, show(&app, &actor, p, Some(problem)).await?).into_response())
        }
        Err(problem) => Err(problem),
    }
}
