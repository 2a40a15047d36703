//! Status lists: form, trust, age, and a chain in which each delta has one base.

use crate::cq1::world::*;
use crate::cq1::*;
use proptest::prelude::*;

fn delta(base: &StatusState, next: &StatusState) -> Vec<u8> {
    let delta = StatusDelta::between(base, next).expect("a delta");
    delta.with_signature(&status_key().sign(&delta.signed_bytes()))
}

fn held_keys() -> KeyList {
    keys(&key_list_body())
}

const AT: i64 = NOW as i64;

#[test]
fn a_signed_status_list_is_opened_and_a_bent_one_is_not() {
    let (list, keys) = (signed_status(&status_state()), held_keys());
    let opened = StatusList::open(&list, &keys, AT).expect("opened");
    assert_eq!(opened.state(), &status_state());
    for place in 0..list.len() {
        let mut bent = list.clone();
        bent[place] ^= 1;
        assert!(StatusList::open(&bent, &keys, AT).is_err(), "byte {place}");
        assert!(StatusList::open(&list[..place], &keys, AT).is_err(), "cut at {place}");
    }
    assert!(StatusList::open(&[&list[..], &[0]].concat(), &keys, AT).is_err());
}

#[test]
fn each_index_has_its_status_and_beyond_the_size_there_is_none() {
    let state = status_state();
    assert_eq!(state.status(0), Some(Status::Valid));
    assert_eq!(state.status(300), Some(Status::Suspended));
    assert_eq!(state.status(999), Some(Status::Revoked));
    assert_eq!(state.status(1_000), None);
}

#[test]
fn contradictions_are_not_signed() {
    let change = |change: fn(&mut StatusState)| {
        let mut state = status_state();
        change(&mut state);
        state.signed_bytes().map(drop)
    };
    assert_eq!(change(|state| state.suspended = vec![7, 7]), Err(ListError::Form));
    assert_eq!(change(|state| state.suspended = vec![9, 7]), Err(ListError::Form));
    assert_eq!(change(|state| state.suspended = vec![8]), Err(ListError::Form), "also revoked");
    assert_eq!(change(|state| state.revoked = vec![1_000]), Err(ListError::Form));
}

#[test]
fn lists_of_keys_that_may_not_sign_them_are_refused() {
    let mut body = key_list_body();
    let list = signed_status(&status_state());
    assert_eq!(
        StatusList::open(&list, &held_keys(), AT + 800 * 86_400).unwrap_err(),
        ListError::Key
    );
    let by_issuer = StatusState { key: 1, ..status_state() };
    let signature = issuer(1).sign(&by_issuer.signed_bytes().expect("a list"));
    let by_issuer = by_issuer.with_signature(&signature).expect("a list");
    assert_eq!(StatusList::open(&by_issuer, &held_keys(), AT).unwrap_err(), ListError::Key);
    body.keys[3].revoked = true;
    assert_eq!(StatusList::open(&list, &keys(&body), AT).unwrap_err(), ListError::Key);
}

#[test]
fn a_list_whose_key_was_revoked_since_is_worth_nothing() {
    let mut terminal = Terminal::new();
    let mut body = key_list_body();
    body.keys[3].revoked = true;
    terminal.keys = keys(&body);
    let bytes = signed(&code(credential(Kind::Displayed)));
    assert_eq!(terminal.judge(&bytes), Err(Refused::StatusListUntrusted));
}

