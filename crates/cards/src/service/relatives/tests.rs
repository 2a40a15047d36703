use super::*;
use crate::rules::Stage;
use crate::rules::clocks::State;
use crate::service::tests::{held, office, resident};
use kernel::actor::Role;
use kernel::law::Article;
use kernel::testing::{actor, databases};
use people::evidence::rules::EvidenceKind;
use people::evidence::service::{NewEvidence, take};
use people::family::service::{NewLink, ask};
use people::generate;
use people::representatives::service::{NewRepresentative, enter};
use people::rules::Person;
use people::service::Registration;

async fn person(app: &App, id: Id) -> Person {
    let found = app.db.read(move |tx| people::store::by_id(tx, id)).await;
    found.expect("read").expect("registered")
}

/// A child of Chongqing, registered by the clerk.
async fn child(app: &App, clerk: &Actor) -> Id {
    let young = |made: &generate::GeneratedPerson| made.birth.year() > 2015;
    let mut made = (0..).filter_map(|n| generate::person(9, n)).filter(young);
    let made = made.find(|made| made.number.as_str().starts_with("500"));
    let made = made.expect("there are children");
    let form = Registration {
        number: made.number.as_str().to_owned(),
        document: "household_book".to_owned(),
        name: made.name,
        phone: made.phone,
        address: made.address,
        household: "500103".to_owned(),
        ground: "household".to_owned(),
        ..Registration::default()
    };
    people::service::register(app, clerk, form).await.expect("registered").id
}

async fn make_guardian(app: &App, clerk: &Actor, parent: &Person, child: Id) {
    let bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0".to_vec();
    let kind = EvidenceKind::GuardianProof;
    let proof = NewEvidence { kind, purpose: "出生医学证明".to_owned(), bytes };
    let proof = take(app, clerk, child, proof).await.expect("taken");
    let form = NewRepresentative {
        kind: "guardian".to_owned(),
        relation: "母亲".to_owned(),
        name: parent.name.clone(),
        number: parent.number.as_str().to_owned(),
        document: parent.document.code().to_owned(),
        evidence: proof.id.to_string(),
        ..NewRepresentative::default()
    };
    enter(app, clerk, child, form).await.expect("entered");
}

/// Art. 5, 12: a guardian applies for the child from the phone, and nobody else does.
#[tokio::test]
async fn a_guardian_applies_for_a_child_from_the_phone() {
    for test in databases("relatives") {
        let (app, clerk) = office(&test).await;
        let (parent, child) = (resident(&app, &clerk, 60).await, child(&app, &clerk).await);
        let outlet = org::Org {
            id: app.id(),
            credit_code: None,
            name_zh: "示范网点".to_owned(),
            name_en: "Outlet".to_owned(),
            kind: "outlet".to_owned(),
            division: "500103".to_owned(),
            parent: None,
        };
        let (at, entry) = (outlet.id, Entry::new(app.id(), Utc::now(), &clerk, "test.made", ""));
        app.db
            .write(move |tx| {
                org::add(tx, &outlet, Utc::now())?;
                journal::record(tx, &entry)
            })
            .await
            .expect("the outlet is entered");
        let phone = Actor { person: Some(parent), ..actor(Role::Holder) };
        let apply = || ForRelative::Apply(at);
        let stranger = act(&app, &phone, child, apply()).await.expect_err("not linked");
        assert!(stranger.status < 500, "{}", stranger.code);
        make_guardian(&app, &clerk, &person(&app, parent).await, child).await;
        let known = person(&app, child).await;
        let link = NewLink {
            relation: "child".to_owned(),
            number: known.number.as_str().to_owned(),
            name: known.name,
        };
        ask(&app, &phone, link).await.expect("linked by guardianship");
        assert_eq!(list(&app, &phone).await.expect("read")[0].person, child);
        let nowhere = act(&app, &phone, child, ForRelative::Apply(child)).await;
        assert_eq!(nowhere.expect_err("no outlet").status, 422);
        act(&app, &phone, child, apply()).await.expect("applied");
        let card = held(&app, child).await.0.living.expect("ordered");
        assert_eq!((&card.stage, card.outlet), (&Stage::Ordered, at));
        let twice = act(&app, &phone, child, apply()).await.expect_err("one person, one card");
        assert_eq!(twice.article, Some(Article(5)), "{}", test.engine);
    }
}

