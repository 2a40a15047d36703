//! The terminal's clock: it must not go backwards and must not differ from the platform's.

use crate::denied::Denied;
use crate::mark::Mark;

/// What clocks may differ, seconds.
pub const MAX_SKEW_S: i64 = 2;

/// This machine's clock, UTC seconds.
pub fn now_s() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Whether the clock can be believed; else no code is judged here, because an old code would look
/// fresh.
///
/// # Errors
/// [`Denied::ClockBackwards`] or [`Denied::ClockWrong`].
pub fn check(mark: &Mark, now_s: i64) -> Result<(), Denied> {
    if now_s < mark.latest_s.saturating_sub(MAX_SKEW_S) {
        return Err(Denied::ClockBackwards);
    }
    match mark.skew_s.abs() <= MAX_SKEW_S {
        true => Ok(()),
        false => Err(Denied::ClockWrong),
    }
}

/// Seconds that this clock is ahead of the platform's, which said `at` between two moments of ours: 0
/// when it can be right, whatever the way took.
pub fn skew(before_s: i64, at: i64, after_s: i64) -> i64 {
    if at < before_s { before_s - at } else { after_s.min(at) - at }
}

/// Notes what the platform's clock says. A clock that it confirms is believed, also after it was set back.
pub fn compared(mark: &mut Mark, before_s: i64, at: i64, after_s: i64) {
    mark.skew_s = skew(before_s, at, after_s);
    if mark.skew_s.abs() <= MAX_SKEW_S {
        mark.latest_s = after_s;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_clock_set_back_is_noticed_until_the_platform_confirms_it() {
        let mut mark = Mark { latest_s: 1_000, ..Mark::default() };
        assert_eq!(check(&mark, 998), Ok(()));
        assert_eq!(check(&mark, 997), Err(Denied::ClockBackwards));
        compared(&mut mark, 500, 500, 501);
        assert_eq!(check(&mark, 501), Ok(()));
    }

    #[test]
    fn a_clock_that_differs_is_not_believed() {
        let mut mark = Mark::default();
        compared(&mut mark, 1_003, 1_000, 1_003);
        assert_eq!((mark.skew_s, check(&mark, 1_003)), (3, Err(Denied::ClockWrong)));
        compared(&mut mark, 997, 1_000, 997);
        assert_eq!((mark.skew_s, check(&mark, 997)), (-3, Err(Denied::ClockWrong)));
        compared(&mut mark, 995, 1_000, 1_000);
        assert_eq!(check(&mark, 1_000), Ok(()), "the answer only took long");
    }

    proptest! {
        #[test]
        fn a_right_clock_is_never_called_wrong(start in 0i64..4_000_000_000, there in 0i64..6, back in 0i64..6) {
            prop_assert_eq!(skew(start, start + there, start + there + back), 0);
        }

        #[test]
        fn a_clock_off_by_more_than_the_way_takes_is_called_wrong(start in 100_000i64..4_000_000_000, way in 0i64..5, off in 3i64..90_000) {
            prop_assert!(skew(start, start - off, start + way) >= 3);
            prop_assert!(skew(start, start + way + off, start + way) <= -3);
        }
    }
}
