//! Key lists: form, trust, rotation with overlap, no way back.

use crate::cq1::world::*;
use crate::cq1::*;
use proptest::prelude::*;

#[test]
fn a_signed_key_list_is_opened_and_a_bent_one_is_not() {
    let list = signed_keys(&key_list_body());
    let root = root().verifying();
    assert_eq!(KeyList::open(&list, &root).expect("opened").body(), &key_list_body());
    for place in 0..list.len() {
        let mut bent = list.clone();
        bent[place] ^= 1;
        assert!(KeyList::open(&bent, &root).is_err(), "byte {place}");
        assert!(KeyList::open(&list[..place], &root).is_err(), "cut at {place}");
    }
    assert!(KeyList::open(&[&list[..], &[0]].concat(), &root).is_err());
    let another = key(0x11, crate::sm2::SignerId::CQ1_ROOT).verifying();
    assert_eq!(KeyList::open(&list, &another).expect_err("refused"), ListError::Signature);
}

#[test]
fn only_lists_in_order_are_made() {
    let change = |change: fn(&mut KeyListBody)| {
        let mut body = key_list_body();
        change(&mut body);
        body.signed_bytes().map(drop)
    };
    assert_eq!(change(|body| body.keys.swap(0, 1)), Err(ListError::Form));
    assert_eq!(change(|body| body.keys[1] = body.keys[0]), Err(ListError::Form));
    assert_eq!(change(|body| body.next_update_s = body.issued_s), Err(ListError::Form));
    assert_eq!(change(|body| body.keys[0].not_after_s = 0), Err(ListError::Form));
    assert_eq!(change(|body| body.keys.clear()), Ok(()));
}

#[test]
fn a_key_off_the_curve_is_refused_though_the_root_signed_it() {
    let mut body = key_list_body();
    body.keys[0].public = [2; 33];
    let opened = KeyList::open(&signed_keys(&body), &root().verifying());
    let off = opened.is_err_and(|error| error == ListError::Form);
    body.keys[0].public = [0xff; 33];
    let no_point = KeyList::open(&signed_keys(&body), &root().verifying());
    assert!(off || no_point.is_err_and(|error| error == ListError::Form));
}

#[test]
fn both_keys_are_good_during_the_overlap_and_one_before_and_after() {
    let half = i64::from(365 * 86_400 / 2u32);
    let at = |index: u8, now_s: i64| {
        let now = u32::try_from(now_s).expect("a time");
        let mut terminal = Terminal::new();
        let body = KeyListBody { issued_s: now - 9, next_update_s: now + 9, ..key_list_body() };
        terminal.keys = keys(&body);
        terminal.status = status(&StatusState { issued_s: now - 9, ..status_state() });
        let credential =
            Credential { key: index, expires_s: now + 60, ..credential(Kind::Displayed) };
        let bytes = signed(&Code { generated_s: now, ..code(credential) });
        terminal.judge_in(&bytes, &Context { now_s, ..context() }).map(drop)
    };
    let now = i64::from(NOW);
    for (now_s, first, second) in [
        (now + half - 1, Ok(()), Err(Refused::IssuerNotValid)),
        (now + half, Ok(()), Ok(())),
        (now + 2 * half, Ok(()), Ok(())),
        (now + 2 * half + 1, Err(Refused::IssuerNotValid), Ok(())),
    ] {
        assert_eq!((at(1, now_s), at(2, now_s)), (first, second), "{}", now_s - now);
    }
}

proptest! {
    #[test]
    fn whoever_has_seen_a_list_takes_no_older_one(held in 0u32..50, came in 0u32..50, earlier in 0u32..9) {
        let body = |serial, issued_s| KeyListBody { serial, issued_s, ..key_list_body() };
        let (held_body, came_body) = (body(held, NOW - 5), body(came, NOW - earlier));
        let renewed = keys(&held_body).renewed(&signed_keys(&came_body), &root().verifying());
        let newer = came > held && earlier <= 5;
        prop_assert_eq!(renewed.is_ok(), newer || held_body == came_body);
        if let Err(error) = renewed {
            prop_assert_eq!(error, ListError::Rollback);
        }
    }
}
