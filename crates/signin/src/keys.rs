//! Keys and ID tokens: ECDSA on P-256 with SHA-256 (ES256, RFC 7518), by the crate `ring`. Services outside know
//! no SM2; the private keys are sealed under the installation's field key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use serde_json::{Value, json};

/// A fresh key: PKCS #8, and the public point without its first byte (x ‖ y, 64 bytes).
///
/// # Errors
/// The operating system has no randomness.
pub fn fresh() -> Result<(Vec<u8>, Vec<u8>), ring::error::Unspecified> {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random)
        .map_err(|_| ring::error::Unspecified)?;
    let point = pair.public_key().as_ref();
    Ok((pkcs8.as_ref().to_vec(), point.get(1..).unwrap_or_default().to_vec()))
}

/// The public key as a JSON Web Key (RFC 7517); `public` is x ‖ y.
pub fn jwk(kid: &str, public: &[u8]) -> Value {
    let (x, y) = public.split_at(public.len() / 2);
    json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
        "x": B64.encode(x), "y": B64.encode(y),
    })
}

/// A signed token (RFC 7519) of these claims.
///
/// # Errors
/// The key is none.
pub fn sign(kid: &str, pkcs8: &[u8], claims: &Value) -> Result<String, ring::error::Unspecified> {
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random)
        .map_err(|_| ring::error::Unspecified)?;
    let head = json!({"alg": "ES256", "typ": "JWT", "kid": kid});
    let body = format!("{}.{}", B64.encode(head.to_string()), B64.encode(claims.to_string()));
    let signature = pair.sign(&random, body.as_bytes())?;
    Ok(format!("{body}.{}", B64.encode(signature.as_ref())))
}

/// The claims of one of our own tokens, when its signature holds by one of `keys` (kid, x ‖ y). Its end is
/// not looked at: a hint at sign-out may be old.
pub fn open(token: &str, keys: &[(String, Vec<u8>)]) -> Option<Value> {
    let (body, signature) = token.rsplit_once('.')?;
    let (head, claims) = body.split_once('.')?;
    let head: Value = serde_json::from_slice(&B64.decode(head).ok()?).ok()?;
    let kid = head.get("kid")?.as_str()?;
    let (_, public) = keys.iter().find(|(known, _)| known == kid)?;
    if head.get("alg")?.as_str()? != "ES256" {
        return None;
    }
    let point = [&[4u8][..], public].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(body.as_bytes(), &B64.decode(signature).ok()?).ok()?;
    serde_json::from_slice(&B64.decode(claims).ok()?).ok()
}

/// The challenge of a verifier: BASE64URL(SHA-256(verifier)) (RFC 7636).
pub fn challenge(verifier: &str) -> String {
    B64.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()))
}

/// Left half of the SHA-256 of an access token (`at_hash`).
pub fn at_hash(token: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    B64.encode(&digest.as_ref()[..16])
}
