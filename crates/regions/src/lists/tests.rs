//! Two installations that keep one joint list, on both engines (Art. 14).

use std::sync::Arc;

use items::rules::workflow::Said;
use items::rules::{Item, State};
use items::service::{self as items_service, Catalogue, Proposal};
use kernel::actor::{Actor, Role};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::testing::{Client, actor};
use kernel::time::{Utc, day_text};
use time::{Date, Duration};

use super::rules::{Act, Mark, Stand, differences, follow};
use super::{round, service, store};
use crate::service::{deliver, messages};
use crate::tests::{House, pairs};

const CODE: &str = "CY-CU-901";

fn day(after: i64) -> Date {
    Utc::now().day().saturating_add(Duration::days(after))
}

fn draft(from: Date) -> Proposal {
    Proposal {
        code: CODE.to_owned(),
        name_zh: "川渝图书通借".to_owned(),
        name_en: "Borrowing in both regions".to_owned(),
        field: "culture".to_owned(),
        list: "joint".to_owned(),
        level: "code".to_owned(),
        ways: "code,card".to_owned(),
        discloses: "name_masked".to_owned(),
        basis: "条例第七条".to_owned(),
        guide_zh: "出示卡码".to_owned(),
        guide_en: "Show the code".to_owned(),
        from: day_text(from),
        why: "核对是本人".to_owned(),
        ..Proposal::default()
    }
}

fn drafter() -> Actor {
    actor(Role::MunicipalOfficer)
}

fn approver() -> Actor {
    actor(Role::MunicipalApprover)
}

/// Both tell and hear until nothing moves any more.
async fn travel(one: &House, two: &House) {
    for _ in 0..4 {
        for house in [one, two] {
            round(&house.app, Utc::now().day()).await.expect("a round");
            deliver::round(&house.app).await.expect("delivered");
        }
    }
}

async fn waiting(app: &App) -> Option<String> {
    let tasks = items_service::all_waiting(app).await.expect("read");
    tasks.into_iter().find(|task| task.item.code == CODE).map(|task| task.taken.step)
}

async fn say(app: &App, step: &str, yes: bool) -> Result<Item, Problem> {
    let tasks = items_service::all_waiting(app).await?;
    let task = tasks.into_iter().find(|task| task.taken.step == step);
    let id = task.ok_or_else(Problem::not_found)?.taken.id;
    let (comment, evidence) = ("再议".to_owned(), format!("{}〔2026〕9号", app.config.region));
    let said = Said { yes, comment, evidence };
    items_service::decide(app, &Arc::<Catalogue>::default(), &approver(), id, said).await
}

async fn versions(app: &App) -> Vec<(i64, State, Date, Option<Date>)> {
    let history = items_service::history(app, CODE).await.expect("known");
    let versions = history.versions.iter();
    versions.map(|item| (item.version, item.state, item.from, item.until)).collect()
}

