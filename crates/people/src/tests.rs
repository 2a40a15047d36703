//! Pages and endpoints through the router, on both engines.

use axum::Router;
use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::http::{build, kernel_routes};
use kernel::id::Id;
use kernel::testing::{Client, actor};
use kernel::time::Utc;
use serde_json::json;

use crate::duplicates::rules::Ground;
use crate::duplicates::store as duplicates;
use crate::testing::{House, holder, houses, png, somebody};

fn router(house: &House) -> Router {
    let routes = kernel_routes().merge(crate::routes(|_, _| Ok(false)));
    build(house.app.clone(), routes).router
}

fn multipart(csrf: &str, kind: &str, bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in [("_csrf", csrf), ("kind", kind), ("purpose", "申领")] {
        let head =
            format!("--e\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(head.as_bytes());
    }
    let head = "--e\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.exe\"\r\n\r\n";
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--e--\r\n");
    body
}

async fn sign_in(house: &House, router: &Router, who: &Actor) -> Client {
    Client::signed_in(router, &house.app, who).await
}

#[tokio::test]
async fn a_clerk_puts_a_signature_into_the_vault_and_its_holder_sees_it() {
    for house in houses("pages_evidence").await {
        let router = router(&house);
        let person = house.register(somebody(1, true)).await;
        let path = format!("/desk/people/{}/evidence", person.id);
        let mut desk = sign_in(&house, &router, &house.clerk).await;
        let (kind, large) = ("multipart/form-data; boundary=e", png(&"x".repeat(1_000_000)));
        let bad = desk.post(&path, kind, multipart(&desk.csrf.clone(), "signature", b"MZ")).await;
        assert!(bad.status == 415 && bad.text().contains("PNG"), "{}", house.engine);
        let good = multipart(&desk.csrf.clone(), "signature", &large);
        assert_eq!(desk.post(&path, kind, good).await.status, 303, "{}", house.engine);
        assert!(desk.get(&path).await.text().contains("签名"));
        let all = crate::evidence::service::list(&house.app, &house.clerk, person.id).await;
        let id = all.expect("listed")[0].id;
        let file = desk.get(&format!("{path}/{id}")).await;
        assert_eq!((file.status.as_u16(), file.body == large), (200, true));
        let headers = ["content-type", "x-content-type-options", "content-disposition"];
        let told = headers.map(|name| file.header(name).to_owned());
        let shown = format!("inline; filename=\"{id}.png\"");
        assert_eq!(told, ["image/png".to_owned(), "nosniff".to_owned(), shown]);
        let mut me = sign_in(&house, &router, &holder(&person)).await;
        assert!(me.get("/me/evidence").await.text().contains("申领"));
        assert_eq!(me.get(&format!("/me/evidence/{id}")).await.body, large);
        let other = house.register(somebody(2, true)).await;
        let mut stranger = sign_in(&house, &router, &holder(&other)).await;
        assert_eq!(stranger.get(&format!("/me/evidence/{id}")).await.status, 404);
        let mut officer = sign_in(&house, &router, &actor(Role::DepartmentOfficer)).await;
        assert_eq!(officer.get(&format!("{path}/{id}")).await.status, 403);
    }
}

#[tokio::test]
async fn a_program_sends_a_file_as_the_body_and_reads_its_digest() {
    for house in houses("api_evidence").await {
        let router = router(&house);
        let person = house.register(somebody(1, true)).await;
        let path = format!("/api/v1/people/{}/evidence", person.id);
        let mut desk = Client::program(&router, &house.app, &house.clerk).await;
        let content = png(&"y".repeat(900_000));
        let sent = format!("{path}?kind=document_front&purpose=x");
        let reply = desk.post(&sent, "image/png", content.clone()).await;
        assert_eq!(reply.status, 200, "{} {}", house.engine, reply.text());
        let id = reply.json()["id"].as_str().expect("an id").to_owned();
        assert_eq!(desk.get(&format!("{path}/{id}")).await.body, content);
        assert_eq!(desk.get(&path).await.json()[0]["kind"], "document_front");
        let large = desk.post(&sent, "image/png", png(&"z".repeat(2_200_000))).await;
        assert_eq!(large.status, 413, "{}", house.engine);
        let wrong = desk.post(&format!("{path}?kind=magic&purpose=x"), "image/png", content).await;
        assert_eq!(wrong.status, 422);
    }
}

#[tokio::test]
async fn every_page_of_a_person_opens_in_both_languages() {
    for house in houses("pages_open").await {
        let router = router(&house);
        let person = house.register(somebody(1, true)).await;
        let mut desk = sign_in(&house, &router, &house.clerk).await;
        for language in ["zh-CN", "en"] {
            desk.cookies.insert("lang".to_owned(), language.to_owned());
            for page in ["evidence", "representatives", "changes", "entitlement", "form?large=1"] {
                let reply = desk.get(&format!("/desk/people/{}/{page}", person.id)).await;
                assert_eq!(reply.status, 200, "{page} {}", reply.text());
            }
            assert_eq!(desk.get("/desk/entitlements").await.status, 200);
            assert_eq!(desk.get(&format!("/desk/people/{}/changes", Id(4))).await.status, 404);
        }
        let form = desk.get(&format!("/desk/people/{}/form?large=1", person.id)).await.text();
        assert!(form.contains(person.number.as_str()) && form.contains("class=\"elder\""));
    }
}

#[tokio::test]
async fn a_clerk_enters_an_agent_by_form_and_the_holder_revokes_him() {
    for house in houses("pages_agents").await {
        let router = router(&house);
        let (person, by) = (house.register(somebody(1, true)).await, somebody(2, true));
        let proof = house.proof(person.id).await;
        let path = format!("/desk/people/{}/representatives", person.id);
        let mut desk = sign_in(&house, &router, &house.clerk).await;
        let mut form = vec![
            ("kind", "agent"),
            ("name", by.name.as_str()),
            ("number", by.number.as_str()),
            ("document", by.document.as_str()),
            ("relation", "邻居"),
            ("until", "2090-01-01"),
            ("evidence", proof.as_str()),
        ];
        let idle = desk.post_form(&path, &form).await;
        assert!(idle.status == 422 && idle.text().contains("第十二条"), "{}", house.engine);
        form.push(("scope.collect", "on"));
        assert_eq!(desk.post_form(&path, &form).await.status, 303, "{}", house.engine);
        let mut me = sign_in(&house, &router, &holder(&person)).await;
        let page = me.get("/me/family").await.text();
        assert!(page.contains("邻居"), "{page}");
        let known =
            crate::representatives::service::list(&house.app, &house.clerk, person.id).await;
        let id = known.expect("listed")[0].id.to_string();
        let revoke = [("act", "revoke"), ("id", id.as_str())];
        assert_eq!(me.post_form("/me/family", &revoke).await.status, 303);
        assert!(!me.get("/me/family").await.text().contains("邻居"), "{}", house.engine);
    }
}

#[tokio::test]
async fn a_duplicate_is_reviewed_side_by_side() {
    for house in houses("pages_duplicates").await {
        let router = router(&house);
        let form = somebody(1, true);
        let person = house.register(form.clone()).await;
        let again = crate::service::Registration {
            number: "USAP12345678".to_owned(),
            document: "passport".to_owned(),
            ..form
        };
        house.register(again).await;
        let found = crate::duplicates::service::queue(
            &house.app,
            crate::duplicates::rules::State::Open,
            Id(0),
        );
        let id = found.await.expect("read")[0].id;
        let path = format!("/desk/duplicates/{id}");
        let mut desk = sign_in(&house, &router, &house.clerk).await;
        assert_eq!(desk.get(&path).await.status, 403, "a clerk does not decide");
        let mut manager = sign_in(&house, &router, &actor(Role::OutletManager)).await;
        assert!(manager.get("/desk/duplicates").await.text().contains(&path));
        assert!(manager.get(&path).await.text().contains("USAP12345678"));
        let survivor = person.id.to_string();
        let merge = [("act", "merge"), ("survivor", survivor.as_str()), ("note", "同一人")];
        assert_eq!(manager.post_form(&path, &merge).await.status, 303, "{}", house.engine);
        let own = manager.post_form(&path, &[("act", "yes")]).await;
        assert_eq!(own.status, 403, "{}", house.engine);
        let mut other = sign_in(&house, &router, &actor(Role::DistrictApprover)).await;
        assert!(other.get(&path).await.text().contains(&survivor));
        assert_eq!(other.post_form(&path, &[("act", "yes")]).await.status, 303);
        assert!(other.get(&path).await.text().contains("已合并"), "{}", house.engine);
    }
}

/// What the desk's pages do, a program does too: changes, entitlements and duplicates (Art. 5, 12, 13).
#[tokio::test]
async fn a_program_changes_a_name_records_a_ground_and_settles_a_duplicate() {
    for house in houses("api_records").await {
        let router = router(&house);
        let form = somebody(1, true);
        let person = house.register(form.clone()).await;
        let proof = house.proof(person.id).await;
        let mut desk = Client::program(&router, &house.app, &house.clerk).await;
        let path = format!("/api/v1/people/{}", person.id);
        let name = json!({"name": "欧阳新名", "reason": "renamed", "evidence": proof});
        let changed = desk.post_json(&format!("{path}/name"), &name).await;
        assert_eq!(changed.json()["name"], "欧阳新名", "{} {}", house.engine, changed.text());
        let again = desk.post_json(&format!("{path}/name"), &name).await;
        assert_eq!(again.json()["code"], "people/nothing-changes");
        let story = desk.get(&format!("{path}/changes")).await.json();
        let told = (&story["history"][0]["old"], &story["history"][0]["reason"]);
        assert_eq!(told, (&json!(form.name), &json!("renamed")));
        assert_eq!(story["numbers"][0]["number"], form.number);
        let ground =
            json!({"act": "set", "ground": "study", "until": "2031-01-01", "evidence": proof});
        assert_eq!(desk.post_json(&format!("{path}/entitlements"), &ground).await.status, 200);
        let bare = json!({"act": "set", "ground": "study", "until": "2031-01-01", "evidence": ""});
        let bare = desk.post_json(&format!("{path}/entitlements"), &bare).await;
        assert_eq!(bare.json()["code"], "people/evidence-missing");
        let told = desk.get(&format!("{path}/entitlements")).await.json();
        assert_eq!(
            (told[0]["ground"].as_str(), told.as_array().map(Vec::len)),
            (Some("study"), Some(1))
        );
        assert_eq!(desk.get("/api/v1/duplicates").await.status, 403, "a clerk decides about none");
    }
}

#[tokio::test]
async fn two_programs_of_two_officials_merge_what_one_proposes() {
    for house in houses("api_duplicates").await {
        let router = router(&house);
        let (low, high) =
            (house.register(somebody(1, true)).await, house.register(somebody(2, true)).await);
        let pair = (low.id, high.id);
        let id = house.app.id();
        let put =
            move |tx: &mut Tx<'_>| duplicates::put(tx, id, pair, Ground::NameBirthPhone, Utc(7));
        house.app.db.housekeeping(put).await.expect("found");
        let mut maker = Client::program(&router, &house.app, &actor(Role::OutletManager)).await;
        let mut checker = Client::program(&router, &house.app, &actor(Role::DistrictOfficer)).await;
        let found = maker.get("/api/v1/duplicates?state=open").await.json();
        assert_eq!(found[0]["ground"], "name-birth-phone", "{}", house.engine);
        let path = format!("/api/v1/duplicates/{id}");
        let both = maker.get(&path).await.json();
        assert_eq!(both["low"]["number"], low.number.as_str());
        let merge = json!({"act": "merge", "survivor": low.id, "note": "同一人"});
        assert_eq!(maker.post_json(&path, &merge).await.json()["state"], "proposed");
        let own = maker.post_json(&path, &json!({"act": "yes"})).await;
        assert!(own.status.is_client_error(), "{}", own.text());
        let merged = checker.post_json(&path, &json!({"act": "yes"})).await;
        assert_eq!(merged.json()["state"], "merged", "{}", merged.text());
        assert_eq!(maker.get("/api/v1/duplicates?state=nonsense").await.status, 404);
    }
}
