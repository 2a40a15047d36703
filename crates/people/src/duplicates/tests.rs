use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::testing::actor;
use kernel::time::Utc;
use proptest::prelude::*;

use super::rules::{self, Ground, Refused, State};
use super::{merge, service, store};
use crate::changes::service::{self as changes, NumberChange};
use crate::number::PersonNumber;
use crate::rules::Person;
use crate::service::Registration;
use crate::testing::{House, code_of, houses, registration, somebody};

fn no_card(_: &mut Tx<'_>, _: Id) -> Result<bool, DbError> {
    Ok(false)
}

fn all_have_cards(_: &mut Tx<'_>, _: Id) -> Result<bool, DbError> {
    Ok(true)
}

/// The same person with one digit of the sequence mistyped.
fn slipped(form: &Registration) -> Registration {
    let number = PersonNumber::restore(&form.number).expect("valid");
    let is_good = |text: &String| {
        let same_birth = text[..16] == form.number[..16];
        same_birth
            && text[16..17].parse::<u8>().ok().map(|d| d % 2)
                == form.number[16..17].parse::<u8>().ok().map(|d| d % 2)
    };
    let number = rules::slips(&number).into_iter().find(is_good).expect("a slip");
    Registration { number, ..form.clone() }
}

fn officers() -> (Actor, Actor) {
    (actor(Role::OutletManager), actor(Role::DistrictOfficer))
}

async fn open(house: &House) -> Vec<store::Finding> {
    service::queue(&house.app, State::Open, Id(0)).await.expect("read")
}

async fn owner(house: &House, number: &str) -> Option<Person> {
    let number = PersonNumber::restore(number).expect("valid");
    house.read(move |tx| crate::store::by_number(tx, &number)).await
}

#[tokio::test]
async fn a_mistyped_number_is_noticed_at_registration_and_merged_by_two_people() {
    for house in houses("merge").await {
        let form = somebody(1, true);
        let a = house.register(form.clone()).await;
        let b = house.register(slipped(&form)).await;
        let proof = house.proof(b.id).await;
        let found = open(&house).await;
        assert_eq!((found.len(), found[0].ground), (1, Ground::NumberSlip), "{}", house.engine);
        let id = found[0].id;
        let (maker, checker) = officers();
        let both = merge::propose(&house.app, &maker, id, a.id, "同一人", all_have_cards).await;
        assert_eq!(code_of(both), "people/both-have-cards");
        merge::propose(&house.app, &maker, id, a.id, "同一人", no_card).await.expect("proposed");
        let own = merge::decide(&house.app, &maker, id, true, "", no_card).await;
        assert_eq!(code_of(own), "approval/own-work", "{}", house.engine);
        let now_cards = merge::decide(&house.app, &checker, id, true, "", all_have_cards).await;
        assert_eq!(code_of(now_cards), "people/both-have-cards", "cards are looked at again");
        let done = merge::decide(&house.app, &checker, id, true, "", no_card).await;
        assert_eq!(done.expect("decided"), State::Merged);
        for number in [&a.number, &b.number] {
            assert_eq!(owner(&house, number.as_str()).await.expect("found").id, a.id);
        }
        let (merged, survivor) = (b.id, a.id);
        let led = house.read(move |tx| crate::store::by_id(tx, merged)).await.expect("leads on");
        assert_eq!(led.id, survivor, "the old id leads to the record that lives on");
        let mine = crate::evidence::service::list(&house.app, &house.clerk, a.id).await;
        assert_eq!(mine.expect("listed")[0].id.to_string(), proof, "evidence is kept");
        let opened = crate::evidence::service::open(
            &house.app,
            &house.clerk,
            a.id,
            proof.parse().expect("id"),
        );
        opened.await.expect("and opens");
        let name = a.name.clone();
        let searched = house.read(move |tx| crate::store::search(tx, &name, 9)).await;
        assert_eq!(searched.len(), 1, "{}: the merged record is not found", house.engine);
    }
}

#[tokio::test]
async fn an_undone_merge_leaves_everything_as_it_was() {
    for house in houses("unmerge").await {
        let form = somebody(1, true);
        let a = house.register(form.clone()).await;
        let b = house.register(slipped(&form)).await;
        let id = open(&house).await[0].id;
        let (maker, checker) = officers();
        merge::propose(&house.app, &maker, id, a.id, "同一人", no_card).await.expect("proposed");
        merge::decide(&house.app, &checker, id, true, "", no_card).await.expect("merged");
        merge::propose_undo(&house.app, &maker, id, "误合并").await.expect("proposed");
        let done = merge::decide(&house.app, &checker, id, true, "", no_card).await;
        assert_eq!(done.expect("undone"), State::Different, "{}", house.engine);
        for person in [&a, &b] {
            let found = owner(&house, person.number.as_str()).await.expect("found");
            assert_eq!(found.id, person.id, "{}", house.engine);
            let id = person.id;
            let numbers = house.read(move |tx| crate::changes::store::numbers_of(tx, id)).await;
            assert!(numbers.len() == 1 && numbers[0].is_current && numbers[0].until.is_none());
        }
        let survivor = a.id;
        let lines = house.read(move |tx| crate::changes::store::history(tx, &[survivor])).await;
        assert_eq!(lines.len(), 2, "the history tells of both");
    }
}

