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
use crate::service::entrusted::{self, Entrusted};
use crate::service::relatives::{self, ForRelative, Relative};

#[derive(Template)]
#[template(path = "relatives.html")]
struct RelativesPage {
    p: Page,
    relatives: Vec<Relative>,
    entrusted: Vec<Entrusted>,
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

    /// What an agent sees of the card: its stage, then its functions.
    fn seen(&self, one: &Entrusted) -> Vec<(String, String, &'static str)> {
        let Some(card) = one.held.as_ref().and_then(|held| held.living.as_ref()) else {
            return Vec::new();
        };
        let (stage, badge) = card.stage.name();
        let first = (self.p.t("实体卡", "Physical card"), self.p.text(&stage), badge);
        let mut rows = vec![(first.0.to_owned(), first.1.to_owned(), first.2)];
        rows.extend(clock_rows(&self.p, &card.clocks));
        rows
    }

    fn acts(&self, one: &Entrusted) -> String {
        let names: Vec<String> =
            one.acts.iter().map(|act| self.p.text(&act.name()).to_owned()).collect();
        names.join(self.p.t("、", ", "))
    }
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let relatives = relatives::list(app, actor).await?;
    let entrusted = entrusted::list(app, actor).await?;
    let outlets = relatives::outlets(app).await?;
    render(&RelativesPage { p, relatives, entrusted, outlets, problem })
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
    /// `agent` when the holder acts by an authorisation, else by the family service.
    #[serde(default)]
    by: String,
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
    let done = match asked.by.as_str() {
        "agent" => entrusted::act(&app, &actor, person, what).await,
        _ => relatives::act(&app, &actor, person, what).await,
    };
    match done {
        Ok(_) => Ok(Redirect::to("/me/relatives").into_response()),
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            Ok((status, show(&app, &actor, p, Some(problem)).await?).into_response())
        }
        Err(problem) => Err(problem),
    }
}
