//! Who is asking, and may he: sessions and tokens become an [`Actor`], routes admit or refuse.

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::{HeaderMap, Method, header, request::Parts};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::routes::RouteKind;
use crate::actor::{Access, Actor, Role};
use crate::auth::{self, Duty, Session};
use crate::law::Text;
use crate::platform::App;
use crate::problem::Problem;

/// Whom this request comes from; laid into every request before routing.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) session: Option<Session>,
    pub(crate) address: IpAddr,
    pub(crate) behind_proxy: bool,
}

/// Recognises the caller by session cookie or bearer token; an unknown one is nobody, not an error.
pub(super) async fn recognise(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let session = match presented_token(request.headers()) {
        Some((token, by_cookie)) => match auth::session_of(&app, &token, by_cookie).await {
            Ok(session) => session,
            Err(problem) => return problem.into_response(),
        },
        None => None,
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
    let told = app.config.behind_proxy.then(|| told_by_proxy(request.headers())).flatten();
    let address = told.unwrap_or(peer);
    let forwarded = ["forwarded", "x-forwarded-for"];
    let behind_proxy = forwarded.iter().any(|name| request.headers().contains_key(*name));
    let allowed = match request.uri().path() == super::limits::ASKED {
        true => app.throttle.allows_region(address),
        false => app.throttle.allows(session.as_ref(), address),
    };
    if !allowed {
        return super::limits::too_many().into_response();
    }
    let caller = Caller { session, address, behind_proxy };
    request.extensions_mut().insert(caller.clone());
    let mut response = next.run(request).await;
    // A problem is turned into a page further out, with the navigation of whoever asked.
    response.extensions_mut().insert(caller);
    response
}

/// The address that the trusted proxy itself added: the last one. All before it is the caller's word.
fn told_by_proxy(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

fn presented_token(headers: &HeaderMap) -> Option<(String, bool)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok()?.strip_prefix("Bearer ")?;
        return Some((token.to_owned(), false));
    }
    auth::cookie(headers, auth::SESSION_COOKIE).map(|token| (token, true))
}

/// Lets a request through to its handler, or refuses it before a byte of its body is read.
pub(super) async fn admit(
    access: Access,
    kind: RouteKind,
    request: Request,
    next: Next,
) -> Response {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        return Problem::unauthenticated().into_response();
    };
    let role = caller.session.as_ref().map(|session| session.actor.role);
    if !may_enter(access, role, &caller) {
        return refuse(kind, role, &request);
    }
    if kind == RouteKind::Page && !same_origin(&request) {
        return Problem::forbidden().into_response();
    }
    if let Some(duty) = caller.session.as_ref().and_then(|session| session.duty.as_ref())
        && access != Access::Public
        && !request.uri().path().starts_with(duty.href.as_str())
        && request.uri().path() != "/sign-out"
    {
        return first(duty, kind, &request);
    }
    next.run(request).await
}

/// Whoever has something to do first is led there.
fn first(duty: &Duty, kind: RouteKind, request: &Request) -> Response {
    if kind == RouteKind::Page && request.method() == Method::GET {
        return Redirect::to(&duty.href).into_response();
    }
    let advice = Text::new(
        format!("请先前往 {} 办理", duty.href),
        format!("Do this first at {}", duty.href),
    );
    Problem::new(403, "platform/duty-first", duty.what.clone(), advice).into_response()
}

fn may_enter(access: Access, role: Option<Role>, caller: &Caller) -> bool {
    let beside = caller.address.is_loopback() && !caller.behind_proxy;
    match (access, role) {
        (Access::Operators, None) => beside,
        (Access::Public, None) => true,
        (_, Some(role)) => access.lets_in(role),
        (_, None) => false,
    }
}

fn refuse(kind: RouteKind, role: Option<Role>, request: &Request) -> Response {
    match (role, kind) {
        (Some(_), _) => Problem::forbidden().into_response(),
        (None, RouteKind::Page) if request.method() == Method::GET => {
            let staff = !request.uri().path().starts_with("/me");
            Redirect::to(if staff { "/staff/sign-in" } else { "/sign-in" }).into_response()
        }
        (None, _) => Problem::unauthenticated().into_response(),
    }
}

/// A form that another site makes a browser send carries that site's origin: refused before the
/// CSRF token is even looked at. Programs without these headers have no session cookie to abuse.
fn same_origin(request: &Request) -> bool {
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return true;
    }
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin.split("://").nth(1) == Some(host),
        _ => true,
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>();
        let session = caller.and_then(|caller| caller.session.as_ref());
        session.map(|session| session.actor.clone()).ok_or_else(Problem::unauthenticated)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>();
        caller.and_then(|caller| caller.session.clone()).ok_or_else(Problem::unauthenticated)
    }
}
