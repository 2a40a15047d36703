use super::*;
use kernel::actor::Role;
use kernel::law::{Article, Refusal};
use proptest::prelude::*;
use time::Duration;
use time::macros::date;

const TODAY: Date = date!(2026 - 03 - 01);
const TOMORROW: Date = date!(2026 - 03 - 02);

pub(super) fn item(version: i64, from: Date) -> Item {
    Item {
        id: Id(version),
        code: "CQ-CU-001".to_owned(),
        version,
        name: Text::new("图书借阅", "Borrowing books"),
        area: Area::Culture,
        list: List::City,
        owner: Id(9),
        level: Level::Code,
        ways: vec![Way::Code, Way::Card],
        fields: vec![Field::NameMasked],
        basis: "条例第七条".to_owned(),
        guide: Text::new("出示卡码", "Show the code"),
        from,
        until: None,
        state: State::Published,
        details: Details { why: "核对是本人".to_owned(), ..Details::default() },
    }
}

/// What a proposal with this change is told.
fn changed(change: impl Fn(&mut Item)) -> Result<(), Refused> {
    let mut proposal = item(1, TODAY);
    change(&mut proposal);
    check_proposal(&proposal, None, TODAY)
}

/// Art. 14: the list is dynamic, but never backwards.
#[test]
fn a_proposal_begins_today_at_the_earliest_and_after_the_version_in_force() {
    assert_eq!(check_proposal(&item(1, TODAY), None, TODAY), Ok(()));
    let yesterday = date!(2026 - 02 - 28);
    assert_eq!(check_proposal(&item(1, yesterday), None, TODAY), Err(Refused::InThePast));
    let published = item(1, TOMORROW);
    let same_day = item(2, TOMORROW);
    assert_eq!(check_proposal(&same_day, Some(&published), TODAY), Err(Refused::Overlap));
    let day_after = item(2, date!(2026 - 03 - 03));
    assert_eq!(check_proposal(&day_after, Some(&published), TODAY), Ok(()));
}

#[test]
fn a_version_that_ends_later_is_overlapped_until_its_last_day() {
    let mut published = item(1, TODAY);
    published.until = Some(TOMORROW);
    assert_eq!(check_proposal(&item(2, TOMORROW), Some(&published), TODAY), Err(Refused::Overlap));
}

#[test]
fn nobody_changes_the_item_of_another_organisation() {
    let mut other = item(2, TOMORROW);
    other.owner = Id(10);
    let refused = check_proposal(&other, Some(&item(1, TODAY)), TODAY);
    assert_eq!(refused, Err(Refused::NotOwner));
}

/// Art. 14: the list of Chongqing and Sichuan is drafted by the two HRSS authorities, a district's by
/// itself.
#[test]
fn each_list_is_drafted_by_its_own_people() {
    let as_role = |role| Actor { role, division: "500103".to_owned(), ..Actor::system() };
    let of = |list, division: &str| {
        let mut item = item(1, TODAY);
        (item.list, item.details.division) = (list, division.to_owned());
        item
    };
    let (joint, city) = (of(List::Joint, ""), of(List::City, ""));
    let (own, other) = (of(List::District, "500103"), of(List::District, "500112"));
    let (hrss, department) = (as_role(Role::MunicipalOfficer), as_role(Role::DepartmentOfficer));
    let district = as_role(Role::DistrictOfficer);
    assert_eq!(may_draft(&joint, &department), Err(Refused::JointList));
    assert_eq!(may_draft(&joint, &hrss), Ok(()));
    assert_eq!(may_draft(&city, &department), Ok(()));
    assert_eq!(may_draft(&city, &district), Err(Refused::NotYourStep));
    assert_eq!(may_draft(&own, &district), Ok(()));
    assert_eq!(may_draft(&other, &district), Err(Refused::Division));
}

/// Art. 18: the least fields.
#[test]
fn the_whole_and_its_part_are_never_disclosed_together() {
    use Field::*;
    for fields in [
        vec![Name, NameMasked],
        vec![NumberMasked, Number],
        vec![BirthDate, Over60],
        vec![Under18, BirthDate],
        vec![Sex, Sex],
    ] {
        let refused = changed(|item| item.fields = fields.clone());
        assert_eq!(refused, Err(Refused::Fields), "{fields:?}");
    }
    assert_eq!(changed(|item| item.fields = vec![Over60, Under18]), Ok(()));
    assert_eq!(changed(|item| item.fields.clear()), Ok(()));
}

#[test]
fn an_item_for_the_physical_card_cannot_be_used_with_a_code() {
    let card =
        |ways: &[Way]| changed(|item| (item.level, item.ways) = (Level::Card, ways.to_vec()));
    assert_eq!(card(&[Way::Card]), Ok(()));
    assert_eq!(card(&[Way::Card, Way::Code]), Err(Refused::Ways));
    assert_eq!(card(&[Way::Online]), Err(Refused::Ways));
    assert_eq!(changed(|item| item.ways.clear()), Err(Refused::Ways));
    assert_eq!(changed(|item| item.ways = vec![Way::Code; 2]), Err(Refused::Ways));
}

