//! Agreements for programs: the public register, questions, and the door for the other region.

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde::Serialize;
use utoipa_axum::routes;

use super::data::{self, Asked, Found};
use super::rules::Party;
use super::service::{self, Draft};
use super::store::Kept;
use crate::rules::Signed;

pub(crate) const OFFICERS: &[Role] = &[Role::DistrictOfficer, Role::MunicipalOfficer];

pub(crate) fn routes() -> Routes {
    let city = Access::Roles(&[Role::MunicipalOfficer]);
    Routes::new("regions")
        .api(Access::Public, &[18, 23], routes!(register))
        .api(Access::Roles(OFFICERS), &[18, 23], routes!(propose))
        .api(city, &[18, 19], routes!(ask))
        .api(Access::Public, &[17, 18], routes!(answer))
}

/// An agreement in force.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Public {
    /// Its id, the same on both sides.
    id: String,
    /// `district` or `data`.
    kind: String,
    /// Name in Chinese.
    title_zh: String,
    /// Name in English.
    title_en: String,
    /// Both sides.
    parties: Vec<Party>,
    /// Codes of the items in common.
    items: Vec<String>,
    /// The outlet in common.
    outlet: String,
    /// What is agreed.
    text: String,
    /// First day.
    from: String,
    /// Last day, or empty.
    until: String,
    /// Data: the region that answers.
    holder: String,
    /// Data: what for.
    purpose: String,
    /// Data: fields.
    fields: Vec<String>,
    /// Documents of both decisions: ours, theirs.
    documents: [String; 2],
}

fn public(kept: Kept) -> Public {
    let accord = kept.accord;
    Public {
        id: accord.id,
        kind: accord.kind.code().to_owned(),
        title_zh: accord.title.zh,
        title_en: accord.title.en,
        parties: accord.parties.into(),
        items: accord.items,
        outlet: accord.outlet,
        text: accord.text,
        from: accord.from,
        until: accord.until,
        holder: accord.holder,
        purpose: accord.purpose,
        fields: accord.fields,
        documents: [kept.ours.document, kept.theirs.document],
    }
}

/// Agreements of both sides that are in force today: districts that work together (Art. 23), data that is
/// shared (Art. 18).
#[utoipa::path(get, path = "/api/v1/cooperation", tag = "regions",
    responses((status = 200, body = Vec<Public>)))]
async fn register(State(app): State<App>) -> Result<Json<Vec<Public>>, Problem> {
    let (mut all, _) = service::all(&app).await?;
    all.retain(|kept| kept.in_force(Utc::now()));
    Ok(Json(all.into_iter().map(public).collect()))
}

/// The id of what was proposed.
#[derive(Serialize, utoipa::ToSchema)]
struct Proposed {
    /// 32 hexadecimal digits.
    id: String,
}

/// Proposes an agreement to the other side.
#[utoipa::path(post, path = "/api/v1/cooperation", tag = "regions", request_body = Draft,
    responses((status = 200, body = Proposed), (status = 422, description = "not complete")))]
async fn propose(
    State(app): State<App>,
    actor: Actor,
    Json(draft): Json<Draft>,
) -> Result<Json<Proposed>, Problem> {
    Ok(Json(Proposed { id: service::propose(&app, &actor, &draft).await? }))
}

/// Asks the other region about one person under an agreement in force.
#[utoipa::path(post, path = "/api/v1/cooperation/{id}/ask", tag = "regions",
    params(("id" = String, Path)), request_body = Asked,
    responses((status = 200, body = Found), (status = 409, description = "not in force"),
        (status = 503, description = "the other region does not answer")))]
async fn ask(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(asked): Json<Asked>,
) -> Result<Json<Found>, Problem> {
    Ok(Json(data::ask(&app, &actor, &id, &asked).await?))
}

/// Answers a trusted region about one person under an agreement in force (`docs/regions.md`).
#[utoipa::path(post, path = "/regions/v1/data", tag = "regions", request_body = Signed,
    responses((status = 200, body = Signed, description = "the signed answer"),
        (status = 403, description = "not trusted, forged or replayed")))]
async fn answer(
    State(app): State<App>,
    Json(signed): Json<Signed>,
) -> Result<Json<Signed>, Problem> {
    Ok(Json(data::answer(&app, &signed).await?))
}
