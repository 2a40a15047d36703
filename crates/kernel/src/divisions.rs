//! Administrative divisions of GB/T 2260, dated: the counties of Chongqing, the prefectures of Sichuan.
//!
//! A division is in force from a day until a day, and an abolished one names its successor.
//! Codes on cards and in person numbers stay for life; where a person lives today is never
//! derived from them. Places that act like a county without a code of their own
//! (重庆高新区, 万盛经开区) are organisations, not divisions.

mod table;

use time::Date;

/// One of the two provinces whose cards work together (Art. 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Region {
    /// 重庆市
    Chongqing,
    /// 四川省
    Sichuan,
}

impl Region {
    /// The six-digit code of the province, for example `500000`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Chongqing => "500000",
            Self::Sichuan => "510000",
        }
    }

    /// The name in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Chongqing => "重庆市",
            Self::Sichuan => "四川省",
        }
    }

    /// The name in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Chongqing => "Chongqing",
            Self::Sichuan => "Sichuan",
        }
    }
}

/// The level of a division.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// 省级
    Province,
    /// 地级
    Prefecture,
    /// 县级
    County,
}

/// One division over the time it was in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    /// Six digits of GB/T 2260.
    pub code: &'static str,
    /// Official name in Chinese.
    pub zh: &'static str,
    /// Name in English, pinyin for the proper noun.
    pub en: &'static str,
    /// Its level.
    pub level: Level,
    /// The province it belongs to.
    pub region: Region,
    /// First day in force; `None` when it was there before the platform's records begin.
    pub from: Option<Date>,
    /// First day no longer in force; `None` while it is in force.
    pub until: Option<Date>,
    /// Code of the division that took its place.
    pub successor: Option<&'static str>,
}

impl Division {
    /// Whether the division is in force on that day.
    pub fn is_in_force(&self, on: Date) -> bool {
        self.from.is_none_or(|from| from <= on) && self.until.is_none_or(|until| on < until)
    }
}

/// An area code that stays on people's numbers although no division bears it today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoricArea {
    /// The digits that identify it: six for a county, four for a prefecture.
    pub prefix: &'static str,
    /// Its name of that time, in Chinese.
    pub zh: &'static str,
    /// Code of the present division, where one alone took its place.
    pub present: Option<&'static str>,
}

/// Every division, in or out of force, sorted by code.
pub static DIVISIONS: &[Division] = &table::ROWS;

/// The division with this code, in or out of force.
pub fn find(code: &str) -> Option<&'static Division> {
    let at = DIVISIONS.binary_search_by(|division| division.code.cmp(code)).ok()?;
    DIVISIONS.get(at)
}

/// The divisions in force on that day, provinces included, sorted by code.
pub fn in_force_on(on: Date) -> impl Iterator<Item = &'static Division> {
    DIVISIONS.iter().filter(move |division| division.is_in_force(on))
}

/// The divisions directly below a region that are in force on that day: counties of Chongqing,
/// prefectures of Sichuan.
pub fn children(region: Region, on: Date) -> impl Iterator<Item = &'static Division> {
    in_force_on(on)
        .filter(move |division| division.region == region && division.level != Level::Province)
}

/// The division that stands on that day where `code` stood: itself while in force, else its
/// successor. `None` for an unknown code, or one that is not yet in force on that day.
pub fn successor_on(code: &str, on: Date) -> Option<&'static Division> {
    let mut division = find(code).or_else(|| find(historic_area(code)?.present?))?;
    while division.until.is_some_and(|until| until <= on) {
        division = find(division.successor?)?;
    }
    division.is_in_force(on).then_some(division)
}

/// The region of a code of today or of the past, down to the county; `None` outside both regions.
pub fn region_of(code: &str) -> Option<Region> {
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if historic_area(code).is_some() {
        return Some(Region::Chongqing);
    }
    match code.get(..2)? {
        "50" => find(code).map(|division| division.region),
        "51" => Some(Region::Sichuan),
        _ => None,
    }
}

