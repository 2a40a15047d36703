use kernel::actor::Role;
use kernel::testing::{Client, actor};
use serde_json::json;

use super::house::{ITEM, PREFIX, code_of, houses};
use crate::fusion::decoders::tests::{bare_layout, sm2_code};
use crate::fusion::service::formats;
use crate::fusion::service::gateway::Question;
use kernel::time::Utc;

/// The whole way: a signed foreign code opens the item for its holder, once, with the item's fields only,
/// and the holder finds it on record with its purpose (Art. 16, 18, 19).
#[tokio::test]
async fn a_linked_card_opens_an_item_once_with_only_its_fields() {
    for house in houses("fusion_open").await {
        house.library().await;
        let (person, number) = house.holder(1).await;
        house.link(&number, "2026000123").await.expect("linked");
        let code = house.code("2026000123");
        let answer = house.ask(&house.terminal, &code, ITEM).await;
        assert_eq!((answer.result, answer.why), ("yes", None), "{}", house.engine);
        let item = answer.item.expect("listed");
        assert_eq!((item.code.as_str(), item.version), (ITEM, 3));
        assert_eq!(answer.fields.keys().collect::<Vec<_>>(), ["name_masked"]);
        let again = house.ask(&house.terminal, &code, ITEM).await;
        assert_eq!((again.result, again.why), ("no", Some("fusion/replayed")));
        assert!(again.fields.is_empty());
        let used = &house.entries("fusion.used").await[0];
        assert_eq!((used.subject_id, used.purpose.as_str()), (Some(person), "借书"));
        assert_eq!(used.fields, "name_masked");
        let refused = &house.entries("fusion.refused").await[0];
        assert_eq!(
            (refused.subject_id, refused.result.as_str()),
            (Some(person), "fusion/replayed")
        );
    }
}

/// One display is accepted once, also when many terminals ask at the same moment.
#[tokio::test]
async fn racing_displays_are_accepted_once() {
    for house in houses("fusion_race").await {
        house.library().await;
        let (_, number) = house.holder(1).await;
        house.link(&number, "2026000123").await.expect("linked");
        let code = house.code("2026000123");
        let tasks: Vec<_> = (0..12)
            .map(|_| {
                let (gateway, terminal, code) =
                    (house.gateway.clone(), house.terminal.clone(), code.clone());
                tokio::spawn(async move {
                    let (item, purpose) = (ITEM.to_owned(), "借书".to_owned());
                    let question = Question { code, item, purpose };
                    gateway.decode(terminal, question).await.expect("an answer").result
                })
            })
            .collect();
        let mut yes = 0;
        for task in tasks {
            yes += usize::from(task.await.expect("no panic") == "yes");
        }
        assert_eq!(yes, 1, "{}", house.engine);
    }
}

