//! Endpoints of fusion: the gateway for terminals and organisations, and what departments send.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use items::rules::Word as _;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::id::Id;
use kernel::law::Refusal as _;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::rules::State as Stage;
use super::service::figures::{self, Line};
use super::service::formats::{NewFormat, NewKey};
use super::service::gateway::{Answer, Gateway, Question};
use super::service::links::{Done, NewLink};
use super::service::schemes::NewScheme;
use super::service::{formats, links, schemes};

const ASKERS: Access = Access::Roles(&[Role::Terminal, Role::DepartmentOfficer]);
const MAKERS: Access = Access::Roles(&[Role::DepartmentOfficer, Role::MunicipalOfficer]);
const REVOKERS: Access =
    Access::Roles(&[Role::DepartmentOfficer, Role::MunicipalOfficer, Role::MunicipalApprover]);

pub(crate) fn routes() -> Routes {
    Routes::new("fusion")
        .api(ASKERS, &[6, 14, 16, 18], routes!(decode))
        .api(Access::Public, &[6, 16], routes!(list))
        .api(MAKERS, &[6, 16], routes!(register))
        .api(MAKERS, &[16], routes!(add_format))
        .api(MAKERS, &[16, 20], routes!(add_key))
        .api(REVOKERS, &[20], routes!(revoke_key))
        .api(MAKERS, &[16, 18], routes!(link))
        .api(MAKERS, &[16, 18], routes!(unlink))
}

/// A question to the gateway.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct DecodeBody {
    /// Text of the code: of this platform or of a registered format.
    code: String,
    /// Code of one published item.
    #[schema(example = "CQ-CU-001")]
    item: String,
    /// What for, in plain words, up to 100 letters; the holder sees it.
    #[schema(example = "借书")]
    purpose: String,
}

/// Opens any code for one published item and a purpose. Each answer, yes or no, is on record.
#[utoipa::path(post, path = "/api/v1/decode", tag = "fusion", request_body = DecodeBody,
    responses((status = 200, body = Answer, description = "yes or no"),
        (status = 422, description = "no purpose")))]
async fn decode(
    Extension(gateway): Extension<Arc<Gateway>>,
    actor: Actor,
    Json(asked): Json<DecodeBody>,
) -> Result<Json<Answer>, Problem> {
    let DecodeBody { code, item, purpose } = asked;
    gateway.decode(actor, Question { code, item, purpose }).await.map(Json)
}

/// One card or code as everybody may see it.
#[derive(Serialize, utoipa::ToSchema)]
struct CardBody {
    code: String,
    kind: &'static str,
    name_zh: String,
    name_en: String,
    issuer: String,
    /// `registered`, `merging` or `fused`.
    state: &'static str,
    /// `merge`, or `fused-use` where the State requires the card.
    route: &'static str,
    /// Published items that overlap with it.
    overlaps: Vec<String>,
    /// Percent of its milestones that are reached.
    percent: usize,
    /// Day on which it is merged, `YYYY-MM-DD`.
    target: Option<String>,
}

fn card_body(line: &Line) -> CardBody {
    let scheme = &line.scheme;
    CardBody {
        code: scheme.code.clone(),
        kind: scheme.kind.code(),
        name_zh: scheme.name.zh.clone(),
        name_en: scheme.name.en.clone(),
        issuer: scheme.issuer.clone(),
        state: scheme.state.code(),
        route: scheme.route().code(),
        overlaps: line.overlaps.iter().map(|overlap| overlap.item.clone()).collect(),
        percent: line.percent(),
        target: line.plan.as_ref().map(|plan| day_text(plan.target)),
    }
}

/// Cards and codes that are registered, with how far each is merged.
#[utoipa::path(get, path = "/api/v1/fusion/cards", tag = "fusion",
    responses((status = 200, body = Vec<CardBody>)))]
async fn list(
    State(app): State<App>,
    Extension(gateway): Extension<Arc<Gateway>>,
) -> Result<Json<Vec<CardBody>>, Problem> {
    let lines = figures::lines(&app, gateway.catalogue()).await?;
    let open = lines.iter().filter(|line| line.scheme.state.is_open());
    Ok(Json(open.map(card_body).collect()))
}

/// Id of what was sent in; it counts when a second person has confirmed it.
#[derive(Serialize, utoipa::ToSchema)]
struct SentBody {
    #[schema(value_type = String)]
    id: Id,
    /// `proposed`.
    state: &'static str,
}

fn sent(id: Id) -> Json<SentBody> {
    Json(SentBody { id, state: Stage::Proposed.code() })
}

/// Registers a card or code of the caller's department. A new one that does what the social security
/// card does already is refused (Art. 6).
#[utoipa::path(post, path = "/api/v1/fusion/cards", tag = "fusion", request_body = NewScheme,
    responses((status = 200, body = SentBody), (status = 409, description = "a duplicate, or known")))]
