use proptest::prelude::*;
use serde_json::json;

use crate::jose::{Alg, Public, Token, key_set};
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
    for alg in [Alg::Es256, Alg::Rs256] {
        let (private, public) = keys::fresh(alg).expect("a key");
        let (_, other) = keys::fresh(Alg::Es256).expect("a key");
        let claims = json!({"sub": "x", "aud": "svc-1"});
        let token = keys::sign("k1", alg, &private, "JWT", &claims).expect("signed");
        let known = [("k1".to_owned(), alg, public.clone())];
        assert_eq!(keys::open(&token, &known), Some(claims));
        assert_eq!(keys::open(&token, &[("k1".to_owned(), Alg::Es256, other)]), None);
        assert_eq!(keys::open(&token, &[("k2".to_owned(), alg, public.clone())]), None);
        let body = token.rsplit_once('.').expect("three parts").0;
        // {"alg":"none"}
        let unsigned =
            format!("eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.{}.", body.split_once('.').expect("two").1);
        assert_eq!(keys::open(&unsigned, &known), None);
        let jwk = keys::jwk("k1", alg, &public);
        assert_eq!(Public::from_jwk(&jwk), Some(keys::public(alg, &public)));
        assert_eq!(jwk["alg"], alg.code());
    }
}

#[test]
fn an_rsa_key_has_2048_bits_and_is_never_made_twice() {
    let (private, modulus) = keys::fresh(Alg::Rs256).expect("a key");
    assert_eq!((modulus.len(), modulus[0] >> 7), (256, 1));
    assert_ne!(keys::fresh(Alg::Rs256).expect("a key").1, modulus);
    let pair = ring::rsa::KeyPair::from_der(&private).expect("ring takes it");
    assert_eq!(ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public()).e, [1, 0, 1]);
}

/// RFC 7638, 3.1, and RFC 7515, A.2 and A.3.
#[test]
fn keys_and_tokens_of_the_standards_are_read() {
    let rsa = json!({"kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_\
              BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_\
              FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4\
              vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"});
    let key = Public::from_jwk(&rsa).expect("a key");
    assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    let ec = json!({"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
    let text = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djx\
                La8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let token = Token::parse(text).expect("a token");
    assert!(token.holds(&Public::from_jwk(&ec).expect("a key")) && !token.holds(&key));
    assert_eq!(token.text("iss"), Some("joe"));
    let mut secret = ec.clone();
    secret["d"] = json!("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI");
    assert_eq!(Public::from_jwk(&secret), None, "a private key is nobody's public one");
    let set = key_set(&json!({"keys": [rsa, ec, {"kty": "oct", "k": "AAAA"}, secret]}));
    assert_eq!(set.len(), 2);
}

#[test]
fn a_level_is_the_items_or_the_higher_one_that_is_asked_for() {
    use items::rules::Level;
    let asked = |acr: &str| Asked { acr_values: acr.to_owned(), ..good() };
    let (two, three) = ("urn:yikatong:level:2", "urn:yikatong:level:3");
    assert_eq!(rules::needs(Level::Code, &asked("")), Ok(2));
    assert_eq!(rules::needs(Level::Code, &asked(three)), Ok(3));
    assert_eq!(rules::needs(Level::Code, &asked(&format!("{three} {two}"))), Ok(2));
    assert_eq!(rules::needs(Level::CodeAndPassword, &asked(two)), Ok(3));
    assert_eq!(rules::needs(Level::Card, &asked("")), Err(Refused::CardOnly));
    assert_eq!((rules::acr(2), rules::acr(3)), (two, three));
}

proptest! {
    #[test]
    fn a_bent_token_never_opens(place in 0usize..200, bit in 0u8..7) {
        let (private, public) = keys::fresh(Alg::Es256).expect("a key");
        let token = keys::sign("k1", Alg::Es256, &private, "JWT", &json!({"sub": "x"}));
        let token = token.expect("signed");
        let mut bytes = token.clone().into_bytes();
        let place = place % bytes.len();
        bytes[place] ^= 1 << bit;
        if let Ok(bent) = String::from_utf8(bytes) {
            let opened = keys::open(&bent, &[("k1".to_owned(), Alg::Es256, public)]);
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
