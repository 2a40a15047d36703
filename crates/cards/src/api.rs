//! Cards for programs.

mod life;
mod relatives;

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use crate::rules::{Card, Command};
use crate::service;
use crate::store::ECard;

/// Who works with cards at a counter.
pub(crate) const DESK: Access = Access::Roles(&[Role::Clerk, Role::OutletManager]);

pub(crate) fn routes() -> Routes {
    Routes::new("cards")
        .api(DESK, &[5, 12], routes!(apply))
        .api(DESK, &[11], routes!(produce))
        .api(DESK, &[11], routes!(hand_over))
        .api(DESK, &[2, 5, 11], routes!(activate))
        .api(DESK, &[11], routes!(cards))
        .merge(life::routes())
        .merge(relatives::routes())
}

/// A physical card.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CardBody {
    /// Id.
    #[schema(value_type = String)]
    id: Id,
    /// `ordered`, `withdrawn`, `produced`, `handed-over`, `active`, `replaced`, `cancelled`,
    /// `destroyed`.
    stage: &'static str,
    /// Social-security function: `off`, `on`, `lost-temporarily`, `lost`, `locked`, `ended`.
    social: &'static str,
    /// Financial function, with the same states.
    financial: &'static str,
    /// Electronic card: `off`, `on`, `suspended`, `ended`.
    electronic: &'static str,
    /// When a temporary loss lapses (RFC 3339).
    loss_until: Option<String>,
    /// Why it was applied for.
    cause: &'static str,
    /// Number on the card, once made.
    card_no: Option<String>,
    /// Last day of validity, once made.
    expires_on: Option<String>,
}

/// The person's cards.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CardsBody {
    /// The living physical card.
    card: Option<CardBody>,
    /// The card that will take its place.
    coming: Option<CardBody>,
    /// Identifier of the electronic card's certificate (GB/T 36904), once issued.
    certificate: Option<String>,
}

fn body(card: &Card) -> CardBody {
    CardBody {
        id: card.id,
        stage: card.stage.code(),
        social: card.clocks.social.code(),
        financial: card.clocks.financial.code(),
        electronic: card.clocks.electronic.code(),
        loss_until: card.loss_until.map(kernel::time::Utc::rfc3339),
        cause: card.cause.code(),
        card_no: card.card_no.clone(),
        expires_on: card.expires_on.map(day_text),
    }
}

fn person(id: &str) -> Result<Id, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// Guardian of a person under 16.
#[derive(Deserialize, utoipa::ToSchema)]
struct ApplyBody {
    /// Name and document number of the guardian; empty for others.
    #[serde(default)]
    guardian: String,
}

/// Applies for the physical and the electronic card together (Art. 5, 12).
#[utoipa::path(post, path = "/api/v1/people/{person}/card", tag = "cards", request_body = ApplyBody,
    params(("person" = String, Path)), responses((status = 200, body = CardBody),
        (status = 409, description = "refused, e.g. one person one card (Art. 5)")))]
async fn apply(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<ApplyBody>,
) -> Result<Json<CardBody>, Problem> {
    let command = Command::Apply { guardian: form.guardian };
    Ok(Json(body(&service::perform(&app, &actor, person(&id)?, command).await?)))
}

/// Makes the card at the counter (instant issue).
#[utoipa::path(post, path = "/api/v1/people/{person}/card/produce", tag = "cards",
    params(("person" = String, Path)), responses((status = 200, body = CardBody)))]
async fn produce(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<CardBody>, Problem> {
    Ok(Json(body(&service::perform(&app, &actor, person(&id)?, Command::Produce).await?)))
}

/// Who took the card.
#[derive(Deserialize, utoipa::ToSchema)]
struct HandOverBody {
    /// Name on the document shown.
    to: String,
}

/// Hands the card over.
#[utoipa::path(post, path = "/api/v1/people/{person}/card/hand-over", tag = "cards",
    request_body = HandOverBody, params(("person" = String, Path)),
    responses((status = 200, body = CardBody)))]
async fn hand_over(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<HandOverBody>,
) -> Result<Json<CardBody>, Problem> {
    let command = Command::HandOver { to: form.to };
    Ok(Json(body(&service::perform(&app, &actor, person(&id)?, command).await?)))
}

/// The holder's choice of a password.
#[derive(Deserialize, utoipa::ToSchema)]
struct ActivateBody {
    /// At least 6 characters.
    password: String,
}

/// Activates the card and issues the electronic card in the same act (Art. 2, 5).
#[utoipa::path(post, path = "/api/v1/people/{person}/card/activate", tag = "cards",
    request_body = ActivateBody, params(("person" = String, Path)),
    responses((status = 200, body = CardBody)))]
async fn activate(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<ActivateBody>,
) -> Result<Json<CardBody>, Problem> {
    let command = Command::Activate { password: form.password };
    Ok(Json(body(&service::perform(&app, &actor, person(&id)?, command).await?)))
}

/// A person's cards.
#[utoipa::path(get, path = "/api/v1/people/{person}/card", tag = "cards",
    params(("person" = String, Path)), responses((status = 200, body = CardsBody)))]
async fn cards(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<CardsBody>, Problem> {
    let glance = service::glance(&app, &actor, person(&id)?).await?;
    let certificate = |ecard: &ECard| ecard.certificate.clone();
    Ok(Json(CardsBody {
        card: glance.card.as_ref().map(body),
        coming: glance.coming.as_ref().map(body),
        certificate: glance.ecard.as_ref().and_then(certificate),
    }))
}
