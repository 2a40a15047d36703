//! A case goes to another officer.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, Path, render};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;

use super::{division, id_of, with_status};
use crate::cases::rules::Act;
use crate::cases::service::{self, HandOver, Sent};

#[derive(Template)]
#[template(path = "office_case_hand_over.html")]
struct HandOverPage {
    p: Page,
    case: HandOver,
    sent: Sent,
    problem: Option<Problem>,
}

async fn show(
    app: &App,
    actor: &Actor,
    p: Page,
    id: Id,
    (sent, problem): (Sent, Option<Problem>),
) -> Result<Response, Problem> {
    let case = service::hand_over(app, actor, id).await?;
    let status = problem.as_ref().map(|problem| problem.status);
    with_status(render(&HandOverPage { p, case, sent, problem }), status)
}

pub(super) async fn form(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    show(&app, &actor, p, id_of(&id)?, (Sent::default(), None)).await
}

pub(super) async fn send(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let (id, sent) = (id_of(&id)?, Sent { act: Act::HandOver.code().to_owned(), ..sent });
    match service::act(&app, &actor, id, sent.clone()).await {
        Ok(_) => Ok(Redirect::to("/office/cases").into_response()),
        Err(problem) if problem.status == 422 => {
            show(&app, &actor, p, id, (sent, Some(problem))).await
        }
        Err(problem) => Err(problem),
    }
}
