//! Bills over the real service and database, with a bank and a biller in memory.

use std::sync::Arc;

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::testing::actor;
use kernel::time::{Utc, day_text};
use time::Duration;

use super::port::{BillerPort, Billers};
use super::rules::State;
use super::service::accounts::{self, Own};
use super::service::billers::{self as register, NewBiller};
use super::service::{books, mandates, pay, work};
use super::simulator::{Desk, Script};
use super::store::payments;
use crate::payments::tests::house::{House, Mood, code_of, houses, paid, returned};

struct World {
    house: House,
    desk: Arc<Desk>,
    holder: Actor,
    person: Id,
    biller: Id,
}

impl World {
    async fn all(name: &str, script: Script) -> Vec<Self> {
        let mut made = Vec::new();
        for house in houses(name, 2).await {
            let officer = actor(Role::MunicipalOfficer);
            let new = NewBiller {
                code: "WATER".to_owned(),
                name_zh: "示范水务（演示）".to_owned(),
                name_en: "Model water (demo)".to_owned(),
                kind: "water".to_owned(),
                phone: "023-966866".to_owned(),
                divisions: String::new(),
                account: "500108000000123".to_owned(),
            };
            let biller = register::propose(&house.app, &officer, new).await.expect("proposed");
            let own = register::decide(&house.app, &officer, biller, "yes").await;
            assert_eq!(code_of(own), "bills/own-work");
            register::decide(&house.app, &house.finance[1], biller, "yes").await.expect("open");
            let person = house.people[0].0;
            let holder = Actor { person: Some(person), ..actor(Role::Holder) };
            made.push(Self { house, desk: Arc::new(Desk::new(script)), holder, person, biller });
        }
        made
    }

    fn billers(&self) -> Billers {
        let desk = self.desk.clone();
        Arc::new(move |_| {
            let port: Arc<dyn BillerPort> = desk.clone();
            Ok(Some(port))
        })
    }

    async fn keep(&self, number: &str) -> Id {
        let new = (self.biller, number, "老家");
        let kept =
            accounts::keep(&self.house.app, &self.billers(), &self.holder, self.person, new).await;
        kept.expect("kept")
    }

    async fn own(&self) -> Own {
        accounts::own(&self.house.app, &self.holder, self.person).await.expect("read")
    }

    async fn round(&self) {
        let app = &self.house.app;
        let sql = "UPDATE bill_payment SET next_at = 0";
        app.db.housekeeping(move |tx| tx.execute(sql, &[]).map(drop)).await.expect("due");
        work::round_with(app, &self.house.ports(), &self.billers()).await.expect("a round");
    }

    async fn state(&self, id: Id) -> State {
        let found = self.house.read(move |tx| payments::get(tx, id)).await;
        found.expect("there").payment.state
    }

    /// Takes what the bank tells in, as the work of payments does.
    async fn collect(&self) {
        crate::payments::service::work::round_with(&self.house.app, &self.house.ports())
            .await
            .expect("a round");
    }

    async fn books_hold(&self) {
        assert_eq!(books::compare(&self.house.app).await.expect("compared"), 0);
    }
}

