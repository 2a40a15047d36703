//! The usual way, its guards, the stop button and the books.

use kernel::actor::Role;
use kernel::db::v;
use kernel::id::Id;
use kernel::testing::actor;

use super::house::{Mood, code_of, houses, paid};
use crate::payments::rules::batch::BatchState;
use crate::payments::rules::{Account, Kind};
use crate::payments::service::release::{self, Hand};
use crate::payments::service::{books, intents, work};
use crate::payments::store::{exceptions, files, ledger, payments, stops};

/// Art. 8, 10: from the approval of a list to money on the holders' accounts, each told, the books balanced.
#[tokio::test]
async fn a_roster_goes_from_its_approval_to_money_that_arrived() {
    for house in houses("funds_way", 7).await {
        let batch = house.released("2026-11", &[0, 1, 2, 3, 4, 5, 6]).await;
        house.round().await;
        assert_eq!(house.count(batch, "sent").await, 7, "{}", house.engine);
        // One file for each bank, and what left is what the roster says.
        let sent = house.host.sent.lock().unwrap().clone();
        assert_eq!(sent.len(), 2);
        let fen: i64 = sent.iter().flat_map(|file| &file.orders).map(|order| order.fen).sum();
        assert_eq!(fen, 7 * 10_000 + 21);
        assert!(sent[0].orders.iter().all(|order| order.account.len() == 16));
        house.books_hold().await;
        house.tell("R", &paid());
        house.round().await;
        assert_eq!(house.count(batch, "paid").await, 7);
        assert_eq!(house.batch(batch).await.release.state, BatchState::Settled);
        let balances = house.read(move |tx| ledger::balances(tx, batch)).await;
        assert_eq!((balances.of(Account::Paid), balances.of(Account::Transit)), (70_021, 0));
        house.books_hold().await;
        let outbox: i64 = house.read(|tx| tx.one("SELECT COUNT(*) FROM outbox", &[])?.get(0)).await;
        assert_eq!(outbox, 7, "each holder is told");
        for act in ["funds.accepted", "funds.release-approved"] {
            assert_eq!(house.acts(act).await, 1, "{act}");
        }
        assert_eq!((house.acts("funds.intended").await, house.acts("funds.leaving").await), (2, 2));
    }
}

/// Art. 13: money that is under way, or came back and is still owed, is asked for before a cancellation.
#[tokio::test]
async fn money_is_under_way_from_its_approval_until_it_arrived() {
    for house in houses("funds_under_way", 2).await {
        let batch = house.released("2026-11", &[0]).await;
        let asked = |place: usize| {
            let person = house.people[place].0;
            house.read(move |tx| payments::under_way(tx, &[Id(1), person]))
        };
        assert!(asked(0).await, "{}: approved", house.engine);
        assert!(!asked(1).await, "nobody pays this one");
        house.round().await;
        assert!(asked(0).await, "sent");
        house.tell("R", &paid());
        house.round().await;
        assert_eq!(house.count(batch, "paid").await, 1);
        assert!(!asked(0).await, "the money has arrived");
    }
}

#[tokio::test]
async fn a_list_with_a_schedule_does_not_leave_before_its_time() {
    for house in houses("funds_schedule", 2).await {
        let roster = house.roster("2026-11", &[0, 1]).await;
        let soon = kernel::time::Utc::now().plus_seconds(3_600);
        let set = move |tx: &mut kernel::db::Tx<'_>| {
            tx.execute("UPDATE roster SET not_before = $1", &[v(soon)]).map(drop)
        };
        house.change(set).await.expect("scheduled");
        let batch = house.accept(roster).await.expect("accepted");
        house.release(batch).await;
        house.round().await;
        assert!(house.host.sent.lock().unwrap().is_empty(), "{}: an hour early", house.engine);
        assert_eq!(house.count(batch, "reserved").await, 2);
        let sql = "UPDATE pay_batch SET not_before = 1";
        house.change(move |tx| tx.execute(sql, &[]).map(drop)).await.expect("its time has come");
        house.round().await;
        assert_eq!(house.count(batch, "sent").await, 2);
    }
}

#[tokio::test]
async fn nobody_is_paid_twice_for_one_programme_and_period() {
    for house in houses("funds_twice", 4).await {
        house.released("2026-11", &[0, 1]).await;
        let again = house.roster("2026-11", &[1, 2]).await;
        assert_eq!(code_of(house.accept(again).await), "funds/paid-already", "{}", house.engine);
        let twice = house.roster("2026-12", &[3, 3]).await;
        assert_eq!(code_of(house.accept(twice).await), "funds/paid-already");
        let next = house.roster("2026-12", &[0, 1]).await;
        assert_eq!(code_of(house.accept(next).await), "ok", "another period is another payment");
        assert_ne!(code_of(house.accept(next).await), "ok", "a roster is accepted once");
        let count: i64 = house.read(|tx| tx.one("SELECT COUNT(*) FROM payment", &[])?.get(0)).await;
        assert_eq!(count, 4);
    }
}

