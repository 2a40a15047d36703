//! The national platforms over files and HTTP, well and badly behaved, on both engines (Art. 5, 23).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kernel::actor::Role;
use kernel::db::Tx;
use kernel::journal::Entry;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, actor};
use kernel::time::Utc;
use people::generate::GeneratedPerson;
use people::service::Registration;

use super::rules::{Decoded, NATION, Purpose, state_code};
use super::simulator::{Host, Script, router};
use super::{service, store};
use crate::tests::{House, pairs};

fn person(nth: usize) -> GeneratedPerson {
    let fits = |person: &GeneratedPerson| {
        person.document == people::document::DocumentKind::ResidentCard
            && (1960..2000).contains(&person.birth.year())
    };
    (0..).filter_map(|n| people::generate::person(4, n)).filter(fits).nth(nth).expect("one")
}

/// Registers somebody and applies for his first card.
async fn apply(app: &App, person: &GeneratedPerson) {
    let form = Registration {
        number: person.number.as_str().to_owned(),
        document: person.document.code().to_owned(),
        name: person.name.clone(),
        phone: person.phone.clone(),
        address: person.address.clone(),
        household: "500103".to_owned(),
        ground: "household".to_owned(),
        ..Registration::default()
    };
    let (id, fresh, now) = (app.id(), people::service::fresh_ids(app), Utc::now());
    let clerk = actor(Role::Clerk);
    let entry = Entry::new(app.id(), now, &clerk, "person.registered", "Art. 12");
    let write = move |tx: &mut Tx<'_>| {
        let read = people::service::read_registration(&form, id, now.day())?;
        people::service::register_in(tx, &read, &entry, &fresh)
    };
    let made = app.db.write::<_, Problem>(write).await.expect("registered");
    let wanted = cards::rules::Command::Apply { guardian: String::new() };
    cards::service::perform(app, &clerk, made.id, wanted).await.expect("applied");
    while kernel::journal::sequence(app).await.map_or(true, |done| done > 0) {}
}

fn host(app: &App, script: &str) -> Host {
    let script: Script = script.parse().expect("a script");
    let key = service::public_key(app).expect("a key");
    let book = app.config.data.join("national-book.jsonl");
    Host::open([9; 32], vec![key], script, &book).expect("a platform")
}

fn set_up(data: &Path, host: &Host, address: &str) {
    let key = host.public_key();
    let text = serde_json::json!({"address": address, "key": key, "seal": key}).to_string();
    std::fs::write(data.join("national.json"), text).expect("written");
}

async fn serve(house: &House, host: Host) -> Arc<Host> {
    let host = Arc::new(host);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    set_up(&house.app.config.data, &host, &address);
    let app = router(host.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    host
}

async fn waiting(app: &App) -> i64 {
    let read = app.db.read(|tx| Ok::<_, Problem>(store::health(tx)?)).await;
    read.expect("read").2
}

/// One round as the job makes it, whatever the pause.
async fn round(app: &App) {
    let ready = "UPDATE national_way SET next_at = 0";
    app.db.housekeeping(|tx| tx.execute(ready, &[])).await.expect("ready");
    service::round(app).await.expect("a round");
}

/// Art. 23: the state of a card goes up once per change, sealed; files need no line.
#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_a_card_goes_up_by_files_and_nothing_is_told_twice() {
    for (house, _) in pairs("national_files").await {
        let app = &house.app;
        assert_eq!(service::round(app).await.expect("a round"), "not set up");
        let host = host(app, "good");
        set_up(&app.config.data, &host, "");
        let one = person(0);
        apply(app, &one).await;
        round(app).await;
        assert_eq!(waiting(app).await, 1, "its file is out");
        let out = std::fs::read_dir(app.config.data.join("national-out")).expect("a folder");
        for file in out {
            let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
            assert!(!text.contains(one.number.as_str()) && !text.contains(&one.name), "{text}");
        }
        assert_eq!(host.step(&app.config.data).expect("a look"), 1);
        round(app).await;
        assert_eq!(waiting(app).await, 0);
        let taken = host.taken();
        let line = taken.values().next().expect("one line");
        assert_eq!((&line["number"], &line["social"]), (&one.number.as_str().into(), &"0".into()));
        round(app).await;
        assert_eq!((waiting(app).await, host.taken().len()), (0, 1), "the same is not told again");
    }
}

/// A platform that errs, loses, lies and mixes gets every change in the end, and each once.
#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_behaves_badly_gets_all_of_it_once_and_its_lies_are_alarmed() {
    for (house, _) in pairs("national_bad").await {
        let app = &house.app;
        for nth in 0..5 {
            apply(app, &person(nth)).await;
        }
        for word in ["error", "lose", "garbage", "forge", "mix"] {
            serve(&house, host(app, &format!("seed:1,{word}"))).await;
            round(app).await;
            assert_eq!(waiting(app).await, 5, "{word}: nothing counts as told");
        }
        let host = serve(&house, host(app, "seed:1,half,strange")).await;
        for _ in 0..10 {
            round(app).await;
        }
        assert_eq!((waiting(app).await, host.taken().len()), (0, 5));
        let alarms = app.db.read(crate::store::alarms).await.expect("alarms");
        let of = |code: &str| alarms.iter().any(|one| one.region == NATION && one.code == code);
        assert!(of("regions/forged") && of("regions/scope"), "{alarms:?}");
    }
}

