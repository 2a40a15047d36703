//! What one line may be: an amount of its own, or base + rate × quantity, rounded to fen and bounded.
//! It is data that two officials agreed on, never a program.

use serde::{Deserialize, Serialize};

/// How a half fen and less is rounded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rounding {
    /// To the nearest fen, a half up.
    HalfUp,
    /// Away with what is no whole fen.
    Down,
}

/// `base + rate × quantity`, rounded, within bounds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Formula {
    /// Fen that everybody gets, whatever his quantity.
    pub base_fen: i64,
    /// Ten-thousandths of a yuan for one unit: 90 yuan a mu are 900 000.
    pub rate: i64,
    /// What is counted: 亩, 月, 人.
    pub unit_zh: String,
    /// The unit in English.
    pub unit_en: String,
    /// Rounding to fen.
    pub rounding: Rounding,
    /// Least amount of a line, fen.
    pub least_fen: i64,
    /// Greatest amount of a line, fen.
    pub most_fen: i64,
}

/// Thousandths of a unit in a whole one.
pub const MILLI: i64 = 1_000;
/// Parts of a rate in a fen, times thousandths of a unit.
const SCALE: i128 = 100 * MILLI as i128;

impl Formula {
    /// The amount in fen for a quantity in thousandths of the unit; `None` when the quantity is not
    /// above zero or the amount is beyond all money. The bounds hold: less is raised to the least, more
    /// is cut to the most.
    pub fn amount(&self, quantity: i64) -> Option<i64> {
        if quantity <= 0 {
            return None;
        }
        let product = i128::from(self.rate) * i128::from(quantity);
        let half = if self.rounding == Rounding::HalfUp { SCALE / 2 } else { 0 };
        let fen = i128::from(self.base_fen) + (product + half).div_euclid(SCALE);
        let fen = fen.clamp(i128::from(self.least_fen), i128::from(self.most_fen));
        i64::try_from(fen).ok().filter(|fen| *fen > 0)
    }

    /// Whether it can be used: nothing negative, bounds in order.
    pub fn is_sound(&self) -> bool {
        self.base_fen >= 0
            && self.rate > 0
            && (0..=self.most_fen).contains(&self.least_fen)
            && self.most_fen > 0
            && !self.unit_zh.is_empty()
    }
}

/// Reads `1,234.5` with at most `places` decimals into an integer of that scale: yuan with two places
/// are fen. `None` for anything else, also for signs and exponents.
pub fn parse_decimal(text: &str, places: u32) -> Option<i64> {
    let text = text.trim().trim_start_matches(['¥', '￥']).replace(',', "");
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let part = part.trim_end_matches('0');
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > places as usize {
        return None;
    }
    let scale = 10i64.checked_pow(places)?;
    let padded = format!("{part:0<width$}", width = places as usize);
    let part: i64 = if padded.is_empty() { 0 } else { padded.parse().ok()? };
    whole.parse::<i64>().ok()?.checked_mul(scale)?.checked_add(part)
}

/// An integer of `places` decimals as people write it, with no needless zeros beyond `least` places.
pub fn decimal(value: i64, places: u32, least: usize) -> String {
    let scale = 10u64.pow(places);
    let (sign, size) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    let mut part = format!("{:0width$}", size % scale, width = places as usize);
    while part.len() > least && part.ends_with('0') {
        part.pop();
    }
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{part}", size / scale)
}

/// Fen as yuan with two places.
pub fn yuan(fen: i64) -> String {
    decimal(fen, 2, 2)
}

/// Fen as yuan, with separators for thousands: `12,345.60`.
pub fn money(fen: impl std::borrow::Borrow<i64>) -> String {
    let plain = yuan(*fen.borrow());
    let (whole, rest) = plain.split_once('.').unwrap_or((&plain, "00"));
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}.{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn money_is_shown_in_groups_of_three() {
        assert_eq!([money(0), money(123_456_789), money(-5)], ["0.00", "1,234,567.89", "-0.05"]);
        assert_eq!([money(10_000), money(-100_000)], ["100.00", "-1,000.00"]);
    }

    fn per_mu() -> Formula {
        Formula {
            base_fen: 0,
            rate: 549_000,
            unit_zh: "亩".to_owned(),
            unit_en: "mu".to_owned(),
            rounding: Rounding::HalfUp,
            least_fen: 0,
            most_fen: 1_000_000,
        }
    }

    #[test]
    fn a_rate_times_a_quantity_is_rounded_to_fen_and_bounded() {
        let formula = per_mu();
        assert_eq!(formula.amount(1_000), Some(5_490));
        assert_eq!(formula.amount(1_234), Some(6_775), "54.9 × 1.234 = 67.7466");
        assert_eq!(Formula { rounding: Rounding::Down, ..per_mu() }.amount(1_234), Some(6_774));
        assert_eq!(formula.amount(i64::MAX), Some(1_000_000), "cut to the most");
        assert_eq!(Formula { least_fen: 10_000, ..per_mu() }.amount(1), Some(10_000));
        assert_eq!(formula.amount(0), None);
        assert_eq!(formula.amount(-5), None);
    }

    #[test]
    fn money_is_read_as_people_write_it_and_nothing_else() {
        for (text, fen) in [("12", 1_200), ("1,234.5", 123_450), ("¥0.01", 1), ("7.10", 710)] {
            assert_eq!(parse_decimal(text, 2), Some(fen), "{text}");
        }
        for text in ["", "-1", "+1", "1.234", "1e3", "一百", ".", "1.2.3", "99999999999999999999"]
        {
            assert_eq!(parse_decimal(text, 2), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(fen in 0i64..1_000_000_000_000) {
            prop_assert_eq!(parse_decimal(&yuan(fen), 2), Some(fen));
            prop_assert_eq!(parse_decimal(&decimal(fen, 3, 0), 3), Some(fen));
        }

        #[test]
        fn an_amount_never_leaves_its_bounds_and_grows_with_the_quantity(
            rate in 1i64..10_000_000_000, least in 0i64..1_000, more in 1i64..1_000_000_000,
            quantity in 1i64..1_000_000_000, step in 0i64..1_000_000
        ) {
            let formula = Formula { rate, least_fen: least, most_fen: least + more, ..per_mu() };
            prop_assert!(formula.is_sound());
            if let Some(amount) = formula.amount(quantity) {
                prop_assert!((least..=least + more).contains(&amount));
                prop_assert!(formula.amount(quantity + step).is_some_and(|next| next >= amount));
            }
        }
    }
}