#[test]
fn a_list_of_another_region_or_time_is_refused() {
    let mut terminal = Terminal::new();
    let bytes = signed(&code(credential(Kind::Displayed)));
    terminal.status = status(&StatusState { issued_s: NOW + 3, ..status_state() });
    assert_eq!(terminal.judge(&bytes), Err(Refused::StatusListFuture));
    terminal.status = status(&StatusState { issued_s: NOW - 86_400, ..status_state() });
    assert!(terminal.judge(&bytes).is_ok());
    terminal.status = status(&StatusState { issued_s: NOW - 86_401, ..status_state() });
    assert_eq!(terminal.judge(&bytes), Err(Refused::StatusListStale));
    let generous = Context { max_list_age_s: i64::MAX, ..context() };
    assert_eq!(terminal.judge_in(&bytes, &generous), Err(Refused::StatusListStale));

    let elsewhere = Region::from_digits("510000").expect("a region");
    let mut body = key_list_body();
    let mut their_key = body.keys[3];
    their_key.region = elsewhere;
    body.keys.push(their_key);
    let theirs = signed_status(&StatusState { region: elsewhere, ..status_state() });
    terminal.keys = keys(&body);
    terminal.status = StatusList::open(&theirs, &terminal.keys, AT).expect("opened");
    assert_eq!(terminal.judge(&bytes), Err(Refused::StatusListRegion));
}

#[test]
fn a_delta_reports_a_loss_and_a_release() {
    let (base, keys) = (status_state(), held_keys());
    let next = StatusState {
        serial: 101,
        issued_s: NOW,
        size: 1_200,
        suspended: vec![42, 300],
        revoked: vec![7, 8, 999, 1_100],
        ..base.clone()
    };
    let list = status(&base).updated(&delta(&base, &next), &keys, AT).expect("updated");
    assert_eq!(list.state(), &next);
    let again = list.updated(&delta(&base, &next), &keys, AT);
    assert_eq!(again.unwrap_err(), ListError::Base, "it applies once");
}

#[test]
fn a_delta_of_a_twin_with_the_same_serial_is_refused() {
    let (base, keys) = (status_state(), held_keys());
    let twin = StatusState { suspended: vec![7], ..base.clone() };
    let next = StatusState { serial: 101, ..twin.clone() };
    let refused = status(&base).updated(&delta(&twin, &next), &keys, AT);
    assert_eq!(refused.unwrap_err(), ListError::Base);
}

#[test]
fn a_bent_delta_is_refused_and_a_whole_list_is_no_delta() {
    let (base, keys) = (status_state(), held_keys());
    let next = StatusState { serial: 101, suspended: vec![42], ..base.clone() };
    let good = delta(&base, &next);
    for place in 0..good.len() {
        let mut bent = good.clone();
        bent[place] ^= 4;
        assert!(status(&base).updated(&bent, &keys, AT).is_err(), "byte {place}");
    }
    assert!(status(&base).updated(&signed_status(&next), &keys, AT).is_err());
    assert!(StatusList::open(&good, &keys, AT).is_err());
}

fn a_state(serial: u32) -> impl Strategy<Value = StatusState> {
    prop::collection::btree_map(0u32..400, prop::bool::ANY, 0..80).prop_map(move |marks| {
        let of = |which| marks.iter().filter(|(_, m)| **m == which).map(|(at, _)| *at).collect();
        StatusState { serial, size: 400, suspended: of(false), revoked: of(true), ..status_state() }
    })
}

proptest! {
    #[test]
    fn base_and_delta_make_the_next_list(base in a_state(100), next in a_state(101)) {
        let updated = status(&base).updated(&delta(&base, &next), &held_keys(), AT);
        let updated = updated.expect("updated");
        prop_assert_eq!(updated.state(), &next);
    }

    #[test]
    fn a_delta_fits_no_list_but_its_base(base in a_state(100), next in a_state(101), other in a_state(100)) {
        let updated = status(&other).updated(&delta(&base, &next), &held_keys(), AT);
        prop_assert_eq!(updated.is_ok(), base == other);
    }

    #[test]
    fn whoever_has_seen_a_status_list_takes_no_older_one(held in 0u32..50, came in 0u32..50) {
        let of = |serial| StatusState { serial, ..status_state() };
        let renewed = status(&of(held)).renewed(&signed_status(&of(came)), &held_keys(), AT);
        prop_assert_eq!(renewed.is_ok(), came >= held);
    }
}
