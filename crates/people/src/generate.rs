//! People who do not exist: a whole population from a seed, any one of them by index.
//!
//! `person(seed, index)` needs nothing but its arguments, so people can be made in any order, on
//! any number of threads, one alone or all 40 million. A permutation of the seed gives each index
//! a place in the population; the place gives birth date and rank among that day's births, and the
//! rank gives origin and sequence number, so that person numbers are unique without keeping any.
//! A small population is a fair sample of the large one.
//!
//! Numbers are valid in form and may by chance be borne by someone. Never let the generated
//! population meet a real register.

mod addresses;
mod births;
mod draw;
mod names;
mod origins;
#[cfg(test)]
mod tests;

use crate::document::DocumentKind;
use crate::number::{NumberKind, PersonNumber, Sex};
use crate::rules::Ground;
use births::{Birth, birth_at};
use draw::{Draw, Permutation, mix};
use kernel::divisions::{Division, Region};
use origins::{DAY, DAY_PLACES, HOMES, ORIGINS, Origin};
use time::{Date, macros::date};

/// People in a population; indices run from 0 up to but not this.
pub const POPULATION: u32 = 40_000_000;

/// The day on which the population stands: ages and divisions are those of this day.
pub const STANDING_ON: Date = date!(2025 - 11 - 06);

/// The head of every generated telephone number; four digits follow, so numbers repeat. Whatever
/// sends messages to real telephones must refuse these (see [`is_generated_phone`]), because no
/// prefix of mobile numbers is reserved for examples.
pub const PHONE_PREFIX: &str = "1990000";

/// A person made by the generator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedPerson {
    /// The index that makes the same person again.
    pub index: u32,
    /// Unique in the population.
    pub number: PersonNumber,
    /// A document that bears the number.
    pub document: DocumentKind,
    /// Name as on the document.
    pub name: String,
    /// Sex; the same as the number tells, where it does.
    pub sex: Sex,
    /// Birth date; the same as the number tells, where it does.
    pub birth: Date,
    /// 民族 of a person of the mainland, for example `土家族`.
    pub nation: Option<&'static str>,
    /// Country code of a foreigner, three letters.
    pub country: Option<&'static str>,
    /// Eleven digits, beginning with [`PHONE_PREFIX`].
    pub phone: String,
    /// Division of the household book: a county of Chongqing or a prefecture of Sichuan.
    pub household: Option<&'static Division>,
    /// County of Chongqing where the person lives.
    pub residence: &'static Division,
    /// Address in that county.
    pub address: String,
    /// Why the person may have a card.
    pub ground: Ground,
}

/// The person at `index` of the population of `seed`; `None` from [`POPULATION`] on.
pub fn person(seed: u64, index: u32) -> Option<GeneratedPerson> {
    if index >= POPULATION {
        return None;
    }
    let birth = birth_at(Permutation::new(seed, POPULATION).place(index));
    let mut draw = Draw::new(seed, index);
    let (origin, number) = origin_and_number(birth);
    let sex = number.sex().unwrap_or(draw.pick(&[Sex::Male, Sex::Female]));
    let birth = birth.date;
    let household = household(&mut draw, origin);
    let registered = household.filter(|household| household.region == Region::Chongqing);
    let residence = registered.unwrap_or_else(|| draw.pick(&HOMES));
    let nation = nation(&mut draw, origin, registered);
    let name = match (nation, origin.country()) {
        (Some(nation), _) => names::mainland(&mut draw, nation, sex, birth.year()),
        (None, Some(_)) => names::latin(&mut draw, sex),
        (None, None) => names::traditional(&mut draw),
    };
    let age = STANDING_ON.year() - birth.year();
    Some(GeneratedPerson {
        index,
        document: document(&mut draw, number.kind(), age),
        number,
        name,
        sex,
        birth,
        nation,
        country: origin.country(),
        phone: format!("{PHONE_PREFIX}{:04}", draw.below(10_000)),
        household,
        residence,
        address: addresses::address(&mut draw, residence),
        ground: ground(registered.is_some(), age),
    })
}

/// Whether a telephone number is one that the generator makes.
pub fn is_generated_phone(phone: &str) -> bool {
    phone.len() == 11 && phone.starts_with(PHONE_PREFIX)
}

/// Two births never get the same number: those of one day have distinct places in the day's
/// order, and places of one origin have distinct ordinals.
fn origin_and_number(birth: Birth) -> (&'static Origin, PersonNumber) {
    let Birth { date, rank } = birth;
    let day = date.to_julian_day();
    let turn = mix(u64::from(day.unsigned_abs()));
    // The order is turned by another amount each day, lest rare days have only the first origins.
    let place = DAY[(rank as usize + turn as usize % DAY_PLACES) % DAY_PLACES];
    let origin = &ORIGINS[usize::from(place.origin)].1;
    let ordinal = u32::from(place.ordinal);
    let number = match origin {
        Origin::PermanentOld { country } => old_permanent_number(country, date, ordinal),
        Origin::Passport { country } => passport_number(country, date, ordinal),
        Origin::County { .. } | Origin::Sichuan { .. } => {
            eighteen(NumberKind::Resident, origin, date, ordinal)
        }
        Origin::Permit { .. } => eighteen(NumberKind::HkMoTwPermit, origin, date, ordinal),
        Origin::Permanent { .. } => eighteen(NumberKind::ForeignPermanent, origin, date, ordinal),
    };
    (origin, number)
}

