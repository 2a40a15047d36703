//! What banks tell: twice, late, wrong, contradicting.

use kernel::db::v;

use super::house::{House, code_of, houses, paid, returned};
use crate::payments::port::{Report, ReportKind};
use crate::payments::rules::batch::BatchState;
use crate::payments::rules::{Account, Action, Kind};
use crate::payments::service::{exceptions as queue, take};
use crate::payments::store::{exceptions, ledger, reports};

async fn open(house: &House) -> Vec<exceptions::Exception> {
    house.read(|tx| exceptions::waiting(tx, 100)).await
}

/// A house whose payments are all at the bank.
async fn sent(name: &str) -> Vec<(House, kernel::id::Id)> {
    let mut made = Vec::new();
    for house in houses(name, 4).await {
        let batch = house.released("2026-11", &[0, 2]).await;
        house.round().await;
        made.push((house, batch));
    }
    made
}

#[tokio::test]
async fn the_same_report_twice_changes_nothing_and_another_under_its_number_is_an_exception() {
    for (house, batch) in sent("funds_same").await {
        house.tell("R", &paid());
        let again = house.host.reports.lock().unwrap().clone();
        house.round().await;
        let before = house.read(move |tx| ledger::of_batch(tx, batch, 100)).await;
        house.host.reports.lock().unwrap().extend(again);
        house.round().await;
        assert!(open(&house).await.is_empty(), "{}", house.engine);
        // The same results under a new number: told again, nothing new.
        house.tell("S", &paid());
        house.round().await;
        assert_eq!(house.read(move |tx| ledger::of_batch(tx, batch, 100)).await, before);
        let bank = house.banks[0];
        let stored = house.read(move |tx| reports::by_number(tx, bank, "S-0")).await;
        assert_eq!(stored.map(|one| (one.done, one.duplicates)), Some((2, 2)));
        house.tell("R", &returned());
        house.round().await;
        let kinds: Vec<Kind> = open(&house).await.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [Kind::ReportDiffers]);
        assert_eq!(house.count(batch, "paid").await, 2);
        house.books_hold().await;
    }
}

#[tokio::test]
async fn wrong_amounts_and_unknown_lines_are_exceptions_and_the_rest_counts() {
    for (house, batch) in sent("funds_wrong").await {
        let file = house.host.files.lock().unwrap().values().next().cloned().expect("a file");
        let [first, second] = [&file.orders[0], &file.orders[1]];
        house.report(
            "R",
            &file.id,
            vec![
                (first.reference.to_uppercase(), first.fen, paid()),
                (second.reference.clone(), second.fen - 1, paid()),
                (house.app.id().to_string(), 100, paid()),
                ("no reference at all".to_owned(), 100, returned()),
            ],
        );
        house.round().await;
        assert_eq!(house.count(batch, "paid").await, 1, "{}", house.engine);
        let mut kinds: Vec<Kind> = open(&house).await.iter().map(|one| one.kind).collect();
        kinds.sort();
        assert_eq!(kinds, [Kind::AmountDiffers, Kind::UnknownLine, Kind::UnknownLine]);
        assert_eq!(*house.host.settled.lock().unwrap(), [("R".to_owned(), 3)]);
        house.books_hold().await;
    }
}

#[tokio::test]
async fn a_final_report_without_all_lines_is_asked_for_again_and_fails_nobody() {
    for (house, batch) in sent("funds_missing").await {
        let file = house.host.files.lock().unwrap().values().next().cloned().expect("a file");
        let first = &file.orders[0];
        house.report("R", &file.id, vec![(first.reference.clone(), first.fen, paid())]);
        house.round().await;
        let found = open(&house).await;
        assert_eq!(found.iter().map(|one| one.kind).collect::<Vec<_>>(), [Kind::LinesMissing]);
        assert_eq!((house.count(batch, "paid").await, house.count(batch, "sent").await), (1, 1));
        let (app, who) = (&house.app, &house.finance[0]);
        let wrong = queue::ask(app, who, found[0].id, Action::AcceptPaid, "试试看").await;
        assert_eq!(code_of(wrong), "funds/action-not-allowed");
        queue::ask(app, who, found[0].id, Action::AskAgain, "请银行补发").await.expect("at once");
        assert!(open(&house).await.is_empty(), "{}", house.engine);
    }
}

