use std::collections::BTreeSet;

use items::rules::{Area, Details, Function, Group, Item, Level, List, State as ItemState, Way};
use kernel::id::Id;
use kernel::law::{Refusal as _, Text};
use people::field::Field;
use proptest::prelude::*;
use time::macros::date;
use time::{Date, Duration};

use super::super::decoders::Proof;
use super::*;

const TODAY: Date = date!(2026 - 03 - 01);
const NEW_FROM: Date = date!(2026 - 01 - 01);

fn item(code: &str, area: Area, functions: &[Function], groups: &[Group]) -> Item {
    Item {
        id: Id(1),
        code: code.to_owned(),
        version: 1,
        name: Text::new("图书借还", "Books"),
        area,
        list: List::City,
        owner: Id(2),
        level: Level::Code,
        ways: vec![Way::Code],
        fields: vec![Field::NameMasked],
        basis: String::new(),
        guide: Text::default(),
        from: TODAY,
        until: None,
        state: ItemState::Published,
        details: Details {
            functions: functions.to_vec(),
            groups: groups.to_vec(),
            ..Details::default()
        },
    }
}

pub(crate) fn scheme() -> Scheme {
    Scheme {
        id: Id(9),
        version: 1,
        code: "CQ-LIBRARY".to_owned(),
        org: Id(2),
        state: State::Proposed,
        kind: Kind::Library,
        form: Form::Card,
        name: Text::new("读者证", "Reader's card"),
        issuer: "示范图书馆".to_owned(),
        purpose: Text::new("借书", "Borrowing"),
        area: Area::Culture,
        functions: vec![Function::Identity, Function::Record],
        groups: Vec::new(),
        fields: vec![Field::NameMasked, Field::Phone],
        items: Vec::new(),
        basis: "馆规".to_owned(),
        national: String::new(),
        holders: 10,
        technical: "条码".to_owned(),
        started_on: TODAY,
    }
}

/// Art. 6: two items together may do what a new card would do; then it is refused, before that day
/// it is only flagged, and a requirement of the State makes it a fused use.
#[test]
fn a_new_card_that_the_list_covers_is_refused_and_an_old_or_required_one_is_not() {
    let whole = [
        item("CQ-CU-001", Area::Culture, &[Function::Identity], &[]),
        item("CQ-CU-002", Area::Culture, &[Function::Record], &[]),
    ];
    let new = scheme();
    assert_eq!(check_scheme(&new, NEW_FROM, &whole), Err(Refused::Duplicate));
    assert_eq!(Refused::Duplicate.article().map(|a| a.0), Some(6));
    assert_eq!(check_scheme(&new, NEW_FROM, &whole[..1]), Ok(()), "half of it is no duplicate");
    let old = Scheme { started_on: date!(2025 - 12 - 31), ..scheme() };
    assert_eq!(check_scheme(&old, NEW_FROM, &whole), Ok(()));
    assert!(duplicates(&old, &whole), "but flagged");
    let required = Scheme { national: "国家文件一号".to_owned(), ..scheme() };
    assert_eq!(check_scheme(&required, NEW_FROM, &whole), Ok(()));
    assert_eq!((new.route(), required.route()), (Route::Merge, Route::FusedUse));
}

/// An item for some people does not cover a card for all, and another field of life covers nothing
/// unless the department itself names it.
#[test]
fn what_covers_a_card_must_be_there_for_all_who_hold_it() {
    let both = [Function::Identity, Function::Record];
    let elders = [item("CQ-CU-003", Area::Culture, &both, &[Group::Elderly])];
    assert!(!duplicates(&scheme(), &elders));
    assert_eq!(overlaps(&scheme(), &elders)[0].grade, Grade::Part);
    let for_elders = Scheme { groups: vec![Group::Elderly], ..scheme() };
    assert!(duplicates(&for_elders, &elders));
    assert_eq!(overlaps(&for_elders, &elders)[0].grade, Grade::Full);
    let for_students = Scheme { groups: vec![Group::Students], ..scheme() };
    assert!(overlaps(&for_students, &elders).is_empty());
    let transport = [item("CQ-TR-001", Area::Transport, &both, &[])];
    assert!(overlaps(&scheme(), &transport).is_empty() && !duplicates(&scheme(), &transport));
    let declared = Scheme { items: vec!["CQ-TR-001".to_owned()], ..scheme() };
    assert!(overlaps(&declared, &transport)[0].declared && duplicates(&declared, &transport));
}

