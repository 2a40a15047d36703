//! SD-JWT (RFC 9901) as far as a flat credential needs it: each claim that may be kept back is a disclosure
//! of its own. `<issuer's JWT>~<disclosure>~…~<key binding JWT>`.

use serde_json::{Map, Value, json};

use crate::jose::{Token, b64, sha256, unb64};

/// Claims that are never a disclosure.
const RESERVED: [&str; 2] = ["_sd", "..."];
/// The most disclosures that are read.
const MOST: usize = 40;

/// One disclosure: BASE64URL of `[salt, name, value]`.
pub fn disclosure(salt: &[u8], name: &str, value: &Value) -> String {
    b64(json!([b64(salt), name, value]).to_string())
}

/// Puts the digests of disclosures into the claims, in an order that tells nothing.
pub fn conceal(claims: &mut Map<String, Value>, disclosures: &[String]) {
    let mut digests: Vec<String> = disclosures.iter().map(|text| sha256(text)).collect();
    digests.sort_unstable();
    claims.insert("_sd".to_owned(), json!(digests));
    claims.insert("_sd_alg".to_owned(), json!("sha-256"));
}

/// The parts of a presentation.
#[derive(Clone, Debug)]
pub struct Presented {
    /// What the issuer signed.
    pub issued: Token,
    /// The disclosures, as they came.
    pub disclosures: Vec<String>,
    /// The wallet's word that it holds the key.
    pub binding: Option<Token>,
    /// What the wallet's word is about: everything before it, hashed (`sd_hash`).
    pub hash: String,
}

/// Takes a presentation apart.
pub fn parse(text: &str) -> Option<Presented> {
    let (before, binding) = text.rsplit_once('~')?;
    let mut parts = before.split('~');
    let issued = Token::parse(parts.next()?)?;
    let disclosures: Vec<String> = parts.map(str::to_owned).collect();
    if disclosures.len() > MOST || disclosures.iter().any(String::is_empty) {
        return None;
    }
    let binding = match binding {
        "" => None,
        text => Some(Token::parse(text)?),
    };
    Some(Presented { issued, disclosures, binding, hash: sha256(&format!("{before}~")) })
}

/// The claims with the disclosed ones among them (RFC 9901 7.1). Everything that does not fit is a no: a
/// disclosure that the issuer did not sign, one that comes twice, a name that is taken.
pub fn reveal(presented: &Presented) -> Option<Map<String, Value>> {
    let mut claims = presented.issued.claims.as_object()?.clone();
    let signed = claims.remove("_sd").unwrap_or_else(|| json!([]));
    let signed: Vec<&str> = signed.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
    if claims.remove("_sd_alg").is_some_and(|alg| alg != "sha-256") {
        return None;
    }
    let mut seen = Vec::new();
    for text in &presented.disclosures {
        let digest = sha256(text);
        let once = signed.iter().filter(|one| **one == digest).count() == 1;
        if !once || seen.contains(&digest) {
            return None;
        }
        let parts: Vec<Value> = serde_json::from_slice(&unb64(text)?).ok()?;
        let [Value::String(_), Value::String(name), value] = parts.as_slice() else { return None };
        if RESERVED.contains(&name.as_str()) || claims.contains_key(name) {
            return None;
        }
        claims.insert(name.clone(), value.clone());
        seen.push(digest);
    }
    Some(claims)
}
