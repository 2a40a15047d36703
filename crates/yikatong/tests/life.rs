//! The life of a card over the HTTP API, on both engines, and the document of its states.

use cards::rules::clocks::{Clock, diagram};
use cards::rules::{CancelCause, Cause, Refused};
use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::law::Refusal as _;
use kernel::testing::{self, Client};
use serde_json::{Value, json};

use crate::support::committed;
use crate::town::{Town, grown_ups};

const LIBRARY: &str = items::seed::LIBRARY;

async fn judged(terminal: &mut Client, code: &str) -> Value {
    let reply = terminal.post_json("/api/v1/verify", &json!({"code": code, "item": LIBRARY})).await;
    reply.json()
}

async fn of_role(town: &Town, role: Role) -> Client {
    Client::program(&town.built.router, &town.app, &testing::actor(role)).await
}

async fn holder(town: &Town, person: &str) -> Client {
    let person = Some(person.parse().expect("an id"));
    let actor = Actor { person, ..testing::actor(Role::Holder) };
    Client::program(&town.built.router, &town.app, &actor).await
}

/// Art. 2, 11: a code that was shown before the loss is refused the moment after it.
#[tokio::test]
async fn a_loss_switches_both_cards_off_at_once_until_they_are_released_and_linked() {
    for mut town in Town::on_all_engines("loss").await {
        let id = town.register(&grown_ups().nth(40).expect("somebody")).await;
        town.give_card(&id).await;
        let mut terminal = town.terminal(&[LIBRARY]).await;
        let shown_before = town.code(&id).await;
        let mut phone = holder(&town, &id).await;
        let lost = phone.post_json("/api/v1/me/card", &json!({"act": "lose"})).await.json();
        assert_eq!(lost["social"], "lost-temporarily");
        assert_eq!(lost["electronic"], "suspended");
        assert!(lost["loss_until"].is_string());
        assert_eq!(judged(&mut terminal, &shown_before).await["why"], "codes/card-not-active");
        let again = phone.post_json("/api/v1/me/card", &json!({"act": "lose"})).await;
        assert_eq!((again.status.as_u16(), again.code().as_str()), (409, "cards/wrong-state"));

        town.step(&id, "/lose", json!({"proof": "本人居民身份证"})).await;
        let own = phone.post_json("/api/v1/me/card", &json!({"act": "release"})).await;
        assert_eq!(own.code(), "cards/release-at-counter");
        let path = format!("/api/v1/people/{id}/card/release");
        let unproved = town.clerk.post_json(&path, &json!({"proof": " "})).await;
        assert_eq!(unproved.code(), "cards/identity-proof-missing");
        let released = town.step(&id, "/release", json!({"proof": "本人居民身份证"})).await;
        assert_eq!(
            (&released["social"], &released["electronic"]),
            (&json!("on"), &json!("suspended"))
        );
        assert_eq!(judged(&mut terminal, &shown_before).await["why"], "codes/card-not-active");
        let linked = phone.post_json("/api/v1/me/card", &json!({"act": "link"})).await.json();
        assert_eq!(linked["electronic"], "on");
        let fresh = town.code(&id).await;
        assert_eq!(judged(&mut terminal, &fresh).await["result"], "yes");
        town.journal_holds().await;
    }
}

