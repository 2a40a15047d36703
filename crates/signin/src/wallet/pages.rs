//! The holder's page: put the card into a wallet, see where it is, take it back.

use askama::Template;
use axum::extract::State as AppState;
use axum::http::Method;
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Form, Page, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::field::Field;
use serde::Deserialize;

use super::issue::{self, Offered};
use super::store::{self, Credential};
use crate::pages::{qr, with_status};

const HERE: &str = "/me/wallet";
const HOLDER: Access = Access::Roles(&[Role::Holder]);

pub(super) fn routes() -> Routes {
    Routes::new("signin")
        .page(Method::GET, HERE, HOLDER, &[2, 6, 19], page)
        .page(Method::POST, HERE, HOLDER, &[2, 6], offer)
        .page(Method::POST, "/me/wallet/revoke", HOLDER, &[2, 19], revoke)
        .more(HERE, Text::new("存入手机钱包", "Card in a wallet"))
}

#[derive(Template)]
#[template(path = "signin_wallet.html")]
struct WalletPage {
    p: Page,
    credentials: Vec<Credential>,
    offered: Option<(Offered, String)>,
    problem: Option<Problem>,
}

async fn shown(
    app: &App,
    p: Page,
    actor: &Actor,
    offered: Option<(Offered, String)>,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let credentials = app.db.read(move |tx| store::of_person(tx, person, Utc::now())).await?;
    let page = WalletPage { p, credentials, offered, problem };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn page(AppState(app): AppState<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    shown(&app, p, &actor, None, None).await
}

#[derive(Deserialize)]
struct Confirmed {
    password: String,
}

async fn offer(
    AppState(app): AppState<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<Confirmed>,
) -> Result<Response, Problem> {
    match issue::offer(&app, &actor, &form.password).await {
        Ok(offered) => {
            let svg = qr(&offered.uri)?;
            shown(&app, p, &actor, Some((offered, svg)), None).await
        }
        Err(problem) if problem.status < 500 => shown(&app, p, &actor, None, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

#[derive(Deserialize)]
struct Revoked {
    id: Id,
}

async fn revoke(
    AppState(app): AppState<App>,
    actor: Actor,
    Form(form): Form<Revoked>,
) -> Result<Response, Problem> {
    issue::revoke(&app, &actor, form.id).await?;
    Ok(Redirect::to(HERE).into_response())
}
