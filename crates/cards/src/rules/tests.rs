use super::clocks::Clocks;
use super::*;
use kernel::law::{Article, Refusal as _};
use people::rules::Ground;
use proptest::prelude::*;
use time::macros::date;

const TODAY: Date = date!(2026 - 03 - 01);
const HERE: Id = Id(77);

fn person(birth: Date) -> Person {
    let made = people::generate::person(3, 11).expect("within the population");
    Person {
        id: Id(5),
        number: made.number,
        document: made.document,
        name: made.name,
        sex: made.sex,
        birth,
        nation: String::new(),
        phone: made.phone,
        address: made.address,
        household: "500103".to_owned(),
        ground: Ground::Household,
        ground_until: None,
        deceased_on: None,
        version: 1,
    }
}

fn adult() -> Person {
    person(date!(1980 - 05 - 06))
}

fn card(stage: Stage) -> Card {
    Card {
        person: Id(5),
        id: Id(6),
        stage,
        outlet: HERE,
        delivery: "counter".to_owned(),
        card_no: None,
        expires_on: None,
        applied_at: Utc(0),
        clocks: Clocks::default(),
        loss_until: None,
        cause: Cause::First,
        replaces: None,
        version: 1,
    }
}

/// A card in use, with both functions and the electronic card on.
fn in_use() -> Card {
    let clocks = Clocks { social: State::On, financial: State::On, electronic: State::On };
    Card { clocks, expires_on: Some(date!(2035 - 01 - 01)), ..card(Stage::Active) }
}

/// Noon of 2026-03-01 in Chongqing.
const NOW: Utc = Utc(1_772_337_600 * Utc::SECOND);

fn context(person: &Person) -> Context<'_> {
    Context::new(person, NOW, Some(HERE))
}

fn proof() -> String {
    "本人居民身份证".to_owned()
}

fn apply_for() -> Command {
    Command::Apply { guardian: String::new() }
}

/// Art. 5: one person, one card, whatever stage the first is at.
#[test]
fn a_second_application_is_refused_and_names_article_5() {
    let person = adult();
    assert_eq!(decide(None, &apply_for(), &context(&person)), Ok(Event::Applied));
    for stage in [Stage::Ordered, Stage::Produced, Stage::HandedOver, Stage::Active] {
        let refusal = decide(Some(&card(stage)), &apply_for(), &context(&person));
        assert_eq!(refusal, Err(Refused::OnePersonOneCard));
        assert_eq!(refusal.err().and_then(|r| r.article()), Some(Article(5)));
    }
}

/// Art. 12: children are represented.
#[test]
fn under_sixteen_a_guardian_applies() {
    let child = person(date!(2010 - 03 - 02));
    assert_eq!(decide(None, &apply_for(), &context(&child)), Err(Refused::GuardianNeeded));
    let with_guardian = Command::Apply { guardian: "王某 5001…".to_owned() };
    assert_eq!(decide(None, &with_guardian, &context(&child)), Ok(Event::Applied));
    let sixteen = person(date!(2010 - 03 - 01));
    assert_eq!(decide(None, &apply_for(), &context(&sixteen)), Ok(Event::Applied));
}

/// Art. 5: no right, no card.
#[test]
fn whoever_is_not_entitled_gets_the_reason_of_article_5() {
    let mut person = adult();
    person.household = "510100".to_owned();
    let refusal = decide(None, &apply_for(), &context(&person)).expect_err("from Chengdu");
    assert_eq!(refusal.article(), Some(Article(5)));
}

#[test]
fn a_card_is_made_and_handed_over_at_its_own_outlet_only() {
    let person = adult();
    let elsewhere = Context { outlet: Some(Id(78)), ..context(&person) };
    let hand_over = Command::HandOver { to: "本人".to_owned() };
    assert_eq!(
        decide(Some(&card(Stage::Ordered)), &Command::Produce, &elsewhere),
        Err(Refused::OtherOutlet)
    );
    assert_eq!(
        decide(Some(&card(Stage::Produced)), &hand_over, &elsewhere),
        Err(Refused::OtherOutlet)
    );
    let nobody = Command::HandOver { to: " ".to_owned() };
    assert_eq!(
        decide(Some(&card(Stage::Produced)), &nobody, &context(&person)),
        Err(Refused::ReceiverMissing)
    );
}

