//! The coordination mechanism for programs.

use axum::extract::State as AppState;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text, parse_day};
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::rules::Act;
use super::service::{self, NewTask, Overview, Whole, With};
use super::store::Task;

/// Who works in the mechanism.
pub(super) const MEMBERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::DepartmentOfficer,
];
const MEMBER: Access = Access::Roles(MEMBERS);

pub(super) fn routes() -> Routes {
    Routes::new("care")
        .api(Access::Public, &[9], routes!(duties))
        .api(MEMBER, &[9], routes!(tasks, create))
        .api(MEMBER, &[9], routes!(task))
        .api(MEMBER, &[9], routes!(act))
        .api(MEMBER, &[6, 9], routes!(say))
}

/// A duty under the regulation.
#[derive(Serialize, utoipa::ToSchema)]
struct DutyBody {
    #[schema(value_type = String)]
    id: Id,
    /// Name of the organisation, Chinese.
    organisation: String,
    /// Article of the regulation.
    article: i64,
    words: String,
    field: String,
    since: String,
    /// Last day; absent while in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

/// Who has which duty under the regulation (Art. 9).
#[utoipa::path(get, path = "/api/v1/coordination/duties", tag = "coordination",
    responses((status = 200, body = [DutyBody])))]
async fn duties(AppState(app): AppState<App>) -> Result<Json<Vec<DutyBody>>, Problem> {
    let (duties, orgs) = app
        .db
        .read(|tx| Ok::<_, Problem>((super::store::duties(tx)?, kernel::org::all(tx)?)))
        .await?;
    let name = |id: Id| {
        orgs.iter().find(|org| org.id == id).map(|org| org.name_zh.clone()).unwrap_or_default()
    };
    let body = duties.into_iter().map(|duty| DutyBody {
        id: duty.id,
        organisation: name(duty.org),
        article: duty.article,
        words: duty.words,
        field: duty.field,
        since: day_text(duty.since),
        until: duty.until.map(day_text),
    });
    Ok(Json(body.collect()))
}

/// A task.
#[derive(Serialize, utoipa::ToSchema)]
struct TaskBody {
    #[schema(value_type = String)]
    id: Id,
    /// `task`, `proposal` or `duty`.
    kind: &'static str,
    title: String,
    words: String,
    field: String,
    division: String,
    /// Organisation that leads it.
    #[schema(value_type = String)]
    lead: Id,
    /// Last day.
    due: String,
    state: &'static str,
    percent: i64,
    late: bool,
}

fn body(task: &Task) -> TaskBody {
    TaskBody {
        id: task.id,
        kind: task.kind.code(),
        title: task.title.clone(),
        words: task.words.clone(),
        field: task.field.clone(),
        division: task.division.clone(),
        lead: task.lead,
        due: day_text(task.due),
        state: task.state.code(),
        percent: task.percent,
        late: task.late(Utc::now().day()),
    }
}

/// Tasks, open ones first; 500 at most.
#[utoipa::path(get, path = "/api/v1/coordination/tasks", tag = "coordination",
    responses((status = 200, body = [TaskBody])))]
async fn tasks(AppState(app): AppState<App>, actor: Actor) -> Result<Json<Vec<TaskBody>>, Problem> {
    let Overview { tasks, .. } = service::overview(&app, actor.org).await?;
    Ok(Json(tasks.iter().map(body).collect()))
}

/// A task to give, or a proposal.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NewBody {
    /// `task` (the authority) or `proposal` (a department, for itself).
    kind: String,
    title: String,
    words: String,
    #[serde(default)]
    field: String,
    /// GB/T 2260; empty for the whole city.
    #[serde(default)]
    division: String,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    lead: Option<Id>,
    /// Last day, `YYYY-MM-DD`.
    due: String,
    /// Organisations whose opinion is asked for.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    asked: Vec<Id>,
}

/// Id of what was made.
#[derive(Serialize, utoipa::ToSchema)]
struct Made {
    #[schema(value_type = String)]
    id: Id,
}

/// Gives a task, or proposes to bring a field under the card (Art. 6, 9).
#[utoipa::path(post, path = "/api/v1/coordination/tasks", tag = "coordination",
    request_body = NewBody, responses((status = 200, body = Made)))]
