//! Art. 20: money of somebody who is frozen is held, not sent, not lost; a thaw lets it go.

use kernel::db::DbError;
use kernel::id::Id;
use kernel::time::Utc;
use people::freezes::rules::Terms;
use people::freezes::{Freeze, Reason, Scope, Source, store};

use super::house::{House, Mood, houses, paid};
use crate::payments::rules::Account;
use crate::payments::rules::batch::BatchState;
use crate::payments::store::{frozen, ledger};

async fn freeze(house: &House, place: usize, scope: Scope) -> Id {
    let (id, person) = (house.app.id(), house.people[place].0);
    let made = house.change(move |tx| {
        let (terms, now) = (Terms::default(), Utc::now());
        let scope = scope.clone();
        let one = Freeze::new((id, person), scope, Source::Officer, Reason::Stolen, &terms, now);
        store::insert(tx, &[one]).map(drop)
    });
    made.await.expect("frozen");
    id
}

async fn thaw(house: &House, id: Id) {
    let made = house.change(move |tx| {
        let one = store::get(tx, id)?.ok_or(DbError::Conflict)?;
        store::lift(tx, &one, (Id(1), "甲"), "核实", Utc::now())
    });
    made.await.expect("thawed");
}

#[tokio::test]
async fn a_freeze_holds_the_payment_and_a_thaw_lets_it_go() {
    for house in houses("funds_frozen", 5).await {
        let first = freeze(&house, 1, Scope::Money).await;
        let second = freeze(&house, 1, Scope::All).await;
        freeze(&house, 2, Scope::Identity).await;
        let batch = house.released("2026-11", &[0, 1, 2, 3, 4]).await;
        house.round().await;
        assert_eq!(house.count(batch, "sent").await, 4, "{}", house.engine);
        assert_eq!(house.count(batch, "reserved").await, 1);
        assert_eq!(house.read(frozen::sum).await, (1, 10_001));
        house.books_hold().await;
        house.tell("R", &paid());
        house.round().await;
        let state = house.batch(batch).await.release.state;
        assert_eq!(state, BatchState::Released, "a batch with held money is not settled");
        thaw(&house, first).await;
        house.round().await;
        assert_eq!(house.count(batch, "reserved").await, 1, "frozen until each is lifted");
        thaw(&house, second).await;
        house.round().await;
        assert_eq!((house.count(batch, "sent").await, house.count(batch, "paid").await), (1, 4));
        assert_eq!(house.read(frozen::sum).await, (0, 0));
        house.books_hold().await;
        house.tell("S", &paid());
        house.round().await;
        assert_eq!(house.batch(batch).await.release.state, BatchState::Settled);
        let balances = house.read(move |tx| ledger::balances(tx, batch)).await;
        assert_eq!(balances.of(Account::Paid), 50_010, "nothing is lost");
        assert_eq!((house.acts("funds.held-back").await, house.acts("funds.let-go").await), (1, 1));
        house.books_hold().await;
    }
}

/// A freeze between the refusal of a file and its second way holds the money too.
#[tokio::test]
async fn what_a_bank_refused_does_not_leave_again_while_its_person_is_frozen() {
    use crate::payments::rules::Action;
    use crate::payments::service::exceptions as queue;
    use crate::payments::store::exceptions;
    for house in houses("funds_frozen_again", 1).await {
        *house.host.mood.lock().unwrap() = Mood::Refuses;
        let batch = house.released("2026-11", &[0]).await;
        house.round().await;
        let id = freeze(&house, 0, Scope::Money).await;
        *house.host.mood.lock().unwrap() = Mood::Takes;
        let waiting = house.read(|tx| exceptions::waiting(tx, 9)).await;
        let (maker, checker) = (&house.finance[0], &house.finance[1]);
        queue::ask(&house.app, maker, waiting[0].id, Action::Resend, "再发").await.expect("asked");
        queue::decide(&house.app, checker, waiting[0].id, true).await.expect("decided");
        house.round().await;
        assert_eq!(house.count(batch, "reserved").await, 1, "{}", house.engine);
        thaw(&house, id).await;
        house.round().await;
        assert_eq!(house.count(batch, "sent").await, 1);
        house.books_hold().await;
    }
}
