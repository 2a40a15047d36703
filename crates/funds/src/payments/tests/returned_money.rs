//! Returned money: told, corrected, reviewed, paid again exactly once.

use banks::store::accounts;
use kernel::actor::{Actor, Role};
use kernel::db::v;
use kernel::id::Id;
use kernel::testing::actor;

use super::house::{House, code_of, houses, paid, returned};
use crate::payments::rules::{Account, Action, Kind, State};
use crate::payments::service::{exceptions as queue, look, returned as again, work};
use crate::payments::store::{batches, exceptions, ledger};

/// The holder behind a place.
fn holder(house: &House, place: usize) -> Actor {
    Actor { person: Some(house.people[place].0), ..actor(Role::Holder) }
}

async fn newest(house: &House) -> batches::Batch {
    house.read(|tx| batches::newest(tx, "", 1)).await.remove(0)
}

#[tokio::test]
async fn returned_money_is_corrected_reviewed_and_paid_again_exactly_once() {
    for house in houses("funds_again", 4).await {
        let batch = house.released("2026-11", &[0, 2]).await;
        house.round().await;
        house.tell("A", &returned());
        house.round().await;
        assert_eq!(house.count(batch, "returned").await, 2, "{}", house.engine);
        let old = house.payments(batch).await.remove(0);
        assert_eq!(old.reason, "closed");
        let (own, clerk) = (holder(&house, 0), actor(Role::DistrictOfficer));
        let (app, card) = (&house.app, house.people[0].1);
        let other = again::correct(app, &holder(&house, 1), old.id, card).await;
        assert_eq!(code_of(other), "platform/not-found", "another holder");
        let bad = again::correct(app, &own, old.id, Id(7)).await;
        assert_eq!(code_of(bad), "funds/account-not-in-order");
        again::correct(app, &own, old.id, card).await.expect("corrected");
        assert_eq!(again::round(app).await.expect("round"), "0 to be paid again", "not reviewed");
        let self_review = again::review(app, &own, old.id, true).await;
        assert_eq!(code_of(self_review), "funds/own-correction");
        again::review(app, &clerk, old.id, true).await.expect("reviewed");
        assert_eq!(again::round(app).await.expect("round"), "1 to be paid again");
        assert_eq!(again::round(app).await.expect("round"), "0 to be paid again");
        house.books_hold().await;
        let new = newest(&house).await;
        assert_eq!((new.lines, new.fen, new.roster), (1, 10_000, None));
        while work::reserve(app).await.expect("reserved") {}
        house.host.files.lock().unwrap().clear();
        house.release(new.id).await;
        house.round().await;
        house.tell("C", &paid());
        house.round().await;
        let made = house.payments(new.id).await.remove(0);
        assert_eq!((made.payment.state, made.reissue_of), (State::Paid, Some(old.id)));
        let late = again::correct(app, &own, old.id, card).await;
        assert_eq!(code_of(late), "funds/not-now", "once");
        house.books_hold().await;
        let lines = look::own(app, &own).await.expect("his own");
        assert_eq!(lines.len(), 2);
        assert_eq!(house.acts("funds.own-read").await, 1);
    }
}

#[tokio::test]
async fn money_that_arrives_after_it_was_paid_again_is_claimed_and_recovered() {
    for house in houses("funds_over", 2).await {
        let batch = house.released("2026-11", &[0]).await;
        house.round().await;
        house.tell("A", &returned());
        house.round().await;
        let old = house.payments(batch).await.remove(0);
        let (app, clerk) = (&house.app, actor(Role::DistrictOfficer));
        again::correct(app, &holder(&house, 0), old.id, house.people[0].1).await.expect("made");
        again::review(app, &clerk, old.id, true).await.expect("reviewed");
        again::round(app).await.expect("again");
        house.tell("B", &paid());
        house.round().await;
        let found = house.read(|tx| exceptions::waiting(tx, 10)).await.remove(0);
        assert_eq!(found.kind, Kind::PaidTwice, "{}", house.engine);
        house.books_hold().await;
        let finance = &house.finance;
        queue::ask(app, &finance[0], found.id, Action::Recover, "持卡人已退款")
            .await
            .expect("asked");
        queue::decide(app, &finance[1], found.id, true).await.expect("decided");
        let balances = house.read(move |tx| ledger::balances(tx, batch)).await;
        assert_eq!((balances.of(Account::Recovered), balances.of(Account::Overpaid)), (10_000, 0));
        house.books_hold().await;
    }
}

