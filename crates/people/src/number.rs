//! Person numbers (社会保障号码): the number under which the register keeps a person.
//!
//! | kind | form | what the number tells |
//! |---|---|---|
//! | resident, GB 11643 | 6 area, 8 birth date, 3 sequence (odd is male), 1 check | birth date, sex |
//! | Hong Kong, Macao, Taiwan resident with a permit | the same, area 810000, 820000, 830000 | birth date, sex |
//! | foreign permanent resident, since 2023-12-01 | 18, first digit 9, same check | birth date, sex |
//! | foreign permanent resident, old form | 3 letters, 12 digits | country |
//! | other foreigner | 3 letters of country, passport number | country |
//!
//! A local check is a flag, never the last word on a real person: see [`Strictness`].

mod countries;
mod problem;
#[cfg(test)]
mod tests;

pub use problem::{NumberError, Warning};

use crate::pinyin::fold_width;
use kernel::divisions;
use std::fmt;
use time::{Date, Month};

/// The most characters that are looked at; a longer text is no number.
const LONGEST_TEXT: usize = 64;
/// Letters and digits of a passport number, shortest and longest that are accepted.
const PASSPORT: std::ops::RangeInclusive<usize> = 4..=15;
/// Years after which a person alive is so unusual that a clerk should look twice.
const VERY_OLD_YEARS: i32 = 120;

/// Sex as registered, with the codes of GB/T 2261.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sex {
    /// 男, code 1
    Male,
    /// 女, code 2
    Female,
}

impl Sex {
    /// The code of GB/T 2261.1.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Male => "1",
            Self::Female => "2",
        }
    }

    /// The sex with this code of GB/T 2261.1.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Male, Self::Female].into_iter().find(|sex| sex.code() == code)
    }

    /// In Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Male => "男",
            Self::Female => "女",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }
}

/// The kinds of person number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NumberKind {
    /// 公民身份号码, GB 11643
    Resident,
    /// 港澳台居民居住证号码
    HkMoTwPermit,
    /// 外国人永久居留身份证号码, 18 digits
    ForeignPermanent,
    /// 外国人永久居留证号码, old form
    ForeignPermanentOld,
    /// country code and passport number of another foreigner
    ForeignPassport,
}

impl NumberKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Resident,
        Self::HkMoTwPermit,
        Self::ForeignPermanent,
        Self::ForeignPermanentOld,
        Self::ForeignPassport,
    ];

    /// The stable code that is stored and sent.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::HkMoTwPermit => "hk_mo_tw_permit",
            Self::ForeignPermanent => "foreign_permanent",
            Self::ForeignPermanentOld => "foreign_permanent_old",
            Self::ForeignPassport => "foreign_passport",
        }
    }

    /// In Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Resident => "公民身份号码",
            Self::HkMoTwPermit => "港澳台居民居住证号码",
            Self::ForeignPermanent => "外国人永久居留身份证号码",
            Self::ForeignPermanentOld => "外国人永久居留证号码(旧版)",
            Self::ForeignPassport => "国家代码加护照号码",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Resident => "resident number",
            Self::HkMoTwPermit => "Hong Kong, Macao and Taiwan residence permit number",
            Self::ForeignPermanent => "foreign permanent residence number",
            Self::ForeignPermanentOld => "foreign permanent residence number (old form)",
            Self::ForeignPassport => "country code and passport number",
        }
    }
}

/// What happens when the form of a number is right but its content is doubtful: the check digit,
/// a birth date that does not exist or lies ahead. Wrong length or characters are always errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Doubtful content is an error: what a form does first.
    Checked,
    /// Doubtful content is a [`Warning`]: a clerk has seen the document and enters it as it is.
    WithEvidence,
}

/// A person number in canonical form: capitals and digits, no spaces. `Debug` shows the mask, so
/// that a log never holds the number.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonNumber {
    text: String,
    kind: NumberKind,
    birth: Option<Date>,
    sex: Option<Sex>,
}

