//! The Social Registry API over real HTTP on both engines, as a department's system speaks it.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use kernel::http::build;
use kernel::platform::App;
use kernel::testing::{Client, Reply};
use kernel::time::Utc;
use people::rules::Person;
use proptest::prelude::*;
use seal::sm2::{SigningKey, VerifyingKey};
use serde_json::{Value, json};

use super::envelope::{Header, SIGNER, signed_text};
use super::service;
use crate::agreements::rules::Terms;
use crate::agreements::tests::{houses, terms};
use crate::pushes::service as pushes;
use crate::pushes::tests::{receiver, rename};
use crate::queries::tests::{enter, program, reads_of};

const SEARCH: &str = "/api/dci/registry/sync/search";

fn header(action: &str, count: i64) -> Value {
    json!({"version": "1.0.0", "message_id": "m-1", "message_ts": Utc::now().rfc3339(),
        "action": action, "sender_id": "spp.example.org", "total_count": count,
        "meta": {"case_no": "案2026-17", "officer": "李经办", "second_officer": "王复核"}})
}

fn item(reference: &str, kind: &str, value: &str) -> Value {
    json!({"reference_id": reference, "timestamp": Utc::now().rfc3339(), "search_criteria": {
        "version": "1.0.0", "reg_type": "SOCIAL_REGISTRY", "query_type": "idtype-value",
        "query": {"type": kind, "value": value},
        "pagination": {"page_size": 10, "page_number": 1},
        "authorize": {"purpose": {"code": "PENSION-CHECK", "text": "pension"}}}})
}

fn search(txn: &str, items: &[Value]) -> Value {
    json!({"signature": "", "header": header("search", items.len() as i64),
        "message": {"transaction_id": txn, "search_request": items}})
}

fn of(person: &Person, reference: &str) -> Value {
    item(reference, "NIN", person.number.as_str())
}

/// Whether an answer carries this platform's signature over its parts as they were sent.
fn is_ours(app: &App, reply: &Reply) -> bool {
    is_signed_by(app, &reply.text())
}

fn is_signed_by(app: &App, text: &str) -> bool {
    let point = hex::decode(service::public_key(app).expect("a key")).expect("hexadecimal");
    let key = VerifyingKey::from_bytes(&point, SIGNER).expect("a point");
    let (head, rest) = text.split_once("\"header\":").expect("a header");
    let (header, message) = rest.split_once(",\"message\":").expect("a message");
    let message = message.strip_suffix('}').expect("the end");
    let signature: Value =
        serde_json::from_str(&format!("{}}}", head.trim_end_matches(','))).expect("JSON");
    let signature =
        hex::decode(signature["signature"].as_str().expect("a text")).expect("hexadecimal");
    let signature = signature.try_into().expect("64 bytes");
    key.verifies(signed_text(header, message).as_bytes(), &signature)
}

/// Art. 18, 19: the same agreement, fields, journal and pseudonym as with the platform's own questions.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_answers_the_agreed_fields_and_is_before_the_holder_s_eyes() {
    for house in houses("dci_search").await {
        let app = &house.app;
        let router = build(app.clone(), crate::routes(&[])).router;
        let (one, two) = (enter(app, 400).await, enter(app, 401).await);
        let program = program(app, &house.officer, terms("name_masked,alive")).await;
        let mut caller = Client::program(&router, app, &program.actor).await;
        let items = [
            of(&one, "r1"),
            item("r2", "NIN", "11010119900307803X"),
            of(&two, "r1"),
            item("r4", "PREDICATE", "x"),
        ];
        let body = search("txn-1", &items);
        let reply = caller.post_json(SEARCH, &body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(is_ours(app, &reply));
        let answer = reply.json();
        assert_eq!(
            (&answer["header"]["action"], &answer["header"]["status"]),
            (&json!("on-search"), &json!("succ"))
        );
        let all = answer["message"]["search_response"].as_array().expect("a list").clone();
        let record = &all[0]["data"]["reg_records"][0];
        let attributes = record["additional_attributes"].as_array().expect("a list");
        let keys: Vec<&str> = attributes.iter().filter_map(|one| one["key"].as_str()).collect();
        assert_eq!(keys, ["alive", "name_masked"], "the agreed fields and no others");
        assert_eq!(
            (&all[0]["status"], &all[0]["pagination"]["total_count"]),
            (&json!("succ"), &json!(1))
        );
        assert_eq!(
            (&all[1]["status"], &all[1]["pagination"]["total_count"]),
            (&json!("succ"), &json!(0))
        );
        assert_eq!(all[2]["status_reason_code"], "rjct.reference_id.duplicate");
        assert_eq!(all[3]["status_reason_code"], "rjct.search_criteria.invalid");
        assert!(!reply.text().contains(one.number.as_str()));
        let read = reads_of(app, one.id).await;
        assert_eq!(read.len(), 1);
        assert!(read[0].detail.contains("李经办"));
        assert!(reads_of(app, two.id).await.is_empty(), "a request that was refused reads nobody");

        // The same transaction is the same answer, and other content under it is refused.
        let again = caller.post_json(SEARCH, &body).await.json();
        assert_eq!(again["message"], answer["message"]);
        assert_eq!(reads_of(app, one.id).await.len(), 1, "one question, one entry");
        let other = caller.post_json(SEARCH, &search("txn-1", &[of(&two, "r1")])).await.json();
        assert_eq!(other["header"]["status_reason_code"], "rjct.transaction_id.duplicate");

        let correlation = answer["message"]["correlation_id"].as_str().expect("an id");
        for (by, value) in [("transaction_id", "txn-1"), ("correlation_id", correlation)] {
            let ask = json!({"header": header("txn-status", 1), "message": {"transaction_id": format!("s-{by}"),
                "txnstatus_request": {"reference_id": "x", "txn_type": "search",
                    "attribute_type": by, "attribute_value": value}}});
            let said = caller.post_json("/api/dci/registry/sync/txn/status", &ask).await.json();
            let response = &said["message"]["txnstatus_response"];
            assert_eq!(response["txn_status"], answer["message"], "{said}");
        }
    }
}

