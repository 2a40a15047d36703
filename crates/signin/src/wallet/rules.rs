//! What is issued, what a wallet must prove, and what of a presentation is believed. No I/O.

use people::field::Field;
use people::rules::Person;
use serde_json::{Map, Value, json};
use time::Date;

use super::sdjwt;
use crate::jose::{Alg, Named, Public, Token};
use crate::rules::claim;

/// Name of the only credential (`credential_configuration_id`).
pub const CONFIGURATION: &str = "social-security-card";
/// Grant of OpenID4VCI.
pub const PRE_AUTHORIZED: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
/// Seconds that an offer is good, and then the token that it was changed into.
pub const OFFER_S: i64 = 600;
/// Wrong digits that end an offer.
pub const TRIES: i64 = 3;
/// Seconds that a nonce of ours is good.
pub const NONCE_S: i64 = 300;
/// Days that a credential is good; then the wallet asks for another, so that old facts do not live on.
pub const CREDENTIAL_DAYS: i64 = 90;
/// Seconds that a wallet has to answer a terminal.
pub const REQUEST_S: i64 = 300;
/// Seconds that clocks may differ.
pub const SKEW_S: i64 = 60;

/// Type of the credential.
pub fn vct(issuer: &str) -> String {
    format!("{issuer}/wallet/type/{CONFIGURATION}")
}

/// The claims that a holder may show or keep back, one by one.
pub fn facts(person: &Person, today: Date) -> Vec<(&'static str, Value)> {
    Field::ALL.iter().map(|field| (claim(*field), json!(person.field(*field, today)))).collect()
}

/// The wallet's proof that it has a key (OpenID4VCI 1.0, appendix F.1): its key and the nonce in it.
///
/// # Errors
/// What is wrong, for engineers.
pub fn proof(text: &str, issuer: &str, now_s: i64) -> Result<(Public, String), &'static str> {
    let token = Token::parse(text).ok_or("the proof is no signed token")?;
    if token.header("typ") != Some("openid4vci-proof+jwt") {
        return Err("typ must be openid4vci-proof+jwt");
    }
    if token.header("alg") != Some(Alg::Es256.code()) {
        return Err("alg must be ES256");
    }
    let key = token.head.get("jwk").and_then(Public::from_jwk);
    let key = key.ok_or("the header must carry a public key in jwk")?;
    if !token.holds(&key) {
        return Err("the signature does not fit");
    }
    if !token.is_for(issuer) {
        return Err("aud must be the credential issuer");
    }
    let fresh = now_s - NONCE_S - SKEW_S..=now_s + SKEW_S;
    if token.number("iat").is_none_or(|iat| !fresh.contains(&iat)) {
        return Err("iat is too old, or of the future");
    }
    let nonce = token.text("nonce").ok_or("the nonce is missing")?.to_owned();
    Ok((key, nonce))
}

/// What is asked of a wallet.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Our address.
    pub issuer: &'a str,
    /// Our keys.
    pub keys: &'a [Named],
    /// Of the request.
    pub nonce: &'a str,
    /// Our name in the request (`client_id`).
    pub audience: &'a str,
    /// Claims that must be there.
    pub claims: &'a [&'static str],
}

/// What a presentation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Status list and place in it.
    pub place: (i64, i64),
    /// Thumbprint of the wallet's key.
    pub holder: String,
    /// The claims that were asked for.
    pub claims: Vec<(&'static str, String)>,
}

/// Judges a presentation (SD-JWT VC, RFC 9901 7.3, OpenID4VP 1.0 B.3).
///
/// # Errors
/// The first thing that is wrong, for the log.
pub fn judge(text: &str, expected: &Expected<'_>, now_s: i64) -> Result<Shown, &'static str> {
    let presented = sdjwt::parse(text).ok_or("it is no SD-JWT")?;
    let issued = &presented.issued;
    if issued.header("typ") != Some("dc+sd-jwt") || !issued.holds_by(expected.keys) {
        return Err("we did not issue it");
    }
    if issued.text("iss") != Some(expected.issuer)
        || issued.text("vct") != Some(&vct(expected.issuer))
    {
        return Err("it is another credential");
    }
    if issued.number("exp").is_none_or(|exp| exp <= now_s) {
        return Err("it has ended");
    }
    let key = issued.claims["cnf"].get("jwk").and_then(Public::from_jwk);
    let key = key.ok_or("it is bound to no key")?;
    bound(&presented, &key, expected, now_s)?;
    let claims = sdjwt::reveal(&presented).ok_or("a disclosure is not of it")?;
    let wanted = wanted(&claims, expected.claims).ok_or("a claim that was asked for is missing")?;
    let place = place(&claims, expected.issuer).ok_or("it has no place in a status list")?;
    Ok(Shown { place, holder: key.thumbprint(), claims: wanted })
}

fn bound(
    presented: &sdjwt::Presented,
    key: &Public,
    expected: &Expected<'_>,
    now_s: i64,
) -> Result<(), &'static str> {
    let binding = presented.binding.as_ref().ok_or("the key binding is missing")?;
    if binding.header("typ") != Some("kb+jwt") || !binding.holds(key) {
        return Err("the key binding is of another key");
    }
    if binding.text("sd_hash") != Some(&presented.hash) {
        return Err("the key binding is about something else");
    }
    if binding.text("nonce") != Some(expected.nonce) {
        return Err("the nonce is another");
    }
    if binding.text("aud") != Some(expected.audience) {
        return Err("it was shown to somebody else");
    }
    let fresh = now_s - super::rules::REQUEST_S - SKEW_S..=now_s + SKEW_S;
    match binding.number("iat").is_some_and(|iat| fresh.contains(&iat)) {
        true => Ok(()),
        false => Err("the key binding is too old, or of the future"),
    }
}

fn wanted(
    claims: &Map<String, Value>,
    names: &[&'static str],
) -> Option<Vec<(&'static str, String)>> {
    names.iter().map(|name| Some((*name, claims.get(*name)?.as_str()?.to_owned()))).collect()
}

fn place(claims: &Map<String, Value>, issuer: &str) -> Option<(i64, i64)> {
    let listed = claims.get("status")?.get("status_list")?;
    let list = listed.get("uri")?.as_str()?.strip_prefix(&super::status::address(issuer, ""))?;
    Some((list.parse().ok()?, listed.get("idx")?.as_i64()?))
}
