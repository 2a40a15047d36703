//! The door for the question what a holder of ours agreed to. Who asks is known by the signature.

use axum::Extension;
use axum::extract::State;
use kernel::actor::Access;
use kernel::http::{Json, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use signin::service::List;
use utoipa_axum::routes;

use super::service;
use crate::rules::Signed;

pub(crate) fn routes() -> Routes {
    Routes::new("regions").api(Access::Public, &[6, 7, 14, 18], routes!(fetch))
}

/// Tells a trusted region who a holder of ours is, who agreed to sign in to a service there: a name for that
/// sector and the fields of an item of the joint list (`docs/regions.md`).
#[utoipa::path(post, path = "/regions/v1/sign-in", tag = "regions", request_body = Signed,
    responses((status = 200, body = Signed, description = "the signed answer"),
        (status = 403, description = "not trusted, or forged")))]
async fn fetch(
    State(app): State<App>,
    Extension(list): Extension<List>,
    Json(signed): Json<Signed>,
) -> Result<Json<Signed>, Problem> {
    Ok(Json(service::answer(&app, &list, signed).await?))
}
