//! The endpoints of wallets and of terminals that ask them.

use axum::body::Bytes;
use axum::extract::{Extension, State as AppState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Json, Path, Routes};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::field::Field;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::issue::{self, No};
use super::status::{self, Kept, TTL_S};
use super::{present, rules};
use crate::protocol::{answer, error, fields};
use crate::rules::claim;
use crate::service::{self, List};
use crate::{jose, keyring, keys};

const TERMINALS: Access = Access::Roles(&[Role::Terminal]);

pub(super) fn routes() -> Routes {
    Routes::new("signin")
        .api(Access::Public, &[2, 6], routes!(issuer_metadata))
        .api(Access::Public, &[2, 6], routes!(vc_issuer))
        .api(Access::Public, &[2, 6], routes!(credential_type))
        .api(Access::Public, &[2, 6], routes!(nonce))
        .api(Access::Public, &[2, 6], routes!(credential))
        .api(Access::Public, &[2, 20], routes!(status_list))
        .api(Access::Public, &[6, 18], routes!(response))
        .api(TERMINALS, &[6, 14, 18], routes!(ask))
        .api(TERMINALS, &[6, 14, 18], routes!(told))
}

/// What wallets may fetch here (OpenID4VCI 1.0 12.2).
#[utoipa::path(get, path = "/.well-known/openid-credential-issuer", tag = "wallet",
    responses((status = 200, description = "issuer metadata")))]
async fn issuer_metadata(AppState(app): AppState<App>) -> Response {
    let issuer = service::issuer(&app);
    let label = |field: &Field| {
        let label = field.label();
        json!({"path": [claim(*field)], "display": [
            {"name": label.zh, "locale": "zh-CN"}, {"name": label.en, "locale": "en"}]})
    };
    let claims: Vec<Value> = Field::ALL.iter().map(label).collect();
    let display = json!([{"name": "电子社会保障卡", "locale": "zh-CN"},
        {"name": "Electronic social security card", "locale": "en"}]);
    let configuration = json!({
        "format": "dc+sd-jwt",
        "vct": rules::vct(&issuer),
        "cryptographic_binding_methods_supported": ["jwk"],
        "credential_signing_alg_values_supported": ["ES256"],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["ES256"]}},
        "credential_metadata": {"display": display, "claims": claims},
    });
    let body = json!({
        "credential_issuer": issuer,
        "credential_endpoint": format!("{issuer}/wallet/credential"),
        "nonce_endpoint": format!("{issuer}/wallet/nonce"),
        "credential_configurations_supported": {rules::CONFIGURATION: configuration},
    });
    answer(StatusCode::OK, &body)
}

/// The keys that credentials and status lists are signed with (SD-JWT VC, JWT VC issuer metadata).
#[utoipa::path(get, path = "/.well-known/jwt-vc-issuer", tag = "wallet",
    responses((status = 200, description = "issuer and JWK set")))]
async fn vc_issuer(AppState(app): AppState<App>) -> Result<Response, Problem> {
    keyring::ensure(&app, jose::Alg::Es256).await?;
    let keys = present::issuer_keys(&app).await?;
    let keys: Vec<Value> =
        keys.iter().map(|key| keys::jwk(&key.kid, key.alg, &key.public)).collect();
    let body = json!({"issuer": service::issuer(&app), "jwks": {"keys": keys}});
    Ok(answer(StatusCode::OK, &body))
}

/// What the type of the credential is (SD-JWT VC type metadata).
#[utoipa::path(get, path = "/wallet/type/social-security-card", tag = "wallet",
    responses((status = 200, description = "type metadata")))]
async fn credential_type(AppState(app): AppState<App>) -> Response {
    let claims: Vec<Value> =
        Field::ALL.iter().map(|field| json!({"path": [claim(*field)], "sd": "always"})).collect();
    let body = json!({"vct": rules::vct(&service::issuer(&app)), "claims": claims,
        "name": "电子社会保障卡 / electronic social security card"});
    answer(StatusCode::OK, &body)
}

/// A nonce for a proof (OpenID4VCI 1.0 7).
#[utoipa::path(post, path = "/wallet/nonce", tag = "wallet",
    responses((status = 200, description = "c_nonce")))]
async fn nonce(AppState(app): AppState<App>) -> Response {
    answer(StatusCode::OK, &json!({"c_nonce": issue::nonce(&app, Utc::now().seconds())}))
}

#[derive(Deserialize, ToSchema)]
struct Wanted {
    /// `social-security-card`.
    #[serde(default)]
    credential_configuration_id: String,
    /// `{"jwt": ["…"]}`, one proof.
    #[serde(default)]
    proofs: Proofs,
}

#[derive(Default, Deserialize, ToSchema)]
struct Proofs {
    #[serde(default)]
    jwt: Vec<String>,
}

/// Gives the credential to the key that is proved (OpenID4VCI 1.0 8).
#[utoipa::path(post, path = "/wallet/credential", tag = "wallet", request_body = Wanted,
    responses((status = 200, description = "credentials"), (status = 400, description = "an error"),
        (status = 401, description = "invalid_token")))]
