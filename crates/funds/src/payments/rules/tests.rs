//! The table, the ledger, the release and the words of banks.

use kernel::id::Id;
use kernel::law::Refusal as _;
use proptest::prelude::*;

use super::batch::{BatchState, Release};
use super::files::{FileState, Reception, Standing};
use super::invariants::{Balances, Breach, Sum, Tally, books, totals};
use super::judge::{Verdict, Word};
use super::table::{APPROVE, TABLE};
use super::*;

fn at(state: State) -> Payment {
    Payment { state, ..Payment::new(10_000) }
}

fn rules() -> Rules {
    Rules::sound()
}

#[test]
fn a_good_payment_ends_with_its_money_in_paid_and_nowhere_else() {
    let (mut payment, mut ledger) = (Payment::new(10_000), Balances::default());
    ledger.post(APPROVE, 10_000);
    for event in [Event::Reserve, Event::Intend, Event::Take, Event::Pay] {
        let (after, posting) = rules().apply(&payment, event).expect("the usual way");
        payment = after;
        if let Some(posting) = posting {
            ledger.post(posting, 10_000);
        }
    }
    assert_eq!(payment.state, State::Paid);
    assert_eq!((ledger.of(Account::Paid), ledger.of(Account::Budget)), (10_000, -10_000));
    assert_eq!(ledger.of(Account::Transit), 0);
}

#[test]
fn time_makes_doubt_but_never_failure() {
    for state in State::ALL {
        let event = rules().overdue(state);
        assert_eq!(event, (state == State::Sent).then_some(Event::Doubt), "{state:?}");
    }
    let moves: Vec<_> = TABLE.iter().filter(|row| row.0 == State::Unknown).collect();
    let to_returned: Vec<_> = moves.iter().filter(|row| row.2 == State::Returned).collect();
    assert!(to_returned.iter().all(|row| row.1 == Event::Return), "only the bank's word");
}

#[test]
fn only_a_booked_return_is_paid_again_and_only_once() {
    for state in State::ALL.into_iter().filter(|state| *state != State::Returned) {
        assert_eq!(rules().apply(&at(state), Event::Reissue), Err(Refused::NotNow), "{state:?}");
    }
    let (again, posting) = rules().apply(&at(State::Returned), Event::Reissue).expect("returned");
    assert_eq!(posting, Some(Posting { debit: Account::Reissue, credit: Account::Returned }));
    assert_eq!(rules().apply(&again, Event::Reissue), Err(Refused::NotNow));
    let held = Payment { held: true, ..at(State::Returned) };
    assert_eq!(rules().apply(&held, Event::Reissue), Err(Refused::Held));
}

#[test]
fn what_may_be_at_the_bank_is_never_voided() {
    for state in State::ALL.into_iter().filter(|state| state.is_out()) {
        assert_eq!(rules().apply(&at(state), Event::Void), Err(Refused::NotNow), "{state:?}");
    }
}

#[test]
fn contradictions_put_the_money_into_suspense_until_somebody_decides() {
    let cases = [
        (
            State::Paid,
            Word::Returned,
            Kind::ReturnedAfterPaid,
            Event::AcceptReturn,
            State::Returned,
        ),
        (State::Returned, Word::Paid, Kind::PaidAfterReturned, Event::AcceptPaid, State::Paid),
    ];
    for (state, word, kind, decided, after) in cases {
        let verdict = rules().judge(&at(state), 10_000, word);
        assert_eq!(verdict, Verdict::Exception(kind, Some(Event::Hold)));
        let (held, _) = rules().apply(&at(state), Event::Hold).expect("held");
        assert_eq!(held.holdings(), [Some(Account::Suspense), None]);
        assert_eq!(rules().judge(&held, 10_000, word), Verdict::Nothing, "told once more");
        assert_eq!(rules().apply(&held, decided).expect("decided").0.state, after);
        let (dismissed, _) = rules().apply(&held, Event::Dismiss).expect("dismissed");
        assert_eq!(dismissed, at(state));
    }
}

#[test]
fn duplicates_are_nothing_and_other_amounts_are_exceptions() {
    assert_eq!(rules().judge(&at(State::Paid), 10_000, Word::Paid), Verdict::Nothing);
    assert_eq!(rules().judge(&at(State::Returned), 10_000, Word::Returned), Verdict::Nothing);
    let other = rules().judge(&at(State::Sent), 9_999, Word::Paid);
    assert_eq!(other, Verdict::Exception(Kind::AmountDiffers, None));
    let late = rules().judge(&at(State::Unknown), 10_000, Word::Paid);
    assert_eq!(late, Verdict::Happened(Event::Pay), "a late answer counts");
}

