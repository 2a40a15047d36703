//! A service signs people in with the card (Art. 6), by a client library that is not ours.

use std::sync::Arc;

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::testing::{self, Client};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreTokenResponse,
};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, TokenResponse as _,
};
use serde_json::{Value, json};
use signin::clients::{self, NewClient};
use signin::service::List;

use crate::town::{Town, grown_ups};

pub const BACK: &str = "https://library.example/back";

pub type Service = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// A service that is registered for the library's item, and a holder with a card.
pub struct Desk {
    pub town: Town,
    pub person: String,
    pub holder: Client,
    pub id: String,
    pub secret: String,
}

pub async fn desks(name: &str) -> Vec<Desk> {
    desks_with(name, &NewClient::default()).await
}

/// As a service that asks for more than a name.
pub async fn desks_with(name: &str, wants: &NewClient) -> Vec<Desk> {
    let mut made = Vec::new();
    for town in Town::on_all_engines(name).await {
        made.push(desk_in(town, wants).await);
    }
    made
}

/// In one town; the addresses are the library's unless others are wanted.
pub async fn desk_in(mut town: Town, wants: &NewClient) -> Desk {
    let person = town.register(&grown_ups().nth(61).expect("somebody")).await;
    town.give_card(&person).await;
    let account =
        Actor { person: Some(person.parse().expect("an id")), ..testing::actor(Role::Holder) };
    let holder = Client::signed_in(&town.built.router, &town.app, &account).await;
    let catalogue = Arc::new(items::service::Catalogue::default());
    catalogue.load(&town.app).await.expect("the list");
    let list = List(catalogue);
    // The seed's items belong to organisation 1.
    let asker = Actor { org: Some(Id(1)), ..testing::actor(Role::DepartmentOfficer) };
    let new = NewClient {
        name: "示范图书馆网站".to_owned(),
        item: items::seed::LIBRARY.to_owned(),
        redirects: match wants.redirects.as_str() {
            "" => BACK.to_owned(),
            others => others.to_owned(),
        },
        ..wants.clone()
    };
    let stranger = testing::actor(Role::DepartmentOfficer);
    let refused =
        clients::ask(&town.app, &list, &stranger, &new).await.expect_err("another's item");
    assert_eq!(refused.code, "signin/other-owner");
    let id = clients::ask(&town.app, &list, &asker, &new).await.expect("asked");
    let early = clients::new_secret(&town.app, &asker, &id).await.expect_err("not decided");
    assert_eq!(early.code, "signin/not-now");
    let own = Actor { account: asker.account, ..testing::actor(Role::MunicipalApprover) };
    let own = clients::decide(&town.app, &own, &id, true).await.expect_err("own");
    assert_eq!(own.code, "signin/own-request");
    let approver = testing::actor(Role::MunicipalApprover);
    clients::decide(&town.app, &approver, &id, true).await.expect("approved");
    let secret = match wants.jwks.is_empty() {
        true => clients::new_secret(&town.app, &asker, &id).await.expect("a secret"),
        // Whoever has keys gets no secret.
        false => {
            let refused = clients::new_secret(&town.app, &asker, &id).await.expect_err("keys");
            assert_eq!(refused.code, "signin/not-now");
            String::new()
        }
    };
    Desk { town, person, holder, id, secret }
}

impl Desk {
    /// The library's way to us: its requests reach our router.
    pub async fn http(&self, request: HttpRequest) -> Result<HttpResponse, std::io::Error> {
        let mut client = Client::new(&self.town.built.router);
        let (parts, body) = request.into_parts();
        let reply = client.send(axum::http::Request::from_parts(parts, body.into())).await;
        let mut response = HttpResponse::new(reply.body);
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        Ok(response)
    }

    pub async fn service(&self) -> Service {
        let issuer = IssuerUrl::new("http://localhost".to_owned()).expect("an address");
        let http = |request| self.http(request);
        let metadata =
            CoreProviderMetadata::discover_async(issuer, &http).await.expect("discovered");
        let secret = (!self.secret.is_empty()).then(|| ClientSecret::new(self.secret.clone()));
        CoreClient::from_provider_metadata(metadata, ClientId::new(self.id.clone()), secret)
            .set_redirect_uri(RedirectUrl::new(BACK.to_owned()).expect("an address"))
    }