#[tokio::test]
async fn a_bill_is_debited_posted_and_receipted_once() {
    for world in World::all("bills_pay", Script::default()).await {
        let engine = world.house.engine;
        world.keep("8800112233").await;
        let bills = world.own().await.bills;
        assert_eq!(bills.len(), 2, "{engine}");
        let app = &world.house.app;
        let made = pay::pay(app, &world.holder, world.person, bills[0].id).await.expect("intended");
        let again = pay::pay(app, &world.holder, world.person, bills[0].id).await;
        assert_eq!(code_of(again), "bills/being-paid", "{engine}");
        world.round().await;
        assert_eq!(world.state(made).await, State::Sent);
        let sent = world.house.host.sent.lock().unwrap().clone();
        assert_eq!(sent[0].payer_account, "1000000000000000", "the holder's own account");
        assert_eq!((sent[0].orders.len(), sent[0].orders[0].fen), (1, bills[0].fen));
        world.house.tell("R1", &paid());
        world.collect().await;
        assert_eq!(world.state(made).await, State::Debited);
        world.round().await;
        assert_eq!(world.state(made).await, State::Done);
        assert_eq!(world.desk.posted(), [(made.to_string(), bills[0].fen)]);
        // The same report again, and further rounds, change nothing.
        world.house.tell("R2", &paid());
        world.collect().await;
        world.round().await;
        assert_eq!(world.state(made).await, State::Done);
        assert_eq!(world.house.host.sent.lock().unwrap().len(), 1, "{engine}");
        assert_eq!(world.own().await.bills.len(), 1);
        world.books_hold().await;
        let day = day_text(Utc::now().day());
        books::reconcile(app, &world.billers(), &day).await.expect("compared");
        let figures = books::figures(app).await.expect("figures");
        assert_eq!((figures.days[0].differences, figures.days[0].theirs.0), (0, 1));
        assert!(figures.exceptions.is_empty(), "{engine}");
    }
}

#[tokio::test]
async fn silence_of_the_bank_never_fails_a_payment_and_its_no_does() {
    for world in World::all("bills_silence", Script::default()).await {
        world.keep("8800112233").await;
        let bill = world.own().await.bills[0].id;
        let app = &world.house.app;
        *world.house.host.mood.lock().unwrap() = Mood::Silent;
        let made = pay::pay(app, &world.holder, world.person, bill).await.expect("intended");
        world.round().await;
        assert_eq!(world.state(made).await, State::Unknown, "{}", world.house.engine);
        for _ in 0..5 {
            world.round().await;
        }
        assert_eq!(world.state(made).await, State::Sent, "the bank has it");
        world.house.tell("R1", &returned());
        world.collect().await;
        assert_eq!(world.state(made).await, State::Failed);
        *world.house.host.mood.lock().unwrap() = Mood::Takes;
        pay::pay(app, &world.holder, world.person, bill).await.expect("it may be paid anew");
        // A second word of the bank about the first goes to people, who find out.
        let lines = vec![(made.to_string(), world.own().await.payments[0].payment.fen, paid())];
        world.house.report("R2", &made.to_string(), lines);
        world.collect().await;
        let found = books::figures(app).await.expect("figures").exceptions;
        assert_eq!(found.len(), 1);
        world.books_hold().await;
    }
}

#[tokio::test]
async fn what_the_biller_does_not_take_goes_back_once() {
    let script = Script { elsewhere: 100, ..Script::default() };
    for world in World::all("bills_back", script).await {
        world.keep("8800112233").await;
        let bill = world.own().await.bills[0].id;
        let app = &world.house.app;
        let made = pay::pay(app, &world.holder, world.person, bill).await.expect("intended");
        world.round().await;
        world.house.tell("R1", &paid());
        world.collect().await;
        world.round().await;
        assert_eq!(world.state(made).await, State::Owed, "{}", world.house.engine);
        for _ in 0..4 {
            world.round().await;
        }
        assert_eq!(world.state(made).await, State::Returning);
        let sent = world.house.host.sent.lock().unwrap().clone();
        assert_eq!(sent.len(), 2, "one debit, one refund");
        assert_eq!(sent[1].payer_account, "500108000000123");
        assert_eq!(sent[1].orders[0].account, "1000000000000000");
        let back = sent[1].orders[0].clone();
        world.house.report("R9", &sent[1].id, vec![(back.reference, back.fen, paid())]);
        world.collect().await;
        assert_eq!(world.state(made).await, State::Refunded);
        world.books_hold().await;
    }
}