/// Art. 12: fee, reason and decision are asked for; the answers tell the article and what to do.
#[tokio::test]
async fn a_replacement_is_refused_with_what_is_missing_and_then_made() {
    for mut town in Town::on_all_engines("replacement").await {
        let id = town.register(&grown_ups().nth(41).expect("somebody")).await;
        town.give_card(&id).await;
        let path = format!("/api/v1/people/{id}/card/replace");
        for (body, code) in [
            (json!({"cause": "damaged"}), "cards/fee-open"),
            (json!({"cause": "lost", "fee": "paid", "fee_proof": "1"}), "cards/report-loss-first"),
            (json!({"cause": "expired"}), "cards/not-expired"),
            (
                json!({"cause": "decision", "fee": "paid", "fee_proof": "1"}),
                "cards/decision-missing",
            ),
            (
                json!({"cause": "new-generation", "fee": "paid", "fee_proof": "1"}),
                "cards/no-fee-due",
            ),
            (json!({"cause": "whim"}), "platform/invalid-input"),
        ] {
            let refused = town.clerk.post_json(&path, &body).await;
            assert_eq!(refused.code(), code, "{body}");
            assert!(code.starts_with("platform") || refused.json()["article"] == 12);
            assert!(refused.json()["detail"].as_str().is_some_and(|advice| !advice.is_empty()));
        }
        let first = town.clerk.get(&format!("/api/v1/people/{id}/card")).await.json();
        let body = json!({"cause": "damaged", "fee": "paid", "fee_proof": "R-1"});
        assert_eq!(town.step(&id, "/replace", body).await["stage"], "ordered");
        town.step(&id, "/produce", json!({})).await;
        town.step(&id, "/hand-over", json!({"to": "本人"})).await;
        let code_of_old = town.code(&id).await;
        town.step(&id, "/activate", json!({"password": "蜀道不难2718"})).await;
        let second = town.clerk.get(&format!("/api/v1/people/{id}/card")).await.json();
        assert_ne!(first["card"]["card_no"], second["card"]["card_no"]);
        assert_ne!(first["certificate"], second["certificate"]);
        let mut terminal = town.terminal(&[LIBRARY]).await;
        assert_eq!(judged(&mut terminal, &code_of_old).await["why"], "codes/card-not-active");
        let code_of_new = town.code(&id).await;
        assert_eq!(judged(&mut terminal, &code_of_new).await["result"], "yes");
        town.journal_holds().await;
    }
}

/// Art. 11, 22: the hotline reports a loss for a caller who knows who he is, and tells a stranger
/// nothing.
#[tokio::test]
async fn the_hotline_reports_a_loss_only_for_a_caller_who_fits() {
    for mut town in Town::on_all_engines("hotline").await {
        let person = grown_ups().nth(42).expect("somebody");
        let id = town.register(&person).await;
        town.give_card(&id).await;
        let mut agent = of_role(&town, Role::HotlineAgent).await;
        let right =
            json!({"number": person.number.as_str(), "name": person.name, "phone": person.phone});
        for field in ["number", "name", "phone"] {
            let mut wrong = right.clone();
            wrong[field] = json!("13800000000");
            let refused = agent.post_json("/api/v1/hotline/loss", &wrong).await;
            assert_eq!(refused.code(), "cards/caller-not-recognised", "{field}");
        }
        let reply = agent.post_json("/api/v1/hotline/loss", &right).await;
        assert_eq!(reply.json()["social"], "lost-temporarily", "{}", reply.text());
        town.journal_holds().await;
    }
}

/// A payment to this person is in this state now.
async fn money(town: &Town, person: &str, state: &'static str) {
    let (person, payment) = (person.parse::<kernel::id::Id>().expect("an id"), kernel::id::Id(1));
    let made = move |tx: &mut kernel::db::Tx<'_>| {
        let known = "UPDATE payment SET state = $1,
                       ended = CASE WHEN CAST($1 AS TEXT) IN ('returned', 'void') THEN id ELSE 0 END
                     WHERE person_id = $2 AND id = $3";
        if tx.execute(known, &[v(state), v(person), v(payment)])? > 0 {
            return Ok(());
        }
        let sql = "INSERT INTO payment (person_id, id, batch_id, line, programme_id, period, bank_id,
                     card_id, amount_fen, state, held, overpaid, recovered, reason, created_at,
                     changed_at, version)
                   VALUES ($1, $2, $2, 1, $2, '2026-11', $2, $2, 100, $3, FALSE, FALSE, FALSE, '', 0, 0, 1)";
        tx.execute(sql, &[v(person), v(payment), v(state)]).map(drop)
    };
    town.app.db.housekeeping(made).await.expect("a payment");
}

