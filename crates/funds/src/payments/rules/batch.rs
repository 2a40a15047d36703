//! The release of a batch by finance: maker, checker, above the threshold a second checker; stop.

use kernel::id::Id;
use kernel::law::Text;

use super::bugs::{Bug, Rules};
use super::refused::Refused;

/// How a batch stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BatchState {
    /// Made from an approved roster; its money is being set aside.
    Accepted,
    /// All its money is set aside.
    Reserved,
    /// Finance asked for its release.
    Asked,
    /// It may leave.
    Released,
    /// Each line has its result.
    Settled,
    /// Taken back before its release.
    Void,
}

impl BatchState {
    /// All states.
    pub const ALL: [Self; 6] =
        [Self::Accepted, Self::Reserved, Self::Asked, Self::Released, Self::Settled, Self::Void];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Reserved => "reserved",
            Self::Asked => "asked",
            Self::Released => "released",
            Self::Settled => "settled",
            Self::Void => "void",
        }
    }

    /// The state of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Accepted => ("预留资金中", "Setting money aside"),
            Self::Reserved => ("待申请拨付", "Ready for release"),
            Self::Asked => ("待审批拨付", "Waits for approval"),
            Self::Released => ("发放中", "Being paid"),
            Self::Settled => ("已办结", "Settled"),
            Self::Void => ("已取消", "Cancelled"),
        };
        Text::new(zh, en)
    }

    /// Class of its badge.
    pub fn badge(self) -> &'static str {
        match self {
            Self::Settled => "ok",
            Self::Void => "bad",
            Self::Reserved | Self::Asked => "warn",
            _ => "info",
        }
    }
}

/// What the rules know of a batch's release.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Release {
    /// State.
    pub state: BatchState,
    /// Whether its sum needs two approvers.
    pub two: bool,
    /// Account of the maker.
    pub asked_by: Option<Id>,
    /// Account of the first approver.
    pub first_by: Option<Id>,
    /// Account of the second approver.
    pub second_by: Option<Id>,
}

impl Release {
    /// A batch that nobody has asked for yet. `above_fen` is the programme's threshold in fen; 0 for none.
    pub fn new(state: BatchState, fen: i64, above_fen: i64) -> Self {
        let two = above_fen > 0 && fen > above_fen;
        Self { state, two, asked_by: None, first_by: None, second_by: None }
    }

    /// Asks for the release.
    ///
    /// # Errors
    /// [`Refused::NotNow`].
    pub fn ask(self, who: Id) -> Result<Self, Refused> {
        if self.state != BatchState::Reserved {
            return Err(Refused::NotNow);
        }
        let state = BatchState::Asked;
        Ok(Self { state, asked_by: Some(who), first_by: None, second_by: None, ..self })
    }

    /// Sends the request back to its maker.
    ///
    /// # Errors
    /// [`Refused::NotNow`], [`Refused::OwnWork`].
    pub fn send_back(self, who: Id) -> Result<Self, Refused> {
        self.may_decide(who)?;
        let state = BatchState::Reserved;
        Ok(Self { state, asked_by: None, first_by: None, second_by: None, ..self })
    }

    fn may_decide(&self, who: Id) -> Result<(), Refused> {
        match self.state {
            BatchState::Asked if self.asked_by == Some(who) => Err(Refused::OwnWork),
            BatchState::Asked => Ok(()),
            _ => Err(Refused::NotNow),
        }
    }
}

impl Rules {
    /// Approves a release (Art. 25: never one's own; above the threshold two approvers).
    ///
    /// # Errors
    /// [`Refused::NotNow`], [`Refused::OwnWork`], [`Refused::SameApprover`].
    pub fn approve(&self, release: Release, who: Id) -> Result<Release, Refused> {
        match release.may_decide(who) {
            Err(Refused::OwnWork) if self.has(Bug::MakerReleases) => {}
            other => other?,
        }
        let released = BatchState::Released;
        let two = release.two && !self.has(Bug::OneApproverAboveThreshold);
        match release.first_by {
            None if two => Ok(Release { first_by: Some(who), ..release }),
            None => Ok(Release { first_by: Some(who), state: released, ..release }),
            Some(first) if first == who => Err(Refused::SameApprover),
            Some(_) => Ok(Release { second_by: Some(who), state: released, ..release }),
        }
    }

    /// Whether intents of a batch may be written now.
    ///
    /// # Errors
    /// [`Refused::Stopped`], [`Refused::NotReleased`].
    pub fn may_plan(&self, state: BatchState, stopped: bool) -> Result<(), Refused> {
        match state {
            BatchState::Released if stopped && !self.has(Bug::StopIsIgnoredAtPlanning) => {
                Err(Refused::Stopped)
            }
            BatchState::Released => Ok(()),
            _ => Err(Refused::NotReleased),
        }
    }

    /// Whether a file may leave now.
    ///
    /// # Errors
    /// [`Refused::Stopped`].
    pub fn may_send(&self, stopped: bool) -> Result<(), Refused> {
        if stopped && !self.has(Bug::StopIsIgnoredAtSending) {
            return Err(Refused::Stopped);
        }
        Ok(())
    }
}
