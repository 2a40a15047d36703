//! The way of a report, and who may take it.

use kernel::actor::{Actor, Role};
use kernel::law::{Article, Refusal, Text};
use time::Date;

/// What is reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A card was refused where it must be taken (Art. 25(2)).
    Refused,
    /// A service was done without the card where the list requires it (Art. 25(1)).
    WithoutCard,
    /// An item on the list is not served (Art. 25(1)).
    Unserved,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Refused, Self::WithoutCard, Self::Unserved];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::WithoutCard => "without-card",
            Self::Unserved => "unserved",
        }
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Refused => ("拒绝用卡", "Card refused"),
            Self::WithoutCard => ("应用卡而未用卡", "Served without the card"),
            Self::Unserved => ("清单事项未开展", "Listed but not served"),
        };
        Text::new(zh, en)
    }
}

/// Who told it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A holder who is signed in.
    Holder,
    /// Somebody without a name.
    Anonymous,
    /// A clerk at a counter.
    Clerk,
    /// An officer of a department.
    Department,
    /// The operator of a terminal.
    Terminal,
    /// The platform found it.
    Platform,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 6] = [
        Self::Holder,
        Self::Anonymous,
        Self::Clerk,
        Self::Department,
        Self::Terminal,
        Self::Platform,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Anonymous => "anonymous",
            Self::Clerk => "clerk",
            Self::Department => "department",
            Self::Terminal => "terminal",
            Self::Platform => "platform",
        }
    }

    /// The source with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.code() == code)
    }

    /// As whom somebody tells.
    pub fn of(actor: Option<&Actor>) -> Self {
        match actor.map(|actor| actor.role) {
            None => Self::Anonymous,
            Some(Role::Holder) => Self::Holder,
            Some(Role::DepartmentOfficer) => Self::Department,
            Some(Role::Terminal) => Self::Terminal,
            Some(_) => Self::Clerk,
        }
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Holder => ("持卡人", "Holder"),
            Self::Anonymous => ("匿名", "Anonymous"),
            Self::Clerk => ("窗口", "Counter"),
            Self::Department => ("部门", "Department"),
            Self::Terminal => ("终端操作员", "Operator of a terminal"),
            Self::Platform => ("平台发现", "Found by the platform"),
        };
        Text::new(zh, en)
    }
}

/// How a report stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Nobody has taken it up.
    Open,
    /// Somebody looks into it.
    Taken,
    /// It is answered; somebody else looks at the answer.
    Answered,
    /// Done.
    Closed,
}

impl State {
    /// All states, in their order.
    pub const ALL: [Self; 4] = [Self::Open, Self::Taken, Self::Answered, Self::Closed];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Taken => "taken",
            Self::Answered => "answered",
            Self::Closed => "closed",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Open => ("待受理", "Open"),
            Self::Taken => ("办理中", "Taken up"),
            Self::Answered => ("已答复", "Answered"),
            Self::Closed => ("已办结", "Closed"),
        };
        Text::new(zh, en)
    }
}

/// What a supervisor does with a report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// He takes it up.
    Take,
    /// He answers it in words.
    Answer(String),
    /// He closes what somebody else answered.
    Close,
    /// The answer is not enough: it is taken up anew.
    Return,
}

/// What somebody tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Telling {
    /// Code of the kind.
    pub kind: String,
    /// Code of the item; empty when it is not known.
    pub item: String,
    /// Where, in words.
    pub place: String,
    /// Division (GB/T 2260) of the place; may be empty.
    pub division: String,
    /// Day, `YYYY-MM-DD`.
    pub day: String,
    /// What happened.
    pub reason: String,
}

/// Why something about a report is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The report is not in the state for it.
    State,
    /// An answer needs words.
    NoAnswer,
    /// Nobody closes what he answered himself.
    OwnAnswer,
    /// Another took it up.
    Others,
    /// It belongs to another district.
    Division,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 5] =
        [Self::State, Self::NoAnswer, Self::OwnAnswer, Self::Others, Self::Division];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::State => "codes/report-not-in-this-state",
            Self::NoAnswer => "codes/report-answer-missing",
            Self::OwnAnswer => "codes/report-own-answer",
            Self::Others => "codes/report-taken-by-another",
            Self::Division => "codes/report-of-another-district",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(25))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::State => ("该反映当前状态不能这样办理", "The report is not at this step"),
            Self::NoAnswer => ("须填写答复内容", "The answer is missing"),
            Self::OwnAnswer => ("答复人不能自行办结", "Nobody closes his own answer"),
            Self::Others => ("已由他人受理", "Somebody else took it up"),
            Self::Division => ("该反映属于其他区县", "The report belongs to another district"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::State => ("请刷新页面", "Reload the page"),
            Self::NoAnswer => ("请填写后提交", "Write it and send again"),
            Self::OwnAnswer => ("请由另一位人员办结", "Ask another person"),
            Self::Others => ("请联系受理人", "Ask whoever took it up"),
            Self::Division => ("请由该区县或市级办理", "The district or the city does it"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::State => 409,
            Self::NoAnswer => 422,
            _ => 403,
        }
    }
}

/// Whether a supervisor may see a report: the city all, a district its own.
pub fn may_see(actor: &Actor, division: &str) -> bool {
    let district = matches!(actor.role, Role::DistrictOfficer | Role::DistrictApprover);
    !district || actor.division == division
}

/// The state after an act on a report that `taken_by` took up and `answered_by` answered.
///
/// # Errors
/// The [`Refused`] that applies.
pub fn follow(
    state: State,
    act: &Act,
    actor: &Actor,
    taken_by: Option<kernel::id::Id>,
    answered_by: Option<kernel::id::Id>,
) -> Result<State, Refused> {
    match (state, act) {
        (State::Open, Act::Take) => Ok(State::Taken),
        (State::Taken, Act::Answer(_)) if taken_by != Some(actor.account) => Err(Refused::Others),
        (State::Taken, Act::Answer(words)) if words.trim().is_empty() => Err(Refused::NoAnswer),
        (State::Taken, Act::Answer(_)) => Ok(State::Answered),
        (State::Answered, _) if answered_by == Some(actor.account) => Err(Refused::OwnAnswer),
        (State::Answered, Act::Close) => Ok(State::Closed),
        (State::Answered, Act::Return) => Ok(State::Taken),
        _ => Err(Refused::State),
    }
}

/// Whether an item that came on the list on `first` and was used last on `used` counts as not served.
pub fn unserved(
    first: Date,
    last: Option<Date>,
    used: Option<Date>,
    today: Date,
    days: i64,
) -> bool {
    let since = used.map_or(first, |used| used.max(first));
    last.is_none_or(|last| last >= today) && (today - since).whole_days() >= days
}
