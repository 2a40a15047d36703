//! Questions for programs: one person, a set, a file.

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{FileBody, Json, Path, Query, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::batch;
use super::rules::Ask;
use super::service::{self, Answer};
use crate::agreements::rules::Refused;

const PROGRAMS: Access = Access::Roles(&[Role::DepartmentOfficer]);
const TRACERS: Access = Access::Roles(&[Role::MunicipalApprover, Role::Auditor]);

pub(super) fn routes() -> Routes {
    Routes::new("sharing")
        .api(PROGRAMS, &[18, 19], routes!(query))
        .api(PROGRAMS, &[18, 19], routes!(take))
        .api(PROGRAMS, &[18], routes!(progress))
        .api(PROGRAMS, &[18, 19], routes!(result))
        .api(TRACERS, &[19], routes!(trace))
        .bodies(batch::LARGEST)
}

/// Asks about one person or a set, under an agreement. Each person gets a journal entry in the same
/// transaction; without it nothing is answered.
#[utoipa::path(post, path = "/api/v1/sharing/query", tag = "sharing", request_body = Ask,
    responses((status = 200, body = Answer), (status = 403, description = "outside the agreement"),
              (status = 429, description = "the day's volume is spent")))]
async fn query(
    State(app): State<App>,
    actor: Actor,
    Json(ask): Json<Ask>,
) -> Result<Json<Answer>, Problem> {
    Ok(Json(service::query(&app, &actor, ask).await?))
}

/// What a file is asked under.
#[derive(Deserialize, utoipa::IntoParams)]
struct Terms {
    /// Id of the agreement.
    agreement: String,
    /// Code of the agreed purpose.
    purpose: String,
    /// Number of the case.
    case_no: String,
    /// Officer who needs it.
    officer: String,
    /// Another officer who agrees.
    #[serde(default)]
    second_officer: String,
}

/// How a batch stands.
#[derive(Serialize, utoipa::ToSchema)]
struct Progress {
    #[schema(value_type = String)]
    id: Id,
    /// `open`, `done` or `failed`.
    state: String,
    done: i64,
    total: i64,
    /// Code of the refusal that stopped it.
    problem: String,
}

async fn standing(app: &App, actor: &Actor, id: Id) -> Result<Json<Progress>, Problem> {
    let b = batch::state(app, actor, id).await?;
    Ok(Json(Progress { id, state: b.state, done: b.done, total: b.total, problem: b.problem }))
}

/// Sends a CSV (`ref,number`) of up to 20,000 lines; it is answered in the background.
#[utoipa::path(post, path = "/api/v1/sharing/batches", tag = "sharing", params(Terms),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = Progress)))]
async fn take(
    State(app): State<App>,
    actor: Actor,
    Query(terms): Query<Terms>,
    file: FileBody,
) -> Result<Json<Progress>, Problem> {
    let ask = Ask {
        request_id: "batch-file".to_owned(),
        agreement: terms.agreement.parse().map_err(|_| Refused::NotYourAgreement)?,
        purpose: terms.purpose,
        case_no: terms.case_no,
        officer: terms.officer,
        second_officer: terms.second_officer,
        fields: Vec::new(),
        persons: Vec::new(),
    };
    let id = batch::take(&app, &actor, ask, &file.bytes).await?;
    standing(&app, &actor, id).await
}

fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// How far a batch is.
#[utoipa::path(get, path = "/api/v1/sharing/batches/{id}", tag = "sharing",
    params(("id" = String, Path)), responses((status = 200, body = Progress)))]
async fn progress(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<Progress>, Problem> {
    standing(&app, &actor, id_of(&id)?).await
}

/// An answer that only its recipient opens.
#[derive(Serialize, utoipa::ToSchema)]
struct Sealed {
    /// `yikatong-sealed-1`.
    format: &'static str,
    /// Id of the batch: the additional data of SM4-GCM.
    #[schema(value_type = String)]
    context: Id,
    /// The SM4 key under the recipient's SM2 key (GB/T 35276), base 64.
    wrapped_key: String,
    /// Nonce of 12 bytes, ciphertext, tag of 16 bytes, base 64.
    body: String,
}

/// The answer of a finished batch.
#[utoipa::path(get, path = "/api/v1/sharing/batches/{id}/result", tag = "sharing",
    params(("id" = String, Path)), responses((status = 200, body = Sealed)))]
async fn result(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<Sealed>, Problem> {
    let id = id_of(&id)?;
    let sealed = batch::result(&app, &actor, id).await?;
    Ok(Json(Sealed {
        format: "yikatong-sealed-1",
        context: id,
        wrapped_key: STANDARD.encode(sealed.wrapped),
        body: STANDARD.encode(sealed.body),
    }))
}

/// Pseudonyms of a list that turned up somewhere, in its order.
#[derive(Deserialize, utoipa::ToSchema)]
struct Leak {
    rows: Vec<String>,
}

/// How well an export fits a list.
#[derive(Serialize, utoipa::ToSchema)]
struct Fit {
    #[schema(value_type = String)]
    batch: Id,
    #[schema(value_type = String)]
    agreement: Id,
    /// Neighbours in this export's order.
    in_order: usize,
    /// All neighbours; a list that is not this export's has about half of them in order.
    pairs: usize,
}

/// Which export a list in its original order comes from.
#[utoipa::path(post, path = "/api/v1/sharing/trace", tag = "sharing", request_body = Leak,
    responses((status = 200, body = [Fit])))]
async fn trace(
    State(app): State<App>,
    actor: Actor,
    Json(leak): Json<Leak>,
) -> Result<Json<Vec<Fit>>, Problem> {
    let rows = leak.rows.into_iter().take(batch::MOST_LINES).collect();
    let fits = batch::trace(&app, &actor, rows).await?.into_iter();
    let fit = |(batch, agreement, in_order, pairs)| Fit { batch, agreement, in_order, pairs };
    Ok(Json(fits.map(fit).collect()))
}
