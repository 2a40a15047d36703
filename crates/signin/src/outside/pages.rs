//! The two addresses of staff from outside.

use axum::extract::State as AppState;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::Access;
use kernel::auth::{self, OUTSIDE_DOOR};
use kernel::http::{Query, Routes};
use kernel::platform::App;
use kernel::problem::Problem;

use super::service::{self, Came, WAY_S};
use crate::rules::Refused;

/// Keeps the state in the browser that began, so that nobody is signed in by another's link.
const COOKIE: &str = "yikatong_outside";

pub(crate) fn routes() -> Routes {
    Routes::new("signin").page(Method::GET, OUTSIDE_DOOR, Access::Public, &[19], begin).page(
        Method::GET,
        "/staff/outside/back",
        Access::Public,
        &[19],
        back,
    )
}

async fn begin(AppState(app): AppState<App>) -> Result<Response, Problem> {
    let (to, state) = service::begin(&app).await?;
    let mut response = Redirect::to(&to).into_response();
    let kept = auth::cookie_for(&app, COOKIE, &state, WAY_S);
    response.headers_mut().append(header::SET_COOKIE, kept);
    Ok(response)
}

async fn back(
    AppState(app): AppState<App>,
    headers: HeaderMap,
    Query(came): Query<Came>,
) -> Result<Response, Problem> {
    let kept = auth::cookie(&headers, COOKIE).unwrap_or_default();
    if kept.is_empty() || !seal::token::same(kept.as_bytes(), came.state.as_bytes()) {
        return Err(Refused::Over.into());
    }
    let (account, provider, second) = service::finish(&app, came).await?;
    let entered = auth::enter_from_outside(&app, &headers, account, &provider, second).await;
    let mut response = entered?;
    let gone = auth::cookie_for(&app, COOKIE, "", 0);
    response.headers_mut().append(header::SET_COOKIE, gone);
    Ok(response)
}
