//! Pages and API through the router.

use axum::Router;
use kernel::actor::{Actor, Role};
use kernel::testing::{Client, actor};
use serde_json::json;

use super::{House, back, good, houses};

async fn browser(house: &House, actor: &Actor) -> (Client, Router) {
    let router = kernel::http::build(house.app.clone(), crate::routes()).router;
    (Client::signed_in(&router, &house.app, actor).await, router)
}

#[tokio::test]
async fn a_clerk_takes_a_batch_through_its_pages() {
    for house in houses("prod_pages").await {
        house.apply(0, 2).await;
        let (mut clerk, _) = browser(&house, &house.clerk).await;
        let page = clerk.get("/desk/production").await;
        assert!(page.text().contains("<strong>2</strong> 张待制卡"), "{}", page.text());
        let made = clerk.post_form("/desk/production", &[("scope", "outlet")]).await;
        let at = made.header("location").split('?').next().unwrap_or_default().to_owned();
        assert!(at.starts_with("/desk/production/batches/"), "{}", made.text());
        let sent = clerk.post_form(&at, &[("act", "send")]).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        let again = clerk.post_form(&at, &[("act", "send")]).await;
        assert_eq!(again.status, 409);
        assert!(again.text().contains("第十一条"), "the page names the article");
        let page = clerk.get(&at).await.text();
        let file = page.split("/desk/production/files/").nth(1).and_then(|t| t.get(..13));
        let file = clerk.get(&format!("/desk/production/files/{}", file.expect("a file"))).await;
        assert_eq!(file.status, 200);
        assert!(file.header("content-disposition").contains("-bank-out.txt"));
        let (mut stranger, _) = browser(&house, &actor(Role::Clerk)).await;
        assert_eq!(stranger.get(&at).await.status, 404);
        let wrong = upload(&mut clerk, &at, b"hello").await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text().contains("第1行"), "{}", wrong.text());
        let taken = upload(&mut clerk, &at, &back(&file.body, good)).await;
        assert!(taken.header("location").ends_with("?done=taken-2-0-0"), "{}", taken.text());
        for path in ["overdue", "spoiled", "stock", "shelf", "instant"] {
            let page = clerk.get(&format!("/desk/production/{path}")).await;
            assert_eq!(page.status, 200, "{path}: {}", page.text());
        }
    }
}

async fn upload(client: &mut Client, at: &str, bytes: &[u8]) -> kernel::testing::Reply {
    let csrf = client.csrf.clone();
    let mut body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n{csrf}\r\n--x\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--x--\r\n");
    client.post(&format!("{at}/files"), "multipart/form-data; boundary=x", body).await
}

#[tokio::test]
async fn instant_issue_and_hand_over_by_page() {
    let house = houses("prod_instant_page").await.remove(0);
    let person = house.apply(0, 1).await[0];
    let (mut clerk, _) = browser(&house, &house.clerk).await;
    let at = format!("/desk/production/instant/{person}");
    let none = clerk.post_form(&at, &[("act", "blank")]).await;
    assert_eq!(none.status, 409);
    assert!(none.text().contains("空白卡库存不足"));
    let received = [("act", "received"), ("count", "100"), ("note", "到货单7")];
    assert_eq!(clerk.post_form("/desk/production/stock", &received).await.status, 303);
    for act in ["blank", "number", "personalised"] {
        assert_eq!(clerk.post_form(&at, &[("act", act)]).await.status, 303, "{act}");
    }
    let page = clerk.get(&at).await.text();
    assert!(page.contains("aria-current=\"step\""));
    let number = page.split("id=\"card-no\">").nth(1).and_then(|t| t.get(..9)).expect("a number");
    let reports =
        [("keys", "ABCDEF"), ("bank", "4000000000000001"), ("verified", number), ("produced", "")];
    for (act, report) in reports {
        let reply = clerk.post_form(&at, &[("act", act), ("report", report)]).await;
        assert_eq!(reply.status, 303, "{act}: {}", reply.text());
    }
    let shelf = format!("/desk/production/shelf/{person}");
    let page = clerk.get(&shelf).await.text();
    let name = page.split("name=\"receiver\"").nth(1).and_then(|t| t.split("value=\"").nth(1));
    let name = name.and_then(|t| t.split('"').next()).expect("a name").to_owned();
    let evidence = [("act", "hand-over"), ("receiver", &name), ("document", "resident_card")];
    let reply = clerk.post_form(&shelf, &evidence).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert_eq!(house.stage_of(person).await, "handed-over");
}

/// Art. 10: a bank reads the files of its own batches, and no others.
#[tokio::test]
async fn a_bank_gets_its_own_files_over_the_api() {
    for house in houses("prod_bank").await {
        house.apply(0, 2).await;
        let bank = actor(Role::Bank);
        let org = kernel::org::Org {
            id: bank.org.expect("a bank"),
            credit_code: None,
            name_zh: "示范银行".to_owned(),
            name_en: "Model bank".to_owned(),
            kind: "bank".to_owned(),
            division: "500000".to_owned(),
            parent: None,
        };
        let add =
            move |tx: &mut kernel::db::Tx<'_>| kernel::org::add(tx, &org, kernel::time::Utc::now());
        house.app.db.housekeeping(add).await.expect("a bank");
        let (_, router) = browser(&house, &house.clerk).await;
        let mut clerk = Client::program(&router, &house.app, &house.clerk).await;
        let at = "/api/v1/production/batches";
        let body = json!({"bank": bank.org.expect("a bank").to_string()});
        let batch = clerk.post_json(at, &body).await;
        assert_eq!(batch.status, 200, "{}", batch.text());
        let id = batch.json()["id"].as_str().expect("an id").to_owned();
        assert_eq!(clerk.post_json(&format!("{at}/{id}/send"), &json!({})).await.status, 200);
        let mut other = Client::program(&router, &house.app, &actor(Role::Bank)).await;
        assert_eq!(other.get(&format!("{at}/{id}/files")).await.status, 404);
        assert_eq!(other.get(at).await.json(), json!([]));
        let mut program = Client::program(&router, &house.app, &bank).await;
        let files = program.get(&format!("{at}/{id}/files")).await.json();
        let file = files[0]["id"].as_str().expect("a file").to_owned();
        let file = format!("/api/v1/production/files/{file}");
        assert_eq!(other.get(&file).await.status, 404);
        let content = program.get(&file).await.body;
        let answer = back(&content, good);
        let to = format!("{at}/{id}/files");
        let kind = "application/octet-stream";
        assert_eq!(other.post(&to, kind, answer.clone()).await.status, 404);
        let reply = program.post(&to, kind, answer.clone()).await;
        assert_eq!(reply.json()["result"], "taken", "{} {}", house.engine, reply.text());
        assert_eq!(program.post(&to, kind, answer).await.json()["result"], "already");
        let bent = program.post(&to, kind, b"x|y".to_vec()).await;
        assert_eq!((bent.status.as_u16(), bent.code().as_str()), (422, "production/file-refused"));
        assert_eq!(bent.json()["errors"][0]["field"], "line 1");
    }
}