#[tokio::test]
async fn a_roster_that_is_not_ready_makes_no_payment() {
    for house in houses("funds_ready", 2).await {
        let roster = house.roster("2026-11", &[0, 1]).await;
        let set = |sql: &'static str| house.change(move |tx| tx.execute(sql, &[]).map(drop));
        set("UPDATE roster SET state = 'noticed'").await.expect("set");
        assert_eq!(code_of(house.accept(roster).await), "funds/roster-not-approved");
        set("UPDATE roster SET state = 'approved'").await.expect("set");
        set("UPDATE roster_line SET bank_id = NULL WHERE line = 2").await.expect("set");
        assert_eq!(code_of(house.accept(roster).await), "funds/incomplete-lines");
        set("UPDATE roster_line SET state = 'struck'").await.expect("set");
        assert_eq!(code_of(house.accept(roster).await), "funds/no-good-line");
        assert_eq!(code_of(house.accept(Id(5)).await), "platform/not-found");
        assert_eq!(house.acts("funds.accepted").await, 0, "{}", house.engine);
    }
}

#[tokio::test]
async fn maker_and_checkers_are_different_people_also_for_the_database() {
    for house in houses("funds_hands", 3).await {
        let roster = house.roster("2026-11", &[0, 1, 2]).await;
        let batch = house.accept(roster).await.expect("accepted");
        let hand =
            |who: usize, hand| release::release(&house.app, &house.finance[who], batch, hand);
        while work::reserve(&house.app).await.expect("reserved") {}
        let sql = "UPDATE pay_batch SET two = TRUE";
        house.change(move |tx| tx.execute(sql, &[]).map(drop)).await.expect("a large sum");
        hand(0, Hand::Ask).await.expect("asked");
        assert_eq!(code_of(hand(0, Hand::Approve).await), "funds/own-work");
        hand(1, Hand::Approve).await.expect("the first");
        assert_eq!(code_of(hand(1, Hand::Approve).await), "funds/same-approver");
        assert_eq!(house.batch(batch).await.release.state, BatchState::Asked);
        // Past the rules the schema still says no.
        for sql in [
            "UPDATE pay_batch SET first_by = asked_by",
            "UPDATE pay_batch SET second_by = first_by",
            "UPDATE pay_batch SET state = 'released'",
        ] {
            let done = house.change(move |tx| tx.execute(sql, &[]).map(drop)).await;
            assert!(done.is_err(), "{}: {sql}", house.engine);
        }
        hand(2, Hand::Approve).await.expect("the second");
        assert_eq!(house.batch(batch).await.release.state, BatchState::Released);
    }
}

#[tokio::test]
async fn nothing_leaves_after_a_stop_until_somebody_else_lifts_it() {
    for house in houses("funds_stop", 4).await {
        let batch = house.released("2026-11", &[0, 1, 2, 3]).await;
        intents::plan(&house.app).await.expect("intents");
        let official = actor(Role::MunicipalOfficer);
        release::stop(&house.app, &official, Some(batch), "名册有疑问").await.expect("stopped");
        let twice = release::stop(&house.app, &official, Some(batch), "再次叫停").await;
        assert_eq!(code_of(twice), "funds/stopped");
        house.round().await;
        house.round().await;
        assert!(house.host.sent.lock().unwrap().is_empty(), "{}", house.engine);
        let stop = house.read(stops::in_force).await[0].id;
        let own = release::lift(&house.app, &official, stop, "已核实").await;
        assert_eq!(code_of(own), "funds/own-stop");
        release::lift(&house.app, &house.finance[1], stop, "已核实").await.expect("lifted");
        house.round().await;
        assert_eq!(house.host.sent.lock().unwrap().len(), 2);
        // Everything at once.
        release::stop(&house.app, &official, None, "系统演练").await.expect("stopped");
        let other = house.roster("2026-12", &[0]).await;
        let other = house.accept(other).await.expect("accepted");
        while work::reserve(&house.app).await.expect("reserved") {}
        release::release(&house.app, &house.finance[0], other, Hand::Ask).await.expect("asked");
        let done = release::release(&house.app, &house.finance[1], other, Hand::Approve).await;
        assert_eq!(code_of(done), "funds/stopped");
        assert_eq!(house.acts("funds.stopped").await, 2);
    }
}

