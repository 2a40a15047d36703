//! Production for programs: batches, their files, and the answers of partners.

use axum::extract::State;
use axum::response::Response;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{FileBody, Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::files::MOST_BYTES;
use super::pages::attachment;
use super::rules::Stage;
use super::service::answers::{self, Outcome};
use super::service::batches::Scope;
use super::service::{self, reach};
use super::store::batches::{self as store, Batch, Reach};
use super::store::files as file_store;

const WORKERS: Access = super::pages::WORKERS;
/// Workers, and the bank for the files of its own stage.
const PARTNERS: Access = Access::Roles(&[
    Role::Clerk,
    Role::OutletManager,
    Role::DistrictOfficer,
    Role::MunicipalOfficer,
    Role::Bank,
]);

pub(crate) fn routes() -> Routes {
    Routes::new("cards")
        .api(WORKERS, &[11], routes!(gather))
        .api(PARTNERS, &[10, 11], routes!(list))
        .api(WORKERS, &[11], routes!(send))
        .api(PARTNERS, &[10, 11, 19], routes!(files))
        .api(PARTNERS, &[10, 11, 19], routes!(download))
        .api(PARTNERS, &[10, 11], routes!(answer))
        .bodies(MOST_BYTES)
}

/// A batch.
#[derive(Serialize, utoipa::ToSchema)]
struct BatchBody {
    /// Its number.
    #[schema(value_type = String)]
    id: Id,
    /// Name of its outlet, district or unit.
    name: String,
    /// `bank`, `factory`, `keys`, `outlet`.
    stage: &'static str,
    /// `waiting`, `out`, `done`.
    state: &'static str,
    /// Number of cards.
    lines: i64,
    /// Day and time by which the stage should be done, RFC 3339.
    due_at: String,
}

fn body(batch: &Batch) -> BatchBody {
    BatchBody {
        id: batch.id,
        name: batch.name.clone(),
        stage: batch.stage.code(),
        state: batch.state.code(),
        lines: batch.lines,
        due_at: batch.due_at.rfc3339(),
    }
}

fn parse(id: &str) -> Result<Id, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// Which ordered cards to gather: of one outlet, one district, or a unit's people.
#[derive(Deserialize, utoipa::ToSchema)]
struct GatherBody {
    /// Outlet; the caller's own when all three are left out.
    #[schema(value_type = Option<String>)]
    outlet: Option<Id>,
    /// Division (GB/T 2260).
    division: Option<String>,
    /// Name of a unit, with `numbers`.
    unit: Option<String>,
    /// Person numbers of the unit's people.
    #[serde(default)]
    numbers: Vec<String>,
    /// The bank that opens the accounts.
    #[schema(value_type = Option<String>)]
    bank: Option<Id>,
}

/// Gathers ordered cards into a batch.
#[utoipa::path(post, path = "/api/v1/production/batches", tag = "production",
    request_body = GatherBody, responses((status = 200, body = BatchBody),
        (status = 409, description = "nothing waits there")))]
async fn gather(
    State(app): State<App>,
    actor: Actor,
    Json(form): Json<GatherBody>,
) -> Result<Json<BatchBody>, Problem> {
    let scope = match (form.outlet, form.division, form.unit) {
        (Some(outlet), None, None) => Scope::Outlet(outlet),
        (None, Some(division), None) => Scope::District(division),
        (None, None, Some(name)) => Scope::Unit { name, numbers: form.numbers },
        _ => Scope::Outlet(actor.org.ok_or_else(Problem::forbidden)?),
    };
    Ok(Json(body(&service::batches::gather(&app, &actor, scope, form.bank).await?)))
}

/// Batches within reach, those with work left first. A bank sees its own.
#[utoipa::path(get, path = "/api/v1/production/batches", tag = "production",
    responses((status = 200, body = Vec<BatchBody>)))]
