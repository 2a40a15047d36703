//! The door for questions of other regions. Who asks is known by the signature.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use codes::service::Codes;
use kernel::actor::Access;
use kernel::http::{Json, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use utoipa_axum::routes;

use super::service;
use crate::rules::Signed;

pub(crate) fn routes() -> Routes {
    Routes::new("regions").api(Access::Public, &[7, 14, 17, 18], routes!(ask))
}

/// Answers a trusted region about a card that this region issued: yes or no, and only the fields of the
/// item of the joint list (`docs/regions.md`).
#[utoipa::path(post, path = "/regions/v1/ask", tag = "regions", request_body = Signed,
    responses((status = 200, body = Signed, description = "the signed answer"),
        (status = 403, description = "not trusted, forged or replayed")))]
async fn ask(
    State(app): State<App>,
    Extension(codes): Extension<Arc<Codes>>,
    Json(signed): Json<Signed>,
) -> Result<Json<Signed>, Problem> {
    Ok(Json(service::answer(&app, &codes, &signed).await?))
}
