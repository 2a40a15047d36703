//! Entitlements for programs.

use axum::extract::State;
use kernel::actor::Actor;
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use serde::Serialize;
use utoipa_axum::routes;

use super::service::{self, Entitlement, NewEntitlement};
use crate::api::DESK;
use crate::show::parse;

pub(crate) fn routes() -> Routes {
    Routes::new("people").api(DESK, &[5, 13], routes!(record)).api(DESK, &[5, 19], routes!(list))
}

/// One period of a ground of Art. 5, as it was recorded.
#[derive(Serialize, utoipa::ToSchema)]
struct EntitlementBody {
    /// Its id.
    #[schema(value_type = String)]
    id: Id,
    /// Ground of Art. 5.
    ground: &'static str,
    /// First day, `YYYY-MM-DD`.
    from: String,
    /// Last day; none for registered residents.
    until: Option<String>,
    /// `set`, `renewed` or `ended`.
    reason: String,
    /// Proof in the vault.
    #[schema(value_type = String)]
    evidence: Id,
    /// Who recorded it.
    by: String,
}

fn body(one: Entitlement) -> EntitlementBody {
    EntitlementBody {
        id: one.id,
        ground: one.ground.code(),
        from: day_text(one.from),
        until: one.until.map(day_text),
        reason: one.reason,
        evidence: one.evidence,
        by: one.by_name,
    }
}

/// Sets, renews or ends the ground on which a person has a card (Art. 5, 13), with proof.
#[utoipa::path(post, path = "/api/v1/people/{person}/entitlements", tag = "people",
    request_body = NewEntitlement, responses((status = 200, body = EntitlementBody),
        (status = 422, description = "wrong fields, or no proof")))]
async fn record(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
    Json(form): Json<NewEntitlement>,
) -> Result<Json<EntitlementBody>, Problem> {
    Ok(Json(body(service::record(&app, &actor, parse(&person)?, form).await?)))
}

/// Lists the grounds of a person, newest first; the look is journalled.
#[utoipa::path(get, path = "/api/v1/people/{person}/entitlements", tag = "people",
    responses((status = 200, body = Vec<EntitlementBody>)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
) -> Result<Json<Vec<EntitlementBody>>, Problem> {
    let (_, all) = service::told(&app, &actor, parse(&person)?).await?;
    Ok(Json(all.into_iter().map(body).collect()))
}
