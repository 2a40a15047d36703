//! What of an outside provider's answers is believed (OpenID Connect Core 3.1.3.7, Discovery 4.3, RFC 9207).

use serde_json::Value;

use super::Provider;
use crate::jose::{Named, Token};

/// Seconds that clocks may differ.
const SKEW_S: i64 = 60;
/// The oldest ID token that is taken, seconds.
const OLDEST_S: i64 = 600;

/// Whether an address is one that secrets may be sent to: https, or this very machine.
pub fn may_call(url: &str) -> bool {
    crate::rules::may_redirect(url) || crate::rules::may_redirect(&format!("{url}/"))
}

/// What of a discovery document is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Where browsers go.
    pub authorization: String,
    /// Where codes are changed.
    pub token: String,
    /// Where its keys are.
    pub keys: String,
    /// Answers carry `iss`.
    pub says_issuer: bool,
}

/// Reads a discovery document; it must name the issuer that it was asked of, to the letter.
pub fn metadata(document: &Value, issuer: &str) -> Option<Metadata> {
    let url = |name: &str| {
        let url = document.get(name)?.as_str()?;
        may_call(url).then(|| url.to_owned())
    };
    (document.get("issuer")?.as_str()? == issuer).then_some(())?;
    let flag = document.get("authorization_response_iss_parameter_supported");
    Some(Metadata {
        authorization: url("authorization_endpoint")?,
        token: url("token_endpoint")?,
        keys: url("jwks_uri")?,
        says_issuer: flag.and_then(Value::as_bool).unwrap_or_default(),
    })
}

/// Who was signed in, and whether a second factor was asked for there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The provider's name for him.
    pub subject: String,
    /// `acr` or `amr` says so.
    pub second_factor: bool,
}

/// Why an ID token is not believed, for the log.
pub type Doubt = &'static str;

/// Judges an ID token.
///
/// # Errors
/// The first thing that is wrong.
pub fn judge(
    text: &str,
    provider: &Provider,
    keys: &[Named],
    nonce: &str,
    now_s: i64,
) -> Result<SignedIn, Doubt> {
    let token = Token::parse(text).ok_or("it is no signed token")?;
    if !token.holds_by(keys) {
        return Err("no key of the provider signed it");
    }
    if token.text("iss") != Some(&provider.issuer) {
        return Err("another issuer");
    }
    if !token.is_for(&provider.client_id) {
        return Err("it is for another receiver");
    }
    let several = token.claims["aud"].as_array().is_some_and(|all| all.len() > 1);
    let party = token.text("azp");
    if (several && party.is_none()) || party.is_some_and(|party| party != provider.client_id) {
        return Err("it was given to another party");
    }
    if token.number("exp").is_none_or(|exp| exp <= now_s - SKEW_S) {
        return Err("it has ended");
    }
    let fresh = now_s - OLDEST_S - SKEW_S..=now_s + SKEW_S;
    if token.number("iat").is_none_or(|iat| !fresh.contains(&iat)) {
        return Err("it is too old, or of the future");
    }
    if token.text("nonce") != Some(nonce) {
        return Err("the nonce is another");
    }
    let subject = token.text("sub").filter(|subject| (1..=255).contains(&subject.len()));
    let subject = subject.ok_or("it names nobody")?.to_owned();
    Ok(SignedIn { subject, second_factor: has_second_factor(&token, provider) })
}

fn has_second_factor(token: &Token, provider: &Provider) -> bool {
    let acr = token.text("acr");
    let by_acr = acr.is_some_and(|acr| provider.second_factor_acr.iter().any(|one| one == acr));
    let amr = token.claims["amr"].as_array().map(Vec::as_slice).unwrap_or_default();
    let known = |one: &Value| provider.second_factor_amr.iter().any(|known| one == known);
    by_acr || amr.iter().any(known)
}
