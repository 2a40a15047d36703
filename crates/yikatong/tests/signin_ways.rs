//! Other ways to sign in with the card (Art. 6): RS256, a service that proves itself by a key, the higher
//! level, keys that rotate.

use kernel::testing::Client;
use kernel::time::Utc;
use openidconnect::core::CoreJwsSigningAlgorithm;
use openidconnect::{AuthType, AuthorizationCode, OAuth2TokenResponse as _, TokenResponse as _};
use serde_json::{Value, json};
use signin::clients::NewClient;
use signin::jose::Alg;
use signin::keys;

use crate::signin::{Desk, answer, begin, desks, desks_with, info, with};

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The library's own key, and the set that it registers.
struct Own {
    private: Vec<u8>,
    set: String,
}

fn own() -> Own {
    let (private, public) = keys::fresh(Alg::Es256).expect("a key");
    let set = json!({"keys": [keys::jwk("library-1", Alg::Es256, &public)]}).to_string();
    Own { private, set }
}

impl Own {
    fn assertion(&self, id: &str, jti: &str, bend: impl FnOnce(&mut Value)) -> String {
        let now = Utc::now().seconds();
        let mut claims = json!({"iss": id, "sub": id, "aud": "http://localhost/oidc/token",
            "jti": jti, "iat": now, "exp": now + 60});
        bend(&mut claims);
        keys::sign("library-1", Alg::Es256, &self.private, "JWT", &claims).expect("signed")
    }
}

async fn post(desk: &Desk, path: &str, fields: &[(&str, &str)]) -> kernel::testing::Reply {
    Client::new(&desk.town.built.router).post_form(path, fields).await
}

#[tokio::test]
async fn a_service_with_a_key_and_a_library_that_knows_rs256_alone_sign_somebody_in() {
    let own = own();
    let wants =
        NewClient { jwks: own.set.clone(), id_alg: "RS256".to_owned(), ..NewClient::default() };
    for mut desk in desks_with("signin_key", &wants).await {
        let service = desk.service().await;
        let begun = begin(&service);
        let back = desk.walk(&begun.url).await;
        let code = answer(&back, "code").expect("a code");
        let http = |request| desk.http(request);
        let assertion = own.assertion(&desk.id, "one", |_| {});
        let service = service.set_auth_type(AuthType::RequestBody);
        let request = service.exchange_code(AuthorizationCode::new(code)).expect("an endpoint");
        let request = request
            .set_pkce_verifier(begun.verifier)
            .add_extra_param("client_assertion_type", ASSERTION)
            .add_extra_param("client_assertion", assertion.clone());
        let tokens = request.request_async(&http).await.expect("tokens");
        let id_token = tokens.id_token().expect("a token");
        let claims = id_token.claims(&service.id_token_verifier(), &begun.nonce).expect("it holds");
        assert!(!claims.subject().as_str().is_empty());
        assert_eq!(*id_token.signing_alg().expect("a way"), RS256, "{}", desk.town.test.engine);
        assert_eq!(info(&desk, tokens.access_token().secret()).await.status, 200);
    }
}

const RS256: CoreJwsSigningAlgorithm = CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256;

#[tokio::test]
async fn an_assertion_is_good_once_for_us_and_not_for_long() {
    let own = own();
    let wants =
        NewClient { jwks: own.set.clone(), id_alg: "RS256".to_owned(), ..NewClient::default() };
    for mut desk in desks_with("signin_assertion", &wants).await {
        let service = desk.service().await;
        let begun = begin(&service);
        let back = desk.walk(&begun.url).await;
        let code = answer(&back, "code").expect("a code");
        let verifier = begun.verifier.secret().clone();
        let form = |assertion: String| {
            vec![
                ("grant_type", "authorization_code".to_owned()),
                ("code", code.clone()),
                ("redirect_uri", crate::signin::BACK.to_owned()),
                ("code_verifier", verifier.clone()),
                ("client_assertion_type", ASSERTION.to_owned()),
                ("client_assertion", assertion),
            ]
        };
        let now = Utc::now().seconds();
        let stranger = self::own();
        let bent: [(&str, String); 7] = [
            ("another key", stranger.assertion(&desk.id, "a", |_| {})),
            (
                "for others",
                own.assertion(&desk.id, "b", |c| c["aud"] = json!("https://other.example")),
            ),
            ("too late", own.assertion(&desk.id, "c", |c| c["exp"] = json!(now - 60))),
            ("for ever", own.assertion(&desk.id, "d", |c| c["exp"] = json!(now + 3_600))),
            ("without an end", own.assertion(&desk.id, "e", |c| c["exp"] = Value::Null)),
            ("of somebody else", own.assertion(&desk.id, "f", |c| c["sub"] = json!("svc-1"))),
            ("without an id", own.assertion(&desk.id, "", |_| {})),
        ];
        for (what, assertion) in bent {
            let form = form(assertion);
            let form: Vec<(&str, &str)> = form.iter().map(|(k, v)| (*k, v.as_str())).collect();
            let refused = post(&desk, "/oidc/token", &form).await;
            assert_eq!(refused.json()["error"], "invalid_client", "{what}");
        }
        let named = [("client_id", desk.id.as_str()), ("grant_type", "authorization_code")];
        let refused = post(&desk, "/oidc/token", &named).await;
        assert_eq!(refused.status, 401, "without its key it is nobody");
        let good = form(own.assertion(&desk.id, "good", |_| {}));
        let good: Vec<(&str, &str)> = good.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let reply = post(&desk, "/oidc/token", &good).await;
        assert_eq!(reply.status, 200, "{}: {}", desk.town.test.engine, reply.text());
        // The same assertion does not come in again, whatever it asks for.
        let again = post(&desk, "/oidc/token", &good).await;
        assert_eq!(again.json()["error"], "invalid_client");
    }
}

