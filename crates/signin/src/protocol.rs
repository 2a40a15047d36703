//! The endpoints for programs: discovery, keys, pushed requests, tokens, userinfo (OpenID Connect Discovery 1.0;
//! RFC 6749, 6750, 7517, 9126).

use std::collections::HashMap;

use axum::body::Bytes;
use axum::extract::{Extension, State as AppState};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use kernel::actor::Access;
use kernel::http::Routes;
use kernel::platform::App;
use kernel::problem::Problem;
use serde_json::{Value, json};
use utoipa_axum::routes;

use crate::jose::Alg;
use crate::rules::{self, Asked, LEVELS, PUSHED_S, TOKEN_S};
use crate::service::{self, Exchange, List};
use crate::{authn, keyring, keys, wallet};

pub(crate) fn routes() -> Routes {
    Routes::new("signin")
        .api(Access::Public, &[6], routes!(discovery))
        .api(Access::Public, &[6], routes!(server_metadata))
        .api(Access::Public, &[6], routes!(jwks))
        .api(Access::Public, &[6], routes!(par))
        .api(Access::Public, &[6], routes!(token))
        .api(Access::Public, &[6, 18], routes!(userinfo, userinfo_post))
}

pub(crate) fn answer(status: StatusCode, body: &Value) -> Response {
    let kind = (header::CONTENT_TYPE, "application/json");
    let store = (header::CACHE_CONTROL, "no-store");
    (status, [kind, store], body.to_string()).into_response()
}

pub(crate) fn error(status: StatusCode, error: &str, says: &str) -> Response {
    answer(status, &json!({"error": error, "error_description": says}))
}

/// What this provider can do (OpenID Connect Discovery 1.0).
#[utoipa::path(get, path = "/.well-known/openid-configuration", tag = "sign-in",
    responses((status = 200, description = "provider metadata")))]
async fn discovery(AppState(app): AppState<App>) -> Response {
    let issuer = service::issuer(&app);
    let at = |path: &str| format!("{issuer}{path}");
    let claims: Vec<&str> =
        people::field::Field::ALL.iter().map(|field| rules::claim(*field)).collect();
    answer(
        StatusCode::OK,
        &json!({
            "issuer": issuer,
            "authorization_endpoint": at("/oidc/authorize"),
            "token_endpoint": at("/oidc/token"),
            "userinfo_endpoint": at("/oidc/userinfo"),
            "jwks_uri": at("/oidc/keys"),
            "pushed_authorization_request_endpoint": at("/oidc/par"),
            "end_session_endpoint": at("/oidc/logout"),
            "scopes_supported": ["openid"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", wallet::rules::PRE_AUTHORIZED],
            "pre-authorized_grant_anonymous_access_supported": true,
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256"],
            "token_endpoint_auth_methods_supported":
                ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "PS256"],
            "code_challenge_methods_supported": ["S256"],
            "acr_values_supported": LEVELS,
            "claims_supported": claims,
            "prompt_values_supported": ["none", "login", "consent"],
            "ui_locales_supported": ["zh-CN", "en"],
            "authorization_response_iss_parameter_supported": true,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
        }),
    )
}

/// The same, where wallets look for it (RFC 8414).
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "sign-in",
    responses((status = 200, description = "provider metadata")))]
async fn server_metadata(state: AppState<App>) -> Response {
    discovery(state).await
}

/// Keys that sign ID tokens (RFC 7517): the present one, the next one, and the last one for a day.
#[utoipa::path(get, path = "/oidc/keys", tag = "sign-in",
    responses((status = 200, description = "a JWK set")))]
async fn jwks(AppState(app): AppState<App>) -> Result<Response, Problem> {
    for alg in [Alg::Es256, Alg::Rs256] {
        keyring::ensure(&app, alg).await?;
    }
    let keys = keyring::published(&app).await?;
    let keys: Vec<Value> =
        keys.iter().map(|key| keys::jwk(&key.kid, key.alg, &key.public)).collect();
    Ok(answer(StatusCode::OK, &json!({ "keys": keys })))
}

/// Form fields of a request; a field that comes twice is an error (RFC 6749 3.1).
pub(crate) fn fields(body: &Bytes) -> Option<HashMap<String, String>> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body).ok()?;
    let mut fields = HashMap::new();
    for (name, value) in pairs {
        if fields.insert(name, value).is_some() {
            return None;
        }
    }
    Some(fields)
}

fn unknown_client() -> Response {
    let mut response =
        error(StatusCode::UNAUTHORIZED, "invalid_client", "client authentication failed");
    let ask = header::HeaderValue::from_static("Basic realm=\"yikatong\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
    response
}

/// Takes a request that is pushed (RFC 9126); the answer's `request_uri` goes to the person's browser.
#[utoipa::path(post, path = "/oidc/par", tag = "sign-in",
    request_body(content_type = "application/x-www-form-urlencoded", content = String),
    responses((status = 201, description = "request_uri and expires_in"),
        (status = 400, description = "an error of RFC 6749"), (status = 401, description = "invalid_client")))]
