//! Our own keys: ES256 (ECDSA on P-256) and RS256 (RSA of 2,048 bits, RFC 7518), both used by the crate `ring`.
//! Services outside know no SM2; the private keys are sealed under the installation's field key.

use ring::rand::SystemRandom;
use ring::rsa::{KeyPair as RsaKeyPair, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use serde_json::{Value, json};

use crate::jose::{Alg, Public, Token, b64};
use crate::rsa;

/// No randomness, or no key.
pub use ring::error::Unspecified as Broken;

/// A private key as it is sealed (PKCS #8 for ECDSA, PKCS #1 for RSA), and what is public of it: x ‖ y, or
/// the modulus.
pub type Fresh = (Vec<u8>, Vec<u8>);

/// A fresh key that signs this way. An RSA key takes up to a second: off the runtime's threads.
///
/// # Errors
/// The operating system has no randomness.
pub fn fresh(alg: Alg) -> Result<Fresh, Broken> {
    match alg {
        Alg::Es256 => {
            let random = SystemRandom::new();
            let way = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(way, &random)?;
            let pair = EcdsaKeyPair::from_pkcs8(way, pkcs8.as_ref(), &random);
            let pair = pair.map_err(|_| Broken)?;
            let point = pair.public_key().as_ref().get(1..).unwrap_or_default().to_vec();
            Ok((pkcs8.as_ref().to_vec(), point))
        }
        Alg::Rs256 => {
            let private = rsa::fresh().ok_or(Broken)?;
            let pair = RsaKeyPair::from_der(&private).map_err(|_| Broken)?;
            Ok((private, PublicKeyComponents::<Vec<u8>>::from(pair.public()).n))
        }
        Alg::Ps256 => Err(Broken),
    }
}

/// The key behind the stored public part.
pub fn public(alg: Alg, stored: &[u8]) -> Public {
    match alg {
        Alg::Es256 => Public::P256(stored.to_vec()),
        Alg::Rs256 | Alg::Ps256 => Public::Rsa(stored.to_vec(), rsa::EXPONENT.to_vec()),
    }
}

/// The public key as a JSON Web Key (RFC 7517).
pub fn jwk(kid: &str, alg: Alg, stored: &[u8]) -> Value {
    let mut jwk = public(alg, stored).jwk();
    jwk["use"] = json!("sig");
    jwk["alg"] = json!(alg.code());
    jwk["kid"] = json!(kid);
    jwk
}

/// A signed token (RFC 7515) of these claims, of a type such as `JWT`.
///
/// # Errors
/// The key is none.
pub fn sign(
    kid: &str,
    alg: Alg,
    private: &[u8],
    typ: &str,
    claims: &Value,
) -> Result<String, Broken> {
    let head = json!({"alg": alg.code(), "typ": typ, "kid": kid});
    sign_with(&head, alg, private, claims)
}

/// As [`sign`], with a header of one's own.
///
/// # Errors
/// The key is none.
pub fn sign_with(head: &Value, alg: Alg, private: &[u8], claims: &Value) -> Result<String, Broken> {
    let body = format!("{}.{}", b64(head.to_string()), b64(claims.to_string()));
    let random = SystemRandom::new();
    let signature = match alg {
        Alg::Es256 => {
            let way = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let pair = EcdsaKeyPair::from_pkcs8(way, private, &random).map_err(|_| Broken)?;
            pair.sign(&random, body.as_bytes())?.as_ref().to_vec()
        }
        Alg::Ps256 => return Err(Broken),
        Alg::Rs256 => {
            let pair = RsaKeyPair::from_der(private).map_err(|_| Broken)?;
            let mut signature = vec![0; pair.public().modulus_len()];
            pair.sign(&RSA_PKCS1_SHA256, &random, body.as_bytes(), &mut signature)?;
            signature
        }
    };
    Ok(format!("{body}.{}", b64(signature)))
}

/// The claims of one of our own tokens, when its signature holds by one of `keys` (name, way, public part).
/// Its end is not looked at: a hint at sign-out may be old.
pub fn open(text: &str, keys: &[(String, Alg, Vec<u8>)]) -> Option<Value> {
    let token = Token::parse(text)?;
    let kid = token.header("kid")?;
    let (_, alg, stored) = keys.iter().find(|(known, ..)| known == kid)?;
    let same = token.header("alg") == Some(alg.code());
    (same && token.holds(&public(*alg, stored))).then_some(token.claims)
}

/// The challenge of a verifier: BASE64URL(SHA-256(verifier)) (RFC 7636).
pub fn challenge(verifier: &str) -> String {
    crate::jose::sha256(verifier)
}

/// Left half of the SHA-256 of an access token (`at_hash`).
pub fn at_hash(token: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, token.as_bytes());
    b64(&digest.as_ref()[..16])
}
