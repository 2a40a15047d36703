//! The rules, alone.

use kernel::id::Id;
use kernel::law::Refusal as _;
use proptest::prelude::*;
use time::macros::date;

use super::*;
use crate::AccountNumber;

#[test]
fn every_state_has_its_line_in_the_table_and_closed_is_the_end() {
    for state in State::ALL {
        assert_eq!(TRANSITIONS.iter().filter(|(from, _)| *from == state).count(), 1);
        assert_eq!(State::from_code(state.code()), Some(state));
        assert!(!may_become(State::Closed, state) && !may_become(state, state));
    }
}

#[test]
fn only_a_first_or_refused_account_is_asked_for() {
    assert_eq!(may(Operation::PreOpen, None), Ok(()));
    for state in State::ALL {
        let expected = if state == State::Refused { Ok(()) } else { Err(Refused::HasAccount) };
        assert_eq!(may(Operation::PreOpen, Some(state)), expected, "{state:?}");
    }
}

/// Art. 11: loss is reported whenever there may be something to lose.
#[test]
fn loss_is_reported_even_while_the_banks_word_is_awaited_and_release_needs_a_loss() {
    let allowed =
        |operation| State::ALL.into_iter().filter(move |s| may(operation, Some(*s)).is_ok());
    let loss: Vec<State> = allowed(Operation::ReportLoss).collect();
    assert_eq!(loss, [State::Opened, State::Active, State::Frozen, State::Unknown]);
    assert_eq!(allowed(Operation::Release).collect::<Vec<_>>(), [State::Lost]);
    assert_eq!(allowed(Operation::Activate).collect::<Vec<_>>(), [State::Opened]);
    assert_eq!(may(Operation::ReportLoss, None), Err(Refused::NoAccount));
    let freeze: Vec<State> = allowed(Operation::Freeze).collect();
    assert_eq!(freeze, [State::Opened, State::Active, State::Unknown]);
    assert_eq!(allowed(Operation::Unfreeze).collect::<Vec<_>>(), [State::Frozen]);
}

#[test]
fn what_an_operation_leads_to_can_be_reached() {
    for operation in Operation::ALL.into_iter().filter(|operation| operation.changes()) {
        for state in State::ALL.into_iter().filter(|s| may(operation, Some(*s)).is_ok()) {
            let start = if operation == Operation::PreOpen { State::Requested } else { state };
            let reached = |to: &State| *to == start || may_become(start, *to);
            assert!(operation.leads_to().iter().any(reached), "{operation:?} from {start:?}");
        }
    }
}

#[test]
fn an_expectation_is_met_by_what_is_as_safe() {
    assert!(agrees(Expected::Lost, State::Closed) && agrees(Expected::Closed, State::Refused));
    assert!(!agrees(Expected::Lost, State::Unknown) && !agrees(Expected::Active, State::Opened));
    assert!(!agrees(Expected::Lost, State::Frozen), "a freeze may be lifted");
    assert!(agrees(Expected::Frozen, State::Frozen) && agrees(Expected::Frozen, State::Closed));
    assert!(!agrees(Expected::Frozen, State::Lost), "a lock is no loss");
}

fn version(from: time::Date, until: time::Date) -> Agreement {
    Agreement {
        id: Id(1),
        bank: Id(2),
        version: 1,
        state: AgreementState::Confirmed,
        number: "1号".to_owned(),
        signed_on: from,
        from,
        until,
        services: vec![Service::Financial],
        waivers: Vec::new(),
    }
}

#[test]
fn an_agreement_holds_on_its_first_and_last_day() {
    let one = version(date!(2026 - 01 - 01), date!(2026 - 12 - 31));
    let days = [date!(2025 - 12 - 31), one.from, one.until, date!(2027 - 01 - 01)];
    assert_eq!(days.map(|day| one.in_force(day)), [false, true, true, false]);
    let waits = Agreement { state: AgreementState::Proposed, ..one };
    assert!(!waits.in_force(date!(2026 - 06 - 01)));
}