#[test]
fn a_card_made_today_is_valid_for_ten_years_less_a_day() {
    let person = adult();
    let made = decide(Some(&card(Stage::Ordered)), &Command::Produce, &context(&person));
    assert_eq!(made, Ok(Event::Produced { expires_on: date!(2036 - 02 - 29) }));
    let leap = Context { today: date!(2028 - 02 - 29), ..context(&person) };
    let made = decide(Some(&card(Stage::Ordered)), &Command::Produce, &leap);
    assert_eq!(made, Ok(Event::Produced { expires_on: date!(2038 - 02 - 28) }));
}

/// Art. 24: the holder keeps his password safe; we do not take one that everybody tries.
#[test]
fn easy_passwords_are_refused() {
    let birth = date!(1980 - 05 - 06);
    for weak in ["12345", "111111", "123456", "654321", "abcdef", "19800506", "800506"] {
        assert!(is_weak(weak, birth), "{weak}");
    }
    assert!(!is_weak("271828", birth) && !is_weak("春眠不觉晓啊", birth));
}

/// Art. 2: the electronic card is worth what the physical one is.
#[test]
fn the_electronic_card_is_usable_only_while_its_clock_is_on() {
    for state in State::ALL {
        assert_eq!(usable(state, Some(TODAY), TODAY).is_ok(), state == State::On);
    }
    assert_eq!(usable(State::On, Some(date!(2026 - 02 - 28)), TODAY), Err(Unusable::Expired));
    assert_eq!(usable(State::On, None, TODAY), Err(Unusable::Expired));
}

/// Art. 11: a temporary loss needs no proof, lapses after its days and not before.
#[test]
fn a_temporary_loss_lapses_after_its_days() {
    let person = adult();
    let mut card = in_use();
    let event = decide(Some(&card), &Command::LoseTemporarily, &context(&person)).expect("lost");
    assert_eq!(event, Event::LostTemporarily { until: NOW.plus_seconds(7 * 86_400) });
    apply(&mut card, &event);
    assert_eq!(card.clocks.electronic, State::Suspended);
    let early = decide(Some(&card), &Command::Lapse, &context(&person));
    assert_eq!(early, Err(Refused::WrongState(State::LostTemporarily)));
    let later = Context { now: NOW.plus_seconds(7 * 86_400), ..context(&person) };
    let event = decide(Some(&card), &Command::Lapse, &later).expect("lapsed");
    apply(&mut card, &event);
    assert_eq!((card.clocks.social, card.loss_until), (State::On, None));
    assert_eq!(card.clocks.electronic, State::Suspended, "until it is linked again");
}

/// Art. 11: only with proof, and not once a replacement is under way.
#[test]
fn a_loss_is_released_with_proof_and_before_a_replacement_only() {
    let person = adult();
    let mut card = in_use();
    let nobody = Command::Lose { proof: " ".to_owned() };
    assert_eq!(decide(Some(&card), &nobody, &context(&person)), Err(Refused::IdentityProofMissing));
    let event = decide(Some(&card), &Command::Lose { proof: proof() }, &context(&person));
    apply(&mut card, &event.expect("lost"));
    let release = Command::Release { proof: proof() };
    let under_way = Context { under_way: true, ..context(&person) };
    let refused = decide(Some(&card), &release, &under_way).expect_err("too late");
    assert_eq!(
        (refused.code(), refused.article()),
        ("cards/replacement-under-way", Some(Article(11)))
    );
    assert_eq!(decide(Some(&card), &release, &context(&person)), Ok(Event::Released));
}

fn replace(cause: Cause, fee: Fee) -> Command {
    Command::Replace { cause, decision: String::new(), fee }
}

