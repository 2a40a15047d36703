//! `cargo bench -p seal`: offline verifications per second on one core as a ratio to bare SM2
//! verification in the same run, status lists of 35 million indices, and bent codes.
//!
//! `SEAL_MUTATIONS` sets another number than 1,000,000.

use std::hint::black_box;
use std::time::{Duration, Instant};

use seal::cq1::{Code, CredentialCache, Kind, StatusDelta, StatusList, StatusState};
use seal::sm2_fast::FastKey;

#[allow(dead_code, missing_docs)]
#[path = "../src/cq1/world.rs"]
mod world;
use world::*;

fn main() {
    // `cargo test --benches` starts this as well; a measurement there would only cost time.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    verifications();
    for per_million in [100, 1_000, 10_000] {
        status_list(per_million);
    }
    bent();
}

/// Runs per second, best of five rounds: what disturbs a shared machine only makes it slower.
fn rate(mut once: impl FnMut()) -> f64 {
    let round = |once: &mut dyn FnMut()| {
        let (began, mut runs) = (Instant::now(), 0u32);
        while began.elapsed() < Duration::from_millis(400) {
            once();
            runs += 1;
        }
        f64::from(runs) / began.elapsed().as_secs_f64()
    };
    (0..5).map(|_| round(&mut once)).fold(0.0, f64::max)
}

fn verifications() {
    let codes: Vec<_> = (1..=64)
        .map(|counter| signed(&Code { counter, ..code(credential(Kind::Displayed)) }))
        .collect();
    let holder = holder(Kind::Displayed);
    let (body, signature) = codes[0].split_last_chunk::<64>().expect("a signature");
    let key = holder.verifying();
    let bare = rate(|| assert!(key.verifies(black_box(body), signature)));
    let mut terminal = Terminal::new();
    let mut next = codes.iter().cycle();
    let cold = rate(|| {
        terminal.cache = CredentialCache::new(64);
        let _ = terminal.judge(black_box(next.next().expect("endless"))).expect("good");
    });
    terminal.cache = CredentialCache::new(64);
    let cached = rate(|| {
        let _ = terminal.judge(black_box(next.next().expect("endless"))).expect("good");
    });
    terminal.cache = CredentialCache::new(64).with_tables(64);
    let tabled = rate(|| {
        let _ = terminal.judge(black_box(next.next().expect("endless"))).expect("good");
    });
    let held = terminal.cache.table_bytes();
    let table = rate(|| drop(black_box(FastKey::with_small_table(&key))));
    let mut bad = codes[0];
    bad[19..23].copy_from_slice(&(NOW - 1).to_be_bytes());
    let early = rate(|| assert!(terminal.judge(black_box(&bad)).is_err()));
    println!("offline verification, one core");
    println!("  floor: bare SM2 verification {bare:>9.0} /s");
    println!("  cold, two signatures         {cold:>9.0} /s   ratio {:.2}", cold / bare);
    println!("  credential cached            {cached:>9.0} /s   ratio {:.2}", cached / bare);
    println!("  … and the holder's table     {tabled:>9.0} /s   ratio {:.2}", tabled / bare);
    println!(
        "    (each code with a fresh signature that is verified; {held} bytes for this holder)"
    );
    println!("  making a holder's table      {table:>9.0} /s   worth {:.1} bare", bare / table);
    println!("  refused before signatures    {early:>9.0} /s   ratio {:.2}", early / bare);
    println!(
        "  a signature of the cold way  {:>9.0} /s   ratio {:.2}",
        2.0 * cold,
        2.0 * cold / bare
    );
}

/// 35 million indices, some of them revoked at random.
fn status_list(per_million: u32) {
    const SIZE: u32 = 35_000_000;
    let mut dice = Dice(u64::from(per_million));
    let mut draw = |count: u64| {
        let mut drawn: Vec<u32> = (0..count).map(|_| dice.roll(SIZE as usize) as u32).collect();
        drawn.sort_unstable();
        drawn.dedup();
        drawn
    };
    let revoked = draw(u64::from(SIZE) * u64::from(per_million) / 1_000_000);
    let state = StatusState { size: SIZE, suspended: vec![], revoked, ..status_state() };
    let mut fresh = draw(200);
    fresh.retain(|index| state.revoked.binary_search(index).is_err());
    let next = StatusState { serial: state.serial + 1, suspended: fresh, ..state.clone() };
    let timed = |what: &mut dyn FnMut()| {
        let began = Instant::now();
        what();
        began.elapsed().as_secs_f64() * 1_000.0
    };
    let (mut list, mut delta) = (Vec::new(), Vec::new());
    let built = timed(&mut || list = signed_status(&state));
    let made = timed(&mut || {
        let change = StatusDelta::between(&state, &next).expect("a delta");
        delta = change.with_signature(&status_key().sign(&change.signed_bytes()));
    });
    let (keys, now) = (keys(&key_list_body()), i64::from(NOW));
    let mut held = status(&status_state());
    let opened = timed(&mut || held = StatusList::open(&list, &keys, now).expect("opened"));
    let mut after = held.clone();
    let applied = timed(&mut || after = held.updated(&delta, &keys, now).expect("updated"));
    assert_eq!(after.state(), &next);
    println!(
        "status list, 35 million, {:.2} % revoked: {:>7} bytes, {:.3} of raw bits",
        f64::from(per_million) / 10_000.0,
        list.len(),
        list.len() as f64 / f64::from(SIZE / 4)
    );
    println!(
        "  built {built:.1} ms, opened {opened:.1} ms; delta of 200: {} bytes, made {made:.1} ms, applied {applied:.1} ms",
        delta.len()
    );
}

fn bent() {
    let count = std::env::var("SEAL_MUTATIONS").ok().and_then(|count| count.parse().ok());
    let count = count.unwrap_or(1_000_000usize);
    let began = Instant::now();
    let at_signature = bend_codes(count, 7);
    println!(
        "bent codes: {count}, none accepted, {at_signature} of them refused only at a signature, {:.0} s",
        began.elapsed().as_secs_f64()
    );
}