#[test]
fn each_level_holds_the_ones_before_it() {
    assert!(Level::Code < Level::CodeAndPassword && Level::CodeAndPassword < Level::Card);
    for way in Way::ALL {
        // Whoever reaches a level reaches each weaker one.
        let reached: Vec<bool> = Level::ALL.iter().map(|level| way.reaches(*level)).collect();
        assert!(reached.windows(2).all(|pair| pair[0] >= pair[1]), "{way:?}");
        assert!(reached[0], "{way:?}");
    }
}

#[test]
fn words_are_there_and_not_too_long() {
    assert_eq!(changed(|item| item.name.zh = " ".to_owned()), Err(Refused::Words));
    assert_eq!(changed(|item| item.basis.clear()), Err(Refused::Words));
    assert_eq!(changed(|item| item.guide.zh = "卡".repeat(2_001)), Err(Refused::Words));
    assert_eq!(changed(|item| item.guide.zh = "卡".repeat(2_000)), Ok(()));
    assert_eq!(changed(|item| item.guide.en = "a".repeat(4_001)), Err(Refused::Words));
}

#[test]
fn codes_have_one_form() {
    assert!(is_code("CQ-CU-001") && is_code("CQCN-TR-01"));
    for bad in ["", "AB", "cq-cu-001", "-CQ", "CQ CU", "图书", &"A".repeat(41)] {
        assert!(!is_code(bad), "{bad}");
    }
}

#[test]
fn only_what_is_published_is_in_force() {
    for state in State::ALL {
        let mut version = item(1, TODAY);
        version.state = state;
        assert_eq!(version.in_force(TODAY), state == State::Published);
    }
}

#[test]
fn each_refusal_has_its_own_code_and_an_article() {
    let mut codes: Vec<&str> = Refused::ALL.iter().map(|refused| refused.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Refused::ALL.len());
    assert!(Refused::ALL.iter().all(|refused| refused.article().is_some()));
    assert_eq!(Refused::NotListed.article(), Some(Article(25)));
}

#[test]
fn every_word_is_found_by_its_code() {
    assert!(Area::ALL.iter().all(|word| Area::from_code(word.code()) == Some(*word)));
    assert!(List::ALL.iter().all(|word| List::from_code(word.code()) == Some(*word)));
    assert!(Level::ALL.iter().all(|word| Level::from_code(word.code()) == Some(*word)));
    assert!(Way::ALL.iter().all(|word| Way::from_code(word.code()) == Some(*word)));
    assert!(State::ALL.iter().all(|word| State::from_code(word.code()) == Some(*word)));
}

/// Art. 14: a district adds, it does not repeat or contradict what the city lists.
#[test]
fn a_districts_double_of_a_city_item_is_found() {
    let city = item(1, TODAY);
    let mut own = Item { code: "YZ-CU-009".to_owned(), list: List::District, ..city.clone() };
    own.details.division = "500103".to_owned();
    assert_eq!(clash(&own, &city), Some(Clash::Duplicate));
    own.details.fee_fen = 100;
    assert_eq!(clash(&own, &city), Some(Clash::Contradiction));
    own.name.zh = "图书借阅证".to_owned();
    assert_eq!(clash(&own, &city), Some(Clash::Similar));
    own.name.zh = "游泳馆入场".to_owned();
    assert_eq!(clash(&own, &city), None);
    assert_eq!(clash(&city, &city), None);
}

#[test]
fn a_change_shows_what_differs_and_nothing_else() {
    let before = item(1, TODAY);
    let mut after = before.clone();
    assert!(diff(Some(&before), &after).is_empty());
    after.details.fee_fen = 1_650;
    let changes = diff(Some(&before), &after);
    let told: Vec<_> = changes.iter().map(|c| (&*c.what.zh, &*c.before.zh, &*c.after.zh)).collect();
    assert_eq!(told, [("费用", "免费", "16.50元")]);
}

proptest! {
    /// However often an item is changed: no day before the first has a version, each from the first
    /// on has exactly one, and it is the newest that has begun.
    #[test]
    fn a_day_has_exactly_one_answer(
        steps in prop::collection::vec(1i64..400, 1..12),
        probe in 0i64..5_000,
    ) {
        let mut versions: Vec<Item> = Vec::new();
        let mut from = TODAY;
        for (number, step) in (1..).zip(steps) {
            let next = item(number, from);
            prop_assert_eq!(check_proposal(&next, versions.last(), TODAY), Ok(()));
            if let Some(last) = versions.last_mut() {
                last.until = from.previous_day();
            }
            versions.push(next);
            from = from.saturating_add(Duration::days(step));
        }
        let day = TODAY.saturating_add(Duration::days(probe));
        prop_assert_eq!(versions.iter().filter(|item| item.in_force(day)).count(), 1);
        let begun = versions.iter().filter(|item| item.from <= day).map(|item| item.version).max();
        prop_assert_eq!(on_day(&versions, day).map(|item| item.version), begun);
        prop_assert!(on_day(&versions, date!(2026 - 02 - 28)).is_none());
    }

    #[test]
    fn any_text_is_a_code_or_not_without_a_panic(text in "\\PC{0,60}") {
        if is_code(&text) {
            prop_assert!(text.is_ascii() && text.len() <= 40);
        }
    }
}
