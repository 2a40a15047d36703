//! The clock of the financial function: states, transitions, operations.

use kernel::law::Text;

use super::Refused;

/// What the platform knows of a card's account at its bank.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum State {
    /// The bank was asked to open it in advance.
    Requested,
    /// Opened in advance, not active.
    Opened,
    /// In use.
    Active,
    /// Reported lost.
    Lost,
    /// Blocked by the bank or by an authority.
    Frozen,
    /// Closed for ever.
    Closed,
    /// The bank refused to open it.
    Refused,
    /// A request got no answer: it may or may not have been carried out.
    Unknown,
}

/// The one table of transitions: from a state, to each of these.
pub const TRANSITIONS: &[(State, &[State])] = &[
    (State::Requested, &[State::Opened, State::Active, State::Refused, State::Unknown]),
    (State::Opened, &[State::Active, State::Lost, State::Frozen, State::Closed, State::Unknown]),
    (State::Active, &[State::Lost, State::Frozen, State::Closed, State::Unknown]),
    (State::Lost, &[State::Opened, State::Active, State::Frozen, State::Closed, State::Unknown]),
    (State::Frozen, &[State::Opened, State::Active, State::Lost, State::Closed, State::Unknown]),
    (
        State::Unknown,
        &[State::Opened, State::Active, State::Lost, State::Frozen, State::Closed, State::Refused],
    ),
    (State::Refused, &[State::Requested]),
    (State::Closed, &[]),
];

impl State {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Requested,
        Self::Opened,
        Self::Active,
        Self::Lost,
        Self::Frozen,
        Self::Closed,
        Self::Refused,
        Self::Unknown,
    ];

    /// Stable code, as stored and on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Opened => "opened",
            Self::Active => "active",
            Self::Lost => "lost",
            Self::Frozen => "frozen",
            Self::Closed => "closed",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// A state that a bank can tell of an account; the others are the platform's own.
    pub fn of_bank(code: &str) -> Option<Self> {
        Self::from_code(code)
            .filter(|state| !matches!(state, Self::Requested | Self::Refused | Self::Unknown))
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Requested => ("预开户中", "Being opened"),
            Self::Opened => ("已预开户", "Opened, not active"),
            Self::Active => ("已激活", "Active"),
            Self::Lost => ("已挂失", "Reported lost"),
            Self::Frozen => ("已冻结", "Frozen"),
            Self::Closed => ("已注销", "Closed"),
            Self::Refused => ("银行未受理", "Refused by the bank"),
            Self::Unknown => ("待银行确认", "Waiting for the bank's word"),
        };
        Text::new(zh, en)
    }
}

/// Whether an account may go from one state to another.
pub fn may_become(from: State, to: State) -> bool {
    TRANSITIONS.iter().any(|(state, next)| *state == from && next.contains(&to))
}

/// What a bank is asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    /// Open an account in advance for a card; checks name and document.
    PreOpen,
    /// Activate it.
    Activate,
    /// Report it lost.
    ReportLoss,
    /// Release it from loss.
    Release,
    /// Block it, because the card is locked.
    Freeze,
    /// Unblock what was blocked with [`Operation::Freeze`].
    Unfreeze,
    /// Close it.
    Close,
    /// Tell whether an account belongs to a person.
    Check,
    /// Tell the state of an account.
    Status,
}

impl Operation {
    /// All operations.
    pub const ALL: [Self; 9] = [
        Self::PreOpen,
        Self::Activate,
        Self::ReportLoss,
        Self::Release,
        Self::Freeze,
        Self::Unfreeze,
        Self::Close,
        Self::Check,
        Self::Status,
    ];

