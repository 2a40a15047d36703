//! Descriptors and fingerprints as pure rules.

use proptest::prelude::*;
use seal::sm2::SigningKey;

use super::*;

const NOW: i64 = 1_780_000_000;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_secret(&[seed; 32], DESCRIPTOR).expect("a key")
}

fn said(seed: u8, serial: i64) -> Descriptor {
    Descriptor {
        region: "510000".to_owned(),
        name: "四川".to_owned(),
        key: hex::encode(key(seed).verifying().to_compressed()),
        seal: String::new(),
        endpoint: "https://example.org".to_owned(),
        standard: STANDARD,
        contact: "028".to_owned(),
        serial,
        valid_from: NOW - 10,
        valid_until: NOW + 10,
    }
}

fn signed(said: &Descriptor, seed: u8, before: Option<u8>) -> Signed {
    let text = serde_json::to_string(said).expect("plain data");
    let by = |seed: u8| hex::encode(key(seed).sign(text.as_bytes()));
    Signed { signature: by(seed), before: before.map(by), text: text.clone() }
}

#[test]
fn a_new_key_needs_the_signature_of_the_key_before_it() {
    let trusted = said(1, 1);
    let new = said(2, 2);
    let judge = |signed: &Signed| judge_descriptor(signed, Some(&trusted), "500000", NOW);
    assert_eq!(judge(&signed(&new, 2, None)), Err(Refused::NotFromOldKey));
    assert_eq!(judge(&signed(&new, 2, Some(3))), Err(Refused::NotFromOldKey));
    assert_eq!(judge(&signed(&new, 2, Some(1))), Ok(new.clone()));
    assert_eq!(judge(&signed(&new, 1, Some(1))), Err(Refused::Forged));
    assert_eq!(judge(&signed(&trusted, 1, None)), Err(Refused::Rollback));
}

#[test]
fn descriptors_of_this_region_of_another_time_or_standard_are_refused() {
    let judge = |bend: &dyn Fn(&mut Descriptor)| {
        let mut said = said(1, 1);
        bend(&mut said);
        judge_descriptor(&signed(&said, 1, None), None, "500000", NOW).err()
    };
    assert_eq!(judge(&|_| {}), None);
    assert_eq!(judge(&|d| d.region = "500000".to_owned()), Some(Refused::OwnRegion));
    assert_eq!(judge(&|d| d.region = "51".to_owned()), Some(Refused::Unreadable));
    assert_eq!(judge(&|d| d.valid_until = NOW - 1), Some(Refused::NotValid));
    assert_eq!(judge(&|d| d.valid_from = NOW + 1_000), Some(Refused::NotValid));
    assert_eq!(judge(&|d| d.standard += 1), Some(Refused::Standard));
    assert_eq!(judge(&|d| d.endpoint = "ftp://x".to_owned()), Some(Refused::Unreadable));
}

#[test]
fn a_fingerprint_is_of_the_key_and_may_be_typed_with_any_gaps() {
    let (one, two) = (said(1, 1), said(2, 1));
    let read = fingerprint(&one).to_uppercase().replace('-', " ");
    assert!(same_fingerprint(&read, &one) && !same_fingerprint(&read, &two));
    assert!(!same_fingerprint("", &one));
}

#[test]
fn pauses_double_and_stay_below_a_minute() {
    let pauses: Vec<i64> = [0, 1, 2, 3, 6, i64::MAX].map(pause_s).into();
    assert_eq!(pauses, [1, 1, 2, 4, 32, 32]);
}

#[test]
fn a_clock_that_was_set_back_does_not_stretch_a_pause() {
    assert!(!is_due(NOW + 32, NOW) && is_due(NOW + 32, NOW + 32));
    assert!(is_due(NOW + 3_600, NOW));
}

proptest! {
    #[test]
    fn a_bent_text_or_signature_is_never_believed(place in 0usize..400, flip in 1u8..128) {
        let mut bent = signed(&said(1, 1), 1, None);
        let mut bytes = bent.text.clone().into_bytes();
        let place = place % bytes.len();
        bytes[place] ^= flip;
        if let Ok(text) = String::from_utf8(bytes) {
            bent.text = text;
            prop_assert!(judge_descriptor(&bent, None, "500000", NOW).is_err());
        }
    }
}