async fn list(State(app): State<App>, actor: Actor) -> Result<Json<Vec<BatchBody>>, Problem> {
    let reach = reach(&actor)?;
    let batches = app.db.read(move |tx| store::list(tx, &reach, 500)).await?;
    Ok(Json(batches.iter().map(body).collect()))
}

/// Sends a batch to its stage.
#[utoipa::path(post, path = "/api/v1/production/batches/{code}/send", tag = "production",
    params(("code" = String, Path, description = "number of the batch")),
    responses((status = 200, body = BatchBody), (status = 409, description = "it is out already")))]
async fn send(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<BatchBody>, Problem> {
    Ok(Json(body(&service::batches::send(&app, &actor, parse(&id)?).await?)))
}

/// A file of a batch.
#[derive(Serialize, utoipa::ToSchema)]
struct FileItem {
    /// Its id.
    #[schema(value_type = String)]
    id: Id,
    /// Name under which it is exchanged.
    name: String,
    /// `bank`, `factory`, `keys`, `outlet`.
    stage: &'static str,
    /// `out` or `back`.
    direction: String,
    /// `kept` or `refused`.
    state: String,
    /// Number of lines.
    lines: i64,
}

/// Files of a batch; a bank sees those of its stage.
#[utoipa::path(get, path = "/api/v1/production/batches/{code}/files", tag = "production",
    params(("code" = String, Path, description = "number of the batch")),
    responses((status = 200, body = Vec<FileItem>)))]
async fn files(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<Vec<FileItem>>, Problem> {
    let (reach, id) = (reach(&actor)?, parse(&id)?);
    let found = app
        .db
        .read(move |tx| {
            let batch = store::by_id(tx, id)?.ok_or_else(Problem::not_found)?;
            let mut files = file_store::of_batch(tx, id)?;
            match &reach {
                Reach::Bank(bank) if batch.bank == Some(*bank) => {
                    files.retain(|file| file.stage == Stage::Bank);
                }
                Reach::Outlet(outlet) if !service::manages(&reach, &batch) => {
                    files.retain(|file| file.part == *outlet);
                }
                reach if service::manages(reach, &batch) => {}
                _ => return Err(Problem::not_found()),
            }
            Ok(files)
        })
        .await?;
    let item = |file: &file_store::FileRecord| FileItem {
        id: file.id,
        name: file.name(),
        stage: file.stage.code(),
        direction: file.direction.clone(),
        state: file.state.clone(),
        lines: file.lines,
    };
    Ok(Json(found.iter().map(item).collect()))
}

/// The content of a file.
#[utoipa::path(get, path = "/api/v1/production/files/{code}", tag = "production",
    params(("code" = String, Path, description = "id of the file")),
    responses((status = 200, description = "the file", content_type = "application/octet-stream")))]
async fn download(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (record, content) = service::file(&app, &actor, parse(&id)?).await?;
    Ok(attachment(&record.name(), content))
}

/// What became of an answer.
#[derive(Serialize, utoipa::ToSchema)]
struct AnswerBody {
    /// `taken`, or `already` for a file that was taken before.
    result: &'static str,
    /// Lines that are good.
    good: usize,
    /// Lines that failed.
    failed: usize,
    /// Lines whose card was spoiled.
    spoiled: usize,
}

/// Takes the answer of a stage: the file as it is. With faults nothing of it is taken, and each is named.
#[utoipa::path(post, path = "/api/v1/production/batches/{code}/files", tag = "production",
    params(("code" = String, Path, description = "number of the batch")),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 200, body = AnswerBody),
        (status = 422, description = "faults, line by line; nothing was taken")))]
async fn answer(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    file: FileBody,
) -> Result<Json<AnswerBody>, Problem> {
    let outcome = answers::take(&app, &actor, file.bytes, Some(parse(&id)?)).await?.or_problem()?;
    let body = match outcome {
        Outcome::Taken { good, failed, spoiled, .. } => {
            AnswerBody { result: "taken", good, failed, spoiled }
        }
        _ => AnswerBody { result: "already", good: 0, failed: 0, spoiled: 0 },
    };
    Ok(Json(body))
}
