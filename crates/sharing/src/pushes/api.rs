//! Subscriptions for programs, and the key that receivers verify with.

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use seal::sm2::SignerId;
use serde::Serialize;
use utoipa_axum::routes;

use super::{rules, service};
use crate::queries::rules::Ask;
use crate::queries::service::Answer;

const PROGRAMS: Access = Access::Roles(&[Role::DepartmentOfficer]);

pub(super) fn routes() -> Routes {
    Routes::new("sharing")
        .api(PROGRAMS, &[18, 19], routes!(subscribe))
        .api(PROGRAMS, &[18], routes!(unsubscribe))
        .api(Access::Public, &[18], routes!(key))
}

/// Subscribes to changes of the agreed fields of these persons; answers how they stand now.
#[utoipa::path(post, path = "/api/v1/sharing/subscriptions", tag = "sharing", request_body = Ask,
    responses((status = 200, body = Answer)))]
async fn subscribe(
    State(app): State<App>,
    actor: Actor,
    Json(ask): Json<Ask>,
) -> Result<Json<Answer>, Problem> {
    Ok(Json(service::subscribe(&app, &actor, ask).await?))
}

/// What ended.
#[derive(Serialize, utoipa::ToSchema)]
struct Ended {
    ended: u64,
}

/// Ends subscriptions to these persons.
#[utoipa::path(post, path = "/api/v1/sharing/subscriptions/end", tag = "sharing", request_body = Ask,
    responses((status = 200, body = Ended)))]
async fn unsubscribe(
    State(app): State<App>,
    actor: Actor,
    Json(ask): Json<Ask>,
) -> Result<Json<Ended>, Problem> {
    let ended = service::unsubscribe(&app, &actor, ask).await?;
    Ok(Json(Ended { ended }))
}

/// The SM2 key of pushes.
#[derive(Serialize, utoipa::ToSchema)]
struct PushKey {
    algorithm: &'static str,
    signer_id: &'static str,
    /// Uncompressed point, hexadecimal.
    public_key: String,
}

/// The key that pushes are signed with.
#[utoipa::path(get, path = "/api/v1/sharing/push-key", tag = "sharing",
    responses((status = 200, body = PushKey)))]
async fn key(State(app): State<App>) -> Result<Json<PushKey>, Problem> {
    let key = rules::public_key(&app.keys)?;
    let (algorithm, signer_id) = ("SM2-SM3", SignerId::SHARE_PUSH.0);
    Ok(Json(PushKey { algorithm, signer_id, public_key: hex::encode(key.to_bytes()) }))
}