/// A number that was read, with what a clerk should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The number.
    pub number: PersonNumber,
    /// Doubts that do not forbid the number; empty for a plain case.
    pub warnings: Vec<Warning>,
}

impl PersonNumber {
    /// Reads a number as people type it: spaces are dropped, full-width and lower-case characters
    /// normalised. `today` is the day that no birth date may lie after.
    pub fn parse(text: &str, today: Date, strictness: Strictness) -> Result<Parsed, NumberError> {
        let text = canonical(text)?;
        let letters = text.chars().take_while(char::is_ascii_alphabetic).count();
        if letters >= 3 { parse_foreign(text) } else { parse_eighteen(text, today, strictness) }
    }

    /// Reads back a number that was accepted before, from the register: only its form is looked at.
    pub fn restore(text: &str) -> Result<Self, NumberError> {
        Self::parse(text, Date::MAX, Strictness::WithEvidence).map(|parsed| parsed.number)
    }

    /// The canonical text. It is personal data: show [`PersonNumber::mask`] instead where possible.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The kind.
    pub fn kind(&self) -> NumberKind {
        self.kind
    }

    /// The birth date that the number tells.
    pub fn birth(&self) -> Option<Date> {
        self.birth
    }

    /// The sex that the number tells.
    pub fn sex(&self) -> Option<Sex> {
        self.sex
    }

    /// For display: of 18 characters the first and last four (`5001**********1234`), of shorter
    /// ones the country code and the last quarter of the rest.
    pub fn mask(&self) -> String {
        let length = self.text.len();
        let (head, tail) = if self.kind.is_eighteen() { (4, 4) } else { (3, (length - 3) / 4) };
        let hidden = length - head - tail;
        format!("{}{}{}", &self.text[..head], "*".repeat(hidden), &self.text[length - tail..])
    }

    /// A number of 18 characters from its first 17 digits, which the generator has composed.
    pub(crate) fn compose(mut body: String, kind: NumberKind, birth: Date) -> Self {
        debug_assert!(kind.is_eighteen() && body.len() == 17);
        let sex = sex_of(&body);
        body.push(check_character(&body));
        Self { text: body, kind, birth: Some(birth), sex: Some(sex) }
    }

    /// A number of a foreigner that tells neither birth date nor sex.
    pub(crate) fn compose_foreign(text: String, kind: NumberKind) -> Self {
        debug_assert!(!kind.is_eighteen());
        Self { text, kind, birth: None, sex: None }
    }
}

impl fmt::Debug for PersonNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonNumber({})", self.mask())
    }
}

impl NumberKind {
    const fn is_eighteen(self) -> bool {
        matches!(self, Self::Resident | Self::HkMoTwPermit | Self::ForeignPermanent)
    }
}

fn canonical(text: &str) -> Result<String, NumberError> {
    let visible = text.chars().map(fold_width).filter(|c| !c.is_whitespace());
    let text: String = visible.take(LONGEST_TEXT + 1).map(|c| c.to_ascii_uppercase()).collect();
    match text.chars().count() {
        0 => Err(NumberError::Empty),
        1..=LONGEST_TEXT => Ok(text),
        found => Err(NumberError::Length { found, expected: "18" }),
    }
}

