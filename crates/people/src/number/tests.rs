use super::*;
use crate::generate::{POPULATION, person};
use proptest::prelude::*;
use time::macros::date;

const TODAY: Date = date!(2025 - 12 - 01);

fn checked(text: &str) -> Result<Parsed, NumberError> {
    PersonNumber::parse(text, TODAY, Strictness::Checked)
}

fn with_evidence(text: &str) -> Result<Parsed, NumberError> {
    PersonNumber::parse(text, TODAY, Strictness::WithEvidence)
}

/// A number with the right check character for these 17 digits.
fn numbered(body: &str) -> String {
    format!("{body}{}", check_character(body))
}

/// A number of nobody whose check character is X.
fn ending_in_x() -> String {
    let bodies = (1..999).map(|sequence| format!("50015720241231{sequence:03}"));
    let mut numbers = bodies.map(|body| numbered(&body));
    numbers.find(|number| number.ends_with('X')).expect("one in eleven")
}

#[test]
fn a_resident_number_tells_birth_date_and_sex() {
    let parsed = checked(&numbered("50015720240229001")).expect("a number");
    assert_eq!(parsed.number.kind(), NumberKind::Resident);
    assert_eq!(parsed.number.birth(), Some(date!(2024 - 02 - 29)));
    assert_eq!(parsed.number.sex(), Some(Sex::Male));
    assert!(parsed.warnings.is_empty());
    let woman = checked(&numbered("50015720240229002")).expect("a number");
    assert_eq!(woman.number.sex(), Some(Sex::Female));
}

#[test]
fn the_check_character_is_the_one_of_iso_7064_mod_11_2() {
    // Computed apart, by the recursive method of the standard: p = (p + digit) * 2 mod 11.
    for body in ["00000000000000000", "50015720240229001", "99999999999999999"] {
        let product = body.bytes().fold(0, |p, byte| (p + u32::from(byte - b'0')) * 2 % 11);
        let check = (12 - product) % 11;
        let expected = char::from_digit(check, 10).unwrap_or('X');
        assert_eq!(check_character(body), expected);
    }
}

#[test]
fn small_x_full_width_and_spaces_are_normalised() {
    let number = ending_in_x();
    let spaced = format!(" {} {}　{} ", &number[..6], &number[6..14], &number[14..]);
    let wide: String = number
        .chars()
        .map(|c| char::from_u32(u32::from(c) + 0xfee0).expect("full width"))
        .collect();
    for text in [number.to_lowercase(), spaced, wide.to_lowercase(), wide] {
        assert_eq!(checked(&text).expect(&text).number.as_str(), number);
    }
}

#[test]
fn each_wrong_form_is_named() {
    assert_eq!(checked("　 "), Err(NumberError::Empty));
    assert_eq!(checked("500157202402290"), Err(NumberError::FifteenDigits));
    let short = checked("50015720240229001").expect_err("17 digits");
    assert_eq!(short, NumberError::Length { found: 17, expected: "18" });
    let letter = checked("5O0157202402290012").expect_err("letter O");
    assert_eq!(letter, NumberError::Character { position: 2, found: 'O' });
    assert!(letter.zh().contains("是否应为数字0") && letter.en().contains("digit 0"));
    assert_eq!(letter.place(), Some((2, 2)));
    let x = checked("50015720240229X012").expect_err("X inside");
    assert_eq!(x, NumberError::Character { position: 15, found: 'X' });
    let chinese = checked("五00157202402290012").expect_err("Chinese");
    assert_eq!(chinese, NumberError::Character { position: 1, found: '五' });
}

#[test]
fn text_after_a_long_gap_is_not_overlooked() {
    let text = format!("{}{}1", numbered("50015720240229001"), " ".repeat(100));
    assert!(matches!(checked(&text), Err(NumberError::Length { found: 19, .. })));
    assert!(matches!(checked(&"5".repeat(10_000)), Err(NumberError::Length { .. })));
}

#[test]
fn a_day_that_does_not_exist_or_lies_ahead_is_refused_but_not_with_evidence() {
    for day in ["20230229", "20241301", "20240431", "00000101"] {
        let text = numbered(&format!("500157{day}001"));
        assert_eq!(checked(&text), Err(NumberError::BirthDate), "{day}");
        let parsed = with_evidence(&text).expect("evidence");
        assert_eq!(parsed.warnings[0].code(), "number_birth_date");
        assert_eq!(parsed.number.birth(), None);
    }
    let birth = date!(2025 - 12 - 02);
    let ahead = checked(&numbered("50015720251202001"));
    assert_eq!(ahead, Err(NumberError::BirthDateAhead { birth, today: TODAY }));
    assert!(checked(&numbered("50015720251201001")).is_ok(), "born today");
}

#[test]
fn a_wrong_check_digit_is_refused_but_only_a_warning_with_evidence() {
    let mut text = numbered("50015720240229001");
    let last = text.pop().expect("check");
    text.push(if last == '1' { '2' } else { '1' });
    assert_eq!(checked(&text), Err(NumberError::CheckDigit));
    let parsed = with_evidence(&text).expect("evidence");
    assert_eq!(parsed.warnings, [Warning::Content(NumberError::CheckDigit)]);
    assert_eq!(PersonNumber::restore(&text).expect("stored"), parsed.number);
}

#[test]
fn evidence_never_overrides_length_or_characters() {
    assert!(with_evidence("5001572024022900").is_err());
    assert!(with_evidence("50015720240229A012").is_err());
}