#[tokio::test]
async fn an_account_that_closed_in_mid_batch_neither_loses_nor_doubles_a_payment() {
    for house in houses("funds_moved", 4).await {
        let batch = house.released("2026-11", &[0, 2]).await;
        let (person, card) = house.people[0];
        let sql = "UPDATE bank_account SET state = 'closed' WHERE person_id = $1";
        house.change(move |tx| tx.execute(sql, &[v(person)]).map(drop)).await.expect("closed");
        house.round().await;
        let states = (house.count(batch, "returned").await, house.count(batch, "sent").await);
        assert_eq!(states, (1, 1), "{}", house.engine);
        assert_eq!(house.host.sent.lock().unwrap()[0].orders.len(), 1);
        house.books_hold().await;
        let told: i64 = house.read(|tx| tx.one("SELECT COUNT(*) FROM outbox", &[])?.get(0)).await;
        assert_eq!(told, 1, "the holder is told");
        // He has an account at the other bank now.
        let other = house.banks[1];
        let moved = move |tx: &mut kernel::db::Tx<'_>| {
            let sql = "UPDATE bank_account SET state = 'active', bank_id = $1 WHERE person_id = $2";
            tx.execute(sql, &[v(other), v(person)]).map(drop)
        };
        house.change(moved).await.expect("moved");
        let account = house.read(move |tx| accounts::get(tx, person, card)).await.expect("one");
        assert_eq!(account.bank, other);
        let old = house.payments(batch).await.remove(0);
        again::correct(&house.app, &holder(&house, 0), old.id, card).await.expect("made");
        again::review(&house.app, &actor(Role::DistrictOfficer), old.id, true).await.expect("yes");
        again::round(&house.app).await.expect("again");
        let new = newest(&house).await;
        assert_eq!(house.payments(new.id).await[0].bank, other);
        house.books_hold().await;
    }
}

#[tokio::test]
async fn a_wrong_payment_is_reported_and_recovered_by_two_people() {
    for house in houses("funds_recover", 2).await {
        let batch = house.released("2026-11", &[0]).await;
        house.round().await;
        let made = house.payments(batch).await.remove(0);
        let (app, finance) = (&house.app, &house.finance);
        let early = queue::report_wrong(app, &finance[0], made.id, "重复登记").await;
        assert_eq!(code_of(early), "funds/not-now", "not paid yet: {}", house.engine);
        house.tell("A", &paid());
        house.round().await;
        queue::report_wrong(app, &finance[0], made.id, "重复登记").await.expect("reported");
        let twice = queue::report_wrong(app, &finance[0], made.id, "重复登记").await;
        assert_eq!(code_of(twice), "funds/not-now");
        let found = house.read(|tx| exceptions::waiting(tx, 10)).await.remove(0);
        queue::ask(app, &finance[0], found.id, Action::Recover, "已退回").await.expect("asked");
        let own = queue::decide(app, &finance[0], found.id, true).await;
        assert_eq!(code_of(own), "funds/own-work");
        queue::decide(app, &finance[1], found.id, true).await.expect("decided");
        let balances = house.read(move |tx| ledger::balances(tx, batch)).await;
        assert_eq!((balances.of(Account::Recovered), balances.of(Account::Paid)), (10_000, 0));
        house.books_hold().await;
        let again = house.roster("2026-11", &[0]).await;
        assert_eq!(code_of(house.accept(again).await), "funds/paid-already", "its key stays");
    }
}

/// Art. 25: wrongly paid money comes back in parts, each asked for by one and decided by another; more than is
/// owed is refused, and the case ends with the last fen.
#[tokio::test]
async fn a_wrong_payment_comes_back_in_parts_until_nothing_is_owed() {
    for house in houses("funds_parts", 2).await {
        let batch = house.released("2026-11", &[0]).await;
        house.round().await;
        house.tell("A", &paid());
        house.round().await;
        let made = house.payments(batch).await.remove(0);
        let (app, finance) = (&house.app, &house.finance);
        queue::report_wrong(app, &finance[0], made.id, "重复登记").await.expect("reported");
        let found = house.read(|tx| exceptions::waiting(tx, 10)).await.remove(0);
        let ask = |fen| {
            queue::ask_part(app, &finance[0], found.id, (Action::RecoverPart, fen), "分期退回")
        };
        for wrong in [0, -5, 10_001] {
            assert_eq!(code_of(ask(wrong).await), "funds/more-than-owed", "{}", house.engine);
        }
        let books = |recovered, paid| {
            let house = &house;
            async move {
                let balances = house.read(move |tx| ledger::balances(tx, batch)).await;
                let both = (balances.of(Account::Recovered), balances.of(Account::Paid));
                assert_eq!(both, (recovered, paid), "{}", house.engine);
                house.books_hold().await;
            }
        };
        ask(4_000).await.expect("a part");
        books(0, 10_000).await;
        assert_eq!(
            code_of(queue::decide(app, &finance[0], found.id, true).await),
            "funds/own-work"
        );
        queue::decide(app, &finance[1], found.id, true).await.expect("decided");
        books(4_000, 6_000).await;
        let state = house.read(move |tx| exceptions::get(tx, found.id)).await.expect("kept").state;
        assert_eq!(state, "open", "the rest is still owed");
        assert_eq!(code_of(ask(6_001).await), "funds/more-than-owed");
        // A bank that returns it now meets people, not the books.
        house.tell("B", &returned());
        house.round().await;
        books(4_000, 6_000).await;
        ask(1_000).await.expect("another part");
        queue::decide(app, &finance[1], found.id, true).await.expect("decided");
        queue::ask(app, &finance[0], found.id, Action::Recover, "余款退清")
            .await
            .expect("the rest");
        queue::decide(app, &finance[1], found.id, true).await.expect("decided");
        books(10_000, 0).await;
        let state = house.read(move |tx| exceptions::get(tx, found.id)).await.expect("kept").state;
        assert_eq!(state, "closed");
    }
}