    /// Stable code, as stored and on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::PreOpen => "pre_open",
            Self::Activate => "activate",
            Self::ReportLoss => "report_loss",
            Self::Release => "release",
            Self::Freeze => "freeze",
            Self::Unfreeze => "unfreeze",
            Self::Close => "close",
            Self::Check => "check",
            Self::Status => "status",
        }
    }

    /// The operation with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operation| operation.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::PreOpen => ("预开户", "Opening in advance"),
            Self::Activate => ("金融功能激活", "Activation"),
            Self::ReportLoss => ("金融功能挂失", "Report of loss"),
            Self::Release => ("金融功能解挂", "Release"),
            Self::Freeze => ("金融功能锁定", "Freeze"),
            Self::Unfreeze => ("金融功能解锁", "End of a freeze"),
            Self::Close => ("金融功能注销", "Closing"),
            Self::Check => ("账户核验", "Check of an account"),
            Self::Status => ("状态查询", "Question for the state"),
        };
        Text::new(zh, en)
    }

    /// Whether it stops the account: such a request waits for no other, and none that comes later is
    /// overtaken by an earlier one.
    pub fn stops(self) -> bool {
        matches!(self, Self::ReportLoss | Self::Freeze)
    }

    /// Whether it makes the account usable.
    pub fn revives(self) -> bool {
        matches!(self, Self::Activate | Self::Release | Self::Unfreeze)
    }

    /// Whether it may change the account; the others only ask.
    pub fn changes(self) -> bool {
        !matches!(self, Self::Check | Self::Status)
    }

    /// States that a bank may tell after it has done this. For a question, any.
    pub fn leads_to(self) -> &'static [State] {
        match self {
            Self::PreOpen => &[State::Opened, State::Active],
            Self::Activate => &[State::Active],
            Self::ReportLoss => &[State::Lost, State::Frozen],
            Self::Release => &[State::Opened, State::Active, State::Frozen],
            Self::Freeze => &[State::Frozen],
            Self::Unfreeze => &[State::Opened, State::Active, State::Lost, State::Frozen],
            Self::Close => &[State::Closed],
            Self::Check | Self::Status => {
                &[State::Opened, State::Active, State::Lost, State::Frozen, State::Closed]
            }
        }
    }
}

/// Whether an operation may be asked for now. Loss may be reported and a card locked while the bank's
/// word is awaited, because neither waits (Art. 11, 20).
///
/// # Errors
/// [`Refused::NotNow`], [`Refused::HasAccount`] or [`Refused::NoAccount`].
pub fn may(operation: Operation, state: Option<State>) -> Result<(), Refused> {
    let allowed: &[State] = match operation {
        Operation::PreOpen => {
            return match state {
                None | Some(State::Refused) => Ok(()),
                Some(_) => Err(Refused::HasAccount),
            };
        }
        Operation::Activate => &[State::Opened],
        Operation::ReportLoss => &[State::Opened, State::Active, State::Frozen, State::Unknown],
        Operation::Release => &[State::Lost],
        Operation::Freeze => &[State::Opened, State::Active, State::Unknown],
        Operation::Unfreeze => &[State::Frozen],
        Operation::Close => {
            &[State::Opened, State::Active, State::Lost, State::Frozen, State::Unknown]
        }
        Operation::Check => return Ok(()),
        Operation::Status => &State::ALL,
    };
    match state {
        None => Err(Refused::NoAccount),
        Some(state) if allowed.contains(&state) => Ok(()),
        Some(_) => Err(Refused::NotNow),
    }
}

/// What the platform expects of the bank: the card's own state asks for it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Expected {
    /// The financial function works.
    Active,
    /// It is reported lost.
    Lost,
    /// It is blocked, because the card is locked.
    Frozen,
    /// It is closed.
    Closed,
}

impl Expected {
    /// All expectations.
    pub const ALL: [Self; 4] = [Self::Active, Self::Lost, Self::Frozen, Self::Closed];

    /// Stable code.
    pub fn code(self) -> &'static str {
        self.state().code()
    }

    /// The expectation with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|expected| expected.code() == code)
    }

    /// The state that fulfils it.
    pub fn state(self) -> State {
        match self {
            Self::Active => State::Active,
            Self::Lost => State::Lost,
            Self::Frozen => State::Frozen,
            Self::Closed => State::Closed,
        }
    }
}

/// Whether both sides say the same. A closed account is as safe as a lost or blocked one, and one that
/// was never opened is as good as closed.
pub fn agrees(expected: Expected, state: State) -> bool {
    match expected {
        Expected::Active => state == State::Active,
        Expected::Lost => matches!(state, State::Lost | State::Closed),
        Expected::Frozen => matches!(state, State::Frozen | State::Closed),
        Expected::Closed => matches!(state, State::Closed | State::Refused),
    }
}

/// Seconds until the next try: doubles from `first`, never more than `most`.
pub fn pause(first: i64, most: i64, tries: i64) -> i64 {
    let doublings = u32::try_from(tries.clamp(0, 32)).unwrap_or(0);
    first.saturating_mul(2i64.saturating_pow(doublings)).min(most)
}
