//! The doors: pages for signing in and out, and the choice of language and type size.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::service::{self, Complete, Entered};
use super::{
    DEVICE_COOKIE, NEXT_COOKIE, OUTSIDE_DOOR, OUTSIDE_FILE, SESSION_COOKIE, Session, cookie,
};
use crate::actor::{Access, Role};
use crate::http::{Form, NoFields, Page, Routes, home_of, render};
use crate::id::Id;
use crate::outbox::{self, FileSms};
use crate::platform::{App, Platform};
use crate::problem::Problem;

pub(crate) fn routes() -> Routes {
    let open = Access::Public;
    Routes::new("kernel")
        .page(Method::GET, "/sign-in", open, &[6], holder_form)
        .page(Method::POST, "/sign-in", open, &[6], holder_password)
        .page(Method::GET, "/sign-in/code", open, &[6], code_form)
        .page(Method::POST, "/sign-in/code", open, &[6], holder_code)
        .page(Method::GET, "/staff/sign-in", open, &[], staff_form)
        .page(Method::POST, "/staff/sign-in", open, &[], staff_password)
        .page(Method::GET, "/staff/second-factor", open, &[], factor_form)
        .page(Method::POST, "/staff/second-factor", open, &[], staff_code)
        .page(Method::POST, "/sign-out", Access::SignedIn, &[], sign_out)
        .page(Method::POST, "/prefs", open, &[15], prefs)
}

#[derive(Template)]
#[template(path = "sign_in_holder.html")]
struct HolderForm {
    p: Page,
    login: String,
    error: String,
}

#[derive(Template)]
#[template(path = "sign_in_staff.html")]
struct StaffForm {
    p: Page,
    login: String,
    error: String,
    /// Address of the outside provider's door; empty when there is none.
    outside: &'static str,
}

