use kernel::law::Refusal as _;
use kernel::testing::{actor, id};
use proptest::prelude::*;
use time::macros::date;

use super::*;
use crate::calendar::ARRANGEMENT_2026;

fn matter(state: State) -> Matter {
    Matter {
        id: Id(1),
        reference: "r".to_owned(),
        kind: "complaint".to_owned(),
        field: "card".to_owned(),
        division: "500103".to_owned(),
        channel: "page".to_owned(),
        body: "窗口不受理".to_owned(),
        about: (String::new(), String::new()),
        person: None,
        name: String::new(),
        phone: String::new(),
        opened_by: None,
        against: None,
        against_org: None,
        state,
        org: Some(Id(7)),
        sensitive: false,
        opened_at: Utc::start_of(date!(2026 - 09 - 29)),
        due: date!(2026 - 10 - 12),
        extended: false,
        escalated: false,
        appealed: false,
        reminded: false,
        answered_at: None,
        answered_by: None,
        answered_org: None,
        closed_at: None,
        outcome: String::new(),
        answer: String::new(),
        score: None,
        score_words: String::new(),
        merged_into: None,
        version: 1,
    }
}

fn context(hand: Hand) -> Context {
    Context {
        hand,
        account: Some(Id(50)),
        org: Some(Id(7)),
        now: Utc::start_of(date!(2026 - 09 - 30)),
        calendar: Calendar::parse(ARRANGEMENT_2026).expect("a calendar"),
        answer_days: 10,
        extend_days: 5,
        reopen_days: 30,
        above: Some(Id(9)),
        into: None,
    }
}

fn step(act: Act) -> Step {
    let mut step = Step::new(act, "理由充分");
    (step.outcome, step.score) = ("resolved".to_owned(), Some(4));
    (step.org, step.account) = (Some(Id(8)), Some(Id(3)));
    step
}

#[test]
fn the_document_shows_the_table_as_it_is() {
    let document = include_str!("../../../../../docs/complaints.md");
    assert!(document.contains(table::diagram().trim_end()), "{}", table::diagram());
}

#[test]
fn every_state_is_reached_and_every_act_is_somewhere_in_the_table() {
    for state in State::ALL.into_iter().filter(|state| *state != State::Received) {
        assert!(TABLE.iter().any(|line| line.to == state), "{state:?}");
    }
    for act in Act::ALL {
        assert!(TABLE.iter().any(|line| line.act == act), "{act:?}");
        assert_eq!(Act::of(act.code()), Some(act));
    }
}

#[test]
fn refusals_have_codes_of_their_own_and_full_width_words() {
    let mut codes: Vec<_> = Refused::ALL.iter().map(|refused| refused.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Refused::ALL.len());
    for refused in Refused::ALL {
        assert!(!refused.reason().zh.contains([',', ';', '(']), "{refused:?}");
    }
}

#[test]
fn more_time_is_given_once_with_a_reason_and_jumps_the_holidays() {
    let before = matter(State::Assigned);
    let given = decide(&before, &step(Act::Extend), &context(Hand::Handler)).expect("extended");
    assert_eq!(given.due, date!(2026 - 10 - 19));
    let again = decide(&given, &step(Act::Extend), &context(Hand::Handler));
    assert_eq!(again, Err(Refused::Extended));
    let silent = decide(&before, &Step::new(Act::Extend, " "), &context(Hand::Handler));
    assert_eq!(silent, Err(Refused::Reason));
}

#[test]
fn nobody_handles_a_matter_about_himself_or_his_own() {
    for own in [
        Matter { against: Some(Id(50)), ..matter(State::Assigned) },
        Matter { opened_by: Some(Id(50)), ..matter(State::Assigned) },
    ] {
        for act in [Act::Answer, Act::Transfer, Act::Extend] {
            let done = decide(&own, &step(act), &context(Hand::Handler));
            assert_eq!(done, Err(Refused::Own), "{act:?}");
        }
    }
    let against = Matter { against_org: Some(Id(8)), ..matter(State::Received) };
    let given = decide(&against, &step(Act::Assign), &context(Hand::Dispatcher));
    assert_eq!(given, Err(Refused::Own));
}

#[test]
fn what_is_said_to_be_against_an_organisation_or_its_head_is_distributed_anew() {
    let before = matter(State::Assigned);
    let said =
        |org, account| Step { org, account, ..Step::new(Act::Against, "反映本单位负责人") };
    let nobody = decide(&before, &said(None, None), &context(Hand::Handler));
    assert_eq!(nobody, Err(Refused::Org));
    let silent = Step { note: String::new(), ..said(Some(Id(7)), None) };
    assert_eq!(decide(&before, &silent, &context(Hand::Handler)), Err(Refused::Reason));
    let after = decide(&before, &said(Some(Id(7)), None), &context(Hand::Handler)).expect("said");
    assert_eq!((after.state, after.org, after.against_org), (State::Received, None, Some(Id(7))));
    let own = Step { org: Some(Id(7)), ..step(Act::Assign) };
    assert_eq!(decide(&after, &own, &context(Hand::Dispatcher)), Err(Refused::Own));
    for act in [Act::Escalate, Act::Merge, Act::Against] {
        let done = decide(&after, &step(act), &context(Hand::Dispatcher));
        assert_eq!(done, Err(Refused::Own), "{act:?} by the one that it is against");
    }
    assert!(decide(&after, &step(Act::Assign), &context(Hand::Dispatcher)).is_ok(), "given away");
    let himself =
        decide(&before, &said(None, Some(Id(50))), &context(Hand::Handler)).expect("said");
    let given = decide(&himself, &step(Act::Assign), &context(Hand::Dispatcher));
    assert_eq!(given, Err(Refused::Own), "not even given away by the one whom it is about");
}