#[test]
fn an_overlap_names_functions_and_facts_of_both() {
    let known = [item("CQ-CU-001", Area::Culture, &[Function::Record, Function::Paying], &[])];
    let found = overlaps(&scheme(), &known);
    assert_eq!(found[0].functions, [Function::Record]);
    assert_eq!(found[0].fields, [Field::NameMasked]);
    assert_eq!(found[0].grade, Grade::Part);
}

#[test]
fn a_registration_is_checked_part_by_part() {
    let check = |scheme: &Scheme| check_scheme::<Item>(scheme, NEW_FROM, &[]).err();
    assert_eq!(check(&scheme()), None);
    assert_eq!(check(&Scheme { code: "x".to_owned(), ..scheme() }), Some(Refused::Code));
    assert_eq!(check(&Scheme { basis: " ".to_owned(), ..scheme() }), Some(Refused::Words));
    assert_eq!(check(&Scheme { functions: vec![], ..scheme() }), Some(Refused::Functions));
    assert_eq!(check(&Scheme { holders: -1, ..scheme() }), Some(Refused::Holders));
    let unknown = Scheme { items: vec!["CQ-XX-001".to_owned()], ..scheme() };
    assert_eq!(check(&unknown), Some(Refused::NoSuchItem));
}

pub(crate) fn plan() -> Plan {
    let text = "2026-04-01 数据对接 / Data connected\n\n 2026-06-30 停发旧卡 \n";
    Plan {
        id: Id(1),
        scheme: Id(9),
        state: PlanState::Proposed,
        route: Route::Merge,
        from: TODAY,
        target: date!(2026 - 06 - 30),
        todo: Text::new("无需办理", "Nothing"),
        milestones: read_milestones(text).expect("two lines"),
    }
}

#[test]
fn a_plan_has_dated_steps_in_order_inside_its_days() {
    let good = plan();
    assert_eq!(check_plan(&good, TODAY), Ok(()));
    assert_eq!(good.milestones[0].name, Text::new("数据对接", "Data connected"));
    assert_eq!(good.milestones[1].place, 2);
    let mut turned = plan();
    turned.milestones.reverse();
    assert_eq!(check_plan(&turned, TODAY), Err(Refused::Milestones));
    let short = Plan { target: date!(2026 - 05 - 01), ..plan() };
    assert_eq!(check_plan(&short, TODAY), Err(Refused::Milestones));
    let empty = Plan { milestones: vec![], ..plan() };
    assert_eq!(check_plan(&empty, TODAY), Err(Refused::Milestones));
    let late = date!(2026 - 07 - 01);
    assert_eq!(check_plan(&good, late), Err(Refused::Days));
    let silent = Plan { todo: Text::default(), ..plan() };
    assert_eq!(check_plan(&silent, TODAY), Err(Refused::Words));
    for bad in ["数据对接", "2026-13-01 x", "2026-4-1 x", "2026-04-01"] {
        assert_eq!(read_milestones(bad), Err(Refused::Milestones), "{bad}");
    }
}

#[test]
fn a_milestone_is_due_before_its_day_and_overdue_after_it() {
    let mut plan = plan();
    let step = plan.milestones[0].clone();
    let stand = |after: i64| step.stand(step.due.saturating_add(Duration::days(after)), 14);
    assert_eq!([-15, -14, 0, 1].map(stand), [Stand::Ahead, Stand::Due, Stand::Due, Stand::Overdue]);
    let after = date!(2026 - 07 - 01);
    assert_eq!((plan.overdue(after), plan.percent()), (2, 0));
    plan.milestones[0].done_on = Some(TODAY);
    assert_eq!((plan.overdue(after), plan.percent()), (1, 50));
    assert_eq!(plan.next().map(|step| step.place), Some(2));
    assert_eq!(plan.milestones[0].stand(after, 14), Stand::Done);
}

