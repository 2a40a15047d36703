//! A freeze that another region asks for, on both engines (Art. 20).

use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::journal::Entry;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, actor};
use kernel::time::Utc;
use people::freezes::{Want, rules::stops, store as frozen};
use people::generate::GeneratedPerson;
use people::service::Registration;

use super::rules::State;
use super::service::{self, Wanted};
use super::store::{self, Across};
use crate::service::deliver;
use crate::tests::{House, pairs};

async fn register(app: &App, person: &GeneratedPerson) -> kernel::id::Id {
    let form = Registration {
        number: person.number.as_str().to_owned(),
        document: person.document.code().to_owned(),
        name: person.name.clone(),
        phone: "13800000000".to_owned(),
        address: person.address.clone(),
        household: "500103".to_owned(),
        ground: "household".to_owned(),
        ..Registration::default()
    };
    let (id, fresh, now) = (app.id(), people::service::fresh_ids(app), Utc::now());
    let entry = Entry::new(app.id(), now, &actor(Role::Clerk), "person.registered", "Art. 12");
    let write = move |tx: &mut Tx<'_>| {
        let read = people::service::read_registration(&form, id, now.day())?;
        people::service::register_in(tx, &read, &entry, &fresh)
    };
    app.db.write::<_, Problem>(write).await.expect("registered").id
}

fn somebody() -> GeneratedPerson {
    let fits = |person: &GeneratedPerson| {
        person.document == people::document::DocumentKind::ResidentCard
            && (1960..2000).contains(&person.birth.year())
    };
    (0..).filter_map(|n| people::generate::person(4, n)).find(fits).expect("one")
}

async fn stopped(app: &App, person: kernel::id::Id) -> bool {
    let live = app.db.read(move |tx| frozen::live_of(tx, person)).await.expect("read");
    stops(&live, Want::Item("CY-CU-001")).is_some()
}

async fn kept(app: &App) -> Across {
    let all = app.db.read(|tx| Ok::<_, Problem>(store::newest(tx)?)).await;
    all.expect("read").remove(0)
}

async fn travel(all: [&House; 2]) {
    for house in all.into_iter().chain(all) {
        deliver::round(&house.app).await.expect("delivered");
    }
}

fn officer() -> Actor {
    actor(Role::MunicipalOfficer)
}

/// Art. 20 para 3: frozen at home within one delivery; nobody at home opens it, two officers there do.
#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_asked_for_abroad_counts_at_home_at_once_and_only_who_froze_thaws() {
    for (home, there) in pairs("freeze_across").await {
        let person = somebody();
        let id = register(&home.app, &person).await;
        let wanted = Wanted {
            region: "500000".to_owned(),
            number: person.number.as_str().to_owned(),
            name: person.name.clone(),
            scope: "all".to_owned(),
            reason: "used-by-other".to_owned(),
            words: "图书馆发现他人冒用".to_owned(),
            ..Wanted::default()
        };
        let across = service::ask(&there.app, &officer(), &wanted).await.expect("asked");
        assert!(!stopped(&home.app, id).await);
        travel([&there, &home]).await;
        assert!(stopped(&home.app, id).await, "with the next question");
        assert_eq!(
            (kept(&there.app).await.state, kept(&home.app).await.state),
            (State::Frozen, State::Frozen)
        );
        assert!(!kept(&there.app).await.name.contains(&person.name), "masked there");
        let sms = "SELECT COUNT(*) FROM outbox";
        let sms = home.app.db.read(move |tx| tx.one(sms, &[])?.get::<i64>(0)).await;
        assert_eq!(sms.expect("a count"), 1, "the holder is told");

        // Nobody at home ends it: not two officers, and not by the page of the other side.
        let live = home.app.db.read(move |tx| frozen::live_of(tx, id)).await.expect("read");
        let no = live[0].may_thaw(people::freezes::Thaw::TwoOfficers).expect_err("not here");
        assert_eq!(no, people::freezes::Refused::Region);
        let key = ("510000", across.as_str());
        let no = service::ask_thaw(&home.app, &officer(), key, "查无冒用").await;
        assert_eq!(no.expect_err("not ours").code, "freezes-across/not-now");

        // Home pleads for the holder; one officer there asks, another decides.
        service::plead(&home.app, &officer(), key, "持卡人申诉，已核实").await.expect("pleaded");
        travel([&home, &there]).await;
        let mut browser = Client::signed_in(&there.router, &there.app, &officer()).await;
        let page = browser.get("/office/regions/freezes").await.text();
        assert!(page.contains("持卡人申诉，已核实") && page.contains("提出解冻"), "{page}");
        let (first, key) = (officer(), ("500000", across.as_str()));
        service::ask_thaw(&there.app, &first, key, "核实为本人").await.expect("asked");
        let own = service::decide_thaw(&there.app, &first, key, true).await;
        assert_eq!(own.expect_err("own work").code, "approval/own-work");
        let second = actor(Role::MunicipalApprover);
        service::decide_thaw(&there.app, &second, key, true).await.expect("thawed");
        assert!(stopped(&home.app, id).await, "until home has heard");
        travel([&there, &home]).await;
        assert!(!stopped(&home.app, id).await);
        let late = service::decide_thaw(&there.app, &second, key, true).await;
        assert_eq!(late.expect_err("ended").code, "freezes-across/not-now");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_with_that_name_is_frozen_and_one_region_cannot_freeze_without_end() {
    for (home, there) in pairs("freeze_no").await {
        let person = somebody();
        let id = register(&home.app, &person).await;
        let one = "INSERT INTO setting (name, from_at, value)
                   VALUES ('regions.freezes-per-day', 0, 2)";
        home.app.db.housekeeping(|tx| tx.execute(one, &[])).await.expect("a setting");
        let wanted = |name: &str| Wanted {
            region: "500000".to_owned(),
            number: person.number.as_str().to_owned(),
            name: name.to_owned(),
            scope: "identity".to_owned(),
            reason: "stolen".to_owned(),
            words: "盗用".to_owned(),
            ..Wanted::default()
        };
        let mut results = Vec::new();
        for name in ["别人", &person.name, &person.name] {
            service::ask(&there.app, &officer(), &wanted(name)).await.expect("asked");
            travel([&there, &home]).await;
            let all = there.app.db.read(|tx| Ok::<_, Problem>(store::newest(tx)?)).await;
            let newest = all.expect("read").into_iter().max_by_key(|one| one.at).expect("one");
            results.push(newest.result);
        }
        let codes = ["freezes-across/no-such-holder", "ok", "freezes-across/too-often"];
        assert_eq!(results, codes);
        assert!(stopped(&home.app, id).await);
        let silent = Wanted { words: String::new(), ..wanted("甲") };
        let silent = service::ask(&there.app, &officer(), &silent).await;
        assert_eq!(silent.expect_err("says why").fields[0].field, "words");
    }
}
