//! Family links for programs.

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::Serialize;
use utoipa_axum::routes;

use super::service::{self, NewLink};
use crate::show::parse;

const HOLDER: Access = Access::Roles(&[Role::Holder]);

pub(crate) fn routes() -> Routes {
    Routes::new("people")
        .api(HOLDER, &[7], routes!(list, ask))
        .api(HOLDER, &[7], routes!(confirm))
        .api(HOLDER, &[7], routes!(end))
}

/// A link as one of its sides sees it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LinkBody {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Id,
    /// Masked name of the other side.
    pub name_masked: String,
    /// What the relative is to the holder.
    pub relation: String,
    /// Whether the reader keeps the other side's card.
    pub mine: bool,
    /// Whether it has begun.
    pub confirmed: bool,
}

/// The caller's links.
#[utoipa::path(get, path = "/api/v1/me/family", tag = "people",
    responses((status = 200, body = Vec<LinkBody>)))]
async fn list(State(app): State<App>, actor: Actor) -> Result<Json<Vec<LinkBody>>, Problem> {
    let links = service::mine(&app, &actor).await?.into_iter().map(|one| LinkBody {
        id: one.link.id,
        name_masked: one.name,
        confirmed: one.link.confirmed_at.is_some(),
        relation: one.link.relation,
        mine: one.mine,
    });
    Ok(Json(links.collect()))
}

/// Asks for a link; an adult relative confirms it.
#[utoipa::path(post, path = "/api/v1/me/family", tag = "people", request_body = NewLink,
    responses((status = 200, description = "the id"), (status = 409, description = "limit, or linked")))]
async fn ask(
    State(app): State<App>,
    actor: Actor,
    Json(form): Json<NewLink>,
) -> Result<Json<String>, Problem> {
    Ok(Json(service::ask(&app, &actor, form).await?.id.to_string()))
}

/// The relative says yes.
#[utoipa::path(post, path = "/api/v1/me/family/{id}/confirm", tag = "people",
    responses((status = 200), (status = 404, description = "none that waits for the caller")))]
async fn confirm(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<()>, Problem> {
    service::confirm(&app, &actor, parse(&id)?).await.map(Json)
}

/// Either side ends a link.
#[utoipa::path(delete, path = "/api/v1/me/family/{id}", tag = "people",
    responses((status = 200), (status = 404, description = "none of the caller")))]
async fn end(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<()>, Problem> {
    service::end(&app, &actor, parse(&id)?).await.map(Json)
}
