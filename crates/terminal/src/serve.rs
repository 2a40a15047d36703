//! The terminal as a local HTTP service for a till or a gate, and as a full-screen page for a counter.
//! It listens on this machine only, and answers only what was asked at this address: a page from
//! elsewhere, opened in the same browser, gets nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Form, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::online::{Answer, Asked};
use crate::page::{self, Notice};
use crate::refusal::{Reason, Refusal};
use crate::station::Station;
use crate::{input, sound};

/// No script but the page's own, nothing from elsewhere, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; media-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

type Shared = State<Arc<Station>>;

/// What a till or gate asks.
#[derive(Deserialize)]
struct Question {
    #[serde(flatten)]
    asked: Asked,
    /// As a scanner types it, instead of `code`, `read` or `barcode`.
    #[serde(default)]
    shown: Option<String>,
    #[serde(default)]
    amount_fen: u64,
}

#[derive(Deserialize)]
struct Entered {
    item: String,
    #[serde(default)]
    shown: String,
    #[serde(default)]
    counter_check: Option<String>,
}

#[derive(Deserialize)]
struct RefusedHere {
    item: String,
    reason: String,
    #[serde(default)]
    note: String,
}

#[derive(Deserialize)]
struct Chosen {
    #[serde(default)]
    item: Option<String>,
}

#[derive(Serialize)]
struct Recorded {
    recorded: bool,
}

/// The routes of the service.
pub fn routes(station: Arc<Station>) -> Router {
    let file = |kind: &'static str, bytes: Vec<u8>| {
        let bytes: Arc<[u8]> = bytes.into();
        get(move || async move { ([(header::CONTENT_TYPE, kind)], bytes.to_vec()) })
    };
    Router::new()
        .route("/", get(counter).post(entered))
        .route("/refuse", post(refused_here))
        .route("/verify", post(verify))
        .route("/refusals", post(refuse))
        .route("/status", get(status))
        .route("/page.css", file("text/css; charset=utf-8", page::STYLE.into()))
        .route("/page.js", file("text/javascript; charset=utf-8", page::SCRIPT.into()))
        .route("/yes.wav", file("audio/wav", sound::yes()))
        .route("/no.wav", file("audio/wav", sound::no()))
        .layer(middleware::from_fn(only_from_here))
        .with_state(station)
}

/// Serves on a port of this machine until the future ends; says where once it listens.
///
/// # Errors
/// The port is taken, or the system ends the service.
pub async fn serve(
    station: Arc<Station>,
    port: u16,
    listening: impl FnOnce(SocketAddr),
    until: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    listening(listener.local_addr()?);
    axum::serve(listener, routes(station)).with_graceful_shutdown(until).await
}

/// The name in `Host` must be this machine's own (else a foreign name was pointed here), and a page
/// that sends something must be ours.
async fn only_from_here(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = text(headers, header::HOST.as_str()).unwrap_or_default().to_owned();
    let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _)| name);
    let is_here = matches!(name, "127.0.0.1" | "localhost");
    let origin = text(headers, header::ORIGIN.as_str());
    let is_ours = origin.is_none_or(|origin| origin == format!("http://{host}"));
    if !is_here || !is_ours {
        return (StatusCode::FORBIDDEN, "only from this machine\n").into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

async fn counter(State(station): Shared, Query(chosen): Query<Chosen>) -> Html<String> {
    Html(page::counter(&station, chosen.item.as_deref(), &Notice::Ready))
}

async fn entered(State(station): Shared, Form(entered): Form<Entered>) -> Html<String> {
    let notice = match input::understand(&entered.shown) {
        None => Notice::Ready,
        Some(shown) => {
            let counter_check = entered.counter_check.is_some();
            let asked = Asked { counter_check, ..shown.ask(&entered.item) };
            Notice::Answer(Box::new(ask(station.clone(), asked, 0).await))
        }
    };
    Html(page::counter(&station, Some(&entered.item), &notice))
}

async fn refused_here(State(station): Shared, Form(form): Form<RefusedHere>) -> Html<String> {
    let notice = match Reason::parse(&form.reason) {
        None => Notice::NotRecorded,
        Some(reason) => record(&station, &form.item, reason, form.note, None),
    };
    Html(page::counter(&station, Some(&form.item), &notice))
}

fn record(
    station: &Station,
    item: &str,
    reason: Reason,
    note: String,
    code: Option<String>,
) -> Notice {
    let refusal = Refusal {
        at: station.now_s(),
        item: item.to_owned(),
        reason,
        note,
        code,
        id: String::new(),
    };
    match station.refuse(refusal) {
        Ok(()) => Notice::Recorded,
        Err(_) => Notice::NotRecorded,
    }
}

async fn verify(State(station): Shared, Json(question): Json<Question>) -> Response {
    let Question { asked, shown, amount_fen } = question;
    let typed = shown.as_deref().and_then(input::understand).map(|shown| shown.ask(&asked.item));
    let asked = match typed {
        Some(typed) => {
            let (password, counter_check) = (asked.password, asked.counter_check);
            Asked { password, counter_check, ..typed }
        }
        None => asked,
    };
    let given =
        [&asked.code, &asked.read, &asked.barcode].iter().filter(|one| one.is_some()).count();
    if given != 1 {
        return (StatusCode::UNPROCESSABLE_ENTITY, "one of code, read, barcode, shown\n")
            .into_response();
    }
    Json(ask(station, asked, amount_fen).await).into_response()
}

async fn ask(station: Arc<Station>, asked: Asked, amount_fen: u64) -> Answer {
    let answer = tokio::task::spawn_blocking(move || station.verify(&asked, amount_fen)).await;
    // A judgement that ended without an answer is a no.
    answer.unwrap_or_else(|_| Answer { result: "no".into(), ..Answer::default() })
}

#[derive(Deserialize)]
struct RefusalBody {
    item: String,
    reason: Reason,
    #[serde(default)]
    note: String,
    #[serde(default)]
    code: Option<String>,
}

async fn refuse(State(station): Shared, Json(body): Json<RefusalBody>) -> Response {
    match record(&station, &body.item, body.reason, body.note, body.code) {
        Notice::Recorded => Json(Recorded { recorded: true }).into_response(),
        _ => (StatusCode::INSUFFICIENT_STORAGE, Json(Recorded { recorded: false })).into_response(),
    }
}

async fn status(State(station): Shared) -> Response {
    Json(station.report()).into_response()
}

#[cfg(test)]
mod tests;