fn eighteen(kind: NumberKind, origin: &Origin, birth: Date, ordinal: u32) -> PersonNumber {
    /// Has no factor in common with 999, so that ordinals below 999 give distinct numbers.
    const STRIDE: u32 = 382;
    let area = origin.area(birth.year());
    let (year, month, day) = birth.to_calendar_date();
    let area_number: u64 = area.parse().unwrap_or_default();
    let start = mix(area_number << 32 | u64::from(birth.to_julian_day().unsigned_abs())) % 999;
    let sequence = 1 + (ordinal * STRIDE + start as u32) % 999;
    let month = u8::from(month);
    let mut body = String::with_capacity(18);
    body.push_str(area);
    for (number, digits) in
        [(year.unsigned_abs(), 4), (month.into(), 2), (day.into(), 2), (sequence, 3)]
    {
        push_digits(&mut body, number, digits);
    }
    PersonNumber::compose(body, kind, birth)
}

/// Country, 5000 for Chongqing, six digits of birth date, and two digits that also keep the
/// centuries apart (50 from 2000 on).
fn old_permanent_number(country: &str, birth: Date, ordinal: u32) -> PersonNumber {
    let (year, month, day) = birth.to_calendar_date();
    let century = if year < 2000 { 0 } else { 50 };
    let (year, month) = (year.unsigned_abs() % 100, u8::from(month));
    let text = format!("{country}5000{year:02}{month:02}{day:02}{:02}", century + ordinal);
    PersonNumber::compose_foreign(text, NumberKind::ForeignPermanentOld)
}

/// Country, a letter and eight digits: birth day and ordinal, scrambled by a factor that has no
/// factor in common with 10^8.
fn passport_number(country: &str, birth: Date, ordinal: u32) -> PersonNumber {
    const FIRST: i32 = date!(1920 - 01 - 01).to_julian_day();
    let day = (birth.to_julian_day() - FIRST).unsigned_abs();
    let serial = u64::from(day * 1000 + ordinal) * 48_271 % 100_000_000;
    let text = format!("{country}P{serial:08}");
    PersonNumber::compose_foreign(text, NumberKind::ForeignPassport)
}

fn push_digits(text: &mut String, number: u32, digits: u32) {
    for place in (0..digits).rev() {
        let digit = number / 10_u32.pow(place) % 10;
        text.push(char::from(b'0' + digit as u8));
    }
}

/// One in seven registered people has moved within Chongqing since the number was given.
fn household(draw: &mut Draw, origin: &Origin) -> Option<&'static Division> {
    let moved = matches!(origin, Origin::County { .. }) && draw.per_mille(143);
    if moved { Some(draw.pick(&HOMES)) } else { origin.household(STANDING_ON) }
}

fn nation(
    draw: &mut Draw,
    origin: &Origin,
    registered: Option<&'static Division>,
) -> Option<&'static str> {
    const ELSEWHERE: &[&str] =
        &["土家族", "苗族", "回族", "彝族", "藏族", "维吾尔族", "壮族", "满族", "羌族", "蒙古族"];
    if !matches!(origin, Origin::County { .. } | Origin::Sichuan { .. }) {
        return None;
    }
    // Shares in a thousand of Tujia and Miao in the counties of the south-east.
    let (tujia, miao) = match registered.map_or("", |county| county.code) {
        "500240" => (700, 10),
        "500241" => (420, 110),
        "500242" => (600, 240),
        "500243" => (160, 420),
        "500114" => (500, 230),
        _ => (0, 0),
    };
    let at = draw.below(1000);
    Some(if at < tujia {
        "土家族"
    } else if at < tujia + miao {
        "苗族"
    } else if draw.per_mille(15) {
        draw.pick(ELSEWHERE)
    } else {
        "汉族"
    })
}

/// Every second child under 16 has only the household book.
fn document(draw: &mut Draw, kind: NumberKind, age: i32) -> DocumentKind {
    match kind {
        NumberKind::Resident if age < 16 && draw.per_mille(500) => DocumentKind::HouseholdBook,
        NumberKind::Resident => DocumentKind::ResidentCard,
        NumberKind::HkMoTwPermit => DocumentKind::HkMoTwResidencePermit,
        NumberKind::ForeignPermanent | NumberKind::ForeignPermanentOld => {
            DocumentKind::ForeignPermanentCard
        }
        NumberKind::ForeignPassport => DocumentKind::Passport,
    }
}

fn ground(registered: bool, age: i32) -> Ground {
    match (registered, age) {
        (true, _) => Ground::Household,
        (false, 6..23) => Ground::Study,
        (false, 23..60) => Ground::Employment,
        (false, _) => Ground::Residence,
    }
}