#[tokio::test]
async fn every_no_has_its_reason() {
    for house in houses("fusion_no").await {
        let (format, key) = house.library().await;
        let (_, number) = house.holder(1).await;
        let (_, cardless) = house.resident(2).await;
        let code = |number: &str| house.code(number);
        assert_eq!(house.said("WHAT:1234567").await, "fusion/unregistered", "{}", house.engine);
        assert_eq!(house.said("").await, "fusion/unregistered");
        assert_eq!(house.said(&code("2026000123")).await, "fusion/not-linked");
        house.link(&number, "2026000123").await.expect("linked");
        house.link(&cardless, "2026000999").await.expect("linked");
        assert_eq!(house.said(&code("2026000999")).await, "fusion/card-not-active");
        let old = sm2_code(PREFIX, "2026000123", Utc::now().seconds() - 100);
        assert_eq!(house.said(&old).await, "fusion/expired");
        let bent = code("2026000123").replace("2026000123", "2026000999");
        assert_eq!(house.said(&bent).await, "fusion/forged");
        let good = code("2026000123");
        let other = house.ask(&house.terminal, &good, "CQ-XX-001").await;
        assert_eq!(other.why, Some("fusion/item-not-listed"));
        let stranger = house.ask(&actor(Role::Terminal), &good, ITEM).await;
        assert_eq!(stranger.why, Some("fusion/terminal-not-registered"));
        let department = house.ask(&actor(Role::DepartmentOfficer), &good, ITEM).await;
        assert_eq!(department.why, Some("fusion/item-not-for-caller"));
        // None of these used it up: the organisation that is responsible for the item may ask.
        assert_eq!(house.ask(&house.department, &good, ITEM).await.result, "yes");

        house.format(bare_layout("CQOLD:")).await.expect("a format");
        assert_eq!(house.said("CQOLD:2026000123").await, "fusion/unregistered", "not confirmed");
        house.confirm().await;
        assert_eq!(house.said("CQOLD:2026000123").await, "fusion/level-too-low");

        let revoke = formats::revoke_key(&house.app, &house.approver, key, "泄露").await;
        revoke.expect("revoked");
        assert_eq!(house.said(&code("2026000123")).await, "fusion/key-not-in-force");
        let twice = formats::revoke_key(&house.app, &house.approver, key, "泄露").await;
        assert_eq!(code_of(twice), "fusion/not-now");
        let withdrawn = formats::withdraw(&house.app, &house.department, format, "换码").await;
        withdrawn.expect("withdrawn");
        assert_eq!(house.said(&code("2026000123")).await, "fusion/unregistered");
    }
}

/// Codes of this platform go to the house's own verification and come back in the same form.
#[tokio::test]
async fn a_code_of_the_platform_is_judged_by_the_house() {
    for house in houses("fusion_own").await {
        let (person, _) = house.holder(1).await;
        let holder = kernel::actor::Actor { person: Some(person), ..actor(Role::Holder) };
        let shown = crate::cq1::issue::show(&house.app, &holder).await.expect("a code");
        let answer = house.ask(&house.terminal, &shown.text, ITEM).await;
        assert_eq!(answer.result, "yes", "{}: {:?}", house.engine, answer.why);
        assert!(answer.fields.contains_key("name_masked"));
        let again = house.ask(&house.terminal, &shown.text, ITEM).await;
        assert_eq!(again.why, Some("codes/replayed"));
    }
}

#[tokio::test]
async fn the_endpoint_wants_a_purpose_and_knows_its_callers() {
    for house in houses("fusion_api").await {
        house.library().await;
        let router = house.router();
        let mut program = Client::program(&router, &house.app, &house.terminal).await;
        let ask =
            |code: &str, purpose: &str| json!({"code": code, "item": ITEM, "purpose": purpose});
        let silent = program.post_json("/api/v1/decode", &ask("X", " ")).await;
        assert_eq!(
            (silent.status.as_u16(), silent.code().as_str()),
            (422, "platform/invalid-input")
        );
        let more = json!({"code": "X", "item": ITEM, "purpose": "借书", "person": "all"});
        assert_eq!(program.post_json("/api/v1/decode", &more).await.status, 422);
        let no = program.post_json("/api/v1/decode", &ask("X", "借书")).await.json();
        assert_eq!((&no["result"], &no["why"]), (&"no".into(), &"fusion/unregistered".into()));
        assert!(no["article"] == 16 && no["text"].is_string() && no["item"]["code"] == ITEM);
        let long = program.post_json("/api/v1/decode", &ask(&"9".repeat(5_000), "借书")).await;
        assert_eq!(long.json()["why"], "fusion/unregistered");
        let mut nobody = Client::new(&router);
        assert_eq!(nobody.post_json("/api/v1/decode", &ask("X", "借书")).await.status, 401);
        let mut clerk = Client::program(&router, &house.app, &house.clerk).await;
        assert_eq!(clerk.post_json("/api/v1/decode", &ask("X", "借书")).await.status, 403);
    }
}
