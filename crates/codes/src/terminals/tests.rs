use kernel::actor::{Actor, Role};
use kernel::testing::{Client, databases};
use kernel::time::Utc;
use seal::sm2::{SignerId, SigningKey};

use super::journal::upload;
use super::rules::Line;
use super::service;
use crate::cq1::issue;
use crate::rules::Refused;
use crate::service::NewTerminal;
use crate::tests::{ITEM, Town, code_of};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lines of a terminal's journal with their links.
fn chain(lines: Vec<Line>) -> Vec<(Line, [u8; 32])> {
    let mut before = [0; 32];
    let link = |line: Line| {
        before = line.link(&before);
        (line, before)
    };
    lines.into_iter().map(link).collect()
}

fn line(seq: i64, code: &str) -> Line {
    Line {
        seq,
        at: Utc::now().seconds(),
        item: ITEM.to_owned(),
        item_version: 1,
        result: "ok".to_owned(),
        status_serial: 1,
        code: code.to_owned(),
    }
}

async fn uses(town: &Town) -> (i64, i64) {
    let counts = town.app.db.read(|tx| {
        let sql = "SELECT COUNT(*), COUNT(counter) FROM card_use";
        let row = tx.one(sql, &[])?;
        Ok::<_, kernel::db::DbError>((row.get(0)?, row.get(1)?))
    });
    counts.await.expect("read")
}

#[tokio::test]
async fn a_terminal_enrols_once_proves_its_key_and_is_blocked_from_afar() {
    for test in databases("terminals_enrol") {
        let town = Town::of(test).await;
        let new = NewTerminal {
            org: town.owner.org.expect("an organisation"),
            place: "公交 1 路".to_owned(),
            items: vec![ITEM.to_owned()],
            channel: None,
            division: String::new(),
        };
        let made = service::register(&town.app, &town.owner, new, "张三").await;
        let (id, code) = made.expect("registered");
        let key = SigningKey::from_secret(&[7; 32], SignerId::TERMINAL).expect("a key");
        let public = hex(&key.verifying().to_compressed());
        let mut device = Client::new(&town.router);
        let body =
            serde_json::json!({"code": code.to_lowercase(), "key": public, "firmware": "1.0"});
        let enrolled = device.post_json("/api/v1/terminals/enrol", &body).await;
        assert_eq!(enrolled.status, 200, "{}: {}", town.engine, enrolled.text());
        assert_eq!(enrolled.json()["id"], id.to_string());
        assert_eq!(enrolled.json()["root"].as_str().map(str::len), Some(66));
        let again = device.post_json("/api/v1/terminals/enrol", &body).await;
        assert_eq!(again.code(), "codes/enrol-code", "good once");
        let token =
            |reply: &kernel::testing::Reply| reply.json()["token"].as_str().map(str::to_owned);
        device.bearer = token(&enrolled);
        let at = Utc::now().seconds();
        let said = key.sign(format!("renew {id} {at}").as_bytes());
        let renewal = serde_json::json!({"at": at, "signature": hex(&said)});
        let renewed = device.post_json("/api/v1/terminals/renew", &renewal).await;
        assert_eq!(renewed.status, 200, "{}", renewed.text());
        let late = serde_json::json!({"at": at - 500, "signature": hex(&said)});
        let late = device.post_json("/api/v1/terminals/renew", &late).await;
        assert_eq!(late.code(), "codes/terminal-proof");
        device.bearer = token(&renewed);
        let items = device.get("/api/v1/terminals/items").await;
        assert_eq!(items.json()["items"][0]["code"], ITEM, "{}", items.text());
        let tag = items.header("etag").to_owned();
        for (held, status) in [(tag.as_str(), 304), ("\"1\"", 200)] {
            let asked = axum::http::Request::get("/api/v1/terminals/items");
            let asked = asked.header("if-none-match", held).body(axum::body::Body::empty());
            assert_eq!(device.send(asked.expect("a request")).await.status, status);
        }
        let beat = serde_json::json!({"clock": at + 9, "firmware": "1.1", "faults": ["scanner"]});
        let answer = device.post_json("/api/v1/terminals/heartbeat", &beat).await;
        assert_eq!(answer.json()["blocked"], false, "{}", answer.text());
        let (looked, _) = service::look(&town.app, &town.owner).await.expect("seen");
        let sick = &looked.iter().find(|l| l.terminal.id == id).expect("ours").sick;
        assert_eq!(sick.len(), 2, "its clock and its scanner: {sick:?}");
        let stranger = kernel::testing::actor(Role::DepartmentOfficer);
        let foreign = service::set_blocked(&town.app, &stranger, id, true, "x").await;
        assert_eq!(code_of(foreign), "codes/no-such-terminal");
        service::set_blocked(&town.app, &town.owner, id, true, "被盗").await.expect("blocked");
        let refused = device.get("/api/v1/terminals/items").await;
        assert_eq!(refused.code(), "codes/terminal-blocked", "{}", town.engine);
        let answer = device.post_json("/api/v1/terminals/heartbeat", &beat).await;
        assert_eq!(answer.json()["blocked"], true);
    }
}

