//! Who a program is: `client_secret_basic`, `client_secret_post`, `private_key_jwt` (RFC 7523, OpenID Connect
//! Core 9), or a public client that PKCE alone proves. A service has one way, and no other is taken.

use std::collections::HashMap;

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use serde_json::Value;

use crate::jose::{self, Token};
use crate::service;
use crate::store::{self, Client};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest that an assertion may be good for, seconds.
const ASSERTION_S: i64 = 600;
/// Seconds that clocks may differ.
const SKEW_S: i64 = 30;

fn decoded(text: &str) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&format!("v={text}")).ok()?;
    pairs.into_iter().next().map(|(_, value)| value)
}

fn basic(headers: &HeaderMap) -> Option<Option<(String, String)>> {
    let basic = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let plain = base64::engine::general_purpose::STANDARD.decode(basic).ok();
    let plain = plain.and_then(|bytes| String::from_utf8(bytes).ok());
    let read = |plain: String| {
        let (id, secret) = plain.split_once(':')?;
        Some((decoded(id)?, decoded(secret)?))
    };
    Some(plain.and_then(read))
}

/// The active service that asks; none when it does not prove who it is.
///
/// # Errors
/// The database's word.
pub async fn client(
    app: &App,
    headers: &HeaderMap,
    fields: &HashMap<String, String>,
) -> Result<Option<Client>, Problem> {
    let field = |name: &str| fields.get(name).cloned();
    if let Some(assertion) = field("client_assertion") {
        let right_type = field("client_assertion_type").as_deref() == Some(ASSERTION);
        let alone = !fields.contains_key("client_secret") && basic(headers).is_none();
        return match right_type && alone {
            true => by_key(app, field("client_id"), &assertion).await,
            false => Ok(None),
        };
    }
    let (id, secret) = match basic(headers) {
        Some(Some((id, secret))) => (id, Some(secret)),
        Some(None) => return Ok(None),
        None => match field("client_id") {
            Some(id) => (id, field("client_secret")),
            None => return Ok(None),
        },
    };
    let Some(known) = active(app, id).await? else { return Ok(None) };
    let right = match (&known.secret, secret) {
        _ if !known.jwks.is_empty() => false,
        (Some(digest), Some(secret)) => seal::token::same(digest, &seal::token::digest(&secret)),
        (None, None) => true,
        _ => false,
    };
    Ok(right.then_some(known))
}

async fn active(app: &App, id: String) -> Result<Option<Client>, Problem> {
    let known = app.db.read(move |tx| store::client(tx, &id)).await?;
    Ok(known.filter(|known| known.state == "active"))
}

/// A service that signed an assertion with one of its keys. The assertion is good once, for this
/// provider only, and not for long.
async fn by_key(
    app: &App,
    said: Option<String>,
    assertion: &str,
) -> Result<Option<Client>, Problem> {
    let Some(token) = Token::parse(assertion) else { return Ok(None) };
    let Some(id) = token.text("iss").map(str::to_owned) else { return Ok(None) };
    let Some(known) = active(app, id.clone()).await? else { return Ok(None) };
    let keys = serde_json::from_str::<Value>(&known.jwks).unwrap_or_default();
    let now = Utc::now().seconds();
    let Some((jti, until)) = judge(app, &token, &id, now) else { return Ok(None) };
    let fits = said.is_none_or(|said| said == id);
    if !fits || !token.holds_by(&jose::key_set(&keys)) {
        return Ok(None);
    }
    let until = Utc(until.saturating_add(SKEW_S).saturating_mul(Utc::SECOND));
    let fresh = app.db.housekeeping(move |tx| store::use_assertion(tx, &id, &jti, until)).await?;
    Ok(fresh.then_some(known))
}

/// The claims of an assertion (RFC 7523 3): its id and last second when they are right.
fn judge(app: &App, token: &Token, id: &str, now_s: i64) -> Option<(String, i64)> {
    let issuer = service::issuer(app);
    let places = ["", "/oidc/token", "/oidc/par"].map(|path| format!("{issuer}{path}"));
    let (exp, jti) = (token.number("exp")?, token.text("jti")?);
    let from = token.number("nbf").or(token.number("iat")).unwrap_or(now_s);
    let right = token.text("sub") == Some(id)
        && places.iter().any(|place| token.is_for(place))
        && (now_s - SKEW_S..=now_s + ASSERTION_S).contains(&exp)
        && from <= now_s + SKEW_S
        && (1..=200).contains(&jti.len());
    right.then(|| (jti.to_owned(), exp))
}
