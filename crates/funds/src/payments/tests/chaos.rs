//! The whole service under a bank with moods, from a seed: after each step books and payments agree, and in
//! the end nobody was paid twice.

use std::collections::BTreeMap;

use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::testing::actor;

use super::house::{House, Mood, houses, paid, returned};
use crate::payments::port::LineResult;
use crate::payments::rules::State;
use crate::payments::service::release::{self, Hand};
use crate::payments::service::{exceptions as queue, returned as again, work};
use crate::payments::store::{batches, exceptions, returned as corrections, stops};

/// Numbers of a seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        if most == 0 { 0 } else { (self.0 % most as u64) as usize }
    }
}

/// What the bank really did, by reference.
type Truth = BTreeMap<String, bool>;

fn tell(house: &House, draw: &mut Draw, truth: &mut Truth, number: usize) {
    let files = house.host.files.lock().unwrap().clone();
    let Some((id, orders)) = files.iter().nth(draw.below(files.len())) else { return };
    let mut lines = Vec::new();
    for order in &orders.orders {
        let word: LineResult = match draw.below(8) {
            0 => LineResult::Pending,
            1 => continue,
            n => match *truth.entry(order.reference.clone()).or_insert(n > 3) {
                true => paid(),
                false => returned(),
            },
        };
        let fen = order.fen + i64::from(draw.below(12) == 0);
        lines.push((order.reference.clone(), fen, word));
    }
    if draw.below(2) == 0 {
        lines.reverse();
    }
    house.report(&format!("T{number}"), id, lines);
}

async fn officials(house: &House, draw: &mut Draw) {
    let open = house.read(|tx| exceptions::waiting(tx, 50)).await;
    for one in open {
        let actions = one.kind.actions();
        let action = actions[draw.below(actions.len())];
        let (app, finance) = (&house.app, &house.finance);
        let _ = queue::ask(app, &finance[0], one.id, action, "核实完毕").await;
        let _ = queue::decide(app, &finance[1], one.id, draw.below(4) > 0).await;
    }
}

async fn correct(house: &House) {
    let clerk = actor(Role::DistrictOfficer);
    for (person, payment, _, _) in house.read(|tx| corrections::waiting(tx, 50)).await {
        let place = house.people.iter().position(|one| one.0 == person).expect("somebody");
        let holder = Actor { person: Some(person), ..actor(Role::Holder) };
        let _ = again::correct(&house.app, &holder, payment, house.people[place].1).await;
        let _ = again::review(&house.app, &clerk, payment, true).await;
    }
    again::round(&house.app).await.expect("paid again");
}

async fn release_all(house: &House) {
    while work::reserve(&house.app).await.expect("reserved") {}
    for batch in house.read(|tx| batches::newest(tx, "", 50)).await {
        let (app, finance) = (&house.app, &house.finance);
        let _ = release::release(app, &finance[0], batch.id, Hand::Ask).await;
        let _ = release::release(app, &finance[1], batch.id, Hand::Approve).await;
    }
}

async fn stop_or_lift(house: &House) {
    match house.read(stops::in_force).await.first() {
        Some(stop) => {
            release::lift(&house.app, &house.finance[2], stop.id, "演练结束")
                .await
                .expect("lifted");
        }
        None => {
            release::stop(&house.app, &house.finance[0], None, "演练").await.expect("stopped");
        }
    }
}

async fn play(house: &House, seed: u64) {
    let (mut draw, mut truth) = (Draw(seed * 0x9e37_79b9 + 1), Truth::new());
    house.accept(house.roster("2026-11", &[0, 1, 2, 3, 4, 5]).await).await.expect("accepted");
    house.accept(house.roster("2026-12", &[0, 2, 4]).await).await.expect("accepted");
    for step in 0..40 {
        match draw.below(8) {
            0 => release_all(house).await,
            1 => {
                let moods = [Mood::Takes, Mood::Refuses, Mood::Silent, Mood::Deaf];
                *house.host.mood.lock().unwrap() = moods[draw.below(4)];
            }
            2 | 3 => drop(house.round().await),
            4 | 5 => tell(house, &mut draw, &mut truth, step),
            6 => officials(house, &mut draw).await,
            _ if draw.below(3) == 0 => stop_or_lift(house).await,
            _ => correct(house).await,
        }
        house.books_hold().await;
    }
    once(house, &truth).await;
}

/// One reference left in one file that was not refused, with one content; nobody is live twice.
async fn once(house: &House, truth: &Truth) {
    let mut at: BTreeMap<String, String> = BTreeMap::new();
    for file in house.host.files.lock().unwrap().values() {
        for order in &file.orders {
            let first = at.entry(order.reference.clone()).or_insert(file.id.clone());
            assert_eq!(*first, file.id, "{} left in two files", order.reference);
        }
    }
    let sent = house.host.sent.lock().unwrap().clone();
    for file in &sent {
        assert!(sent.iter().filter(|other| other.id == file.id).all(|other| other == file));
    }
    let sql = "SELECT COUNT(*) FROM (SELECT person_id, programme_id, period FROM payment
                   WHERE state NOT IN ('returned', 'void')
                   GROUP BY person_id, programme_id, period HAVING COUNT(*) > 1) d";
    let twice: i64 = house.read(move |tx| tx.one(sql, &[])?.get(0)).await;
    assert_eq!(twice, 0);
    let sql = "SELECT id FROM payment WHERE state = $1 AND NOT held";
    let state = State::Paid.code();
    let ids: Vec<kernel::id::Id> = house
        .read(move |tx| tx.query(sql, &[v(state)])?.iter().map(|row| row.get(0)).collect())
        .await;
    for id in ids {
        assert!(truth.contains_key(&id.to_string()), "{id} is paid without the bank's word");
    }
}

#[tokio::test]
async fn whatever_happens_in_whatever_order_the_books_hold() {
    let seeds = std::env::var("YIKATONG_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(12u64);
    let mut seen = [0; 4];
    for seed in 1..=seeds.min(500) {
        for house in houses("funds_chaos", 6).await {
            play(&house, seed).await;
            let acts = ["results", "exception-decided", "paid-again", "stopped"];
            for (place, act) in acts.into_iter().enumerate() {
                seen[place] += house.acts_of(act).await;
            }
        }
    }
    // A run in which nothing goes wrong proves nothing.
    assert!(seeds < 10 || seen.iter().all(|count| *count > 0), "{seen:?}");
}
