use kernel::id::Id;
use kernel::law::Refusal as _;
use kernel::time::Utc;
use proptest::prelude::*;

use super::rules::{Freeze, Reason, Refused, Scope, Source, Terms, Thaw, Want, stops, surest_thaw};

const NOW: Utc = Utc(1_700_000_000_000_000);
const WANTS: [Want<'static>; 4] = [Want::Item("A-1"), Want::Item("B-2"), Want::Card, Want::Money];

fn freeze(id: i64, scope: Scope, source: Source) -> Freeze {
    let made = Freeze::new((Id(id), Id(1)), scope, source, Reason::Stolen, &Terms::default(), NOW);
    Freeze { by: Id(7), by_name: "甲".to_owned(), ..made }
}

/// Art. 20: what each scope stops, and what it leaves alone.
#[test]
fn each_scope_stops_what_it_says_and_nothing_else() {
    let stopped = |scope: Scope| WANTS.map(|want| scope.covers(want));
    assert_eq!(stopped(Scope::All), [true, true, true, true]);
    assert_eq!(stopped(Scope::Identity), [true, true, true, false]);
    assert_eq!(stopped(Scope::Money), [false, false, false, true]);
    assert_eq!(stopped(Scope::Item("A-1".to_owned())), [true, false, false, false]);
}

#[test]
fn a_scope_is_read_strictly() {
    assert_eq!(Scope::parse("item", " A-1 "), Ok(Scope::Item("A-1".to_owned())));
    for (code, item) in [("", ""), ("item", ""), ("item", "x' OR"), ("ALL", ""), ("item", "卡")] {
        assert_eq!(Scope::parse(code, item), Err(Refused::BadScope), "{code} {item}");
    }
}

/// A freeze against somebody may not last unseen; his own lasts until he ends it.
#[test]
fn a_freeze_without_the_holders_word_is_bounded_and_looked_at() {
    let terms = Terms::default();
    for source in Source::ALL {
        let (look_by, ends_at) = terms.of_new(source, NOW);
        assert_eq!(ends_at.is_some(), source.is_bounded(), "{source:?}");
        assert_eq!(look_by.is_none(), matches!(source, Source::Holder | Source::Mass));
        assert!(ends_at.is_none_or(|end| end > look_by.unwrap_or(NOW)));
    }
    let one = freeze(1, Scope::All, Source::Officer);
    assert_eq!(one.look(Id(7), &terms, NOW), Err(Refused::OwnLook));
    assert_eq!(one.look(Id(8), &terms, NOW), Ok(Some(NOW.plus_seconds(30 * 86_400))));
    assert!(!one.is_overdue(NOW.plus_seconds(24 * 3_600)));
    assert!(one.is_overdue(NOW.plus_seconds(24 * 3_600 + 1)));
}

/// Who froze says who thaws: a holder cannot end an officer's freeze, whatever he proves.
#[test]
fn a_thaw_needs_the_level_of_who_froze() {
    let answers = |source| {
        let one = freeze(1, Scope::All, source);
        [Thaw::Holder, Thaw::Counter, Thaw::TwoOfficers].map(|shown| one.may_thaw(shown).is_ok())
    };
    assert_eq!(answers(Source::Holder), [true, true, true]);
    assert_eq!(answers(Source::Hotline), [true, true, true]);
    assert_eq!(answers(Source::Clerk), [false, true, true]);
    for source in [Source::Officer, Source::Rule, Source::Mass] {
        assert_eq!(answers(source), [false, false, true]);
    }
    // Nobody here, two officers neither: only the region that froze.
    assert_eq!(answers(Source::Region), [false, false, false]);
    let theirs = freeze(1, Scope::All, Source::Region);
    assert_eq!(theirs.may_thaw(Thaw::TwoOfficers), Err(Refused::Region));
    let ended = Freeze { lifted_at: Some(NOW), ..freeze(1, Scope::All, Source::Holder) };
    assert_eq!(ended.may_thaw(Thaw::TwoOfficers), Err(Refused::NotInForce));
}

#[test]
fn codes_lead_back_and_each_refusal_has_words() {
    assert!(Source::ALL.into_iter().all(|one| Source::from_code(one.code()) == Some(one)));
    assert!(Reason::ALL.into_iter().all(|one| Reason::from_code(one.code()) == Some(one)));
    let codes: std::collections::BTreeSet<&str> = Refused::ALL.iter().map(|r| r.code()).collect();
    assert_eq!(codes.len(), Refused::ALL.len());
    assert!(Refused::ALL.iter().all(|r| !r.reason().zh.is_empty() && !r.advice().en.is_empty()));
}

fn any_scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::All),
        Just(Scope::Money),
        Just(Scope::Identity),
        Just(Scope::Item("A-1".to_owned())),
        Just(Scope::Item("B-2".to_owned())),
    ]
}

