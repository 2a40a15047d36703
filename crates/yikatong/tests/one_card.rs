//! One person, one card, across two installations with their own databases (Art. 5, 17).

use kernel::actor::Role;
use kernel::platform::App;
use kernel::testing::{self, Client};
use people::generate::GeneratedPerson;
use regions::{onecard, service::deliver};
use serde_json::json;

use crate::recognition::both;
use crate::town::{Town, grown_ups};

/// Both regions, asking one another before a first card is made.
async fn pairs(name: &str) -> Vec<(Town, Town)> {
    let pairs = both(name).await;
    for (one, two) in &pairs {
        for town in [one, two] {
            let on = "DELETE FROM setting WHERE name = 'regions.one-card-check'";
            town.app.db.housekeeping(|tx| tx.execute(on, &[])).await.expect("on");
        }
        while !(knows(&one.app).await && knows(&two.app).await) {
            travel(one, two).await;
        }
    }
    pairs
}

/// Whether a side has told and heard that both ask: its jobs may have told otherwise before.
async fn knows(app: &App) -> bool {
    let sql = "SELECT COUNT(*) FROM onecard_stand WHERE told = 'on' AND theirs = 'on'";
    app.db.read(|tx| tx.one(sql, &[])?.get::<i64>(0)).await.expect("a count") > 0
}

/// The jobs' rounds on both sides; the installations' own jobs run beside them.
async fn travel(one: &Town, two: &Town) {
    for _ in 0..4 {
        for town in [one, two] {
            // One that met the installation's own job looks again in the next round.
            let _ = onecard::round(&town.app).await;
            deliver::round(&town.app).await.expect("delivered");
        }
    }
}

async fn apply(town: &mut Town, person: &GeneratedPerson) -> String {
    let id = town.register(person).await;
    town.step(&id, "", json!({})).await;
    id
}

async fn make(town: &mut Town, person: &str) -> (u16, String) {
    let path = format!("/api/v1/people/{person}/card/produce");
    let reply = town.clerk.post_json(&path, &json!({})).await;
    let code = if reply.status == 200 { String::new() } else { reply.code() };
    (reply.status.as_u16(), code)
}

/// What making the card says once the other region has answered.
async fn settled(here: &mut Town, there: &Town, person: &str) -> (u16, String) {
    for _ in 0..100 {
        travel(here, there).await;
        let said = make(here, person).await;
        if said.1 != "cards/asked-elsewhere" {
            return said;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no answer")
}

async fn told(app: &App) -> i64 {
    let sql =
        "SELECT COUNT(*) FROM journal_entry WHERE act = 'onecard.told' AND subject_id IS NOT NULL";
    app.db.read(|tx| tx.one(sql, &[])?.get::<i64>(0)).await.expect("a count")
}

/// Art. 5, 17, 18: who has a card in one region gets none in the other until it has ended, and no number
/// travels.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_card_in_one_region_gets_none_in_the_other_until_it_has_ended() {
    for (mut home, mut there) in pairs("one_card").await {
        let person = grown_ups().nth(80).expect("somebody");
        let id = apply(&mut home, &person).await;
        let (status, code) = make(&mut home, &id).await;
        assert_eq!((status, code.as_str()), (409, "cards/asked-elsewhere"), "before the answer");
        assert_eq!(settled(&mut home, &there, &id).await.0, 200);

        let other = apply(&mut there, &person).await;
        let no = settled(&mut there, &home, &other).await;
        assert_eq!((no.0, no.1.as_str()), (409, "cards/held-elsewhere"));
        assert_eq!(
            (told(&home.app).await, told(&there.app).await),
            (1, 0),
            "he sees that he was asked about"
        );
        let sent = "SELECT text FROM region_outbox";
        for town in [&home, &there] {
            let read = |tx: &mut kernel::db::Tx<'_>| {
                let rows = tx.query(sent, &[])?;
                rows.iter().map(|row| row.get::<String>(0)).collect::<Result<Vec<_>, _>>()
            };
            for text in town.app.db.read(read).await.expect("messages") {
                assert!(!text.contains(person.number.as_str()) && !text.contains(&person.name));
            }
        }

        home.step(&id, "/hand-over", json!({"to": "本人"})).await;
        home.step(&id, "/cancel", json!({"cause": "left-for-good", "evidence": "公证书 1"})).await;
        let officer = testing::actor(Role::MunicipalOfficer);
        let mut office = Client::signed_in(&there.built.router, &there.app, &officer).await;
        let page = office.get("/office/regions").await.text();
        assert!(page.contains("暂缓制卡"), "{page}");
        let field = |name: &str| {
            let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\"")).expect(name);
            rest.split('"').next().expect("a value").to_owned()
        };
        let (card, who) = (field("card"), field("person"));
        let form = [("card", card.as_str()), ("person", who.as_str()), ("region", "500000")];
        assert_eq!(office.post_form("/office/regions/again", &form).await.status, 303);
        assert_eq!(office.post_form("/office/regions/again", &form).await.status, 404);
        assert_eq!(settled(&mut there, &home, &other).await.0, 200, "the other one has ended");
        home.journal_holds().await;
        there.journal_holds().await;
    }
}