    /// Follows the service's link in the holder's browser, agreeing when asked; where it ends.
    pub async fn walk(&mut self, url: &str) -> String {
        let path = url.strip_prefix("http://localhost").expect("ours");
        let mut reply = self.holder.get(path).await;
        if reply.status == 200 {
            let page = reply.text();
            let request = page.split(r#"name="request" value=""#).nth(1).expect("a form");
            let request = request.split('"').next().expect("a value").to_owned();
            let fields = [("request", request.as_str()), ("decision", "yes")];
            reply = self.holder.post_form("/oidc/authorize", &fields).await;
        }
        assert_eq!(reply.status, 303, "{}", reply.text());
        reply.header("location").to_owned()
    }
}

pub fn answer(location: &str, name: &str) -> Option<String> {
    let query = location.split_once('?')?.1;
    query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key == name).then(|| value.to_owned())
    })
}

pub struct Begun {
    pub url: String,
    pub nonce: Nonce,
    pub state: CsrfToken,
    pub verifier: PkceCodeVerifier,
}

pub fn begin(service: &Service) -> Begun {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let request = service.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
    let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
    Begun { url: url.to_string(), nonce, state, verifier }
}

async fn exchange(
    desk: &Desk,
    service: &Service,
    code: &str,
    verifier: PkceCodeVerifier,
) -> Result<CoreTokenResponse, String> {
    let http = |request| desk.http(request);
    let request = service.exchange_code(AuthorizationCode::new(code.to_owned()));
    let request = request.map_err(|error| error.to_string())?.set_pkce_verifier(verifier);
    request.request_async(&http).await.map_err(|error| format!("{error:?}"))
}

pub async fn info(desk: &Desk, token: &str) -> testing::Reply {
    let mut client = Client::new(&desk.town.built.router);
    client.bearer = Some(token.to_owned());
    client.get("/oidc/userinfo").await
}

#[tokio::test]
async fn a_library_that_is_not_ours_signs_a_holder_in_and_gets_the_items_fields_only() {
    for mut desk in desks("signin").await {
        let service = desk.service().await;
        let begun = begin(&service);
        let back = desk.walk(&begun.url).await;
        assert!(back.starts_with(BACK), "{back}");
        assert_eq!(answer(&back, "state").as_deref(), Some(begun.state.secret().as_str()));
        assert_eq!(answer(&back, "iss").as_deref(), Some("http%3A%2F%2Flocalhost"));
        let code = answer(&back, "code").expect("a code");
        let tokens = exchange(&desk, &service, &code, begun.verifier).await.expect("tokens");
        let id_token = tokens.id_token().expect("an ID token");
        let verifier = service.id_token_verifier();
        let claims = id_token.claims(&verifier, &begun.nonce).expect("the token holds");
        let subject = claims.subject().as_str().to_owned();
        assert_ne!(subject, desk.person, "a name of its own");
        assert!(id_token.claims(&verifier, &Nonce::new("another".to_owned())).is_err());
        let access = tokens.access_token().secret().to_owned();
        let told = info(&desk, &access).await.json();
        let names: Vec<&String> = told.as_object().expect("claims").keys().collect();
        assert_eq!(names, ["name_masked", "number_masked", "sub"], "{}", desk.town.test.engine);
        assert_eq!(told["sub"], subject);
        // The holder sees who looked, and for which item.
        let seen = desk.holder.get("/me/access").await.text();
        assert!(seen.contains("示范图书馆网站") && seen.contains(items::seed::LIBRARY));
        // A second sign-in asks for nothing, and knows him again.
        let again = begin(&service);
        let back = desk.holder.get(again.url.strip_prefix("http://localhost").expect("ours")).await;
        assert_eq!(back.status, 303, "agreed already");
        let code = answer(back.header("location"), "code").expect("a code");
        let tokens = exchange(&desk, &service, &code, again.verifier).await.expect("tokens");
        let claims =
            tokens.id_token().expect("a token").claims(&verifier, &again.nonce).expect("holds");
        assert_eq!(claims.subject().as_str(), subject);
        // Taking the consent back ends what the service holds.
        let taken = desk.holder.post_form("/me/connected", &[("client", desk.id.as_str())]).await;
        assert_eq!(taken.status, 303);
        assert_eq!(info(&desk, tokens.access_token().secret()).await.status, 401);
    }
}