/// What an area code of the past stood for: counties of Chongqing before they became districts,
/// and the prefectures of Sichuan that passed to Chongqing in 1997.
pub fn historic_area(code: &str) -> Option<HistoricArea> {
    if code.len() != 6 {
        return None;
    }
    let raised = table::RAISED.iter().find(|(old, _, _)| *old == code);
    if let Some((prefix, zh, present)) = raised {
        return Some(HistoricArea { prefix, zh, present: Some(present) });
    }
    let before = table::BEFORE_1997.iter().find(|(prefix, _)| code.starts_with(prefix));
    before.map(|(prefix, zh)| HistoricArea { prefix, zh, present: None })
}

/// Whether the first six digits of a resident number name a place that is known: to the county
/// for Chongqing, to the province elsewhere, because only these two lists are kept.
pub fn is_known_area(code: &str) -> bool {
    const OTHER_PROVINCES: [&str; 29] = [
        "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37",
        "41", "42", "43", "44", "45", "46", "52", "53", "54", "61", "62", "63", "64", "65",
    ];
    region_of(code).is_some()
        || (code.len() == 6
            && code.get(..2).is_some_and(|province| OTHER_PROVINCES.contains(&province)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn chongqing_has_38_counties_the_day_before_liangjiang_and_37_after() {
        let counties = |on| children(Region::Chongqing, on).count();
        assert_eq!(counties(date!(2025 - 11 - 05)), 38);
        assert_eq!(counties(date!(2025 - 11 - 06)), 37);
        assert_eq!(counties(date!(2025 - 12 - 01)), 37);
    }

    #[test]
    fn sichuan_has_21_prefectures() {
        assert_eq!(children(Region::Sichuan, date!(2025 - 12 - 01)).count(), 21);
    }

    #[test]
    fn the_rows_are_sorted_and_every_code_has_six_digits_of_its_region() {
        assert!(DIVISIONS.is_sorted_by(|a, b| a.code < b.code));
        for division in DIVISIONS {
            assert_eq!(division.code.len(), 6);
            assert_eq!(division.code[..2], division.region.code()[..2]);
            assert_eq!(region_of(division.code), Some(division.region));
            assert_eq!(find(division.code), Some(division));
        }
    }

    #[test]
    fn every_successor_exists_and_begins_on_the_day_the_old_one_ends() {
        for division in DIVISIONS {
            assert_eq!(division.until.is_some(), division.successor.is_some());
            if let Some(code) = division.successor {
                assert_eq!(find(code).expect("successor").from, division.until);
            }
        }
        for (old, _, present) in table::RAISED {
            assert!(find(old).is_none());
            assert!(find(present).is_some());
        }
    }

    #[test]
    fn an_abolished_code_is_followed_only_from_its_last_day_on() {
        let code = |code, on| successor_on(code, on).map(|division| division.code);
        assert_eq!(code("500105", date!(2025 - 11 - 05)), Some("500105"));
        assert_eq!(code("500105", date!(2025 - 11 - 06)), Some("500157"));
        assert_eq!(code("500112", date!(2026 - 01 - 01)), Some("500157"));
        assert_eq!(code("500157", date!(2025 - 11 - 05)), None);
        assert_eq!(code("500234", date!(2025 - 11 - 06)), Some("500154"));
        assert_eq!(code("510212", date!(2025 - 11 - 06)), None);
        assert_eq!(code("999999", date!(2025 - 11 - 06)), None);
    }

    #[test]
    fn codes_of_the_past_are_known_as_historic_and_belong_to_chongqing_now() {
        for code in ["510212", "512221", "512301", "513522", "500234"] {
            assert!(historic_area(code).is_some(), "{code}");
            assert_eq!(region_of(code), Some(Region::Chongqing), "{code}");
        }
        assert!(historic_area("500105").is_none());
        assert_eq!(region_of("510104"), Some(Region::Sichuan));
    }

    #[test]
    fn unknown_and_malformed_codes_are_not_known() {
        for code in ["500199", "990101", "000000", "", "5001", "50010a", "五零零零零", "51021２"]
        {
            assert!(!is_known_area(code), "{code}");
            assert_eq!(region_of(code), None, "{code}");
        }
        assert!(is_known_area("110101"));
    }
}