/// Art. 18: no agreement, another purpose, no case, a forged signature: nothing is read.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_outside_the_agreement_or_not_as_the_interface_says_reads_nobody() {
    for house in houses("dci_refused").await {
        let app = &house.app;
        let router = build(app.clone(), crate::routes(&[])).router;
        let person = enter(app, 410).await;
        let key = SigningKey::from_secret(&[9; 32], SIGNER).expect("a key");
        let agreed = Terms { recipient_key: Some(key.verifying().to_bytes()), ..terms("alive") };
        let program = program(app, &house.officer, agreed).await;
        let mut stranger = Client::program(&router, app, &house.officer).await;
        let body = search("txn-1", &[of(&person, "r1")]);
        assert_eq!(stranger.post_json(SEARCH, &body).await.code(), "sharing/not-your-agreement");
        let mut caller = Client::program(&router, app, &program.actor).await;

        let mut purpose = search("txn-2", &[of(&person, "r1")]);
        purpose["message"]["search_request"][0]["search_criteria"]["authorize"] =
            json!({"purpose": {"code": "OTHER"}});
        let said = caller.post_json(SEARCH, &purpose).await.json();
        let said = &said["message"]["search_response"][0];
        assert_eq!(said["status"], "rjct");
        assert!(
            said["status_reason_message"]
                .as_str()
                .is_some_and(|text| text.contains("sharing/other-purpose")),
            "{said}"
        );
        let mut caseless = search("txn-3", &[of(&person, "r1")]);
        caseless["header"]["meta"] = json!({});
        let said = caller.post_json(SEARCH, &caseless).await.json();
        assert_eq!(said["message"]["search_response"][0]["status"], "rjct");
        for (part, value, code) in [
            ("version", json!("2.0.0"), "rjct.version.invalid"),
            ("action", json!("subscribe"), "rjct.action.invalid"),
            ("total_count", json!(2), "rjct.total_count.invalid"),
            ("message_ts", json!("yesterday"), "rjct.message_ts.invalid"),
            ("is_msg_encrypted", json!(true), "rjct.action.not_supported"),
        ] {
            let mut bent = search("txn-4", &[of(&person, "r1")]);
            bent["header"][part] = value;
            let said = caller.post_json(SEARCH, &bent).await.json();
            assert_eq!(
                (&said["header"]["status"], &said["header"]["status_reason_code"]),
                (&json!("rjct"), &json!(code))
            );
        }
        let mut forged = body.clone();
        forged["signature"] = json!("00".repeat(64));
        assert_eq!(caller.post_json(SEARCH, &forged).await.code(), "sharing/dci-signature");
        let bare = caller.post_json(SEARCH, &json!({"header": 1, "message": []})).await;
        assert_eq!((bare.status.as_u16(), bare.code().as_str()), (400, "sharing/dci-unreadable"));
        assert!(reads_of(app, person.id).await.is_empty());

        // Signed with the agreement's key over the parts as they are sent, it is taken.
        let header = serde_json::to_string(&header("search", 1)).expect("JSON");
        let message = serde_json::to_string(&body["message"]).expect("JSON");
        let signature = hex::encode(key.sign(signed_text(&header, &message).as_bytes()));
        let text =
            format!("{{\"signature\":\"{signature}\",\"header\":{header}, \"message\":{message}}}");
        let signed = caller.post(SEARCH, "application/json", text).await;
        assert_eq!(
            signed.json()["message"]["search_response"][0]["status"],
            "succ",
            "{}",
            signed.text()
        );
        assert_eq!(reads_of(app, person.id).await.len(), 1);
    }
}

