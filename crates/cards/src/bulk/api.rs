//! Bulk applications for programs: a unit's own system, or an outlet's.

use axum::extract::State as Shared;
use axum::response::Response;
use kernel::actor::Actor;
use kernel::http::{FileBody, Json, Path, Query, Routes};
use kernel::id::Id;
use kernel::law::Lang;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::report::{self, Report};
use super::service::{self, MOST_BYTES, Upload};
use super::store::{BulkJob, Counts};
use super::work;
use crate::api::DESK;

pub(super) fn routes() -> Routes {
    let uploads = Routes::new("cards").api(DESK, &[5, 12], routes!(upload)).bodies(MOST_BYTES);
    Routes::new("cards")
        .api(DESK, &[5, 12], routes!(look))
        .api(DESK, &[5, 12], routes!(confirm))
        .api(DESK, &[5, 12], routes!(cancel))
        .api(DESK, &[5, 12, 19], routes!(result))
        .merge(uploads)
}

/// How a file stands.
#[derive(Serialize, utoipa::ToSchema)]
pub struct BulkBody {
    /// Id.
    #[schema(value_type = String)]
    id: Id,
    /// The unit whose people they are.
    unit: String,
    /// `checking`, `waiting`, `running`, `done`, `cancelled`, `unreadable`.
    state: &'static str,
    /// Lines below the header, once checked.
    lines: i64,
    /// Lines that are done.
    done: i64,
    /// What would become of the lines, by code: `ready`, or why not.
    found: Counts,
    /// What became of the lines that are done, by code: `applied`, `registered`, or why not.
    counts: Counts,
    /// Why the file cannot be read.
    unreadable: Option<String>,
    /// The first lines that are not ready.
    faults: Vec<LineBody>,
}

/// A line that is not ready.
#[derive(Serialize, utoipa::ToSchema)]
struct LineBody {
    /// Line of the file.
    line: u64,
    /// Stable code.
    code: String,
    /// Why, and what to do.
    text: String,
}

fn body(job: BulkJob) -> BulkBody {
    let fault = |one: super::rules::Outcome| LineBody {
        line: one.line,
        code: one.code.into_owned(),
        text: one.zh,
    };
    BulkBody {
        id: job.id,
        unit: job.unit,
        state: job.state.code(),
        lines: job.lines,
        done: job.done,
        found: job.found.counts,
        counts: job.counts,
        unreadable: job.found.unreadable.map(|(zh, _)| zh),
        faults: job.found.faults.into_iter().map(fault).collect(),
    }
}

pub(super) fn parse(id: &str) -> Result<Id, Problem> {
    id.parse().map_err(|_| Problem::not_found())
}

/// What the file is.
#[derive(Deserialize, utoipa::IntoParams)]
struct About {
    /// The unit whose people they are.
    #[serde(default)]
    unit: String,
    /// Name of the file.
    #[serde(default)]
    name: String,
}

/// Sends a file (CSV or XLSX, up to 64 MiB). It is checked in the background; nothing is applied for
/// before it is confirmed.
#[utoipa::path(post, path = "/api/v1/bulk-applications", tag = "cards", params(About),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = BulkBody)))]
async fn upload(
    Shared(app): Shared<App>,
    actor: Actor,
    Query(about): Query<About>,
    file: FileBody,
) -> Result<Json<BulkBody>, Problem> {
    let content = Box::new(std::io::Cursor::new(file.bytes));
    let sent = Upload { unit: about.unit, file_name: about.name, content };
    let id = service::upload(&app, &actor, sent).await?;
    work::nudge(&app);
    Ok(Json(body(service::job(&app, &actor, id).await?)))
}

/// How a file stands.
#[utoipa::path(get, path = "/api/v1/bulk-applications/{job}", tag = "cards",
    params(("job" = String, Path)), responses((status = 200, body = BulkBody)))]
async fn look(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<BulkBody>, Problem> {
    Ok(Json(body(service::job(&app, &actor, parse(&id)?).await?)))
}

/// Begins to apply for the people of a checked file.
#[utoipa::path(post, path = "/api/v1/bulk-applications/{job}/confirm", tag = "cards",
    params(("job" = String, Path)), responses((status = 200, body = BulkBody),
        (status = 409, description = "not checked yet, or nobody is ready")))]
async fn confirm(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<BulkBody>, Problem> {
    let id = parse(&id)?;
    service::confirm(&app, &actor, id).await?;
    work::nudge(&app);
    Ok(Json(body(service::job(&app, &actor, id).await?)))
}

/// Stops a file after the set that is under way; what was applied for stays.
#[utoipa::path(post, path = "/api/v1/bulk-applications/{job}/cancel", tag = "cards",
    params(("job" = String, Path)), responses((status = 200, body = BulkBody),
        (status = 409, description = "it has ended")))]
async fn cancel(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<BulkBody>, Problem> {
    let id = parse(&id)?;
    service::cancel(&app, &actor, id).await?;
    Ok(Json(body(service::job(&app, &actor, id).await?)))
}

/// What became of each line, as CSV.
#[utoipa::path(get, path = "/api/v1/bulk-applications/{job}/result", tag = "cards",
    params(("job" = String, Path)),
    responses((status = 200, content_type = "text/csv", body = String)))]
async fn result(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let job = service::job(&app, &actor, parse(&id)?).await?;
    report::download(&app, &actor, job, Report::Result, Lang::Zh).await
}