#[test]
fn an_unknown_area_is_a_warning_and_an_area_of_the_past_is_none() {
    let unknown = checked(&numbered("50019920240229001")).expect("a number");
    assert_eq!(unknown.warnings, [Warning::UnknownArea { area: "500199".to_owned() }]);
    for area in ["510212", "512221", "512301", "513522", "500234", "500105", "110101"] {
        let parsed = checked(&numbered(&format!("{area}19700101001"))).expect(area);
        assert!(parsed.warnings.is_empty(), "{area}");
    }
}

#[test]
fn a_person_of_150_years_is_a_warning() {
    let parsed = checked(&numbered("51021218750101001")).expect("a number");
    let birth = date!(1875 - 01 - 01);
    assert_eq!(parsed.warnings, [Warning::VeryOld { birth }]);
}

#[test]
fn permits_of_hong_kong_macao_and_taiwan_are_told_by_their_first_digits() {
    for area in ["810000", "820000", "830000"] {
        let parsed = checked(&numbered(&format!("{area}19900101002"))).expect(area);
        assert_eq!(parsed.number.kind(), NumberKind::HkMoTwPermit);
        assert_eq!(parsed.number.sex(), Some(Sex::Female));
        assert!(parsed.warnings.is_empty());
    }
    let odd = checked(&numbered("81010119900101002")).expect("a number");
    assert_eq!(odd.warnings[0].code(), "number_unknown_area");
}

#[test]
fn both_forms_of_the_foreign_permanent_card_are_read() {
    let new = checked(&numbered("95041019900101002")).expect("new form");
    assert_eq!(new.number.kind(), NumberKind::ForeignPermanent);
    assert_eq!(new.number.birth(), Some(date!(1990 - 01 - 01)));
    let odd_layout = checked(&numbered("95041099999999002")).expect("layout is no standard");
    assert_eq!(odd_layout.warnings, [Warning::Content(NumberError::BirthDate)]);
    let old = checked("kor500090010101").expect("old form");
    assert_eq!(old.number.kind(), NumberKind::ForeignPermanentOld);
    assert_eq!(old.number.as_str(), "KOR500090010101");
    assert_eq!(old.number.birth(), None);
}

#[test]
fn a_passport_is_read_with_its_country_and_doubts_are_warnings() {
    let passport = checked("fra p1234567").expect("passport");
    assert_eq!(passport.number.kind(), NumberKind::ForeignPassport);
    assert!(passport.warnings.is_empty());
    let unknown = checked("ZZZP1234567").expect("unknown country");
    assert_eq!(unknown.warnings[0].code(), "number_unknown_country");
    let long = checked("FRAP123456789012").expect("long");
    assert_eq!(long.warnings, [Warning::PassportLength { length: 13 }]);
    assert!(matches!(checked("FRA123"), Err(NumberError::Length { found: 6, .. })));
    let dash = checked("FRA-1234567").expect_err("dash");
    assert_eq!(dash, NumberError::Character { position: 4, found: '-' });
}

#[test]
fn a_mask_shows_the_ends_and_debug_shows_no_more() {
    let number = checked(&numbered("50015720240229001")).expect("a number").number;
    let last = &number.as_str()[14..];
    assert_eq!(number.mask(), format!("5001**********{last}"));
    assert_eq!(format!("{number:?}"), format!("PersonNumber({})", number.mask()));
    let passport = checked("FRAP1234567").expect("passport").number;
    assert_eq!(passport.mask(), "FRA******67");
}

proptest! {
    #[test]
    fn one_substituted_digit_is_found(index in 0..POPULATION, at in 0..17usize, step in 1..10u8) {
        let number = person(11, index).expect("a person").number;
        prop_assume!(number.kind() == NumberKind::Resident);
        let mut text = number.as_str().as_bytes().to_vec();
        text[at] = b'0' + (text[at] - b'0' + step) % 10;
        let text = String::from_utf8(text).expect("ASCII");
        prop_assert!(checked(&text).is_err());
        prop_assert_ne!(text.chars().last(), Some(check_character(&text[..17])));
    }

    #[test]
    fn two_swapped_neighbours_are_found(index in 0..POPULATION, at in 0..17usize) {
        let number = person(12, index).expect("a person").number;
        prop_assume!(number.kind() == NumberKind::Resident);
        let mut text = number.as_str().as_bytes().to_vec();
        prop_assume!(text[at] != text[at + 1]);
        text.swap(at, at + 1);
        prop_assert!(checked(&String::from_utf8(text).expect("ASCII")).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC*") {
        for strictness in [Strictness::Checked, Strictness::WithEvidence] {
            if let Err(error) = PersonNumber::parse(&text, TODAY, strictness) {
                prop_assert!(!error.zh().is_empty() && !error.en().is_empty());
            }
        }
    }

    #[test]
    fn what_is_accepted_is_canonical_and_can_be_restored(
        text in "([0-9]{17}[0-9xX]|[a-zA-Z]{3}[0-9A-Za-z]{2,17}|[0-9]{10,20})",
    ) {
        if let Ok(parsed) = with_evidence(&text) {
            let canonical = parsed.number.as_str();
            prop_assert!(canonical.len() <= 18);
            prop_assert_eq!(parsed.number.mask().len(), canonical.len());
            let restored = PersonNumber::restore(canonical);
            prop_assert_eq!(restored.as_ref(), Ok(&parsed.number));
        }
    }
}
