//! Unified social credit codes of departments, banks and employers (GB 32100).

use crate::pinyin::fold_width;

/// The alphabet of GB 32100: digits and capitals without I, O, S, V and Z. A character's value
/// is its place.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

const LENGTH: usize = 18;

/// A unified social credit code whose form and check character hold: 18 characters, being the
/// registering authority, the kind of organisation, 6 digits of division, 9 of organisation, 1 check.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CreditCode(String);

/// Why a text is no unified social credit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreditCodeError {
    /// Not 18 characters.
    #[error("a unified social credit code has 18 characters, this has {found}")]
    Length {
        /// Characters found, after spaces are removed.
        found: usize,
    },
    /// A character that cannot stand there.
    #[error("character {position} ({found:?}) cannot occur in a unified social credit code")]
    Character {
        /// Place in the code, from 1.
        position: usize,
        /// What stands there.
        found: char,
    },
    /// The last character does not fit the others.
    #[error("the check character of the unified social credit code does not fit")]
    Check,
}

impl CreditCodeError {
    /// The reason in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::Length { found } => format!("统一社会信用代码应为18位，现为{found}位"),
            Self::Character { position, found } => {
                format!("统一社会信用代码第{position}位“{found}”不是允许的字符")
            }
            Self::Check => "统一社会信用代码校验码不符，请检查是否有录错的字符".to_owned(),
        }
    }

    /// The reason in English.
    pub fn en(&self) -> String {
        self.to_string()
    }
}

impl CreditCode {
    /// Reads a code; spaces are dropped, full-width and lower-case characters normalised.
    pub fn parse(text: &str) -> Result<Self, CreditCodeError> {
        let code: Vec<char> = text
            .chars()
            .map(fold_width)
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_ascii_uppercase())
            .collect();
        for (index, &found) in code.iter().take(LENGTH).enumerate() {
            let in_division = (2..8).contains(&index);
            if value(found).is_none() || in_division && !found.is_ascii_digit() {
                let position = index + 1;
                return Err(CreditCodeError::Character { position, found });
            }
        }
        if code.len() != LENGTH {
            return Err(CreditCodeError::Length { found: code.len() });
        }
        let code: String = code.into_iter().collect();
        if code.chars().last() == check_character(&code[..LENGTH - 1]) {
            Ok(Self(code))
        } else {
            Err(CreditCodeError::Check)
        }
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The check character for the first 17 characters; `None` if there are not 17 of the alphabet.
pub fn check_character(body: &str) -> Option<char> {
    if body.chars().count() != LENGTH - 1 {
        return None;
    }
    let mut sum = 0;
    let mut weight = 1;
    for character in body.chars() {
        sum += value(character)? * weight;
        weight = weight * 3 % 31;
    }
    Some(char::from(ALPHABET[(31 - sum % 31) % 31]))
}

fn value(character: char) -> Option<usize> {
    ALPHABET.iter().position(|&c| char::from(c) == character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Issuers named in the published vectors of GB/T 36904.
    const ISSUERS: [&str; 3] = ["11100000000013338W", "11330105002500287C", "11430000006122244L"];

    #[test]
    fn codes_of_public_bodies_hold() {
        for code in ISSUERS {
            assert_eq!(CreditCode::parse(code).expect(code).as_str(), code);
        }
    }

    #[test]
    fn full_width_lower_case_and_spaces_are_normalised() {
        let code = CreditCode::parse(" １１10 0000 0000 13338w").expect("code");
        assert_eq!(code.as_str(), ISSUERS[0]);
    }

    #[test]
    fn a_letter_outside_the_alphabet_is_named_with_its_place() {
        let error = CreditCode::parse("1110000000001333OW").expect_err("letter O");
        let expected = CreditCodeError::Character { position: 17, found: 'O' };
        assert_eq!(error, expected);
        let error = CreditCode::parse("11A00000000013338W").expect_err("letter in the division");
        assert!(matches!(error, CreditCodeError::Character { position: 3, .. }));
    }

    #[test]
    fn a_wrong_length_is_counted() {
        let error = CreditCode::parse(&ISSUERS[0][..17]).expect_err("17");
        assert_eq!(error, CreditCodeError::Length { found: 17 });
        assert!(error.zh().contains("17") && error.en().contains("17"));
    }

    proptest! {
        #[test]
        fn one_substituted_character_is_found(issuer in 0..3usize, at in 0..18usize, with in 0..31usize) {
            let mut code: Vec<char> = ISSUERS[issuer].chars().collect();
            let with = char::from(ALPHABET[with]);
            prop_assume!(code[at] != with);
            code[at] = with;
            prop_assert!(CreditCode::parse(&code.iter().collect::<String>()).is_err());
        }

        #[test]
        fn a_made_code_parses(body in "[1-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{9}") {
            let check = check_character(&body).expect("17 characters");
            let code = format!("{body}{check}");
            prop_assert!(CreditCode::parse(&code).is_ok());
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*") {
            let _ = CreditCode::parse(&text);
            let _ = check_character(&text);
        }
    }
}
