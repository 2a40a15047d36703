//! Structured mutations: no bent code is accepted.

use crate::cq1::world::bend_codes;

/// `SEAL_MUTATIONS` sets another number than 200,000.
#[test]
fn no_bent_code_is_accepted() {
    let count = std::env::var("SEAL_MUTATIONS").ok().and_then(|count| count.parse().ok());
    let half: usize = count.unwrap_or(200_000usize).div_ceil(2);
    let at_signature: usize = std::thread::scope(|scope| {
        let halves: Vec<_> = [3, 5].map(|seed| scope.spawn(move || bend_codes(half, seed))).into();
        halves.into_iter().map(|one| one.join().expect("no panic")).sum()
    });
    // The test is worth something only when many get as far as the signatures.
    assert!(at_signature > half / 2, "{at_signature}");
}
