//! Instant issue, blanks, shelf and post.

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::org::{self, Org};
use kernel::problem::Problem;
use kernel::testing::actor;
use kernel::time::Utc;

use super::{House, code_of, good, houses};
use crate::production::progress;
use crate::production::rules::instant::Step;
use crate::production::rules::shelf::State;
use crate::production::rules::stock::Movement;
use crate::production::service::delivery::{self, HandOver};
use crate::production::service::{instant, stock};
use crate::production::store::stock as blanks;

impl House {
    async fn step(&self, person: Id, step: Step, report: &str) -> Result<(), Problem> {
        instant::save(&self.app, &self.clerk, person, step, report).await.map(drop)
    }

    async fn blanks(&self, count: i64) {
        let note = "到货单 1";
        let entered = stock::enter(&self.app, &self.clerk, Movement::Received, count, note).await;
        entered.expect("received");
    }

    async fn balance(&self, outlet: Id) -> (i64, i64) {
        let both = self.app.db.read(move |tx| {
            Ok::<_, Problem>((blanks::balance(tx, outlet)?, blanks::sum(tx, outlet)?))
        });
        both.await.expect("read")
    }

    async fn number(&self, person: Id) -> String {
        let view = instant::view(&self.app, &self.clerk, person).await.expect("a view");
        view.issue.and_then(|issue| issue.card_no).expect("a number")
    }
}

#[tokio::test]
async fn instant_issue_goes_on_at_the_exact_step() {
    for house in houses("prod_instant").await {
        let person = house.apply(0, 1).await[0];
        assert_eq!(code_of(house.step(person, Step::Blank, "").await), "production/no-stock");
        house.blanks(2).await;
        assert_eq!(code_of(house.step(person, Step::Number, "").await), "production/step-order");
        house.step(person, Step::Blank, "").await.expect("taken");
        assert_eq!(code_of(house.step(person, Step::Blank, "").await), "production/step-order");
        house.step(person, Step::Number, "").await.expect("drawn");
        let number = house.number(person).await;
        house.step(person, Step::Personalised, "").await.expect("printed");
        assert_eq!(code_of(house.step(person, Step::Keys, "xyz").await), "production/bad-report");
        house.step(person, Step::Keys, "a1b2c3").await.expect("keys");
        house.step(person, Step::Bank, "4000000000000001").await.expect("linked");
        let differs = house.step(person, Step::Verified, "A99999999").await;
        assert_eq!(code_of(differs), "production/number-differs");
        house.step(person, Step::Verified, &number).await.expect("verified");
        assert_eq!(house.stage_of(person).await, "ordered");
        house.step(person, Step::Produced, "").await.expect("made");
        assert_eq!(house.stage_of(person).await, "produced", "{}", house.engine);
        assert_eq!(house.number(person).await, number, "one number from first to last");
        assert_eq!(house.balance(house.outlet()).await, (1, 1));
        let audit = house.audit().await;
        assert_eq!((audit.holds(), audit.live), (true, 1));
    }
}

#[tokio::test]
async fn a_spoiled_card_burns_blank_and_number_and_is_started_again() {
    for house in houses("prod_spoil").await {
        let person = house.apply(0, 1).await[0];
        house.blanks(5).await;
        house.step(person, Step::Blank, "").await.expect("taken");
        instant::put_back(&house.app, &house.clerk, person).await.expect("untouched");
        assert_eq!(house.balance(house.outlet()).await, (5, 5));
        house.step(person, Step::Blank, "").await.expect("taken");
        house.step(person, Step::Number, "").await.expect("drawn");
        let burnt = house.number(person).await;
        let back = instant::put_back(&house.app, &house.clerk, person).await;
        assert_eq!(code_of(back), "production/step-order");
        instant::spoil(&house.app, &house.clerk, person, "打印偏移").await.expect("spoiled");
        let none = instant::spoil(&house.app, &house.clerk, person, "打印偏移").await;
        assert_eq!(code_of(none), "production/no-instant-issue");
        house.step(person, Step::Blank, "").await.expect("again");
        house.step(person, Step::Number, "").await.expect("again");
        assert_ne!(house.number(person).await, burnt);
        let audit = house.audit().await;
        assert_eq!((audit.holds(), audit.spoiled, audit.reserved), (true, 1, 1));
        assert_eq!(house.balance(house.outlet()).await, (3, 3), "{}", house.engine);
    }
}

