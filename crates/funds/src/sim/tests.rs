//! The rules hold over all seeds, and each planted fault is found.

use super::run;
use crate::payments::rules::{Bug, Rules};

/// How many seeds: 10,000, or what `YIKATONG_SEEDS` says (a million by night).
fn seeds() -> u64 {
    std::env::var("YIKATONG_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000)
}

#[test]
fn the_rules_hold_whatever_banks_and_crashes_do() {
    let (mut crashes, mut exceptions) = (0u64, 0u64);
    let mut digest = [0u8; 32];
    let all = seeds();
    for seed in 0..all {
        let done = run(seed, Rules::sound(), false);
        if let Some(breach) = done.breach {
            let told = run(seed, Rules::sound(), true);
            panic!("seed {seed}: {breach}\n{}", told.trace.join("\n"));
        }
        crashes += u64::from(done.crashes);
        exceptions += u64::from(done.exceptions);
        digest = seal::sm3::sm3(&[digest, done.digest].concat());
    }
    println!("{all} seeds, {crashes} crashes, {exceptions} exceptions, {}", hex::encode(digest));
    assert!(crashes > all && exceptions > all, "{crashes} crashes, {exceptions} exceptions");
}

#[test]
fn a_seed_replays_bit_for_bit() {
    for seed in [0, 1, 77, 4_711, u64::MAX] {
        let (once, again) = (run(seed, Rules::sound(), true), run(seed, Rules::sound(), true));
        assert_eq!(once, again);
        assert!(!once.trace.is_empty());
        // Words are an addition: the digest is the same without.
        assert_eq!(run(seed, Rules::sound(), false).digest, once.digest);
    }
    assert_ne!(run(1, Rules::sound(), false).digest, run(2, Rules::sound(), false).digest);
}

#[test]
fn each_planted_fault_is_found() {
    let mut missed = Vec::new();
    for bug in Bug::ALL {
        let breach = |seed| Some((seed, run(seed, Rules::with(bug), false).breach?));
        let found = (0..10_000).find_map(breach);
        match found {
            Some((seed, breach)) => println!("{bug:?}: seed {seed}: {breach}"),
            None => missed.push(bug),
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
