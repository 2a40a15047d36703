//! Codes that were issued elsewhere in the country, for organisations with an item.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use items::service::Catalogue;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::service;

pub(crate) fn routes() -> Routes {
    let who = Access::Roles(&[Role::Clerk, Role::DepartmentOfficer]);
    Routes::new("regions").api(who, &[2, 6, 18, 23], routes!(decode))
}

/// A code that was shown.
#[derive(Deserialize, utoipa::ToSchema)]
struct Shown {
    /// Text of the code.
    code: String,
    /// `01` query, `02` payment (refused here), `03` other, `04` medical treatment in another place.
    purpose: String,
    /// Code of an item of today's list.
    item: String,
}

/// Who stands behind it, as far as the item may see.
#[derive(Serialize, utoipa::ToSchema)]
struct Behind {
    /// Issuing region.
    region: String,
    /// Codes of the item's fields and their values.
    fields: BTreeMap<String, String>,
}

/// Decodes a code of the national service platform that another place issued (Art. 2, 6, 23). On record with
/// item and purpose; only the item's fields are answered.
#[utoipa::path(post, path = "/api/v1/national/decode", tag = "regions", request_body = Shown,
    responses((status = 200, body = Behind), (status = 403, description = "item or purpose"),
        (status = 409, description = "not set up, or unknown"),
        (status = 503, description = "the national platform does not answer")))]
async fn decode(
    State(app): State<App>,
    Extension(catalogue): Extension<Arc<Catalogue>>,
    actor: Actor,
    Json(shown): Json<Shown>,
) -> Result<Json<Behind>, Problem> {
    let asked = (shown.code.trim(), shown.purpose.as_str(), shown.item.as_str());
    let found = service::decode(&app, &catalogue, &actor, asked).await?;
    let fields = found.fields.into_iter().map(|(field, value)| (field.code().to_owned(), value));
    Ok(Json(Behind { region: found.region, fields: fields.collect() }))
}
