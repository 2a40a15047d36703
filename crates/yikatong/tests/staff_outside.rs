//! Staff who come from an outside OpenID provider (Art. 19), over real HTTP: a small provider whose ID tokens
//! are made by the library `openidconnect`, with every fault on demand; and a second installation of ours.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use kernel::actor::Role;
use kernel::auth;
use kernel::testing::{self, Client};
use kernel::time::Utc;
use openidconnect::core::{
    CoreGenderClaim, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKeySet, CoreJwsSigningAlgorithm,
    CoreRsaPrivateSigningKey,
};
use openidconnect::{
    Audience, AuthenticationContextClass, EmptyAdditionalClaims, IssuerUrl, JsonWebKeyId, Nonce,
    PrivateSigningKey as _, StandardClaims, SubjectIdentifier,
};
use serde_json::{Value, json};
use signin::clients::NewClient;
use signin::jose::Alg;
use signin::keys;

use crate::town::Town;

/// What is wrong with the provider at the moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    None,
    Nonce,
    Audience,
    Issuer,
    Expired,
    OtherKey,
    Unsigned,
    Silent,
}

/// The provider: what browsers asked for, by code, and its fault.
struct Provider {
    url: String,
    key: Vec<u8>,
    other: Vec<u8>,
    asked: Mutex<HashMap<String, HashMap<String, String>>>,
    state: Mutex<(Fault, bool)>,
}

fn pem(private: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(private);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let text = lines.join("\n");
    format!("-----BEGIN RSA PRIVATE KEY-----\n{text}\n-----END RSA PRIVATE KEY-----\n")
}

fn signer(private: &[u8]) -> CoreRsaPrivateSigningKey {
    let id = Some(JsonWebKeyId::new("outside-1".to_owned()));
    CoreRsaPrivateSigningKey::from_pem(&pem(private), id).expect("a key")
}

impl Provider {
    async fn start() -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let key = || keys::fresh(Alg::Rs256).expect("a key").0;
        let provider = Arc::new(Self {
            url,
            key: key(),
            other: key(),
            asked: Mutex::default(),
            state: Mutex::new((Fault::None, false)),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(key_set))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    fn be(&self, fault: Fault, second_factor: bool) {
        *self.state.lock().expect("no panic") = (fault, second_factor);
    }

    /// The person signs in at the provider: the address that it sends the browser back to.
    fn visited(&self, to: &str) -> String {
        let query = to.strip_prefix(&format!("{}/authorize?", self.url)).expect("its own address");
        let asked: HashMap<String, String> = pairs_of(query);
        let (back, state) = (asked["redirect_uri"].clone(), asked["state"].clone());
        assert_eq!(
            (asked["scope"].as_str(), asked["code_challenge_method"].as_str()),
            ("openid", "S256")
        );
        let code = format!("code-{}", testing::id());
        self.asked.lock().expect("no panic").insert(code.clone(), asked);
        format!("{back}?code={code}&state={state}")
    }
}

/// The pairs of a query whose values are plain or percent-encoded ASCII.
fn pairs_of(query: &str) -> HashMap<String, String> {
    let plain = |text: &str| {
        let mut out = Vec::new();
        let mut bytes = text.bytes();
        while let Some(byte) = bytes.next() {
            out.push(match byte {
                b'%' => {
                    let digits =
                        [bytes.next().unwrap_or_default(), bytes.next().unwrap_or_default()];
                    u8::from_str_radix(&String::from_utf8_lossy(&digits), 16).expect("two digits")
                }
                b'+' => b' ',
                other => other,
            });
        }
        String::from_utf8(out).expect("a text")
    };
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (plain(key), plain(value))).collect()
}

async fn discovery(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let url = &provider.url;
    Json(json!({"issuer": url, "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys")}))
}

async fn key_set(State(provider): State<Arc<Provider>>) -> Json<Value> {
    let set = CoreJsonWebKeySet::new(vec![signer(&provider.key).as_verification_key()]);
    Json(serde_json::to_value(set).expect("plain data"))
}

