use serde_json::{Value, json};

use super::Provider;
use super::rules::{SignedIn, judge, may_call, metadata};
use crate::jose::{Alg, key_set};
use crate::keys;

const NOW: i64 = 1_800_000_000;

fn provider() -> Provider {
    Provider {
        issuer: "https://id.example".to_owned(),
        client_id: "yikatong".to_owned(),
        client_secret: String::new(),
        second_factor_acr: vec!["loa2".to_owned()],
        second_factor_amr: vec!["otp".to_owned()],
    }
}

fn claims() -> Value {
    json!({"iss": "https://id.example", "aud": "yikatong", "sub": "17", "nonce": "n", "iat": NOW,
        "exp": NOW + 300})
}

/// The verdict on claims after a change, signed as the provider signs.
fn said(bend: impl FnOnce(&mut Value)) -> Result<SignedIn, &'static str> {
    let (private, public) = keys::fresh(Alg::Es256).expect("a key");
    let keys = key_set(&json!({"keys": [keys::jwk("k", Alg::Es256, &public)]}));
    let mut claims = claims();
    bend(&mut claims);
    let token = keys::sign("k", Alg::Es256, &private, "JWT", &claims).expect("signed");
    judge(&token, &provider(), &keys, "n", NOW)
}

#[test]
fn a_good_token_names_somebody_and_says_whether_a_second_factor_was_seen() {
    let plain = said(|_| {}).expect("good");
    assert_eq!(plain, SignedIn { subject: "17".to_owned(), second_factor: false });
    assert!(said(|claims| claims["acr"] = json!("loa2")).expect("good").second_factor);
    assert!(said(|claims| claims["amr"] = json!(["pwd", "otp"])).expect("good").second_factor);
    assert!(!said(|claims| claims["amr"] = json!("otp")).expect("good").second_factor);
    let two = |claims: &mut Value| {
        claims["aud"] = json!(["other", "yikatong"]);
        claims["azp"] = json!("yikatong");
    };
    assert!(said(two).is_ok());
}

#[test]
fn whatever_is_wrong_with_a_token_is_a_no() {
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("aud", json!("other")),
        ("aud", json!(["yikatong", "other"])),
        ("azp", json!("other")),
        ("exp", json!(NOW - 61)),
        ("exp", Value::Null),
        ("iat", json!(NOW - 700)),
        ("iat", json!(NOW + 61)),
        ("nonce", json!("m")),
        ("nonce", Value::Null),
        ("sub", json!("")),
    ] {
        assert!(said(|claims| claims[name] = value.clone()).is_err(), "{name} {value}");
    }
    let (private, _) = keys::fresh(Alg::Es256).expect("a key");
    let (_, public) = keys::fresh(Alg::Es256).expect("a key");
    let keys = key_set(&json!({"keys": [keys::jwk("k", Alg::Es256, &public)]}));
    let token = keys::sign("k", Alg::Es256, &private, "JWT", &claims()).expect("signed");
    assert!(judge(&token, &provider(), &keys, "n", NOW).is_err(), "a key of somebody else");
    assert!(judge(&token, &provider(), &[], "n", NOW).is_err());
}

#[test]
fn a_discovery_document_speaks_for_its_own_issuer_only() {
    let document = json!({"issuer": "https://id.example", "jwks_uri": "https://id.example/k",
        "authorization_endpoint": "https://id.example/a", "token_endpoint": "https://id.example/t"});
    assert!(metadata(&document, "https://id.example").is_some());
    assert!(metadata(&document, "https://id.example/").is_none());
    let mut plain = document.clone();
    plain["token_endpoint"] = json!("http://id.example/t");
    assert!(metadata(&plain, "https://id.example").is_none(), "secrets travel over TLS");
    assert!(may_call("http://127.0.0.1:80") && !may_call("http://10.0.0.1"));
}
