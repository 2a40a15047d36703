//! Two regions that recognise one another's cards, over real HTTP (Art. 3, 7, 14, 17, 18, 20).

use kernel::actor::{Actor, Role};
use kernel::platform::App;
use kernel::testing::{self, Client};
use kernel::time::Utc;
use regions::service::trust;
use serde_json::{Value, json};

use crate::town::{Town, grown_ups};

const LOANS: &str = "CY-CU-001";
const LIBRARY: &str = items::seed::LIBRARY;

/// Serves a town on a port of its own and writes how others find it.
pub async fn open(town: &Town, name: &str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    set_up(&town.app, name, &endpoint).await;
    let router = town.built.router.clone();
    tokio::spawn(kernel::http::serve(router, listener, std::future::pending()));
    endpoint
}

/// Writes how others find an installation.
pub async fn set_up(app: &App, name: &str, endpoint: &str) {
    let now = Utc::now().seconds();
    let own = trust::Own {
        name: name.to_owned(),
        endpoint: endpoint.to_owned(),
        contact: String::new(),
        serial: 1,
        valid_from: now - 60,
        valid_until: now + 30 * 86_400,
        key: 1,
    };
    // A machine that runs other tests meanwhile may be slow; that is not what is tried here.
    let patience = "INSERT INTO setting (name, from_at, value)
                    VALUES ('regions.ask-milliseconds', 0, 20000)";
    app.db.housekeeping(|tx| tx.execute(patience, &[])).await.expect("a setting");
    // Cards are made at once in these tests; `one_card` switches the question on again.
    let quiet =
        "INSERT INTO setting (name, from_at, value) VALUES ('regions.one-card-check', 0, 0)";
    app.db.housekeeping(|tx| tx.execute(quiet, &[])).await.expect("a setting");
    let text = serde_json::to_string(&own).expect("plain data");
    std::fs::write(app.config.data.join("region.json"), text).expect("written");
}

pub async fn believe(app: &App, other: &App) {
    let signed = trust::own_descriptor(other).expect("set up");
    let said = serde_json::from_str(&signed.text).expect("a descriptor");
    let text = serde_json::to_string(&signed).expect("plain data");
    let (maker, checker) =
        (testing::actor(Role::MunicipalOfficer), testing::actor(Role::MunicipalApprover));
    let id = trust::import(app, &maker, &text).await.expect("imported");
    let fingerprint = regions::rules::fingerprint(&said);
    trust::decide(app, &checker, id, true, &fingerprint).await.expect("approved");
}

/// Chongqing and Sichuan, for each engine at hand.
pub async fn both(name: &str) -> Vec<(Town, Town)> {
    let mut pairs = Vec::new();
    for (one, two) in testing::databases(name).into_iter().zip(testing::databases(name)) {
        let (chongqing, sichuan) = (Town::on(one, "500000").await, Town::on(two, "510000").await);
        open(&chongqing, "重庆").await;
        open(&sichuan, "四川").await;
        believe(&chongqing.app, &sichuan.app).await;
        believe(&sichuan.app, &chongqing.app).await;
        pairs.push((chongqing, sichuan));
    }
    pairs
}

async fn ask(terminal: &mut Client, shown: Value, item: &str) -> Value {
    let mut body = shown;
    body["item"] = json!(item);
    let reply = terminal.post_json("/api/v1/verify", &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_one_region_opens_joint_items_of_the_other_once_and_the_holder_sees_it() {
    for (mut home, there) in both("recognition").await {
        let person = grown_ups().nth(60).expect("somebody");
        let id = home.register(&person).await;
        home.give_card(&id).await;
        let mut terminal = there.terminal(&[LOANS, LIBRARY]).await;
        let code = home.code(&id).await;
        let city = ask(&mut terminal, json!({"code": code}), LIBRARY).await;
        assert_eq!((&city["why"], &city["article"]), (&json!("codes/not-joint"), &json!(14)));
        let yes = ask(&mut terminal, json!({"code": code}), LOANS).await;
        assert_eq!(yes["result"], "yes", "{yes}");
        let fields = yes["fields"].as_object().expect("fields");
        assert!(fields.keys().eq(["name_masked", "number_masked"]), "the item's alone: {yes}");
        assert!(!yes.to_string().contains(person.number.as_str()));
        let again = ask(&mut terminal, json!({"code": code}), LOANS).await;
        assert_eq!(again["why"], "codes/replayed", "{again}");

        let mut phone = home.holder(&id).await;
        let page = phone.get("/me/elsewhere").await.text();
        assert!(page.contains("四川 测试图书馆") && page.contains("川渝图书通借通还"), "{page}");
        assert!(phone.get("/me/access").await.text().contains("四川"));
        // Nothing of him is kept there but that a terminal asked.
        assert_eq!(there.count("person").await, 0);
        assert_eq!(there.count("card_use").await, 0);
        home.journal_holds().await;
        there.journal_holds().await;
    }
}

/// Art. 20: what stops the card at home stops it in the other region with the next question.
#[tokio::test(flavor = "multi_thread")]
async fn a_loss_at_home_and_a_silent_or_unlisted_home_are_a_no_there() {
    for (mut home, there) in both("recognition_no").await {
        let id = home.register(&grown_ups().nth(61).expect("somebody")).await;
        let card = home.give_card(&id).await;
        let mut terminal = there.terminal(&[LOANS]).await;
        let number = home.person(&id).await.number.as_str().to_owned();
        let line = format!("500103|{number}|{}|", card["card_no"].as_str().expect("a number"));
        let read = json!({"read": line, "counter_check": true});
        assert_eq!(ask(&mut terminal, read.clone(), LOANS).await["result"], "yes");
        let code = home.code(&id).await;
        let holder = Actor { person: id.parse().ok(), ..testing::actor(Role::Holder) };
        let mut phone = Client::program(&home.built.router, &home.app, &holder).await;
        phone.post_json("/api/v1/me/card", &json!({"act": "lose"})).await;
        for shown in [json!({"code": code}), read.clone()] {
            let answer = ask(&mut terminal, shown, LOANS).await;
            assert_eq!(answer["why"], "codes/card-not-active", "{answer}");
        }
        let officer = testing::actor(Role::MunicipalOfficer);
        trust::revoke(&home.app, &officer, "510000").await.expect("revoked");
        let answer = ask(&mut terminal, read.clone(), LOANS).await;
        assert_eq!(answer["why"], "codes/home-silent", "the home region no longer answers");
        trust::revoke(&there.app, &officer, "500000").await.expect("revoked");
        let answer = ask(&mut terminal, read, LOANS).await;
        assert_eq!(answer["why"], "codes/other-region", "{answer}");
    }
}

/// Art. 17: a whole installation keeps to every clause of the standard, seen from outside.
#[tokio::test(flavor = "multi_thread")]
async fn an_installation_keeps_to_the_standard_between_regions() {
    let town = Town::on(testing::databases("standard").remove(0), "510000").await;
    let url = open(&town, "四川").await;
    let began = std::time::Instant::now();
    loop {
        let asked = url.clone();
        let look = move || regions::standards::service::check(&asked, Utc::now().seconds());
        let found = tokio::task::spawn_blocking(look).await.expect("no panic").expect("an address");
        let red: Vec<_> = found.iter().filter(|one| !one.holds).collect();
        // Lists and heads are signed by jobs in the first seconds.
        match red.is_empty() {
            true => break,
            false => assert!(began.elapsed().as_secs() < 30, "{red:?}"),
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
}
