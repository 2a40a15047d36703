//! Relatives and people whom a holder acts for, for programs on his phone.

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::{CardBody, body, person};
use crate::service::entrusted;
use crate::service::relatives::{self, ForRelative};

const HOLDER: Access = Access::Roles(&[Role::Holder]);

pub(super) fn routes() -> Routes {
    Routes::new("cards")
        .api(HOLDER, &[5, 12, 15], routes!(mine))
        .api(HOLDER, &[5, 11, 12], routes!(for_relative))
        .api(HOLDER, &[12, 15], routes!(whom))
        .api(HOLDER, &[5, 11, 12], routes!(as_agent))
}

/// Somebody whose card the holder keeps, or for whom he acts.
#[derive(Serialize, utoipa::ToSchema)]
struct OtherBody {
    /// His id.
    #[schema(value_type = String)]
    person: Id,
    /// His name; masked when the holder may not enquire.
    name: String,
    /// What the holder is to him; empty for relatives of the family service.
    relation: String,
    /// Codes of what the holder may do for him.
    acts: Vec<&'static str>,
    /// His card, when the holder may see it.
    card: Option<CardBody>,
}

/// What a holder does for somebody else.
#[derive(Deserialize, utoipa::ToSchema)]
struct ForOtherBody {
    /// `apply` or `lose`.
    act: String,
    /// Outlet at which the card is collected, for `apply`.
    #[serde(default)]
    outlet: String,
}

impl ForOtherBody {
    fn what(&self) -> Result<ForRelative, Problem> {
        match self.act.as_str() {
            "apply" => Ok(ForRelative::Apply(person(&self.outlet)?)),
            "lose" => Ok(ForRelative::Lose),
            _ => Err(Problem::not_found()),
        }
    }
}

/// Relatives of the family service with their cards; each look is journalled.
#[utoipa::path(get, path = "/api/v1/me/relatives", tag = "cards",
    responses((status = 200, body = Vec<OtherBody>)))]
async fn mine(State(app): State<App>, actor: Actor) -> Result<Json<Vec<OtherBody>>, Problem> {
    let one = |relative: relatives::Relative| OtherBody {
        person: relative.person,
        acts: if relative.as_guardian { vec!["apply", "loss"] } else { vec!["loss"] },
        card: relative.held.living.as_ref().map(body),
        name: relative.name,
        relation: String::new(),
    };
    Ok(Json(relatives::list(&app, &actor).await?.into_iter().map(one).collect()))
}

/// Applies for a child, or reports a relative's card lost (Art. 5, 11).
#[utoipa::path(post, path = "/api/v1/me/relatives/{person}", tag = "cards", request_body = ForOtherBody,
    params(("person" = String, Path)), responses((status = 200, body = CardBody),
        (status = 403, description = "not linked, or no guardian")))]
async fn for_relative(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<ForOtherBody>,
) -> Result<Json<CardBody>, Problem> {
    Ok(Json(body(&relatives::act(&app, &actor, person(&id)?, form.what()?).await?)))
}

/// People whom the holder acts for as agent or guardian (代办); each look is journalled.
#[utoipa::path(get, path = "/api/v1/me/entrusted", tag = "cards",
    responses((status = 200, body = Vec<OtherBody>)))]
async fn whom(State(app): State<App>, actor: Actor) -> Result<Json<Vec<OtherBody>>, Problem> {
    let one = |one: entrusted::Entrusted| OtherBody {
        person: one.person,
        name: one.name,
        relation: one.relation,
        acts: one.acts.iter().map(|act| act.code()).collect(),
        card: one.held.and_then(|held| held.living.as_ref().map(body)),
    };
    Ok(Json(entrusted::list(&app, &actor).await?.into_iter().map(one).collect()))
}

/// Applies for a card or reports one lost, within the authorisation (Art. 12).
#[utoipa::path(post, path = "/api/v1/me/entrusted/{person}", tag = "cards", request_body = ForOtherBody,
    params(("person" = String, Path)), responses((status = 200, body = CardBody),
        (status = 403, description = "not a representative, or beyond the authorisation")))]
async fn as_agent(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<ForOtherBody>,
) -> Result<Json<CardBody>, Problem> {
    Ok(Json(body(&entrusted::act(&app, &actor, person(&id)?, form.what()?).await?)))
}