#[tokio::test]
async fn a_journal_is_uploaded_once_and_a_double_use_is_raised() {
    for test in databases("terminals_journal") {
        let town = Town::of(test).await;
        let first = issue::show(&town.app, &town.holder).await.expect("a code").text;
        let second = issue::show(&town.app, &town.holder).await.expect("a code").text;
        let mine = chain(vec![line(1, &first), line(2, &second)]);
        let send = |terminal: &Actor, lines: Vec<(Line, [u8; 32])>| {
            let (app, codes, terminal) = (town.app.clone(), town.codes.clone(), terminal.clone());
            async move { upload(&app, &codes, &terminal, lines).await }
        };
        let taken = send(&town.terminal, mine.clone()).await.expect("taken");
        assert_eq!((taken.to, taken.doubles.len()), (2, 0), "{}", town.engine);
        let again = send(&town.terminal, mine.clone()).await.expect("nothing new");
        assert_eq!((again.to, uses(&town).await), (2, (2, 2)), "{}", town.engine);
        // Online the same display is refused, although the server was not there when it was used.
        assert_eq!(town.verify(&first).await.result, Err(Refused::Replayed));
        let other = town.another_terminal().await;
        let doubles = send(&other, chain(vec![line(1, &second)])).await.expect("taken").doubles;
        assert_eq!(doubles, [(1, "codes/replayed".to_owned())], "{}", town.engine);
        let (_, alarms) = service::look(&town.app, &town.owner).await.expect("seen");
        assert_eq!((alarms.len(), alarms[0].kind.as_str()), (1, "double-use"));
        assert_eq!(uses(&town).await.1, 2, "only two displays count");
        service::close_alarm(&town.app, &town.owner, alarms[0].id, "已联系持卡人")
            .await
            .expect("closed");
        assert!(service::look(&town.app, &town.owner).await.expect("seen").1.is_empty());
    }
}

#[tokio::test]
async fn a_yes_that_was_lost_on_the_way_and_taken_alone_is_one_use() {
    for test in databases("terminals_lost_answer") {
        let town = Town::of(test).await;
        let code = issue::show(&town.app, &town.holder).await.expect("a code").text;
        assert_eq!(town.verify(&code).await.result, Ok(()), "{}", town.engine);
        let lines = chain(vec![line(1, &code)]);
        let taken = upload(&town.app, &town.codes, &town.terminal, lines).await.expect("taken");
        assert_eq!((taken.to, taken.doubles.len()), (1, 0), "{}", town.engine);
        assert_eq!(uses(&town).await, (1, 1));
        assert!(service::look(&town.app, &town.owner).await.expect("seen").1.is_empty());
    }
}

#[tokio::test]
async fn gaps_broken_chains_and_forged_lines_are_found() {
    for test in databases("terminals_forged") {
        let town = Town::of(test).await;
        let code = issue::show(&town.app, &town.holder).await.expect("a code").text;
        let send = |lines| upload(&town.app, &town.codes, &town.terminal, lines);
        let gap = send(chain(vec![line(2, &code)])).await.map(|taken| taken.to);
        assert_eq!(code_of(gap), "codes/journal-gap", "{}", town.engine);
        let mut bent = chain(vec![line(1, &code)]);
        bent[0].0.item = "CQ-TR-001".to_owned();
        assert_eq!(code_of(send(bent).await.map(|taken| taken.to)), "codes/journal-link");
        let mut forged = code.clone();
        forged.replace_range(280..282, if code[280..282] == *"00" { "11" } else { "00" });
        let taken = send(chain(vec![line(1, &forged)])).await.expect("kept and raised");
        assert_eq!(taken.doubles.len(), 1, "a yes that does not hold");
        assert_eq!(uses(&town).await, (0, 0), "{}", town.engine);
        let (_, alarms) = service::look(&town.app, &town.owner).await.expect("seen");
        assert_eq!(alarms[0].kind, "does-not-hold");
    }
}