#[tokio::test]
async fn a_stolen_or_used_code_gets_nothing_and_ends_what_it_got() {
    for mut desk in desks("signin_codes").await {
        let service = desk.service().await;
        let begun = begin(&service);
        let back = desk.walk(&begun.url).await;
        let code = answer(&back, "code").expect("a code");
        let (_, wrong) = PkceCodeChallenge::new_random_sha256();
        let thief = exchange(&desk, &service, &code, wrong).await.expect_err("another verifier");
        assert!(thief.contains("invalid_grant"), "{thief}");
        let secret = begun.verifier.secret().clone();
        let tokens = exchange(&desk, &service, &code, begun.verifier).await.expect("tokens");
        let access = tokens.access_token().secret().to_owned();
        assert_eq!(info(&desk, &access).await.status, 200, "{}", desk.town.test.engine);
        let again = PkceCodeVerifier::new(secret);
        assert!(exchange(&desk, &service, &code, again).await.is_err(), "a code is good once");
        assert_eq!(info(&desk, &access).await.status, 401, "and what it got has ended");
        let mut nobody = Client::new(&desk.town.built.router);
        let form = "grant_type=authorization_code&code=x&client_id=svc-1&client_secret=y";
        let kind = "application/x-www-form-urlencoded";
        let refused = nobody.post("/oidc/token", kind, form).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["error"]),
            (401, &json!("invalid_client"))
        );
        assert!(!refused.header("www-authenticate").is_empty());
    }
}

pub fn with(url: &str, name: &str, value: &str) -> String {
    let (place, query) = url.split_once('?').expect("a query");
    let kept = query.split('&').filter(|pair| !pair.starts_with(&format!("{name}=")));
    let pairs: Vec<String> = kept.map(str::to_owned).chain([format!("{name}={value}")]).collect();
    format!("{place}?{}", pairs.join("&"))
}

