//! The host over HTTP.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::host::{Host, Mode};
use crate::port::{Body, Words};
use crate::rules::Operation;

#[derive(Clone)]
struct Shared {
    host: Arc<Host>,
    secret: Arc<str>,
    slowness: Duration,
}

/// The host's endpoints: only whoever has the secret is served; `slowness` is how late a slow host
/// answers.
pub fn router(host: Arc<Host>, secret: &str, slowness: Duration) -> Router {
    Router::new()
        .route("/requests", post(take))
        .route("/requests/{id}", get(query))
        .with_state(Shared { host, secret: secret.into(), slowness })
}

/// Serves until the runtime ends.
///
/// # Errors
/// The listener fails.
pub async fn serve(
    listener: tokio::net::TcpListener,
    host: Arc<Host>,
    secret: &str,
) -> std::io::Result<()> {
    axum::serve(listener, router(host, secret, Duration::from_secs(30))).await
}

#[derive(Deserialize)]
struct Sent {
    id: String,
    operation: String,
    #[serde(flatten)]
    body: Body,
}

impl Shared {
    fn admits(&self, headers: &HeaderMap) -> bool {
        let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let sent = sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        seal::token::same(sent.as_bytes(), self.secret.as_bytes())
    }
}

async fn take(State(shared): State<Shared>, headers: HeaderMap, text: String) -> Response {
    if !shared.admits(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(sent) = serde_json::from_str::<Sent>(&text) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(operation) = Operation::from_code(&sent.operation) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let before = shared.host.carried_out();
    let words = shared.host.take(&sent.id, operation, &sent.body);
    let first = shared.host.carried_out() > before;
    match shared.host.mode() {
        Mode::Slow => tokio::time::sleep(shared.slowness).await,
        Mode::LostAnswers => return StatusCode::BAD_GATEWAY.into_response(),
        // The first answer goes astray; the second says that it is the second.
        Mode::Duplicate if first => return StatusCode::GATEWAY_TIMEOUT.into_response(),
        Mode::Duplicate => return (StatusCode::CONFLICT, axum::Json(words)).into_response(),
        Mode::Garbled => return garbled(),
        _ => {}
    }
    let status =
        if words.result == "refused" { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    (status, axum::Json(words)).into_response()
}

async fn query(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    if !shared.admits(&headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if shared.host.mode() == Mode::Garbled {
        return garbled();
    }
    let words: Words = shared.host.query(&id);
    let never = words.result == "never_seen";
    let status = if never { StatusCode::NOT_FOUND } else { StatusCode::OK };
    (status, axum::Json(words)).into_response()
}

/// Half an answer, with bytes of another encoding.
fn garbled() -> Response {
    let body: &[u8] = b"{\"id\":\"\xb3\xc9\xb9\xa6\",\"result\":\"done\",";
    (StatusCode::OK, body.to_vec()).into_response()
}