#[tokio::test]
async fn an_authorised_debit_is_announced_first_and_a_cancelled_one_never_comes() {
    for world in World::all("bills_standing", Script::default()).await {
        let app = &world.house.app;
        let account = world.keep("8800112233").await;
        let until = Utc::now().day() + Duration::days(90);
        let of = (world.person, account);
        mandates::authorise(app, &world.holder, of, (30_000, 60_000), until).await.expect("made");
        let twice = mandates::authorise(app, &world.holder, of, (1, 1), until).await;
        assert_eq!(code_of(twice), "bills/has-mandate", "{}", world.house.engine);
        let (ports, now) = (world.billers(), Utc::now());
        let said = mandates::round_at(app, &ports, now).await.expect("a round");
        assert_eq!(said, "2 announced, 0 debits");
        assert_eq!(
            mandates::round_at(app, &ports, now).await.expect("same day"),
            "0 announced, 0 debits"
        );
        let first = world.own().await.bills[0].id;
        mandates::decline(app, &world.holder, world.person, first, true).await.expect("no");
        let later = Utc(now.0 + 4 * Utc::DAY);
        let said = mandates::round_at(app, &ports, later).await.expect("later");
        assert_eq!(said, "0 announced, 1 debits", "{}", world.house.engine);
        mandates::decline(app, &world.holder, world.person, first, false).await.expect("yes");
        let standing = world.own().await.mandates[0].id;
        mandates::change(app, &world.holder, world.person, standing, "cancel")
            .await
            .expect("ended");
        let said = mandates::round_at(app, &ports, later).await.expect("after");
        assert_eq!(said, "0 announced, 0 debits");
        world.books_hold().await;
    }
}

#[tokio::test]
async fn two_holders_of_one_account_cannot_both_pay_its_bill() {
    for world in World::all("bills_two", Script::default()).await {
        let app = &world.house.app;
        world.keep("8800112233").await;
        let other = world.house.people[1].0;
        let second = Actor { person: Some(other), ..actor(Role::Holder) };
        let new = (world.biller, "8800112233", "");
        accounts::keep(app, &world.billers(), &second, other, new).await.expect("kept too");
        let same = accounts::keep(app, &world.billers(), &second, other, new).await;
        assert_eq!(code_of(same), "bills/kept", "{}", world.house.engine);
        let theirs = accounts::own(app, &second, other).await.expect("read").bills;
        let bill = world.own().await.bills[0].id;
        pay::pay(app, &world.holder, world.person, bill).await.expect("first");
        let doubled = pay::pay(app, &second, other, theirs[0].id).await;
        assert_eq!(code_of(doubled), "bills/being-paid", "{}", world.house.engine);
        let foreign = pay::pay(app, &second, other, bill).await;
        assert_eq!(code_of(foreign), "platform/not-found");
    }
}

#[tokio::test]
async fn what_people_decide_needs_two_and_gives_back() {
    for world in World::all("bills_people", Script::default()).await {
        let app = &world.house.app;
        world.keep("8800112233").await;
        let bill = world.own().await.bills[0].id;
        let made = pay::pay(app, &world.holder, world.person, bill).await.expect("intended");
        world.round().await;
        world.house.tell("R1", &paid());
        world.collect().await;
        world.round().await;
        let by = &world.house.finance;
        books::ask_give_back(app, &by[1], made, "收费单位多收").await.expect("asked");
        let waits = books::figures(app).await.expect("figures").exceptions[0].id;
        assert_eq!(code_of(books::decide(app, &by[1], waits, true).await), "bills/own-work");
        books::decide(app, &by[2], waits, true).await.expect("decided");
        assert_eq!(world.state(made).await, State::Owed, "{}", world.house.engine);
        world.books_hold().await;
    }
}

/// The host of the bank's simulator knows nothing of bills: orders are batches like any others.
#[test]
fn an_order_of_a_bill_is_a_batch_as_banks_take_it() {
    let order = payfile::Order {
        seq: 1,
        reference: "0amgexxg80400r1".to_owned(),
        account: "500108000000123".to_owned(),
        name: "示范水务（演示）".to_owned(),
        fen: 1,
        remark: "水费 2026-10".to_owned(),
    };
    let batch = payfile::Batch {
        id: "0amgexxg80400r1".to_owned(),
        bank: "BANK0".to_owned(),
        payer_account: "1000000000000000".to_owned(),
        date: "2026-11-23".to_owned(),
        orders: vec![order],
    };
    assert_eq!(payfile::contract::check_batch(&batch), Ok(()));
}