/// Art. 13, 25: cancelled with evidence, destroyed by two people, and nothing works afterwards.
#[tokio::test]
async fn a_cancelled_card_opens_nothing_and_two_people_destroy_it() {
    for mut town in Town::on_all_engines("cancel").await {
        let id = town.register(&grown_ups().nth(43).expect("somebody")).await;
        town.give_card(&id).await;
        let mut terminal = town.terminal(&[LIBRARY]).await;
        let shown = town.code(&id).await;
        let path = format!("/api/v1/people/{id}/card/cancel");
        let bare = town.clerk.post_json(&path, &json!({"cause": "death", "evidence": ""})).await;
        assert_eq!(
            (bare.code().as_str(), &bare.json()["article"]),
            ("cards/evidence-missing", &json!(13))
        );
        let wrong = json!({"cause": "entitlement-ended", "evidence": "x"});
        let wrong = town.clerk.post_json(&path, &wrong).await;
        assert_eq!(wrong.code(), "cards/cause-does-not-hold", "a registered resident is entitled");
        let body = json!({"cause": "death", "evidence": "死亡医学证明 2026-1"});
        money(&town, &id, "sent").await;
        let waits = town.clerk.post_json(&path, &body).await;
        assert_eq!(
            (waits.code().as_str(), &waits.json()["article"]),
            ("cards/something-pending", &json!(13)),
            "{}: money is on its way",
            town.test.engine
        );
        money(&town, &id, "paid").await;
        let ended = town.step(&id, "/cancel", body).await;
        assert_eq!((&ended["stage"], &ended["electronic"]), (&json!("cancelled"), &json!("ended")));
        assert_eq!(judged(&mut terminal, &shown).await["why"], "codes/card-not-active");
        for step in ["link", "lock", "lose-temporarily", "activate-financial"] {
            let path = format!("/api/v1/people/{id}/card/steps/{step}");
            assert_eq!(town.clerk.post_json(&path, &json!({})).await.code(), "cards/no-card");
        }
        let card = ended["id"].as_str().expect("an id");
        let ask = format!("/api/v1/people/{id}/cards/{card}/destroy");
        town.clerk.post_json(&ask, &json!({"text": "剪角"})).await;
        let waiting = town.clerk.get("/api/v1/cards/waiting").await.json();
        let decide = format!("/api/v1/cards/waiting/{}", waiting[0]["id"].as_str().expect("asked"));
        let own = town.clerk.post_json(&decide, &json!({"confirm": true})).await;
        assert_eq!(own.code(), "approval/own-work");
        let mut colleague = town.colleague().await;
        assert_eq!(colleague.post_json(&decide, &json!({"confirm": true})).await.status, 200);
        town.journal_holds().await;
    }
}

#[test]
fn the_document_of_card_life_is_what_the_tables_say() {
    let mut text = String::from(
        "# The life of a card\n\nMade from the rules by `crates/yikatong/tests/life.rs`; write it anew \
         with `UPDATE_DOCS=1`.\n\nA card is applied for, made, handed over and activated (Art. 11). From \
         then on three clocks run: the social-security function, the financial function and the \
         electronic card, each with its own state. The electronic card goes off with the physical one \
         and on again only when it is linked (Art. 2). A replacement stands beside the card in use and \
         takes its place when it is activated (Art. 12); a cancelled card is destroyed by two people \
         (Art. 13).\n",
    );
    for clock in Clock::ALL {
        let name = clock.name();
        text.push_str(&format!(
            "\n## {} ({})\n\n```mermaid\n{}\n```\n",
            name.zh,
            name.en,
            diagram(clock)
        ));
    }
    text.push_str(
        "\n## Why a card is applied for (Art. 12)\n\n| code | reason | fee |\n|---|---|---|\n",
    );
    for cause in Cause::ALL {
        let fee = if cards::rules::fee_of(cause, 1) == 0 { "free" } else { "setting" };
        text.push_str(&format!("| `{}` | {} | {fee} |\n", cause.code(), cause.name().zh));
    }
    text.push_str("\n## Why a card is cancelled (Art. 13)\n\n| code | cause |\n|---|---|\n");
    for cause in CancelCause::ALL {
        text.push_str(&format!("| `{}` | {} |\n", cause.code(), cause.name().zh));
    }
    text.push_str("\n## Refusals\n\n| code | article | reason | what to do |\n|---|---|---|---|\n");
    for refused in Refused::ALL {
        let article = refused.article().map(|a| a.to_string()).unwrap_or_default();
        let (reason, advice) = (refused.reason().zh, refused.advice().zh);
        text.push_str(&format!("| `{}` | {article} | {reason} | {advice} |\n", refused.code()));
    }
    committed("docs/card-life.md", &text);
}
