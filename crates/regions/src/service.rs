//! Use cases: trust, messages, emergencies.

pub mod deliver;
pub mod incidents;
pub mod messages;
pub mod trust;

use std::time::Duration;

use kernel::law::Refusal as _;
use kernel::platform::{App, Platform, random};
use kernel::problem::Problem;
use kernel::time::Utc;
use seal::sm2::SignerId;
use serde::de::DeserializeOwned;

use crate::rules::{Refused, Signed};
use crate::store;

/// Name of the key that opens what was sealed for this region. It stays when the signing key rotates, so
/// that what is under way can still be read.
pub(crate) const SEAL_KEY: &str = "region-seal";

/// Name of the key of this region with a number.
fn key_name(number: u32) -> String {
    format!("region-{number}")
}

/// Opens what was sealed for this region; none when it was not, or is not an envelope.
pub(crate) fn open_sealed(
    app: &Platform,
    key: &str,
    context: &[u8],
    sealed: &str,
) -> Option<Vec<u8>> {
    let envelope = crate::joint::rules::read_envelope(sealed)?;
    app.keys.store().open_envelope(key, context, &envelope).ok()
}

/// Signs plain data with one of this region's keys; the key is made when it is missing.
fn sign(
    app: &Platform,
    key: u32,
    role: SignerId,
    said: &impl serde::Serialize,
) -> Result<Signed, Problem> {
    let text = serde_json::to_string(said).expect("plain data");
    let signature = sign_text(app, key, role, &text)?;
    Ok(Signed { text, signature, before: None })
}

/// Signs a text with the key of now.
pub(crate) fn sign_now(app: &Platform, role: SignerId, text: String) -> Result<Signed, Problem> {
    let signature = sign_text(app, trust::own(app)?.key, role, &text)?;
    Ok(Signed { text, signature, before: None })
}

pub(crate) fn sign_text(
    app: &Platform,
    key: u32,
    role: SignerId,
    text: &str,
) -> Result<String, Problem> {
    let (store, name) = (app.keys.store(), key_name(key));
    let signed = store
        .create(&name, &random::<32>())
        .and_then(|()| store.sign(&name, role, text.as_bytes()));
    signed.map(hex::encode).map_err(|error| key_problem(&error))
}

/// Counts what was not believed of a region; empty for one that is not trusted.
pub(crate) async fn note(app: &App, region: String, refused: Refused) -> Result<(), Problem> {
    tracing::warn!(region, code = refused.code(), "what another region says is not believed");
    let counted = app.db.housekeeping(move |tx| store::alarm(tx, &region, refused, Utc::now()));
    Ok(counted.await?)
}

/// Sends JSON and reads the answer, of 1 MiB at most; none when there is none in time. It blocks.
pub(crate) fn call_json<T: DeserializeOwned>(
    url: &str,
    body: &str,
    patience: Duration,
) -> Option<T> {
    let config =
        ureq::Agent::config_builder().timeout_global(Some(patience)).max_redirects(0).build();
    let agent: ureq::Agent = config.into();
    let answer = agent.post(url).header("content-type", "application/json").send(body);
    let text = answer.ok()?.body_mut().with_config().limit(1 << 20).read_to_string().ok()?;
    serde_json::from_str(&text).ok()
}

/// Whether somebody at an address takes JSON, whatever he thinks of it. It blocks for 3 s at most.
fn reaches(url: &str, body: &str) -> bool {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(3)))
        .http_status_as_error(false)
        .max_redirects(0)
        .build();
    let agent: ureq::Agent = config.into();
    let answer = agent.post(url).header("content-type", "application/json").send(body);
    answer.is_ok_and(|answer| answer.status().as_u16() < 500)
}

/// The public half of the key of now, 66 digits.
pub(crate) fn own_key(app: &Platform, role: SignerId) -> Result<String, Problem> {
    public(app, &key_name(trust::own(app)?.key), role)
}

fn public(app: &Platform, name: &str, role: SignerId) -> Result<String, Problem> {
    let store = app.keys.store();
    let key = store.create(name, &random::<32>()).and_then(|()| store.public(name, role));
    key.map(|key| hex::encode(key.to_compressed())).map_err(|error| key_problem(&error))
}

fn key_problem(error: &seal::keystore::KeyError) -> Problem {
    tracing::error!(%error, "the region's key cannot be used");
    kernel::db::DbError::Unavailable(error.to_string()).into()
}
