//! The hotline's page: a temporary loss by phone, when the caller knows who he is.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use kernel::actor::Actor;
use kernel::http::{Form, Page, render};
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use crate::service::hotline::{self, Caller};

#[derive(Template)]
#[template(path = "hotline.html")]
struct HotlinePage {
    p: Page,
    caller: Caller,
    problem: Option<Problem>,
    until: Option<String>,
}

pub(super) async fn form(p: Page) -> Result<Response, Problem> {
    render(&HotlinePage { p, caller: Caller::default(), problem: None, until: None })
}

#[derive(Deserialize)]
pub(super) struct Asked {
    number: String,
    name: String,
    phone: String,
}

pub(super) async fn report(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    let caller = Caller { number: asked.number, name: asked.name, phone: asked.phone };
    match hotline::report_loss(&app, &actor, &caller).await {
        Ok(card) => {
            let until = Some(card.loss_until.map(|until| until.local()).unwrap_or_default());
            render(&HotlinePage { p, caller: Caller::default(), problem: None, until })
        }
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let page = HotlinePage { p, caller, problem: Some(problem), until: None };
            Ok((status, render(&page)?).into_response())
        }
        Err(problem) => Err(problem),
    }
}