#[tokio::test]
async fn a_card_is_made_in_one_place_only() {
    for house in houses("prod_once").await {
        let people = house.apply(0, 2).await;
        house.blanks(5).await;
        house.step(people[0], Step::Blank, "").await.expect("taken");
        let batch = house.gather().await.expect("the other card");
        assert_eq!(batch.lines, 1);
        let other = house.step(people[1], Step::Blank, "").await;
        assert_eq!(code_of(other), "production/in-production");
        assert_eq!(house.balance(house.outlet()).await, (4, 4), "the refused blank is back");
        let elsewhere = actor(Role::Clerk);
        let there = instant::save(&house.app, &elsewhere, people[0], Step::Number, "").await;
        assert_eq!(code_of(there), "platform/not-found");
    }
}

/// Two clerks press the same button: one card, one blank, one number.
#[tokio::test]
async fn the_same_step_at_the_same_moment_is_saved_once() {
    for house in houses("prod_same").await {
        let person = house.apply(0, 1).await[0];
        house.blanks(9).await;
        for step in [Step::Blank, Step::Number] {
            let mut tasks = Vec::new();
            for _ in 0..5 {
                let (app, clerk) = (house.app.clone(), house.clerk.clone());
                tasks.push(tokio::spawn(async move {
                    instant::save(&app, &clerk, person, step, "").await.is_ok()
                }));
            }
            let mut saved = 0;
            for task in tasks {
                saved += usize::from(task.await.expect("no panic"));
            }
            assert_eq!(saved, 1, "{step:?} {}", house.engine);
        }
        assert_eq!(house.balance(house.outlet()).await, (8, 8));
        assert_eq!(house.audit().await.drawn, 1);
    }
}

async fn outlets(house: &House) -> [Actor; 2] {
    let clerks = [house.clerk.clone(), actor(Role::Clerk)];
    let orgs: Vec<Id> = clerks.iter().filter_map(|clerk| clerk.org).collect();
    let add = move |tx: &mut kernel::db::Tx<'_>| {
        for id in &orgs {
            let org = Org {
                id: *id,
                credit_code: None,
                name_zh: format!("网点 {id}"),
                name_en: format!("Outlet {id}"),
                kind: "outlet".to_owned(),
                division: "500103".to_owned(),
                parent: None,
            };
            org::add(tx, &org, Utc::now())?;
        }
        Ok::<_, kernel::db::DbError>(())
    };
    house.app.db.housekeeping(add).await.expect("outlets");
    clerks
}

#[tokio::test]
async fn blanks_move_between_outlets_when_both_sides_say_so() {
    for house in houses("prod_transfer").await {
        let [from, to] = outlets(&house).await;
        let (here, there) = (from.org.expect("org"), to.org.expect("org"));
        house.blanks(10).await;
        let app = &house.app;
        assert_eq!(code_of(stock::send(app, &from, there, 11).await), "production/no-stock");
        assert_eq!(code_of(stock::send(app, &from, here, 1).await), "platform/invalid-input");
        let sent = stock::send(app, &from, there, 6).await.expect("sent").id;
        assert_eq!(house.balance(here).await, (4, 4));
        assert_eq!(house.balance(there).await, (0, 0), "not before it is confirmed");
        let confirm = |actor: Actor, count: i64, note: &'static str| {
            let app = app.clone();
            async move { stock::confirm(&app, &actor, sent, count, note).await }
        };
        assert_eq!(code_of(confirm(from.clone(), 6, "").await), "platform/not-found");
        assert_eq!(code_of(confirm(to.clone(), 7, "").await), "production/wrong-count");
        assert_eq!(code_of(confirm(to.clone(), 5, "").await), "production/no-explanation");
        assert_eq!(code_of(confirm(to.clone(), 5, "少一张").await), "ok");
        assert_eq!(code_of(confirm(to.clone(), 5, "少一张").await), "production/settled");
        assert_eq!(house.balance(there).await, (5, 5), "{}", house.engine);
    }
}

