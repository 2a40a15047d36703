//! The interfaces over the in-process router, on both engines.

use kernel::actor::Actor;
use kernel::http::build;
use kernel::testing::{Client, databases};
use kernel::time::Utc;
use serde_json::{Value, json};

use crate::rosters::tests::World;

fn envelope(action: &str, count: usize, message: Value) -> Value {
    json!({
        "signature": "",
        "header": { "version": "1.0.0", "message_id": "m1", "message_ts": Utc::now().rfc3339(),
            "action": action, "sender_id": "spp.example.org", "total_count": count },
        "message": message,
    })
}

async fn program(world: &World, actor: &Actor) -> Client {
    let router = build(world.app.clone(), super::routes()).router;
    Client::program(&router, &world.app, actor).await
}

#[tokio::test]
async fn people_are_linked_resolved_and_paid_by_handle_alone() {
    for test in databases("g2p") {
        let world = World::new(&test, 2).await;
        let mut client = program(&world, &world.officer).await;
        let numbers: Vec<&str> = world.people.iter().map(|one| one.number.as_str()).collect();
        let bank = "INSERT INTO bank (id, code, phone, about_zh, about_en, created_at)
                    VALUES (9, 'BANK9', '', '', '', 0)";
        world.sql(bank, vec![]).await;
        let items = json!({ "transaction_id": "t1", "link_request": [
            { "reference_id": "1", "id": format!("nin:{}@cn", numbers[0]) },
            { "reference_id": "2", "id": "nin:510000000000000000@cn" } ]});
        let link = envelope("link", 2, items);
        let reply = client.post_json("/api/g2p/mapper/sync/link", &link).await;
        let done = reply.json()["message"]["link_response"].clone();
        let fa = done[0]["fa"].as_str().expect("a handle").to_owned();
        assert_eq!(done[1]["status_reason_code"], "rjct.id.invalid", "{}", test.engine);
        let again = client.post_json("/api/g2p/mapper/sync/link", &link).await.json();
        assert_eq!(
            again["message"]["link_response"][0]["fa"],
            fa.as_str(),
            "the first handle stays"
        );
        let items = json!({ "transaction_id": "t2", "resolve_request": [
            { "reference_id": "1", "id": numbers[0], "scope": "details" },
            { "reference_id": "2", "id": numbers[1] }, { "reference_id": "3", "fa": fa } ]});
        let resolve = envelope("resolve", 3, items);
        let reply = client.post_json("/api/g2p/mapper/sync/resolve", &resolve).await;
        let text = reply.text();
        let done = reply.json()["message"]["resolve_response"].clone();
        assert_eq!(done[0]["status_reason_code"], "succ.id.active", "{}", test.engine);
        assert_eq!(done[0]["account_provider_info"]["code"], "BANK9");
        assert_eq!(done[1]["status_reason_code"], "succ.id.not_found", "never linked");
        assert_eq!(done[2]["status_reason_code"], "succ.fa.active");
        assert!(!text.contains(&world.people[0].name) && done[1].get("fa").is_none());
        // Another department sees nobody of these.
        let mut other = program(&world, &world.finance[0]).await;
        let reply = other.post_json("/api/g2p/mapper/sync/resolve", &resolve).await;
        assert_eq!(reply.status, 403, "{}", test.engine);

        let list = json!({ "transaction_id": "pay-1", "disbursements": [
            { "reference_id": "a", "payer_fa": "programme:A-1@yikatong", "payee_fa": fa, "amount": "12.50" },
            { "reference_id": "b", "payer_fa": "programme:A-1@yikatong", "payee_fa": "token:x@yikatong",
              "amount": "1.00" } ]});
        let pay = envelope("disburse", 2, list);
        let reply = client.post_json("/api/g2p/disburse/sync/disburse", &pay).await;
        let done = reply.json()["message"]["disbursements_status"].clone();
        assert_eq!(
            done[0]["status_reason_code"],
            "rjct.payee_fa.invalid",
            "{}: {}",
            test.engine,
            reply.text()
        );
        assert_ne!(done[1]["status"], "rjct", "{}", reply.text());
        client.post_json("/api/g2p/disburse/sync/disburse", &pay).await;
        let sql = "SELECT COUNT(*) FROM roster";
        let count: i64 =
            world.app.db.read(move |tx| tx.one(sql, &[])?.get(0)).await.expect("counted");
        assert_eq!(count, 1, "the same transaction twice is one list");
        let mut changed = pay.clone();
        changed["message"]["disbursements"][0]["amount"] = json!("99.00");
        let reply = client.post_json("/api/g2p/disburse/sync/disburse", &changed).await.json();
        assert_eq!(reply["header"]["status_reason_code"], "rjct.message_id.duplicate");
        world.work().await;
        let ask = json!({ "transaction_id": "pay-1", "txnstatus_request": { "reference_id": "s",
            "txn_type": "disburse", "attribute_type": "transaction_id", "attribute_value": "pay-1" }});
        let ask = envelope("status", 1, ask);
        let reply = client.post_json("/api/g2p/disburse/sync/txn/status", &ask).await.json();
        assert_eq!(reply["message"]["disbursements_status"][1]["status"], "pdng");
        assert_eq!(reply["message"]["disbursements_status"][1]["amount"], "12.50");

        // A schedule is kept with the list; what differs from it or lies in the past is refused.
        let later = Utc::now().plus_seconds(86_400);
        let line = |reference: &str, fa: &str, at: String| {
            json!({ "reference_id": reference,
            "payer_fa": "programme:B@yikatong", "payee_fa": fa, "amount": "3.00",
            "scheduled_timestamp": at })
        };
        let list = json!({ "transaction_id": "pay-2", "disbursements": [
            line("a", &fa, later.rfc3339()), line("b", &fa, Utc(0).rfc3339()) ]});
        let pay = envelope("disburse", 2, list);
        let reply = client.post_json("/api/g2p/disburse/sync/disburse", &pay).await.json();
        let done = reply["message"]["disbursements_status"].as_array().expect("two").clone();
        let of = |name: &str| done.iter().find(|one| one["reference_id"] == name).expect("there");
        assert_ne!(of("a")["status"], "rjct", "{}: {reply}", test.engine);
        assert_eq!(of("b")["status_reason_code"], "rjct.schedule_ts.invalid");
        let sql = "SELECT MAX(not_before) FROM roster";
        let kept: i64 = world.app.db.read(move |tx| tx.one(sql, &[])?.get(0)).await.expect("read");
        assert_eq!(kept / 1_000_000, later.0 / 1_000_000, "{}", test.engine);
    }
}

