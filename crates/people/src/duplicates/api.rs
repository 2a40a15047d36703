//! The queue of duplicates for programs.

use axum::Extension;
use axum::extract::State;
use kernel::actor::Actor;
use kernel::http::{Json, Path, Query, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::merge::{self, HasCard};
use super::pages::REVIEW;
use super::rules::State as Stage;
use super::service;
use super::store::Finding;
use crate::api::PersonBody;
use crate::show::parse;

pub(crate) fn routes(has_card: HasCard) -> Routes {
    Routes::new("people")
        .api(REVIEW, &[5], routes!(queue))
        .api(REVIEW, &[5, 19], routes!(review))
        .api(REVIEW, &[5, 25], routes!(act))
        .share(has_card)
}

/// Two records that may be one person.
#[derive(Serialize, utoipa::ToSchema)]
struct FindingBody {
    /// Its id.
    #[schema(value_type = String)]
    id: Id,
    /// The older record.
    #[schema(value_type = String)]
    low: Id,
    /// The younger record.
    #[schema(value_type = String)]
    high: Id,
    /// Code of the rule that found it.
    ground: &'static str,
    /// `open`, `different`, `proposed`, `merged` or `undo-proposed`.
    state: &'static str,
    /// When, RFC 3339.
    found_at: String,
    /// What whoever decided said.
    note: String,
    /// Who decided last.
    decided_by: String,
}

fn body(one: &Finding) -> FindingBody {
    FindingBody {
        id: one.id,
        low: one.low,
        high: one.high,
        ground: one.ground.code(),
        state: one.state.code(),
        found_at: one.found_at.rfc3339(),
        note: one.note.clone(),
        decided_by: one.decided_by.clone(),
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
struct Wanted {
    /// State; `open` when left out.
    #[serde(default)]
    state: String,
    /// Id after which to go on.
    #[serde(default)]
    after: String,
}

/// Lists findings of a state, oldest first, 50 at a time.
#[utoipa::path(get, path = "/api/v1/duplicates", tag = "people", params(Wanted),
    responses((status = 200, body = Vec<FindingBody>)))]
async fn queue(
    State(app): State<App>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Vec<FindingBody>>, Problem> {
    let state = match wanted.state.as_str() {
        "" => Stage::Open,
        code => Stage::from_code(code).ok_or_else(Problem::not_found)?,
    };
    let after = if wanted.after.is_empty() { Id(0) } else { parse(&wanted.after)? };
    let found = service::queue(&app, state, after).await?;
    Ok(Json(found.iter().map(body).collect()))
}

/// A finding with both records side by side.
#[derive(Serialize, utoipa::ToSchema)]
struct ReviewBody {
    /// The finding.
    finding: FindingBody,
    /// The older record.
    low: PersonBody,
    /// The younger record.
    high: PersonBody,
}

/// Shows both records of a finding; the look is journalled for both.
#[utoipa::path(get, path = "/api/v1/duplicates/{id}", tag = "people",
    responses((status = 200, body = ReviewBody)))]
async fn review(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<ReviewBody>, Problem> {
    let (finding, low, high) = service::side_by_side(&app, &actor, parse(&id)?).await?;
    let (low, high) = (PersonBody::of(&low), PersonBody::of(&high));
    Ok(Json(ReviewBody { finding: body(&finding), low, high }))
}

/// What to do about a finding.
#[derive(Deserialize, utoipa::ToSchema)]
pub(crate) struct Act {
    /// `different`, `merge`, `undo`; of a proposal of somebody else: `yes` or `no`.
    pub(crate) act: String,
    /// Which record lives on, for `merge`.
    #[serde(default)]
    pub(crate) survivor: String,
    /// Why.
    #[serde(default)]
    pub(crate) note: String,
}

/// Carries out what a reviewer chose, on page or by program.
pub(crate) async fn carry_out(
    app: &App,
    actor: &Actor,
    id: Id,
    sent: &Act,
    has_card: HasCard,
) -> Result<(), Problem> {
    let note = sent.note.as_str();
    match sent.act.as_str() {
        "different" => merge::different(app, actor, id, note).await,
        "merge" => {
            let survivor = parse(&sent.survivor)?;
            merge::propose(app, actor, id, survivor, note, has_card).await
        }
        "undo" => merge::propose_undo(app, actor, id, note).await,
        "yes" | "no" => {
            let yes = sent.act == "yes";
            merge::decide(app, actor, id, yes, note, has_card).await.map(drop)
        }
        _ => Err(Problem::not_found()),
    }
}

/// Decides about a finding: two people, or one (Art. 5). A merge and its undo each take two officials.
#[utoipa::path(post, path = "/api/v1/duplicates/{id}", tag = "people", request_body = Act,
    responses((status = 200, body = FindingBody),
        (status = 409, description = "both have a card, a freeze is in force, or another step")))]
async fn act(
    State(app): State<App>,
    Extension(has_card): Extension<HasCard>,
    actor: Actor,
    Path(id): Path<String>,
    Json(sent): Json<Act>,
) -> Result<Json<FindingBody>, Problem> {
    let id = parse(&id)?;
    carry_out(&app, &actor, id, &sent, has_card).await?;
    let (finding, ..) = service::side_by_side(&app, &actor, id).await?;
    Ok(Json(body(&finding)))
}
