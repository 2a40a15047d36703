//! Formats are read strictly; the vectors are those of docs/fusion.md.

use kernel::time::Utc;
use proptest::prelude::*;
use proptest::sample::Index;
use seal::sm2::{SignerId, SigningKey};
use seal::sm3::MacKey;
use time::macros::date;

use super::*;
use crate::fusion::rules::{NotOpened, Refused};

/// 2026-03-01 10:00:00 in Chongqing.
const NOW_S: i64 = 1_772_330_400;
const SIGNER: &str = "cq-library";
const SECRET: [u8; 32] = [7; 32];

fn now(after: i64) -> Utc {
    Utc((NOW_S + after) * Utc::SECOND)
}

pub(crate) fn sm2_layout(prefix: &str) -> Layout {
    Layout {
        prefix: prefix.to_owned(),
        cut: Cut::Separated {
            by: '.',
            parts: vec![Part::Number, Part::Time, Part::Key, Part::Signature],
        },
        time: Some(Time::UnixSeconds),
        lifetime_s: 60,
        sign: Sign::Sm2 { signer: SIGNER.to_owned() },
    }
}

pub(crate) fn mac_layout(prefix: &str) -> Layout {
    Layout {
        prefix: prefix.to_owned(),
        cut: Cut::Fixed {
            parts: vec![
                (Part::Other, 2),
                (Part::Number, 12),
                (Part::Time, 14),
                (Part::Signature, 32),
            ],
        },
        time: Some(Time::Local),
        lifetime_s: 120,
        sign: Sign::HmacSm3 { bytes: 16 },
    }
}

