//! When people were born: a population as old as Chongqing's, laid out so that each place in it
//! has one birth date and one rank among the births of that day.

use super::POPULATION;
use std::sync::LazyLock;
use time::Date;

/// First year of birth and the people alive of each year, in thousands. The shape is that of
/// a municipality with a quarter from sixty on; the figures are rounded and stand for no census.
const BANDS: [(i32, u64); 22] = [
    (1920, 4),
    (1925, 20),
    (1930, 50),
    (1935, 110),
    (1940, 220),
    (1945, 330),
    (1950, 460),
    (1955, 420),
    (1960, 430),
    (1965, 800),
    (1970, 880),
    (1975, 560),
    (1980, 480),
    (1985, 560),
    (1990, 520),
    (1995, 440),
    (2000, 440),
    (2005, 420),
    (2010, 500),
    (2015, 450),
    (2020, 300),
    (2025, 160),
];

const FIRST_YEAR: i32 = 1920;
/// The last year has births up to the end of October, before the counties changed.
const LAST_YEAR: i32 = 2025;
const DAYS_OF_LAST_YEAR: u32 = 304;

/// First place of each year from [`FIRST_YEAR`], and at the end the size of the population.
static YEARS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let births = |year: i32| {
        let band = BANDS.iter().rev().find(|(first, _)| *first <= year);
        band.map_or(0, |(_, births)| *births)
    };
    let total: u64 = (FIRST_YEAR..=LAST_YEAR).map(births).sum();
    let mut before = 0;
    let mut starts = vec![0];
    for year in FIRST_YEAR..=LAST_YEAR {
        before += births(year);
        starts.push((before * u64::from(POPULATION) / total) as u32);
    }
    starts
});

/// A birth: its date, and its rank among the births of that day from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Birth {
    pub date: Date,
    pub rank: u32,
}

/// The birth at a place of the population; each place has another one.
pub(super) fn birth_at(place: u32) -> Birth {
    let next = YEARS.partition_point(|&start| start <= place);
    let at = next.saturating_sub(1);
    let year = FIRST_YEAR + at as i32;
    let within = place - YEARS[at];
    let days = match year {
        LAST_YEAR => DAYS_OF_LAST_YEAR,
        _ => u32::from(time::util::days_in_year(year)),
    };
    let date = Date::from_ordinal_date(year, (within % days) as u16 + 1)
        .expect("the ordinal is within the year");
    Birth { date, rank: within / days }
}

#[cfg(test)]
mod tests {
    use super::super::origins::DAY_PLACES;
    use super::*;
    use time::macros::date;

    #[test]
    fn the_years_cover_the_population_without_a_gap() {
        assert!(YEARS.is_sorted());
        assert_eq!(YEARS.first(), Some(&0));
        assert_eq!(YEARS.last(), Some(&POPULATION));
        assert_eq!(YEARS.len() as i32, LAST_YEAR - FIRST_YEAR + 2);
    }

    #[test]
    fn the_first_and_the_last_place_are_the_oldest_and_youngest_year() {
        assert_eq!(birth_at(0).date, date!(1920 - 01 - 01));
        assert_eq!(birth_at(POPULATION - 1).date.year(), 2025);
    }

    #[test]
    fn no_day_has_more_births_than_places() {
        let busiest = YEARS.windows(2).map(|year| (year[1] - year[0]).div_ceil(304)).max();
        assert!(busiest.expect("years") < DAY_PLACES as u32);
    }

    #[test]
    fn a_quarter_is_from_sixty_on_and_the_young_are_fewer_than_the_adults() {
        let mut ages = [0_u32; 3];
        for place in (0..POPULATION).step_by(997) {
            match 2025 - birth_at(place).date.year() {
                ..15 => ages[0] += 1,
                15..60 => ages[1] += 1,
                _ => ages[2] += 1,
            }
        }
        let total: u32 = ages.iter().sum();
        let [young, adult, old] = ages.map(|count| count * 100 / total);
        assert!((10..18).contains(&young), "{young} % below 15");
        assert!((55..65).contains(&adult), "{adult} % from 15 to 59");
        assert!((22..28).contains(&old), "{old} % from 60 on");
    }

    #[test]
    fn places_of_a_year_have_distinct_births() {
        let mut births: Vec<_> = (YEARS[50]..YEARS[51]).map(birth_at).collect();
        let before = births.len();
        births.sort_unstable();
        births.dedup();
        assert_eq!(births.len(), before);
    }
}