#[tokio::test]
async fn a_file_without_an_answer_leaves_again_byte_for_byte_or_not_at_all() {
    for house in houses("funds_unknown", 4).await {
        let batch = house.released("2026-11", &[0, 2]).await;
        *house.host.mood.lock().unwrap() = Mood::Deaf;
        house.round().await;
        assert_eq!(house.count(batch, "unknown").await, 2, "{}", house.engine);
        // A name changes meanwhile; what leaves is what was written.
        let sql = "UPDATE person SET name = '改名'";
        house.change(move |tx| tx.execute(sql, &[]).map(drop)).await.expect("renamed");
        house.round().await;
        assert_eq!(house.count(batch, "intent").await, 2, "the bank never saw it");
        *house.host.mood.lock().unwrap() = Mood::Silent;
        house.round().await;
        assert_eq!(house.count(batch, "unknown").await, 2);
        house.round().await;
        assert_eq!(house.count(batch, "sent").await, 2, "the bank has it after all");
        house.round().await;
        let sent = house.host.sent.lock().unwrap().clone();
        assert_eq!(sent.len(), 2);
        assert_eq!(sent[0], sent[1]);
        house.books_hold().await;
    }
}

#[tokio::test]
async fn a_worker_that_died_while_a_file_left_is_followed_by_a_question() {
    for house in houses("funds_died", 2).await {
        let batch = house.released("2026-11", &[0]).await;
        intents::plan(&house.app).await.expect("intents");
        // It left, and nothing of that is on record but that it was leaving.
        let file = house.read(move |tx| files::of_batch(tx, batch, 10)).await.remove(0);
        let sql = "UPDATE pay_file SET state = 'sending'";
        house.change(move |tx| tx.execute(sql, &[]).map(drop)).await.expect("leaving");
        house.round().await;
        assert!(house.host.sent.lock().unwrap().is_empty(), "asked, not sent: {}", house.engine);
        house.round().await;
        let sent = house.host.sent.lock().unwrap().clone();
        assert_eq!((sent.len(), sent[0].id.clone()), (1, file.id.to_string()));
        house.tell("R", &paid());
        house.round().await;
        assert_eq!(house.count(batch, "paid").await, 1);
        house.books_hold().await;
    }
}

#[tokio::test]
async fn a_refused_file_is_sent_again_as_another_or_taken_back() {
    for house in houses("funds_refused", 4).await {
        let batch = house.released("2026-11", &[0, 1]).await;
        *house.host.mood.lock().unwrap() = Mood::Refuses;
        house.round().await;
        assert_eq!(house.count(batch, "reserved").await, 2, "{}", house.engine);
        *house.host.mood.lock().unwrap() = Mood::Takes;
        house.round().await;
        assert_eq!(house.count(batch, "reserved").await, 2, "nothing leaves by itself");
        let open = house.read(|tx| exceptions::waiting(tx, 10)).await;
        assert!(open.len() == 2 && open.iter().all(|one| one.kind == Kind::FileRefused));
        let actions =
            [crate::payments::rules::Action::Resend, crate::payments::rules::Action::VoidLines];
        for (exception, action) in open.iter().zip(actions) {
            use crate::payments::service::exceptions as queue;
            let (app, finance) = (&house.app, &house.finance);
            queue::ask(app, &finance[0], exception.id, action, "已电话核实").await.expect("asked");
            let own = queue::decide(app, &finance[0], exception.id, true).await;
            assert_eq!(code_of(own), "funds/own-work");
            queue::decide(app, &finance[1], exception.id, true).await.expect("decided");
        }
        house.round().await;
        assert_eq!((house.count(batch, "sent").await, house.count(batch, "void").await), (1, 1));
        let ids: Vec<String> =
            house.host.sent.lock().unwrap().iter().map(|file| file.id.clone()).collect();
        assert!(ids.len() == 3 && !ids[..2].contains(&ids[2]), "another file: {ids:?}");
        house.books_hold().await;
        house.tell("R", &paid());
        house.round().await;
        assert_eq!(house.batch(batch).await.release.state, BatchState::Settled);
    }
}

