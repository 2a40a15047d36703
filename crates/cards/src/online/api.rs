//! Online applications for programs: an app of the city, a hotline's assistant.

use axum::extract::State;
use kernel::actor::Access;
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use people::service::Registration;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::service;

pub(super) fn routes() -> Routes {
    Routes::new("cards")
        .api(Access::Public, &[5, 12], routes!(send))
        .api(Access::Public, &[12], routes!(confirm))
        .api(Access::Public, &[12], routes!(status))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct SendBody {
    /// Where the document is shown and the card collected.
    #[schema(value_type = String)]
    outlet: Id,
    form: Registration,
}

#[derive(Serialize, utoipa::ToSchema)]
struct SentBody {
    /// With it the application is confirmed and followed.
    reference: String,
}

/// Sends an application for somebody without a card; a code goes to his phone.
#[utoipa::path(post, path = "/api/v1/online-applications", tag = "cards", request_body = SendBody,
    responses((status = 200, body = SentBody), (status = 422, description = "wrong fields")))]
async fn send(
    State(app): State<App>,
    Json(body): Json<SendBody>,
) -> Result<Json<SentBody>, Problem> {
    let reference = service::send(&app, &body.form, body.outlet).await?;
    Ok(Json(SentBody { reference }))
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ConfirmBody {
    /// Six digits from the message.
    code: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct StateBody {
    /// `unconfirmed`, `waiting`, `accepted`, `refused` or `lapsed`.
    state: String,
    /// Why it was refused; empty else.
    reason: String,
}

/// Confirms with the code of the phone.
#[utoipa::path(post, path = "/api/v1/online-applications/{reference}/confirm", tag = "cards",
    params(("reference" = String, Path)), request_body = ConfirmBody,
    responses((status = 200, body = StateBody), (status = 422, description = "wrong code")))]
async fn confirm(
    State(app): State<App>,
    Path(reference): Path<String>,
    Json(body): Json<ConfirmBody>,
) -> Result<Json<StateBody>, Problem> {
    service::confirm(&app, &reference, &body.code).await?;
    Ok(Json(StateBody { state: "waiting".to_owned(), reason: String::new() }))
}

/// How an application stands.
#[utoipa::path(get, path = "/api/v1/online-applications/{reference}", tag = "cards",
    params(("reference" = String, Path)), responses((status = 200, body = StateBody)))]
async fn status(
    State(app): State<App>,
    Path(reference): Path<String>,
) -> Result<Json<StateBody>, Problem> {
    let status = service::status(&app, &reference).await?;
    Ok(Json(StateBody { state: status.state, reason: status.reason }))
}
