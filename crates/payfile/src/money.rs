//! Amounts: fen inside, yuan with two decimals in files. Whole numbers all the way.

/// The largest amount of a file, a line as well as a total: ten thousand billion yuan. Larger sums
/// are a mistake, and smaller ones can be added up without a thought of overflow.
pub const MOST_FEN: i64 = 1_000_000_000_000_000;

/// `12.05` for 1205 fen.
pub fn yuan(fen: i64) -> String {
    let mut text = String::new();
    put_yuan(fen, &mut text);
    text
}

/// Appends [`yuan`]'s form.
pub fn put_yuan(fen: i64, text: &mut String) {
    use std::fmt::Write as _;
    let sign = if fen < 0 { "-" } else { "" };
    let size = fen.unsigned_abs();
    write!(text, "{sign}{}.{:02}", size / 100, size % 100).expect("a string takes all");
}

/// Fen of an amount in yuan: digits, a point, two digits; no sign, no needless zero in front.
pub fn fen_of_yuan(text: &str) -> Option<i64> {
    let (yuan, cents) = text.split_once('.')?;
    if cents.len() != 2 {
        return None;
    }
    let (yuan, cents) = (whole(yuan)?, digits(cents)?);
    bounded(yuan.checked_mul(100)?.checked_add(cents)?)
}

/// Fen of an amount written as fen: digits without a needless zero in front.
pub fn fen_of_fen(text: &str) -> Option<i64> {
    bounded(whole(text)?)
}

/// Fen of an `xs:decimal` as ISO 20022 has it: at most 18 digits and five decimals, of which a sum
/// in CNY can use two. Zeros in front and a plus are allowed there, a minus is not.
pub fn fen_of_iso(text: &str) -> Option<i64> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let (yuan, cents) = text.split_once('.').unwrap_or((text, ""));
    let length = yuan.len() + cents.len();
    let plain = yuan.bytes().chain(cents.bytes()).all(|b| b.is_ascii_digit());
    if !plain || !(1..=18).contains(&length) || cents.len() > 5 {
        return None;
    }
    let (cents, rest) = cents.split_at(cents.len().min(2));
    if rest.bytes().any(|b| b != b'0') {
        return None;
    }
    let yuan = if yuan.is_empty() { 0 } else { digits(yuan)? };
    let cents = if cents.is_empty() { 0 } else { digits(cents)? * [1, 10, 1][cents.len()] };
    bounded(yuan.checked_mul(100)?.checked_add(cents)?)
}

/// A whole number without a needless zero in front.
pub(crate) fn whole(text: &str) -> Option<i64> {
    if text.len() > 1 && text.starts_with('0') { None } else { digits(text) }
}

fn digits(text: &str) -> Option<i64> {
    let all = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if all { text.parse().ok() } else { None }
}

fn bounded(fen: i64) -> Option<i64> {
    (0..=MOST_FEN).contains(&fen).then_some(fen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_that_a_person_would_doubt_are_refused() {
        for text in
            ["", ".", "1", "1.", ".05", "1.5", "1.005", "01.00", "-1.00", "+1.00", "1,000.00"]
        {
            assert_eq!(fen_of_yuan(text), None, "{text:?}");
        }
        for text in [" 1.00", "1.00 ", "1e3.00", "１.00", "1.0０", "99999999999999999999.00"] {
            assert_eq!(fen_of_yuan(text), None, "{text:?}");
        }
        assert_eq!(fen_of_yuan("0.05"), Some(5));
        assert_eq!(fen_of_yuan("10000000000000.00"), Some(MOST_FEN));
        assert_eq!(fen_of_yuan("10000000000000.01"), None);
        assert_eq!(fen_of_fen("007"), None);
        assert_eq!(fen_of_fen("7"), Some(7));
    }

    #[test]
    fn iso_decimals_are_read_as_the_standard_has_them_and_no_part_of_a_fen_is_lost() {
        for (text, fen) in
            [("1", 100), ("1.5", 150), ("1.50000", 150), ("+001.05", 105), (".5", 50), ("3.", 300)]
        {
            assert_eq!(fen_of_iso(text), Some(fen), "{text:?}");
        }
        for text in [
            "",
            ".",
            "+",
            "1.001",
            "-1",
            "1.000000",
            "1e2",
            ".ಪ",
            "0x1",
            "1.0a",
            "++1",
            "9".repeat(19).as_str(),
        ] {
            assert_eq!(fen_of_iso(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(fen in 0..=MOST_FEN) {
            prop_assert_eq!(fen_of_yuan(&yuan(fen)), Some(fen));
            prop_assert_eq!(fen_of_iso(&yuan(fen)), Some(fen));
            prop_assert_eq!(fen_of_fen(&fen.to_string()), Some(fen));
        }

        #[test]
        fn no_text_makes_a_parser_panic(text in "\\PC{0,24}", number in "[-+0-9.]{0,24}") {
            for text in [text, number] {
                let _ = fen_of_fen(&text);
                let _ = fen_of_iso(&text);
                // One amount has one form.
                if let Some(fen) = fen_of_yuan(&text) {
                    prop_assert_eq!(yuan(fen), text);
                }
            }
        }
    }
}
