//! How a freeze across regions goes, on both sides. No I/O.

use kernel::law::Text;

/// Where a freeze across regions stands; both sides use the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Asked for, not answered.
    Asked,
    /// In force at home.
    Frozen,
    /// Home did not freeze: it does not know the person, say.
    Refused,
    /// Ended by the region that asked.
    Thawed,
}

impl State {
    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Frozen => "frozen",
            Self::Refused => "refused",
            Self::Thawed => "thawed",
        }
    }

    /// The state of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        let all = [Self::Asked, Self::Frozen, Self::Refused, Self::Thawed];
        all.into_iter().find(|state| state.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Asked => ("待发卡地冻结", "Asked for"),
            Self::Frozen => ("冻结中", "Frozen"),
            Self::Refused => ("未冻结", "Not frozen"),
            Self::Thawed => ("已解冻", "Ended"),
        };
        Text::new(zh, en)
    }
}

/// What happens to one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// Home answered that it froze, or why not.
    Answered {
        /// Whether it froze.
        froze: bool,
    },
    /// A region ends it.
    Thawed {
        /// Whether that is the region that froze.
        by_who_froze: bool,
    },
}

/// Where it stands after an event. Nothing but the word of the region that froze opens what is frozen, and
/// what was ended stays so, whatever comes late.
pub fn next(state: State, event: Event) -> State {
    match (state, event) {
        (State::Asked, Event::Answered { froze: true }) => State::Frozen,
        (State::Asked, Event::Answered { froze: false }) => State::Refused,
        (State::Asked | State::Frozen, Event::Thawed { by_who_froze: true }) => State::Thawed,
        (state, _) => state,
    }
}
