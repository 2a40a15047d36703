//! Matters for programs.

use axum::extract::State as Shared;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Query, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::day_text;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::rules::{Act, Matter, Refused, State, Step, Told};
use super::service::{self, Owner, Seen};

pub(super) const HOLDERS: &[Role] = &[Role::Holder];
/// Who takes matters in for others.
pub(super) const TAKERS: &[Role] = &[Role::Clerk, Role::OutletManager, Role::HotlineAgent];
/// Who handles or distributes matters.
pub(super) const HANDLERS: &[Role] = &[
    Role::OutletManager,
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::DepartmentOfficer,
];

pub(crate) fn routes() -> Routes {
    let to = Access::Roles;
    Routes::new("care")
        .api(Access::Public, &[22], routes!(open))
        .api(Access::Public, &[22], routes!(follow))
        .api(Access::Public, &[22], routes!(act))
        .api(to(HOLDERS), &[22], routes!(mine))
        .api(to(HOLDERS), &[19, 22], routes!(open_mine))
        .api(to(HOLDERS), &[22], routes!(act_mine))
        .api(to(TAKERS), &[22], routes!(take))
        .api(to(HANDLERS), &[22], routes!(work))
        .api(to(HANDLERS), &[22], routes!(look))
        .api(to(HANDLERS), &[22], routes!(handle))
        .api(Access::Public, &[22], routes!(help))
}

/// What is sent in.
#[derive(Deserialize, utoipa::ToSchema)]
struct NewBody {
    /// `consultation`, `complaint`, `report`, `suggestion` or `objection`.
    kind: String,
    /// `card`, `code`, `item`, `money`, `outlet`, `terminal`, `bank`, `data` or `other`.
    field: String,
    /// GB/T 2260; `500000` for the whole city.
    division: String,
    text: String,
    /// `kind:id` of what it is about.
    #[serde(default)]
    about: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    sensitive: bool,
}

impl NewBody {
    fn told(self) -> Told {
        let Self { kind, field, division, text, about, name, phone, sensitive } = self;
        Told { kind, field, division, body: text, about, name, phone, sensitive }
    }
}

/// A matter. Contact and text are for its owner and its handlers.
#[derive(Serialize, utoipa::ToSchema)]
struct MatterBody {
    #[schema(value_type = String)]
    id: Id,
    reference: String,
    kind: String,
    field: String,
    division: String,
    channel: String,
    state: &'static str,
    text: String,
    /// Last day for the answer.
    due: String,
    outcome: String,
    answer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    score: Option<i64>,
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    org: Option<Id>,
    version: i64,
}

fn body(m: Matter) -> MatterBody {
    MatterBody {
        id: m.id,
        reference: m.reference,
        kind: m.kind,
        field: m.field,
        division: m.division,
        channel: m.channel,
        state: m.state.code(),
        text: m.body,
        due: day_text(m.due),
        outcome: m.outcome,
        answer: m.answer,
        score: m.score,
        org: m.org,
        version: m.version,
    }
}

/// As [`body`] for handlers: the reference is the owner's secret and not for them.
fn handled(m: Matter) -> MatterBody {
    MatterBody { reference: String::new(), ..body(m) }
}

/// A matter with its way.
#[derive(Serialize, utoipa::ToSchema)]
struct SeenBody {
    matter: MatterBody,
    events: Vec<EventBody>,
    /// What can be done now.
    acts: Vec<&'static str>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct EventBody {
    /// RFC 3339.
    at: String,
    act: String,
    note: String,
}

fn whole(seen: Seen, body: fn(Matter) -> MatterBody) -> SeenBody {
    let event = |event: super::store::Event| EventBody {
        at: event.at.rfc3339(),
        act: event.act,
        note: event.note,
    };
    SeenBody {
        matter: body(seen.matter),
        events: seen.events.into_iter().map(event).collect(),
        acts: seen.acts.into_iter().map(Act::code).collect(),
    }
}

/// A step.
#[derive(Deserialize, utoipa::ToSchema)]
struct StepBody {
    /// `assign`, `transfer`, `return`, `escalate`, `extend`, `answer`, `merge`, `name`, `against`; of
    /// the owner `rate`, `reopen`, `appeal`, `withdraw`.
    act: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    org: String,
    #[serde(default)]
    into: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    outcome: String,
    #[serde(default)]
    score: Option<i64>,
}

impl StepBody {
    fn step(self) -> Result<Step, Problem> {
        let act = Act::of(&self.act).ok_or(Refused::State)?;
        Ok(Step {
            act,
            note: self.note,
            org: optional(&self.org)?,
            into: optional(&self.into)?,
            account: optional(&self.account)?,
            outcome: self.outcome,
            score: self.score,
        })
    }
}

pub(super) fn optional(text: &str) -> Result<Option<Id>, Refused> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Refused::Unknown)
}

fn id_of(text: &str) -> Result<Id, Problem> {
    Ok(optional(text)?.ok_or(Refused::Unknown)?)
}

fn person_of(actor: &Actor) -> Result<Id, Problem> {
    actor.person.ok_or_else(Problem::forbidden)
}

/// Opens a matter without signing in. The reference in the answer follows it.
#[utoipa::path(post, path = "/api/v1/complaints", tag = "care", request_body = NewBody,
    responses((status = 200, body = MatterBody)))]
async fn open(
    Shared(app): Shared<App>,
    Json(new): Json<NewBody>,
) -> Result<Json<MatterBody>, Problem> {
    Ok(Json(body(service::open(&app, None, "page", new.told()).await?)))
}

/// Where a matter stands.
#[utoipa::path(get, path = "/api/v1/complaints/{reference}", tag = "care",
    params(("reference" = String, Path)), responses((status = 200, body = SeenBody)))]
