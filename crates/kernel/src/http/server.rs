//! Puts the declared routes behind the layers that every request passes, and serves them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::serve::ListenerExt as _;
use axum::{Router, routing::get};
use utoipa::openapi::{InfoBuilder, OpenApi};
use utoipa_axum::routes;

use super::{Declared, Routes, answer, assets, guard, more, status};
use crate::actor::Access;
use crate::auth;
use crate::law::Text;
use crate::platform::App;
use crate::problem::Problem;
use crate::work::Work;

/// A request's body, in bytes. File uploads will declare their own.
const BODY_LIMIT: usize = 256 * 1024;
/// A request that takes longer is answered with 503.
const TIMEOUT: Duration = Duration::from_secs(30);
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
/// The API browser brings inline styles of its own; scripts stay strict there too.
const DOCS_POLICY: &str = "default-src 'self'; script-src 'self'; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
     frame-ancestors 'none'";

/// The routes that the kernel itself brings.
pub fn kernel_routes() -> Routes {
    Routes::new("kernel")
        .api(Access::Public, &[], routes!(status::healthz))
        .api(Access::Public, &[], routes!(status::readyz))
        .api(Access::Operators, &[], routes!(status::figures))
        .merge(auth::routes())
        .merge(crate::journal::routes())
        .merge(crate::staff::routes())
        .merge(crate::system::routes())
        .merge(more::routes())
}

/// The whole server, ready to be run.
pub struct Built {
    /// The router with all layers.
    pub router: Router,
    /// Every declared route.
    pub table: Vec<Declared>,
    /// The lines of the start pages of staff.
    pub work: Vec<Work>,
    /// The description of the API.
    pub openapi: OpenApi,
}

/// Puts all layers around the routes of the kernel and the capabilities.
pub fn build(app: App, routes: Routes) -> Built {
    let (table, work) = (routes.table.clone(), routes.work.clone());
    // Set once: a process serves one set of routes.
    let _ = app.nav.set(routes.nav.clone());
    let _ = app.work.set(work.clone());
    let (router, mut openapi) = routes.router.split_for_parts();
    openapi.info = InfoBuilder::new()
        .title("社会保障卡一卡通服务平台 / One-card service of the social security card")
        .description(Some(
            "Errors are RFC 9457 problems with a stable `code` and, where one applies, the `article` \
             of the regulation. Programs sign in with `Authorization: Bearer …`.",
        ))
        .version(env!("CARGO_PKG_VERSION"))
        .build();
    let docs = utoipa_swagger_ui::SwaggerUi::new("/docs").url("/openapi.json", openapi.clone());
    let router: Router<App> = router
        .merge(Router::<App>::from(docs))
        .route("/assets/{name}", get(assets::asset))
        .route("/favicon.ico", get(|| async { Redirect::permanent("/assets/logo.svg") }))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { wrong_method() });
    let router = router
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(app.clone(), guard::recognise))
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::from_fn(in_time))
        .layer(from_fn_with_state(app.clone(), answer::translate))
        .layer(axum::middleware::from_fn(observe))
        .with_state(app);
    Built { router, table, work, openapi }
}

fn wrong_method() -> Problem {
    Problem::new(
        405,
        "platform/wrong-method",
        Text::new("该地址不支持此请求方法", "This address does not know that method"),
        Text::new("请对照接口文档", "See the API description"),
    )
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    Problem::from(crate::db::DbError::Engine("a handler panicked".to_owned())).into_response()
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::from(crate::db::DbError::Busy).into_response(),
    }
}

/// Figures, headers and one log line per request: method, route, status and time, nothing personal
/// (the route's pattern, never the path with its numbers).
async fn observe(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let docs = request.uri().path().starts_with("/docs");
    let static_file = request.uri().path().starts_with("/assets/");
    let route = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str).to_owned();
    record(&method, &route, response.status(), began.elapsed());
    let policy = if docs { DOCS_POLICY } else { POLICY };
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !static_file && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}

fn record(method: &Method, route: &str, status: StatusCode, took: Duration) {
    let labels = [
        ("method", method.to_string()),
        ("route", route.to_owned()),
        ("status", status.as_u16().to_string()),
    ];
    metrics::counter!("yikatong_requests_total", &labels).increment(1);
    metrics::histogram!("yikatong_request_seconds", "route" => route.to_owned())
        .record(took.as_secs_f64());
    tracing::debug!(%method, route, status = status.as_u16(), micros = took.as_micros() as u64);
}

/// Serves until `stop` resolves; requests under way are finished.
///
/// # Errors
/// The address cannot be listened on.
pub async fn serve(
    router: Router,
    listener: tokio::net::TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let listener = listener.tap_io(|stream| {
        // Small answers should not wait for more; a failure costs speed only.
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}
