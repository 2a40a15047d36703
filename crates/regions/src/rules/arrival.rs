//! What a message deserves when it comes, and when the way is tried again. No I/O, no keys.

use super::{Message, Refused, judge_time};

/// The longest pause between two tries, seconds.
pub(crate) const MOST_PAUSE_S: i64 = 32;

/// What is done with a message that [`super::open_message`] let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It came before with the same text: the receipt of then answers it again, and nothing is done.
    Again,
    /// Its work is done now.
    Do,
    /// It is too late for its work: it gets the receipt of a refusal that is final.
    Late,
    /// No receipt: it may come again.
    No(Refused),
}

/// Decides about a message whose text has this digest. `came` is the digest of what came under its id
/// before, `before_came` whether the message that it names in `after` came, or that it names none.
pub fn judge_arrival(
    message: &Message,
    digest: &str,
    came: Option<&str>,
    before_came: bool,
    now_s: i64,
) -> Arrival {
    match (came, judge_time(message, now_s)) {
        (Some(came), _) if came == digest => Arrival::Again,
        (Some(_), _) => Arrival::No(Refused::Reused),
        (None, Err(Refused::Future)) => Arrival::No(Refused::Future),
        (None, _) if !before_came => Arrival::No(Refused::Later),
        (None, Err(_)) => Arrival::Late,
        (None, Ok(())) => Arrival::Do,
    }
}

/// Seconds to wait after so many failures in a row: 1, 2, 4 … 32.
pub fn pause_s(failures: i64) -> i64 {
    1 << failures.saturating_sub(1).clamp(0, 5)
}

/// Whether a way that pauses until a second is tried now. No pause is longer than the longest one: when
/// the clock was set back, the old end of the pause means nothing.
pub fn is_due(next_s: i64, now_s: i64) -> bool {
    now_s >= next_s || next_s > now_s.saturating_add(MOST_PAUSE_S)
}
