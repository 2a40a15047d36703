//! The page on which somebody begins with his account: password and authenticator app.

use askama::Template;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::service;
use crate::actor::Access;
use crate::http::{Form, Page, Routes, render};
use crate::platform::App;
use crate::problem::Problem;

pub(super) fn routes() -> Routes {
    Routes::new("kernel").page(Method::GET, "/staff/enrol", Access::Public, &[9], form).page(
        Method::POST,
        "/staff/enrol",
        Access::Public,
        &[9],
        enrol,
    )
}

#[derive(Template)]
#[template(path = "staff_enrol.html")]
struct EnrolPage {
    p: Page,
    login: String,
    secret: Option<String>,
    problem: Option<Problem>,
}

async fn form(p: Page) -> Result<Response, Problem> {
    render(&EnrolPage { p, login: String::new(), secret: None, problem: None })
}

#[derive(Deserialize)]
struct Enrolment {
    login: String,
    code: String,
    password: String,
    again: String,
}

async fn enrol(
    State(app): State<App>,
    p: Page,
    Form(form): Form<Enrolment>,
) -> Result<Response, Problem> {
    let passwords = (form.password.as_str(), form.again.as_str());
    let login = form.login.trim().to_owned();
    match service::enrol(&app, &login, &form.code, passwords).await {
        Ok(secret) => render(&EnrolPage { p, login, secret: Some(secret), problem: None }),
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let page = render(&EnrolPage { p, login, secret: None, problem: Some(problem) })?;
            Ok((status, page).into_response())
        }
        Err(problem) => Err(problem),
    }
}
