//! Full-width and narrow writing.

/// Full-width digits, letters and signs (U+FF01 to U+FF5E) and the ideographic space made narrow, spaces
/// at the ends removed.
pub fn narrow(text: &str) -> String {
    let folded: String = text.chars().map(narrow_char).collect();
    folded.trim().to_owned()
}

fn narrow_char(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        other => other,
    }
}

/// Whether an office program has turned a long number into `5.00103E+17`.
pub(crate) fn looks_rounded(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    whole.len() == 1 && digits(whole) && digits(fraction) && exponent.len() == 2 && digits(exponent)
}
