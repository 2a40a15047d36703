//! Joint outlets for programs: an outlet's own system writes cases and reads the answers.

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use people::evidence::rules::EvidenceKind;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::rules::{Answer, PAPER, PAPERS, Refused, Wanted};
use super::service::{self, Paper};
use super::store::Case;

pub(crate) const COUNTER: &[Role] = &[Role::Clerk, Role::OutletManager];
const DESK: Access = Access::Roles(COUNTER);

pub(crate) fn routes() -> Routes {
    Routes::new("regions")
        .api(DESK, &[11, 17, 23], routes!(send))
        .api(DESK, &[11], routes!(list))
        .api(DESK, &[11], routes!(one))
        .bodies(PAPERS * PAPER * 4 / 3 + 65_536)
}

/// A case for a holder of another region.
#[derive(Deserialize, utoipa::ToSchema)]
struct NewCase {
    /// Region that issues the holder's card: `510000`.
    region: String,
    /// What is wanted.
    #[serde(flatten)]
    wanted: Wanted,
    /// Scanned documents, up to 4 of 1 MB each.
    #[serde(default)]
    papers: Vec<NewPaper>,
}

/// A scanned document.
#[derive(Deserialize, utoipa::ToSchema)]
struct NewPaper {
    /// `document_front`, `signature`, …
    kind: String,
    /// JPEG, PNG or PDF in base64.
    content: String,
}

impl NewPaper {
    fn read(&self) -> Result<Paper, Problem> {
        let kind = EvidenceKind::from_code(&self.kind).ok_or(Refused::Papers)?;
        let bytes = BASE64.decode(&self.content).map_err(|_| Refused::Papers)?;
        Ok(Paper { kind, bytes })
    }
}

/// A case as its outlet sees it.
#[derive(Serialize, utoipa::ToSchema)]
struct CaseBody {
    /// Its id.
    case: String,
    /// Region that issues the holder's card.
    region: String,
    /// Code of the service.
    service: String,
    /// The holder's name, masked.
    name: String,
    /// `sent`, `done` or `refused`.
    state: String,
    /// When it was sent, RFC 3339.
    sent_at: String,
    /// When it should have ended.
    due_at: String,
    /// When it ended.
    closed_at: Option<String>,
    /// Whether it should have ended by now.
    late: bool,
    /// The home region's answer.
    answer: Option<Answer>,
}

fn body(case: &Case, answer: Option<Answer>) -> CaseBody {
    CaseBody {
        case: case.id.clone(),
        region: case.region.clone(),
        service: case.service.code().to_owned(),
        name: case.name.clone(),
        state: case.state.clone(),
        sent_at: case.sent_at.rfc3339(),
        due_at: case.due_at.rfc3339(),
        closed_at: case.closed_at.map(kernel::time::Utc::rfc3339),
        late: case.is_late(kernel::time::Utc::now()),
        answer,
    }
}

/// Writes a case of a joint outlet for a holder of another region (Art. 11). It travels sealed; the answer
/// is read under its id, in seconds when the line is good.
#[utoipa::path(post, path = "/api/v1/joint/cases", tag = "regions", request_body = NewCase,
    responses((status = 200, body = CaseBody), (status = 403, description = "no joint outlet")))]
async fn send(
    State(app): State<App>,
    actor: Actor,
    Json(new): Json<NewCase>,
) -> Result<Json<CaseBody>, Problem> {
    let papers = new.papers.iter().map(NewPaper::read).collect::<Result<Vec<_>, _>>()?;
    let id = service::send(&app, &actor, &new.region, new.wanted, papers).await?;
    let (case, answer) = service::case(&app, &actor, &id).await?;
    Ok(Json(body(&case, answer)))
}

/// The newest cases of the caller's outlet, without their answers.
#[utoipa::path(get, path = "/api/v1/joint/cases", tag = "regions",
    responses((status = 200, body = Vec<CaseBody>)))]
async fn list(State(app): State<App>, actor: Actor) -> Result<Json<Vec<CaseBody>>, Problem> {
    let cases = service::cases(&app, &actor).await?;
    Ok(Json(cases.iter().map(|case| body(case, None)).collect()))
}

/// A case of the caller's outlet with the home region's answer.
#[utoipa::path(get, path = "/api/v1/joint/cases/{case}", tag = "regions",
    params(("case" = String, Path)), responses((status = 200, body = CaseBody)))]
async fn one(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<CaseBody>, Problem> {
    let (case, answer) = service::case(&app, &actor, &id).await?;
    Ok(Json(body(&case, answer)))
}
