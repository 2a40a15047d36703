use kernel::id::Id;
use kernel::testing::databases;
use kernel::time::Utc;
use proptest::prelude::*;

use super::World;
use crate::programmes::rules::Body;
use crate::rosters::columns::Draft;
use crate::rosters::rules::{Found, is_period, judge, may_enter_for};
use crate::rosters::steps;

proptest! {
    /// Art. 25(5): whatever a line and the register say, it is paid only to a living person of that
    /// name with card and account in order, above nothing and within the limit.
    #[test]
    fn a_line_without_reason_is_one_that_may_be_paid(
        fen in proptest::option::of(-5i64..2_000), deceased: bool, name in "(张三|张 三|李四)",
        stage in "(active|handed-over)", state in "(active|closed|lost)", same: bool, known: bool,
        card: bool, account: bool,
    ) {
        let draft = Draft { name: "张三".to_owned(), fen, ..Draft::default() };
        let found = Found {
            person: Id(1),
            name: name.clone(),
            deceased,
            card: card.then(|| (Id(2), stage.clone())),
            account: account.then(|| (Id(3), state.clone())),
            ..Found::default()
        };
        let terms = Body { max_line_fen: 1_000, ..Body::default() };
        let judged = judge(&draft, known.then_some(&found), &terms, same, Utc(0));
        let payable = fen.is_some_and(|fen| (1..=1_000).contains(&fen)) && !deceased && known
            && card && account && stage == "active" && state == "active" && same && name != "李四";
        prop_assert_eq!(judged.reason.is_none(), payable);
        if payable {
            prop_assert_eq!((judged.person, judged.card, judged.bank), (Some(Id(1)), Some(Id(2)), Some(Id(3))));
        }
    }

    #[test]
    fn any_text_is_a_period_or_not_without_panic(text in "\\PC{0,12}") {
        let shaped = is_period(&text);
        prop_assert!(!shaped || text.len() == 4 || text.len() == 7);
    }

    #[test]
    fn nobody_enters_for_another_district(own in "5001[0-9]{2}", division in "5001[0-9]{2}") {
        prop_assert_eq!(may_enter_for(&own, &division), own == division || own.ends_with("0000"));
        prop_assert!(may_enter_for("500000", &division));
    }
}

/// Totals of a roster are those of its good lines, whatever objections do.
#[tokio::test]
async fn totals_always_equal_the_sum_of_the_lines() {
    for test in databases("rosters_totals") {
        let world = World::new(&test, 6).await;
        let roster = world.enter_good("A-1", 6, 12_345).await;
        world.to_notice(roster.id).await;
        let mut draw = 7u64;
        let mut open: Vec<Id> = Vec::new();
        for _ in 0..60 {
            draw = draw
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let pick = (draw >> 33) as usize;
            if pick.is_multiple_of(2) || open.is_empty() {
                let line = 2 + (pick / 2 % 6) as i64;
                if let Ok(id) = steps::object(&world.app, None, roster.id, line, ("疑", "")).await
                {
                    open.push(id);
                }
            } else {
                let one = open.swap_remove(pick / 2 % open.len());
                let upheld = (pick / 64).is_multiple_of(5);
                let by = &world.officer;
                steps::decide_objection(&world.app, by, roster.id, one, upheld, "查")
                    .await
                    .expect("decided");
            }
            let kept = world.roster(roster.id).await;
            let good = world.lines(roster.id).await;
            let good = good.iter().filter(|line| line.contains(":good:")).count() as i64;
            assert_eq!((kept.lines, kept.fen), (good, good * 12_345), "{}", test.engine);
        }
    }
}
