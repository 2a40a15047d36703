//! The table of production: which step follows which, for a line of a batch and for the batch itself.
//!
//! ```text
//!   line    Waiting ──send──▶ Out ──good──▶ Good ──advance──▶ Waiting of the next stage … ▶ Done
//!                              ├──fail───▶ Failed  (not made)      ──retry──▶ Retried, or closed
//!                              └──spoil──▶ Spoiled (made, unusable) ─retry──▶ Retried, or closed
//!   stage   bank pre-open ──▶ factory ──▶ key centre ──▶ outlet
//! ```

pub mod instant;
mod refused;
pub mod shelf;
pub mod stock;

use kernel::law::Text;

pub use refused::Refused;

/// A place that works on a batch, in the order of the work.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
    /// 银行预开户: the bank opens the account of the financial function before the card is made.
    Bank,
    /// 卡厂制卡: the card is made and personalised.
    Factory,
    /// 密钥中心: the keys are written into the chip.
    Keys,
    /// 网点签收: the outlet takes the cards in.
    Outlet,
}

impl Stage {
    /// All stages in their order.
    pub const ALL: [Self; 4] = [Self::Bank, Self::Factory, Self::Keys, Self::Outlet];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Bank => "bank",
            Self::Factory => "factory",
            Self::Keys => "keys",
            Self::Outlet => "outlet",
        }
    }

    /// The stage with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Bank => ("银行预开户", "Bank account"),
            Self::Factory => ("卡厂制卡", "Card factory"),
            Self::Keys => ("密钥中心", "Key centre"),
            Self::Outlet => ("网点签收", "Outlet"),
        };
        Text::new(zh, en)
    }

    /// The stage after it.
    pub fn next(self) -> Option<Self> {
        match self {
            Self::Bank => Some(Self::Factory),
            Self::Factory => Some(Self::Keys),
            Self::Keys => Some(Self::Outlet),
            Self::Outlet => None,
        }
    }
}

/// Where one card of a batch is within its stage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LineState {
    /// To be sent.
    Waiting,
    /// Sent, answer awaited.
    Out,
    /// The stage did its work.
    Good,
    /// Not made.
    Failed,
    /// Made and unusable: the number is burnt, the blank is to be destroyed.
    Spoiled,
    /// Another attempt in a following batch goes on for it.
    Retried,
    /// Given up, with a reason.
    Closed,
    /// The applicant withdrew.
    TakenOut,
    /// The outlet has the card.
    Done,
}

impl LineState {
    /// All states.
    pub const ALL: [Self; 9] = [
        Self::Waiting,
        Self::Out,
        Self::Good,
        Self::Failed,
        Self::Spoiled,
        Self::Retried,
        Self::Closed,
        Self::TakenOut,
        Self::Done,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Out => "out",
            Self::Good => "good",
            Self::Failed => "failed",
            Self::Spoiled => "spoiled",
            Self::Retried => "retried",
            Self::Closed => "closed",
            Self::TakenOut => "taken-out",
            Self::Done => "done",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Name for people, and the kind of badge that fits.
    pub fn name(self) -> (Text, &'static str) {
        let (zh, en, badge) = match self {
            Self::Waiting => ("待发送", "To be sent", "info"),
            Self::Out => ("处理中", "Under way", "info"),
            Self::Good => ("本环节完成", "Stage done", "ok"),
            Self::Failed => ("失败", "Failed", "bad"),
            Self::Spoiled => ("废卡", "Spoiled", "bad"),
            Self::Retried => ("已转下一批", "Tried again", "warn"),
            Self::Closed => ("已关闭", "Closed", "warn"),
            Self::TakenOut => ("已撤回", "Withdrawn", "warn"),
            Self::Done => ("已到网点", "At the outlet", "ok"),
        };
        (Text::new(zh, en), badge)
    }

    /// Whether production still works on the card in this line.
    pub fn is_under_way(self) -> bool {
        matches!(self, Self::Waiting | Self::Out | Self::Good)
    }
}

/// What happens to a line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LineEvent {
    /// It goes out in the file of its stage.
    Send,
    /// The stage did its work.
    Good,
    /// The stage could not do it, and nothing was made.
    Fail,
    /// The card was made and cannot be used.
    Spoil,
    /// The batch moves on.
    Advance,
    /// A following batch makes another attempt.
    Retry,
    /// No further attempt, for a reason.
    Close,
    /// The applicant withdraws.
    TakeOut,
}

impl LineEvent {
    /// All events.
    pub const ALL: [Self; 8] = [
        Self::Send,
        Self::Good,
        Self::Fail,
        Self::Spoil,
        Self::Advance,
        Self::Retry,
        Self::Close,
        Self::TakeOut,
    ];
}

/// Whether a card exists in the material world when a line stands there.
pub fn is_made(stage: Stage, state: LineState) -> bool {
    match stage {
        Stage::Bank => false,
        Stage::Factory => matches!(state, LineState::Good | LineState::Spoiled),
        Stage::Keys | Stage::Outlet => true,
    }
}

