//! Orders on their way in and out, on both engines.

use std::sync::{Arc, Mutex};

use axum::extract::{Request, State as Shared};
use axum::{Json, Router};
use kernel::testing::Client;
use kernel::time::Utc;
use seal::sm2::{SignerId, SigningKey};
use seal::sm3::MacKey;
use serde_json::{Value, json};

use super::file::FilePort;
use super::http::{HttpPort, Signer, signed_text};
use super::service::{self, Taken};
use super::simulator::Simulator;
use super::{Hotline, Order, Report};
use crate::complaints::service as complaints;
use crate::complaints::tests::{answer, count, houses};

fn order(number: &str) -> Order {
    Order {
        number: number.to_owned(),
        caller: "来电人".to_owned(),
        phone: "02312345678".to_owned(),
        content: "窗口无人接待".to_owned(),
        topic: "投诉/网点服务".to_owned(),
        area: "渝中区".to_owned(),
        received_at: "2026-03-02T09:30:00+08:00".to_owned(),
        due_on: String::new(),
    }
}

#[test]
fn an_order_is_understood_and_what_is_unknown_becomes_general() {
    let today = Utc::now().day();
    let meant = order("A-1").understand(today).expect("good");
    let told = &meant.told;
    assert_eq!((told.kind.as_str(), told.field.as_str()), ("complaint", "outlet"));
    assert_eq!(told.division, "500103");
    let strange = Order { topic: "火星".into(), area: "火星".into(), ..order("A-1") };
    let told = strange.understand(today).expect("not lost").told;
    assert_eq!((told.field.as_str(), told.division.as_str()), ("other", "500000"));
    for bad in [
        Order { number: "a/../b".into(), ..order("") },
        Order { content: "".into(), ..order("A") },
        Order { received_at: "yesterday".into(), ..order("A") },
        Order { due_on: "2026-02-30".into(), ..order("A") },
        Order { phone: "tel:1".into(), ..order("A") },
    ] {
        assert!(bad.understand(today).is_err(), "{}", bad.canonical());
    }
}

/// Whether a signature is of a text.
type Checks = fn(&str, &str) -> bool;

#[tokio::test]
async fn an_order_becomes_one_matter_and_a_contradiction_waits_for_a_person() {
    for house in houses("care_orders").await {
        let due = Order { due_on: "2026-01-01".into(), ..order("A-1") };
        let take = |order: Order| service::take(&house.app, "12345", order);
        assert_eq!(take(due.clone()).await.expect("taken"), Taken::New);
        assert_eq!(take(due.clone()).await.expect("taken"), Taken::Again);
        let other = Order { content: "窗口有人接待".into(), ..due };
        for _ in 0..2 {
            assert_eq!(take(other.clone()).await.expect("taken"), Taken::Contradicts);
        }
        // The other hotline has numbers of its own.
        let same = service::take(&house.app, "12333", other).await;
        assert_eq!(same.expect("taken"), Taken::New);
        let sql = "SELECT COUNT(*) FROM complaint WHERE channel = '12345'";
        assert_eq!(count(&house.app, sql).await, 1);
        let sql = "SELECT COUNT(*) FROM complaint WHERE due_on = '2026-01-01'";
        assert_eq!(count(&house.app, sql).await, 2, "the hotline's deadline is the earlier");

        let path = "/office/complaints/orders";
        let mut city = Client::signed_in(&house.router, &house.app, &house.city).await;
        let mut district = Client::signed_in(&house.router, &house.app, &house.district).await;
        assert_eq!(district.get(path).await.status, 403);
        let page = city.get(path).await.text();
        assert!(page.contains("窗口无人接待") && page.contains("窗口有人接待"), "{page}");
        let seen = service::contradictions(&house.app, &house.city).await.expect("read");
        let id = seen[0].id.to_string();
        assert_eq!(city.post_form(path, &[("id", &id)]).await.status, 422, "without a word");
        let words = [("id", id.as_str()), ("note", "热线更正")];
        assert_eq!(city.post_form(path, &words).await.status, 303);
        assert_eq!(city.post_form(path, &words).await.status, 404, "settled already");
        assert!(city.get(path).await.text().contains("没有待核对的工单"));
    }
}

#[tokio::test]
async fn with_a_hotline_that_misbehaves_each_order_is_one_matter_and_its_answer_arrives() {
    for house in houses("care_hotline").await {
        let orders: Vec<Order> = (0..8).map(|n| order(&format!("S-{n}"))).collect();
        let later = vec![Order { content: "改口了".into(), ..order("S-3") }];
        let sim = Arc::new(Simulator::new(20_260_301, orders, later));
        let mut now = Utc::now();
        for _ in 0..20 {
            now = now.plus_seconds(7_200);
            let _ = service::round(&house.app, "12345", sim.clone(), now).await;
        }
        assert_eq!(count(&house.app, "SELECT COUNT(*) FROM complaint").await, 8);
        let sql = "SELECT COUNT(*) FROM work_order_contradiction WHERE settled_at IS NULL";
        assert_eq!(count(&house.app, sql).await, 1);
        assert_eq!(sim.told("S-3").expect("told").state, "assigned");
        let sql = "SELECT complaint_id FROM work_order WHERE number = 'S-3'";
        let matter = kernel::id::Id(count(&house.app, sql).await);
        complaints::act(&house.app, &house.district, matter, answer()).await.expect("answered");
        for _ in 0..8 {
            now = now.plus_seconds(7_200);
            let _ = service::round(&house.app, "12345", sim.clone(), now).await;
        }
        let told = sim.told("S-3").expect("told");
        assert_eq!((told.state.as_str(), told.reply.as_str()), ("answered", "已增设窗口"));
        assert_eq!(told.outcome, "已解决");
    }
}

