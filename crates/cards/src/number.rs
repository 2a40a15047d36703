//! Numbers on a card (LD/T 32): 卡号, nine characters, and 卡识别码, 32 hexadecimal digits.

/// The card number for a place in the pool: a letter, seven digits and a vendor check character.
/// The check is a help against typing errors, never a ground to refuse a card.
///
/// # Panics
/// Past 259,999,999 numbers; the pool of a province is far smaller.
pub fn card_number(place: i64) -> String {
    let series = u8::try_from(place / 10_000_000).expect("the pool is within its letters");
    assert!(series < 26, "the pool is within its letters");
    let eight = format!("{}{:07}", char::from(b'A' + series), place % 10_000_000);
    format!("{eight}{}", check(&eight))
}

/// The vendors' check character over eight letters and digits (weights of GB 11714).
fn check(eight: &str) -> char {
    const WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
    let value = |c: char| c.to_digit(36).unwrap_or(0);
    let sum: u32 = eight.chars().zip(WEIGHTS).map(|(c, weight)| value(c) * weight).sum();
    match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        digit => char::from(b'0' + digit as u8),
    }
}

/// Whether the text looks like a card number: nine letters and digits.
pub fn looks_like(text: &str) -> bool {
    text.len() == 9 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// The identifier in the chip: issuing division, the fixed part of chips of this kind, then 8 random
/// bytes.
pub fn identifier(division: &str, random: [u8; 8]) -> String {
    let tail: String = random.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("{division}D156000005{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_have_nine_characters_and_begin_with_their_series() {
        assert_eq!(&card_number(1)[..8], "A0000001");
        assert_eq!(&card_number(10_000_000)[..8], "B0000000");
        assert_eq!(identifier("500000", [0xAB; 8]).len(), 32);
    }

    proptest! {
        #[test]
        fn different_places_give_different_numbers(a in 0i64..259_999_999, b in 0i64..259_999_999) {
            prop_assert!(looks_like(&card_number(a)));
            prop_assert_eq!(a == b, card_number(a) == card_number(b));
        }
    }
}