/// Art. 15, 18: a terminal asks for its own items, an organisation for those it is responsible for;
/// and a bare number never suffices (Art. 16).
#[test]
fn the_caller_the_item_and_the_proof_decide() {
    let books = item("CQ-CU-001", Area::Culture, &[], &[]);
    let terminal = Caller::Terminal { items: vec!["CQ-CU-001".to_owned()] };
    let ask = |caller: Option<&Caller>, item, proof| judge(caller, item, proof).err();
    assert_eq!(ask(Some(&terminal), Some(&books), Proof::Code), None);
    assert_eq!(ask(Some(&terminal), Some(&books), Proof::Number), Some(NotOpened::LevelTooLow));
    assert_eq!(ask(None, Some(&books), Proof::Code), Some(NotOpened::Caller));
    assert_eq!(ask(Some(&terminal), None, Proof::Code), Some(NotOpened::NotListed));
    let none = Caller::Terminal { items: vec![] };
    assert_eq!(ask(Some(&none), Some(&books), Proof::Code), Some(NotOpened::ItemNotForCaller));
    let own = Caller::Organisation(Id(2));
    assert_eq!(ask(Some(&own), Some(&books), Proof::Code), None);
    let other = Caller::Organisation(Id(3));
    assert_eq!(ask(Some(&other), Some(&books), Proof::Code), Some(NotOpened::ItemNotForCaller));
    let surer = Item { level: Level::CodeAndPassword, ..books.clone() };
    assert_eq!(ask(Some(&terminal), Some(&surer), Proof::Code), Some(NotOpened::LevelTooLow));
}

#[test]
fn every_refusal_has_its_own_code_and_words_in_both_languages() {
    let register = Refused::ALL.iter().map(|r| (r.code(), r.reason(), r.advice()));
    let gateway = NotOpened::ALL.iter().map(|r| (r.code(), r.reason(), r.advice()));
    let all: Vec<_> = register.chain(gateway).collect();
    let codes: BTreeSet<&str> = all.iter().map(|(code, ..)| *code).collect();
    assert_eq!(codes.len(), Refused::ALL.len() + NotOpened::ALL.len());
    for (code, reason, advice) in all {
        assert!(code.starts_with("fusion/"), "{code}");
        for text in [reason, advice] {
            assert!(!text.en.is_empty() && !text.zh.is_ascii(), "{code}");
        }
    }
}

#[test]
fn a_link_counts_today_and_not_after_its_last_day() {
    let day = |after: i64| TODAY.saturating_add(Duration::days(after));
    assert_eq!(check_days(TODAY, None, TODAY), Ok(()));
    assert_eq!(check_days(day(-5), Some(TODAY), TODAY), Ok(()));
    assert_eq!(check_days(day(1), None, TODAY), Err(Refused::Days));
    assert_eq!(check_days(day(-5), Some(day(-1)), TODAY), Err(Refused::Days));
}

proptest! {
    /// Numbers of two schemes never meet in the directory, whatever they look like.
    #[test]
    fn what_is_digested_tells_schemes_and_numbers_apart(
        one in "[A-Z0-9-]{3,12}", other in "[A-Z0-9-]{3,12}",
        a in "[A-Z0-9]{6,12}", b in "[A-Z0-9]{6,12}",
    ) {
        let same = one == other && a == b;
        prop_assert_eq!(digest_input(&one, &a) == digest_input(&other, &b), same);
    }

    #[test]
    fn only_plain_numbers_fit_and_people_see_four_characters(text in "\\PC{0,40}") {
        let fits = check_number(&text).is_ok();
        let plain = text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase());
        prop_assert_eq!(fits, plain && (6..=32).contains(&text.chars().count()));
        if fits {
            prop_assert_eq!(last_four(&text).len(), 4);
        }
    }
}