#[tokio::test]
async fn a_count_with_a_difference_needs_two_persons() {
    for house in houses("prod_count").await {
        house.blanks(10).await;
        let (app, clerk, outlet) = (&house.app, &house.clerk, house.outlet());
        assert_eq!(code_of(stock::count(app, clerk, 9, "").await), "production/no-explanation");
        stock::count(app, clerk, 9, "受潮一张").await.expect("counted");
        assert_eq!(code_of(stock::count(app, clerk, 9, "x").await), "production/settled");
        assert_eq!(code_of(stock::check(app, clerk, true).await), "production/same-person");
        assert_eq!(house.balance(outlet).await, (10, 10));
        stock::check(app, &house.colleague(), true).await.expect("agreed");
        assert_eq!(house.balance(outlet).await, (9, 9), "{}", house.engine);
        assert_eq!(
            code_of(stock::check(app, &house.colleague(), true).await),
            "production/settled"
        );
    }
}

#[tokio::test]
async fn movements_are_kept_for_ever() {
    for house in houses("prod_keep").await {
        house.blanks(3).await;
        for sql in ["UPDATE blank_movement SET delta = 9", "DELETE FROM blank_movement"] {
            let tampered = house.app.db.housekeeping(move |tx| tx.execute(sql, &[])).await;
            assert!(tampered.is_err(), "{sql} on {}", house.engine);
        }
    }
}

async fn made(house: &House, count: u32) -> Vec<Id> {
    let people = house.apply(0, count).await;
    let batch = house.gather().await.expect("gathered").id;
    for _ in 0..4 {
        house.pass(batch, good).await;
    }
    people
}

fn himself(name: &str) -> HandOver {
    let (receiver, document) = (name.to_owned(), "resident_card".to_owned());
    HandOver { receiver, document, ..HandOver::default() }
}

/// Art. 12: who took the card, on which document, as whose agent.
#[tokio::test]
async fn a_card_is_handed_over_on_evidence_only() {
    for house in houses("prod_evidence").await {
        let person = made(&house, 1).await[0];
        let found = house.app.db.read(move |tx| people::store::by_id(tx, person)).await;
        let name = found.expect("read").expect("a person").name;
        let hand = |evidence: HandOver| {
            let (app, clerk) = (house.app.clone(), house.clerk.clone());
            async move { delivery::hand_over(&app, &clerk, person, evidence).await }
        };
        let nothing = HandOver { document: String::new(), ..himself(&name) };
        assert_eq!(code_of(hand(nothing).await), "production/no-document");
        assert_eq!(code_of(hand(himself("王某")).await), "production/agent-incomplete");
        let half = HandOver { relation: "母亲".to_owned(), ..himself("王某") };
        assert_eq!(code_of(hand(half.clone()).await), "production/agent-incomplete");
        assert_eq!(house.stage_of(person).await, "produced");
        let whole = HandOver { agent_number: "50010319600101001X".to_owned(), ..half };
        let delivery = hand(whole).await.expect("handed over");
        assert_eq!((delivery.state, delivery.relation.as_str()), (State::HandedOver, "母亲"));
        assert_eq!(house.stage_of(person).await, "handed-over", "{}", house.engine);
        assert_eq!(code_of(hand(himself(&name)).await), "cards/wrong-stage");
    }
}

