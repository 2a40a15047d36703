//! Patience with guesses: a delay that grows, never a lock that a stranger could set on the owner.
//!
//! ```text
//!            wrong                    wrong                       wrong
//!   free ───────────▶ 1, 2 wrong ───────────▶ wait 2ⁿ⁻² s ───────────▶ … wait 300 s
//!     ▲                                             │ an hour without a wrong guess
//!     └──────────── right, or an hour ──────────────┘
//! ```
//!
//! Guesses are counted apart for browsers that signed in to this account before and for all others:
//! whoever guesses from elsewhere slows only others from elsewhere, never the owner's own device.

use crate::time::Utc;

/// Wrong guesses that are forgiven without a delay.
const FREE: i64 = 3;
/// The longest delay, in seconds.
const LONGEST_S: i64 = 300;
/// After this many seconds without a wrong guess the count starts anew.
const FORGOTTEN_S: i64 = 3_600;

/// Wrong guesses so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Guesses {
    pub(super) failures: i64,
    pub(super) last_at: Utc,
}

impl Guesses {
    /// Seconds until the next guess is looked at; 0 when it is now.
    pub(super) fn wait_s(self, now: Utc) -> i64 {
        if self.failures < FREE {
            return 0;
        }
        let doubling = (self.failures - FREE + 1).min(16) as u32;
        let delay = 2_i64.pow(doubling).min(LONGEST_S);
        let left_us = (self.last_at.plus_seconds(delay).0 - now.0).clamp(0, delay * Utc::SECOND);
        (left_us + Utc::SECOND - 1) / Utc::SECOND
    }

    /// The count after one more wrong guess.
    pub(super) fn after_wrong(self, now: Utc) -> Self {
        let forgotten = now > self.last_at.plus_seconds(FORGOTTEN_S);
        Self { failures: if forgotten { 1 } else { self.failures + 1 }, last_at: now }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Utc = Utc(1_800_000_000 * Utc::SECOND);

    fn wrong(times: i64) -> Guesses {
        (0..times).fold(Guesses::default(), |guesses, _| guesses.after_wrong(START))
    }

    #[test]
    fn two_typing_errors_cost_nothing_and_the_third_costs_two_seconds() {
        assert_eq!(wrong(2).wait_s(START), 0);
        assert_eq!(wrong(3).wait_s(START), 2);
        assert_eq!(wrong(4).wait_s(START), 4);
        assert_eq!(wrong(3).wait_s(START.plus_seconds(2)), 0);
    }

    #[test]
    fn after_an_hour_the_count_starts_anew() {
        let later = START.plus_seconds(FORGOTTEN_S + 1);
        assert_eq!(wrong(10).after_wrong(later).failures, 1);
    }

    proptest! {
        #[test]
        fn nobody_waits_longer_than_five_minutes(times in 0i64..1_000, later in -86_400i64..86_400) {
            let wait = wrong(times).wait_s(START.plus_seconds(later));
            prop_assert!((0..=LONGEST_S).contains(&wait));
            if later >= LONGEST_S {
                prop_assert_eq!(wait, 0);
            }
        }
    }
}
