//! The order of a queue: fair to those who just come, kind to those who cannot stand long (Art. 15).

use kernel::time::Utc;

use super::Refused;

/// Why somebody may be called before others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// In turn.
    Usual,
    /// Old, disabled, pregnant or with a small child.
    Care,
    /// Has an appointment.
    Appointment,
}

impl Turn {
    /// All turns.
    pub const ALL: [Self; 3] = [Self::Usual, Self::Care, Self::Appointment];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Care => "care",
            Self::Appointment => "appointment",
        }
    }

    /// The turn with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|turn| turn.code() == code)
    }

    /// The letter before the number on the ticket.
    pub fn letter(self) -> char {
        match self {
            Self::Usual => 'A',
            Self::Care => 'L',
            Self::Appointment => 'Y',
        }
    }
}

/// What has become of a ticket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TicketState {
    /// Waits.
    Waiting,
    /// Called to a counter, and served there.
    Called,
    /// Served.
    Done,
    /// Did not come.
    Missed,
    /// Gave it up.
    Left,
}

impl TicketState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Called, Self::Done, Self::Missed, Self::Left];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Called => "called",
            Self::Done => "done",
            Self::Missed => "missed",
            Self::Left => "left",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// How often one is called before the number lapses.
pub const MOST_CALLS: i64 = 3;

/// Who is called out of turn at most in a row while somebody waits in turn.
const MOST_AHEAD: i64 = 2;

/// A ticket as the order sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Order {
    /// Its number.
    pub number: i64,
    /// Why it may come before others.
    pub turn: Turn,
    /// When it may be called.
    pub due: Utc,
}

/// The number to be called: appointments whose time has come, then those who need care, each before
/// the usual ones, but never more than two in a row while somebody waits in turn. An appointment
/// whose time has not come waits, unless nobody else does.
pub fn next(waiting: &[Order], ahead: i64, now: Utc) -> Option<Order> {
    let first = |turn: Turn, due: bool| {
        let of = waiting.iter().filter(|o| o.turn == turn && (!due || o.due <= now));
        of.min_by_key(|o| (o.due, o.number)).copied()
    };
    let usual = first(Turn::Usual, false);
    let early = || first(Turn::Appointment, true).or_else(|| first(Turn::Care, false));
    let fair = usual.filter(|_| ahead >= MOST_AHEAD);
    fair.or_else(early).or(usual).or_else(|| first(Turn::Appointment, false))
}

/// Whether a ticket that was called may end like this: served, called again, or missed after the
/// last call only.
///
/// # Errors
/// [`Refused::NotCalled`], [`Refused::CallAgain`].
pub fn may_end(state: TicketState, calls: i64, end: TicketState) -> Result<(), Refused> {
    if state != TicketState::Called {
        return Err(Refused::NotCalled);
    }
    match end {
        TicketState::Missed if calls < MOST_CALLS => Err(Refused::CallAgain),
        _ => Ok(()),
    }
}
