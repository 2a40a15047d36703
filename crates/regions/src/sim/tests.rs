//! Seeds. `YIKATONG_SIM_SEEDS` runs more of them than CI does; a failure names its seed.

use super::world::World;
use super::{Broken, Bug};

fn seeds() -> u64 {
    let text = std::env::var("YIKATONG_SIM_SEEDS").ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(2_000)
}

#[test]
fn after_healing_nothing_is_lost_twice_out_of_order_or_without_its_receipt() {
    let (mut posted, mut late) = (0, 0);
    for seed in 0..seeds() {
        let mut world = World::new(seed, None, false);
        assert_eq!(world.run(), None, "seed {seed}");
        let figures = world.figures();
        assert_eq!(figures.0, figures.1, "seed {seed}");
        (posted, late) = (posted + figures.0, late + figures.2);
    }
    assert!(posted as u64 > 20 * seeds() && late > 0, "{posted} messages, {late} of them too late");
}

#[test]
fn the_same_holds_with_real_signatures() {
    for seed in 1_000_000..1_000_008 {
        assert_eq!(World::new(seed, None, true).run(), None, "seed {seed}");
    }
}

/// Each planted bug breaks what it should break within a few hundred seeds.
#[test]
fn planted_bugs_are_found() {
    let bugs = [
        (Bug::ForgetsWhatCame, Broken::DoneTwice),
        (Bug::IgnoresOrder, Broken::Order),
        (Bug::HighWater, Broken::Lost),
        (Bug::AnswersBeforeKeeping, Broken::Lost),
        (Bug::WorkApart, Broken::DoneTwice),
        (Bug::LateIsSilent, Broken::Lost),
        (Bug::SentIsDelivered, Broken::Lost),
        (Bug::NewIdEachTime, Broken::DoneTwice),
        (Bug::TakesAnyReceipt, Broken::Receipt),
        (Bug::OutboxInMemory, Broken::Lost),
        (Bug::TrustsClock, Broken::Silent),
    ];
    for (bug, broken) in bugs {
        let finds = |seed: &u64| World::new(*seed, Some(bug), false).run() == Some(broken);
        let found = (0..300).find(finds);
        assert!(found.is_some(), "{bug:?} is not found as {broken:?}");
    }
}
