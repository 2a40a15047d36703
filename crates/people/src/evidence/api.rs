//! The vault for programs.

use axum::extract::State;
use axum::response::Response;
use kernel::actor::Actor;
use kernel::http::{FileBody, Json, Path, Query, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::rules::{EvidenceKind, LARGEST, Refused};
use super::service::{self, NewEvidence};
use super::store::Evidence;
use crate::api::DESK;
use crate::show::{file, parse};

pub(crate) fn routes() -> Routes {
    Routes::new("people")
        .api(DESK, &[12], routes!(take))
        .bodies(LARGEST + 1024)
        .api(DESK, &[12, 19], routes!(list))
        .api(DESK, &[19], routes!(open))
}

/// A piece of evidence without its content.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EvidenceBody {
    /// Its id.
    #[schema(value_type = String)]
    pub id: Id,
    /// What it shows.
    pub kind: &'static str,
    /// Media type.
    pub media: &'static str,
    /// Bytes.
    pub size: i64,
    /// SM3 of the content, hexadecimal.
    pub sm3: String,
    /// Why it was taken.
    pub purpose: String,
    /// When, RFC 3339.
    pub taken_at: String,
    /// Last day of keeping.
    pub keep_until: String,
    /// Whether the content was deleted.
    pub removed: bool,
}

impl EvidenceBody {
    fn of(one: &Evidence) -> Self {
        Self {
            id: one.id,
            kind: one.kind.code(),
            media: one.media.code(),
            size: one.size,
            sm3: one.digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            purpose: one.purpose.clone(),
            taken_at: one.taken_at.rfc3339(),
            keep_until: kernel::time::day_text(one.keep_until),
            removed: one.removed_at.is_some(),
        }
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
struct Told {
    /// What it shows: `signature`, `guardian_proof`, …
    kind: String,
    /// Why it is taken.
    purpose: String,
}

/// Puts a file into the vault (Art. 12): the body is the file as it is.
#[utoipa::path(post, path = "/api/v1/people/{person}/evidence", tag = "people", params(Told),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = EvidenceBody), (status = 413, description = "too large"),
        (status = 415, description = "neither PNG, JPEG nor PDF")))]
async fn take(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
    Query(told): Query<Told>,
    body: FileBody,
) -> Result<Json<EvidenceBody>, Problem> {
    let kind = EvidenceKind::from_code(&told.kind).ok_or(Refused::Missing)?;
    let new = NewEvidence { kind, purpose: told.purpose, bytes: body.bytes };
    let one = service::take(&app, &actor, parse(&person)?, new).await?;
    Ok(Json(EvidenceBody::of(&one)))
}

/// Lists a person's evidence.
#[utoipa::path(get, path = "/api/v1/people/{person}/evidence", tag = "people",
    responses((status = 200, body = Vec<EvidenceBody>)))]
async fn list(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
) -> Result<Json<Vec<EvidenceBody>>, Problem> {
    let all = service::list(&app, &actor, parse(&person)?).await?;
    Ok(Json(all.iter().map(EvidenceBody::of).collect()))
}

/// Hands over the content of a piece.
#[utoipa::path(get, path = "/api/v1/people/{person}/evidence/{id}", tag = "people",
    responses((status = 200, description = "the file"), (status = 410, description = "deleted")))]
async fn open(
    State(app): State<App>,
    actor: Actor,
    Path((person, id)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (one, content) = service::open(&app, &actor, parse(&person)?, parse(&id)?).await?;
    Ok(file(&one, content))
}