fn parse_eighteen(
    text: String,
    today: Date,
    strictness: Strictness,
) -> Result<Parsed, NumberError> {
    let may_stand = |(index, c): (usize, char)| c.is_ascii_digit() || index == 17 && c == 'X';
    if let Some((index, found)) = text.chars().enumerate().find(|&at| !may_stand(at)) {
        let position = index + 1;
        return Err(NumberError::Character { position, found });
    }
    match text.len() {
        18 => {}
        15 => return Err(NumberError::FifteenDigits),
        found => {
            return Err(NumberError::Length { found, expected: "18" });
        }
    }
    let kind = eighteen_kind(&text);
    let mut warnings = area_warnings(kind, &text);
    let mut judge = |error, forgivable| {
        if forgivable || strictness == Strictness::WithEvidence {
            warnings.push(Warning::Content(error));
            Ok(())
        } else {
            Err(error)
        }
    };
    let birth = date_of(&text[6..14]);
    // That a foreign number holds a birth date there is custom, not a standard we have seen.
    let forgivable = kind == NumberKind::ForeignPermanent;
    match birth {
        None => judge(NumberError::BirthDate, forgivable)?,
        Some(birth) if birth > today => {
            judge(NumberError::BirthDateAhead { birth, today }, forgivable)?;
        }
        Some(_) => {}
    }
    if !text.ends_with(check_character(&text[..17])) {
        judge(NumberError::CheckDigit, false)?;
    }
    if let Some(birth) = birth.filter(|birth| today.year() - birth.year() > VERY_OLD_YEARS) {
        // `restore` passes the last day of the calendar and drops every warning.
        warnings.push(Warning::VeryOld { birth });
    }
    let sex = Some(sex_of(&text));
    let number = PersonNumber { text, kind, birth, sex };
    Ok(Parsed { number, warnings })
}

fn eighteen_kind(text: &str) -> NumberKind {
    match text.as_bytes() {
        [b'9', ..] => NumberKind::ForeignPermanent,
        [b'8', b'1'..=b'3', ..] => NumberKind::HkMoTwPermit,
        _ => NumberKind::Resident,
    }
}

fn area_warnings(kind: NumberKind, text: &str) -> Vec<Warning> {
    let area = &text[..6];
    let known = match kind {
        NumberKind::Resident => divisions::is_known_area(area),
        NumberKind::HkMoTwPermit => area.ends_with("0000"),
        _ => true,
    };
    if known {
        return Vec::new();
    }
    let area = area.to_owned();
    vec![Warning::UnknownArea { area }]
}

/// A text that starts with three letters: the old foreign permanent form when 12 digits follow,
/// else a passport number.
fn parse_foreign(text: String) -> Result<Parsed, NumberError> {
    let wrong = text.chars().position(|c| !c.is_ascii_alphanumeric());
    if let Some(index) = wrong {
        let found = text.chars().nth(index).unwrap_or_default();
        let position = index + 1;
        return Err(NumberError::Character { position, found });
    }
    let (country, rest) = text.split_at(3);
    if !PASSPORT.contains(&rest.len()) {
        return Err(NumberError::Length { found: text.len(), expected: "7–18" });
    }
    let mut warnings = Vec::new();
    if !countries::is_known(country) {
        let country = country.to_owned();
        warnings.push(Warning::UnknownCountry { country });
    }
    let old_form = rest.len() == 12 && rest.bytes().all(|byte| byte.is_ascii_digit());
    let kind = if old_form {
        NumberKind::ForeignPermanentOld
    } else {
        if !(5..=9).contains(&rest.len()) {
            let length = rest.len();
            warnings.push(Warning::PassportLength { length });
        }
        NumberKind::ForeignPassport
    };
    let number = PersonNumber::compose_foreign(text, kind);
    Ok(Parsed { number, warnings })
}

fn date_of(digits: &str) -> Option<Date> {
    let month: u8 = digits.get(4..6)?.parse().ok()?;
    Date::from_calendar_date(
        digits.get(..4)?.parse().ok().filter(|&year| year >= 1)?,
        Month::try_from(month).ok()?,
        digits.get(6..8)?.parse().ok()?,
    )
    .ok()
}

/// The 17th digit is odd for men.
fn sex_of(text: &str) -> Sex {
    match text.as_bytes().get(16) {
        Some(digit) if digit % 2 == 1 => Sex::Male,
        _ => Sex::Female,
    }
}

/// The check character of GB 11643 (ISO 7064 MOD 11-2) for 17 digits.
pub(crate) fn check_character(body: &str) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let digits = body.bytes().map(|byte| u32::from(byte.wrapping_sub(b'0')));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    char::from(CHECKS[sum as usize % 11])
}
