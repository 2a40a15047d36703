//! One form for each code, and nothing else is read.

use crate::cq1::world::*;
use crate::cq1::*;
use proptest::prelude::*;

#[test]
fn a_code_has_195_bytes_297_characters_and_comes_back() {
    for kind in [Kind::Displayed, Kind::Emergency] {
        let content = Code { counter: 2, ..code(credential(kind)) };
        let bytes = signed(&content);
        let text = Code::text(&bytes);
        assert_eq!((bytes.len(), text.len()), (195, 297));
        assert_eq!(Code::bytes(&text), Ok(bytes));
        let (read, signature) = Code::parse(&bytes).expect("read");
        assert_eq!((read, read.with_signature(&signature)), (content, bytes));
    }
}

#[test]
fn what_is_not_in_the_one_form_is_not_read() {
    let good = signed(&code(credential(Kind::Displayed)));
    let bent = |at: usize, value: u8| {
        let mut bytes = good;
        bytes[at] = value;
        Code::parse(&bytes).map(|_| ())
    };
    assert_eq!(bent(0, 0x01), Err(Refused::Version));
    assert_eq!(bent(1, 0x5a), Err(Refused::Encoding), "no BCD");
    assert_eq!(bent(17, 0x80), Err(Refused::Encoding), "a reserved capability");
    assert_eq!(bent(18, 0), Err(Refused::Encoding), "no capability at all");
    assert_eq!(bent(23, 4), Err(Refused::Encoding), "not a compressed point");
    assert_eq!(bent(124, 0), Err(Refused::Encoding), "no lifetime");
    assert_eq!(bent(124, 61), Err(Refused::Encoding), "too long a lifetime");
    assert_eq!(bent(128, 0), Err(Refused::Encoding), "counters begin at 1");
    assert_eq!(bent(130, 5), Err(Refused::Encoding), "no such scene");
    assert_eq!(Code::parse(&good[..194]), Err(Refused::Length));
    assert_eq!(Code::parse(&[&good[..], &[0]].concat()), Err(Refused::Length));
    let off_curve = (0..=255).filter(|x| bent(55, *x).is_err()).count();
    assert!((64..192).contains(&off_curve), "half of all x have no point, not {off_curve}");
}

#[test]
fn texts_are_strict() {
    let text = Code::text(&signed(&code(credential(Kind::Displayed))));
    assert_eq!(Code::bytes(&text.to_lowercase()), Err(Refused::Foreign));
    assert_eq!(Code::bytes("YKT1:AB"), Err(Refused::Foreign));
    assert_eq!(Code::bytes(&text[..296]), Err(Refused::Length));
    assert_eq!(Code::bytes(&format!("{text} ")), Err(Refused::Length));
    assert_eq!(Code::bytes(&text.replacen(&text[4..7], ":::", 1)), Err(Refused::Encoding));
}

#[test]
fn an_emergency_code_is_bounded_and_proves_no_identity() {
    let of = |change: fn(&mut Code)| {
        let mut content = Code { counter: 5, ..code(credential(Kind::Emergency)) };
        change(&mut content);
        Code::parse(&signed(&content)).map(|_| ())
    };
    assert_eq!(of(|_| ()), Ok(()));
    assert_eq!(of(|code| code.counter = 6), Err(Refused::Encoding));
    assert_eq!(of(|code| code.lifetime = 72), Ok(()));
    assert_eq!(of(|code| code.lifetime = 73), Err(Refused::Encoding));
    assert_eq!(
        of(|code| code.credential.capabilities = Capabilities::IDENTITY),
        Err(Refused::Encoding)
    );
}

#[test]
fn each_refusal_has_a_code_of_its_own_in_the_order_of_the_checks() {
    let codes: std::collections::BTreeSet<_> = Refused::ALL.iter().map(|r| r.code()).collect();
    assert_eq!(codes.len(), Refused::ALL.len());
    assert!(Refused::ALL.windows(2).all(|pair| pair[0] < pair[1]));
}

proptest! {
    #[test]
    fn any_bytes_are_read_as_one_code_or_refused(bytes in prop::collection::vec(any::<u8>(), 195)) {
        for version in [0x11, 0x21] {
            let mut bytes = bytes.clone();
            bytes[0] = version;
            if let Ok((code, signature)) = Code::parse(&bytes) {
                prop_assert_eq!(code.with_signature(&signature).to_vec(), bytes);
            }
        }
    }

    #[test]
    fn any_text_is_refused_or_is_the_text_of_its_bytes(text in "(CQ1:)?[0-9A-Z $%*+./:-]{293}|\\PC{0,300}") {
        if let Ok(bytes) = Code::bytes(&text) {
            prop_assert_eq!(Code::text(&bytes), text);
        }
    }
}