/// Art. 20: a freeze would be left behind with the record that ends, and its person go free.
#[tokio::test]
async fn a_frozen_record_is_not_merged_away() {
    use crate::freezes::rules::{Freeze, Reason, Scope, Source, Terms};
    for house in houses("merge_frozen").await {
        let form = somebody(1, true);
        let a = house.register(form.clone()).await;
        let b = house.register(slipped(&form)).await;
        let of = (house.app.id(), b.id);
        let one =
            Freeze::new(of, Scope::All, Source::Officer, Reason::Stolen, &Terms::default(), Utc(5));
        let freeze = move |tx: &mut Tx<'_>| crate::freezes::store::insert(tx, &[one.clone()]);
        house.app.db.housekeeping(freeze).await.expect("frozen");
        let (maker, _) = officers();
        let id = open(&house).await[0].id;
        let away = merge::propose(&house.app, &maker, id, a.id, "同一人", no_card).await;
        assert_eq!(code_of(away), "people/merge-frozen", "{}", house.engine);
        merge::propose(&house.app, &maker, id, b.id, "同一人", no_card).await.expect("it stays");
    }
}

#[tokio::test]
async fn different_people_are_never_proposed_again() {
    for house in houses("different").await {
        let form = somebody(1, true);
        house.register(form.clone()).await;
        house.register(slipped(&form)).await;
        let id = open(&house).await[0].id;
        let vague = merge::different(&house.app, &house.clerk, id, " ").await;
        assert_eq!(code_of(vague), "platform/invalid-input");
        merge::different(&house.app, &house.clerk, id, "双胞胎").await.expect("decided");
        while service::scan_page(&house.app).await.expect("scans").is_some() {}
        assert!(open(&house).await.is_empty(), "{}", house.engine);
        let again = merge::different(&house.app, &house.clerk, id, "双胞胎").await;
        assert_eq!(code_of(again), "people/duplicate-wrong-state");
    }
}

#[tokio::test]
async fn the_job_over_the_register_finds_what_was_loaded_past_registration() {
    for house in houses("scan").await {
        let form = somebody(1, true);
        let forms = [form.clone(), slipped(&form), somebody(7, true)];
        let people: Vec<Person> = forms
            .iter()
            .map(|form| crate::service::read_registration(form, house.app.id(), Utc::now().day()))
            .map(|read| read.expect("valid"))
            .collect();
        let load = move |tx: &mut Tx<'_>| {
            people.iter().try_for_each(|person| crate::store::insert(tx, person, Utc::now()))
        };
        house.app.db.housekeeping(load).await.expect("loaded");
        assert!(open(&house).await.is_empty());
        let said = kernel::jobs::round(&house.app, crate::jobs()[1]).await.expect("runs");
        assert_eq!(said, Some("1 found in 1 pages".to_owned()), "{}", house.engine);
        let again = kernel::jobs::round(&house.app, crate::jobs()[1]).await.expect("runs");
        assert_eq!(again, Some("0 found in 1 pages".to_owned()), "{}", house.engine);
        assert_eq!(house.journalled("duplicate.found").await, 1);
    }
}

#[tokio::test]
async fn a_number_claimed_twice_is_refused_and_both_records_go_to_the_queue() {
    for house in houses("claimed").await {
        let (a, b) = (somebody(1, true), somebody(2, true));
        let (first, _) = (house.register(a).await, house.register(b.clone()).await);
        let form = NumberChange {
            number: b.number,
            document: b.document,
            reason: "corrected".to_owned(),
            from: String::new(),
            evidence: house.proof(first.id).await,
        };
        let taken = changes::change_number(&house.app, &house.clerk, first.id, form).await;
        assert_eq!(code_of(taken), "people/number-of-another", "{}", house.engine);
        assert_eq!(open(&house).await[0].ground, Ground::SameNumber);
    }
}

#[test]
fn the_one_with_the_living_card_lives_on() {
    assert_eq!(rules::may_merge(true, true), Err(Refused::BothHaveCards));
    assert_eq!(rules::may_merge(false, true), Err(Refused::CardHolderLivesOn));
    assert_eq!((rules::may_merge(true, false), rules::may_merge(false, false)), (Ok(()), Ok(())));
}