/// Art. 5: whoever has a card elsewhere in the country gets no first card here before it is settled.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_card_waits_for_the_nation_and_is_held_where_somebody_has_one() {
    for (house, _) in pairs("national_held").await {
        let app = &house.app;
        let (one, two) = (person(1), person(2));
        let known =
            host(app, "good").knowing(vec![two.number.as_str().to_owned()], BTreeMap::new(), None);
        serve(&house, known).await;
        round(app).await;
        apply(app, &one).await;
        apply(app, &two).await;
        let off = "INSERT INTO onecard_stand (region, theirs) VALUES ('510000', 'off')";
        app.db.housekeeping(|tx| tx.execute(off, &[])).await.expect("the neighbour is silent");
        let cards = "SELECT id FROM card ORDER BY id";
        let cards = app.db.read(move |tx| {
            let rows = tx.query(cards, &[])?;
            rows.iter().map(|row| row.get(0)).collect::<Result<Vec<kernel::id::Id>, _>>()
        });
        let cards = cards.await.expect("two cards");
        let look = || {
            let (app, cards) = (app.clone(), cards.clone());
            async move {
                let read = move |tx: &mut Tx<'_>| crate::onecard::elsewhere(tx, &cards);
                let mut said: Vec<_> = app.db.read(read).await.expect("read").into_iter().collect();
                said.sort_by_key(|(card, _)| *card);
                said.into_iter().map(|(_, said)| said).collect::<Vec<_>>()
            }
        };
        use cards::rules::Elsewhere::{Asked, Clear, Held};
        assert_eq!(look().await, [Asked, Asked]);
        round(app).await;
        assert_eq!(look().await, [Clear, Held]);
        let officer = actor(Role::MunicipalOfficer);
        let mut browser = Client::signed_in(&house.router, app, &officer).await;
        let page = browser.get("/office/regions").await.text();
        assert!(page.contains("全国平台"), "{page}");
    }
}

/// Art. 2, 18, 23: a code of elsewhere is opened for an item and a purpose, and shows the item's fields only.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_elsewhere_is_decoded_for_one_item_and_purpose() {
    for (house, _) in pairs("national_decode").await {
        let app = &house.app;
        let who = person(3);
        let behind = Decoded {
            number: who.number.as_str().to_owned(),
            name: who.name.clone(),
            region: "330000".to_owned(),
        };
        let text = crate::service::trust::own_descriptor(app).expect("set up").text;
        let said: crate::rules::Descriptor = serde_json::from_str(&text).expect("a descriptor");
        let codes = BTreeMap::from([("ESSC:ABCDEFGH".to_owned(), behind)]);
        let seal = hex::decode(&said.seal).ok();
        serve(&house, host(app, "good").knowing(Vec::new(), codes, seal)).await;
        let list = items::service::Catalogue::default();
        let shared = app.clone();
        let entry = Entry::new(app.id(), Utc::now(), &actor(Role::Clerk), "test.made", "");
        app.db
            .write(move |tx| {
                items::seed::seed(tx, &|| shared.id(), &|_| kernel::id::Id(1), Utc::now())?;
                kernel::journal::record(tx, &entry)
            })
            .await
            .expect("the list");
        list.load(app).await.expect("read");
        let clerk = actor(Role::Clerk);
        let decode = |code: &'static str, purpose: &'static str, item: &'static str| {
            service::decode(app, &list, &clerk, (code, purpose, item))
        };
        let shown = decode("ESSC:ABCDEFGH", "01", "CY-CU-001").await.expect("decoded");
        let fields: Vec<&str> = shown.fields.iter().map(|(field, _)| field.code()).collect();
        assert_eq!(
            (shown.region.as_str(), fields),
            ("330000", vec!["name_masked", "number_masked"])
        );
        assert!(!format!("{shown:?}").contains(who.number.as_str()));
        for (code, purpose, item, why) in [
            ("ESSC:ABCDEFGH", "02", "CY-CU-001", "national/purpose"),
            ("ESSC:ABCDEFGH", "04", "CY-CU-001", "national/purpose"),
            ("ESSC:ABCDEFGH", "01", "NO-XX-001", "national/item"),
            ("ESSC:NOBODY-0", "01", "CY-CU-001", "national/unknown-code"),
        ] {
            let refused = decode(code, purpose, item).await.expect_err("refused");
            assert_eq!(refused.code, why);
        }
        let department = actor(Role::DepartmentOfficer);
        let foreign =
            service::decode(app, &list, &department, ("ESSC:ABCDEFGH", "01", "CY-CU-001")).await;
        assert_eq!(foreign.expect_err("not its item").code, "national/item");
        let kept = "SELECT COUNT(*) FROM journal_entry WHERE act = 'national.decoded'";
        let kept = app.db.read(move |tx| tx.one(kept, &[])?.get::<i64>(0)).await;
        assert_eq!(kept.expect("a count"), 2, "each question that left is on record");
    }
}

#[test]
fn purposes_states_and_scripts_are_read_strictly() {
    for code in ["01", "02", "03", "04"] {
        assert_eq!(Purpose::from_code(code).expect("known").code(), code);
    }
    assert!(Purpose::from_code("05").is_none() && !Purpose::Payment.fits("health"));
    assert!(Purpose::Medical.fits("health") && !Purpose::Medical.fits("culture"));
    let states = ["off", "on", "lost-temporarily", "lost", "locked", "suspended", "ended"];
    assert_eq!(states.map(state_code), ["0", "1", "2", "3", "4", "4", "9"]);
    for bad in ["", "seed", "seed:x", "seed:1,fly=10", "seed:1,lose=101"] {
        assert!(bad.parse::<Script>().is_err(), "{bad}");
    }
}
