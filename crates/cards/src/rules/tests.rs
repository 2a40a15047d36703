use super::*;
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
        version: 1,
    }
}

fn context(person: &Person) -> Context<'_> {
    Context { person, today: TODAY, outlet: HERE }
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
    let elsewhere = Context { outlet: Id(78), ..context(&person) };
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
fn the_electronic_card_is_usable_only_while_the_physical_one_is_active() {
    for stage in Stage::ALL {
        let good = usable(&stage, Some(TODAY), TODAY).is_ok();
        assert_eq!(good, stage == Stage::Active);
    }
    assert_eq!(usable(&Stage::Active, Some(date!(2026 - 02 - 28)), TODAY), Err(Unusable::Expired));
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(apply_for()),
        Just(Command::Produce),
        "[ a-z]{0,3}".prop_map(|to| Command::HandOver { to }),
        "[0-9]{4,8}".prop_map(|password| Command::Activate { password }),
    ]
}

proptest! {
    /// Whatever is tried in whatever order: the stages come one after the other, none is skipped, and
    /// a cancelled card does nothing any more.
    #[test]
    fn no_sequence_of_commands_skips_a_step(commands in prop::collection::vec(any_command(), 0..40)) {
        let person = adult();
        let mut held: Option<Card> = None;
        for command in commands {
            let before = held.as_ref().map(|card| card.stage.clone());
            let Ok(event) = decide(held.as_ref(), &command, &context(&person)) else { continue };
            let card = held.get_or_insert_with(|| card(Stage::Cancelled));
            apply(card, &event);
            let step = (before, card.stage.clone());
            let allowed = [
                (None, Stage::Ordered),
                (Some(Stage::Ordered), Stage::Produced),
                (Some(Stage::Produced), Stage::HandedOver),
                (Some(Stage::HandedOver), Stage::Active),
            ];
            prop_assert!(allowed.contains(&step));
        }
        let cancelled = card(Stage::Cancelled);
        for command in [Command::Produce, Command::HandOver { to: "x".into() }] {
            prop_assert!(decide(Some(&cancelled), &command, &context(&person)).is_err());
        }
    }
}