async fn token(
    State(provider): State<Arc<Provider>>,
    headers: axum::http::HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Json<Value>, axum::http::StatusCode> {
    let bad = Err(axum::http::StatusCode::BAD_REQUEST);
    let basic = base64::engine::general_purpose::STANDARD.encode("yikatong:s%2Bcret");
    let said = headers["authorization"].to_str().expect("a text");
    let asked = provider.asked.lock().expect("no panic").remove(&form["code"]);
    let Some(asked) = asked.filter(|_| said == format!("Basic {basic}")) else { return bad };
    let challenge = keys::challenge(&form["code_verifier"]);
    if challenge != asked["code_challenge"] || form["redirect_uri"] != asked["redirect_uri"] {
        return bad;
    }
    let (fault, second) = *provider.state.lock().expect("no panic");
    if fault == Fault::Silent {
        return bad;
    }
    Ok(Json(json!({"access_token": "a", "token_type": "Bearer",
        "id_token": id_token(&provider, fault, second, &asked["nonce"])})))
}

fn id_token(provider: &Provider, fault: Fault, second: bool, nonce: &str) -> String {
    let wrong = |which: Fault, right: &str, wrong: &str| {
        if fault == which { wrong.to_owned() } else { right.to_owned() }
    };
    let issuer = wrong(Fault::Issuer, &provider.url, "https://evil.example");
    let audience = wrong(Fault::Audience, "yikatong", "another");
    let now = Utc::now().seconds();
    let end = if fault == Fault::Expired { now - 3_600 } else { now + 300 };
    let at = |seconds: i64| UNIX_EPOCH + Duration::from_secs(seconds.unsigned_abs());
    let subject =
        StandardClaims::<CoreGenderClaim>::new(SubjectIdentifier::new("emp-17".to_owned()));
    let mut claims = CoreIdTokenClaims::new(
        IssuerUrl::new(issuer).expect("an address"),
        vec![Audience::new(audience)],
        at(end).into(),
        at(now).into(),
        subject,
        EmptyAdditionalClaims {},
    )
    .set_nonce(Some(Nonce::new(wrong(Fault::Nonce, nonce, "another"))));
    if second {
        let acr = AuthenticationContextClass::new("two-factors".to_owned());
        claims = claims.set_auth_context_ref(Some(acr));
    }
    let key = if fault == Fault::OtherKey { &provider.other } else { &provider.key };
    let way = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;
    let token = CoreIdToken::new(claims, &signer(key), way, None, None).expect("signed");
    let text = token.to_string();
    match fault {
        Fault::Unsigned => {
            let body = text.split('.').nth(1).expect("three parts").to_owned();
            format!("eyJhbGciOiJub25lIn0.{body}.")
        }
        _ => text,
    }
}

/// Writes the operator's file and links 经办张三 with somebody at the provider.
async fn set_up(town: &Town, issuer: &str, client: (&str, &str), subject: &str, acr: &str) {
    let file = json!({"issuer": issuer, "client_id": client.0, "client_secret": client.1,
        "second_factor_acr": [acr], "second_factor_amr": []});
    let path = town.app.config.data.join(auth::OUTSIDE_FILE);
    std::fs::write(path, file.to_string()).expect("written");
    let actor = testing::actor(Role::Clerk);
    // Makes the account.
    Client::signed_in(&town.built.router, &town.app, &actor).await;
    let (account, keys) = (actor.account, town.app.keys.clone());
    let made = town.app.db.housekeeping(move |tx| {
        auth::add_login(tx, account, "zhangsan")?;
        auth::set_totp_secret(tx, &keys, account, &[9; 20])
    });
    made.await.expect("a login");
    let link = signin::outside::service::link(&town.app, "zhangsan", issuer, Some(subject));
    link.await.expect("linked");
}

fn path(url: &str) -> String {
    url.strip_prefix("http://localhost").expect("ours").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_from_outside_gets_in_with_two_factors_and_no_fault_of_the_provider_does() {
    let provider = Provider::start().await;
    for town in Town::on_all_engines("staff_outside").await {
        let mut browser = Client::new(&town.built.router);
        // Off unless it is set up.
        assert!(!browser.get("/staff/sign-in").await.text().contains(auth::OUTSIDE_DOOR));
        assert_eq!(browser.get(auth::OUTSIDE_DOOR).await.status, 404);
        set_up(&town, &provider.url, ("yikatong", "s+cret"), "emp-17", "two-factors").await;
        assert!(browser.get("/staff/sign-in").await.text().contains(auth::OUTSIDE_DOOR));

        for fault in [
            Fault::Nonce,
            Fault::Audience,
            Fault::Issuer,
            Fault::Expired,
            Fault::OtherKey,
            Fault::Unsigned,
            Fault::Silent,
        ] {
            provider.be(fault, true);
            let to = browser.get(auth::OUTSIDE_DOOR).await.header("location").to_owned();
            let back = path(&provider.visited(&to));
            let refused = browser.get(&back).await;
            assert_eq!(refused.status, 502, "{fault:?}: {}", refused.text());
            assert_eq!(browser.get("/office").await.status, 303, "{fault:?}");
        }
        // A second factor that the provider saw is enough.
        provider.be(Fault::None, true);
        let to = browser.get(auth::OUTSIDE_DOOR).await.header("location").to_owned();
        assert!(to.contains("acr_values=two-factors"), "{to}");
        let back = path(&provider.visited(&to));
        let mut thief = Client::new(&town.built.router);
        assert_eq!(thief.get(&back).await.status, 409, "another browser began it");
        let inside = browser.get(&back).await;
        assert_eq!(inside.status, 303, "{}", inside.text());
        let home = inside.header("location").to_owned();
        assert_eq!(browser.get(&home).await.status, 200, "{home}");
        assert_eq!(Client::new(&town.built.router).get(&back).await.status, 409, "it is good once");

        // Without one, ours is asked for.
        provider.be(Fault::None, false);
        let mut browser = Client::new(&town.built.router);
        let to = browser.get(auth::OUTSIDE_DOOR).await.header("location").to_owned();
        let half = browser.get(&path(&provider.visited(&to))).await;
        assert_eq!(half.header("location"), "/staff/second-factor");
        assert_eq!(browser.get(&home).await.status, 303, "not in yet");
        let code = seal::totp::code(&[9; 20], Utc::now().seconds() as u64);
        let inside = browser.post_form("/staff/second-factor", &[("code", &code)]).await;
        assert_eq!(inside.status, 303, "{}: {}", town.test.engine, inside.text());
        assert_eq!(browser.get(&home).await.status, 200);

        // Taken away, he is nobody; and the local door was open all the time.
        let unlink = signin::outside::service::link(&town.app, "zhangsan", "", None);
        unlink.await.expect("unlinked");
        let mut browser = Client::new(&town.built.router);
        let to = browser.get(auth::OUTSIDE_DOOR).await.header("location").to_owned();
        let refused = browser.get(&path(&provider.visited(&to))).await;
        assert_eq!(refused.status, 403);
        assert!(browser.get("/staff/sign-in").await.text().contains(r#"name="password""#));
        town.journal_holds().await;
    }
}

/// A second installation of ours is a provider like any other: its holder is a clerk here.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_installation_of_ours_signs_a_clerk_in() {
    let database = || testing::databases("staff_second").remove(0);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let town = Town::at(database(), "510000", &url).await;
    tokio::spawn(kernel::http::serve(town.built.router.clone(), listener, std::future::pending()));
    let wants = NewClient {
        redirects: "http://localhost/staff/outside/back".to_owned(),
        ..NewClient::default()
    };
    let mut there = crate::signin::desk_in(town, &wants).await;
    let here = Town::on(database(), "500000").await;
    let person = there.person.parse().expect("an id");
    let subject = signin::service::subject(&there.town.app, &there.id, person).expect("a name");
    let client = (there.id.as_str(), there.secret.as_str());
    set_up(&here, &url, client, &subject, "urn:yikatong:level:2").await;

    let mut browser = Client::new(&here.built.router);
    let to = browser.get(auth::OUTSIDE_DOOR).await.header("location").to_owned();
    let back = there.walk(&to.replace(&url, "http://localhost")).await;
    let inside = browser.get(&path(&back)).await;
    assert_eq!(inside.status, 303, "{}", inside.text());
    let home = inside.header("location").to_owned();
    assert_eq!(browser.get(&home).await.status, 200, "two factors were seen there");
    // Its answer names another issuer: not believed.
    let to = browser.get(auth::OUTSIDE_DOOR).await.header("location").to_owned();
    let back = there.walk(&to.replace(&url, "http://localhost")).await;
    let mixed = crate::signin::with(&back, "iss", "http%3A%2F%2Fevil.example");
    assert_eq!(browser.get(&path(&mixed)).await.status, 502);
}
