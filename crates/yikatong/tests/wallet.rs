//! The electronic card in a wallet (Art. 2, 6, 18, 20): issued by OpenID4VCI, shown by OpenID4VP, its status
//! in a token status list. The wallet is this test, over HTTP alone.

use kernel::actor::{Actor, Role};
use kernel::testing::{self, Client, Reply};
use kernel::time::Utc;
use serde_json::{Value, json};
use signin::jose::{Alg, Token, key_set, sha256, unb64};
use signin::keys;

use crate::town::{Town, grown_ups};

const PASSWORD: &str = "蜀道不难2718";
const LIBRARY: &str = items::seed::LIBRARY;
const FORM: &str = "application/x-www-form-urlencoded";

/// What percent-encoding hides.
fn plain(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next().expect("two"), rest.next().expect("two")];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                out.push(u8::from_str_radix(&digits, 16).expect("hexadecimal"));
            }
            b'+' => out.push(b' '),
            other => out.push(other),
        }
    }
    String::from_utf8(out).expect("a text")
}

fn part<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split(before).nth(1).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split(after).next().unwrap_or_default()
}

struct Wallet {
    town: Town,
    person: String,
    phone: Client,
    private: Vec<u8>,
    public: Vec<u8>,
}

impl Wallet {
    async fn of(mut town: Town, nth: usize) -> Self {
        let person = town.register(&grown_ups().nth(nth).expect("somebody")).await;
        town.give_card(&person).await;
        let actor =
            Actor { person: Some(person.parse().expect("an id")), ..testing::actor(Role::Holder) };
        let phone = Client::signed_in(&town.built.router, &town.app, &actor).await;
        let hash = seal::password::hash(PASSWORD, &[5; 16]);
        let set =
            move |tx: &mut kernel::db::Tx<'_>| kernel::auth::set_password(tx, actor.account, &hash);
        town.app.db.housekeeping(set).await.expect("a password");
        let (private, public) = keys::fresh(Alg::Es256).expect("a key");
        Self { town, person, phone, private, public }
    }

    fn stranger(&self) -> Client {
        Client::new(&self.town.built.router)
    }

    /// The holder confirms: code and digits.
    async fn offered(&mut self) -> (String, String) {
        let page = self.phone.post_form("/me/wallet", &[("password", PASSWORD)]).await;
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.text();
        let digits = part(&page, r#"<strong id="digits">"#, "<").to_owned();
        let offer = plain(part(&page, "openid-credential-offer://?credential_offer=", "\""));
        let offer: Value = serde_json::from_str(&offer).expect("JSON");
        assert_eq!(offer["credential_issuer"], "http://localhost");
        let grant = &offer["grants"]["urn:ietf:params:oauth:grant-type:pre-authorized_code"];
        assert_eq!(grant["tx_code"]["length"], 6);
        (grant["pre-authorized_code"].as_str().expect("a code").to_owned(), digits)
    }

    async fn token(&self, code: &str, digits: &str) -> Reply {
        let form = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code&\
             pre-authorized_code={code}&tx_code={digits}"
        );
        self.stranger().post("/oidc/token", FORM, form).await
    }

    fn proof(&self, nonce: &str) -> String {
        let jwk = keys::public(Alg::Es256, &self.public).jwk();
        let head = json!({"alg": "ES256", "typ": "openid4vci-proof+jwt", "jwk": jwk});
        let claims =
            json!({"aud": "http://localhost", "iat": Utc::now().seconds(), "nonce": nonce});
        keys::sign_with(&head, Alg::Es256, &self.private, &claims).expect("signed")
    }

    async fn fetch(&self, token: &str, proof: &str) -> Reply {
        let mut wallet = self.stranger();
        wallet.bearer = Some(token.to_owned());
        let body = json!({"credential_configuration_id": "social-security-card",
            "proofs": {"jwt": [proof]}});
        wallet.post_json("/wallet/credential", &body).await
    }

