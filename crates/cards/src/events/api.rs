//! Life events for programs.

use axum::extract::State;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::{FieldProblem, Problem};
use kernel::time::{Utc, day_text, parse_day};
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::rules::{Kind, Report};
use super::service::{self, Received};
use super::store::Event;
use crate::api::DESK;

/// Who reports: departments that know first.
pub(super) const SENDERS: Access = Access::Roles(&[Role::DepartmentOfficer]);

pub(crate) fn routes() -> Routes {
    Routes::new("cards")
        .api(SENDERS, &[13, 18], routes!(receive))
        .api(DESK, &[13], routes!(waiting))
        .api(DESK, &[13], routes!(decide))
}

/// A report.
#[derive(Deserialize, Default, utoipa::ToSchema)]
pub(super) struct ReportBody {
    /// The sender's own number of it; the same one twice is one report.
    pub(super) source_id: String,
    /// `death`, `name-change`, `move`, `entitlement-ended`, `nationality-lost`.
    pub(super) kind: String,
    /// Person number.
    pub(super) number: String,
    /// Name.
    pub(super) name: String,
    /// `YYYY-MM-DD`
    pub(super) day: String,
    /// New name, or new division (GB/T 2260).
    #[serde(default)]
    pub(super) detail: String,
}

/// Reads one line; says what is wrong with it.
pub(super) fn read(body: &ReportBody) -> Result<Report, (&'static str, Text)> {
    let today = Utc::now().day();
    let long = |text: &str| text.trim().is_empty() || text.chars().count() > 120;
    let kind = Kind::from_code(body.kind.trim());
    let kind = kind.ok_or(("kind", Text::new("没有这种信息类型", "There is no such kind")))?;
    if long(&body.source_id) {
        return Err(("source_id", Text::new("缺少来源编号", "The sender's number is missing")));
    }
    if long(&body.number) || long(&body.name) {
        return Err(("number", Text::new("缺少号码或姓名", "Number or name is missing")));
    }
    let day = parse_day(body.day.trim()).filter(|day| *day <= today);
    let day = day.ok_or_else(|| {
        ("day", Text::new("日期应为 2026-01-31 的形式，且不晚于今天", "A past day like 2026-01-31"))
    })?;
    let detail = body.detail.trim().to_owned();
    let known = kernel::divisions::find(&detail).is_some();
    if kind == Kind::Move && !known && !(detail.len() == 6 && detail.parse::<u32>().is_ok()) {
        return Err(("detail", Text::new("迁移须有迁入地区划代码", "The new division is missing")));
    }
    if kind == Kind::NameChange && long(&detail) {
        return Err(("detail", Text::new("缺少新姓名", "The new name is missing")));
    }
    let (source_id, number) = (body.source_id.trim().to_owned(), body.number.trim().to_owned());
    Ok(Report { source_id, kind, number, name: body.name.trim().to_owned(), day, detail })
}

/// What became of each report, in order: `proposed`, `nobody` (kept) or `twice`.
#[derive(Serialize, utoipa::ToSchema)]
struct ReceivedBody {
    results: Vec<&'static str>,
}

pub(super) fn word(received: Received) -> &'static str {
    match received {
        Received::Proposed => "proposed",
        Received::Nobody => "nobody",
        Received::Twice => "twice",
    }
}

/// The most reports of one request.
const MOST: usize = 500;

/// Reports deaths, changes of name, moves and ends of entitlement; all or none are taken. They
/// propose, a clerk confirms.
#[utoipa::path(post, path = "/api/v1/life-events", tag = "cards", request_body = Vec<ReportBody>,
    responses((status = 200, body = ReceivedBody), (status = 422, description = "a line is wrong")))]
async fn receive(
    State(app): State<App>,
    actor: Actor,
    Json(bodies): Json<Vec<ReportBody>>,
) -> Result<Json<ReceivedBody>, Problem> {
    if bodies.len() > MOST {
        let text = Text::new("一次最多500条", "At most 500 at once");
        return Err(Problem::field("", text));
    }
    let (mut reports, mut faults) = (Vec::new(), Vec::new());
    for (place, body) in bodies.iter().enumerate() {
        match read(body) {
            Ok(report) => reports.push(report),
            Err((field, text)) => {
                faults.push(FieldProblem { field: format!("{place}.{field}"), text });
            }
        }
    }
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    let results = service::receive(&app, &actor, reports).await?;
    Ok(Json(ReceivedBody { results: results.into_iter().map(word).collect() }))
}

/// A report that waits.
#[derive(Serialize, utoipa::ToSchema)]
struct EventBody {
    /// Id.
    #[schema(value_type = String)]
    id: Id,
    /// Kind.
    kind: &'static str,
    /// Person in the register.
    #[schema(value_type = Option<String>)]
    person: Option<Id>,
    /// Whether the reported name fits.
    name_fits: bool,
    /// The day on which it happened.
    day: String,
}

/// Reports that wait for a clerk.
#[utoipa::path(get, path = "/api/v1/life-events", tag = "cards",
    responses((status = 200, body = Vec<EventBody>)))]
async fn waiting(State(app): State<App>) -> Result<Json<Vec<EventBody>>, Problem> {
    let body = |event: Event| EventBody {
        id: event.id,
        kind: event.report.kind.code(),
        person: event.person,
        name_fits: event.name_fits,
        day: day_text(event.report.day),
    };
    Ok(Json(service::waiting(&app).await?.0.into_iter().map(body).collect()))
}

/// A clerk's answer.
#[derive(Deserialize, utoipa::ToSchema)]
struct DecisionBody {
    /// Whether it holds.
    confirm: bool,
    /// What was found; needed when it does not hold or the name differs.
    #[serde(default)]
    comment: String,
}

/// Confirms a report, which does what it proposes, or rejects it.
#[utoipa::path(post, path = "/api/v1/life-events/{id}", tag = "cards", request_body = DecisionBody,
    params(("id" = String, Path)), responses((status = 200)))]
async fn decide(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(form): Json<DecisionBody>,
) -> Result<Json<()>, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found())?;
    match form.confirm {
        true => service::confirm(&app, &actor, id, form.comment).await.map(drop)?,
        false => service::reject(&app, &actor, id, form.comment).await?,
    }
    Ok(Json(()))
}
