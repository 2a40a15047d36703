//! What waits for a second person: destructions, and people wrongly declared dead.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::person::parse;
use crate::service::decisions::{self, Waiting};

#[derive(Template)]
#[template(path = "second.html")]
struct SecondPage {
    p: Page,
    waiting: Vec<Waiting>,
    reader: Id,
}

impl SecondPage {
    fn own(&self, waiting: &Waiting) -> bool {
        waiting.approval.made_by == self.reader
    }
}

pub(super) async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let waiting = decisions::waiting(&app).await?;
    render(&SecondPage { p, waiting, reader: actor.account })
}

#[derive(Deserialize)]
pub(super) struct Decision {
    id: String,
    decision: String,
    #[serde(default)]
    comment: String,
}

pub(super) async fn decide(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let comment: String = form.comment.chars().take(500).collect();
    decisions::decide(&app, &actor, parse(&form.id)?, form.decision == "yes", comment).await?;
    Ok(Redirect::to("/desk/second-person").into_response())
}

#[derive(Deserialize)]
pub(super) struct Question {
    #[serde(default)]
    card: String,
    text: String,
}

pub(super) async fn destroy(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Question>,
) -> Result<Response, Problem> {
    decisions::ask_destroy(&app, &actor, parse(&id)?, parse(&form.card)?, form.text).await?;
    Ok(Redirect::to(&format!("/desk/people/{id}")).into_response())
}

pub(super) async fn revive(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(form): Form<Question>,
) -> Result<Response, Problem> {
    decisions::ask_revive(&app, &actor, parse(&id)?, form.text).await?;
    Ok(Redirect::to(&format!("/desk/people/{id}")).into_response())
}
