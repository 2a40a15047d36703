//! Bad input: a clear problem each, nothing half-done, no panic, never a 500.

use serde_json::{Value, json};

use crate::town::{Town, grown_ups, registration};

/// Bodies that no endpoint accepts.
fn hopeless() -> Vec<(&'static str, Vec<u8>)> {
    let (gbk, long) = (vec![b'{', b'"', 0xc0, 0xee, b'"', b':', b'1', b'}'], "长".repeat(40_000));
    vec![
        ("application/json", Vec::new()),
        ("application/json", b"{".to_vec()),
        ("application/json", b"[]".to_vec()),
        ("application/json", b"null".to_vec()),
        ("application/json", b"{\"code\":7,\"item\":{}}".to_vec()),
        ("application/json", gbk),
        ("application/json", vec![0xff; 64]),
        ("application/json", format!("\"{long}\"").into_bytes()),
        ("application/json", vec![b'['; 100_000]),
        ("application/json", vec![b' '; 300 * 1024]),
        ("text/plain", b"{}".to_vec()),
        ("application/xml", b"<a/>".to_vec()),
    ]
}

#[tokio::test]
async fn hopeless_bodies_get_a_problem_from_every_endpoint() {
    for mut town in Town::on_all_engines("hopeless").await {
        let mut terminal = town.terminal(&[items::seed::LIBRARY]).await;
        let entries = town.count("journal_entry").await;
        let card = "/api/v1/people/0000000000001/card";
        let (hand_over, activate) = (format!("{card}/hand-over"), format!("{card}/activate"));
        for (kind, body) in hopeless() {
            for path in ["/api/v1/people", card, &hand_over, &activate] {
                expect_problem(&town.clerk.post(path, kind, body.clone()).await, path);
            }
            expect_problem(&terminal.post("/api/v1/verify", kind, body).await, "verify");
        }
        assert_eq!(town.count("person").await, 0);
        assert_eq!(
            town.count("journal_entry").await,
            entries,
            "nothing happened, nothing is on record"
        );
    }
}

fn expect_problem(reply: &kernel::testing::Reply, path: &str) {
    let status = reply.status.as_u16();
    assert!((400..500).contains(&status), "{path}: {status} {}", reply.text());
    assert_eq!(reply.header("content-type"), "application/problem+json", "{path}");
    assert!(reply.code().contains('/'), "{path}: {}", reply.text());
}

/// Art. 12: each wrong field is named, and a wrong check digit is found (GB 11643).
#[tokio::test]
async fn each_wrong_field_of_a_registration_is_named() {
    for mut town in Town::on_all_engines("fields").await {
        let person = grown_ups().next().expect("somebody");
        let good = registration(&person);
        let number = person.number.as_str();
        let swapped = format!("{}{}{}", &number[..15], &number[16..17], &number[15..16]);
        let swapped = format!("{swapped}{}", &number[17..]);
        let long = "长".repeat(5_000);
        let cases: Vec<(&str, Value)> = vec![
            ("number", json!("")),
            ("number", json!("11010519491231002")),
            ("number", json!("110105194912310021")),
            ("number", json!(if swapped == number { "1".to_owned() } else { swapped })),
            ("number", json!("51010220991231002X")),
            ("number", json!(long)),
            ("number", json!("\u{0}\u{1}")),
            ("document", json!("library-card")),
            ("document", json!("passport")),
            ("name", json!("  ")),
            ("name", json!(long)),
            ("phone", json!("12345")),
            ("phone", json!("１９９００００１２３４５")),
            ("address", json!(long)),
            ("household", json!("999999")),
            ("household", json!("渝中区")),
            ("ground", json!("friendship")),
            ("nation", json!(long)),
        ];
        for (field, value) in cases {
            let mut form = good.clone();
            form[field] = value.clone();
            let reply = town.clerk.post_json("/api/v1/people", &form).await;
            assert_eq!(reply.status, 422, "{field}: {}", reply.text());
            let named = reply.json()["errors"]
                .as_array()
                .is_some_and(|errors| errors.iter().any(|error| error["field"] == field));
            assert!(named, "{field} {value}: {}", reply.text());
        }
        assert_eq!(town.count("person").await, 0);
        let mut nul = good.clone();
        nul["name"] = json!("张\u{0}三");
        let reply = town.clerk.post_json("/api/v1/people", &nul).await;
        assert!(reply.status.as_u16() < 500, "{}", reply.text());
    }
}

#[tokio::test]
async fn codes_and_items_of_any_kind_get_an_answer() {
    for town in Town::on_all_engines("codes").await {
        let mut terminal = town.terminal(&[items::seed::LIBRARY]).await;
        let long = "YKT1:".repeat(10_000);
        for code in
            ["", "YKT1:", "ykt1:", "\u{0}", "😀", long.as_str(), "'; DROP TABLE card_use; --"]
        {
            for item in ["", items::seed::LIBRARY, "\u{0}\u{feff}", long.as_str()] {
                let body = json!({"code": code, "item": item});
                let reply = terminal.post_json("/api/v1/verify", &body).await;
                assert!(reply.status.as_u16() < 500, "{code:.20} {item:.20}: {}", reply.text());
                assert_ne!(reply.json()["result"], "yes");
            }
        }
        town.journal_holds().await;
    }
}

#[tokio::test]
async fn ids_and_days_that_are_none_are_not_found_or_named() {
    for mut town in Town::on_all_engines("ids").await {
        for id in
            ["1", "zzzzzzzzzzzzz", "0000000000001", "%00", "..%2f..", "长长长长长长长长长长长长长"]
        {
            let reply = town.clerk.get(&format!("/api/v1/people/{id}/card")).await;
            assert!([400, 404].contains(&reply.status.as_u16()), "{id}: {}", reply.text());
        }
        let reply = town.clerk.get("/api/v1/items?day=2026-02-30").await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (422, "platform/invalid-input"));
    }
}
