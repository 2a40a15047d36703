//! Tokens and keys of others (RFC 7515, 7517, 7518, 7638): ES256, RS256 and PS256, checked by the crate
//! `ring`. Nothing else is believed; `none` and keys made of a shared secret are not known here.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::digest::{SHA256, digest};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Value, json};

/// The longest token that is read, bytes.
const LONGEST: usize = 16 * 1024;

/// A way to sign (RFC 7518 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alg {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// RSA-PSS with SHA-256.
    Ps256,
}

impl Alg {
    /// Its name in tokens.
    pub fn code(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
        }
    }

    /// The one of this name.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Es256, Self::Rs256, Self::Ps256].into_iter().find(|alg| alg.code() == code)
    }
}

/// BASE64URL without padding.
pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    B64.encode(bytes)
}

/// The bytes of a BASE64URL text without padding.
pub fn unb64(text: &str) -> Option<Vec<u8>> {
    B64.decode(text).ok()
}

/// BASE64URL(SHA-256(text)).
pub fn sha256(text: &str) -> String {
    B64.encode(digest(&SHA256, text.as_bytes()))
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Public {
    /// x ‖ y on P-256.
    P256(Vec<u8>),
    /// Modulus and exponent, big-endian.
    Rsa(Vec<u8>, Vec<u8>),
}

impl Public {
    /// Reads a JSON Web Key. A private one is none: whoever sends it has lost it.
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        if jwk.get("d").is_some() {
            return None;
        }
        let part = |name: &str| unb64(jwk.get(name)?.as_str()?);
        match jwk.get("kty")?.as_str()? {
            "EC" if jwk.get("crv")? == "P-256" => {
                let point = [part("x")?, part("y")?];
                let whole = point.iter().all(|half| half.len() == 32);
                whole.then(|| Self::P256(point.concat()))
            }
            "RSA" => {
                let (n, e) = (part("n")?, part("e")?);
                (256..=1024).contains(&n.len()).then_some(Self::Rsa(n, e))
            }
            _ => None,
        }
    }

    /// The members of its JSON Web Key that say which key it is.
    pub fn jwk(&self) -> Value {
        match self {
            Self::P256(point) => {
                let (x, y) = point.split_at(point.len() / 2);
                json!({"kty": "EC", "crv": "P-256", "x": b64(x), "y": b64(y)})
            }
            Self::Rsa(n, e) => json!({"kty": "RSA", "n": b64(n), "e": b64(e)}),
        }
    }

    /// Its thumbprint (RFC 7638): members in the order of their names, SHA-256.
    pub fn thumbprint(&self) -> String {
        sha256(&match self {
            Self::P256(point) => {
                let (x, y) = point.split_at(point.len() / 2);
                format!(r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#, b64(x), b64(y))
            }
            Self::Rsa(n, e) => format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, b64(e), b64(n)),
        })
    }

    fn verifies(&self, alg: Alg, signed: &[u8], signature: &[u8]) -> bool {
        match (self, alg) {
            (Self::P256(point), Alg::Es256) => {
                let point = [&[4u8][..], point].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(signed, signature).is_ok()
            }
            (Self::Rsa(n, e), Alg::Rs256 | Alg::Ps256) => {
                let way = match alg {
                    Alg::Ps256 => &RSA_PSS_2048_8192_SHA256,
                    _ => &RSA_PKCS1_2048_8192_SHA256,
                };
                RsaPublicKeyComponents { n, e }.verify(way, signed, signature).is_ok()
            }
            _ => false,
        }
    }
}

/// A key of a set, with the name and the use that it is published under.
#[derive(Clone, Debug)]
pub struct Named {
    /// `kid`.
    pub kid: Option<String>,
    /// The only way it signs, when that is said.
    pub alg: Option<String>,
    /// The key.
    pub key: Public,
}

/// The keys of a JWK set that can be used here to check signatures; others are passed over.
pub fn key_set(set: &Value) -> Vec<Named> {
    let keys = set.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let text = |key: &Value, name: &str| key.get(name).and_then(Value::as_str).map(str::to_owned);
    let read = |key: &Value| {
        if key.get("use").is_some_and(|usage| usage != "sig") {
            return None;
        }
        Some(Named { kid: text(key, "kid"), alg: text(key, "alg"), key: Public::from_jwk(key)? })
    };
    keys.iter().filter_map(read).collect()
}

/// A signed token, taken apart; nothing in it is believed until [`Token::holds`].
#[derive(Clone, Debug)]
pub struct Token {
    /// Its header.
    pub head: Value,
    /// Its claims.
    pub claims: Value,
    signed: String,
    signature: Vec<u8>,
}

impl Token {
    /// Takes a compact token apart.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        let object = |part: &str| {
            let value: Value = serde_json::from_slice(&unb64(part)?).ok()?;
            value.is_object().then_some(value)
        };
        let (head, claims) = (object(head)?, object(claims)?);
        // What must be understood and is not known here (RFC 7515 4.1.11).
        if head.get("crit").is_some() {
            return None;
        }
        Some(Self { head, claims, signed: signed.to_owned(), signature: unb64(signature)? })
    }

    /// A text of the header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.get(name)?.as_str()
    }

    /// A text of the claims.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// A whole number of the claims.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.claims.get(name)?.as_i64()
    }

    /// Whether `aud` names this receiver, alone or among others.
    pub fn is_for(&self, receiver: &str) -> bool {
        match self.claims.get("aud") {
            Some(Value::String(one)) => one == receiver,
            Some(Value::Array(all)) => all.iter().any(|one| one == receiver),
            _ => false,
        }
    }

    /// Whether it was signed with this key, in a way that is known here.
    pub fn holds(&self, key: &Public) -> bool {
        let alg = self.header("alg").and_then(Alg::from_code);
        alg.is_some_and(|alg| key.verifies(alg, self.signed.as_bytes(), &self.signature))
    }

    /// Whether one key of a set signed it: the one it names, or any when it names none.
    pub fn holds_by(&self, keys: &[Named]) -> bool {
        let named = |key: &&Named| match self.header("kid") {
            Some(kid) => key.kid.as_deref() == Some(kid),
            None => true,
        };
        let way =
            |key: &&Named| key.alg.as_deref().is_none_or(|alg| self.header("alg") == Some(alg));
        keys.iter().filter(named).filter(way).any(|key| self.holds(&key.key))
    }
}