/// Art. 5: who applies in both regions at once gets two cards in neither order.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_applications_at_the_same_moment_at_most_one_becomes_a_card() {
    for (mut home, mut there) in pairs("one_card_race").await {
        for nth in 81..84 {
            let person = grown_ups().nth(nth).expect("somebody");
            let (one, two) = tokio::join!(apply(&mut home, &person), apply(&mut there, &person));
            let made_one = settled(&mut home, &there, &one).await.0 == 200;
            let made_two = settled(&mut there, &home, &two).await.0 == 200;
            assert!(!(made_one && made_two), "two cards for one person");
        }
    }
}

/// Art. 5, 20: a region that is silent holds cards up for some days and not for ever; a batch leaves them out.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_region_delays_a_card_and_does_not_prevent_it() {
    let (mut home, there) = pairs("one_card_silent").await.remove(0);
    let cut = "UPDATE region_link SET next_at = 0, failures = 0";
    there.app.db.housekeeping(|tx| tx.execute(cut, &[])).await.expect("ready");
    let person = grown_ups().nth(85).expect("somebody");
    let id = apply(&mut home, &person).await;
    let officer = kernel::actor::Actor { org: Some(home.outlet), ..testing::actor(Role::Clerk) };
    let scope = cards::production::service::gather::Scope::Outlet(home.outlet);
    let none =
        cards::production::service::gather::gather(&home.app, &officer, scope.clone(), None).await;
    assert!(none.is_err(), "nothing that is clear waits");
    let old = "UPDATE onecard_check SET asked_at = 0, state = 'asked', answered_at = NULL";
    for _ in 0..100 {
        let _ = onecard::round(&home.app).await;
        if home.app.db.housekeeping(|tx| tx.execute(old, &[])).await.expect("long ago") == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(make(&mut home, &id).await.0, 200, "after the days of patience");
}

/// Art. 5: who does not answer says so, and the other does not wait in vain; when he answers again, he is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_switches_the_question_off_tells_it_and_is_not_waited_for() {
    for (mut home, there) in pairs("one_card_off").await {
        let off = "INSERT INTO setting (name, from_at, value)
                   VALUES ('regions.one-card-check', 0, 0)";
        there.app.db.housekeeping(|tx| tx.execute(off, &[])).await.expect("off");
        let person = grown_ups().nth(86).expect("somebody");
        let id = apply(&mut home, &person).await;
        assert_eq!(settled(&mut home, &there, &id).await.0, 200, "its word is enough");
        let officer = testing::actor(Role::MunicipalOfficer);
        let mut browser = Client::signed_in(&home.built.router, &home.app, &officer).await;
        let page = browser.get("/office/regions").await.text();
        assert!(page.contains("已告知停用一人一卡核对"), "{page}");
        let on = "DELETE FROM setting WHERE name = 'regions.one-card-check'";
        there.app.db.housekeeping(|tx| tx.execute(on, &[])).await.expect("on");
        travel(&home, &there).await;
        let page = browser.get("/office/regions").await.text();
        assert!(!page.contains("已告知停用一人一卡核对"), "{page}");
        let other = apply(&mut home, &grown_ups().nth(87).expect("somebody")).await;
        assert_eq!(make(&mut home, &other).await.1, "cards/asked-elsewhere");
        assert_eq!(settled(&mut home, &there, &other).await.0, 200);
    }
}