#[tokio::test]
async fn a_service_that_asks_for_the_higher_level_gets_it_for_the_cards_password() {
    for mut desk in desks("signin_level").await {
        let service = desk.service().await;
        let begun = begin(&service);
        let url = with(&begun.url, "acr_values", "urn%3Ayikatong%3Alevel%3A3");
        let path = url.strip_prefix("http://localhost").expect("ours");
        let page = desk.holder.get(path).await.text();
        assert!(page.contains(r#"name="card_password""#), "{page}");
        let request = page.split(r#"name="request" value=""#).nth(1).expect("a form");
        let request = request.split('"').next().expect("a value").to_owned();
        let yes = |password| [("request", request.as_str()), ("decision", "yes"), password];
        let unset =
            desk.holder.post_form("/oidc/authorize", &yes(("card_password", "271828"))).await;
        assert_eq!(unset.status, 403, "it was never set");
        let person = desk.person.parse().expect("an id");
        let hash = seal::password::hash("271828", &[7; 16]);
        let set = move |tx: &mut kernel::db::Tx<'_>| {
            codes::store::set_password(tx, person, &hash, Utc::now())
        };
        desk.town.app.db.housekeeping(set).await.expect("set");
        let wrong =
            desk.holder.post_form("/oidc/authorize", &yes(("card_password", "271829"))).await;
        assert_eq!(wrong.status, 403);
        let right =
            desk.holder.post_form("/oidc/authorize", &yes(("card_password", "271828"))).await;
        assert_eq!(right.status, 303, "{}", right.text());
        let code = answer(right.header("location"), "code").expect("a code");
        let http = |request| desk.http(request);
        let request = service.exchange_code(AuthorizationCode::new(code)).expect("an endpoint");
        let tokens = request.set_pkce_verifier(begun.verifier).request_async(&http).await;
        let tokens = tokens.expect("tokens");
        let id_token = tokens.id_token().expect("a token");
        let claims = id_token.claims(&service.id_token_verifier(), &begun.nonce).expect("it holds");
        let acr = claims.auth_context_ref().map(|acr| acr.to_string());
        assert_eq!(acr.as_deref(), Some("urn:yikatong:level:3"), "{}", desk.town.test.engine);
        assert_eq!(info(&desk, tokens.access_token().secret()).await.status, 200);
        // Agreed already, the password is still asked for each time.
        let page = desk.holder.get(path).await;
        assert_eq!(page.status, 200);
        let silent = with(path, "prompt", "none");
        let told = desk.holder.get(&silent).await;
        let error = answer(told.header("location"), "error");
        assert_eq!(error.as_deref(), Some("interaction_required"));
    }
}

#[tokio::test]
async fn both_kinds_of_keys_rotate_and_the_next_one_is_known_before_it_signs() {
    for desk in desks("signin_rotation").await {
        let app = desk.town.app.clone();
        signin::service::round(&app).await.expect("a round");
        let listed = |reply: Value| {
            let keys = reply["keys"].as_array().cloned().unwrap_or_default();
            keys.iter()
                .map(|key| (key["alg"].to_string(), key["kid"].to_string()))
                .collect::<Vec<_>>()
        };
        let mut client = Client::new(&desk.town.built.router);
        let first = listed(client.get("/oidc/keys").await.json());
        assert_eq!(first.len(), 2, "{first:?}");
        // Two hours before their end.
        let soon = Utc::now().plus_seconds(7_200);
        let sql = "UPDATE signin_key SET until = $1";
        app.db
            .housekeeping(move |tx| tx.execute(sql, &[kernel::db::v(soon)]))
            .await
            .expect("time goes by");
        signin::service::round(&app).await.expect("a round");
        let both = listed(client.get("/oidc/keys").await.json());
        assert_eq!(both.len(), 4, "{}: {both:?}", desk.town.test.engine);
        assert!(first.iter().all(|key| both.contains(key)), "the old ones still verify");
        signin::service::round(&app).await.expect("a round");
        assert_eq!(listed(client.get("/oidc/keys").await.json()).len(), 4, "one successor each");
    }
}