/// Art. 12: its reasons and no others, each with what it asks for.
#[test]
fn a_replacement_needs_a_reason_of_article_12_and_its_fee() {
    let person = adult();
    let card = in_use();
    let ask = |command: &Command| decide(Some(&card), command, &context(&person));
    let paid = || Fee::Paid("NO. 1".to_owned());
    assert_eq!(ask(&replace(Cause::Damaged, Fee::Free)), Err(Refused::FeeOpen(1_600)));
    assert_eq!(
        ask(&replace(Cause::Damaged, Fee::Waived(" ".to_owned()))),
        Err(Refused::FeeOpen(1_600))
    );
    assert_eq!(
        ask(&replace(Cause::Damaged, paid())),
        Ok(Event::ReplacementApplied { fee_fen: 1_600 })
    );
    assert_eq!(
        ask(&replace(Cause::Damaged, Fee::Waived("低保".to_owned()))),
        Ok(Event::ReplacementApplied { fee_fen: 0 })
    );
    assert_eq!(ask(&replace(Cause::NewGeneration, paid())), Err(Refused::NoFeeDue));
    assert!(ask(&replace(Cause::NewGeneration, Fee::Free)).is_ok());
    assert_eq!(ask(&replace(Cause::Lost, paid())), Err(Refused::ReportLossFirst));
    assert_eq!(ask(&replace(Cause::Expired, Fee::Free)), Err(Refused::NotExpired));
    assert_eq!(ask(&replace(Cause::Decision, paid())), Err(Refused::DecisionMissing));
    assert_eq!(ask(&replace(Cause::First, Fee::Free)), Err(Refused::OnePersonOneCard));
    let ending = Card { expires_on: Some(date!(2026 - 05 - 30)), ..in_use() };
    let renewed = decide(Some(&ending), &replace(Cause::Expired, Fee::Free), &context(&person));
    assert_eq!(renewed, Ok(Event::ReplacementApplied { fee_fen: 0 }));
}

/// Art. 13: a named cause with evidence, nothing pending, and then never again.
#[test]
fn a_cancelled_card_is_good_for_nothing_any_more() {
    let person = adult();
    let cancel = |cause, evidence: &str| Command::Cancel { cause, evidence: evidence.to_owned() };
    let death = cancel(CancelCause::Death, "死亡证明 123");
    let ask = |command: &Command, context: &Context<'_>| decide(Some(&in_use()), command, context);
    assert_eq!(
        ask(&cancel(CancelCause::Death, ""), &context(&person)),
        Err(Refused::EvidenceMissing)
    );
    assert_eq!(
        ask(&cancel(CancelCause::EntitlementEnded, "x"), &context(&person)),
        Err(Refused::CauseDoesNotHold(CancelCause::EntitlementEnded))
    );
    let pending = Context { pending: vec![Pending::Payment], ..context(&person) };
    assert_eq!(ask(&death, &pending), Err(Refused::Pending(Pending::Payment)));
    let mut card = in_use();
    apply(&mut card, &ask(&death, &context(&person)).expect("cancelled"));
    for clock in Clock::ALL {
        assert_eq!(card.clocks.get(clock), State::Ended);
    }
    assert!(may_destroy(&Card { card_no: Some("A".to_owned()), ..card.clone() }).is_ok());
    assert!(may_destroy(&in_use()).is_err());
}

/// Art. 2: linking is for a physical card that is in order.
#[test]
fn the_electronic_card_is_linked_again_only_beside_a_good_physical_one() {
    let person = adult();
    let mut card = in_use();
    assert_eq!(
        decide(Some(&card), &Command::Link, &context(&person)),
        Err(Refused::WrongState(State::On))
    );
    apply(&mut card, &Event::Lost);
    assert_eq!(decide(Some(&card), &Command::Link, &context(&person)), Err(Refused::NotLinkable));
    apply(&mut card, &Event::Released);
    assert_eq!(decide(Some(&card), &Command::Link, &context(&person)), Ok(Event::Linked));
}

/// Art. 15: what a good clerk says without being asked.
#[test]
fn hints_speak_of_what_ends_soon_and_of_what_is_off() {
    let person = adult();
    let fine = in_use();
    assert_eq!(hints(&person, Some(&fine), NOW), []);
    let ending = Card { expires_on: Some(date!(2026 - 05 - 30)), ..in_use() };
    assert_eq!(hints(&person, Some(&ending), NOW), [Hint::CardEnds(date!(2026 - 05 - 30))]);
    let mut lost = in_use();
    apply(&mut lost, &Event::LostTemporarily { until: NOW });
    assert_eq!(hints(&person, Some(&lost), NOW), [Hint::LossLapses(NOW)]);
    apply(&mut lost, &Event::Released);
    assert_eq!(hints(&person, Some(&lost), NOW), [Hint::LinkElectronic]);
    assert_eq!(hints(&person, Some(&card(Stage::Produced)), NOW), [Hint::Collect]);
    let guest = Person { ground_until: Some(TODAY), ..adult() };
    assert_eq!(hints(&guest, None, NOW), [Hint::EntitlementEnds(TODAY)]);
}