#[derive(Template)]
#[template(path = "one_time_code.html")]
struct CodeForm {
    p: Page,
    error: String,
    phone: String,
    demo_message: String,
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct FactorForm {
    p: Page,
    error: String,
    demo_code: String,
}

#[derive(Deserialize)]
struct Credentials {
    login: String,
    password: String,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

async fn holder_form(p: Page) -> Result<Response, Problem> {
    render(&HolderForm { p, login: String::new(), error: String::new() })
}

async fn staff_form(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let outside = outside_door(&app);
    render(&StaffForm { p, login: String::new(), error: String::new(), outside })
}

fn outside_door(app: &Platform) -> &'static str {
    match app.config.data.join(OUTSIDE_FILE).is_file() {
        true => OUTSIDE_DOOR,
        false => "",
    }
}

async fn holder_password(
    State(app): State<App>,
    p: Page,
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Result<Response, Problem> {
    let device = cookie(&headers, DEVICE_COOKIE);
    match service::check_password(&app, &form.login, &form.password, device, false).await {
        Ok(half) => Ok(go_on(&app, &half.token, "/sign-in/code")),
        Err(problem) => {
            let error = shown(&p, &problem);
            with_status(&problem, render(&HolderForm { p, login: form.login, error })?)
        }
    }
}

async fn staff_password(
    State(app): State<App>,
    p: Page,
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Result<Response, Problem> {
    let device = cookie(&headers, DEVICE_COOKIE);
    match service::check_password(&app, &form.login, &form.password, device, true).await {
        Ok(half) => Ok(go_on(&app, &half.token, "/staff/second-factor")),
        Err(problem) => {
            let error = shown(&p, &problem);
            let outside = outside_door(&app);
            with_status(&problem, render(&StaffForm { p, login: form.login, error, outside })?)
        }
    }
}

async fn code_form(
    State(app): State<App>,
    p: Page,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    show_code_form(&app, p, &headers, String::new()).await
}

async fn show_code_form(
    app: &Platform,
    p: Page,
    headers: &HeaderMap,
    error: String,
) -> Result<Response, Problem> {
    let Some(token) = cookie(headers, SESSION_COOKIE) else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let Ok((_, phone)) = service::half_session(app, &token).await else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let phone = phone.unwrap_or_default();
    let file = FileSms(app.config.data.join("sms.jsonl"));
    // A code of an earlier sign-in, or another message, would be taken for the one that is on its way.
    let shown = app.config.demo && outbox::handed_over(app).await?;
    let last = shown.then(|| file.last_to(&phone, "登录验证码")).flatten();
    let demo_message = last.map(|sms| sms.text).unwrap_or_default();
    render(&CodeForm { p, error, phone: mask_phone(&phone), demo_message })
}

fn mask_phone(phone: &str) -> String {
    let end: String = phone.chars().skip(phone.chars().count().saturating_sub(4)).collect();
    format!("*******{end}")
}

async fn factor_form(
    State(app): State<App>,
    p: Page,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    show_factor_form(&app, p, &headers, String::new()).await
}

async fn show_factor_form(
    app: &Platform,
    p: Page,
    headers: &HeaderMap,
    error: String,
) -> Result<Response, Problem> {
    let Some(token) = cookie(headers, SESSION_COOKIE) else {
        return Ok(Redirect::to("/staff/sign-in").into_response());
    };
    let Ok((session, _)) = service::half_session(app, &token).await else {
        return Ok(Redirect::to("/staff/sign-in").into_response());
    };
    let demo_code = match app.config.demo {
        true => service::demo_totp(app, session.actor.account).await?.unwrap_or_default(),
        false => String::new(),
    };
    render(&FactorForm { p, error, demo_code })
}

async fn holder_code(
    State(app): State<App>,
    p: Page,
    headers: HeaderMap,
    Form(form): Form<Code>,
) -> Result<Response, Problem> {
    let token = cookie(&headers, SESSION_COOKIE).unwrap_or_default();
    let device = cookie(&headers, DEVICE_COOKIE);
    match service::check_second_factor(&app, &token, &form.code, device).await {
        Ok(complete) => Ok(enter(&app, &headers, &complete)),
        Err(problem) => {
            let error = shown(&p, &problem);
            with_status(&problem, show_code_form(&app, p, &headers, error).await?)
        }
    }
}

async fn staff_code(
    State(app): State<App>,
    p: Page,
    headers: HeaderMap,
    Form(form): Form<Code>,
) -> Result<Response, Problem> {
    let token = cookie(&headers, SESSION_COOKIE).unwrap_or_default();
    let device = cookie(&headers, DEVICE_COOKIE);
    match service::check_second_factor(&app, &token, &form.code, device).await {
        Ok(complete) => Ok(enter(&app, &headers, &complete)),
        Err(problem) => {
            let error = shown(&p, &problem);
            with_status(&problem, show_factor_form(&app, p, &headers, error).await?)
        }
    }
}

async fn sign_out(
    State(app): State<App>,
    session: Session,
    _: Form<NoFields>,
) -> Result<Response, Problem> {
    let door = if session.actor.role == Role::Holder { "/sign-in" } else { "/staff/sign-in" };
    service::sign_out(&app, session).await?;
    let gone = set_cookie(&app, SESSION_COOKIE, "", 0);
    Ok(([(header::SET_COOKIE, gone)], Redirect::to(door)).into_response())
}

#[derive(Deserialize)]
struct Prefs {
    lang: Option<String>,
    elder: Option<String>,
    back: String,
}

async fn prefs(State(app): State<App>, Form(form): Form<Prefs>) -> Response {
    // Only a path of this site: never send people elsewhere.
    let inside = form.back.starts_with('/') && !form.back.starts_with("//");
    let inside = inside && form.back.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let mut response = Redirect::to(if inside { &form.back } else { "/" }).into_response();
    let year = 365 * 86_400;
    let mut keep = |name: &str, value: &str| {
        response.headers_mut().append(header::SET_COOKIE, set_cookie(&app, name, value, year));
    };
    match form.lang.as_deref() {
        Some("en") => keep("lang", "en"),
        Some(_) => keep("lang", "zh-CN"),
        None => {}
    }
    match form.elder.as_deref() {
        Some("1") => keep("elder", "1"),
        Some(_) => keep("elder", "0"),
        None => {}
    }
    response
}

/// Lets a member of staff in whom an outside provider signed in instead of our password (issuer and
/// account are checked by whoever calls). `second` says whether the provider saw a second factor; else
/// our own is asked for next.
///
/// # Errors
/// The account is closed or not one of staff.
pub async fn enter_from_outside(
    app: &Platform,
    headers: &HeaderMap,
    account: Id,
    provider: &str,
    second: bool,
) -> Result<Response, Problem> {
    Ok(match service::from_outside(app, account, provider, second).await? {
        Entered::Complete(complete) => enter(app, headers, &complete),
        Entered::Half(half) => go_on(app, &half.token, "/staff/second-factor"),
    })
}

fn shown(p: &Page, problem: &Problem) -> String {
    format!("{}。{}", p.text(&problem.title), p.text(&problem.advice))
}

fn with_status(problem: &Problem, mut response: Response) -> Result<Response, Problem> {
    if let Ok(status) = axum::http::StatusCode::from_u16(problem.status) {
        *response.status_mut() = status;
    }
    Ok(response)
}

fn go_on(app: &Platform, token: &str, to: &str) -> Response {
    let cookie = set_cookie(app, SESSION_COOKIE, token, 600);
    ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response()
}

fn enter(app: &Platform, headers: &HeaderMap, complete: &Complete) -> Response {
    // Only a place of ours: two slashes would be another site.
    let ours = |place: &String| place.starts_with('/') && !place.starts_with("//");
    let next = cookie(headers, NEXT_COOKIE).filter(ours);
    let to = next.as_deref().unwrap_or(home_of(complete.role));
    let mut response = Redirect::to(to).into_response();
    if next.is_some() {
        let gone = set_cookie(app, NEXT_COOKIE, "", 0);
        response.headers_mut().append(header::SET_COOKIE, gone);
    }
    let session = set_cookie(app, SESSION_COOKIE, &complete.token, 12 * 3_600);
    let device = set_cookie(app, DEVICE_COOKIE, &complete.device, 180 * 86_400);
    response.headers_mut().append(header::SET_COOKIE, session);
    response.headers_mut().append(header::SET_COOKIE, device);
    response
}

pub(super) fn set_cookie(app: &Platform, name: &str, value: &str, seconds: i64) -> HeaderValue {
    let secure = if app.config.secure_cookies { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