#[tokio::test]
async fn what_a_service_may_not_do_is_refused_in_the_words_of_the_standard() {
    for mut desk in desks("signin_refusals").await {
        let service = desk.service().await;
        let url = begin(&service).url;
        let path = |url: &str| url.strip_prefix("http://localhost").expect("ours").to_owned();
        let mut stranger = Client::new(&desk.town.built.router);
        // An address that is not registered gets nothing at all.
        let evil = with(&url, "redirect_uri", "https%3A%2F%2Fevil.example%2F");
        let refused = stranger.get(&path(&evil)).await;
        assert_eq!((refused.status.as_u16(), refused.header("location")), (400, ""));
        let unknown = with(&url, "client_id", "svc-none");
        assert_eq!(stranger.get(&path(&unknown)).await.status, 400);
        let plain = with(&url, "code_challenge_method", "plain");
        let told = stranger.get(&path(&plain)).await;
        assert_eq!(answer(told.header("location"), "error").as_deref(), Some("invalid_request"));
        let silent = with(&url, "prompt", "none");
        let told = stranger.get(&path(&silent)).await;
        assert_eq!(answer(told.header("location"), "error").as_deref(), Some("login_required"));
        let told = desk.holder.get(&path(&silent)).await;
        assert_eq!(answer(told.header("location"), "error").as_deref(), Some("consent_required"));
        // Not agreeing.
        let page = desk.holder.get(&path(&url)).await.text();
        assert!(page.contains("示范图书馆网站") && page.contains("同意并登录"), "{page}");
        let request = page.split(r#"name="request" value=""#).nth(1).expect("a form");
        let request = request.split('"').next().expect("a value").to_owned();
        let fields = [("request", request.as_str()), ("decision", "no")];
        let told = desk.holder.post_form("/oidc/authorize", &fields).await;
        assert_eq!(answer(told.header("location"), "error").as_deref(), Some("access_denied"));
        let again = [("request", request.as_str()), ("decision", "yes")];
        let over = desk.holder.post_form("/oidc/authorize", &again).await;
        assert_eq!(over.status, 409, "an answer is given once");
        // A lost card signs nobody in.
        let lose = format!("/api/v1/people/{}/card/steps/lose-temporarily", desk.person);
        assert_eq!(desk.town.clerk.post_json(&lose, &json!({})).await.status, 200);
        let refused = desk.holder.get(&path(&begin(&service).url)).await;
        assert_eq!(refused.status, 403, "{}", desk.town.test.engine);
        // A revoked service is none.
        let approver = testing::actor(Role::MunicipalApprover);
        clients::decide(&desk.town.app, &approver, &desk.id, false).await.expect("revoked");
        assert_eq!(desk.holder.get(&path(&begin(&service).url)).await.status, 400);
    }
}

#[tokio::test]
async fn a_request_can_be_pushed_and_confirmed_on_a_phone_by_its_number() {
    for mut desk in desks("signin_phone").await {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let form = format!(
            "client_id={}&client_secret={}&response_type=code&scope=openid&state=s1&redirect_uri={}&\
             code_challenge={}&code_challenge_method=S256",
            desk.id,
            desk.secret,
            "https%3A%2F%2Flibrary.example%2Fback",
            challenge.as_str()
        );
        let mut library = Client::new(&desk.town.built.router);
        let kind = "application/x-www-form-urlencoded";
        let pushed = library.post("/oidc/par", kind, form).await;
        assert_eq!(pushed.status, 201, "{}", pushed.text());
        let uri = pushed.json()["request_uri"].as_str().expect("an address").to_owned();
        let path = format!("/oidc/authorize?client_id={}&request_uri={uri}", desk.id);
        let mut desktop = Client::new(&desk.town.built.router);
        let door = desktop.get(&path).await;
        assert_eq!(door.status, 200, "{}", door.text());
        assert_ne!(desktop.get(&path).await.status, 200, "a pushed request is begun once");
        let waits = door.header("refresh").split("url=").nth(1).expect("a place").to_owned();
        assert_eq!(desktop.get(&waits).await.status, 200, "nobody has confirmed");
        // The phone scans; the test reads what the database holds, as the picture would tell.
        let number: i64 = desk
            .town
            .app
            .db
            .read(|tx| {
                tx.one("SELECT number FROM signin_request WHERE NOT pushed ORDER BY made_at DESC LIMIT 1", &[])?
                    .get(0)
            })
            .await
            .expect("a request");
        let token = "phone-token-of-the-test";
        let digest = seal::token::digest(token).to_vec();
        desk.town
            .app
            .db
            .housekeeping(move |tx| {
                let sql = "UPDATE signin_request SET qr = $1 WHERE NOT pushed";
                tx.execute(sql, &[kernel::db::v(digest.clone())]).map(drop)
            })
            .await
            .expect("a code that the test knows");
        let place = format!("/oidc/qr/{token}");
        let shown = desk.holder.get(&place).await.text();
        assert!(
            shown.contains(&format!(r#"value="{number}""#)) && shown.contains("示范图书馆网站")
        );
        let number = number.to_string();
        let fields = [("decision", "yes"), ("number", number.as_str())];
        let confirmed = desk.holder.post_form(&place, &fields).await;
        assert_eq!(confirmed.status, 200, "{}", confirmed.text());
        let on = desktop.get(&waits).await;
        assert_eq!(on.status, 303, "{}", desk.town.test.engine);
        let code = answer(on.header("location"), "code").expect("a code");
        let service = desk.service().await;
        exchange(&desk, &service, &code, verifier).await.expect("tokens");
        let keys: Value = library.get("/oidc/keys").await.json();
        assert_eq!(keys["keys"][0]["alg"], "ES256");
    }
}