fn any_command() -> impl Strategy<Value = Command> {
    let causes = prop::sample::select(Cause::ALL.to_vec());
    let ends = prop::sample::select(CancelCause::ALL.to_vec());
    let fees = prop_oneof![Just(Fee::Free), Just(Fee::Paid("R1".to_owned()))];
    prop_oneof![
        Just(apply_for()),
        Just(Command::Withdraw),
        Just(Command::Produce),
        "[ a-z]{0,3}".prop_map(|to| Command::HandOver { to }),
        "[0-9]{4,8}".prop_map(|password| Command::Activate { password }),
        Just(Command::ActivateFinancial),
        Just(Command::LoseTemporarily),
        "[ x]{0,2}".prop_map(|proof| Command::Lose { proof }),
        Just(Command::Lapse),
        "[ x]{0,2}".prop_map(|proof| Command::Release { proof }),
        Just(Command::Lock),
        "[ x]{0,2}".prop_map(|proof| Command::Unlock { proof }),
        Just(Command::Link),
        (causes, fees).prop_map(|(cause, fee)| replace(cause, fee)),
        (ends, "[ e]{0,2}").prop_map(|(cause, evidence)| Command::Cancel { cause, evidence }),
    ]
}

const STEPS: [(Stage, Stage); 6] = [
    (Stage::Ordered, Stage::Produced),
    (Stage::Ordered, Stage::Withdrawn),
    (Stage::Produced, Stage::HandedOver),
    (Stage::HandedOver, Stage::Active),
    (Stage::Active, Stage::Cancelled),
    (Stage::HandedOver, Stage::Cancelled),
];

proptest! {
    /// Whatever is tried in whatever order: no stage is skipped, every clock moves only as its table
    /// says, the electronic card is never on beside a physical one that is not, and nothing leaves
    /// the end.
    #[test]
    fn no_sequence_of_commands_breaks_the_tables(
        commands in prop::collection::vec(any_command(), 0..60),
        days in prop::collection::vec(0i64..4, 60),
    ) {
        let person = adult();
        let mut held: Option<Card> = None;
        let mut now = NOW;
        for (command, days) in commands.into_iter().zip(days) {
            now = now.plus_seconds(days * 86_400);
            let context = Context { now, today: now.day(), ..context(&person) };
            let Ok(event) = decide(held.as_ref(), &command, &context) else { continue };
            let before = held.clone();
            let card = held.get_or_insert_with(|| card(Stage::Ordered));
            apply(card, &event);
            let Some(before) = before else { continue };
            prop_assert!(!before.stage.is_over(), "{:?} after the end", command);
            if before.stage != card.stage {
                let step = (before.stage.clone(), card.stage.clone());
                let cancelled = step == (Stage::Produced, Stage::Cancelled);
                prop_assert!(cancelled || STEPS.contains(&step), "{:?}", step);
            }
            for clock in Clock::ALL {
                let (from, to) = (before.clocks.get(clock), card.clocks.get(clock));
                let in_table = |(f, _, t): &(State, Move, State)| (*f, *t) == (from, to);
                prop_assert!(from == to || clocks::table(clock).iter().any(in_table));
            }
            let good = card.clocks.electronic == State::On;
            prop_assert!(!good || (card.clocks.social == State::On && card.stage == Stage::Active));
            let lost = card.clocks.social == State::LostTemporarily;
            prop_assert_eq!(card.loss_until.is_some(), lost);
        }
    }
}

/// Art. 20: while a card is frozen nothing is handed out or opened again, and what closes stays possible:
/// a thief gains nothing by the counter, and the holder loses nothing.
#[test]
fn a_frozen_card_is_not_replaced_or_released_and_can_still_be_lost() {
    let person = adult();
    let frozen = Context { frozen: true, ..context(&person) };
    let mut lost = in_use();
    lost.clocks.social = State::Lost;
    for command in [
        Command::Release { proof: proof() },
        replace(Cause::Damaged, Fee::Free),
        Command::Link,
        Command::HandOver { to: "某人".to_owned() },
    ] {
        assert_eq!(decide(Some(&lost), &command, &frozen), Err(Refused::Frozen), "{command:?}");
    }
    assert!(decide(Some(&in_use()), &Command::LoseTemporarily, &frozen).is_ok());
    assert_eq!(Refused::Frozen.article(), Some(Article(20)));
}