/// The one table of lines: where an event leads.
///
/// # Errors
/// [`Refused::LineStep`]: the event does not fit there.
pub fn line(
    stage: Stage,
    state: LineState,
    event: LineEvent,
) -> Result<(Stage, LineState), Refused> {
    use LineEvent as E;
    use LineState as S;
    let to = match (state, event) {
        (S::Waiting, E::Send) => S::Out,
        (S::Out, E::Good) => S::Good,
        // Before the factory there is nothing to spoil; after it something has been made.
        (S::Out, E::Fail) if matches!(stage, Stage::Bank | Stage::Factory) => S::Failed,
        (S::Out, E::Spoil) if stage != Stage::Bank => S::Spoiled,
        (S::Good, E::Advance) => match stage.next() {
            Some(next) => return Ok((next, S::Waiting)),
            None => S::Done,
        },
        // An outlet that cannot take the card in has a made card in its hands.
        (S::Good, E::Spoil) if stage == Stage::Outlet => S::Spoiled,
        (S::Failed | S::Spoiled | S::Closed, E::Retry) => S::Retried,
        (S::Failed | S::Spoiled, E::Close) => S::Closed,
        (S::Waiting | S::Good, E::TakeOut) if is_made(stage, state) => S::Spoiled,
        (S::Waiting | S::Good | S::Failed, E::TakeOut) => S::TakenOut,
        _ => return Err(Refused::LineStep(stage, state)),
    };
    Ok((stage, to))
}

/// What a state says about the number that was drawn for the card, if one was.
pub fn fate(state: LineState) -> Fate {
    match state {
        LineState::Spoiled => Fate::Spoiled,
        LineState::Failed | LineState::TakenOut => Fate::Void,
        LineState::Done => Fate::Live,
        _ => Fate::Reserved,
    }
}

/// What became of a number of the pool. It never goes back into the pool.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fate {
    /// Drawn for a card that is being made.
    Reserved,
    /// On a card that reached its outlet.
    Live,
    /// On a card that was made and is unusable.
    Spoiled,
    /// Drawn, but no card was made with it.
    Void,
}

impl Fate {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Live => "live",
            Self::Spoiled => "spoiled",
            Self::Void => "void",
        }
    }
}

/// Where a batch is within its stage.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BatchState {
    /// Its file is to be made.
    Waiting,
    /// Its file is out.
    Out,
    /// Nothing is left to do.
    Done,
}

impl BatchState {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Out => "out",
            Self::Done => "done",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Waiting, Self::Out, Self::Done].into_iter().find(|state| state.code() == code)
    }

    /// Name for people, and the kind of badge that fits.
    pub fn name(self) -> (Text, &'static str) {
        let (zh, en, badge) = match self {
            Self::Waiting => ("待发送", "To be sent", "warn"),
            Self::Out => ("等待回盘", "Answer awaited", "info"),
            Self::Done => ("已完成", "Finished", "ok"),
        };
        (Text::new(zh, en), badge)
    }
}

/// How many lines of a batch stand where.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// To be sent.
    pub waiting: usize,
    /// Sent, answer awaited.
    pub out: usize,
    /// Done by the stage.
    pub good: usize,
}

impl Tally {
    /// Counts lines.
    pub fn of(states: impl IntoIterator<Item = LineState>) -> Self {
        let mut tally = Self::default();
        for state in states {
            match state {
                LineState::Waiting => tally.waiting += 1,
                LineState::Out => tally.out += 1,
                LineState::Good => tally.good += 1,
                _ => {}
            }
        }
        tally
    }
}

/// Sends a batch out.
///
/// # Errors
/// [`Refused::BatchStep`]: it is out already, or done.
pub fn send(stage: Stage, state: BatchState) -> Result<BatchState, Refused> {
    match state {
        BatchState::Waiting => Ok(BatchState::Out),
        _ => Err(Refused::BatchStep(stage, state)),
    }
}

/// Where a batch stands after its lines changed: it stays as long as one line is out, goes on with
/// its good lines, and ends when none is left.
pub fn settle(stage: Stage, state: BatchState, tally: Tally) -> (Stage, BatchState) {
    match (state, tally) {
        (BatchState::Done, _) => (stage, BatchState::Done),
        (BatchState::Waiting, Tally { waiting: 0, .. }) => (stage, BatchState::Done),
        (BatchState::Waiting, _) => (stage, BatchState::Waiting),
        (BatchState::Out, Tally { out: 0, good: 0, .. }) => (stage, BatchState::Done),
        (BatchState::Out, Tally { out: 0, .. }) => match stage.next() {
            Some(next) => (next, BatchState::Waiting),
            None => (stage, BatchState::Done),
        },
        (BatchState::Out, _) => (stage, BatchState::Out),
    }
}

#[cfg(test)]
mod tests;
