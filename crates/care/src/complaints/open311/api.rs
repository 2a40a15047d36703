//! The paths of GeoReport v2, and the keys of its clients.

use axum::extract::{Form, Path, Query, State as Shared};
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::answer::{Fault, Format, answer, ending};
use super::rules::{self, Asked, Posted};
use super::{keys, service};

const AUTHORITY: &[Role] = &[Role::MunicipalOfficer];

pub(crate) fn routes() -> Routes {
    let (get, post, all) = (Method::GET, Method::POST, Access::Public);
    Routes::new("care")
        .page(get.clone(), "/open311/v2/services.json", all, &[22], services)
        .page(get.clone(), "/open311/v2/services.xml", all, &[22], services)
        .page(get.clone(), "/open311/v2/services/{code}", all, &[22], definition)
        .page(get.clone(), "/open311/v2/requests.json", all, &[22], list)
        .page(get.clone(), "/open311/v2/requests.xml", all, &[22], list)
        .page(post.clone(), "/open311/v2/requests.json", all, &[22], open)
        .page(post, "/open311/v2/requests.xml", all, &[22], open)
        .page(get.clone(), "/open311/v2/requests/{id}", all, &[22], one)
        .page(get, "/open311/v2/tokens/{id}", all, &[22], token)
        .api(Access::Roles(AUTHORITY), &[22], routes!(make_key))
        .api(Access::Roles(AUTHORITY), &[22], routes!(close_key))
}

fn format(uri: &Uri) -> Format {
    ending(uri.path()).1
}

fn say(format: Format, root: &str, item: &str, found: Result<Value, Fault>) -> Response {
    match found {
        Ok(value) => answer(format, StatusCode::OK, root, item, &value),
        Err(fault) => fault.answer(format),
    }
}

async fn services(uri: Uri) -> Response {
    say(format(&uri), "services", "service", Ok(rules::services()))
}

async fn definition(Path(code): Path<String>) -> Response {
    let (code, format) = ending(&code);
    let found = rules::definition(code).ok_or_else(|| Fault::none("service_code"));
    say(format, "service_definition", "attribute", found)
}

async fn list(
    Shared(app): Shared<App>,
    uri: Uri,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let found = match asked {
        Ok(Query(asked)) => service::list(&app, asked).await,
        Err(_) => Err(Fault::bad("The query cannot be read.")),
    };
    say(format(&uri), "service_requests", "request", found)
}

async fn one(Shared(app): Shared<App>, Path(id): Path<String>) -> Response {
    let (id, format) = ending(&id);
    say(format, "service_requests", "request", service::one(&app, id).await)
}

/// Requests have their id at once, so a token is the id.
async fn token(Shared(app): Shared<App>, Path(id): Path<String>) -> Response {
    let (id, format) = ending(&id);
    let found = service::one(&app, id).await.map_err(|fault| match fault.0 {
        404 => Fault::none("token"),
        _ => fault,
    });
    let found = found.map(|_| json!([{ "token": id, "service_request_id": id }]));
    say(format, "service_requests", "request", found)
}

async fn open(
    Shared(app): Shared<App>,
    uri: Uri,
    posted: Result<Form<Posted>, axum::extract::rejection::FormRejection>,
) -> Response {
    let format = format(&uri);
    let done = match posted {
        Ok(Form(posted)) => service::open(&app, posted).await,
        Err(_) => Err(Fault::bad("The body must be application/x-www-form-urlencoded.")),
    };
    let shown = done.map(|id| {
        let notice = "已受理，可按编号查询办理状态";
        json!([{ "service_request_id": id.to_string(), "service_notice": notice, "account_id": "" }])
    });
    match shown {
        Ok(value) => answer(format, StatusCode::CREATED, "service_requests", "request", &value),
        Err(fault) => fault.answer(format),
    }
}

#[derive(Deserialize, utoipa::ToSchema)]
struct ClientBody {
    /// Name of the client.
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct KeyBody {
    /// The key; it is shown this once.
    api_key: String,
}

/// Makes a key for an Open311 client.
#[utoipa::path(post, path = "/api/v1/office/open311/keys", tag = "care", request_body = ClientBody,
    responses((status = 200, body = KeyBody)))]
async fn make_key(
    Shared(app): Shared<App>,
    actor: Actor,
    Json(client): Json<ClientBody>,
) -> Result<Json<KeyBody>, Problem> {
    Ok(Json(KeyBody { api_key: keys::make(&app, &actor, client.name).await? }))
}

/// Closes the keys of an Open311 client.
#[utoipa::path(post, path = "/api/v1/office/open311/keys/close", tag = "care",
    request_body = ClientBody, responses((status = 200)))]
async fn close_key(
    Shared(app): Shared<App>,
    actor: Actor,
    Json(client): Json<ClientBody>,
) -> Result<Json<Value>, Problem> {
    keys::close(&app, &actor, client.name).await?;
    Ok(Json(json!({})))
}
