use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type Place = (Stage, LineState);

const START: Place = (Stage::Bank, LineState::Waiting);

/// Everything that can be reached from the start.
fn reachable() -> Vec<Place> {
    let (mut seen, mut open) = (vec![START], vec![START]);
    while let Some((stage, state)) = open.pop() {
        for event in LineEvent::ALL {
            if let Ok(to) = line(stage, state, event)
                && !seen.contains(&to)
            {
                seen.push(to);
                open.push(to);
            }
        }
    }
    seen
}

#[test]
fn a_card_reaches_its_outlet_only_through_all_four_stages() {
    let mut place = START;
    let mut passed = Vec::new();
    while place.1 != LineState::Done {
        passed.push(place.0);
        for event in [LineEvent::Send, LineEvent::Good, LineEvent::Advance] {
            place = line(place.0, place.1, event).expect("the straight way");
        }
    }
    assert_eq!(passed, Stage::ALL);
}

#[test]
fn no_event_skips_a_stage_or_goes_back_to_one() {
    for (stage, state) in reachable() {
        for event in LineEvent::ALL {
            if let Ok((to, after)) = line(stage, state, event) {
                let forward = stage.next() == Some(to);
                assert!(to == stage || forward, "{stage:?} {state:?} {event:?}");
                assert!(!forward || (event == LineEvent::Advance && state == LineState::Good));
                assert!(after != LineState::Done || stage == Stage::Outlet);
            }
        }
    }
}

#[test]
fn what_is_made_never_ends_without_a_record_of_the_card() {
    for (stage, state) in reachable().into_iter().filter(|(stage, state)| is_made(*stage, *state)) {
        let taken_out = line(stage, state, LineEvent::TakeOut);
        assert_ne!(taken_out, Ok((stage, LineState::TakenOut)), "{stage:?} {state:?}");
        assert!(line(stage, state, LineEvent::Fail).is_err(), "{stage:?} {state:?}");
    }
}

#[test]
fn the_ends_are_ends() {
    for state in [LineState::Retried, LineState::TakenOut, LineState::Done] {
        for (stage, event) in Stage::ALL.iter().flat_map(|s| LineEvent::ALL.map(|e| (*s, e))) {
            assert!(line(stage, state, event).is_err(), "{state:?} {event:?}");
        }
    }
    // From every place an end can be reached: nothing hangs for ever.
    for (stage, state) in reachable() {
        let ends = [LineState::Retried, LineState::TakenOut, LineState::Done];
        let leaves = LineEvent::ALL.iter().any(|event| line(stage, state, *event).is_ok());
        assert!(leaves || ends.contains(&state), "{stage:?} {state:?} is a dead end");
    }
}

#[test]
fn codes_are_read_back() {
    for state in LineState::ALL {
        assert_eq!(LineState::from_code(state.code()), Some(state));
    }
    for stage in Stage::ALL {
        assert_eq!(Stage::from_code(stage.code()), Some(stage));
    }
    for step in instant::Step::ALL {
        assert_eq!(instant::Step::from_code(step.code()), Some(step));
    }
    for state in shelf::State::ALL {
        assert_eq!(shelf::State::from_code(state.code()), Some(state));
    }
    for kind in stock::Movement::ALL {
        assert_eq!(stock::Movement::from_code(kind.code()), Some(kind));
    }
}

#[test]
fn the_printers_steps_follow_one_another_and_none_is_done_twice() {
    use instant::{Step, follows};
    for last in [None].into_iter().chain(Step::ALL.map(Some)) {
        let allowed: Vec<Step> =
            Step::ALL.into_iter().filter(|step| follows(last, *step).is_ok()).collect();
        let at = last.map_or(0, |last| Step::ALL.iter().position(|s| *s == last).unwrap_or(0) + 1);
        assert_eq!(allowed, Step::ALL.get(at..at + 1).unwrap_or_default());
    }
}

#[test]
fn accounts_are_told_from_typing_errors() {
    for (text, good) in [
        ("4000000000000001", true),
        ("400000000000001", false),
        ("40000000000000000000", false),
        ("62220200000000a0", false),
        ("", false),
    ] {
        assert_eq!(instant::is_account(text), good, "{text}");
    }
    let last = |digit: u32| instant::is_account(&format!("621000000000000{digit}"));
    assert_eq!((0..10).filter(|digit| last(*digit)).count(), 1, "one check digit fits");
}

#[test]
fn a_returned_letter_lies_on_the_shelf_again_and_can_be_collected() {
    use shelf::{Event, State, step};
    let way = [Event::WantPost, Event::Post, Event::Return, Event::HandOver];
    let end = way.iter().try_fold(State::Shelf, |state, event| step(state, *event));
    assert_eq!(end, Ok(State::HandedOver));
    assert_eq!(step(State::Posted, Event::HandOver), Err(Refused::DeliveryStep));
    assert_eq!(step(State::HandedOver, Event::Return), Err(Refused::DeliveryStep));
}

fn event() -> impl Strategy<Value = LineEvent> {
    prop::sample::select(LineEvent::ALL.to_vec())
}

proptest! {
    /// Whatever happens in whatever order: no line is lost, a made card stays accounted for, and a
    /// number that was burnt stays burnt.
    #[test]
    fn any_history_keeps_every_line(
        size in 1usize..8,
        history in prop::collection::vec((0usize..8, event()), 0..120),
    ) {
        let mut lines = vec![START; size];
        let mut made = vec![false; size];
        for (at, event) in history {
            let at = at % size;
            let (stage, state) = lines[at];
            if let Ok(to) = line(stage, state, event) {
                prop_assert!(to.0 >= stage);
                made[at] |= is_made(to.0, to.1);
                lines[at] = to;
            }
        }
        let mut sum: BTreeMap<LineState, usize> = BTreeMap::new();
        lines.iter().for_each(|(_, state)| *sum.entry(*state).or_default() += 1);
        prop_assert_eq!(sum.values().sum::<usize>(), size);
        for ((stage, state), made) in lines.into_iter().zip(made) {
            let void = fate(state) == Fate::Void;
            prop_assert!(!(made && void), "a made card at {stage:?} {state:?} was called void");
        }
    }

    /// A batch never goes on while one line is out, and never ends with work left.
    #[test]
    fn a_batch_waits_for_its_last_line(waiting in 0usize..3, out in 0usize..3, good in 0usize..3) {
        let tally = Tally { waiting, out, good };
        for stage in Stage::ALL {
            let (to, state) = settle(stage, BatchState::Out, tally);
            prop_assert_eq!(state == BatchState::Out, out > 0);
            prop_assert_eq!(to != stage, out == 0 && good > 0 && stage != Stage::Outlet);
            let (to, state) = settle(stage, BatchState::Waiting, tally);
            prop_assert_eq!((to, state == BatchState::Done), (stage, waiting == 0));
        }
    }

    #[test]
    fn the_balance_is_the_sum_of_its_movements(
        moves in prop::collection::vec((prop::sample::select(stock::Movement::ALL.to_vec()), -5i64..50), 0..60),
    ) {
        let (mut balance, mut kept) = (0i64, Vec::new());
        for (kind, count) in moves {
            let change = stock::delta(kind, count).and_then(|d| Ok((d, stock::after(balance, d)?)));
            if let Ok((delta, left)) = change {
                balance = left;
                kept.push(delta);
            }
        }
        prop_assert_eq!(balance, kept.iter().sum::<i64>());
        prop_assert!(balance >= 0);
    }
}
