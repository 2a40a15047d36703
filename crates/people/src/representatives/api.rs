//! Representatives for programs.

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use serde::Serialize;
use utoipa_axum::routes;

use super::rules::Representative;
use super::service::{self, NewRepresentative};
use crate::api::DESK;
use crate::show::parse;

const HOLDER: Access = Access::Roles(&[Role::Holder]);

pub(crate) fn routes() -> Routes {
    Routes::new("people")
        .api(DESK, &[12], routes!(enter))
        .api(DESK, &[12, 19], routes!(list))
        .api(DESK, &[12], routes!(end))
        .api(HOLDER, &[12], routes!(own))
        .api(HOLDER, &[12], routes!(revoke))
}

/// A representative.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RepresentativeBody {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Id,
    /// `guardian` or `agent`.
    pub kind: &'static str,
    /// What he is to the person.
    pub relation: String,
    /// What he may do.
    pub scope: Vec<&'static str>,
    /// Name.
    pub name: String,
    /// Number with its middle hidden.
    pub number_masked: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub until: String,
    /// Whether it was ended early.
    pub ended: bool,
}

impl RepresentativeBody {
    fn of(one: &Representative) -> Self {
        Self {
            id: one.id,
            kind: one.kind.code(),
            relation: one.relation.clone(),
            scope: one.scope.iter().map(|act| act.code()).collect(),
            name: one.name.clone(),
            number_masked: one.number.mask(),
            from: day_text(one.from),
            until: day_text(one.until),
            ended: one.ended_at.is_some(),
        }
    }
}

/// Enters a guardian or an agent with proof from the vault (Art. 12).
#[utoipa::path(post, path = "/api/v1/people/{person}/representatives", tag = "people",
    request_body = NewRepresentative, responses((status = 200, body = RepresentativeBody),
        (status = 422, description = "wrong fields")))]
async fn enter(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
    Json(form): Json<NewRepresentative>,
) -> Result<Json<RepresentativeBody>, Problem> {
    let one = service::enter(&app, &actor, parse(&person)?, form).await?;
    Ok(Json(RepresentativeBody::of(&one)))
}

/// Lists a person's representatives.
#[utoipa::path(get, path = "/api/v1/people/{person}/representatives", tag = "people",
    responses((status = 200, body = Vec<RepresentativeBody>)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
) -> Result<Json<Vec<RepresentativeBody>>, Problem> {
    let all = service::list(&app, &actor, parse(&person)?).await?;
    Ok(Json(all.iter().map(RepresentativeBody::of).collect()))
}

/// Ends a representation.
#[utoipa::path(delete, path = "/api/v1/people/{person}/representatives/{id}", tag = "people",
    responses((status = 200), (status = 409, description = "ended already")))]
async fn end(
    State(app): State<App>,
    actor: Actor,
    Path((person, id)): Path<(String, String)>,
) -> Result<Json<()>, Problem> {
    service::end(&app, &actor, parse(&person)?, parse(&id)?).await.map(Json)
}

/// The holder's own representatives.
#[utoipa::path(get, path = "/api/v1/me/representatives", tag = "people",
    responses((status = 200, body = Vec<RepresentativeBody>)))]
async fn own(
    State(app): State<App>,
    actor: Actor,
) -> Result<Json<Vec<RepresentativeBody>>, Problem> {
    let me = actor.person.ok_or_else(Problem::forbidden)?;
    let all = service::list(&app, &actor, me).await?;
    Ok(Json(all.iter().map(RepresentativeBody::of).collect()))
}

/// The holder revokes an agent.
#[utoipa::path(delete, path = "/api/v1/me/representatives/{id}", tag = "people",
    responses((status = 200), (status = 409, description = "ended already")))]
async fn revoke(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<()>, Problem> {
    let me = actor.person.ok_or_else(Problem::forbidden)?;
    service::end(&app, &actor, me, parse(&id)?).await.map(Json)
}
