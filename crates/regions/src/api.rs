//! The doors between regions. Who speaks is known by the signature, so they are open to all.

use axum::Extension;
use axum::extract::State;
use kernel::actor::Access;
use kernel::http::{Json, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use utoipa_axum::routes;

use crate::rules::Signed;
use crate::service::messages::{self, Answer, Handler};
use crate::service::trust;

/// What the doors know how to do.
pub(crate) type Handlers = &'static [Handler];

pub(crate) fn routes(handlers: Handlers) -> Routes {
    Routes::new("regions")
        .api(Access::Public, &[17, 23], routes!(descriptor))
        .api(Access::Public, &[17, 18, 20], routes!(receive))
        .api(Access::Public, &[17, 20], routes!(revoked))
        .share(handlers)
}

/// The signed descriptor of this region. Compare its fingerprint by telephone before you trust it.
#[utoipa::path(get, path = "/.well-known/yikatong-region", tag = "regions",
    responses((status = 200, body = Signed), (status = 404, description = "not set up")))]
async fn descriptor(State(app): State<App>) -> Result<Json<Signed>, Problem> {
    Ok(Json(trust::own_descriptor(&app)?))
}

/// Takes up to 10 signed messages of trusted regions; the answers come in the same order.
#[utoipa::path(post, path = "/regions/v1/messages", tag = "regions",
    request_body = Vec<Signed>, responses((status = 200, body = Vec<Answer>),
        (status = 429, description = "too many: send fewer, later")))]
async fn receive(
    State(app): State<App>,
    Extension(handlers): Extension<Handlers>,
    Json(batch): Json<Vec<Signed>>,
) -> Result<Json<Vec<Answer>>, Problem> {
    Ok(Json(messages::receive(&app, handlers, batch).await?))
}

/// Takes a trusted region's word, signed with its own key, that this key is not to be believed any more.
#[utoipa::path(post, path = "/regions/v1/revoked", tag = "regions", request_body = Signed,
    responses((status = 200, description = "nothing of that region is believed from now on"),
        (status = 403, description = "not trusted, or forged")))]
async fn revoked(
    State(app): State<App>,
    Json(signed): Json<Signed>,
) -> Result<Json<serde_json::Value>, Problem> {
    trust::take_revocation(&app, &signed).await?;
    Ok(Json(serde_json::json!({"taken": true})))
}
