//! The main job over the HTTP API, on both engines: each step, each refusal, and what happens when
//! many ask at once.

use std::collections::BTreeSet;

use seal::id36904::CertificateId;
use serde_json::{Value, json};

use crate::town::{Town, grown_ups, registration};

const LIBRARY: &str = items::seed::LIBRARY;

async fn ask(terminal: &mut kernel::testing::Client, code: &str, item: &str) -> Value {
    let reply = terminal.post_json("/api/v1/verify", &json!({"code": code, "item": item})).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Art. 1, 2, 5, 7, 11, 12: application, one card only, production, hand-over, activation of both cards.
#[tokio::test]
async fn a_person_gets_both_cards_and_never_a_second_one() {
    for mut town in Town::on_all_engines("journey").await {
        let person = grown_ups().next().expect("somebody");
        let id = town.register(&person).await;
        assert_eq!(town.register(&person).await, id, "a known person is found, not doubled");
        town.step(&id, "", json!({})).await;
        let path = format!("/api/v1/people/{id}/card");
        let second = town.clerk.post_json(&path, &json!({})).await;
        assert_eq!(
            (second.status.as_u16(), second.code().as_str()),
            (409, "cards/one-person-one-card")
        );
        assert_eq!(second.json()["article"], 5);
        let early =
            town.clerk.post_json(&format!("{path}/activate"), &json!({"password": "x"})).await;
        assert_eq!(early.code(), "cards/wrong-stage");
        let made = town.step(&id, "/produce", json!({})).await;
        assert!(cards::number::looks_like(made["card_no"].as_str().expect("a number")));
        town.step(&id, "/hand-over", json!({"to": person.name})).await;
        let weak =
            town.clerk.post_json(&format!("{path}/activate"), &json!({"password": "123456"})).await;
        assert_eq!(weak.code(), "cards/weak-password");
        town.step(&id, "/activate", json!({"password": "蜀道不难2718"})).await;
        let cards = town.clerk.get(&path).await.json();
        assert_eq!(cards["card"]["stage"], "active");
        let certificate = CertificateId::parse(cards["certificate"].as_str().expect("issued"));
        assert_eq!(certificate.map(|id| id.issuer), Ok(town.app.config.issuer_code.clone()));
        town.journal_holds().await;
    }
}

/// Art. 7, 14, 16, 18: a code opens a published item once, with its fields and no other.
#[tokio::test]
async fn a_terminal_gets_only_the_fields_of_the_item_and_only_once() {
    for mut town in Town::on_all_engines("fields").await {
        let id = town.register(&grown_ups().nth(1).expect("somebody")).await;
        town.give_card(&id).await;
        let mut terminal = town.terminal(&[LIBRARY]).await;
        let code = town.code(&id).await;
        let yes = ask(&mut terminal, &code, LIBRARY).await;
        let person = town.person(&id).await;
        let masked = json!({
            "name_masked": people::rules::mask_name(&person.name),
            "number_masked": person.number.mask(),
        });
        assert_eq!((&yes["result"], &yes["fields"]), (&json!("yes"), &masked));
        let again = ask(&mut terminal, &code, LIBRARY).await;
        assert_eq!((&again["why"], &again["fields"]), (&json!("codes/replayed"), &json!({})));
        town.journal_holds().await;
    }
}

/// Art. 2, 14, 15, 16, 18, 20: each reason for a no is told apart, with its article.
#[tokio::test]
async fn every_no_says_why() {
    for mut town in Town::on_all_engines("why").await {
        let id = town.register(&grown_ups().nth(2).expect("somebody")).await;
        town.give_card(&id).await;
        let mut terminal = town.terminal(&[LIBRARY, "CQ-XX-999"]).await;
        let code = town.code(&id).await;
        let turned = |code: &str| {
            let last = if code.ends_with('0') { '1' } else { '0' };
            format!("{}{last}", &code[..code.len() - 1])
        };
        let keyed = town.keyed_code(&id, |_| ()).await;
        let cases = [
            ("https://example.org/pay".to_owned(), LIBRARY, vec!["codes/foreign"]),
            (code[..40].to_owned(), LIBRARY, vec!["cq1/length"]),
            (turned(&code), LIBRARY, vec!["cq1/holder-signature", "cq1/encoding"]),
            (keyed[..40].to_owned(), LIBRARY, vec!["codes/damaged"]),
            (turned(&keyed), LIBRARY, vec!["codes/forged", "codes/damaged"]),
            (
                town.keyed_code(&id, |c| c.generated_s -= 3_600).await,
                LIBRARY,
                vec!["codes/expired"],
            ),
            (
                town.keyed_code(&id, |c| c.generated_s += 28_800).await,
                LIBRARY,
                vec!["codes/from-the-future"],
            ),
            (
                town.keyed_code(&id, |c| c.region = [0x51, 0, 0]).await,
                LIBRARY,
                vec!["codes/other-region"],
            ),
            (
                town.keyed_code(&id, |c| c.credential[0] ^= 1).await,
                LIBRARY,
                vec!["codes/unknown-card"],
            ),
            (code.clone(), "CQ-XX-999", vec!["codes/item-not-listed"]),
            (code.clone(), "CQ-HE-001", vec!["codes/item-not-for-terminal"]),
        ];
        for (text, item, expected) in cases {
            let no = ask(&mut terminal, &text, item).await;
            let why = no["why"].as_str().unwrap_or_default();
            assert!(no["result"] == "no" && expected.contains(&why), "{expected:?}: {no}");
            assert!(no["article"].is_u64() && no["fields"] == json!({}), "{no}");
        }
        let yes = ask(&mut terminal, &code, LIBRARY).await;
        assert_eq!(yes["result"], "yes", "no refusal uses the code up: {yes}");
        let yes = ask(&mut terminal, &keyed, LIBRARY).await;
        assert_eq!(yes["result"], "yes", "codes of the older form are still judged: {yes}");
        town.journal_holds().await;
    }
}

/// Art. 18, 19: the holder sees each use and each look, refusals included.
#[tokio::test]
async fn the_holder_sees_where_the_card_was_used_and_who_looked() {
    for mut town in Town::on_all_engines("seen").await {
        let id = town.register(&grown_ups().nth(3).expect("somebody")).await;
        town.give_card(&id).await;
        let (code, mut terminal) = (town.code(&id).await, town.terminal(&[LIBRARY]).await);
        ask(&mut terminal, &code, LIBRARY).await;
        ask(&mut terminal, &code, LIBRARY).await;
        let mut holder = town.holder(&id).await;
        let uses = holder.get("/me/uses").await.text();
        for text in ["图书借还", "测试图书馆", "该卡码已使用过"] {
            assert!(uses.contains(text), "{text}");
        }
        let access = holder.get("/me/access").await.text();
        for text in ["登记了您的信息", "受理了您的申领", "核验了您的社保卡", "测试图书馆"]
        {
            assert!(access.contains(text), "{text}");
        }
        let other = town.register(&grown_ups().nth(4).expect("somebody else")).await;
        let others = town.holder(&other).await.get("/me/uses").await.text();
        assert!(!others.contains("图书借还"), "nobody sees the uses of others");
    }
}

/// Art. 20: one display is accepted once, however many terminals race for it.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_racing_requests_one_is_accepted() {
    for mut town in Town::on_all_engines("race").await {
        let id = town.register(&grown_ups().nth(5).expect("somebody")).await;
        town.give_card(&id).await;
        let code = town.code(&id).await;
        let mut racing = Vec::new();
        for _ in 0..10 {
            let mut terminal = town.terminal(&[LIBRARY]).await;
            let code = code.clone();
            racing.push(tokio::spawn(async move {
                let mut yes = 0;
                for _ in 0..20 {
                    yes += u32::from(ask(&mut terminal, &code, LIBRARY).await["result"] == "yes");
                }
                yes
            }));
        }
        let mut yes = 0;
        for racer in racing {
            yes += racer.await.expect("a racer ends");
        }
        assert_eq!(yes, 1, "{}", town.test.engine);
        assert_eq!(town.count("card_use").await, 200, "each request is on record");
    }
}