#[test]
fn money_that_arrives_after_it_was_made_again_is_claimed() {
    let reissued = Payment { reissued: true, ..at(State::Returned) };
    let verdict = rules().judge(&reissued, 10_000, Word::Paid);
    assert_eq!(verdict, Verdict::Exception(Kind::PaidTwice, Some(Event::Overpay)));
    let (over, _) = rules().apply(&reissued, Event::Overpay).expect("claimed");
    assert_eq!(over.holdings(), [None, Some(Account::Overpaid)]);
    let (back, _) = rules().apply(&over, Event::Recover).expect("recovered");
    assert_eq!(back.holdings(), [None, Some(Account::Recovered)]);
    assert_eq!(rules().apply(&back, Event::Recover), Err(Refused::NotNow));
}

#[test]
fn a_file_that_was_taken_and_forgotten_does_not_leave_again_by_itself() {
    let fresh = rules().asked(FileState::Unknown, false, Standing::NeverSeen);
    assert_eq!((fresh.state, fresh.event), (FileState::Intent, Some(Event::NeverSeen)));
    let taken = rules().asked(FileState::Unknown, true, Standing::NeverSeen);
    assert_eq!((taken.state, taken.exception), (FileState::Unknown, Some(Kind::FileVanished)));
    assert_eq!(rules().received(Reception::Unknown).state, FileState::Unknown);
}

#[test]
fn nobody_approves_his_own_request_and_two_are_two() {
    let ask = |fen| Release::new(BatchState::Reserved, fen, 50_000).ask(Id(1)).expect("asked");
    assert_eq!(rules().approve(ask(50_000), Id(1)), Err(Refused::OwnWork));
    let one = rules().approve(ask(50_000), Id(2)).expect("at the threshold one is enough");
    assert_eq!(one.state, BatchState::Released);
    let first = rules().approve(ask(50_001), Id(2)).expect("the first of two");
    assert_eq!(first.state, BatchState::Asked);
    assert_eq!(rules().approve(first, Id(2)), Err(Refused::SameApprover));
    assert_eq!(rules().approve(first, Id(1)), Err(Refused::OwnWork));
    assert_eq!(rules().approve(first, Id(3)).expect("the second").state, BatchState::Released);
    assert_eq!(ask(1).send_back(Id(2)).expect("sent back").asked_by, None);
}

#[test]
fn a_stop_holds_intents_and_files() {
    assert_eq!(rules().may_plan(BatchState::Released, true), Err(Refused::Stopped));
    assert_eq!(rules().may_send(true), Err(Refused::Stopped));
    assert_eq!(rules().may_plan(BatchState::Asked, false), Err(Refused::NotReleased));
    assert_eq!(rules().may_plan(BatchState::Released, false), Ok(()));
}

#[test]
fn books_and_totals_tell_a_missing_fen() {
    let (mut ledger, mut payments) = (Balances::default(), Balances::default());
    ledger.post(APPROVE, 10_000);
    payments.hold(&Payment::new(10_000), 9_999);
    let breach = Breach::Account { account: Account::Approved, ledger: 10_000, payments: 9_999 };
    assert_eq!(books(&ledger, &payments), Err(breach));
    let mut tally = Tally::default();
    tally.add(State::Sent, false, 1, 10_000);
    assert_eq!(totals(Sum { count: 1, fen: 10_000 }, &tally), Ok(()));
    tally.add(State::Paid, true, 1, 1);
    assert!(totals(Sum { count: 1, fen: 10_000 }, &tally).is_err());
}

#[test]
fn codes_are_read_back_and_each_exception_can_be_ended() {
    assert!(State::ALL.into_iter().all(|state| State::from_code(state.code()) == Some(state)));
    assert!(Account::ALL.into_iter().all(|one| Account::from_code(one.code()) == Some(one)));
    assert!(Kind::ALL.into_iter().all(|kind| Kind::from_code(kind.code()) == Some(kind)));
    assert!(Action::ALL.into_iter().all(|one| Action::from_code(one.code()) == Some(one)));
    assert!(Kind::ALL.into_iter().all(|kind| !kind.actions().is_empty()));
    assert_eq!(Refused::OwnWork.status(), 403);
}

proptest! {
    /// Whatever happens in whatever order: the books are where the money is.
    #[test]
    fn books_follow_every_chain_of_events(picks in proptest::collection::vec(0usize..18, 0..40)) {
        let (mut payment, mut ledger) = (Payment::new(777), Balances::default());
        ledger.post(APPROVE, 777);
        for pick in picks {
            if let Ok((after, posting)) = rules().apply(&payment, Event::ALL[pick]) {
                payment = after;
                if let Some(posting) = posting {
                    ledger.post(posting, 777);
                }
            }
            let mut held = Balances::default();
            held.hold(&payment, 777);
            prop_assert_eq!(books(&ledger, &held), Ok(()));
        }
    }
}