#[tokio::test]
async fn bad_lines_of_a_file_are_reported_one_by_one_and_nothing_is_lost() {
    for house in houses("care_orders_file").await {
        let folder = house.app.config.data.join("hotline");
        let port = Arc::new(FilePort::new(&folder).expect("folders"));
        let mut text = order("F-1").canonical().into_bytes();
        text.extend(b"\nrubbish\n\n\xff\xfe\n{\"\xe5\xb7\xa5\": 1}\n");
        text.extend(order("F-2").canonical().into_bytes());
        std::fs::write(folder.join("in/a.jsonl"), &text).expect("written");
        std::fs::write(folder.join("in/b.part"), "half").expect("written");
        let said = service::round(&house.app, "12345", port.clone(), Utc::now()).await;
        assert_eq!(
            said.expect("a round"),
            "12345: 2 new, 0 again, 0 contradicting, 3 faults, 2 reported"
        );
        let read = |name: &str| {
            let found = std::fs::read_dir(folder.join(name)).expect("there");
            let mut files: Vec<_> = found.map(|f| f.expect("a file").path()).collect();
            files.sort();
            files.iter().map(|f| std::fs::read(f).expect("read")).collect::<Vec<_>>()
        };
        assert_eq!(read("done"), vec![text.clone()], "byte by byte");
        let faults = String::from_utf8(read("faults").concat()).expect("text");
        let lines: Vec<Value> =
            faults.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
        let numbers: Vec<_> = lines.iter().map(|l| l["行号"].as_i64()).collect();
        assert_eq!(numbers, [Some(2), Some(4), Some(5)]);
        let report: Report = serde_json::from_slice(&read("out")[0]).expect("a report");
        assert_eq!((report.number.as_str(), report.state.as_str()), ("F-1", "assigned"));
        std::fs::write(folder.join("in/a.jsonl"), &text).expect("written");
        let said = service::round(&house.app, "12345", port, Utc::now()).await.expect("a round");
        assert_eq!(said, "12345: 0 new, 2 again, 0 contradicting, 3 faults, 0 reported");
    }
}

type Calls = Arc<Mutex<Vec<(String, String)>>>;

/// A hotline over HTTP that takes nothing whose signature is not right.
async fn hotline(verify: fn(&str, &str) -> bool) -> (String, Calls) {
    let calls = Calls::default();
    let answer = move |Shared(calls): Shared<Calls>, request: Request| async move {
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 100_000).await.expect("a body");
        let header = |name: &str| parts.headers[name].to_str().expect("text").to_owned();
        let at = header("x-yikatong-timestamp").parse().expect("seconds");
        let nonce = header("x-yikatong-nonce");
        let text = signed_text(parts.method.as_str(), parts.uri.path(), at, &nonce, &body);
        if !verify(&text, &header("x-yikatong-signature")) {
            return (axum::http::StatusCode::UNAUTHORIZED, Json(json!({})));
        }
        let body = String::from_utf8(body.to_vec()).expect("text");
        calls.lock().expect("no panic").push((header("idempotency-key"), body));
        let orders = [order("H-1"), Order { content: "".into(), ..order("H-2") }];
        (axum::http::StatusCode::OK, Json(json!({ "orders": orders })))
    };
    let router = Router::new().fallback(answer).with_state(calls.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}/gd", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, calls)
}

fn sm2_key() -> SigningKey {
    SigningKey::from_secret(&[7; 32], SignerId::DEFAULT).expect("a key")
}

fn hmac_holds(text: &str, signature: &str) -> bool {
    hex::encode(MacKey::new(b"a shared secret of us").mac(text.as_bytes())) == signature
}

fn sm2_holds(text: &str, signature: &str) -> bool {
    let signature: [u8; 64] = hex::decode(signature).expect("hex").try_into().expect("64 bytes");
    sm2_key().verifying().verifies(text.as_bytes(), &signature)
}

#[tokio::test]
async fn over_http_requests_are_signed_and_a_wrong_key_gets_nothing() {
    for house in houses("care_orders_http").await {
        let hmac = || Signer::Hmac(MacKey::new(b"a shared secret of us"));
        let ways: [(Checks, Signer); 2] =
            [(hmac_holds, hmac()), (sm2_holds, Signer::Sm2(Box::new(sm2_key())))];
        for ((verify, signer), new) in ways.into_iter().zip(["1 new, 0 again", "0 new, 1 again"]) {
            let (address, calls) = hotline(verify).await;
            let port: Arc<dyn Hotline> =
                Arc::new(HttpPort::new(&address, "cq", signer).expect("loopback"));
            let said = service::round(&house.app, "12333", port, Utc::now()).await;
            let said = said.expect("a round");
            assert!(said.contains(new) && said.contains("1 faults"), "{said}");
            let calls = calls.lock().expect("no panic").clone();
            assert!(calls[1].1.contains("\"taken\":[\"H-1\"]"), "{calls:?}");
            if new.starts_with('1') {
                assert_eq!(calls[2].0, "H-1:1", "one key for one report");
            }
        }
        let (address, calls) = hotline(hmac_holds).await;
        let wrong = Signer::Hmac(MacKey::new(b"another secret"));
        let port = Arc::new(HttpPort::new(&address, "cq", wrong).expect("loopback"));
        let refused = service::round(&house.app, "12333", port, Utc::now()).await;
        assert_eq!(refused.expect_err("401").status, 503);
        assert!(calls.lock().expect("no panic").is_empty());
    }
    assert!(HttpPort::new("http://example.org", "cq", Signer::Sm2(Box::new(sm2_key()))).is_err());
}
