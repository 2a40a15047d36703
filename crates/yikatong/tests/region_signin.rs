//! Sign-in across regions (Art. 6, 7, 14, 18): a holder of one region at a service of the other and the
//! reverse, over real HTTP between the two installations.

use std::sync::Arc;

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::testing::{self, Client, Reply};
use openidconnect::{AuthorizationCode, OAuth2TokenResponse as _, TokenResponse as _};
use serde_json::Value;
use signin::clients::{self, NewClient};
use signin::service::List;

use crate::recognition::both;
use crate::signin::{Desk, answer, begin, with};
use crate::town::{Town, grown_ups};

const LOANS: &str = "CY-CU-001";

/// A service of this town for an item, as a desk whose holder is a stranger's empty browser.
async fn service_in(town: Town, item: &str) -> Desk {
    let catalogue = Arc::new(items::service::Catalogue::default());
    catalogue.load(&town.app).await.expect("the list");
    let list = List(catalogue);
    let asker = Actor { org: Some(Id(1)), ..testing::actor(Role::DepartmentOfficer) };
    let new = NewClient {
        name: "通借通还网站".to_owned(),
        item: item.to_owned(),
        redirects: crate::signin::BACK.to_owned(),
        ..NewClient::default()
    };
    let id = clients::ask(&town.app, &list, &asker, &new).await.expect("asked");
    let approver = testing::actor(Role::MunicipalApprover);
    clients::decide(&town.app, &approver, &id, true).await.expect("approved");
    let secret = clients::new_secret(&town.app, &asker, &id).await.expect("a secret");
    let holder = Client::new(&town.built.router);
    Desk { town, person: String::new(), holder, id, secret }
}

/// The holder's browser: one program, two sites, each with its own cookies.
struct Browser {
    there: Client,
    home: Client,
    home_url: String,
    there_url: String,
}

fn path(url: &str, of: &str) -> String {
    url.strip_prefix(of).unwrap_or_else(|| panic!("{url} is not of {of}")).to_owned()
}

impl Browser {
    async fn of(desk: &Desk, home: &Town, person: &str) -> Self {
        Self {
            there: Client::new(&desk.town.built.router),
            home: home.holder(person).await,
            home_url: regions::service::trust::own(&home.app).expect("set up").endpoint,
            there_url: regions::service::trust::own(&desk.town.app).expect("set up").endpoint,
        }
    }

    /// From the service's link to the page of the home region that asks him: its path.
    async fn reaches_consent(&mut self, url: &str, home: &Town) -> Result<String, Reply> {
        let door = self.there.get(&path(url, "http://localhost")).await;
        let link = format!("/regions/sign-in/to/{}/", home.app.config.region);
        let page = door.text();
        let Some(rest) = page.split(&link).nth(1) else { return Err(door) };
        let request = rest.split('"').next().expect("a link");
        let leaves = self.there.get(&format!("{link}{request}")).await;
        if leaves.status != 303 {
            return Err(leaves);
        }
        let arrives = self.home.get(&path(leaves.header("location"), &self.home_url)).await;
        match arrives.status.as_u16() {
            303 => Ok(arrives.header("location").to_owned()),
            _ => Err(arrives),
        }
    }

    /// The whole way, agreeing: where the service is given its answer.
    async fn signs_in(&mut self, url: &str, home: &Town) -> String {
        let consent = self.reaches_consent(url, home).await.expect("the way is open");
        let page = self.home.get(&consent).await;
        assert!(page.text().contains("通借通还网站"), "{}", page.text());
        let agreed = self.home.post_form(&consent, &[("decision", "yes")]).await;
        assert_eq!(agreed.status, 303, "{}", agreed.text());
        let back = path(agreed.header("location"), &self.there_url);
        let done = self.there.get(&back).await;
        assert_eq!(done.status, 303, "{}", done.text());
        assert_eq!(self.there.get(&back).await.status, 409, "it is good once");
        done.header("location").to_owned()
    }
}

async fn crosses(mut home: Town, there: Town) {
    let person = home.register(&grown_ups().nth(81).expect("somebody")).await;
    home.give_card(&person).await;
    let desk = service_in(there, LOANS).await;
    let service = desk.service().await;
    let mut browser = Browser::of(&desk, &home, &person).await;
    let mut subjects = Vec::new();
    for _ in 0..2 {
        let begun = begin(&service);
        let to = browser.signs_in(&begun.url, &home).await;
        assert!(to.starts_with(crate::signin::BACK), "{to}");
        let code = answer(&to, "code").expect("a code");
        let http = |request| desk.http(request);
        let request = service.exchange_code(AuthorizationCode::new(code)).expect("an endpoint");
        let tokens = request.set_pkce_verifier(begun.verifier).request_async(&http).await;
        let tokens = tokens.expect("tokens");
        let id_token = tokens.id_token().expect("a token");
        let claims = id_token.claims(&service.id_token_verifier(), &begun.nonce).expect("it holds");
        let acr = claims.auth_context_ref().map(|acr| acr.to_string());
        assert_eq!(acr.as_deref(), Some("urn:yikatong:level:2"));
        let info = crate::signin::info(&desk, tokens.access_token().secret()).await.json();
        let names: Vec<&String> = info.as_object().expect("claims").keys().collect();
        assert_eq!(
            names,
            ["name_masked", "number_masked", "sub"],
            "the joint item's and no others"
        );
        assert_eq!(info["sub"], claims.subject().as_str());
        subjects.push(claims.subject().as_str().to_owned());
    }
    assert_eq!(subjects[0], subjects[1], "he is known again");
    assert_ne!(subjects[0], person);
    // Both journals have it; his own region shows it to him, the other has nobody of his.
    let seen = browser.home.get("/me/access").await.text();
    assert!(seen.contains("通借通还网站") && seen.contains(LOANS), "{seen}");
    assert_eq!(acts(&home, "signin.abroad").await, 2);
    assert_eq!(acts(&desk.town, "signin.visitor").await, 2);
    assert_eq!(acts(&desk.town, "signin.fetched").await, 2);
    assert_eq!(desk.town.count("person").await, 0);
    home.journal_holds().await;
    desk.town.journal_holds().await;
}