/// Art. 5: the database itself lets one of many simultaneous applications in.
#[tokio::test(flavor = "multi_thread")]
async fn of_racing_applications_one_succeeds_and_numbers_have_no_gaps() {
    for mut town in Town::on_all_engines("numbers").await {
        let mut ids = Vec::new();
        for person in grown_ups().skip(10).take(30) {
            ids.push(town.register(&person).await);
        }
        let mut racing = Vec::new();
        for _ in 0..3 {
            let (mut clerk, ids) = (town.colleague().await, ids.clone());
            racing.push(tokio::spawn(async move {
                let (mut applied, mut numbers) = (0, Vec::new());
                for id in ids {
                    let path = format!("/api/v1/people/{id}/card");
                    applied += u32::from(clerk.post_json(&path, &json!({})).await.status == 200);
                    let made = clerk.post_json(&format!("{path}/produce"), &json!({})).await;
                    if made.status == 200 {
                        numbers.push(made.json()["card_no"].as_str().expect("a number").to_owned());
                    }
                }
                (applied, numbers)
            }));
        }
        let (mut applied, mut numbers) = (0, BTreeSet::new());
        for racer in racing {
            let (mine, made) = racer.await.expect("a clerk ends");
            applied += mine;
            numbers.extend(made);
        }
        assert_eq!(applied, 30, "{}", town.test.engine);
        let expected: BTreeSet<String> = (1..=30).map(cards::number::card_number).collect();
        assert_eq!(numbers, expected, "no number twice, none left out");
    }
}

/// Art. 5: children are represented, strangers are refused with the article.
#[tokio::test]
async fn eligibility_is_answered_with_its_article() {
    for mut town in Town::on_all_engines("eligible").await {
        let mut from_chengdu = registration(&grown_ups().nth(50).expect("somebody"));
        from_chengdu["household"] = json!("510100");
        let reply = town.clerk.post_json("/api/v1/people", &from_chengdu).await.json();
        assert_eq!(reply["eligible"], false);
        let id = reply["id"].as_str().expect("an id").to_owned();
        let refused = town.clerk.post_json(&format!("/api/v1/people/{id}/card"), &json!({})).await;
        assert_eq!(
            (refused.code().as_str(), &refused.json()["article"]),
            ("people/not-entitled", &json!(5))
        );
        let entitled = registration(&grown_ups().nth(51).expect("somebody"));
        let entitled =
            [("household", "510100"), ("ground", "employment"), ("ground_until", "2099-12-31")]
                .into_iter()
                .fold(entitled, |mut form, (field, value)| {
                    form[field] = json!(value);
                    form
                });
        let reply = town.clerk.post_json("/api/v1/people", &entitled).await.json();
        let id = reply["id"].as_str().expect("an id").to_owned();
        town.step(&id, "", json!({})).await;
    }
}
