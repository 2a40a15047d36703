//! What a holder prepares: emergency codes for where there is no network, and the password of the
//! electronic card.

use askama::Template;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use kernel::actor::Actor;
use kernel::http::{Form, NoFields, Page, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Deserialize;

use super::{HOLDER, qr};
use crate::cq1::issue::{self, Book};
use crate::service;

pub(super) fn routes() -> Routes {
    Routes::new("codes")
        .page(Method::GET, "/me/emergency", HOLDER, &[15, 20], emergency)
        .page(Method::POST, "/me/emergency", HOLDER, &[15, 20], make_book)
        .page(Method::GET, "/me/code/password", HOLDER, &[2, 6], password)
        .page(Method::POST, "/me/code/password", HOLDER, &[2, 6], set_password)
        .more("/me/emergency", Text::new("应急码", "Emergency codes"))
        .more("/me/code/password", Text::new("电子卡密码", "Password of the electronic card"))
}

#[derive(Template)]
#[template(path = "emergency.html")]
struct EmergencyPage {
    p: Page,
    book: Option<(Book, Vec<String>)>,
    problem: Option<Problem>,
}

fn answer(page: Result<Response, Problem>, status: u16) -> Result<Response, Problem> {
    Ok((StatusCode::from_u16(status).unwrap_or_default(), page?).into_response())
}

async fn emergency(p: Page) -> Result<Response, Problem> {
    render(&EmergencyPage { p, book: None, problem: None })
}

async fn make_book(
    State(app): State<App>,
    holder: Actor,
    p: Page,
    Form(_): Form<NoFields>,
) -> Result<Response, Problem> {
    match issue::book(&app, &holder).await {
        Ok(book) => {
            let pictures = book.codes.iter().map(|code| qr(code)).collect::<Result<_, _>>()?;
            render(&EmergencyPage { p, book: Some((book, pictures)), problem: None })
        }
        Err(problem) if problem.status < 500 => {
            let status = problem.status;
            answer(render(&EmergencyPage { p, book: None, problem: Some(problem) }), status)
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "code_password.html")]
struct PasswordPage {
    p: Page,
    done: bool,
    problem: Option<Problem>,
}

async fn password(p: Page) -> Result<Response, Problem> {
    render(&PasswordPage { p, done: false, problem: None })
}

#[derive(Deserialize)]
struct PasswordForm {
    password: String,
    again: String,
    sign_in: String,
}

async fn set_password(
    State(app): State<App>,
    holder: Actor,
    p: Page,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Problem> {
    let done = if form.password == form.again {
        service::set_password(&app, &holder, &form.sign_in, &form.password).await
    } else {
        let text = Text::new("两次输入不一致", "The two are not the same");
        Err(Problem::field("again", text))
    };
    match done {
        Ok(()) => render(&PasswordPage { p, done: true, problem: None }),
        Err(problem) if problem.status < 500 => {
            let status = problem.status;
            answer(render(&PasswordPage { p, done: false, problem: Some(problem) }), status)
        }
        Err(problem) => Err(problem),
    }
}