async fn register(
    State(app): State<App>,
    Extension(gateway): Extension<Arc<Gateway>>,
    actor: Actor,
    Json(new): Json<NewScheme>,
) -> Result<Json<SentBody>, Problem> {
    Ok(sent(schemes::register(&app, gateway.catalogue(), &actor, &new).await?.id))
}

/// Registers a code format of a card.
#[utoipa::path(post, path = "/api/v1/fusion/cards/{code}/formats", tag = "fusion",
    params(("code" = String, Path, description = "code of the card")), request_body = NewFormat,
    responses((status = 200, body = SentBody)))]
async fn add_format(
    State(app): State<App>,
    actor: Actor,
    Path(code): Path<String>,
    Json(new): Json<NewFormat>,
) -> Result<Json<SentBody>, Problem> {
    Ok(sent(formats::add(&app, &actor, &code, &new).await?))
}

/// Registers an issuer's key of a format.
#[utoipa::path(post, path = "/api/v1/fusion/formats/{id}/keys", tag = "fusion",
    params(("id" = String, Path, description = "id of the format")), request_body = NewKey,
    responses((status = 200, body = SentBody)))]
async fn add_key(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<Id>,
    Json(new): Json<NewKey>,
) -> Result<Json<SentBody>, Problem> {
    Ok(sent(formats::add_key(&app, &actor, id, &new).await?))
}

/// Why something is switched off.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct WhyBody {
    why: String,
}

/// Nothing but that it was done.
#[derive(Serialize, utoipa::ToSchema)]
struct DoneBody {
    done: bool,
}

/// Revokes a key at once and for good.
#[utoipa::path(post, path = "/api/v1/fusion/keys/{id}/revoke", tag = "fusion",
    params(("id" = String, Path, description = "id of the key")), request_body = WhyBody,
    responses((status = 200, body = DoneBody)))]
async fn revoke_key(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<Id>,
    Json(body): Json<WhyBody>,
) -> Result<Json<DoneBody>, Problem> {
    formats::revoke_key(&app, &actor, id, &body.why).await?;
    Ok(Json(DoneBody { done: true }))
}

/// A set of links.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct LinksBody {
    /// Up to 200.
    links: Vec<NewLink>,
}

/// What became of one link.
#[derive(Serialize, utoipa::ToSchema)]
struct LinkedBody {
    /// `linked`, `known`, `unknown-person` or `refused`.
    result: &'static str,
    /// Stable code of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
}

/// The answers to a set, in its order.
#[derive(Serialize, utoipa::ToSchema)]
struct LinkedSetBody {
    /// RFC 3339, UTC.
    at: String,
    results: Vec<LinkedBody>,
}

fn linked_body(done: Done) -> LinkedBody {
    let (result, why) = match done {
        Done::Linked => ("linked", None),
        Done::Known => ("known", None),
        Done::UnknownPerson => ("unknown-person", None),
        Done::Refused(refused) => ("refused", Some(refused.code())),
    };
    LinkedBody { result, why }
}

/// Links numbers of a card to their holders; sending a set twice does no harm.
#[utoipa::path(post, path = "/api/v1/fusion/cards/{code}/links", tag = "fusion",
    params(("code" = String, Path, description = "code of the card")), request_body = LinksBody,
    responses((status = 200, body = LinkedSetBody)))]
async fn link(
    State(app): State<App>,
    actor: Actor,
    Path(code): Path<String>,
    Json(body): Json<LinksBody>,
) -> Result<Json<LinkedSetBody>, Problem> {
    let done = links::add(&app, &actor, &code, &body.links).await?;
    let results = done.into_iter().map(linked_body).collect();
    Ok(Json(LinkedSetBody { at: Utc::now().rfc3339(), results }))
}

/// Numbers whose links end.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct NumbersBody {
    /// Up to 200.
    numbers: Vec<String>,
}

/// For each number, in its order, whether it was linked.
#[derive(Serialize, utoipa::ToSchema)]
struct EndedBody {
    ended: Vec<bool>,
}

/// Ends links of a card: it was returned, lost, or is another person's now.
#[utoipa::path(post, path = "/api/v1/fusion/cards/{code}/links/end", tag = "fusion",
    params(("code" = String, Path, description = "code of the card")), request_body = NumbersBody,
    responses((status = 200, body = EndedBody)))]
async fn unlink(
    State(app): State<App>,
    actor: Actor,
    Path(code): Path<String>,
    Json(body): Json<NumbersBody>,
) -> Result<Json<EndedBody>, Problem> {
    let ended = links::end_set(&app, &actor, &code, &body.numbers).await?;
    Ok(Json(EndedBody { ended }))
}