async fn credential(
    AppState(app): AppState<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let bad = |no: No| Ok(error(StatusCode::BAD_REQUEST, no.0, no.1));
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = bearer.and_then(|value| value.strip_prefix("Bearer ")) else {
        return Ok(not_a_token());
    };
    let Ok(wanted) = serde_json::from_slice::<Wanted>(&body) else {
        return bad(No("invalid_credential_request", "the request is not understood"));
    };
    if wanted.credential_configuration_id != rules::CONFIGURATION {
        return bad(No("unknown_credential_configuration", "there is no such credential"));
    }
    let [proof] = wanted.proofs.jwt.as_slice() else {
        return bad(No("invalid_proof", "one proof of the type jwt is needed"));
    };
    match issue::issue(&app, token, proof).await {
        Ok(Ok(credential)) => {
            let body = json!({"credentials": [{"credential": credential}]});
            Ok(answer(StatusCode::OK, &body))
        }
        Ok(Err(no)) => bad(no),
        Err(problem) if problem.status == 401 => Ok(not_a_token()),
        Err(problem) if problem.status == 403 => {
            bad(No("credential_request_denied", "the card is not in order"))
        }
        Err(problem) => Err(problem),
    }
}

fn not_a_token() -> Response {
    let mut response = error(StatusCode::UNAUTHORIZED, "invalid_token", "the token does not count");
    let ask = header::HeaderValue::from_static("Bearer error=\"invalid_token\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
    response
}

/// A token status list; nobody is asked whose status he looks up.
#[utoipa::path(get, path = "/wallet/status/{list}", tag = "wallet",
    params(("list" = i64, Path, description = "number of the list")),
    responses((status = 200, description = "application/statuslist+jwt"), (status = 404)))]
async fn status_list(
    AppState(app): AppState<App>,
    Extension(kept): Extension<Kept>,
    Path(list): Path<i64>,
) -> Result<Response, Problem> {
    let text = status::list(&app, &kept, list).await?.ok_or_else(Problem::not_found)?;
    let kind = (header::CONTENT_TYPE, "application/statuslist+jwt".to_owned());
    Ok(([kind, (header::CACHE_CONTROL, format!("max-age={TTL_S}"))], text).into_response())
}

/// Takes what a wallet shows (OpenID4VP 1.0 8.2). The wallet learns that it came, and nothing more.
#[utoipa::path(post, path = "/wallet/response/{id}", tag = "wallet",
    params(("id" = String, Path, description = "the question")),
    request_body(content_type = "application/x-www-form-urlencoded", content = String),
    responses((status = 200, description = "taken"), (status = 400), (status = 409)))]
async fn response(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let bad =
        || Ok(error(StatusCode::BAD_REQUEST, "invalid_request", "the form is not understood"));
    let Some(fields) = fields(&body) else { return bad() };
    if fields.get("state").is_some_and(|state| *state != id) {
        return bad();
    }
    let token = fields.get("vp_token").and_then(|text| serde_json::from_str::<Value>(text).ok());
    let shown = token.as_ref().and_then(|token| match &token["card"] {
        Value::Array(all) if all.len() == 1 => all[0].as_str(),
        _ => None,
    });
    if shown.is_none() && !fields.contains_key("error") {
        return bad();
    }
    present::answer(&app, &list, &id, shown).await?;
    Ok(answer(StatusCode::OK, &json!({})))
}

#[derive(Deserialize, ToSchema)]
struct Question {
    /// Code of an item that this terminal may ask for.
    item: String,
}

#[derive(Serialize, ToSchema)]
struct Asked {
    /// To look for the answer.
    id: String,
    /// `openid4vp://…`, for a QR code.
    uri: String,
    /// Seconds.
    expires_in: i64,
}

/// Makes a question to a wallet for an item (Art. 14).
#[utoipa::path(post, path = "/api/v1/wallet/requests", tag = "wallet", request_body = Question,
    responses((status = 200, body = Asked), (status = 403, description = "not this item")))]
async fn ask(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    terminal: Actor,
    Json(question): Json<Question>,
) -> Result<Json<Asked>, Problem> {
    let asked = present::ask(&app, &list, &terminal, &question.item).await?;
    Ok(Json(Asked { id: asked.id, uri: asked.uri, expires_in: rules::REQUEST_S }))
}

#[derive(Serialize, ToSchema)]
struct Answered {
    /// `waiting`, `yes` or `no`.
    result: &'static str,
    /// Code of the refusal, after a no.
    why: String,
    /// The item's fields and no others, after a yes.
    #[schema(value_type = Object)]
    fields: Value,
}

/// What became of a question of this terminal.
#[utoipa::path(get, path = "/api/v1/wallet/requests/{id}", tag = "wallet",
    params(("id" = String, Path, description = "the question")),
    responses((status = 200, body = Answered), (status = 404)))]
async fn told(
    AppState(app): AppState<App>,
    terminal: Actor,
    Path(id): Path<String>,
) -> Result<Json<Answered>, Problem> {
    let told = present::told(&app, &terminal, &id).await?;
    let result = match &told {
        None => "waiting",
        Some(told) if told.why.is_empty() => "yes",
        Some(_) => "no",
    };
    let told = told.unwrap_or_default();
    let fields = told.fields.into_iter().map(|(code, value)| (code, json!(value)));
    Ok(Json(Answered { result, why: told.why, fields: Value::Object(fields.collect()) }))
}