#[tokio::test]
async fn paid_then_returned_waits_in_suspense_for_two_people() {
    for (house, batch) in sent("funds_contradict").await {
        house.tell("A", &paid());
        house.round().await;
        house.tell("B", &returned());
        house.round().await;
        let found = open(&house).await;
        assert_eq!(found.len(), 2, "{}", house.engine);
        assert!(found.iter().all(|one| one.kind == Kind::ReturnedAfterPaid));
        let balances = house.read(move |tx| ledger::balances(tx, batch)).await;
        assert_eq!((balances.of(Account::Suspense), balances.of(Account::Paid)), (20_002, 0));
        house.books_hold().await;
        let (app, finance) = (&house.app, &house.finance);
        for (exception, action) in found.iter().zip([Action::AcceptReturn, Action::Dismiss]) {
            queue::ask(app, &finance[0], exception.id, action, "银行书面确认")
                .await
                .expect("asked");
            let early = queue::ask(app, &finance[0], exception.id, action, "再次提交").await;
            assert_eq!(code_of(early), "funds/not-now");
            queue::decide(app, &finance[1], exception.id, true).await.expect("decided");
        }
        assert_eq!(
            (house.count(batch, "paid").await, house.count(batch, "returned").await),
            (1, 1)
        );
        let balances = house.read(move |tx| ledger::balances(tx, batch)).await;
        assert_eq!(balances.of(Account::Suspense), 0);
        house.books_hold().await;
    }
}

#[tokio::test]
async fn a_report_that_is_not_believed_does_not_take_the_number_of_the_true_one() {
    for (house, batch) in sent("funds_forged").await {
        house.tell("R", &paid());
        let forged = {
            let reports = house.host.reports.lock().unwrap();
            let faults = vec![(0, "the signature does not hold".to_owned())];
            Report { lines: Vec::new(), faults, digest: [7; 32], ..reports[0].clone() }
        };
        house.host.reports.lock().unwrap().insert(0, forged);
        house.round().await;
        assert_eq!(house.count(batch, "paid").await, 2, "{}", house.engine);
        let kinds: Vec<Kind> = open(&house).await.iter().map(|one| one.kind).collect();
        assert_eq!(kinds, [Kind::BrokenLine]);
    }
}

#[tokio::test]
async fn a_report_that_was_half_taken_in_goes_on_behind_what_is_done() {
    for (house, batch) in sent("funds_half").await {
        house.tell("R", &paid());
        let report = house.host.reports.lock().unwrap().remove(0);
        let (bank, number, digest) = (house.banks[0], report.id.clone(), report.digest);
        let id = house.app.id();
        let begun = move |tx: &mut kernel::db::Tx<'_>| {
            let sql =
                "INSERT INTO pay_report (id, bank_id, number, file_id, kind, digest, lines, done,
                           duplicates, late, at, entry_id) VALUES ($1, $2, $3,
                           (SELECT MAX(id) FROM pay_file), 'result', $4, 2, 1, 0, 0, 0, 1)";
            let key = [v(id), v(bank), v(&number), v(digest.to_vec())];
            tx.execute(sql, &key).map(drop)
        };
        house.change(begun).await.expect("begun");
        take::take_in(&house.app, bank, &report).await.expect("taken in");
        let states = (house.count(batch, "sent").await, house.count(batch, "paid").await);
        assert_eq!(states, (1, 1), "only the second line: {}", house.engine);
        house.books_hold().await;
    }
}

#[tokio::test]
async fn a_statement_that_names_no_file_pays_by_reference_and_settles() {
    for (house, batch) in sent("funds_statement").await {
        house.tell("R", &paid());
        let told = house.host.reports.lock().unwrap().remove(0);
        let report = Report { batch: String::new(), kind: ReportKind::Statement, ..told };
        let other = take::take_in(&house.app, house.banks[1], &report).await.expect("taken in");
        assert_eq!(other.len(), 2, "another bank has no say: {}", house.engine);
        assert_eq!(house.count(batch, "paid").await, 0);
        let faults = take::take_in(&house.app, house.banks[0], &report).await.expect("taken in");
        assert!(faults.is_empty());
        assert_eq!(house.count(batch, "paid").await, 2);
        house.round().await;
        assert_eq!(house.batch(batch).await.release.state, BatchState::Settled);
    }
}

#[tokio::test]
async fn a_long_report_is_taken_in_by_sets_and_its_duplicates_are_counted() {
    for (house, batch) in sent("funds_long").await {
        let file = house.host.files.lock().unwrap().values().next().cloned().expect("a file");
        let line = |place: usize| {
            let order = &file.orders[place % 2];
            (order.reference.clone(), order.fen, paid())
        };
        house.report("R", &file.id, (0..12_000).map(line).collect());
        house.round().await;
        assert_eq!(house.count(batch, "paid").await, 2, "{}", house.engine);
        let bank = house.banks[0];
        let stored = house.read(move |tx| reports::by_number(tx, bank, "R")).await.expect("kept");
        assert_eq!((stored.done, stored.duplicates), (12_000, 11_998));
        assert_eq!(house.acts("funds.results").await, 2);
        house.books_hold().await;
    }
}