#[test]
fn a_district_does_not_distribute_what_is_against_it_and_the_city_does() {
    let district = Actor { org: Some(Id(7)), ..actor(Role::DistrictOfficer) };
    let city = Actor { org: Some(Id(9)), ..actor(Role::MunicipalOfficer) };
    let division = district.division.clone();
    let here = Matter { division, org: None, ..matter(State::Received) };
    assert_eq!(hands(&here, &district), [Hand::Dispatcher]);
    let against = Matter { against_org: Some(Id(7)), ..here };
    assert!(hands(&against, &district).is_empty());
    assert_eq!(hands(&against, &city), [Hand::Dispatcher]);
}

#[test]
fn a_matter_against_somebody_is_not_merged_into_one_that_he_answers() {
    let against = Matter { against_org: Some(Id(8)), ..matter(State::Received) };
    let into = Matter { id: Id(2), org: Some(Id(8)), ..matter(State::Assigned) };
    let context = Context { into: Some(Box::new(into)), ..context(Hand::Dispatcher) };
    assert_eq!(decide(&against, &step(Act::Merge), &context), Err(Refused::Merge));
}

#[test]
fn a_place_is_a_division_in_force_on_the_day() {
    assert!(is_place("500112", date!(2025 - 01 - 01)));
    for wrong in ["500112", "510100", "999999", ""] {
        assert!(!is_place(wrong, date!(2026 - 09 - 30)), "{wrong}");
    }
}

#[test]
fn an_appeal_goes_up_once_in_time_and_the_same_hand_does_not_answer_it() {
    let answered = Matter {
        answered_at: Some(context(Hand::Person).now),
        answered_by: Some(Id(50)),
        ..matter(State::Answered)
    };
    let up = decide(&answered, &step(Act::Appeal), &context(Hand::Person)).expect("appealed");
    assert_eq!((up.org, up.state), (Some(Id(9)), State::Assigned));
    let same = decide(&up, &step(Act::Answer), &context(Hand::Handler));
    assert_eq!(same, Err(Refused::SameHand));
    let other = Context { account: Some(Id(51)), ..context(Hand::Handler) };
    let second = decide(&up, &step(Act::Answer), &other).expect("answered");
    let again = decide(&second, &step(Act::Appeal), &context(Hand::Person));
    assert_eq!(again, Err(Refused::Appealed));
    let late = Context { now: Utc::start_of(date!(2026 - 11 - 01)), ..context(Hand::Person) };
    assert_eq!(decide(&answered, &step(Act::Appeal), &late), Err(Refused::Late));
}

#[test]
fn an_objection_to_an_access_is_never_merged_away() {
    let objection = Matter { kind: "objection".to_owned(), ..matter(State::Assigned) };
    let other = Matter { id: Id(2), ..matter(State::Assigned) };
    let context = Context { into: Some(Box::new(other)), ..context(Hand::Dispatcher) };
    assert_eq!(decide(&objection, &step(Act::Merge), &context), Err(Refused::Objection));
    let merged = decide(&matter(State::Assigned), &step(Act::Merge), &context).expect("merged");
    assert_eq!((merged.state, merged.merged_into), (State::Merged, Some(Id(2))));
}

#[test]
fn an_authority_distributes_in_its_area_and_the_responsible_one_handles() {
    let (mine, elsewhere) = (actor(Role::DistrictOfficer), matter(State::Assigned));
    assert!(hands(&elsewhere, &mine).is_empty());
    let here = Matter { division: mine.division.clone(), org: mine.org, ..elsewhere };
    assert_eq!(hands(&here, &mine), [Hand::Handler, Hand::Dispatcher]);
    assert!(hands(&Matter { org: Some(id()), ..here }, &actor(Role::Clerk)).is_empty());
}

#[test]
fn a_report_is_sensitive_and_a_wrong_word_is_refused() {
    let told = Told {
        kind: "report".to_owned(),
        field: "money".to_owned(),
        division: "500103".to_owned(),
        body: "有人冒领补贴".to_owned(),
        ..Told::default()
    };
    let today = date!(2026 - 09 - 30);
    assert!(told.clone().check(today).expect("fits").sensitive);
    let wrong = Told { division: "510100".to_owned(), ..told.clone() };
    assert_eq!(wrong.check(today).err(), Some(Refused::Class));
    let bad = Told { about: "person:1".to_owned(), ..told.clone() };
    assert_eq!(bad.check(today).err(), Some(Refused::About));
    let objection = Told { kind: "objection".to_owned(), ..told };
    assert_eq!(objection.check(today).err(), Some(Refused::About));
}

proptest! {
    #[test]
    fn whatever_is_done_the_table_is_kept_and_the_version_grows(
        state in 0usize..6, act in 0usize..14, hand in 0usize..4, org in 7i64..10
    ) {
        let hand = [Hand::Person, Hand::Handler, Hand::Dispatcher, Hand::Clock][hand];
        let before = Matter {
            answered_at: Some(context(hand).now),
            ..matter(State::ALL[state])
        };
        let mut step = step(Act::ALL[act]);
        step.org = Some(Id(org));
        if let Ok(after) = decide(&before, &step, &context(hand)) {
            let line = table::find(before.state, step.act).expect("only what is in the table");
            prop_assert!(line.hands.contains(&hand));
            prop_assert_eq!(after.state, line.to);
            prop_assert_eq!(after.version, before.version + 1);
            let responsible = after.state != State::Assigned || after.org.is_some();
            prop_assert!(responsible);
        }
    }
}
