//! Cases in which the reader is concerned himself: notice, answer, decision, appeal.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Actor, Role};
use kernel::http::{Form, Page, Path, render};
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::id_of;
use crate::cases::rules::Act;
use crate::cases::service::{self, Own};

#[derive(Template)]
#[template(path = "me_cases.html")]
struct OwnPage {
    p: Page,
    base: &'static str,
    cases: Vec<Own>,
}

fn base(actor: &Actor) -> &'static str {
    if actor.role == Role::Holder { "/me/cases" } else { "/desk/notices" }
}

pub(super) async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
) -> Result<Response, Problem> {
    let cases = service::concerned(&app, &actor).await?;
    render(&OwnPage { p, base: base(&actor), cases })
}

#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    act: String,
    #[serde(default)]
    words: String,
}

pub(super) async fn respond(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Form(answer): Form<Answer>,
) -> Result<Response, Problem> {
    let act = Act::from_code(&answer.act).unwrap_or(Act::Close);
    service::respond(&app, &actor, id_of(&id)?, act, &answer.words).await?;
    Ok(Redirect::to(base(&actor)).into_response())
}