/// One step of a random life of the register.
#[derive(Clone, Copy, Debug)]
enum Step {
    Register(u32, bool),
    Number(usize, u32),
    Merge(usize, bool),
    Undo(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0u32..6, any::<bool>()).prop_map(|(n, slip)| Step::Register(n, slip)),
        (0usize..8, 0u32..12).prop_map(|(who, n)| Step::Number(who, n)),
        (0usize..8, any::<bool>()).prop_map(|(n, low)| Step::Merge(n, low)),
        (0usize..8).prop_map(Step::Undo),
    ]
}

async fn carry_out(house: &House, step: Step, people: &mut Vec<Id>) {
    let (maker, checker) = officers();
    match step {
        Step::Register(n, slip) => {
            let form = somebody(n + 1, true);
            let form = if slip { slipped(&form) } else { form };
            if let Ok(person) = crate::service::register(&house.app, &house.clerk, form).await {
                people.push(person.id);
            }
        }
        Step::Number(who, n) => {
            let Some(person) = people.get(who).copied() else { return };
            let new = registration(n);
            let form = NumberChange {
                number: new.number,
                document: new.document,
                reason: "new-document".to_owned(),
                from: String::new(),
                evidence: house.proof(person).await,
            };
            let _ = changes::change_number(&house.app, &house.clerk, person, form).await;
        }
        Step::Merge(n, low) => {
            let found = open(house).await;
            let Some(finding) = found.get(n % found.len().max(1)) else { return };
            let survivor = if low { finding.low } else { finding.high };
            let asked = merge::propose(&house.app, &maker, finding.id, survivor, "同一人", no_card);
            if asked.await.is_ok() {
                let done = merge::decide(&house.app, &checker, finding.id, true, "", no_card).await;
                done.expect("what was proposed can be decided");
            }
        }
        Step::Undo(n) => {
            let merged = service::queue(&house.app, State::Merged, Id(0)).await.expect("read");
            let Some(finding) = merged.get(n % merged.len().max(1)) else { return };
            merge::propose_undo(&house.app, &maker, finding.id, "误").await.expect("asked");
            let _ = merge::decide(&house.app, &checker, finding.id, true, "", no_card).await;
            let _ = merge::decide(&house.app, &checker, finding.id, false, "", no_card).await;
        }
    }
}

/// Numbers, and the record each leads to with that record's `merged_into`; lines of history.
fn look(tx: &mut Tx<'_>) -> Result<(i64, i64, i64, i64), DbError> {
    let count = |tx: &mut Tx<'_>, sql: &str| tx.one(sql, &[])?.get::<i64>(0);
    let numbers = count(tx, "SELECT COUNT(*) FROM person_number")?;
    let living = count(
        tx,
        "SELECT COUNT(*) FROM person_number n JOIN person p ON p.id = n.person_id
         WHERE p.merged_into IS NULL",
    )?;
    let strays = count(
        tx,
        "SELECT COUNT(*) FROM person p WHERE p.merged_into IS NULL AND 1 <>
         (SELECT COUNT(*) FROM person_number n
          WHERE n.person_id = p.id AND n.is_current AND n.number = p.number)",
    )?;
    Ok((numbers, living, strays, count(tx, "SELECT COUNT(*) FROM person_history")?))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Whatever happens, each number leads to exactly one living record, each living record has its
    /// own number as its only current one, and neither numbers nor history ever shrink.
    #[test]
    fn each_number_leads_to_one_living_record(steps in prop::collection::vec(step(), 1..25)) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            for house in houses("numbers").await {
                let (mut people, mut before) = (Vec::new(), (0, 0));
                // Two pairs to begin with, so that there is something to merge.
                for (n, slip) in [(0, false), (0, true), (1, false), (1, true)] {
                    carry_out(&house, Step::Register(n, slip), &mut people).await;
                }
                assert_eq!(open(&house).await.len(), 2, "{}", house.engine);
                for step in &steps {
                    carry_out(&house, *step, &mut people).await;
                    let (numbers, living, strays, lines) = house.read(look).await;
                    assert_eq!(numbers, living, "{} {step:?}", house.engine);
                    assert_eq!(strays, 0, "{} {step:?}", house.engine);
                    assert!(numbers >= before.0 && lines >= before.1, "{step:?}");
                    before = (numbers, lines);
                }
            }
        });
    }

    #[test]
    fn every_slip_is_recognised_both_ways(index in 0u32..1_000) {
        let number = registration(index).number;
        let number = PersonNumber::restore(&number).expect("valid");
        for text in rules::slips(&number) {
            let other = PersonNumber::restore(&text).expect("a number of the same form");
            prop_assert!(rules::is_slip(&number, &other) && rules::is_slip(&other, &number));
        }
    }
}
