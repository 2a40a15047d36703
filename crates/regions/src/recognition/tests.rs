use people::field::Field;
use proptest::prelude::*;
use seal::sm2::{SignerId, SigningKey};

use super::rules::{self, ANSWER, ASK, Ask, Said};
use crate::rules::{Descriptor, Refused, SKEW_S, Signed};

const NOW_S: i64 = 1_790_000_000;

fn key(role: SignerId) -> SigningKey {
    SigningKey::from_secret(&[3; 32], role).expect("a key")
}

fn sichuan() -> Descriptor {
    Descriptor {
        region: "510000".to_owned(),
        name: "四川".to_owned(),
        key: hex::encode(key(ASK).verifying().to_compressed()),
        seal: String::new(),
        endpoint: "https://example.org".to_owned(),
        standard: 1,
        contact: String::new(),
        serial: 1,
        valid_from: 0,
        valid_until: i64::MAX,
    }
}

fn ask() -> Ask {
    Ask {
        id: "0a".repeat(16),
        from: "510000".to_owned(),
        to: "500000".to_owned(),
        at: NOW_S,
        item: "CY-CU-001".to_owned(),
        code: "CQ1:X".to_owned(),
        read: String::new(),
        counter_check: false,
        place: "成都图书馆".to_owned(),
        journal: String::new(),
    }
}

fn signed(said: &impl serde::Serialize, role: SignerId) -> Signed {
    let text = serde_json::to_string(said).expect("plain data");
    let signature = hex::encode(key(role).sign(text.as_bytes()));
    Signed { text, signature, before: None }
}

fn opened(bend: impl FnOnce(&mut Ask)) -> Result<Ask, Refused> {
    let mut ask = ask();
    bend(&mut ask);
    rules::open_ask(&signed(&ask, ASK), &sichuan(), "500000", NOW_S)
}

/// Art. 17: nothing is believed that is forged, late, early, of another region, or asks for nothing.
#[test]
fn a_question_is_read_strictly() {
    assert_eq!(opened(|_| {}), Ok(ask()));
    assert_eq!(opened(|ask| ask.from = "520000".to_owned()), Err(Refused::Scope));
    assert_eq!(opened(|ask| ask.to = "520000".to_owned()), Err(Refused::Scope));
    assert_eq!(opened(|ask| ask.id = "x".to_owned()), Err(Refused::Unreadable));
    assert_eq!(opened(|ask| ask.code.clear()), Err(Refused::Unreadable));
    assert_eq!(opened(|ask| ask.read = "1|2|3".to_owned()), Err(Refused::Unreadable));
    let mut forged = signed(&ask(), ASK);
    forged.text = forged.text.replace("CY-CU-001", "CY-TO-001");
    assert_eq!(rules::open_ask(&forged, &sichuan(), "500000", NOW_S), Err(Refused::Forged));
    let other_role = signed(&ask(), ANSWER);
    assert_eq!(rules::open_ask(&other_role, &sichuan(), "500000", NOW_S), Err(Refused::Forged));
}

#[test]
fn an_answer_belongs_to_its_question_and_only_known_fields_are_taken() {
    let said = Said {
        id: ask().id,
        from: "510000".to_owned(),
        at: NOW_S,
        result: "ok".to_owned(),
        fields: vec![
            ("name_masked".to_owned(), "王*".to_owned()),
            ("dna".to_owned(), "ACGT".to_owned()),
        ],
        used: String::new(),
    };
    let open = |said: &Said| rules::open_answer(&signed(said, ANSWER), &sichuan(), &ask(), NOW_S);
    let good = open(&said).expect("good");
    assert_eq!(rules::meaning(good), Ok(vec![(Field::NameMasked, "王*".to_owned())]));
    let other = Said { id: "0b".repeat(16), ..said.clone() };
    assert_eq!(open(&other), Err(Refused::Scope));
    let elsewhere = Said { from: "500000".to_owned(), ..said.clone() };
    assert_eq!(open(&elsewhere), Err(Refused::Scope));
    let frozen = Said { result: "codes/frozen".to_owned(), ..said.clone() };
    assert_eq!(rules::meaning(frozen), Err(codes::rules::Refused::Frozen));
    let strange = Said { result: "sure/why-not".to_owned(), ..said };
    assert_eq!(rules::meaning(strange), Err(codes::rules::Refused::UnknownCard));
}

proptest! {
    /// A question is taken while it lives, whatever the clocks say within the agreed difference.
    #[test]
    fn a_question_lives_as_long_as_agreed(shift_s in -400i64..400) {
        let late = SKEW_S + rules::LIFETIME_S;
        let good = (-late..=SKEW_S).contains(&shift_s);
        prop_assert_eq!(opened(|ask| ask.at = NOW_S + shift_s).is_ok(), good);
    }
}