#[tokio::test]
async fn a_letter_is_followed_and_a_returned_one_lies_on_the_shelf_again() {
    for house in houses("prod_post").await {
        let people = made(&house, 3).await;
        let (app, clerk) = (&house.app, &house.clerk);
        assert_eq!(
            code_of(delivery::choose(app, clerk, people[0], "城口").await),
            "production/no-address"
        );
        let mut numbers = Vec::new();
        for person in &people[..2] {
            delivery::choose(app, clerk, *person, "重庆市城口县葛城街道1号").await.expect("chosen");
            let person = *person;
            let card = house.app.db.read(move |tx| crate::store::living(tx, person)).await;
            numbers.push(card.expect("read").and_then(|card| card.card_no).expect("a number"));
        }
        let list = delivery::post_list(app, clerk).await.expect("listed");
        assert_eq!(list.lines().count(), 2);
        let take = |text: String| delivery::take_post(app, clerk, text.into_bytes());
        let posted =
            format!("{}|posted|EM123456789CN\n{}|posted|EM123456788CN\n", numbers[0], numbers[1]);
        assert_eq!(take(posted.clone()).await.expect("taken"), 2);
        assert_eq!(take(posted).await.expect("known"), 0, "the same file twice");
        let half = format!("{}|delivered|EM123456789CN\nZZ|delivered|1\n", numbers[0]);
        assert_eq!(code_of(take(half).await), "production/file-refused");
        assert_eq!(house.stage_of(people[0]).await, "produced", "whole or not at all");
        let other = format!("{}|delivered|EM000000000CN\n", numbers[0]);
        assert_eq!(code_of(take(other).await), "production/file-refused");
        let done = format!(
            "{}|delivered|EM123456789CN\n{}|returned|EM123456788CN\n",
            numbers[0], numbers[1]
        );
        assert_eq!(take(done.clone()).await.expect("taken"), 2);
        assert_eq!(take(done).await.expect("known"), 0);
        assert_eq!(house.stage_of(people[0]).await, "handed-over", "{}", house.engine);
        let shelf = delivery::shelf(app, house.outlet()).await.expect("the shelf");
        assert_eq!((shelf.shelf.len(), shelf.posted.len()), (2, 0));
    }
}

#[tokio::test]
async fn holders_who_do_not_come_are_reminded_once_in_a_while() {
    for house in houses("prod_remind").await {
        let people = made(&house, 2).await;
        assert_eq!(delivery::remind(&house.app).await.expect("round"), 0);
        let sql = "UPDATE card_delivery SET since = since - 3000000000000";
        house.app.db.housekeeping(move |tx| tx.execute(sql, &[])).await.expect("aged");
        let shelf = delivery::shelf(&house.app, house.outlet()).await.expect("the shelf");
        assert_eq!(shelf.uncollected.len(), 2);
        let perform = crate::rules::Command::HandOver { to: "本人".to_owned() };
        let handed = crate::service::perform(&house.app, &house.clerk, people[0], perform).await;
        handed.expect("handed over at the desk");
        let told = house.count("outbox").await;
        assert_eq!(delivery::remind(&house.app).await.expect("round"), 1, "{}", house.engine);
        assert_eq!(delivery::remind(&house.app).await.expect("round"), 0, "not every hour");
        assert_eq!(house.count("outbox").await, told + 1);
    }
}

#[tokio::test]
async fn an_application_is_followed_like_a_parcel() {
    for house in houses("prod_parcel").await {
        let person = house.apply(0, 1).await[0];
        let steps = || async {
            let steps = house.app.db.read(move |tx| progress(tx, person)).await.expect("read");
            let told: Vec<(String, String)> =
                steps.iter().map(|s| (s.name.en.clone(), format!("{:?}", s.state))).collect();
            told
        };
        let now = |steps: &[(String, String)]| {
            let found = steps.iter().find(|(_, state)| state == "Now" || state == "Failed");
            found.map(|(name, state)| format!("{name} {state}")).unwrap_or_default()
        };
        let batch = house.gather().await.expect("gathered").id;
        let seen = ["Bank account Now", "Card factory Now", "Key centre Now", "Outlet Now"];
        for expected in seen {
            assert_eq!(now(&steps().await), expected, "{}", house.engine);
            house.pass(batch, good).await;
        }
        assert_eq!(now(&steps().await), "To be collected Now");
        assert_eq!(steps().await.len(), 7);
    }
}
