//! Health, readiness and figures for operators.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::platform::App;
use crate::problem::Problem;

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "platform", responses((status = 200)))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The process can serve: the database answers.
#[utoipa::path(get, path = "/readyz", tag = "platform", responses((status = 200), (status = 503)))]
pub(super) async fn readyz(State(app): State<App>) -> Response {
    let answer: Result<(), Problem> =
        app.db.read(|tx| Ok(tx.one("SELECT 1", &[]).map(drop)?)).await;
    match answer {
        Ok(()) => "ready\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response(),
    }
}

/// Figures in the Prometheus text format.
#[utoipa::path(get, path = "/metrics", tag = "platform", responses((status = 200)))]
pub(super) async fn figures(State(app): State<App>) -> String {
    app.figures.render()
}