pub(crate) fn bare_layout(prefix: &str) -> Layout {
    Layout {
        prefix: prefix.to_owned(),
        cut: Cut::Separated { by: '|', parts: vec![Part::Number] },
        time: None,
        lifetime_s: 0,
        sign: Sign::None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn signer() -> SigningKey {
    SigningKey::from_secret(&SECRET, SignerId(SIGNER)).expect("a key")
}

/// The public half, as a department registers it.
pub(crate) fn public() -> String {
    hex(&signer().verifying().to_compressed())
}

pub(crate) fn sm2_code(prefix: &str, number: &str, made: i64) -> String {
    let signed = format!("{prefix}{number}.{made}.K1");
    let signature = signer().sign(signed.as_bytes());
    format!("{signed}.{}", hex(&signature))
}

fn mac_code(prefix: &str, number: &str, time: &str) -> String {
    let signed = format!("{prefix}01{number}{time}");
    let tag = MacKey::new(&SECRET).mac(signed.as_bytes());
    format!("{signed}{}", hex(&tag[..16]))
}

fn key(material: Material) -> Key {
    let (from, until) = (date!(2026 - 01 - 01), date!(2026 - 12 - 31));
    Key { kid: "K1".to_owned(), material, from, until }
}

fn sm2_keys() -> Vec<Key> {
    let point = signer().verifying().to_compressed();
    let opened = seal::sm2::VerifyingKey::of_signer(&point, SIGNER).expect("a key");
    vec![key(Material::Sm2(opened))]
}

fn mac_keys() -> Vec<Key> {
    vec![key(Material::Mac(MacKey::new(&SECRET)))]
}

fn read(layout: &Layout, keys: &[Key], text: &str, after: i64) -> Result<String, NotOpened> {
    decode(layout, keys, text, now(after)).map(|decoded| decoded.number)
}

#[test]
fn a_signed_code_is_read_with_its_number_and_the_proof_of_a_code() {
    let layout = sm2_layout("CQLIB1:");
    assert_eq!(check_layout(&layout), Ok(()));
    let text = sm2_code("CQLIB1:", "2026000123", NOW_S);
    let decoded = decode(&layout, &sm2_keys(), &text, now(0)).expect("good");
    assert_eq!((decoded.number.as_str(), decoded.proof), ("2026000123", Proof::Code));
    assert_eq!(decoded.shown.map(|(_, until)| until), Some(NOW_S + 62));
    let mac = mac_layout("CQBUS1:");
    assert_eq!(check_layout(&mac), Ok(()));
    let text = mac_code("CQBUS1:", "400000001234", "20260301100000");
    assert_eq!(read(&mac, &mac_keys(), &text, 0).as_deref(), Ok("400000001234"));
}

/// Art. 16: a bare number is read, but proves nothing.
#[test]
fn a_bare_number_is_the_lowest_proof() {
    let layout = bare_layout("CQOLD:");
    assert_eq!(check_layout(&layout), Ok(()));
    let decoded = decode(&layout, &[], "CQOLD:10002000", now(0)).expect("read");
    assert_eq!((decoded.proof, decoded.shown), (Proof::Number, None));
    assert_eq!(read(&layout, &[], "CQOLD:1000|2000", 0), Err(NotOpened::Malformed));
    assert_eq!(read(&layout, &[], "CQOLD:10002000\n", 0), Err(NotOpened::Malformed));
}

#[test]
fn a_code_is_good_from_its_second_to_the_end_of_its_lifetime() {
    let text = sm2_code("CQLIB1:", "2026000123", NOW_S);
    let at = |after: i64| read(&sm2_layout("CQLIB1:"), &sm2_keys(), &text, after).err();
    assert_eq!([-2, 0, 60, 62].map(at), [None; 4]);
    assert_eq!([-3, -3_600, -28_800].map(at), [Some(NotOpened::Future); 3]);
    assert_eq!([63, 3_600, 28_800].map(at), [Some(NotOpened::Expired); 3]);
}

#[test]
fn a_key_serves_on_its_days_under_its_name_and_for_its_kind_only() {
    let layout = sm2_layout("CQLIB1:");
    let text = sm2_code("CQLIB1:", "2026000123", NOW_S);
    let with = |change: fn(&mut Key)| {
        let mut keys = sm2_keys();
        keys.iter_mut().for_each(change);
        read(&layout, &keys, &text, 0).err()
    };
    assert_eq!(with(|_| ()), None);
    assert_eq!(with(|key| key.kid = "K2".to_owned()), Some(NotOpened::Key));
    assert_eq!(with(|key| key.until = date!(2026 - 02 - 28)), Some(NotOpened::Key));
    assert_eq!(with(|key| key.from = date!(2026 - 03 - 02)), Some(NotOpened::Key));
    assert_eq!(read(&layout, &[], &text, 0), Err(NotOpened::Key));
    assert_eq!(read(&layout, &mac_keys(), &text, 0), Err(NotOpened::Forged));
    let other = Layout { sign: Sign::Sm2 { signer: "other".to_owned() }, ..layout.clone() };
    let point = signer().verifying().to_compressed();
    let in_other = seal::sm2::VerifyingKey::of_signer(&point, "other").expect("a key");
    let keys = [key(Material::Sm2(in_other))];
    assert_eq!(read(&other, &keys, &text, 0), Err(NotOpened::Forged), "another role");
}

/// Two keys side by side while one takes over from the other; without a name both are tried.
#[test]
fn keys_rotate_with_an_overlap() {
    let mut keys = mac_keys();
    keys.insert(0, Key { kid: "K0".to_owned(), ..key(Material::Mac(MacKey::new(b"older"))) });
    let text = mac_code("CQBUS1:", "400000001234", "20260301100000");
    assert_eq!(read(&mac_layout("CQBUS1:"), &keys, &text, 0).as_deref(), Ok("400000001234"));
}

#[test]
fn a_time_that_does_not_exist_is_refused() {
    for time in ["20260230100000", "20260301240000", "20260301106000", "2026030110000a"] {
        let text = mac_code("CQBUS1:", "400000001234", time);
        let read = read(&mac_layout("CQBUS1:"), &mac_keys(), &text, 0);
        assert_eq!(read, Err(NotOpened::Malformed), "{time}");
    }
}

#[test]
fn a_layout_that_only_looks_safe_is_refused() {
    let refused = |change: fn(&mut Layout)| {
        let mut layout = sm2_layout("CQLIB1:");
        change(&mut layout);
        check_layout(&layout).err()
    };
    let cases: [fn(&mut Layout); 12] = [
        |l| l.prefix = "cqlib:".to_owned(),
        |l| l.prefix = "12345".to_owned(),
        |l| l.prefix = "CQ".to_owned(),
        |l| l.time = None,
        |l| l.lifetime_s = 0,
        |l| l.lifetime_s = 301,
        |l| l.sign = Sign::None,
        |l| l.sign = Sign::Sm2 { signer: String::new() },
        |l| l.sign = Sign::HmacSm3 { bytes: 8 },
        |l| l.cut = Cut::Separated { by: 'x', parts: l.parts() },
        |l| l.cut = Cut::Separated { by: '.', parts: vec![Part::Number, Part::Signature] },
        |l| {
            let parts = vec![Part::Number, Part::Signature, Part::Time];
            l.cut = Cut::Separated { by: '.', parts };
        },
    ];
    for (place, change) in cases.into_iter().enumerate() {
        assert_eq!(refused(change), Some(Refused::Layout), "case {place}");
    }
    for own in ["CQ1:", "CQ1:X", "YKT1:", "YKT"] {
        let layout = Layout { prefix: own.to_owned(), ..sm2_layout("") };
        assert_eq!(check_layout(&layout), Err(Refused::PrefixTaken), "{own}");
    }
    let timed = Layout { lifetime_s: 60, ..bare_layout("CQOLD:") };
    assert_eq!(check_layout(&timed), Err(Refused::Layout));
}

#[test]
fn codes_of_the_platform_are_its_own() {
    assert!(is_own("YKT1:ABC") && is_own("CQ1:ABC"));
    assert!(!is_own("CQLIB1:1") && !is_own(" CQ1:ABC") && !is_own("cq1:abc"));
}

/// The test vectors that docs/fusion.md gives to engineers.
#[test]
fn the_vectors_of_the_document_are_read_as_it_says() {
    let document = include_str!("../../../../../docs/fusion.md");
    let lines = document.lines().filter_map(|line| line.strip_prefix("vector "));
    let mut seen = 0;
    for line in lines {
        let (expected, text) = line.split_once(' ').expect("an answer and a text");
        let (layout, keys) = match text.split_once(':').map(|(prefix, _)| prefix) {
            Some("CQLIB1") => (sm2_layout("CQLIB1:"), sm2_keys()),
            Some("CQBUS1") => (mac_layout("CQBUS1:"), mac_keys()),
            _ => (bare_layout("CQOLD:"), Vec::new()),
        };
        let said = match decode(&layout, &keys, text, now(0)) {
            Ok(decoded) => decoded.number,
            Err(no) => kernel::law::Refusal::code(&no).to_owned(),
        };
        assert_eq!(said, expected, "{text}");
        seen += 1;
    }
    assert!(seen >= 8, "the document has {seen} vectors");
    assert!(document.contains(&public()), "the public key of the vectors");
    let layout = serde_json::to_string(&sm2_layout("CQLIB1:")).expect("JSON");
    assert!(document.contains(&layout), "{layout}");
    let layout = serde_json::to_string(&mac_layout("CQBUS1:")).expect("JSON");
    assert!(document.contains(&layout), "{layout}");
}

/// One change to a text: a byte replaced, taken out, put in, two swapped, the end cut off.
fn bend(text: &str, kind: u8, place: &Index, byte: u8) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = place.index(bytes.len());
    match kind % 5 {
        0 => bytes[at] = byte,
        1 => drop(bytes.remove(at)),
        2 => bytes.insert(at, byte),
        3 => bytes.truncate(at),
        _ => {
            let next = (at + 1) % bytes.len();
            bytes.swap(at, next);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// No changed code of a signed format is accepted, and none makes the reader panic.
    #[test]
    fn a_mutated_signed_code_is_never_accepted(
        changes in proptest::collection::vec((any::<u8>(), any::<Index>(), 0x20u8..0x7f), 1..4),
    ) {
        let good = mac_code("CQBUS1:", "400000001234", "20260301100000");
        let bent = changes.iter().fold(good.clone(), |text, (kind, place, byte)| {
            if text.is_empty() { text } else { bend(&text, *kind, place, *byte) }
        });
        let read = decode(&mac_layout("CQBUS1:"), &mac_keys(), &bent, now(0));
        prop_assert_eq!(read.is_ok(), bent == good, "{}", bent);
    }

    /// Any text is a code or a refusal, for every layout.
    #[test]
    fn any_text_is_a_code_or_a_refusal(text in "(CQLIB1:|CQBUS1:|CQOLD:)?\\PC{0,80}") {
        prop_assert!(decode(&sm2_layout("CQLIB1:"), &sm2_keys()[..0], &text, now(0)).is_err());
        prop_assert!(decode(&mac_layout("CQBUS1:"), &mac_keys(), &text, now(0)).is_err());
        if let Ok(decoded) = decode(&bare_layout("CQOLD:"), &[], &text, now(0)) {
            prop_assert_eq!(decoded.proof, Proof::Number);
            prop_assert_eq!(format!("CQOLD:{}", decoded.number), text);
        }
    }

    /// A layout that is accepted never makes the reader panic, whatever text comes.
    #[test]
    fn any_accepted_layout_reads_any_text_without_panic(
        widths in proptest::collection::vec(1usize..40, 1..5),
        text in "CQX:[0-9A-Zé|.]{0,60}",
    ) {
        let kinds = [Part::Number, Part::Other, Part::Other, Part::Other, Part::Other];
        let parts: Vec<(Part, usize)> = kinds.into_iter().zip(widths).collect();
        let layout = Layout { cut: Cut::Fixed { parts }, ..bare_layout("CQX:") };
        if check_layout(&layout).is_ok() {
            let _ = decode(&layout, &[], &text, now(0));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// The same for SM2: whatever is changed, the signature does not hold any more.
    #[test]
    fn a_mutated_sm2_code_is_never_accepted(kind: u8, place: Index, byte in 0x20u8..0x7f) {
        let good = sm2_code("CQLIB1:", "2026000123", NOW_S);
        let bent = bend(&good, kind, &place, byte);
        let read = decode(&sm2_layout("CQLIB1:"), &sm2_keys(), &bent, now(0));
        prop_assert_eq!(read.is_ok(), bent == good, "{}", bent);
    }
}
