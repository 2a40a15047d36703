//! What a region's word means for a card that waits. No I/O.

use cards::rules::Elsewhere;
use kernel::time::Utc;

/// What is known of one region about a first card: its state and when it was asked, or nothing yet. After the
/// patience, in seconds, a card is made without an answer (Art. 5 gives a right to it); a yes holds for ever.
pub(crate) fn said_of(said: Option<(&str, Utc)>, patience_s: i64, now: Utc) -> Elsewhere {
    match said.map(|(state, at)| (state, at.plus_seconds(patience_s) < now)) {
        Some(("held", _)) => Elsewhere::Held,
        Some(("clear", _) | (_, true)) => Elsewhere::Clear,
        Some(_) | None => Elsewhere::Asked,
    }
}