/// Drafted here, adopted there, decided by both: publication waits on both sides.
async fn agreed(one: &House, two: &House, from: Date) {
    items_service::propose(&one.app, &drafter(), &draft(from)).await.expect("drafted");
    travel(one, two).await;
    let mut officer = Client::signed_in(&two.router, &two.app, &drafter()).await;
    let page = officer.get("/office/regions/lists").await.text();
    let way = format!("/office/regions/lists/{CODE}/adopt");
    assert!(page.contains("川渝图书通借") && page.contains(&way), "{page}");
    assert_eq!(officer.post_form(&way, &[]).await.status, 303, "drafted by the other's text");
    travel(one, two).await;
    for house in [one, two] {
        assert_eq!(waiting(&house.app).await.as_deref(), Some("decide-chongqing"), "same text");
    }
    say(&one.app, "decide-chongqing", true).await.expect("decided");
    travel(one, two).await;
    for house in [one, two] {
        assert_eq!(waiting(&house.app).await.as_deref(), Some("decide-sichuan"));
    }
    say(&two.app, "decide-sichuan", true).await.expect("decided");
    travel(one, two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_joint_item_is_drafted_decided_and_begins_in_both_regions_on_the_same_day() {
    for (one, two) in pairs("lists_both").await {
        agreed(&one, &two, day(5)).await;
        say(&one.app, "publish", true).await.expect("published");
        travel(&one, &two).await;
        for house in [&one, &two] {
            assert_eq!(versions(&house.app).await, [(1, State::Published, day(5), None)]);
            assert_eq!(waiting(&house.app).await, None);
            // Each side's record names the other's document and its own.
            let history = items_service::history(&house.app, CODE).await.expect("known");
            let steps = &history.cases[0].1;
            let documents = steps.iter().map(|step| step.evidence.clone()).collect::<Vec<_>>();
            assert_eq!(documents[1..3], ["500000〔2026〕9号", "510000〔2026〕9号"]);
            // The eve comes, and both have confirmed.
            round(&house.app, day(4)).await.expect("a round");
            assert_eq!(versions(&house.app).await[0].1, State::Published);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_other_side_has_not_confirmed_on_the_eve_begins_in_neither_and_the_old_text_stays()
{
    for (one, two) in pairs("lists_eve").await {
        agreed(&one, &two, day(3)).await;
        say(&one.app, "publish", true).await.expect("published");
        travel(&one, &two).await;
        // A change, of which the other side hears nothing.
        agreed(&one, &two, day(9)).await;
        say(&one.app, "publish", true).await.expect("published");
        assert_eq!(versions(&one.app).await[1].3, Some(day(8)), "the old text would end");
        round(&one.app, day(7)).await.expect("a round");
        assert_eq!(versions(&one.app).await[0].1, State::Published, "there is still time");
        round(&one.app, day(8)).await.expect("a round");
        let known = versions(&one.app).await;
        assert_eq!((known[0].1, known[1].3), (State::Rejected, None), "the old text stays");
        travel(&one, &two).await;
        let there = versions(&two.app).await;
        assert_eq!((there[0].1, there[1].3), (State::Rejected, None), "there too");
        assert_eq!(waiting(&two.app).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_of_one_government_ends_it_in_both_and_different_texts_take_no_step() {
    for (one, two) in pairs("lists_no").await {
        items_service::propose(&one.app, &drafter(), &draft(day(5))).await.expect("drafted");
        let other = Proposal { places: "市州图书馆".to_owned(), ..draft(day(6)) };
        items_service::propose(&two.app, &drafter(), &other).await.expect("drafted");
        travel(&one, &two).await;
        for house in [&one, &two] {
            assert_eq!(waiting(&house.app).await.as_deref(), Some("joint-draft"), "they differ");
        }
        let mut client = Client::signed_in(&one.router, &one.app, &drafter()).await;
        let page = client.get("/office/regions/lists").await.text();
        assert!(page.contains("市州图书馆") && page.contains("两边文本的不同"), "{page}");

        // Sichuan gives up its own text and takes Chongqing's; then its government says no.
        say(&two.app, "joint-draft", false).await.expect("sent back");
        travel(&one, &two).await;
        assert_eq!(waiting(&one.app).await.as_deref(), Some("joint-draft"), "not about our text");
        service::adopt(&two.app, &drafter(), CODE).await.expect("adopted");
        travel(&one, &two).await;
        say(&one.app, "decide-chongqing", true).await.expect("decided");
        travel(&one, &two).await;
        say(&two.app, "decide-sichuan", false).await.expect("said no");
        travel(&one, &two).await;
        for house in [&one, &two] {
            assert_eq!(waiting(&house.app).await, None);
            assert!(versions(&house.app).await.iter().all(|known| known.1 == State::Rejected));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_for_the_other_and_what_is_no_joint_item_is_refused() {
    for (one, two) in pairs("lists_forged").await {
        let made = items_service::propose(&one.app, &drafter(), &draft(day(5))).await;
        let made = made.expect("drafted");
        let ours = one.app.db.read(|tx| service::both(tx, "500000", Utc::now())).await;
        let ours = ours.expect("read").expect("trusted").ours.remove(0);
        assert_eq!(ours.item.id, made.id);
        let told =
            Mark { stand: Stand::Published, document: "川".to_owned(), ..ours.mark.clone() };
        let city = Proposal { list: "city".to_owned(), ..draft(day(5)) };
        let cells = city.cells().into_iter().map(str::to_owned).collect();
        let wrong = Mark { cells, ..told.clone() };
        let short = Mark { cells: told.cells[..3].to_vec(), ..told.clone() };
        for mark in [&wrong, &short, &told] {
            forge(&two.app, mark).await;
        }
        deliver::round(&two.app).await.expect("delivered");
        for _ in 0..4 {
            round(&one.app, Utc::now().day()).await.expect("a round");
        }
        // Their word takes their draft, and stops at our government.
        assert_eq!(waiting(&one.app).await.as_deref(), Some("decide-chongqing"));
        let heard = one.app.db.read(|tx| store::heard(tx, "510000")).await.expect("read");
        assert_eq!(heard.len(), 1, "the two others were refused");
    }
}

/// Art. 14: a joint change is published early enough for the other region to begin on the same day.
#[tokio::test(flavor = "multi_thread")]
async fn a_joint_change_is_published_ahead() {
    for (one, two) in pairs("lists_ahead").await {
        agreed(&one, &two, day(1)).await;
        let no = say(&one.app, "publish", true).await.expect_err("too late for both");
        assert_eq!(no.code, "items/joint-same-day");
    }
}

async fn forge(app: &App, mark: &Mark) {
    let (sender, mark) = (app.clone(), mark.clone());
    let entry =
        kernel::journal::Entry::new(app.id(), Utc::now(), &drafter(), "list.told", "Art. 14");
    let posted = app.db.write(move |tx| {
        let new = messages::New {
            to: "500000".to_owned(),
            kind: super::HANDLER.kind,
            version: 1,
            person_key: String::new(),
            lifetime_s: 600,
            purpose: "x",
            basis: "Art. 14",
            journal: entry.id,
            body: serde_json::to_value(&mark).expect("plain data"),
        };
        messages::post(tx, &sender, &new, entry.at)?;
        Ok::<_, Problem>(kernel::journal::record(tx, &entry)?)
    });
    posted.await.expect("posted");
}

fn mark(stand: Stand, from: Date) -> Mark {
    let cells = draft(from).cells().into_iter().map(str::to_owned).collect();
    let (code, last) = (CODE.to_owned(), String::new());
    Mark { code, cells, last, stand, document: String::new(), why: String::new(), opened: 0 }
}

#[test]
fn a_published_item_stays_only_while_the_other_side_stands_by_it() {
    let (ours, today) = (mark(Stand::Published, day(3)), Utc::now().day());
    let after = |theirs: Stand, today: Date| {
        let act = follow("500000", (&ours, None), &mark(theirs, day(3)), today);
        matches!(act, Some(Act::CallOff(_)))
    };
    assert!(!after(Stand::Published, day(2)) && !after(Stand::Decided, today));
    assert!(after(Stand::Decided, day(2)), "the eve");
    assert!(after(Stand::CalledOff, today) && after(Stand::Ended, today));
    let other = mark(Stand::CalledOff, day(4));
    assert!(follow("500000", (&ours, None), &other, today).is_none(), "of another text");
    assert_eq!(differences(&ours, &other).len(), 1);
}

/// The word of an older case that comes late neither hides nor undoes what the newer one says.
#[tokio::test(flavor = "multi_thread")]
async fn the_newer_case_of_an_item_is_the_one_that_is_shown() {
    for (one, two) in pairs("lists_newer").await {
        let old = Mark { opened: 1, ..mark(Stand::Drafted, day(5)) };
        let new = Mark { opened: 2, ..mark(Stand::Drafted, day(9)) };
        let gone = Mark { stand: Stand::CalledOff, ..old.clone() };
        // The same text once more, as a newer case; then the old case's end comes late.
        let again = Mark { opened: 3, ..old.clone() };
        for (told, counts) in
            [(&old, &old), (&new, &new), (&gone, &new), (&again, &again), (&gone, &again)]
        {
            forge(&two.app, told).await;
            deliver::round(&two.app).await.expect("delivered");
            let heard = one.app.db.read(|tx| store::heard(tx, "510000")).await.expect("read");
            assert_eq!(&heard[0].mark, counts);
        }
    }
}
