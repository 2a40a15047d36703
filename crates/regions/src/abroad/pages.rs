//! The pages of a sign-in across regions: on the way out, at home, on the way back.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Role};
use kernel::auth::{self, Session};
use kernel::http::{Form, Page, Path, Query, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use people::field::Field;
use serde::Deserialize;
use signin::service::List;

use super::rules::ANSWER_S;
use super::service::{self, Back, Carried};

/// Keeps the id of the way in the browser that began it, so that nobody is signed in by another's link.
const COOKIE: &str = "yikatong_abroad";
const HOME: &str = "/regions/sign-in";

pub(crate) fn routes() -> Routes {
    let (open, holders) = (Access::Public, Access::Roles(&[Role::Holder]));
    Routes::new("regions")
        .page(Method::GET, "/regions/sign-in/to/{region}/{request}", open, &[6, 7, 14], leave)
        .page(Method::GET, HOME, open, &[6, 7], arrive)
        .page(Method::GET, "/regions/sign-in/ask/{id}", open, &[6, 7, 14, 18], consent)
        .page(Method::POST, "/regions/sign-in/ask/{id}", holders, &[6, 7, 14, 18], decide)
        .page(Method::GET, "/regions/sign-in/back", open, &[6, 7], back)
}

async fn leave(
    State(app): State<App>,
    Extension(list): Extension<List>,
    Path((region, request)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (to, id) = service::send(&app, &list, &region, &request).await?;
    let mut response = Redirect::to(&to).into_response();
    let kept = auth::cookie_for(&app, COOKIE, &id, ANSWER_S);
    response.headers_mut().append(header::SET_COOKIE, kept);
    Ok(response)
}

async fn arrive(
    State(app): State<App>,
    Query(carried): Query<Carried>,
) -> Result<Response, Problem> {
    let id = service::carried(&app, carried).await?;
    Ok(Redirect::to(&format!("{HOME}/ask/{id}")).into_response())
}

#[derive(Template)]
#[template(path = "regions_sign_in.html")]
struct ConsentPage {
    p: Page,
    id: String,
    region: String,
    service: String,
    item: Text,
    fields: Vec<Field>,
    asks_password: bool,
}

/// The holder in his own region: signed in, he sees who asks for what.
async fn consent(
    State(app): State<App>,
    Extension(list): Extension<List>,
    headers: HeaderMap,
    Path(id): Path<String>,
    p: Page,
) -> Result<Response, Problem> {
    let (ask, region) = service::asked(&app, &id).await?;
    let item = service::item(&list, &ask.item)?;
    let asks_password = service::level(&item, &ask)? > 2;
    let session = auth::presented(&app, &headers).await?;
    let session = session.filter(|session| session.actor.role == Role::Holder);
    let since = match session {
        Some(session) => {
            let digest = session.digest;
            let at = app.db.read(move |tx| auth::signed_in_at(tx, &digest)).await?;
            Some(at.seconds())
        }
        None => None,
    };
    if since.is_none_or(|since| since < ask.since) {
        let mut response = Redirect::to("/sign-in").into_response();
        let next = auth::come_back_to(&app, &format!("{HOME}/ask/{id}"));
        response.headers_mut().append(header::SET_COOKIE, next);
        return Ok(response);
    }
    render(&ConsentPage {
        p,
        id,
        region,
        service: ask.service,
        item: item.name.clone(),
        fields: item.fields.clone(),
        asks_password,
    })
}

#[derive(Deserialize)]
struct Decision {
    decision: String,
    #[serde(default)]
    card_password: String,
}

async fn decide(
    State(app): State<App>,
    Extension(list): Extension<List>,
    session: Session,
    Path(id): Path<String>,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    if form.decision != "yes" {
        return Ok(Redirect::to(&service::deny(&app, &id).await?).into_response());
    }
    let (ask, _) = service::asked(&app, &id).await?;
    let level = service::level(&*service::item(&list, &ask.item)?, &ask)?;
    let person = session.actor.person.ok_or_else(Problem::forbidden)?;
    if level > 2 && !codes::service::check_password(&app, person, &form.card_password).await? {
        return Err(signin::rules::Refused::CardPassword.into());
    }
    let digest = session.digest;
    let since = app.db.read(move |tx| auth::signed_in_at(tx, &digest)).await?;
    let proved = (since.seconds(), level);
    let to = service::agree(&app, &list, &session.actor, &id, proved).await?;
    Ok(Redirect::to(&to).into_response())
}

async fn back(
    State(app): State<App>,
    Extension(list): Extension<List>,
    headers: HeaderMap,
    Query(came): Query<Back>,
) -> Result<Response, Problem> {
    let kept = auth::cookie(&headers, COOKIE).unwrap_or_default();
    if kept.is_empty() || !seal::token::same(kept.as_bytes(), came.id.as_bytes()) {
        return Err(signin::rules::Refused::Over.into());
    }
    let to = service::returned(&app, &list, came).await?;
    let mut response = Redirect::to(&to).into_response();
    let gone = auth::cookie_for(&app, COOKIE, "", 0);
    response.headers_mut().append(header::SET_COOKIE, gone);
    Ok(response)
}