#[tokio::test]
async fn the_owner_registers_and_blocks_by_page_and_an_operators_refusal_is_counted() {
    for test in databases("terminals_page") {
        let town = Town::of(test).await;
        let mut owner = Client::signed_in(&town.router, &town.app, &town.owner).await;
        let form = [("act", "new"), ("place", "一楼"), ("items", "CQ-CU-001"), ("channel", "gate")];
        let made = owner.post_form("/office/terminals", &form).await.text();
        assert!(made.contains("注册码只显示这一次"), "{}", town.engine);
        assert!(owner.get("/office/terminals").await.text().contains("尚未注册"));
        let wrong = owner.post_form("/office/terminals", &[("act", "new"), ("place", "")]).await;
        assert_eq!(wrong.status, 422);
        let mut device = Client::program(&town.router, &town.app, &town.terminal).await;
        let body =
            serde_json::json!({"at": 1_800_000_000, "item": ITEM, "reason": "operator-unsure"});
        let told = device.post_json("/api/v1/terminals/refusals", &body).await;
        assert_eq!(told.status, 200, "{}", told.text());
        let one = serde_json::json!({"at": 1_800_000_000, "item": ITEM, "reason": "no-device", "id": "a1"});
        let first = device.post_json("/api/v1/terminals/refusals", &one).await;
        // The answer was lost on the way; the terminal cannot know and sends it again.
        let again = device.post_json("/api/v1/terminals/refusals", &one).await;
        assert_eq!(first.status, 200, "{}", first.text());
        assert_eq!(again.text(), first.text(), "{}", town.engine);
        let other = serde_json::json!({"at": 1_800_000_000, "item": ITEM, "reason": "no-device", "id": "a2"});
        assert_ne!(
            device.post_json("/api/v1/terminals/refusals", &other).await.text(),
            first.text()
        );
        let count = "SELECT COUNT(*) FROM refusal_report";
        let count = town.app.db.read(move |tx| tx.query(count, &[])?[0].get::<i64>(0)).await;
        assert_eq!(count.expect("counted"), 3, "{}", town.engine);
        let long = serde_json::json!({"at": 1, "reason": "other", "id": "a".repeat(65)});
        let told = device.post_json("/api/v1/terminals/refusals", &long).await;
        assert_eq!(told.code(), "platform/invalid-input");
        let body = serde_json::json!({"at": 1, "item": ITEM, "reason": "no mood"});
        let told = device.post_json("/api/v1/terminals/refusals", &body).await;
        assert_eq!(told.code(), "platform/invalid-input");
    }
}

/// Art. 14, 15: anybody finds where an item is served, his own district first; a blocked terminal is no place.
#[tokio::test]
async fn places_of_an_item_are_listed_by_district() {
    let pairs = [("500103", "甲"), ("", "车上"), ("500101", "乙"), ("500103", "丙")];
    let found = pairs.map(|(division, place)| (division.to_owned(), place.to_owned())).to_vec();
    let names = |own: &str| {
        let sorted = super::places::by_district(found.clone(), own);
        sorted.into_iter().map(|(name, places)| format!("{}{}", name.zh, places.len())).collect()
    };
    let (near, all): (Vec<String>, Vec<String>) = (names("500103"), names(""));
    assert_eq!(near, ["渝中区2", "万州区1", "流动服务点1"]);
    assert_eq!(all, ["万州区1", "渝中区2", "流动服务点1"]);
    for test in kernel::testing::databases("places") {
        let town = Town::of(test).await;
        let mut anybody = Client::new(&town.router);
        let path = format!("/items/{ITEM}/places?district=500103");
        let page = anybody.get(&path).await.text();
        assert!(page.contains("测试图书馆") && page.contains("渝中区"), "{}", town.engine);
        assert!(!anybody.get("/items/CQ-TR-001/places").await.text().contains("测试图书馆"));
        assert_eq!(anybody.get("/items/CQ-XX-404/places").await.status, 404);
        let block = "UPDATE terminal SET blocked = TRUE";
        let blocked = town.app.db.housekeeping(move |tx| tx.execute(block, &[]));
        blocked.await.expect("blocked");
        assert!(!anybody.get(&path).await.text().contains("测试图书馆"), "{}", town.engine);
    }
}
