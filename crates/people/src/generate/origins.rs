//! Where people come from, and how many: the prefix of their number through the years.

use kernel::divisions::{Division, find, successor_on};
use std::sync::LazyLock;
use time::Date;

/// What kind of number people of an origin have, and what it begins with.
pub(super) enum Origin {
    /// Registered in a county of Chongqing when the number was given.
    County {
        /// Code while Chongqing was part of Sichuan (births before 1997).
        before_1997: &'static str,
        /// Code from 1997 until a year, where it was another than today's.
        between: Option<(&'static str, i32)>,
        /// Code of today, or the last one of an abolished county.
        code: &'static str,
    },
    /// Registered in Sichuan, entitled in Chongqing.
    Sichuan { area: &'static str, household: &'static str },
    /// Hong Kong, Macao or Taiwan.
    Permit { area: &'static str },
    /// Foreign permanent resident: 9, the province, the numeric country code.
    Permanent { prefix: &'static str, country: &'static str },
    /// Foreign permanent resident with a card of the old form.
    PermanentOld { country: &'static str },
    /// Another foreigner.
    Passport { country: &'static str },
}

impl Origin {
    /// The six digits at the head of a number of 18 characters for a birth in that year.
    pub(super) fn area(&self, year: i32) -> &'static str {
        match *self {
            Self::County { before_1997, .. } if year < 1997 => before_1997,
            Self::County { between: Some((area, last)), .. } if year <= last => area,
            Self::County { code: area, .. }
            | Self::Sichuan { area, .. }
            | Self::Permit { area }
            | Self::Permanent { prefix: area, .. } => area,
            Self::PermanentOld { .. } | Self::Passport { .. } => "",
        }
    }

    /// The division of the household book on that day; `None` for those who have none.
    pub(super) fn household(&self, on: Date) -> Option<&'static Division> {
        match self {
            Self::County { code, .. } => successor_on(code, on),
            Self::Sichuan { household, .. } => find(household),
            _ => None,
        }
    }

    /// The country code of a foreigner.
    pub(super) fn country(&self) -> Option<&'static str> {
        match self {
            Self::Permanent { country, .. }
            | Self::PermanentOld { country }
            | Self::Passport { country } => Some(country),
            _ => None,
        }
    }
}

const fn county(before_1997: &'static str, code: &'static str) -> Origin {
    Origin::County { before_1997, between: None, code }
}

/// A county that became a district: the code from 1997 up to and with the births of a year. The
/// years are rounded; a number tells no more than where it was given.
const fn raised(
    before_1997: &'static str,
    between: (&'static str, i32),
    code: &'static str,
) -> Origin {
    Origin::County { before_1997, between: Some(between), code }
}

const fn sichuan(area: &'static str, household: &'static str) -> Origin {
    Origin::Sichuan { area, household }
}

/// Origins with their shares. The weights of counties are inhabitants in ten thousands, rounded;
/// the others are chosen so that about one in a hundred is registered in Sichuan and one in two
/// hundred comes from Hong Kong, Macao, Taiwan or abroad.
pub(super) static ORIGINS: [(u32, Origin); 58] = [
    (156, county("512221", "500101")),
    (111, county("512301", "500102")),
    (59, county("510202", "500103")),
    (42, county("510203", "500104")),
    (93, county("510211", "500105")),
    (148, county("510212", "500106")),
    (153, county("510213", "500107")),
    (120, county("510214", "500108")),
    (83, county("510215", "500109")),
    (101, raised("510223", ("500222", 2011), "500110")),
    (83, raised("510230", ("500225", 2011), "500111")),
    (219, county("510224", "500112")),
    (118, county("510222", "500113")),
    (49, raised("513523", ("500239", 2000), "500114")),
    (69, raised("510221", ("500221", 2001), "500115")),
    (136, raised("510225", ("500381", 2006), "500116")),
    (125, raised("510226", ("500382", 2006), "500117")),
    (115, raised("510229", ("500383", 2006), "500118")),
    (57, raised("512323", ("500384", 2006), "500119")),
    (76, raised("510232", ("500227", 2014), "500120")),
    (69, raised("510228", ("500224", 2014), "500151")),
    (69, raised("510227", ("500223", 2015), "500152")),
    (67, raised("510231", ("500226", 2015), "500153")),
    (120, raised("512222", ("500234", 2016), "500154")),
    (65, raised("512224", ("500228", 2016), "500155")),
    (36, raised("512326", ("500232", 2016), "500156")),
    (20, county("512229", "500229")),
    (56, county("512324", "500230")),
    (65, county("512322", "500231")),
    (72, county("512223", "500233")),
    (93, county("512225", "500235")),
    (74, county("512226", "500236")),
    (46, county("512227", "500237")),
    (39, county("512228", "500238")),
    (39, county("513521", "500240")),
    (50, county("513522", "500241")),
    (61, county("513524", "500242")),
    (53, county("513525", "500243")),
    (8, sichuan("510104", "510100")),
    (5, sichuan("510502", "510500")),
    (5, sichuan("510903", "510900")),
    (7, sichuan("511302", "511300")),
    (8, sichuan("511602", "511600")),
    (7, sichuan("511702", "511700")),
    (4, Origin::Permit { area: "810000" }),
    (1, Origin::Permit { area: "820000" }),
    (3, Origin::Permit { area: "830000" }),
    (1, Origin::Permanent { prefix: "950410", country: "KOR" }),
    (1, Origin::Permanent { prefix: "950840", country: "USA" }),
    (1, Origin::Permanent { prefix: "950276", country: "DEU" }),
    (1, Origin::PermanentOld { country: "CAN" }),
    (1, Origin::PermanentOld { country: "GBR" }),
    (1, Origin::Passport { country: "KOR" }),
    (1, Origin::Passport { country: "JPN" }),
    (1, Origin::Passport { country: "VNM" }),
    (1, Origin::Passport { country: "PAK" }),
    (1, Origin::Passport { country: "FRA" }),
    (1, Origin::Passport { country: "RUS" }),
];

/// Places in a day's order of births; no day has more births than this (tested).
pub(super) const DAY_PLACES: usize = 4096;

/// One place in the order of births of a day.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Index into [`ORIGINS`].
    pub origin: u8,
    /// How many places of the same origin come before it.
    pub ordinal: u16,
}

/// The order of a day: each origin in even steps by its weight, so that every stretch of it has
/// the right mixture and each origin has a run of ordinals of its own.
pub(super) static DAY: LazyLock<Vec<Place>> = LazyLock::new(|| {
    let total: i64 = ORIGINS.iter().map(|(weight, _)| i64::from(*weight)).sum();
    let mut credit = [0_i64; ORIGINS.len()];
    let mut given = [0_u16; ORIGINS.len()];
    let mut next = || {
        let mut richest = 0;
        for (origin, (weight, _)) in ORIGINS.iter().enumerate() {
            credit[origin] += i64::from(*weight);
            if credit[origin] > credit[richest] {
                richest = origin;
            }
        }
        credit[richest] -= total;
        let ordinal = given[richest];
        given[richest] += 1;
        Place { origin: richest as u8, ordinal }
    };
    (0..DAY_PLACES).map(|_| next()).collect()
});

/// Counties of Chongqing on the day of the population, each as often as its weight says.
pub(super) static HOMES: LazyLock<Vec<&'static Division>> = LazyLock::new(|| {
    let counties = ORIGINS.iter().filter(|(_, origin)| matches!(origin, Origin::County { .. }));
    counties
        .flat_map(|(weight, origin)| {
            let home = origin.household(super::STANDING_ON);
            home.into_iter().flat_map(|home| std::iter::repeat_n(home, *weight as usize))
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::divisions::is_known_area;
    use std::collections::{BTreeSet, HashMap};

    #[test]
    fn in_any_year_no_two_origins_share_the_head_of_a_number() {
        for year in 1920..=2025 {
            let heads: Vec<_> = ORIGINS
                .iter()
                .map(|(_, origin)| (origin.area(year), origin))
                .map(|(area, origin)| match origin {
                    Origin::PermanentOld { country } => format!("old {country}"),
                    Origin::Passport { country } => format!("passport {country}"),
                    _ => area.to_owned(),
                })
                .collect();
            let distinct: BTreeSet<_> = heads.iter().collect();
            assert_eq!(distinct.len(), heads.len(), "{year}");
        }
    }

    #[test]
    fn every_head_of_a_resident_number_is_a_known_area() {
        for year in 1920..=2025 {
            for (_, origin) in &ORIGINS {
                if matches!(origin, Origin::County { .. } | Origin::Sichuan { .. }) {
                    assert!(is_known_area(origin.area(year)), "{}", origin.area(year));
                }
            }
        }
    }

    #[test]
    fn each_county_in_force_is_a_home() {
        let homes: BTreeSet<_> = HOMES.iter().map(|home| home.code).collect();
        assert_eq!(homes.len(), 37);
    }

    #[test]
    fn ordinals_of_an_origin_count_up_and_stay_below_the_sequence_numbers() {
        let mut seen: HashMap<u8, u16> = HashMap::new();
        for place in DAY.iter() {
            let count = seen.entry(place.origin).or_default();
            assert_eq!(place.ordinal, *count);
            *count += 1;
        }
        assert!(seen.values().all(|&count| count < 999));
        assert_eq!(seen.len(), ORIGINS.len());
        for (origin, count) in seen {
            if ORIGINS[usize::from(origin)].1.country().is_some() {
                assert!(count < 50, "two digits of an old number hold 50 a century");
            }
        }
    }
}