fn any_freezes() -> impl Strategy<Value = Vec<Freeze>> {
    let one = (any_scope(), 0..Source::ALL.len(), any::<bool>());
    proptest::collection::vec(one, 0..8).prop_map(|made| {
        let freeze = |(place, (scope, source, lifted)): (usize, (Scope, usize, bool))| Freeze {
            lifted_at: lifted.then_some(NOW),
            ..freeze(place as i64 + 1, scope, Source::ALL[source])
        };
        made.into_iter().enumerate().map(freeze).collect()
    })
}

proptest! {
    /// Frozen until each freeze that covers it is lifted, and free as soon as the last one is.
    #[test]
    fn frozen_until_each_is_lifted(mut freezes in any_freezes()) {
        for want in WANTS {
            let mut left = freezes.clone();
            loop {
                let covering = left.iter().filter(|f| f.in_force() && f.scope.covers(want)).count();
                let told = stops(&left, want).map(|freeze| freeze.id);
                prop_assert_eq!(told.is_some(), covering > 0);
                let Some(told) = told else { break };
                for one in left.iter_mut().filter(|one| one.id == told) {
                    one.lifted_at = Some(NOW);
                }
            }
        }
        // The order in which they came does not matter.
        let told = WANTS.map(|want| stops(&freezes, want).map(|freeze| freeze.id));
        freezes.reverse();
        prop_assert_eq!(told, WANTS.map(|want| stops(&freezes, want).map(|freeze| freeze.id)));
    }

    /// One more freeze never opens anything and never makes the way out easier; one less never closes
    /// anything.
    #[test]
    fn freezing_is_monotonic(
        freezes in any_freezes(),
        scope in any_scope(),
        source in 0..Source::ALL.len(),
        lifted in 0usize..8,
    ) {
        let mut more = freezes.clone();
        more.push(freeze(99, scope, Source::ALL[source]));
        prop_assert!(surest_thaw(&more) >= surest_thaw(&freezes));
        let mut less = freezes.clone();
        if let Some(one) = less.get_mut(lifted) {
            one.lifted_at = Some(NOW);
        }
        for want in WANTS {
            let stopped = stops(&freezes, want).is_some();
            prop_assert!(!stopped || stops(&more, want).is_some());
            prop_assert!(stopped || stops(&less, want).is_none());
        }
    }

    /// What is told is the widest, so that nobody is sent to thaw a part in vain.
    #[test]
    fn the_widest_freeze_is_told(freezes in any_freezes()) {
        let all = freezes.iter().any(|f| f.in_force() && f.scope == Scope::All);
        for want in WANTS {
            let told = stops(&freezes, want).map(|freeze| freeze.scope.clone());
            prop_assert!(!all || told == Some(Scope::All));
        }
    }
}

/// Stored and read again on both engines: the same hands freeze once, several stack, a stale change is a
/// conflict.
#[tokio::test]
async fn freezes_stack_and_a_stale_change_is_refused() {
    use super::store;
    use kernel::db::DbError;
    for test in kernel::testing::databases("people_freezes") {
        let app = kernel::testing::platform(&test, &[kernel::MIGRATIONS, crate::MIGRATIONS]).await;
        let done = app.db.housekeeping(|tx| {
            let officer = freeze(2, Scope::Money, Source::Officer);
            let many = [freeze(1, Scope::All, Source::Holder), officer.clone()];
            assert_eq!(store::insert(tx, &many)?, [true, true]);
            let again = Freeze { id: Id(3), ..officer.clone() };
            let other = Freeze { id: Id(4), by: Id(9), ..officer };
            assert_eq!(store::insert(tx, &[again, other])?, [false, true]);
            assert_eq!(store::live(tx, &[Id(1), Id(2)])?[&Id(1)].len(), 3);
            assert_eq!(store::in_force(tx, true, 9)?.len(), 2, "the holder's own needs no look");
            let stored = store::get(tx, Id(2))?.expect("it is there");
            assert_eq!(stored, many[1]);
            store::uphold(tx, &stored, (Id(8), "乙"), "属实", Some(NOW), NOW)?;
            assert_eq!(store::lapsing(tx, NOW, 9)?.len(), 1);
            let upheld = store::get(tx, Id(2))?.expect("there");
            store::lift(tx, &upheld, (Id(8), "乙"), "x", NOW)?;
            assert_eq!(store::live_of(tx, Id(1))?.len(), 2);
            Ok::<_, DbError>(stored)
        });
        let stale = done.await.expect("done");
        let late =
            app.db.housekeeping(move |tx| store::lift(tx, &stale, (Id(8), "乙"), "x", NOW)).await;
        assert!(matches!(late, Err(DbError::Conflict)), "{}", test.engine);
    }
}
