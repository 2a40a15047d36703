//! The way to the provider and back.

use std::time::Duration;

use kernel::id::Id;
use kernel::platform::{App, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use serde_json::Value;

use super::Provider;
use super::rules::{self, Metadata, SignedIn};
use super::store::{self, UnderWay};
use crate::rules::Refused;
use crate::{jose, keys, service};

/// Seconds that somebody may be under way.
pub(super) const WAY_S: i64 = 600;
const PATIENCE: Duration = Duration::from_secs(8);

/// Where the provider sends browsers back to.
pub(super) fn back(app: &App) -> String {
    format!("{}/staff/outside/back", service::issuer(app))
}

/// Sends somebody to the provider: the address, and the state that his browser keeps.
pub(super) async fn begin(app: &App) -> Result<(String, String), Problem> {
    let provider = Provider::of(app)?;
    let metadata = discover(&provider).await?;
    let fresh = || seal::token::from_random(&random::<32>());
    let (state, way) = (fresh(), UnderWay { nonce: fresh(), verifier: fresh() });
    let challenge = keys::challenge(&way.verifier);
    let back = back(app);
    let acr = provider.second_factor_acr.join(" ");
    let mut asked = vec![
        ("response_type", "code"),
        ("scope", "openid"),
        ("client_id", &provider.client_id),
        ("redirect_uri", &back),
        ("state", &state),
        ("nonce", &way.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    if !acr.is_empty() {
        asked.push(("acr_values", &acr));
    }
    let to = crate::rules::redirect(&metadata.authorization, &asked);
    let digest = seal::token::digest(&state);
    let until = Utc::now().plus_seconds(WAY_S);
    app.db.housekeeping(move |tx| store::begin(tx, &digest, &way, until)).await?;
    Ok((to, state))
}

/// What the provider's browser came back with.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Came {
    pub(super) code: String,
    pub(super) state: String,
    pub(super) iss: String,
    pub(super) error: String,
}

/// Who came back: the linked account, the provider, and whether a second factor was seen there.
pub(super) async fn finish(app: &App, came: Came) -> Result<(Id, String, bool), Problem> {
    let provider = Provider::of(app)?;
    let (digest, now) = (seal::token::digest(&came.state), Utc::now());
    let way = app.db.housekeeping(move |tx| store::take(tx, &digest, now)).await?;
    let way = way.ok_or(Refused::Over)?;
    if came.code.is_empty() {
        return Err(doubt(&came.error.chars().take(60).collect::<String>()));
    }
    let metadata = discover(&provider).await?;
    let other = came.iss.is_empty() == metadata.says_issuer;
    if (metadata.says_issuer || !came.iss.is_empty()) && (other || came.iss != provider.issuer) {
        return Err(doubt("the answer is of another issuer"));
    }
    let signed_in = exchange(app, &provider, &metadata, &came.code, &way).await?;
    let (issuer, subject) = (provider.issuer.clone(), signed_in.subject);
    let account = app.db.read(move |tx| store::account(tx, &issuer, &subject)).await?;
    Ok((account.ok_or(Refused::NotPrepared)?, provider.issuer, signed_in.second_factor))
}

fn doubt(why: &str) -> Problem {
    tracing::warn!(why, "an outside provider's answer is not believed");
    Refused::Outside.into()
}

async fn exchange(
    app: &App,
    provider: &Provider,
    metadata: &Metadata,
    code: &str,
    way: &UnderWay,
) -> Result<SignedIn, Problem> {
    let form = [
        ("grant_type", "authorization_code".to_owned()),
        ("code", code.to_owned()),
        ("redirect_uri", back(app)),
        ("code_verifier", way.verifier.clone()),
    ];
    let name = |text: &str| serde_urlencoded::to_string([("", text)]).unwrap_or_default();
    let plain = |text: &str| name(text).trim_start_matches('=').to_owned();
    let secret = format!("{}:{}", plain(&provider.client_id), plain(&provider.client_secret));
    let (token, keys) = (metadata.token.clone(), metadata.keys.clone());
    let call = move || Some((post(&token, &secret, &form)?, get(&keys)?));
    let answers = tokio::task::spawn_blocking(call).await.ok().flatten();
    let (answer, keys) = answers.ok_or_else(|| doubt("it does not answer"))?;
    let text = answer.get("id_token").and_then(Value::as_str).unwrap_or_default();
    let now = Utc::now().seconds();
    rules::judge(text, provider, &jose::key_set(&keys), &way.nonce, now).map_err(doubt)
}

async fn discover(provider: &Provider) -> Result<Metadata, Problem> {
    let base = provider.issuer.trim_end_matches('/');
    let url = format!("{base}/.well-known/openid-configuration");
    let document = tokio::task::spawn_blocking(move || get(&url)).await.ok().flatten();
    let document = document.ok_or_else(|| doubt("it has no discovery document"))?;
    let read = rules::metadata(&document, &provider.issuer);
    read.ok_or_else(|| doubt("its discovery document is not its own"))
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).max_redirects(0);
    config.build().into()
}

fn read(mut answer: ureq::http::Response<ureq::Body>) -> Option<Value> {
    let text = answer.body_mut().with_config().limit(1 << 17).read_to_string().ok()?;
    serde_json::from_str(&text).ok()
}

fn get(url: &str) -> Option<Value> {
    read(agent().get(url).header("accept", "application/json").call().ok()?)
}

fn post(url: &str, secret: &str, form: &[(&str, String)]) -> Option<Value> {
    use base64::Engine as _;
    let secret = base64::engine::general_purpose::STANDARD.encode(secret);
    let body = serde_urlencoded::to_string(form).ok()?;
    let request = agent()
        .post(url)
        .header("authorization", format!("Basic {secret}"))
        .header("content-type", "application/x-www-form-urlencoded");
    read(request.send(body).ok()?)
}

/// Links a provider's name for somebody with the staff account that is called `login`, or takes the
/// account's links away when `subject` is none. On record.
///
/// # Errors
/// There is no such account, or the name is linked already.
pub async fn link(
    app: &App,
    login: &str,
    issuer: &str,
    subject: Option<&str>,
) -> Result<(), Problem> {
    use kernel::actor::Actor;
    use kernel::journal::{self, Entry};
    let (login, issuer) = (login.to_owned(), issuer.to_owned());
    let subject = subject.map(str::to_owned);
    let now = Utc::now();
    let act = if subject.is_some() { "account.linked" } else { "account.unlinked" };
    let entry = Entry::new(app.id(), now, &Actor::system(), act, "Art. 19")
        .why("关联单位统一身份认证 / staff from an outside provider", &[]);
    app.db
        .write(move |tx| {
            let account = kernel::auth::account_called(tx, &login)?;
            let account = account.ok_or_else(Problem::not_found)?;
            match &subject {
                Some(subject) => store::link(tx, &issuer, subject, account, now)?,
                None if store::unlink(tx, account)? == 0 => return Err(Problem::not_found()),
                None => {}
            }
            let entry = entry.clone().on("account", account);
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}
