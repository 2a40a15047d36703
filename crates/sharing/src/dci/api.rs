//! The addresses of the Social Registry API.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Serialize;
use serde_json::json;
use utoipa_axum::routes;

use super::envelope::{Header, SIGNER, Search, Status, Subscribe, Unsubscribe};
use super::service::{self, Reply, Verb};

const PROGRAMS: Access = Access::Roles(&[Role::DepartmentOfficer]);
/// A thousand requests in one message.
const LARGEST: usize = 1 << 20;

pub(super) fn routes() -> Routes {
    Routes::new("sharing")
        .api(PROGRAMS, &[18, 19], routes!(search))
        .api(PROGRAMS, &[18, 19], routes!(sync_search))
        .api(PROGRAMS, &[18, 19], routes!(subscribe))
        .api(PROGRAMS, &[18, 19], routes!(sync_subscribe))
        .api(PROGRAMS, &[18], routes!(unsubscribe))
        .api(PROGRAMS, &[18], routes!(sync_unsubscribe))
        .api(PROGRAMS, &[18], routes!(status))
        .api(PROGRAMS, &[18], routes!(sync_status))
        .api(Access::Public, &[18], routes!(key))
        .bodies(LARGEST)
}

/// A message: `signature` (r ‖ s over header, full stop, message, as sent; or empty), `header`, `message`.
#[derive(utoipa::ToSchema)]
#[schema(as = DciMessage)]
#[expect(dead_code, reason = "it describes what is read from the bytes")]
struct Message<T> {
    signature: String,
    header: Header,
    message: T,
}

async fn reply(
    app: &App,
    actor: &Actor,
    verb: Verb,
    body: &str,
    calls_back: bool,
) -> Result<Response, Problem> {
    Ok(match service::take(app, actor, verb, body, calls_back).await? {
        Reply::Answer(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
        Reply::Taken(id) => Json(json!({"message": {"ack_status": "ACK",
            "timestamp": Utc::now().rfc3339(), "correlation_id": id.to_string()}}))
        .into_response(),
    })
}

/// Asks about persons under the caller's agreement; the answer goes to the agreement's address.
#[utoipa::path(post, path = "/api/dci/registry/search", tag = "dci", request_body = Message<Search>,
    responses((status = 200, description = "taken")))]
async fn search(State(app): State<App>, actor: Actor, body: String) -> Result<Response, Problem> {
    reply(&app, &actor, Verb::Search, &body, true).await
}

/// Asks about persons under the caller's agreement.
#[utoipa::path(post, path = "/api/dci/registry/sync/search", tag = "dci",
    request_body = Message<Search>, responses((status = 200, description = "on-search")))]
async fn sync_search(
    State(app): State<App>,
    actor: Actor,
    body: String,
) -> Result<Response, Problem> {
    reply(&app, &actor, Verb::Search, &body, false).await
}

/// Watches persons for changes of the agreed fields; the answer goes to the agreement's address.
#[utoipa::path(post, path = "/api/dci/registry/subscribe", tag = "dci",
    request_body = Message<Subscribe>, responses((status = 200, description = "taken")))]
async fn subscribe(
    State(app): State<App>,
    actor: Actor,
    body: String,
) -> Result<Response, Problem> {
    reply(&app, &actor, Verb::Subscribe, &body, true).await
}

/// Watches persons for changes of the agreed fields.
#[utoipa::path(post, path = "/api/dci/registry/sync/subscribe", tag = "dci",
    request_body = Message<Subscribe>, responses((status = 200, description = "on-subscribe")))]
async fn sync_subscribe(
    State(app): State<App>,
    actor: Actor,
    body: String,
) -> Result<Response, Problem> {
    reply(&app, &actor, Verb::Subscribe, &body, false).await
}

/// Ends watches; the answer goes to the agreement's address.
#[utoipa::path(post, path = "/api/dci/registry/unsubscribe", tag = "dci",
    request_body = Message<Unsubscribe>, responses((status = 200, description = "taken")))]
async fn unsubscribe(
    State(app): State<App>,
    actor: Actor,
    body: String,
) -> Result<Response, Problem> {
    reply(&app, &actor, Verb::Unsubscribe, &body, true).await
}

/// Ends watches.
#[utoipa::path(post, path = "/api/dci/registry/sync/unsubscribe", tag = "dci",
    request_body = Message<Unsubscribe>, responses((status = 200, description = "on-unsubscribe")))]
async fn sync_unsubscribe(
    State(app): State<App>,
    actor: Actor,
    body: String,
) -> Result<Response, Problem> {
    reply(&app, &actor, Verb::Unsubscribe, &body, false).await
}

/// How a transaction of the caller stands; the answer goes to the agreement's address.
#[utoipa::path(post, path = "/api/dci/registry/txn/status", tag = "dci",
    request_body = Message<Status>, responses((status = 200, description = "taken")))]
async fn status(State(app): State<App>, actor: Actor, body: String) -> Result<Response, Problem> {
    reply(&app, &actor, Verb::Status, &body, true).await
}

/// How a transaction of the caller stands, with its answer when it is there.
#[utoipa::path(post, path = "/api/dci/registry/sync/txn/status", tag = "dci",
    request_body = Message<Status>, responses((status = 200, description = "on-txn-status")))]
async fn sync_status(
    State(app): State<App>,
    actor: Actor,
    body: String,
) -> Result<Response, Problem> {
    reply(&app, &actor, Verb::Status, &body, false).await
}

/// The SM2 key of answers.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = DciKey)]
struct Key {
    algorithm: &'static str,
    signer_id: &'static str,
    /// Uncompressed point, hexadecimal.
    public_key: String,
}

/// The key that answers are signed with.
#[utoipa::path(get, path = "/api/dci/key", tag = "dci", responses((status = 200, body = Key)))]
async fn key(State(app): State<App>) -> Result<Json<Key>, Problem> {
    let public_key = service::public_key(&app)?;
    Ok(Json(Key { algorithm: "SM2-SM3", signer_id: SIGNER.0, public_key }))
}
