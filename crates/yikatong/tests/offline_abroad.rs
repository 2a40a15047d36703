//! A terminal of one region without a network judges a card of the other, and afterwards the region that
//! issued it knows of the use (Art. 14, 17, 20, 23).

use std::sync::Arc;

use codes::service::NewTerminal;
use codes::terminals::service as registry;
use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::testing::{self, Client};
use kernel::time::Utc;
use serde_json::json;
use terminal::Station;

use crate::recognition::both;
use crate::support::Folder;
use crate::town::{Town, grown_ups, registration};

/// Buses of both regions, on the joint list; and of the city alone. Both five times a day offline.
const BOTH: &str = "CY-TR-001";
const CITY: &str = "CQ-TR-001";

/// An enrolled terminal of a town.
async fn terminal(town: &Town, at: &str, folder: &Folder) -> Arc<Station> {
    let officer = testing::actor(Role::MunicipalOfficer);
    let new = NewTerminal {
        org: Id(1),
        place: at.to_owned(),
        items: vec![BOTH.to_owned(), CITY.to_owned()],
        channel: None,
        division: String::new(),
    };
    let (_, code) = registry::register(&town.app, &officer, new, "张三").await.expect("registered");
    let endpoint = regions::service::trust::own(&town.app).expect("set up").endpoint;
    let path = folder.path().join("state");
    let enrol = move || terminal::device::enrol(&path, None, &endpoint, &code);
    let store = tokio::task::spawn_blocking(enrol).await.expect("no panic").expect("enrolled");
    Arc::new(Station::new(store, || Utc::now().seconds()))
}

async fn sync(station: &Arc<Station>) -> terminal::report::Synced {
    let station = station.clone();
    let done = tokio::task::spawn_blocking(move || station.sync()).await.expect("no panic");
    assert_eq!(done.problems, Vec::<String>::new());
    done
}

/// What the jobs of both sides do within a minute: the status list at home, its way to the other side.
async fn lists(home: &Town, there: &Town) {
    codes::cq1::status::round(&home.app).await.expect("a status list");
    codes::cq1::status::round(&there.app).await.expect("a status list");
    let said = regions::offline::round(&there.app).await.expect("fetched");
    assert!(said.ends_with("0 silent"), "{said}");
}

fn why(station: &Station, item: &str, code: &str) -> String {
    let answer = station.verify_offline(item, code, 0);
    answer.why.unwrap_or(answer.result)
}

async fn resident(town: &mut Town, place: usize) -> String {
    let mut form = registration(&grown_ups().nth(place).expect("somebody"));
    if town.app.config.region != "500000" {
        form["ground"] = json!("residence");
        let until = Utc::now().plus_seconds(365 * 86_400).day();
        form["ground_until"] = json!(kernel::time::day_text(until));
    }
    let reply = town.clerk.post_json("/api/v1/people", &form).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let id = reply.json()["id"].as_str().expect("an id").to_owned();
    town.give_card(&id).await;
    id
}

async fn crosses_the_border(home: &mut Town, there: &Town, place: usize) {
    let person = resident(home, place).await;
    for town in [&*home, there] {
        codes::cq1::keys::ensure(&town.app).await.expect("keys");
    }
    let folders = [Folder::new("abroad"), Folder::new("at-home")];
    lists(home, there).await;
    let away = terminal(there, "测试馆外地终端", &folders[0]).await;
    let own = terminal(home, "测试馆本地终端", &folders[1]).await;
    sync(&away).await;
    sync(&own).await;

    let (first, second) = (home.code(&person).await, home.code(&person).await);
    assert_eq!(why(&away, CITY, &first), "terminal/not-joint");
    assert_eq!(why(&away, BOTH, &first), "yes");
    assert_eq!(why(&away, BOTH, &first), "cq1/replayed");
    assert_eq!(why(&own, BOTH, &first), "yes", "nobody can tell the terminal at home");

    let holder = Actor { person: person.parse().ok(), ..testing::actor(Role::Holder) };
    let mut phone = Client::program(&home.built.router, &home.app, &holder).await;
    phone.post_json("/api/v1/me/card", &json!({"act": "lose"})).await;
    lists(home, there).await;
    assert_eq!(sync(&away).await.uploaded, 3);
    assert_eq!(why(&away, BOTH, &second), "cq1/suspended", "a loss at home is a no there");

    regions::service::deliver::round(&there.app).await.expect("delivered");
    let mut page = home.holder(&person).await;
    let elsewhere = page.get("/me/elsewhere").await.text();
    assert!(elsewhere.contains("测试馆外地终端"), "{elsewhere}");
    assert_eq!(there.count("card_use").await, 0, "nothing of the holder is kept there");
    assert_eq!(there.count("person WHERE id <> 0").await, 0);

    // The same code was used at home meanwhile: one use counts, the other is raised.
    assert_eq!(sync(&own).await.doubles.len(), 1);
    let officer = testing::actor(Role::MunicipalOfficer);
    let (_, alarms) = registry::look(&home.app, &officer).await.expect("seen");
    assert!(alarms.iter().any(|alarm| alarm.kind == "double-use"), "{alarms:?}");
    assert_eq!(home.count("card_use WHERE counter IS NOT NULL").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_judged_offline_in_the_other_region_and_the_reverse() {
    for (mut chongqing, sichuan) in both("offline_abroad").await {
        crosses_the_border(&mut chongqing, &sichuan, 70).await;
        chongqing.journal_holds().await;
        sichuan.journal_holds().await;
    }
    for (chongqing, mut sichuan) in both("offline_reverse").await {
        crosses_the_border(&mut sichuan, &chongqing, 71).await;
    }
}

/// Art. 20: with the trust the lists are gone, at the platform and at its terminals.
#[tokio::test(flavor = "multi_thread")]
async fn without_trust_a_terminal_takes_no_card_of_the_other_region() {
    let (mut home, there) = both("offline_untrusted").await.remove(0);
    let person = resident(&mut home, 72).await;
    for town in [&home, &there] {
        codes::cq1::keys::ensure(&town.app).await.expect("keys");
    }
    lists(&home, &there).await;
    let folder = Folder::new("untrusted");
    let away = terminal(&there, "测试馆", &folder).await;
    sync(&away).await;
    let (first, second) = (home.code(&person).await, home.code(&person).await);
    assert_eq!(why(&away, BOTH, &first), "yes");
    let officer = testing::actor(Role::MunicipalOfficer);
    regions::service::trust::revoke(&there.app, &officer, "500000").await.expect("revoked");
    lists(&home, &there).await;
    sync(&away).await;
    assert_eq!(why(&away, BOTH, &second), "cq1/region");
}