async fn par(
    AppState(app): AppState<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let bad = |says: &str| Ok(error(StatusCode::BAD_REQUEST, "invalid_request", says));
    let Some(fields) = fields(&body) else { return bad("the form is not understood") };
    let Some(client) = authn::client(&app, &headers, &fields).await? else {
        return Ok(unknown_client());
    };
    if fields.contains_key("request_uri") {
        return bad("request_uri is not for this endpoint");
    }
    let asked = serde_json::to_value(&fields).ok();
    let Some(mut asked) = asked.and_then(|value| serde_json::from_value::<Asked>(value).ok())
    else {
        return bad("the form is not understood");
    };
    asked.client_id.clone_from(&client.id);
    if !client.redirects.contains(&asked.redirect_uri) {
        return bad("redirect_uri is not registered");
    }
    if let Err(wrong) = rules::check(&asked) {
        return Ok(error(StatusCode::BAD_REQUEST, wrong.error, wrong.says));
    }
    let uri = service::push(&app, asked).await?;
    Ok(answer(StatusCode::CREATED, &json!({"request_uri": uri, "expires_in": PUSHED_S})))
}

/// Changes a code into an access token and an ID token (RFC 6749 4.1.3, RFC 7636).
#[utoipa::path(post, path = "/oidc/token", tag = "sign-in",
    request_body(content_type = "application/x-www-form-urlencoded", content = String),
    responses((status = 200, description = "tokens"), (status = 400, description = "an error of RFC 6749"),
        (status = 401, description = "invalid_client")))]
async fn token(
    AppState(app): AppState<App>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let Some(fields) = fields(&body) else {
        return Ok(error(StatusCode::BAD_REQUEST, "invalid_request", "the form is not understood"));
    };
    let field = |name: &str| fields.get(name).map_or("", String::as_str);
    if field("grant_type") == wallet::rules::PRE_AUTHORIZED {
        return wallet_token(&app, field("pre-authorized_code"), field("tx_code")).await;
    }
    let Some(client) = authn::client(&app, &headers, &fields).await? else {
        return Ok(unknown_client());
    };
    if field("grant_type") != "authorization_code" {
        let says = "grant_type must be authorization_code";
        return Ok(error(StatusCode::BAD_REQUEST, "unsupported_grant_type", says));
    }
    let verifier = field("code_verifier");
    if !(43..=128).contains(&verifier.len()) {
        return Ok(error(StatusCode::BAD_REQUEST, "invalid_request", "code_verifier is missing"));
    }
    let done =
        service::exchange(&app, &client, field("code"), field("redirect_uri"), verifier).await?;
    Ok(match done {
        Exchange::Bad => error(StatusCode::BAD_REQUEST, "invalid_grant", "the code is not good"),
        Exchange::Done(access, id_token) => answer(
            StatusCode::OK,
            &json!({
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": TOKEN_S,
                "scope": "openid",
                "id_token": id_token,
            }),
        ),
    })
}

/// A wallet comes without a name of its own (OpenID4VCI 1.0 6.1).
async fn wallet_token(app: &App, code: &str, digits: &str) -> Result<Response, Problem> {
    Ok(match wallet::issue::exchange(app, code, digits).await? {
        None => error(StatusCode::BAD_REQUEST, "invalid_grant", "the code or its digits are wrong"),
        Some(token) => answer(
            StatusCode::OK,
            &json!({
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": wallet::rules::OFFER_S,
            }),
        ),
    })
}

async fn info(app: &App, list: &List, headers: &HeaderMap) -> Result<Response, Problem> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer "));
    let found = match token {
        Some(token) => service::userinfo(app, list, token).await?,
        None => None,
    };
    Ok(match found {
        Some(claims) => answer(StatusCode::OK, &claims),
        None => {
            let mut response =
                error(StatusCode::UNAUTHORIZED, "invalid_token", "the token does not count");
            let ask = header::HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, ask);
            response
        }
    })
}

/// What the service may know of the person: the fields of its item (Art. 18).
#[utoipa::path(get, path = "/oidc/userinfo", tag = "sign-in",
    responses((status = 200, description = "claims"), (status = 401, description = "invalid_token")))]
async fn userinfo(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    info(&app, &list, &headers).await
}

/// As with GET (OpenID Connect Core 5.3.1).
#[utoipa::path(post, path = "/oidc/userinfo", tag = "sign-in",
    responses((status = 200, description = "claims"), (status = 401, description = "invalid_token")))]
async fn userinfo_post(
    AppState(app): AppState<App>,
    Extension(list): Extension<List>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    info(&app, &list, &headers).await
}