/// An answer that is asked for later goes to the agreement's address and to no other, again until it is taken.
#[tokio::test(flavor = "multi_thread")]
async fn answers_are_brought_to_the_agreed_address_and_watches_begin_and_end() {
    for house in houses("dci_callback").await {
        let app = &house.app;
        let router = build(app.clone(), crate::routes(&[])).router;
        let (url, got) = receiver(Arc::new(AtomicUsize::new(1)));
        let agreed = Terms { push_url: url, ..terms("alive,phone") };
        let program = program(app, &house.officer, agreed).await;
        let person = enter(app, 420).await;
        let mut caller = Client::program(&router, app, &program.actor).await;
        let mut body = search("txn-1", &[of(&person, "r1")]);
        body["header"]["sender_uri"] = json!("http://127.0.0.1:1/elsewhere");
        let taken = caller.post_json("/api/dci/registry/search", &body).await.json();
        assert_eq!(taken["message"]["ack_status"], "ACK", "{taken}");
        service::round(app).await.expect("answered");
        assert_eq!(service::round(app).await.expect("tried"), "0 told", "503");
        let ready = "UPDATE dci_txn SET next_at = 0";
        app.db.housekeeping(|tx| tx.execute(ready, &[])).await.expect("ready");
        assert_eq!(service::round(app).await.expect("tried"), "1 told");
        assert_eq!(service::round(app).await.expect("tried"), "0 told", "once");
        let (head, text) = got.lock().expect("whole")[0].clone();
        assert!(head.starts_with("post /changes/registry/on-search "), "{head}");
        let came: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(came["message"]["correlation_id"], taken["message"]["correlation_id"]);

        let mut watch = json!({"header": header("subscribe", 1), "message": {"transaction_id": "w-1",
            "subscribe_request": [{"reference_id": "r1", "subscribe_criteria": {
                "reg_type": "SOCIAL_REGISTRY", "filter_type": "idtype-value",
                "filter": {"type": "NIN", "value": person.number.as_str()},
                "authorize": {"purpose": {"code": "PENSION-CHECK"}}}}]}});
        let path = "/api/dci/registry/sync/subscribe";
        let said = caller.post_json(path, &watch).await.json();
        let code = said["message"]["subscribe_response"][0]["subscriptions"][0]["code"].clone();
        assert_eq!(code.as_str().map(str::len), Some(32), "{said}");
        rename(app, &person, "19900000001").await;
        for _ in 0..5 {
            pushes::collect(app).await.expect("looked through");
        }
        assert_eq!(pushes::deliver(app).await.expect("tried"), 1);
        let (head, text) = got.lock().expect("whole")[1].clone();
        assert!(head.starts_with("post /changes/registry/notify "), "{head}");
        assert!(is_signed_by(app, &text), "{text}");
        let told: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(
            (&told["header"]["action"], &told["header"]["meta"]["sequence"]),
            (&json!("notify"), &json!(1))
        );
        assert_eq!(told["header"]["message_id"], told["message"]["transaction_id"]);
        let event = &told["message"]["notify_event"][0];
        assert_eq!(
            (&event["reference_id"], &event["data"]["reg_type"]),
            (&code, &json!("SOCIAL_REGISTRY"))
        );
        let changed = &event["data"]["reg_records"]["additional_attributes"];
        assert_eq!(
            *changed,
            json!([{"key": "phone", "value": "19900000001"}]),
            "only what changed"
        );
        assert!(!text.contains(person.number.as_str()));

        watch["message"]["transaction_id"] = json!("w-2");
        watch["message"]["subscribe_request"][0]["subscribe_criteria"]["filter"]["value"] =
            json!("11010119900307803X");
        let unknown = caller.post_json(path, &watch).await.json();
        assert_eq!(unknown["message"]["subscribe_response"][0]["status"], "rjct");
        let watched = "SELECT COUNT(*) FROM share_watch";
        let count =
            async || app.db.read(|tx| tx.one(watched, &[])?.get::<i64>(0)).await.expect("a count");
        assert_eq!(count().await, 1);
        let end = json!({"header": header("unsubscribe", 2), "message": {"transaction_id": "u-1",
            "subscription_codes": [code, "nothing"]}});
        let said = caller.post_json("/api/dci/registry/sync/unsubscribe", &end).await.json();
        let list = &said["message"]["subscription_status"];
        assert_eq!(
            (&list[0]["status"], &list[1]["status"]),
            (&json!("unsubscribe"), &json!("unknown")),
            "{said}"
        );
        assert_eq!(count().await, 0);
    }
}

proptest! {
    /// Whatever comes in a header is refused or taken, and never breaks anything.
    #[test]
    fn a_header_is_judged_whatever_it_says(version: String, action: String, ts: String, id: String, total: i64, count in 0usize..3_000) {
        let header = Header {
            version, message_id: id, message_ts: ts, action, sender_id: String::new(),
            sender_uri: String::new(), total_count: total, is_msg_encrypted: false,
            meta: super::envelope::Meta::default(),
        };
        let refused = header.refusal("search", count);
        prop_assert!(refused.is_some() || (header.action == "search" && total == count as i64));
    }
}
