//! Pure rules of outlets: words, hours, versions, the order of a queue, slots (Art. 11, 15).

mod hours;
mod outlet;
mod queue;
mod refused;
mod slots;
#[cfg(test)]
mod tests;

pub use hours::{Hours, Span, Version, on_day, parse_spans, spans_text};
pub use outlet::{
    ACCESS, Details, JOINT, KINDS, LANGUAGES, SERVICES, Word, check_version, distance_m, join,
    parse_words, word,
};
pub use queue::{MOST_CALLS, Order, TicketState, Turn, may_end, next};
pub use refused::Refused;
pub use slots::{seats, slots, ticket_code};
