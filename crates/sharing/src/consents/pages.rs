//! The holder's page of consents.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::service::{self, Asked};

const PATH: &str = "/me/consents";

pub(super) fn routes() -> Routes {
    let to = Access::Roles(&[Role::Holder]);
    Routes::new("sharing")
        .page(Method::GET, PATH, to, &[18, 19], look)
        .page(Method::POST, PATH, to, &[18, 19], say)
        .more(PATH, Text::new("信息使用授权", "My consents"))
}

#[derive(Template)]
#[template(path = "consents.html")]
struct ConsentsPage {
    p: Page,
    asked: Vec<Asked>,
}

impl ConsentsPage {
    fn fields(&self, one: &Asked) -> String {
        let fields = one.agreement.terms.fields.iter();
        let labels = fields.map(|field| self.p.text(&field.label()).to_owned());
        labels.collect::<Vec<_>>().join(self.p.t("、", ", "))
    }
}

async fn look(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    render(&ConsentsPage { p, asked: service::asked(&app, &actor).await? })
}

#[derive(Deserialize)]
struct Said {
    agreement: String,
    said: String,
}

async fn say(
    State(app): State<App>,
    actor: Actor,
    Form(form): Form<Said>,
) -> Result<Response, Problem> {
    let agreement = form.agreement.parse().map_err(|_| Problem::not_found())?;
    service::say(&app, &actor, agreement, form.said == "yes").await?;
    Ok(Redirect::to(PATH).into_response())
}