#[tokio::test]
async fn an_account_that_closes_is_inactive_and_wrong_headers_are_refused_whole() {
    for test in databases("g2p_header") {
        let world = World::new(&test, 1).await;
        let mut client = program(&world, &world.officer).await;
        let bank = "INSERT INTO bank (id, code, phone, about_zh, about_en, created_at)
                    VALUES (9, 'BANK9', '', '', '', 0)";
        world.sql(bank, vec![]).await;
        let number = world.people[0].number.as_str();
        let item = json!({ "transaction_id": "t", "link_request": [{ "reference_id": "1", "id": number }]});
        client.post_json("/api/g2p/mapper/sync/link", &envelope("link", 1, item)).await;
        let now = vec![kernel::db::v(Utc::now())];
        world.sql("UPDATE bank_account SET state = 'closed', changed_at = $1", now).await;
        super::mapper::follow(&world.app).await.expect("followed");
        let item = json!({ "transaction_id": "t", "resolve_request": [{ "reference_id": "1", "id": number }]});
        let good = envelope("resolve", 1, item.clone());
        let reply = client.post_json("/api/g2p/mapper/sync/resolve", &good).await.json();
        let code = &reply["message"]["resolve_response"][0]["status_reason_code"];
        assert_eq!(*code, "succ.id.inactive", "{}", test.engine);
        let wrong = [
            (envelope("link", 1, item.clone()), "rjct.action.invalid"),
            (envelope("resolve", 2, item.clone()), "rjct.total_count.invalid"),
        ];
        for (request, code) in wrong {
            let reply = client.post_json("/api/g2p/mapper/sync/resolve", &request).await.json();
            assert_eq!(reply["header"]["status_reason_code"], code, "{}", test.engine);
            assert!(reply.get("message").is_none());
        }
    }
}

