//! Guidance for programs.

use axum::extract::State as Shared;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Query, Routes};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

use super::rules::{Asked, Refused};
use super::service;
use super::store::Request;

/// Who asks for help: holders for themselves, counter and hotline for somebody.
const ASKERS: Access =
    Access::Roles(&[Role::Holder, Role::Clerk, Role::OutletManager, Role::HotlineAgent]);
const DESK: Access = Access::Roles(&[Role::Clerk, Role::OutletManager]);

pub(crate) fn routes() -> Routes {
    Routes::new("care")
        .api(Access::Public, &[15, 22], routes!(lead))
        .api(ASKERS, &[15], routes!(ask))
        .api(DESK, &[15], routes!(queue))
        .api(DESK, &[15], routes!(act))
}

/// Who, what, where.
#[derive(Default, Deserialize, utoipa::IntoParams)]
struct Wanted {
    /// `elderly`, `disabled`, `students` … or empty.
    #[serde(default)]
    who: String,
    /// Service of an outlet (`apply`, `loss` …) or code of a field of life.
    #[serde(default)]
    want: String,
    /// GB/T 2260; empty for anywhere.
    #[serde(default)]
    division: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct LedBody {
    /// What to bring to an outlet.
    bring_zh: &'static str,
    bring_en: &'static str,
    items: Vec<LedItem>,
    outlets: Vec<LedOutlet>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct LedItem {
    code: String,
    name_zh: String,
    name_en: String,
    materials: String,
    /// Working days; 0 for at once.
    days: i64,
    fee_fen: i64,
}

#[derive(Serialize, utoipa::ToSchema)]
struct LedOutlet {
    #[schema(value_type = String)]
    id: Id,
    name_zh: String,
    name_en: String,
    address: String,
    phone: String,
}

/// Leads to item, materials and place.
#[utoipa::path(get, path = "/api/v1/guide", tag = "care", params(Wanted),
    responses((status = 200, body = LedBody)))]
async fn lead(
    Shared(app): Shared<App>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<LedBody>, Problem> {
    let led = service::lead(&app, &wanted.who, &wanted.want, &wanted.division).await?;
    let item = |item: items::rules::Item| LedItem {
        code: item.code,
        name_zh: item.name.zh,
        name_en: item.name.en,
        materials: item.details.materials,
        days: item.details.days,
        fee_fen: item.details.fee_fen,
    };
    let outlet = |outlet: outlets::service::Outlet| LedOutlet {
        id: outlet.id,
        name_zh: outlet.details.name.zh,
        name_en: outlet.details.name.en,
        address: outlet.details.address,
        phone: outlet.details.phone,
    };
    Ok(Json(LedBody {
        bring_zh: led.wish.map_or("", |wish| wish.bring_zh),
        bring_en: led.wish.map_or("", |wish| wish.bring_en),
        items: led.items.into_iter().map(item).collect(),
        outlets: led.outlets.into_iter().map(outlet).collect(),
    }))
}

/// A request for help as sent in.
#[derive(Deserialize, utoipa::ToSchema)]
struct AskBody {
    /// `callback`, `home` or `proxy`.
    way: String,
    name: String,
    phone: String,
    division: String,
    #[serde(default)]
    address: String,
    #[serde(default)]
    needs: String,
}

/// A request for help.
#[derive(Serialize, utoipa::ToSchema)]
struct RequestBody {
    #[schema(value_type = String)]
    id: Id,
    way: String,
    name: String,
    phone: String,
    division: String,
    address: String,
    needs: String,
    state: &'static str,
    result: String,
}

fn body(r: Request) -> RequestBody {
    let Asked { way, name, phone, division, address, needs } = r.asked;
    let (state, result) = (r.state.words().0, r.result);
    RequestBody { id: r.id, way, name, phone, division, address, needs, state, result }
}

/// Asks for a call-back, a visit or a proxy.
#[utoipa::path(post, path = "/api/v1/help-requests", tag = "care", request_body = AskBody,
    responses((status = 200, body = RequestBody)))]
async fn ask(
    Shared(app): Shared<App>,
    actor: Actor,
    Json(asked): Json<AskBody>,
) -> Result<Json<RequestBody>, Problem> {
    let AskBody { way, name, phone, division, address, needs } = asked;
    let asked = Asked { way, name, phone, division, address, needs };
    Ok(Json(body(service::ask(&app, &actor, asked).await?)))
}

/// The queue of the caller's place.
#[utoipa::path(get, path = "/api/v1/help-requests", tag = "care",
    responses((status = 200, body = [RequestBody])))]
async fn queue(Shared(app): Shared<App>, actor: Actor) -> Result<Json<Vec<RequestBody>>, Problem> {
    let found = service::queue(&app, &actor).await?;
    Ok(Json(found.into_iter().map(body).collect()))
}

/// A step on a request.
#[derive(Deserialize, utoipa::ToSchema)]
struct ActBody {
    /// `take`, `done` or `end`.
    act: String,
    #[serde(default)]
    result: String,
}

/// Takes, completes or ends a request.
#[utoipa::path(post, path = "/api/v1/help-requests/{id}/acts", tag = "care",
    params(("id" = String, Path)), request_body = ActBody,
    responses((status = 200, body = RequestBody)))]
async fn act(
    Shared(app): Shared<App>,
    actor: Actor,
    Path(id): Path<String>,
    Json(step): Json<ActBody>,
) -> Result<Json<RequestBody>, Problem> {
    let id = id.parse().map_err(|_| Refused::Unknown)?;
    Ok(Json(body(service::act(&app, &actor, id, &step.act, &step.result).await?)))
}
