//! Use cases: trust, messages, emergencies.

pub mod deliver;
pub mod incidents;
pub mod messages;
pub mod trust;

use kernel::platform::{Platform, random};
use kernel::problem::Problem;
use seal::sm2::SignerId;

use crate::rules::Signed;

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

fn public(app: &Platform, name: &str, role: SignerId) -> Result<String, Problem> {
    let store = app.keys.store();
    let key = store.create(name, &random::<32>()).and_then(|()| store.public(name, role));
    key.map(|key| hex::encode(key.to_compressed())).map_err(|error| key_problem(&error))
}

fn key_problem(error: &seal::keystore::KeyError) -> Problem {
    tracing::error!(%error, "the region's key cannot be used");
    kernel::db::DbError::Unavailable(error.to_string()).into()
}
