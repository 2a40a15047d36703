//! A person's rights over his data for programs.

use axum::extract::State as AppState;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::service::{self, Asking, Step};
use super::store::{self, Request};

const HOLDER: Access = Access::Roles(&[Role::Holder]);
/// Who answers.
pub(super) const OFFICERS: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover];
const OFFICER: Access = Access::Roles(OFFICERS);

pub(super) fn routes() -> Routes {
    Routes::new("sharing")
        .api(HOLDER, &[18, 19], routes!(own, ask))
        .api(OFFICER, &[19], routes!(open))
        .api(OFFICER, &[19], routes!(answer))
}

/// A request.
#[derive(Serialize, utoipa::ToSchema)]
struct RequestBody {
    #[schema(value_type = String)]
    id: Id,
    /// `copy`, `correction`, `deletion`, `restriction` or `explanation`.
    kind: &'static str,
    about: String,
    words: String,
    /// `asked`, `taken`, `granted`, `refused` or `withdrawn`.
    state: &'static str,
    /// Last day of an answer.
    due: String,
    answer: String,
    /// Legal ground of a refusal.
    ground: String,
}

fn body(one: Request) -> RequestBody {
    RequestBody {
        id: one.id,
        kind: one.kind.code(),
        about: one.about,
        words: one.words,
        state: one.state.code(),
        due: day_text(one.due),
        answer: one.answer,
        ground: one.ground,
    }
}

/// The caller's requests about his data, newest first.
#[utoipa::path(get, path = "/api/v1/me/rights", tag = "rights",
    responses((status = 200, body = [RequestBody])))]
async fn own(
    AppState(app): AppState<App>,
    actor: Actor,
) -> Result<Json<Vec<RequestBody>>, Problem> {
    let person = actor.person.ok_or_else(Problem::forbidden)?;
    let found = app.db.read(move |tx| store::of(tx, person)).await?;
    Ok(Json(found.into_iter().map(body).collect()))
}

/// What is asked for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AskBody {
    kind: String,
    /// Key of a holding (`phone`, `address` …), or what it is about.
    #[serde(default)]
    about: String,
    #[serde(default)]
    words: String,
}

/// Id of what was made.
#[derive(Serialize, utoipa::ToSchema)]
struct Made {
    #[schema(value_type = String)]
    id: Id,
}

/// Asks for a correction, deletion, restriction or explanation (PIPL 44–48).
#[utoipa::path(post, path = "/api/v1/me/rights", tag = "rights", request_body = AskBody,
    responses((status = 200, body = Made)))]
async fn ask(
    AppState(app): AppState<App>,
    actor: Actor,
    Json(asked): Json<AskBody>,
) -> Result<Json<Made>, Problem> {
    let AskBody { kind, about, words } = asked;
    let id = service::ask(&app, &actor, &Asking { kind, about, words }).await?;
    Ok(Json(Made { id }))
}

/// Open requests by their day.
#[utoipa::path(get, path = "/api/v1/rights", tag = "rights",
    responses((status = 200, body = [RequestBody])))]
async fn open(AppState(app): AppState<App>) -> Result<Json<Vec<RequestBody>>, Problem> {
    let found = app.db.read(store::open).await?;
    Ok(Json(found.into_iter().map(body).collect()))
}

/// An answer.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    /// `take`, `grant` or `refuse`.
    step: String,
    #[serde(default)]
    words: String,
    /// Legal ground, for a refusal.
    #[serde(default)]
    ground: String,
}

/// Takes, grants or refuses a request; a granted deletion is carried out at once.
#[utoipa::path(post, path = "/api/v1/rights/{id}/steps", tag = "rights",
    params(("id" = String, Path)), request_body = AnswerBody, responses((status = 204)))]
async fn answer(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(body): Json<AnswerBody>,
) -> Result<axum::http::StatusCode, Problem> {
    let id: Id = id.parse().map_err(|_| Problem::not_found())?;
    service::answer(&app, &actor, id, step(&body.step, body.words, body.ground)?).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// The step that is meant.
pub(super) fn step(code: &str, words: String, ground: String) -> Result<Step, Problem> {
    match code {
        "take" => Ok(Step::Take),
        "grant" => Ok(Step::Grant(words)),
        "refuse" => Ok(Step::Refuse(words, ground)),
        _ => {
            let text = kernel::law::Text::new("没有这个办理动作", "No such step");
            Err(Problem::field("step", text))
        }
    }
}
