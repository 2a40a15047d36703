//! What can be wrong with, or doubtful about, a person number, said in Chinese and English.

use time::Date;

/// Why a text is no person number. Positions count from 1 in the text without spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberError {
    /// Nothing was entered.
    Empty,
    /// Too short or too long.
    Length {
        /// Characters found; of a very long text only the first ones are counted.
        found: usize,
        /// The lengths that would be right.
        expected: &'static str,
    },
    /// The 15 digits of a first-generation resident card, which is no longer valid.
    FifteenDigits,
    /// A character that cannot stand there.
    Character {
        /// Its place.
        position: usize,
        /// What stands there.
        found: char,
    },
    /// Characters 7 to 14 are no day of the calendar.
    BirthDate,
    /// The birth date lies in the future.
    BirthDateAhead {
        /// The date in the number.
        birth: Date,
        /// The day it was compared with.
        today: Date,
    },
    /// The last character does not fit the others (GB 11643).
    CheckDigit,
}

impl NumberError {
    /// A stable code for interfaces.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "number_empty",
            Self::Length { .. } => "number_length",
            Self::FifteenDigits => "number_fifteen_digits",
            Self::Character { .. } => "number_character",
            Self::BirthDate => "number_birth_date",
            Self::BirthDateAhead { .. } => "number_birth_date_ahead",
            Self::CheckDigit => "number_check_digit",
        }
    }

    /// First and last place, from 1, of the characters to look at, where the error has one.
    pub const fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::Character { position, .. } => Some((*position, *position)),
            Self::BirthDate | Self::BirthDateAhead { .. } => Some((7, 14)),
            Self::Empty | Self::Length { .. } | Self::FifteenDigits | Self::CheckDigit => None,
        }
    }

    /// The reason in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::Empty => "请填写证件号码".to_owned(),
            Self::Length { found, expected } => {
                format!("证件号码应为{expected}位,现为{found}位")
            }
            Self::FifteenDigits => "15位号码已停止使用,请填写18位公民身份号码".to_owned(),
            Self::Character { position, found } => {
                let hint = match lookalike(*found) {
                    Some(digit) => format!(",是否应为数字{digit}"),
                    None => String::new(),
                };
                format!("证件号码第{position}位“{}”有误{hint}", visible(*found))
            }
            Self::BirthDate => "证件号码第7至14位不是有效的出生日期".to_owned(),
            Self::BirthDateAhead { birth, today } => {
                format!("证件号码第7至14位的出生日期{birth}晚于今日{today}")
            }
            Self::CheckDigit => "证件号码校验码不符,请检查是否有一位录错或相邻两位颠倒".to_owned(),
        }
    }

    /// The reason in English.
    pub fn en(&self) -> String {
        match self {
            Self::Empty => "enter the document number".to_owned(),
            Self::Length { found, expected } => {
                format!("the number has {expected} characters, this has {found}")
            }
            Self::FifteenDigits => {
                "numbers of 15 digits are no longer in use; enter the resident number of 18"
                    .to_owned()
            }
            Self::Character { position, found } => {
                let hint = match lookalike(*found) {
                    Some(digit) => format!("; is it the digit {digit}?"),
                    None => String::new(),
                };
                let found = visible(*found);
                format!("character {position} ({found}) cannot stand there{hint}")
            }
            Self::BirthDate => "characters 7 to 14 are not a birth date".to_owned(),
            Self::BirthDateAhead { birth, today } => {
                format!("the birth date {birth} in characters 7 to 14 is after today, {today}")
            }
            Self::CheckDigit => {
                "the check digit does not fit; look for one wrong digit or two neighbours swapped"
                    .to_owned()
            }
        }
    }
}

impl std::fmt::Display for NumberError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.en())
    }
}

impl std::error::Error for NumberError {}

/// A doubt about a number that a clerk may set aside with evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The first six digits name no place that is known.
    UnknownArea {
        /// The six digits.
        area: String,
    },
    /// The person would be older than 120 years.
    VeryOld {
        /// The birth date in the number.
        birth: Date,
    },
    /// The three letters are no code of a foreign country on travel documents.
    UnknownCountry {
        /// The three letters.
        country: String,
    },
    /// A passport number that is not of 5 to 9 characters.
    PassportLength {
        /// Its characters.
        length: usize,
    },
    /// Content that is doubtful: an error that evidence has overridden, or one of a kind of number
    /// whose inner layout follows no published standard.
    Content(NumberError),
}

impl Warning {
    /// A stable code for interfaces and for the record of what was overridden.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnknownArea { .. } => "number_unknown_area",
            Self::VeryOld { .. } => "number_very_old",
            Self::UnknownCountry { .. } => "number_unknown_country",
            Self::PassportLength { .. } => "number_passport_length",
            Self::Content(error) => error.code(),
        }
    }

    /// The doubt in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::UnknownArea { area } => format!("前六位区划代码{area}不在已知范围,请核对证件"),
            Self::VeryOld { birth } => format!("出生日期{birth}距今超过120年,请核对证件"),
            Self::UnknownCountry { country } => {
                format!("{country}不是已知的外国国家代码,请核对证件")
            }
            Self::PassportLength { length } => {
                format!("护照号码有{length}位,通常为5至9位,请核对证件")
            }
            Self::Content(error) => error.zh(),
        }
    }

    /// The doubt in English.
    pub fn en(&self) -> String {
        match self {
            Self::UnknownArea { area } => {
                format!("the area code {area} is not known; compare it with the document")
            }
            Self::VeryOld { birth } => {
                format!(
                    "the birth date {birth} is more than 120 years ago; compare it with the document"
                )
            }
            Self::UnknownCountry { country } => {
                format!(
                    "{country} is not the known code of a foreign country; compare it with the document"
                )
            }
            Self::PassportLength { length } => format!(
                "the passport number has {length} characters where 5 to 9 are usual; compare it with the document"
            ),
            Self::Content(error) => error.en(),
        }
    }
}

/// The digit that a letter is often typed for.
const fn lookalike(letter: char) -> Option<char> {
    match letter {
        'O' | 'Q' | 'D' | '〇' => Some('0'),
        'I' | 'L' => Some('1'),
        'Z' => Some('2'),
        'S' => Some('5'),
        'B' => Some('8'),
        _ => None,
    }
}

/// A character as it can be shown: an invisible one by its code point.
fn visible(character: char) -> String {
    if character.is_control() || character.escape_debug().count() > 1 {
        format!("U+{:04X}", u32::from(character))
    } else {
        character.to_string()
    }
}