    async fn nonce(&self) -> String {
        let nonce = self.stranger().post("/wallet/nonce", FORM, "").await.json();
        nonce["c_nonce"].as_str().expect("a nonce").to_owned()
    }

    /// The whole way.
    async fn credential(&mut self) -> String {
        let (code, digits) = self.offered().await;
        let token = self.token(&code, &digits).await.json();
        let token = token["access_token"].as_str().expect("a token").to_owned();
        let proof = self.proof(&self.nonce().await);
        let reply = self.fetch(&token, &proof).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(self.fetch(&token, &proof).await.status, 401, "a token is good once");
        let credential = reply.json()["credentials"][0]["credential"].clone();
        credential.as_str().expect("a credential").to_owned()
    }

    /// Shows the claims of these names for a question.
    fn show(&self, credential: &str, uri: &str, names: &[&str]) -> (String, String) {
        let asked = |name: &str| plain(part(uri, &format!("{name}="), "&"));
        let mut parts = credential.trim_end_matches('~').split('~');
        let mut text = format!("{}~", parts.next().expect("the issuer's part"));
        for disclosure in parts {
            let read = unb64(disclosure).expect("BASE64URL");
            let read: Vec<Value> = serde_json::from_slice(&read).expect("JSON");
            if names.iter().any(|name| read[1] == *name) {
                text.push_str(&format!("{disclosure}~"));
            }
        }
        let head = json!({"alg": "ES256", "typ": "kb+jwt"});
        let word = json!({"aud": asked("client_id"), "nonce": asked("nonce"),
            "iat": Utc::now().seconds(), "sd_hash": sha256(&text)});
        text.push_str(&keys::sign_with(&head, Alg::Es256, &self.private, &word).expect("signed"));
        (asked("response_uri").replace("http://localhost", ""), text)
    }

    async fn send(&self, (to, text): &(String, String)) -> Reply {
        let form = format!("vp_token=%7B%22card%22%3A%5B%22{text}%22%5D%7D");
        self.stranger().post(to, FORM, form).await
    }

    /// What stands at the credential's place in the status list.
    async fn status(&self, credential: &str) -> u8 {
        let issued = Token::parse(credential.split('~').next().expect("parts")).expect("a token");
        let place = &issued.claims["status"]["status_list"];
        let path = place["uri"].as_str().expect("an address").replace("http://localhost", "");
        // A list is given out again for two seconds.
        tokio::time::sleep(std::time::Duration::from_millis(2_050)).await;
        let reply = self.stranger().get(&path).await;
        assert_eq!(reply.header("content-type"), "application/statuslist+jwt");
        let list = Token::parse(&reply.text()).expect("a token");
        let keys = self.stranger().get("/.well-known/jwt-vc-issuer").await.json();
        assert!(list.holds_by(&key_set(&keys["jwks"])) && issued.holds_by(&key_set(&keys["jwks"])));
        assert_eq!(list.header("typ"), Some("statuslist+jwt"));
        assert_eq!(list.text("sub"), place["uri"].as_str());
        let packed = unb64(list.claims["status_list"]["lst"].as_str().expect("a list"));
        let bytes = miniz_oxide::inflate::decompress_to_vec_zlib(&packed.expect("BASE64URL"));
        let index = place["idx"].as_u64().expect("a place") as usize;
        bytes.expect("zlib")[index / 4] >> (2 * (index % 4)) & 3
    }
}

async fn question(terminal: &mut Client, item: &str) -> (String, String) {
    let reply = terminal.post_json("/api/v1/wallet/requests", &json!({"item": item})).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let text = |name: &str| reply.json()[name].as_str().expect("a text").to_owned();
    (text("id"), text("uri"))
}

async fn told(terminal: &mut Client, id: &str) -> Value {
    terminal.get(&format!("/api/v1/wallet/requests/{id}")).await.json()
}