async fn acts(town: &Town, act: &'static str) -> i64 {
    let read = move |tx: &mut kernel::db::Tx<'_>| {
        let sql = "SELECT COUNT(*) FROM journal_entry WHERE act = $1";
        tx.one(sql, &[kernel::db::v(act)])?.get::<i64>(0)
    };
    town.app.db.read(read).await.expect("a count")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holder_of_either_region_signs_in_at_a_service_of_the_other() {
    for (chongqing, sichuan) in both("region_signin").await {
        crosses(chongqing, sichuan).await;
    }
    let (chongqing, sichuan) = both("region_signin_back").await.remove(0);
    crosses(sichuan, chongqing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_joint_items_of_trusted_regions_for_cards_in_order_crosses() {
    let (mut home, there) = both("region_signin_no").await.remove(0);
    let person = home.register(&grown_ups().nth(82).expect("somebody")).await;
    home.give_card(&person).await;
    let city = service_in(there, items::seed::LIBRARY).await;
    let city_service = city.service().await;
    let mut browser = Browser::of(&city, &home, &person).await;
    // An item of the city's list has no such door, and its address does not open one.
    let begun = begin(&city_service);
    let door = browser.reaches_consent(&begun.url, &home).await.expect_err("no door");
    assert_eq!(door.status, 200);
    let waiting = door.text();
    let request = waiting.split("/oidc/wait/").nth(1).and_then(|rest| rest.split('"').next());
    let forced = format!("/regions/sign-in/to/500000/{}", request.expect("a request"));
    let refused = browser.there.get(&forced).await;
    assert!(refused.text().contains("不在川渝") || refused.status == 403, "{}", refused.text());
    assert_ne!(refused.status, 303);

    let desk = service_in(city.town, LOANS).await;
    let service = desk.service().await;
    // Not agreeing.
    let begun = begin(&service);
    let consent = browser.reaches_consent(&begun.url, &home).await.expect("the way is open");
    let no = browser.home.post_form(&consent, &[("decision", "no")]).await;
    let told = browser.there.get(&path(no.header("location"), &browser.there_url)).await;
    assert_eq!(answer(told.header("location"), "error").as_deref(), Some("access_denied"));
    let again = browser.home.post_form(&consent, &[("decision", "yes")]).await;
    assert_eq!(again.status, 409, "an answer is given once");
    // Another browser cannot use what his agreed to.
    let begun = begin(&service);
    let consent = browser.reaches_consent(&begun.url, &home).await.expect("the way is open");
    let yes = browser.home.post_form(&consent, &[("decision", "yes")]).await;
    let back = path(yes.header("location"), &browser.there_url);
    let mut thief = Client::new(&desk.town.built.router);
    assert_eq!(thief.get(&back).await.status, 409);
    // Lost between the yes and the question: a no, in both journals.
    let lose = format!("/api/v1/people/{person}/card/steps/lose-temporarily");
    assert_eq!(home.clerk.post_json(&lose, &serde_json::json!({})).await.status, 200);
    let late = browser.there.get(&back).await;
    assert_eq!(late.status, 403, "{}", late.text());
    // Bent, replayed, or of a region that is not trusted any more.
    let begun = begin(&service);
    let door = browser.there.get(&path(&begun.url, "http://localhost")).await.text();
    let request = door.split("/regions/sign-in/to/500000/").nth(1).expect("a door");
    let request = request.split('"').next().expect("a link").to_owned();
    let leaves = browser.there.get(&format!("/regions/sign-in/to/500000/{request}")).await;
    let to = path(leaves.header("location"), &browser.home_url);
    let bent = to.replace("CY-CU-001", "CQ-CU-001");
    assert_eq!(browser.home.get(&bent).await.status, 403, "forged");
    assert_eq!(browser.home.get(&with(&to, "signature", "00")).await.status, 403);
    assert_eq!(browser.home.get(&to).await.status, 303);
    assert_ne!(browser.home.get(&to).await.status, 303, "replayed");
    let officer = testing::actor(Role::MunicipalOfficer);
    regions::service::trust::revoke(&home.app, &officer, "510000").await.expect("revoked");
    let leaves = browser.there.get(&format!("/regions/sign-in/to/500000/{request}")).await;
    let to = path(leaves.header("location"), &browser.home_url);
    assert_eq!(browser.home.get(&to).await.status, 403, "unlisted");
    let alarms: Value = serde_json::json!(home.count("region_alarm").await);
    assert!(alarms.as_i64() > Some(0), "alarmed");
}
