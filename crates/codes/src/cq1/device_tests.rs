//! A device's own key on both engines: bound by a code to the telephone, renewed by its proof, ended.

use kernel::actor::{Actor, Role};
use kernel::auth::{self, NewAccount};
use kernel::problem::Problem;
use kernel::testing::{Client, databases};
use kernel::time::Utc;
use seal::cq1::{CREDENTIAL_BODY, Code, Credential, Refused as Cq1, Scene};
use seal::sm2::{SignerId, SigningKey};
use serde_json::{Value, json};

use super::tests::Terminal;
use super::{device, status};
use crate::rules::Refused;
use crate::tests::{Town, code_of};

/// An app with a key of its own.
struct Phone {
    secret: [u8; 32],
    credential: Vec<u8>,
    counter: u32,
}

impl Phone {
    fn new(seed: u8) -> Self {
        Self { secret: [seed; 32], credential: Vec::new(), counter: 0 }
    }

    fn key(&self, role: SignerId) -> SigningKey {
        SigningKey::from_secret(&self.secret, role).expect("a key")
    }

    fn public(&self) -> [u8; 33] {
        self.key(device::PROOF).verifying().to_compressed()
    }

    fn proof(&self, what: &str, id: &str, at: i64) -> (i64, [u8; 64]) {
        (at, self.key(device::PROOF).sign(format!("{what} {id} {at}").as_bytes()))
    }

    /// A code as the app makes it, without asking anybody.
    fn code(&mut self) -> String {
        let (body, signature) = self.credential.split_at(CREDENTIAL_BODY);
        self.counter += 1;
        let code = Code {
            credential: Credential::of_bytes(body).expect("a credential"),
            issuer_signature: signature.try_into().expect("64 bytes"),
            generated_s: u32::try_from(Utc::now().seconds()).expect("our time"),
            lifetime: 60,
            counter: self.counter,
            scene: Scene::Any,
        };
        let holder = self.key(SignerId::CQ1_HOLDER);
        Code::text(&code.with_signature(&holder.sign(&code.signed_bytes())))
    }
}

/// The holder with an account that has a telephone.
async fn holder(town: &Town) -> Actor {
    let holder = Actor { account: kernel::testing::id(), ..town.holder.clone() };
    let new = NewAccount {
        id: holder.account,
        role: Role::Holder,
        name: holder.name.clone(),
        org: None,
        division: String::new(),
        person: holder.person,
        phone: Some("13800000009".to_owned()),
    };
    let made = town.app.db.housekeeping(move |tx| auth::create_account(tx, &new, Utc::now()));
    made.await.expect("an account");
    holder
}

/// The six digits of the last message.
async fn digits(town: &Town) -> String {
    let sql = "SELECT body FROM outbox WHERE topic = 'sms' ORDER BY id DESC LIMIT 1";
    let body = town.app.db.read(move |tx| tx.one(sql, &[])?.get::<String>(0)).await;
    let text = body.expect("a message");
    let at = text.find("验证码 ").expect("a code") + "验证码 ".len();
    text[at..at + 6].to_owned()
}

async fn bind(town: &Town, holder: &Actor, phone: &mut Phone) -> kernel::id::Id {
    let id = device::enrol(&town.app, holder, &phone.public(), "我的手机").await.expect("asked");
    let proof = phone.proof("bind", &id.to_string(), Utc::now().seconds());
    let code = digits(town).await;
    let issued = device::confirm(&town.app, holder, id, &code, proof).await.expect("bound");
    phone.credential = issued.signed;
    id
}

#[tokio::test]
async fn a_bound_device_signs_its_own_codes_with_and_without_a_network_until_it_is_ended() {
    for test in databases("device") {
        let town = Town::of(test).await;
        let (holder, mut phone) = (holder(&town).await, Phone::new(0x71));
        let id = bind(&town, &holder, &mut phone).await;
        let text = phone.code();
        assert_eq!(town.verify(&text).await.result, Ok(()), "{}", town.engine);
        assert_eq!(town.verify(&text).await.result, Err(Refused::Replayed));
        status::round(&town.app).await.expect("a list");
        let offline = phone.code();
        assert_eq!(Terminal::of(&town).await.judge(&town, &offline, false), Ok(2));

        // A day later: a fresh credential by the device's proof alone; the same proof is good once.
        let proof = phone.proof("renew", &id.to_string(), Utc::now().seconds() + 1);
        let before = phone.code();
        let fresh = device::renew(&town.app, id, proof).await.expect("renewed");
        assert_eq!(code_of(device::renew(&town.app, id, proof).await), "codes/device-proof");
        assert_eq!(town.verify(&before).await.result, Err(Refused::CardNotActive), "the last one");
        (phone.credential, phone.counter) = (fresh.signed, 0);
        assert_eq!(town.verify(&phone.code()).await.result, Ok(()), "{}", town.engine);

        device::end(&town.app, &holder, id).await.expect("ended");
        assert_eq!(town.verify(&phone.code()).await.result, Err(Refused::CardNotActive));
        status::round(&town.app).await.expect("a list");
        let judged = Terminal::of(&town).await.judge(&town, &phone.code(), false);
        assert_eq!(judged, Err(Cq1::Revoked), "{}", town.engine);
        let proof = phone.proof("renew", &id.to_string(), Utc::now().seconds() + 2);
        assert_eq!(code_of(device::renew(&town.app, id, proof).await), "codes/device-not-bound");
    }
}

