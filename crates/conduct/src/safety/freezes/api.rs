//! Freezes for programs.

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use people::freezes::{Freeze, Source};
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::service::{self, Wanted};
use crate::safety::{HOLDERS, OFFICERS, id_of};

const FREEZERS: Access = Access::Roles(&[
    Role::Clerk,
    Role::OutletManager,
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
]);

const CLERKS: Access = Access::Roles(&[Role::Clerk, Role::OutletManager]);

pub(super) fn routes() -> Routes {
    Routes::new("conduct")
        .api(Access::Roles(HOLDERS), &[20], routes!(own))
        .api(Access::Roles(HOLDERS), &[20], routes!(freeze_own))
        .api(FREEZERS, &[20], routes!(of_person))
        .api(FREEZERS, &[20], routes!(freeze))
        .api(CLERKS, &[20], routes!(thaw))
        .api(Access::Roles(OFFICERS), &[20, 25], routes!(look))
}

/// A freeze.
#[derive(Serialize, utoipa::ToSchema)]
struct FreezeBody {
    #[schema(value_type = String)]
    id: Id,
    /// all, money, identity, item.
    scope: &'static str,
    item: String,
    /// holder, hotline, clerk, officer, rule, mass.
    source: &'static str,
    reason: &'static str,
    words: String,
    at: String,
    /// When it lapses by itself.
    ends_at: Option<String>,
    looked_at: Option<String>,
    lifted_at: Option<String>,
}

fn body(freeze: Freeze) -> FreezeBody {
    FreezeBody {
        id: freeze.id,
        scope: freeze.scope.code(),
        item: freeze.scope.item().to_owned(),
        source: freeze.source.code(),
        reason: freeze.reason.code(),
        words: freeze.words,
        at: freeze.at.rfc3339(),
        ends_at: freeze.ends_at.map(|at| at.rfc3339()),
        looked_at: freeze.looked_at.map(|at| at.rfc3339()),
        lifted_at: freeze.lifted_at.map(|at| at.rfc3339()),
    }
}

/// What is to be frozen, and why.
#[derive(Deserialize, utoipa::ToSchema)]
struct FreezeAsked {
    /// all, money, identity, item.
    scope: String,
    #[serde(default)]
    item: String,
    reason: String,
    words: String,
    #[serde(default)]
    evidence: String,
}

impl FreezeAsked {
    fn wanted(&self) -> Result<Wanted, Problem> {
        let scope = (self.scope.as_str(), self.item.as_str());
        Wanted::parse(scope, &self.reason, &self.words, &self.evidence)
    }
}

/// The holder's own freezes.
#[utoipa::path(get, path = "/api/v1/me/freezes", tag = "safety",
    responses((status = 200, body = Vec<FreezeBody>)))]
async fn own(State(app): State<App>, actor: Actor) -> Result<Json<Vec<FreezeBody>>, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let found = service::of_person(&app, &actor, person).await?;
    Ok(Json(found.into_iter().map(body).collect()))
}

/// The holder freezes his card (Art. 20).
#[utoipa::path(post, path = "/api/v1/me/freezes", tag = "safety", request_body = FreezeAsked,
    responses((status = 200, body = FreezeBody)))]
async fn freeze_own(
    State(app): State<App>,
    actor: Actor,
    Json(asked): Json<FreezeAsked>,
) -> Result<Json<FreezeBody>, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let wanted = asked.wanted()?;
    let made = service::freeze(&app, &actor, Source::Holder, person, wanted).await?;
    Ok(Json(body(made)))
}

/// A person's freezes; the look is on record.
#[utoipa::path(get, path = "/api/v1/people/{person}/freezes", tag = "safety",
    params(("person" = String, Path)), responses((status = 200, body = Vec<FreezeBody>)))]
async fn of_person(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
) -> Result<Json<Vec<FreezeBody>>, Problem> {
    let found = service::of_person(&app, &actor, id_of(&person)?).await?;
    Ok(Json(found.into_iter().map(body).collect()))
}

/// A clerk or an officer freezes a person's card (Art. 20).
#[utoipa::path(post, path = "/api/v1/people/{person}/freezes", tag = "safety",
    params(("person" = String, Path)), request_body = FreezeAsked,
    responses((status = 200, body = FreezeBody)))]
async fn freeze(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
    Json(asked): Json<FreezeAsked>,
) -> Result<Json<FreezeBody>, Problem> {
    let clerk = matches!(actor.role, Role::Clerk | Role::OutletManager);
    let source = if clerk { Source::Clerk } else { Source::Officer };
    let (person, wanted) = (id_of(&person)?, asked.wanted()?);
    Ok(Json(body(service::freeze(&app, &actor, source, person, wanted).await?)))
}

/// What a clerk saw.
#[derive(Deserialize, utoipa::ToSchema)]
struct ThawAsked {
    /// The holder's document, in words.
    proof: String,
}

/// A clerk ends a freeze after he saw the holder's document (Art. 20); one of an officer needs two.
#[utoipa::path(post, path = "/api/v1/people/{person}/freezes/{id}/thaw", tag = "safety",
    params(("person" = String, Path), ("id" = String, Path)), request_body = ThawAsked,
    responses((status = 200)))]
async fn thaw(
    State(app): State<App>,
    actor: Actor,
    Path((person, id)): Path<(String, String)>,
    Json(asked): Json<ThawAsked>,
) -> Result<Json<serde_json::Value>, Problem> {
    let (person, id) = (id_of(&person)?, id_of(&id)?);
    super::thaw_at_desk(&app, &actor, person, id, &asked.proof).await?;
    Ok(Json(serde_json::json!({ "thawed": true })))
}

/// The second look.
#[derive(Deserialize, utoipa::ToSchema)]
struct LookAsked {
    /// Whether it stays; else it ends.
    uphold: bool,
    note: String,
}

/// Another officer looks at a freeze (Art. 25).
#[utoipa::path(post, path = "/api/v1/freezes/{id}/look", tag = "safety",
    params(("id" = String, Path)), request_body = LookAsked, responses((status = 200)))]
async fn look(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(asked): Json<LookAsked>,
) -> Result<Json<serde_json::Value>, Problem> {
    service::look(&app, &actor, id_of(&id)?, asked.uphold, &asked.note).await?;
    Ok(Json(serde_json::json!({ "upheld": asked.uphold })))
}
