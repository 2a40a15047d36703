//! Time windows, wrong clocks, replay, and the same for emergency codes.

use crate::cq1::world::*;
use crate::cq1::*;
use proptest::prelude::*;

fn at(terminal: &mut Terminal, bytes: &[u8], now_s: i64, skew_s: i64) -> Result<(), Refused> {
    terminal.judge_in(bytes, &Context { now_s, skew_s, ..context() }).map(drop)
}

#[test]
fn a_clock_one_second_off_is_fine_and_hours_off_are_not() {
    let (bytes, now) = (signed(&code(credential(Kind::Displayed))), i64::from(NOW));
    let mut terminal = Terminal::new();
    for second in [-1, 0, 1] {
        assert_eq!(at(&mut terminal, &bytes, now + second, 2), Ok(()));
    }
    // Whatever skew somebody configures: the trap of terminals that took times 8 hours off.
    for skew_s in [0, 2, 120, 8 * 3_600, i64::MAX, -5] {
        for hours in [-8, -1, 1, 8] {
            let answer = at(&mut terminal, &bytes, now + hours * 3_600, skew_s);
            assert!(answer.is_err(), "{hours} h with a skew of {skew_s} s");
        }
    }
}

#[test]
fn a_clock_set_back_is_noticed_by_the_lists() {
    let (bytes, now) = (signed(&code(credential(Kind::Displayed))), i64::from(NOW));
    let mut terminal = Terminal::new();
    assert_eq!(at(&mut terminal, &bytes, now - 3_700, 2), Err(Refused::KeyListFuture));
    let old = Code { generated_s: NOW - 100, ..code(credential(Kind::Displayed)) };
    assert_eq!(at(&mut terminal, &signed(&old), now - 100, 2), Err(Refused::StatusListFuture));
}

#[test]
fn emergency_codes_are_taken_in_order_each_once_and_only_where_they_are_taken() {
    let (codes, mut terminal) = (book(5), Terminal::new());
    let seen = std::cell::Cell::new(0);
    let last = |_: &CredentialId| seen.get();
    let context = Context { last_counter: &last, ..context() };
    for bytes in &codes {
        let accepted = terminal.judge_in(bytes, &context).expect("good");
        seen.set(accepted.counter);
        assert_eq!(terminal.judge_in(bytes, &context), Err(Refused::Replayed));
    }
    assert_eq!(seen.get(), 5);
    let none = Context { emergency: false, ..context };
    assert_eq!(terminal.judge_in(&codes[0], &none), Err(Refused::EmergencyNotTaken));
}

#[test]
fn a_book_has_bounds() {
    let credential = credential(Kind::Emergency);
    let book = |hours, uses, credential| {
        let book =
            EmergencyBook { credential, issuer_signature: [0; 64], from_s: NOW, hours, uses };
        book.codes().map(|codes| codes.len())
    };
    assert_eq!(book(72, 5, credential), Ok(5));
    for (hours, uses) in [(0, 1), (73, 1), (1, 0), (1, 6), (1, u32::MAX)] {
        assert_eq!(book(hours, uses, credential), Err(TooMany), "{hours} h, {uses}");
    }
    assert_eq!(book(1, 1, super::super::world::credential(Kind::Displayed)), Err(TooMany));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_code_is_good_exactly_in_its_window(
        lifetime in 1u8..=60, skew_s in 0i64..=120, offset in -200i64..200,
    ) {
        let content = Code { generated_s: NOW, lifetime, ..code(credential(Kind::Displayed)) };
        let answer = at(&mut Terminal::new(), &signed(&content), i64::from(NOW) + offset, skew_s);
        let window = -skew_s..=i64::from(lifetime) + skew_s;
        // The status list, 60 s old at NOW, is younger than the clock within the skew too.
        let listed = offset + 60 >= -skew_s;
        prop_assert_eq!(answer.is_ok(), window.contains(&offset) && listed);
    }

    #[test]
    fn an_emergency_code_is_good_exactly_in_its_hours(hours in 1u8..=72, offset in -2i64..300_000) {
        let credential = Credential { expires_s: NOW + 72 * 3_600, ..credential(Kind::Emergency) };
        let content = Code { generated_s: NOW, lifetime: hours, counter: 1, ..code(credential) };
        let now = NOW.saturating_add_signed(offset as i32);
        let mut terminal = Terminal::new();
        terminal.status = status(&StatusState { issued_s: now, ..status_state() });
        let answer = at(&mut terminal, &signed(&content), i64::from(now), 2);
        let credential_lives = offset <= 72 * 3_600;
        let window = offset <= i64::from(hours) * 3_600 + 2;
        prop_assert_eq!(answer.is_ok(), credential_lives && window, "{:?}", answer);
    }

    #[test]
    fn of_any_sequence_of_codes_only_rising_counters_are_accepted(
        counters in prop::collection::vec(1u32..12, 1..12),
    ) {
        let (mut terminal, mut seen) = (Terminal::new(), 0);
        for counter in counters {
            let bytes = signed(&Code { counter, ..code(credential(Kind::Displayed)) });
            let last = |_: &CredentialId| seen;
            let context = Context { last_counter: &last, ..context() };
            match terminal.judge_in(&bytes, &context) {
                Ok(accepted) => {
                    prop_assert!(counter > seen);
                    seen = accepted.counter;
                }
                Err(refused) => {
                    prop_assert_eq!(refused, Refused::Replayed);
                    prop_assert!(counter <= seen);
                }
            }
        }
    }
}