#[tokio::test]
async fn a_card_is_put_into_a_wallet_shown_for_an_item_and_known_to_be_lost() {
    for town in Town::on_all_engines("wallet").await {
        let mut terminal = town.terminal(&[LIBRARY]).await;
        let mut wallet = Wallet::of(town, 71).await;
        let engine = wallet.town.test.engine;
        let wrong = wallet.phone.post_form("/me/wallet", &[("password", "x")]).await;
        assert_eq!(wrong.status, 401, "the holder confirms");
        let credential = wallet.credential().await;
        assert!(!credential.split('~').next().expect("parts").contains(&wallet.person));
        assert_eq!(wallet.status(&credential).await, 0);

        let (id, uri) = question(&mut terminal, LIBRARY).await;
        assert_eq!(told(&mut terminal, &id).await["result"], "waiting");
        let query: Value =
            serde_json::from_str(&plain(part(&uri, "dcql_query=", "&"))).expect("JSON");
        let asked = json!([{"path": ["name_masked"]}, {"path": ["number_masked"]}]);
        assert_eq!(query["credentials"][0]["claims"], asked, "the item's fields and no others");
        let shown = wallet.show(&credential, &uri, &["name_masked", "number_masked"]);
        assert!(!shown.1.contains("eyJpZF9u"), "nothing else leaves the wallet");
        assert_eq!(wallet.send(&shown).await.status, 200);
        let answer = told(&mut terminal, &id).await;
        assert_eq!(answer["result"], "yes", "{engine}: {answer}");
        let fields = answer["fields"].as_object().expect("fields");
        assert!(fields.keys().eq(["name_masked", "number_masked"]), "{answer}");
        assert_eq!(wallet.send(&shown).await.status, 409, "an answer is given once");
        let seen = wallet.phone.get("/me/access").await.text();
        assert!(seen.contains("测试图书馆"), "the holder sees it");

        // Shown to somebody else, or with less than what was asked for.
        let (other, uri) = question(&mut terminal, LIBRARY).await;
        let replayed =
            (plain(part(&uri, "response_uri=", "&")).replace("http://localhost", ""), shown.1);
        assert_eq!(wallet.send(&replayed).await.status, 200, "it learns nothing");
        assert_eq!(told(&mut terminal, &other).await["why"], "signin/wallet");
        let (less, uri) = question(&mut terminal, LIBRARY).await;
        wallet.send(&wallet.show(&credential, &uri, &["name_masked"])).await;
        assert_eq!(told(&mut terminal, &less).await["why"], "signin/wallet");
        let mut elsewhere = wallet.town.terminal(&[LIBRARY]).await;
        assert_eq!(elsewhere.get(&format!("/api/v1/wallet/requests/{id}")).await.status, 404);
        let reply =
            terminal.post_json("/api/v1/wallet/requests", &json!({"item": "CY-CU-001"})).await;
        assert_eq!(reply.status, 403, "not an item of this terminal");

        // Frozen by the holder: suspended, and in order again with the thaw (Art. 20).
        let holder = Actor { person: wallet.person.parse().ok(), ..testing::actor(Role::Holder) };
        let mut app = Client::program(&wallet.town.built.router, &wallet.town.app, &holder).await;
        let words = json!({"scope": "identity", "reason": "stolen", "words": "手机被偷"});
        let frozen = app.post_json("/api/v1/me/freezes", &words).await;
        assert_eq!(frozen.status, 200, "{}", frozen.text());
        assert_eq!(wallet.status(&credential).await, 2);
        let (id, uri) = question(&mut terminal, LIBRARY).await;
        wallet.send(&wallet.show(&credential, &uri, &["name_masked", "number_masked"])).await;
        assert_eq!(told(&mut terminal, &id).await["why"], "codes/frozen");
        let lifted = |tx: &mut kernel::db::Tx<'_>| {
            let sql = "UPDATE person_freeze SET lifted_at = $1";
            tx.execute(sql, &[kernel::db::v(Utc::now())])
        };
        wallet.town.app.db.housekeeping(lifted).await.expect("thawed");
        assert_eq!(wallet.status(&credential).await, 0);
        // The register says something else by now: the card is to be put in anew.
        let renamed = |tx: &mut kernel::db::Tx<'_>| {
            tx.execute("UPDATE person SET name = $1", &[kernel::db::sealed("欧阳新名")])
        };
        wallet.town.app.db.housekeeping(renamed).await.expect("another name");
        let (id, uri) = question(&mut terminal, LIBRARY).await;
        wallet.send(&wallet.show(&credential, &uri, &["name_masked", "number_masked"])).await;
        assert_eq!(told(&mut terminal, &id).await["why"], "signin/stale");

        // Lost: suspended in the list, and a no at once (Art. 20).
        let lose = format!("/api/v1/people/{}/card/steps/lose-temporarily", wallet.person);
        assert_eq!(wallet.town.clerk.post_json(&lose, &json!({})).await.status, 200);
        let (id, uri) = question(&mut terminal, LIBRARY).await;
        wallet.send(&wallet.show(&credential, &uri, &["name_masked", "number_masked"])).await;
        let answer = told(&mut terminal, &id).await;
        assert_eq!(answer["why"], "signin/card-not-in-order", "{answer}");
        assert_eq!(answer["fields"], json!({}));
        assert_eq!(wallet.status(&credential).await, 2, "suspended, not revoked");
        let page = wallet.phone.post_form("/me/wallet", &[("password", PASSWORD)]).await;
        assert_eq!(page.status, 403, "and no other is put in");

        // Taken back: invalid for good.
        let page = wallet.phone.get("/me/wallet").await.text();
        let own = part(&page, r#"name="id" value=""#, "\"").to_owned();
        let gone = wallet.phone.post_form("/me/wallet/revoke", &[("id", &own)]).await;
        assert_eq!(gone.status, 303, "{}", gone.text());
        assert_eq!(wallet.status(&credential).await, 1);
        wallet.town.journal_holds().await;
    }
}

