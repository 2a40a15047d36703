use super::*;
use crate::number::{Parsed, Strictness};
use kernel::divisions::find;
use proptest::prelude::*;
use std::collections::{BTreeMap, HashSet};

fn made(seed: u64, index: u32) -> GeneratedPerson {
    person(seed, index).expect("an index of the population")
}

#[test]
fn an_index_beyond_the_population_is_no_person() {
    assert!(person(1, POPULATION - 1).is_some());
    assert!(person(1, POPULATION).is_none());
    assert!(person(1, u32::MAX).is_none());
}

#[test]
fn the_same_seed_and_index_make_the_same_person_and_another_seed_another() {
    assert_eq!(made(42, 7), made(42, 7));
    assert_ne!(made(42, 7).number, made(43, 7).number);
    assert_ne!(made(42, 7).number, made(42, 8).number);
}

#[test]
fn numbers_are_unique_at_the_start_in_the_middle_at_the_end_and_across_the_range() {
    let ranges: [Box<dyn Iterator<Item = u32>>; 4] = [
        Box::new(0..200_000),
        Box::new(19_900_000..20_100_000),
        Box::new(POPULATION - 200_000..POPULATION),
        Box::new((0..POPULATION).step_by(200).skip(1)),
    ];
    let mut numbers = HashSet::new();
    let mut made_people = 0;
    for index in ranges.into_iter().flatten().collect::<HashSet<_>>() {
        made_people += 1;
        numbers.insert(made(2025, index).number.as_str().to_owned());
    }
    assert!(made_people > 600_000);
    assert_eq!(numbers.len(), made_people);
}

#[test]
fn numbers_of_one_crowded_day_are_unique() {
    let day = date!(1972 - 05 - 17);
    let numbers: HashSet<_> = (0..DAY_PLACES as u32)
        .map(|rank| origin_and_number(Birth { date: day, rank }).1.as_str().to_owned())
        .collect();
    assert_eq!(numbers.len(), DAY_PLACES);
}

#[test]
fn foreigners_born_a_century_apart_have_different_old_numbers() {
    let [old, young] = [1923, 2023].map(|year| {
        let birth = Date::from_ordinal_date(year, 100).expect("a day");
        old_permanent_number("CAN", birth, 1)
    });
    assert_ne!(old, young);
}

#[test]
fn a_population_is_mixed_as_the_rules_need_it() {
    let people: Vec<_> = (0..100_000).map(|index| made(1, index)).collect();
    let mut kinds = BTreeMap::new();
    for person in &people {
        *kinds.entry(person.number.kind()).or_insert(0) += 1;
    }
    assert_eq!(kinds.len(), NumberKind::ALL.len(), "{kinds:?}");
    let residents = kinds[&NumberKind::Resident];
    assert!((98_500..99_800).contains(&residents), "{kinds:?}");
    let count = |test: &dyn Fn(&GeneratedPerson) -> bool| people.iter().filter(|p| test(p)).count();
    let men = count(&|p| p.sex == Sex::Male);
    assert!((48_000..52_000).contains(&men), "{men} men");
    assert!(count(&|p| p.name.contains('·')) > 20);
    assert!(count(&|p| p.name.chars().any(|c| c.len_utf8() == 4)) > 20);
    assert!(count(&|p| p.number.as_str().starts_with("51")) > 50_000);
    assert!(count(&|p| p.household.is_some_and(|home| home.code == "500157")) > 5_000);
    for ground in [Ground::Household, Ground::Employment, Ground::Study, Ground::Residence] {
        assert!(count(&|p| p.ground == ground) > 50, "{ground:?}");
    }
}

#[test]
fn every_county_has_about_its_share_of_households() {
    let mut homes = BTreeMap::new();
    for index in 0..50_000 {
        if let Some(home) = made(3, index).household {
            *homes.entry(home.code).or_insert(0) += 1;
        }
    }
    assert_eq!(homes.keys().filter(|code| code.starts_with("50")).count(), 37);
    assert!(homes["500157"] > 5 * homes["500229"]);
}

proptest! {
    #[test]
    fn every_number_parses_without_a_doubt_and_gives_back_birth_and_sex(
        seed: u64,
        index in 0..POPULATION,
    ) {
        let person = made(seed, index);
        let parsed = PersonNumber::parse(person.number.as_str(), STANDING_ON, Strictness::Checked);
        prop_assert_eq!(parsed, Ok(Parsed { number: person.number.clone(), warnings: Vec::new() }));
        prop_assert!(person.document.accepts(person.number.kind()));
        prop_assert!(person.number.birth().is_none_or(|birth| birth == person.birth));
        prop_assert!(person.number.sex().is_none_or(|sex| sex == person.sex));
        prop_assert!(person.birth < STANDING_ON);
    }

    #[test]
    fn divisions_address_and_ground_agree(seed: u64, index in 0..POPULATION) {
        let person = made(seed, index);
        for division in person.household.into_iter().chain([person.residence]) {
            prop_assert_eq!(find(division.code), Some(division));
            prop_assert!(division.is_in_force(STANDING_ON));
        }
        prop_assert_eq!(person.residence.region, Region::Chongqing);
        prop_assert!(person.address.contains(person.residence.zh));
        let registered = person.household.is_some_and(|home| home.region == Region::Chongqing);
        prop_assert_eq!(registered, person.ground == Ground::Household);
        prop_assert!(is_generated_phone(&person.phone));
        prop_assert_eq!(person.nation.is_some(), person.number.kind() == NumberKind::Resident);
    }
}
