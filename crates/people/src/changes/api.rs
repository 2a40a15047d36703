//! Changes of number and name for programs.

use axum::extract::State;
use kernel::actor::Actor;
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use serde::Serialize;
use utoipa_axum::routes;

use super::service::{self, NameChange, NumberChange};
use super::store::{KnownNumber, Line};
use crate::api::{DESK, PersonBody};
use crate::show::parse;

pub(crate) fn routes() -> Routes {
    Routes::new("people").api(DESK, &[12], routes!(number)).api(DESK, &[12], routes!(name)).api(
        DESK,
        &[12, 19],
        routes!(story),
    )
}

/// A number that leads to the person.
#[derive(Serialize, utoipa::ToSchema)]
struct NumberBody {
    /// The number.
    number: String,
    /// Whether it is the one in the record.
    current: bool,
    /// Code of the document that bears it; empty when it was not noted.
    document: String,
    /// First day, `YYYY-MM-DD`, where known.
    from: Option<String>,
    /// Last day of an earlier number.
    until: Option<String>,
}

/// One line of the history, which is only ever added to.
#[derive(Serialize, utoipa::ToSchema)]
struct LineBody {
    /// `number`, `document`, `name`, `sex`, `birth` or `merged`.
    field: String,
    /// Value before.
    old: String,
    /// Value after.
    new: String,
    /// First day of the new value, `YYYY-MM-DD`.
    from: String,
    /// Code of the reason.
    reason: String,
    /// Proof in the vault.
    #[schema(value_type = Option<String>)]
    evidence: Option<Id>,
    /// Who recorded it.
    by: String,
    /// When, RFC 3339.
    at: String,
}

/// Numbers over time and the history of a person.
#[derive(Serialize, utoipa::ToSchema)]
struct StoryBody {
    /// All numbers that lead to the person.
    numbers: Vec<NumberBody>,
    /// What changed, newest first.
    history: Vec<LineBody>,
}

fn number_body(known: KnownNumber) -> NumberBody {
    NumberBody {
        number: known.number,
        current: known.is_current,
        document: known.document,
        from: known.from.map(day_text),
        until: known.until.map(day_text),
    }
}

fn line_body(line: Line) -> LineBody {
    LineBody {
        field: line.field,
        old: line.old,
        new: line.new,
        from: day_text(line.from),
        reason: line.reason,
        evidence: line.evidence,
        by: line.by_name,
        at: line.at.rfc3339(),
    }
}

/// Changes number and document (Art. 12): the earlier number keeps leading to the person.
#[utoipa::path(post, path = "/api/v1/people/{person}/number", tag = "people",
    request_body = NumberChange, responses((status = 200, body = PersonBody),
        (status = 409, description = "the number leads to another record, or nothing changes"),
        (status = 422, description = "wrong fields, or no proof")))]
async fn number(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
    Json(form): Json<NumberChange>,
) -> Result<Json<PersonBody>, Problem> {
    let changed = service::change_number(&app, &actor, parse(&person)?, form).await?;
    Ok(Json(PersonBody::of(&changed)))
}

/// Changes the name (Art. 12).
#[utoipa::path(post, path = "/api/v1/people/{person}/name", tag = "people",
    request_body = NameChange, responses((status = 200, body = PersonBody),
        (status = 409, description = "nothing changes"),
        (status = 422, description = "wrong fields, or no proof")))]
async fn name(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
    Json(form): Json<NameChange>,
) -> Result<Json<PersonBody>, Problem> {
    let changed = service::change_name(&app, &actor, parse(&person)?, form).await?;
    Ok(Json(PersonBody::of(&changed)))
}

/// Tells the numbers over time and what changed; the look is journalled.
#[utoipa::path(get, path = "/api/v1/people/{person}/changes", tag = "people",
    responses((status = 200, body = StoryBody)))]
async fn story(
    State(app): State<App>,
    actor: Actor,
    Path(person): Path<String>,
) -> Result<Json<StoryBody>, Problem> {
    let (_, numbers, history) = service::story(&app, &actor, parse(&person)?).await?;
    Ok(Json(StoryBody {
        numbers: numbers.into_iter().map(number_body).collect(),
        history: history.into_iter().map(line_body).collect(),
    }))
}
