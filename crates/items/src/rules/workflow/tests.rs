use super::*;
use proptest::prelude::*;

/// Every list has a draft, one step that publishes, and only filings after it.
#[test]
fn each_procedure_publishes_once_and_only_files_after_it() {
    for list in List::ALL {
        let effects: Vec<Effect> = of(list).steps.iter().map(|step| step.effect).collect();
        let publishes = effects.iter().filter(|e| **e == Effect::Publishes).count();
        assert_eq!(publishes, 1, "{}", list.code());
        let place = effects.iter().position(|e| *e == Effect::Publishes).expect("one");
        assert!(place > 0, "nothing is published without a decision before");
        assert!(effects[place + 1..].iter().all(|e| *e == Effect::Files));
        // A government decides in each: its document is on record (Art. 14).
        assert!(of(list).steps[..place].iter().any(|step| step.evidence));
    }
    assert_eq!(
        of(List::Joint).steps.iter().filter(|step| step.key.starts_with("decide-")).count(),
        2
    );
    assert_eq!(of(List::District).steps.last().map(|step| step.key), Some("file"));
}

#[test]
fn the_diagram_has_every_step() {
    let text = diagram();
    for list in List::ALL {
        assert!(of(list).steps.iter().all(|step| text.contains(step.zh)));
    }
}

proptest! {
    /// However people decide: what came on the list had a yes at every step before.
    #[test]
    fn no_path_to_in_force_without_every_decision(
        list in prop::sample::select(&List::ALL[..]),
        said in prop::collection::vec(any::<bool>(), 6),
    ) {
        let procedure = of(list);
        let (mut at, mut yeses) = (procedure.first(), Vec::new());
        for yes in said {
            let outcome = procedure.follow(at.key, yes).expect("a step of this procedure");
            yeses.push((at.key, yes));
            match outcome {
                Outcome::Next(next) => at = next,
                Outcome::Published(_) => {
                    let place = procedure.steps.iter().position(|s| s.key == at.key).expect("here");
                    let needed: Vec<_> = procedure.steps[..=place].iter().map(|s| (s.key, true)).collect();
                    prop_assert_eq!(yeses, needed);
                    break;
                }
                Outcome::SentBack => {
                    prop_assert!(!yes);
                    break;
                }
                other => prop_assert!(false, "{:?} before publication", other),
            }
        }
    }

    #[test]
    fn the_maker_never_checks(list in prop::sample::select(&List::ALL[..]), place in 0usize..4, role in prop::sample::select(&Role::ALL[..])) {
        let item = crate::rules::tests::item(1, time::macros::date!(2026 - 03 - 01));
        let steps = of(list).steps;
        let step = &steps[place % steps.len()];
        let actor = Actor { role, org: Some(Id(4)), ..Actor::system() };
        let said = Said { yes: true, comment: "x".to_owned(), evidence: "x".to_owned() };
        prop_assert_eq!(check(step, &actor, &item, (actor.account, Id(9)), &said), Err(Refused::OwnWork));
    }
}