#[tokio::test]
async fn no_device_is_bound_without_the_code_its_proof_and_a_card_that_is_on() {
    for test in databases("device_no") {
        let town = Town::of(test).await;
        let (holder, phone, thief) = (holder(&town).await, Phone::new(0x72), Phone::new(0x73));
        let id = device::enrol(&town.app, &holder, &phone.public(), "").await.expect("asked");
        let (now, code) = (Utc::now().seconds(), digits(&town).await);
        let word = id.to_string();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let good = phone.proof("bind", &word, now);
        let refused = device::confirm(&town.app, &holder, id, wrong, good).await;
        assert_eq!(code_of(refused), "platform/invalid-input", "{}", town.engine);
        for proof in [
            thief.proof("bind", &word, now),
            phone.proof("renew", &word, now),
            phone.proof("bind", &word, now - 600),
        ] {
            let refused = device::confirm(&town.app, &holder, id, &code, proof).await;
            let code = code_of(refused);
            assert!(["codes/device-proof", "platform/too-many-guesses"].contains(&code), "{code}");
        }
        assert!(device::list(&town.app, &holder).await.expect("read").is_empty());
        let nobody = Actor { person: Some(kernel::testing::id()), ..holder.clone() };
        let refused = device::confirm(&town.app, &nobody, id, &code, good).await;
        assert!(["platform/not-found", "platform/too-many-guesses"].contains(&code_of(refused)));
        town.lose().await;
        let refused = device::enrol(&town.app, &holder, &thief.public(), "").await;
        assert!(refused.is_err(), "{}", town.engine);
    }
}

#[tokio::test]
async fn an_app_binds_and_ends_through_the_interface_and_the_page() {
    let test = databases("device_api").remove(0);
    let town = Town::of(test).await;
    let (holder, phone) = (holder(&town).await, Phone::new(0x74));
    let mut app = Client::program(&town.router, &town.app, &holder).await;
    let mut page = Client::signed_in(&town.router, &town.app, &holder).await;
    let body = json!({"key": hex::encode(phone.public()), "name": "工作手机"});
    let asked = app.post_json("/api/v1/me/devices", &body).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    let id = asked.json()["id"].as_str().expect("an id").to_owned();
    let (at, signature) = phone.proof("bind", &id, Utc::now().seconds());
    let code = digits(&town).await;
    let body = json!({"code": code, "at": at, "signature": hex::encode(signature)});
    let bound = app.post_json(&format!("/api/v1/me/devices/{id}/confirm"), &body).await;
    assert_eq!(bound.json()["credential"].as_str().map(str::len), Some(240), "{}", bound.text());
    assert!(page.get("/me/devices").await.text().contains("工作手机"));
    let listed: Value = app.get("/api/v1/me/devices").await.json();
    assert_eq!(listed[0]["id"], json!(id));
    let (at, signature) = phone.proof("renew", &id, Utc::now().seconds() + 1);
    let body = json!({"at": at, "signature": hex::encode(signature)});
    let path = format!("/api/v1/devices/{id}/credential");
    let mut anybody = Client::new(&town.router);
    assert_eq!(anybody.post_json(&path, &body).await.status, 200);
    let ended = app.post_json(&format!("/api/v1/me/devices/{id}/end"), &json!({})).await;
    assert_eq!(ended.status, 200, "{}", ended.text());
    assert!(!page.get("/me/devices").await.text().contains("工作手机"));
    let none = town.app.db.read(|tx| {
        Ok::<_, Problem>(tx.query("SELECT 1 FROM cq1_device WHERE state = 'bound'", &[])?.len())
    });
    assert_eq!(none.await.expect("read"), 0);
}