#[test]
fn the_days_and_words_of_an_agreement_are_checked() {
    let today = date!(2026 - 06 - 01);
    let good = version(date!(2026 - 01 - 01), date!(2026 - 12 - 31));
    assert_eq!(check_agreement(&good, None, today), Ok(()));
    let cases = [
        (Agreement { number: " ".to_owned(), ..good.clone() }, Refused::Words),
        (Agreement { services: Vec::new(), ..good.clone() }, Refused::Services),
        (Agreement { signed_on: date!(2026 - 01 - 02), ..good.clone() }, Refused::Days),
        (Agreement { until: date!(2025 - 12 - 31), ..good.clone() }, Refused::Days),
        (Agreement { until: date!(2026 - 05 - 31), ..good.clone() }, Refused::Days),
        (Agreement { until: date!(2037 - 01 - 01), ..good.clone() }, Refused::Days),
    ];
    for (agreement, refused) in cases {
        assert_eq!(check_agreement(&agreement, None, today), Err(refused));
    }
    assert_eq!(check_agreement(&good, Some(&good), today), Err(Refused::Overlap));
}

#[test]
fn an_offer_is_public_until_its_last_day_and_needs_valid_divisions() {
    let today = date!(2026 - 06 - 01);
    let offer = Offer {
        id: Id(1),
        bank: Id(2),
        state: OfferState::Published,
        kind: Kind::Transport,
        title: kernel::law::Text::new("公交一元", "Bus for one yuan"),
        text: kernel::law::Text::new("每周五", "Fridays"),
        divisions: vec!["500103".to_owned()],
        from: today,
        until: date!(2026 - 06 - 30),
    };
    assert_eq!(check_offer(&offer, today), Ok(()));
    assert!(offer.is_public(offer.until) && !offer.is_public(date!(2026 - 07 - 01)));
    assert!(offer.holds_in("500103") && !offer.holds_in("500106"));
    // 江北区 was abolished on 2025-11-06.
    let gone = Offer { divisions: vec!["500105".to_owned()], ..offer.clone() };
    assert_eq!(check_offer(&gone, today), Err(Refused::Divisions));
    let long = Offer { until: date!(2027 - 06 - 30), ..offer.clone() };
    assert_eq!(check_offer(&long, today), Err(Refused::Days));
    let dumb = Offer { text: kernel::law::Text::new(" ", "x"), ..offer };
    assert_eq!(check_offer(&dumb, today), Err(Refused::Words));
}

#[test]
fn luhn_counts_only_for_numbers_from_62() {
    assert!(AccountNumber::parse("6222 0000 0000 0000 000").is_err());
    assert!(AccountNumber::parse(&crate::number::with_check_digit("622200000000000000")).is_ok());
    assert!(AccountNumber::parse("1234567").is_err() && AccountNumber::parse("12345678").is_ok());
    assert!(AccountNumber::parse("3100024509012345679").is_ok());
    assert!(AccountNumber::parse("１２３４５６７８").is_err());
    let shown = format!("{:?}", AccountNumber::parse("12345678").expect("a number"));
    assert_eq!(shown, "AccountNumber(…5678)");
}

#[test]
fn every_refusal_has_a_code_of_its_own_and_says_what_to_do() {
    let mut codes: Vec<&str> = Refused::ALL.iter().map(|refused| refused.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Refused::ALL.len());
    for refused in Refused::ALL {
        assert!(refused.code().starts_with("banks/") && refused.article().is_some());
        let texts = [refused.reason(), refused.advice()];
        assert!(texts.iter().all(|text| !text.zh.is_empty() && !text.en.is_empty()));
    }
}

proptest! {
    #[test]
    fn pauses_double_and_have_an_end(first in 1i64..100_000, most in 1i64..1_000_000, n in -5i64..200) {
        let (now, next) = (pause(first, most, n), pause(first, most, n + 1));
        prop_assert!(now <= next && next <= most);
    }

    #[test]
    fn a_changed_digit_of_a_card_number_is_found(
        head in "62[0-9]{14,16}", place in 2usize..15, by in 1u8..10,
    ) {
        let good = crate::number::with_check_digit(&head);
        prop_assert!(AccountNumber::parse(&good).is_ok());
        let mut digits = good.into_bytes();
        digits[place] = b'0' + (digits[place] - b'0' + by) % 10;
        let changed = String::from_utf8(digits).expect("digits");
        prop_assert!(AccountNumber::parse(&changed).is_err());
    }
}
