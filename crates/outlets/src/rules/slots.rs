//! Slots of a day that can be booked.

use super::Span;

/// Starts of the slots of a day, in minutes since midnight: whole slots inside the opening hours.
pub fn slots(spans: &[Span], length: u16) -> Vec<u16> {
    let of = |span: &Span| {
        let (from, until) = (span.from, span.until);
        (from..until).step_by(usize::from(length.max(1))).filter(move |s| s + length <= until)
    };
    spans.iter().flat_map(of).collect()
}

/// Seats of one slot: a share of the counters, rounded up; none when the share is none.
pub fn seats(counters: i64, percent: i64) -> i64 {
    (counters.max(0) * percent.clamp(0, 100) + 99) / 100
}

/// What the holder types at the ticket machine: time and seat, `09302` for the second seat of 9:30.
pub fn ticket_code(slot: i64, seat: i64) -> String {
    format!("{:02}{:02}{}", slot / 60, slot % 60, seat + 1)
}