#[tokio::test]
async fn a_measurement_of_resolves_answers_every_id() {
    for test in databases("g2p_bench") {
        let world = World::new(&test, 0).await;
        let done = super::bench::measure(&world.app, 3_000, 2).await.expect("measured");
        assert_eq!(done.ids, 2_000, "{}", test.engine);
    }
}

/// Art. 19: a department that has laid down its keys is believed only with its signature over what was sent, and
/// gets signed answers; others go on by their token.
#[tokio::test]
async fn a_department_with_keys_signs_and_gets_signed_answers() {
    use super::signature::{SIGNER, digest, text};
    use seal::sm2::{SigningKey, VerifyingKey};
    use serde_json::value::RawValue;
    #[derive(serde::Deserialize)]
    struct Raw {
        signature: String,
        header: Box<RawValue>,
        #[serde(default)]
        message: Option<Box<RawValue>>,
    }
    for test in databases("g2p_signed") {
        let world = World::new(&test, 1).await;
        let mut client = program(&world, &world.officer).await;
        let own = SigningKey::from_secret(&[5; 32], SIGNER).expect("a key");
        let folder = world.app.config.data.join("g2p");
        std::fs::create_dir_all(&folder).expect("a folder");
        let org = world.officer.org.expect("a department");
        let keys = json!({ "sender": "spp.example.org",
            "keys": [{ "id": "k1", "key": hex::encode(own.verifying().to_compressed()) }] });
        std::fs::write(folder.join(format!("{org}.json")), keys.to_string()).expect("written");
        let number = world.people[0].number.as_str();
        let item = json!({ "transaction_id": "t", "link_request": [{ "reference_id": "1", "id": number }]});
        let plain = envelope("link", 1, item);
        let now = Utc::now().seconds();
        let signed = |by: &SigningKey, kid: (&str, &str), times: (i64, i64)| {
            let mut request = plain.clone();
            let over = digest(&plain["header"].to_string(), &plain["message"].to_string());
            request["signature"] = json!(text(kid, times, &over, |message| by.sign(message)));
            request
        };
        let (kid, times) = (("spp.example.org", "k1"), (now, now + 600));
        let other = SigningKey::from_secret(&[6; 32], SIGNER).expect("a key");
        let mut bent = signed(&own, kid, times);
        bent["message"]["link_request"][0]["reference_id"] = json!("2");
        let wrong = [
            (plain.clone(), "rjct.signature.missing"),
            (signed(&other, kid, times), "rjct.signature.invalid"),
            (signed(&own, ("somebody", "k1"), times), "rjct.signature.invalid"),
            (signed(&own, kid, (now - 900, now - 300)), "rjct.signature.invalid"),
            (signed(&own, kid, (now, now + 900_000)), "rjct.signature.invalid"),
            (bent, "rjct.signature.invalid"),
        ];
        for (request, code) in wrong {
            let reply = client.post_json("/api/g2p/mapper/sync/link", &request).await.json();
            assert_eq!(reply["header"]["status_reason_code"], code, "{}", test.engine);
            assert!(reply.get("message").is_none());
        }
        let good = signed(&own, kid, times);
        let reply = client.post_json("/api/g2p/mapper/sync/link", &good).await.text();
        let raw: Raw = serde_json::from_str(&reply).expect("an answer");
        let message = raw.message.expect("it was carried out");
        assert!(message.get().contains("succ"), "{reply}");
        let platform = client.get("/api/g2p/key").await.json();
        let key = hex::decode(platform["key"].as_str().expect("a key")).expect("hex");
        let key = VerifyingKey::from_bytes(&key, SIGNER).expect("a key");
        let part = |name: &str| {
            let from = raw.signature.split(&format!("{name}=\"")).nth(1).expect("a part");
            from.split('"').next().expect("a value").to_owned()
        };
        let over = digest(raw.header.get(), message.get());
        let times = (part("created").parse().expect("s"), part("expires").parse().expect("s"));
        let mut seen = Vec::new();
        text(("yikatong", "g2p"), times, &over, |message| {
            seen = message.to_vec();
            [0; 64]
        });
        use base64::Engine as _;
        let signature = base64::engine::general_purpose::STANDARD.decode(part("signature"));
        let signature = signature.expect("base64").try_into().expect("64 bytes");
        assert!(key.verifies(&seen, &signature), "{}: {reply}", test.engine);
    }
}