async fn follow(
    Shared(app): Shared<App>,
    Path(reference): Path<String>,
) -> Result<Json<SeenBody>, Problem> {
    Ok(Json(whole(service::follow(&app, Owner::Reference(reference), None).await?, body)))
}

/// A step of whoever holds the reference.
#[utoipa::path(post, path = "/api/v1/complaints/{reference}/acts", tag = "care",
    params(("reference" = String, Path)), request_body = StepBody,
    responses((status = 200, body = MatterBody)))]
async fn act(
    Shared(app): Shared<App>,
    Path(reference): Path<String>,
    Json(step): Json<StepBody>,
) -> Result<Json<MatterBody>, Problem> {
    let owner = Owner::Reference(reference);
    Ok(Json(body(service::act_as_owner(&app, owner, None, step.step()?).await?)))
}

/// The holder's matters.
#[utoipa::path(get, path = "/api/v1/me/complaints", tag = "care",
    responses((status = 200, body = [MatterBody])))]
async fn mine(Shared(app): Shared<App>, actor: Actor) -> Result<Json<Vec<MatterBody>>, Problem> {
    let found = service::mine(&app, person_of(&actor)?).await?;
    Ok(Json(found.into_iter().map(body).collect()))
}

/// Opens a matter of the holder.
#[utoipa::path(post, path = "/api/v1/me/complaints", tag = "care", request_body = NewBody,
    responses((status = 200, body = MatterBody)))]
async fn open_mine(
    Shared(app): Shared<App>,
    actor: Actor,
    Json(new): Json<NewBody>,
) -> Result<Json<MatterBody>, Problem> {
    Ok(Json(body(service::open(&app, Some(&actor), "me", new.told()).await?)))
}

/// A step of the holder.
#[utoipa::path(post, path = "/api/v1/me/complaints/{id}/acts", tag = "care",
    params(("id" = String, Path)), request_body = StepBody,
    responses((status = 200, body = MatterBody)))]
async fn act_mine(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(step): Json<StepBody>,
) -> Result<Json<MatterBody>, Problem> {
    let owner = Owner::Person(actor.clone(), person_of(&actor)?);
    let done = service::act_as_owner(&app, owner, Some(id_of(&id)?), step.step()?).await?;
    Ok(Json(body(done)))
}

pub(super) fn channel_of(actor: &Actor) -> &'static str {
    if actor.role == Role::HotlineAgent { "hotline" } else { "desk" }
}

/// Takes a matter in for somebody at the counter or on the phone.
#[utoipa::path(post, path = "/api/v1/intake/complaints", tag = "care", request_body = NewBody,
    responses((status = 200, body = MatterBody)))]
async fn take(
    Shared(app): Shared<App>,
    actor: Actor,
    Json(new): Json<NewBody>,
) -> Result<Json<MatterBody>, Problem> {
    let channel = channel_of(&actor);
    Ok(Json(body(service::open(&app, Some(&actor), channel, new.told()).await?)))
}

#[derive(Deserialize, utoipa::IntoParams)]
struct InState {
    /// `received`, `assigned`, `answered`, `closed`, `withdrawn` or `merged`.
    #[serde(default)]
    state: String,
}

/// The matters that the caller has to do with, those due first.
#[utoipa::path(get, path = "/api/v1/office/complaints", tag = "care", params(InState),
    responses((status = 200, body = [MatterBody])))]
async fn work(
    Shared(app): Shared<App>,
    actor: Actor,
    Query(asked): Query<InState>,
) -> Result<Json<Vec<MatterBody>>, Problem> {
    let state = State::of(&asked.state).unwrap_or(State::Assigned);
    let found = service::work(&app, &actor, state).await?;
    Ok(Json(found.into_iter().map(handled).collect()))
}

/// One matter; the look is on record.
#[utoipa::path(get, path = "/api/v1/office/complaints/{id}", tag = "care",
    params(("id" = String, Path)), responses((status = 200, body = SeenBody)))]
async fn look(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Json<SeenBody>, Problem> {
    Ok(Json(whole(service::look(&app, &actor, id_of(&id)?).await?, handled)))
}

/// A step of a handler or of the authority that distributes.
#[utoipa::path(post, path = "/api/v1/office/complaints/{id}/acts", tag = "care",
    params(("id" = String, Path)), request_body = StepBody,
    responses((status = 200, body = MatterBody)))]
async fn handle(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(step): Json<StepBody>,
) -> Result<Json<MatterBody>, Problem> {
    Ok(Json(handled(service::act(&app, &actor, id_of(&id)?, step.step()?).await?)))
}

#[derive(Deserialize, utoipa::IntoParams)]
struct Asked {
    /// Chinese words, pinyin or initials; empty for all.
    #[serde(default)]
    q: String,
}

/// A published answer.
#[derive(Serialize, utoipa::ToSchema)]
struct AnswerBody {
    #[schema(value_type = String)]
    code: Id,
    version: i64,
    topic: String,
    question: String,
    answer: String,
}

/// Questions and answers that fit.
#[utoipa::path(get, path = "/api/v1/help", tag = "care", params(Asked),
    responses((status = 200, body = [AnswerBody])))]
async fn help(
    Shared(app): Shared<App>,
    Query(asked): Query<Asked>,
) -> Result<Json<Vec<AnswerBody>>, Problem> {
    let found = super::knowledge::search(&app, &asked.q).await?;
    let body = |a: super::knowledge::Answer| AnswerBody {
        code: a.code,
        version: a.version,
        topic: a.topic,
        question: a.question,
        answer: a.answer,
    };
    Ok(Json(found.into_iter().map(body).collect()))
}
