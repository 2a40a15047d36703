use proptest::prelude::*;
use serde_json::json;

use crate::keys;
use crate::rules::{self, Asked, Refused, check, may_redirect, needs_login, redirect};

fn good() -> Asked {
    Asked {
        client_id: "svc-1".to_owned(),
        response_type: "code".to_owned(),
        redirect_uri: "https://library.example/back".to_owned(),
        scope: "openid profile".to_owned(),
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".to_owned(),
        code_challenge_method: "S256".to_owned(),
        ..Asked::default()
    }
}

/// RFC 7636, appendix B.
#[test]
fn the_challenge_is_that_of_the_standard() {
    assert_eq!(
        keys::challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
}

#[test]
fn a_request_says_code_openid_and_pkce_or_is_told_why_not() {
    assert_eq!(check(&good()), Ok(()));
    let error = |asked: Asked| check(&asked).expect_err("refused").error;
    assert_eq!(
        error(Asked { response_type: "token".into(), ..good() }),
        "unsupported_response_type"
    );
    assert_eq!(error(Asked { scope: "profile".into(), ..good() }), "invalid_scope");
    assert_eq!(error(Asked { code_challenge_method: "plain".into(), ..good() }), "invalid_request");
    assert_eq!(error(Asked { code_challenge: "short".into(), ..good() }), "invalid_request");
    assert_eq!(error(Asked { prompt: "none login".into(), ..good() }), "invalid_request");
    assert_eq!(error(Asked { max_age: "-1".into(), ..good() }), "invalid_request");
    assert_eq!(error(Asked { response_mode: "fragment".into(), ..good() }), "invalid_request");
    assert_eq!(error(Asked { request: "eyJ".into(), ..good() }), "request_not_supported");
}

#[test]
fn an_old_sign_in_is_asked_for_again_when_the_service_wants_it() {
    let login = Asked { prompt: "login".into(), ..good() };
    assert!(needs_login(&login, 100, 500, 400), "signed in before the request");
    assert!(!needs_login(&login, 450, 500, 400), "signed in after it");
    let aged = Asked { max_age: "60".into(), ..good() };
    assert!(needs_login(&aged, 100, 161, 150));
    assert!(!needs_login(&aged, 100, 160, 150));
    assert!(!needs_login(&good(), 0, 1_000_000, 1_000_000));
}

#[test]
fn addresses_are_https_or_this_machine_without_tricks() {
    for good in [
        "https://a.example/b",
        "https://a.example/b?c=d",
        "http://localhost:8080/x",
        "http://127.0.0.1/",
    ] {
        assert!(may_redirect(good), "{good}");
    }
    for bad in [
        "http://a.example/",
        "javascript:alert(1)",
        "https://a.example/#x",
        "https:///x",
        "https://user@a.example/",
        "http://localhost.evil.example/",
        "https://a.example/\nb",
        "",
    ] {
        assert!(!may_redirect(bad), "{bad}");
    }
    let to = redirect("https://a.example/b?c=d", &[("state", "x&y=1 ")]);
    assert_eq!(to, "https://a.example/b?c=d&state=x%26y%3D1+");
}

#[test]
fn a_token_opens_with_its_key_and_with_no_other() {
    let (pkcs8, public) = keys::fresh().expect("a key");
    let (_, other) = keys::fresh().expect("a key");
    let claims = json!({"sub": "x", "aud": "svc-1"});
    let token = keys::sign("k1", &pkcs8, &claims).expect("signed");
    let known = [("k1".to_owned(), public.clone())];
    assert_eq!(keys::open(&token, &known), Some(claims));
    assert_eq!(keys::open(&token, &[("k1".to_owned(), other)]), None);
    assert_eq!(keys::open(&token, &[("k2".to_owned(), public.clone())]), None);
    let body = token.rsplit_once('.').expect("three parts").0;
    // {"alg":"none"}
    let unsigned =
        format!("eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.{}.", body.split_once('.').expect("two").1);
    assert_eq!(keys::open(&unsigned, &known), None);
    let jwk = keys::jwk("k1", &public);
    assert_eq!((&jwk["kty"], jwk["x"].as_str().map(str::len)), (&json!("EC"), Some(43)));
}

proptest! {
    #[test]
    fn a_bent_token_never_opens(place in 0usize..200, bit in 0u8..7) {
        let (pkcs8, public) = keys::fresh().expect("a key");
        let token = keys::sign("k1", &pkcs8, &json!({"sub": "x"})).expect("signed");
        let mut bytes = token.clone().into_bytes();
        let place = place % bytes.len();
        bytes[place] ^= 1 << bit;
        if let Ok(bent) = String::from_utf8(bytes) {
            let opened = keys::open(&bent, &[("k1".to_owned(), public)]);
            // The last character of a part may hold bits that mean nothing.
            let same = opened == Some(json!({"sub": "x"}));
            prop_assert!(opened.is_none() || same);
        }
    }

    /// Nothing that a request holds can leave the query of the address that was registered.
    #[test]
    fn answers_stay_in_the_query(state in ".{0,60}") {
        let to = rules::redirect("https://a.example/b", &[("state", &state)]);
        prop_assert!(to.starts_with("https://a.example/b?state="));
        prop_assert!(!to["https://a.example/b?state=".len()..].contains(['#', '&', '\n', ' ', '"', '<']));
    }
}

#[test]
fn each_refusal_has_its_article_and_advice() {
    use kernel::law::Refusal as _;
    for refused in Refused::ALL {
        assert!(refused.article().is_some() && !refused.advice().zh.is_empty(), "{refused:?}");
    }
}