async fn create(
    AppState(app): AppState<App>,
    actor: Actor,
    Json(new): Json<NewBody>,
) -> Result<Json<Made>, Problem> {
    let NewBody { kind, title, words, field, division, lead, due, asked } = new;
    let new = NewTask { kind, title, words, field, division, lead, due, meeting: None, asked };
    Ok(Json(Made { id: service::create(&app, &actor, &new).await? }))
}

/// Something that was said or done.
#[derive(Serialize, utoipa::ToSchema)]
struct StepBody {
    /// UTC, RFC 3339.
    at: String,
    act: String,
    by: String,
    words: String,
}

/// An opinion about a proposal.
#[derive(Serialize, utoipa::ToSchema)]
struct OpinionBody {
    #[schema(value_type = String)]
    organisation: Id,
    due: String,
    /// `asked`, `agrees`, `agrees-with-changes` or `objects`.
    opinion: String,
    words: String,
}

/// A task with its history.
#[derive(Serialize, utoipa::ToSchema)]
struct WholeBody {
    task: TaskBody,
    steps: Vec<StepBody>,
    opinions: Vec<OpinionBody>,
    /// What the caller may do now.
    possible: Vec<&'static str>,
}

/// A task with its history, opinions and what the caller may do now.
#[utoipa::path(get, path = "/api/v1/coordination/tasks/{id}", tag = "coordination",
    params(("id" = String, Path)), responses((status = 200, body = WholeBody)))]
async fn task(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<WholeBody>, Problem> {
    let id: Id = id.parse().map_err(|_| Problem::not_found())?;
    let whole = app.db.read(move |tx| service::whole(tx, id)).await?;
    let possible = whole.possible(&actor, Utc::now().day());
    let Whole { task, steps, opinions } = whole;
    let steps = steps.into_iter().map(|step| StepBody {
        at: step.at.to_string(),
        act: step.act,
        by: step.by_name,
        words: step.words,
    });
    let opinions = opinions.into_iter().map(|one| OpinionBody {
        organisation: one.org,
        due: day_text(one.due),
        opinion: one.opinion,
        words: one.words,
    });
    Ok(Json(WholeBody {
        task: body(&task),
        steps: steps.collect(),
        opinions: opinions.collect(),
        possible: possible.into_iter().map(Act::code).collect(),
    }))
}

/// A step with a task.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct ActBody {
    /// `accept`, `dispute`, `progress`, `report`, `confirm`, `return`, `reassign`, `adopt` or `drop`.
    act: String,
    #[serde(default)]
    words: String,
    /// How far it is, in per cent (`progress`).
    percent: Option<i64>,
    /// Another lead (`reassign`).
    #[schema(value_type = Option<String>)]
    lead: Option<Id>,
    /// Another last day (`reassign`).
    #[serde(default)]
    due: String,
}

/// Takes a step with a task; whoever reported it done does not confirm it.
#[utoipa::path(post, path = "/api/v1/coordination/tasks/{id}/steps", tag = "coordination",
    params(("id" = String, Path)), request_body = ActBody, responses((status = 204)))]
async fn act(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(asked): Json<ActBody>,
) -> Result<axum::http::StatusCode, Problem> {
    let id: Id = id.parse().map_err(|_| Problem::not_found())?;
    let unknown =
        || Problem::field("act", kernel::law::Text::new("没有这个办理动作", "No such act"));
    let act = Act::from_code(&asked.act).ok_or_else(unknown)?;
    let due = parse_day(asked.due.trim());
    let with = With { words: asked.words, percent: asked.percent, lead: asked.lead, due };
    service::act(&app, &actor, id, act, with).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// An opinion.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SayBody {
    /// `agrees`, `agrees-with-changes` or `objects`.
    opinion: String,
    #[serde(default)]
    words: String,
}

/// Says what the caller's organisation thinks of a proposal that it was asked about.
#[utoipa::path(post, path = "/api/v1/coordination/tasks/{id}/opinion", tag = "coordination",
    params(("id" = String, Path)), request_body = SayBody, responses((status = 204)))]
async fn say(
    AppState(app): AppState<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(said): Json<SayBody>,
) -> Result<axum::http::StatusCode, Problem> {
    let id: Id = id.parse().map_err(|_| Problem::not_found())?;
    service::say(&app, &actor, id, &said.opinion, &said.words).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}