#[tokio::test]
async fn an_offer_ends_after_three_wrong_tries_and_needs_a_proof_of_a_key() {
    for town in Town::on_all_engines("wallet_offer").await {
        let mut wallet = Wallet::of(town, 72).await;
        let (code, digits) = wallet.offered().await;
        let wrong = if digits == "000000" { "000001" } else { "000000" };
        for _ in 0..3 {
            let refused = wallet.token(&code, wrong).await;
            assert_eq!(refused.json()["error"], "invalid_grant");
        }
        assert_eq!(wallet.token(&code, &digits).await.status, 400, "three were wrong");
        let (code, digits) = wallet.offered().await;
        let token = wallet.token(&code, &digits).await.json();
        assert_eq!(wallet.token(&code, &digits).await.status, 400, "a code is good once");
        let token = token["access_token"].as_str().expect("a token").to_owned();
        let made_up = wallet.fetch(&token, &wallet.proof("made-up")).await;
        assert_eq!(made_up.json()["error"], "invalid_nonce", "{}", wallet.town.test.engine);
        let none = wallet.fetch(&token, "x").await;
        assert_eq!(none.json()["error"], "invalid_proof");
        let nobody = wallet.fetch("nobody", &wallet.proof(&wallet.nonce().await)).await;
        assert_eq!(nobody.json()["error"], "invalid_token");
        let good = wallet.fetch(&token, &wallet.proof(&wallet.nonce().await)).await;
        assert_eq!(good.status, 200, "refused proofs cost nothing: {}", good.text());
        let metadata = wallet.stranger().get("/.well-known/openid-credential-issuer").await.json();
        let configured = &metadata["credential_configurations_supported"]["social-security-card"];
        assert_eq!(configured["format"], "dc+sd-jwt");
        let issued = Token::parse(
            good.json()["credentials"][0]["credential"]
                .as_str()
                .expect("text")
                .split('~')
                .next()
                .expect("parts"),
        );
        assert_eq!(issued.expect("a token").text("vct"), configured["vct"].as_str());
    }
}