#[tokio::test]
async fn a_breach_of_the_books_stops_everything_and_is_an_alarm() {
    for house in houses("funds_breach", 3).await {
        let batch = house.released("2026-11", &[0, 1, 2]).await;
        house.books_hold().await;
        let sql = "UPDATE payment SET amount_fen = amount_fen + 1 WHERE line = 2";
        house.change(move |tx| tx.execute(sql, &[]).map(drop)).await.expect("tampered");
        let sql = "UPDATE pay_batch SET checked_at = 0";
        house.change(move |tx| tx.execute(sql, &[]).map(drop)).await.expect("due");
        let said = books::round(&house.app).await.expect("compared");
        assert!(said.ends_with("1 breaches"), "{}: {said}", house.engine);
        books::round(&house.app).await.expect("compared again");
        let alarms = house.read(stops::alarms).await;
        assert_eq!((alarms.len(), alarms[0].batch), (1, batch));
        house.round().await;
        assert!(house.host.sent.lock().unwrap().is_empty());
        assert_eq!(house.acts("funds.alarm").await, 1);
        // Lifted without a cure: the books still do not hold, and it stops again.
        let stop = house.read(stops::in_force).await.remove(0);
        assert_eq!(stop.by, Id(0));
        release::lift(&house.app, &house.finance[1], stop.id, "误报").await.expect("lifted");
        assert!(house.read(stops::alarms).await.is_empty(), "who lifts it answers for it");
        books::round(&house.app).await.expect("compared once more");
        assert_eq!(house.read(stops::in_force).await.len(), 1, "{}", house.engine);
    }
}

#[tokio::test]
async fn the_ledger_is_append_only_and_never_one_sided() {
    for house in houses("funds_append", 1).await {
        house.released("2026-11", &[0]).await;
        for sql in ["UPDATE ledger_entry SET fen = 1", "DELETE FROM ledger_entry"] {
            let done = house.change(move |tx| tx.execute(sql, &[]).map(drop)).await;
            assert!(done.is_err(), "{}: {sql}", house.engine);
        }
        let sql = "INSERT INTO ledger_entry (id, at, day, kind, debit, credit, fen, lines, batch_id,
                       bank_id, payment_id, entry_id) VALUES ($1, 0, '', 'x', 'paid', $2, $3, 1, 1, 1, 0, 1)";
        for (credit, fen) in [("paid", 5), ("transit", 0), ("transit", -5)] {
            let id = house.app.id();
            let row = move |tx: &mut kernel::db::Tx<'_>| {
                tx.execute(sql, &[v(id), v(credit), v(i64::from(fen))]).map(drop)
            };
            assert!(house.change(row).await.is_err(), "{credit} {fen}");
        }
    }
}

#[tokio::test]
async fn a_batch_that_was_not_released_can_be_taken_back_whole() {
    for house in houses("funds_back", 2).await {
        let roster = house.roster("2026-11", &[0, 1]).await;
        let batch = house.accept(roster).await.expect("accepted");
        while work::reserve(&house.app).await.expect("reserved") {}
        release::take_back(&house.app, &house.finance[0], batch, "名册作废").await.expect("back");
        assert_eq!(house.count(batch, "void").await, 2, "{}", house.engine);
        let balances = house.read(move |tx| ledger::balances(tx, batch)).await;
        assert_eq!(balances.of(Account::Budget), 0);
        house.books_hold().await;
        let again = house.roster("2026-11", &[0, 1]).await;
        assert_eq!(code_of(house.accept(again).await), "ok", "their keys are free again");
    }
}

#[tokio::test]
async fn a_long_batch_goes_in_sets_and_each_set_is_done_once() {
    for house in houses("funds_sets", 4).await {
        let roster = house.roster("2026-11", &[0, 1, 2, 3]).await;
        // Lines on both sides of the ends of blocks.
        let sql = "UPDATE roster_line SET line = CASE line WHEN 1 THEN 1 WHEN 2 THEN 100000
                       WHEN 3 THEN 100001 ELSE 300001 END WHERE line <= 4";
        house.change(move |tx| tx.execute(sql, &[]).map(drop)).await.expect("moved");
        let batch = house.accept(roster).await.expect("accepted");
        let made = house.payments(batch).await;
        let lines: Vec<i64> = made.iter().map(|one| one.line).collect();
        assert_eq!(lines, [1, 100_000, 100_001, 300_001], "{}", house.engine);
        assert_eq!(house.count(batch, "reserved").await, 4);
        house.books_hold().await;
        // Payments on both sides of the ends of sets.
        let moved = |tx: &mut kernel::db::Tx<'_>| {
            let sql = "UPDATE payment SET id = id + CASE line WHEN 1 THEN 0 WHEN 300001 THEN 29997
                           ELSE 9998 END";
            tx.execute(sql, &[])?;
            tx.execute("UPDATE pay_batch SET last_line = 30001", &[]).map(drop)
        };
        house.change(moved).await.expect("moved");
        house.release(batch).await;
        assert!(intents::plan(&house.app).await.expect("the first set"));
        assert_eq!(house.count(batch, "intent").await, 2);
        house.books_hold().await;
        house.round().await;
        assert_eq!(house.count(batch, "sent").await, 4);
        assert_eq!(house.host.sent.lock().unwrap().len(), 4, "a file for each set and bank");
        house.tell("R", &paid());
        house.round().await;
        assert_eq!(house.batch(batch).await.release.state, BatchState::Settled);
        house.books_hold().await;
    }
}