/// Art. 12, 15: an agent sees on his own phone whom he acts for, does what his authorisation says, and
/// nothing else; the person's record says who it was.
#[tokio::test]
async fn an_agent_acts_from_his_phone_within_his_authorisation() {
    for test in databases("entrusted") {
        let (app, clerk) = office(&test).await;
        let (old, agent) = (resident(&app, &clerk, 62).await, resident(&app, &clerk, 63).await);
        crate::service::tests::give_card(&app, &clerk, old).await;
        let routes = crate::api::routes().merge(crate::pages::routes());
        let router = kernel::http::build(app.clone(), routes).router;
        let phone = Actor { person: Some(agent), ..actor(Role::Holder) };
        let mut browser = kernel::testing::Client::signed_in(&router, &app, &phone).await;
        let mut phone = kernel::testing::Client::program(&router, &app, &phone).await;
        let path = format!("/api/v1/me/entrusted/{old}");
        let lose = serde_json::json!({"act": "lose"});
        assert_eq!(phone.get("/api/v1/me/entrusted").await.json(), serde_json::json!([]));
        assert_eq!(phone.post_json(&path, &lose).await.code(), "people/not-a-representative");

        let authorise = |scope: &'static str| {
            let (app, clerk) = (app.clone(), clerk.clone());
            async move {
                let bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0".to_vec();
                let kind = EvidenceKind::AgentAuthorisation;
                let paper = NewEvidence { kind, purpose: "委托书".to_owned(), bytes };
                let paper = take(&app, &clerk, old, paper).await.expect("taken");
                let by = person(&app, agent).await;
                let form = NewRepresentative {
                    kind: "agent".to_owned(),
                    relation: "邻居".to_owned(),
                    scope: scope.to_owned(),
                    name: by.name,
                    number: by.number.as_str().to_owned(),
                    document: by.document.code().to_owned(),
                    evidence: paper.id.to_string(),
                    until: kernel::time::day_text(Utc::now().plus_seconds(86_400 * 30).day()),
                    ..NewRepresentative::default()
                };
                enter(&app, &clerk, old, form).await.expect("entered").id
            }
        };
        let first = authorise("collect").await;
        let seen = phone.get("/api/v1/me/entrusted").await.json();
        assert_eq!(seen[0]["acts"], serde_json::json!(["collect"]));
        assert!(seen[0]["card"].is_null(), "{}", test.engine);
        let name = person(&app, old).await.name;
        assert_ne!(seen[0]["name"], name, "who may not enquire sees no whole name");
        let beyond = phone.post_json(&path, &lose).await;
        assert_eq!(beyond.code(), "people/representation-out-of-scope", "{}", test.engine);
        assert_eq!(held(&app, old).await.0.living.expect("in use").clocks.social, State::On);

        let second = authorise("loss,enquire").await;
        let seen = phone.get("/api/v1/me/entrusted").await.json();
        assert_eq!(seen[0]["name"], name);
        assert_eq!(seen[0]["card"]["stage"], "active", "{}", test.engine);
        let page = browser.get("/me/relatives").await.text();
        assert!(
            page.contains("我代办的人") && page.contains("卡丢了，代为挂失"),
            "{}",
            test.engine
        );
        let id = old.to_string();
        let tapped = [("by", "agent"), ("person", id.as_str()), ("act", "lose")];
        assert_eq!(browser.post_form("/me/relatives", &tapped).await.status, 303);
        assert_eq!(phone.post_json(&path, &lose).await.code(), "cards/wrong-state");
        let social = held(&app, old).await.0.living.expect("in use").clocks.social;
        assert_eq!(social, State::LostTemporarily);
        let read = move |tx: &mut kernel::db::Tx<'_>| journal::about(tx, old, Id(i64::MAX), 50);
        let entries = app.db.read(read).await.expect("read");
        let lost = entries.iter().find(|entry| entry.act == "card.lost-temporarily");
        assert!(lost.expect("on record").detail.contains("邻居"), "the record names the agent");
        assert!(entries.iter().any(|entry| entry.purpose.starts_with("代办人查看")));

        for one in [first, second] {
            people::representatives::service::end(&app, &clerk, old, one).await.expect("ended");
        }
        assert_eq!(phone.get("/api/v1/me/entrusted").await.json(), serde_json::json!([]));
        let after = phone.post_json(&path, &lose).await;
        assert_eq!(after.code(), "people/representation-not-in-force", "{}", test.engine);
    }
}
