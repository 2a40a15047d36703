//! Tasks of the coordination mechanism (Art. 9): states, who may do what, and when somebody is reminded.

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::law::{Article, Refusal, Text};
use time::Date;

/// What a task is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Given by an authority or decided by a meeting.
    Task,
    /// A department proposes to bring its field under the card (Art. 6).
    Proposal,
    /// What a duty of the register asks for each period.
    Duty,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Task, Self::Proposal, Self::Duty];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Proposal => "proposal",
            Self::Duty => "duty",
        }
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Task => ("协调任务", "Task"),
            Self::Proposal => ("纳入一卡通建议", "Proposal of a field"),
            Self::Duty => ("定期履职", "Periodic duty"),
        };
        Text::new(zh, en)
    }
}

/// Where a task stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// A proposal is before the departments that it touches.
    Consulting,
    /// Given; the lead has not answered yet.
    Given,
    /// The lead is at it.
    Accepted,
    /// The lead says that it is done.
    Reported,
    /// The lead says that it is not his.
    Disputed,
    /// Confirmed by somebody else.
    Done,
    /// Dropped with a reason.
    Dropped,
}

impl State {
    /// All states.
    pub const ALL: [Self; 7] = [
        Self::Consulting,
        Self::Given,
        Self::Accepted,
        Self::Reported,
        Self::Disputed,
        Self::Done,
        Self::Dropped,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Consulting => "consulting",
            Self::Given => "given",
            Self::Accepted => "accepted",
            Self::Reported => "reported",
            Self::Disputed => "disputed",
            Self::Done => "done",
            Self::Dropped => "dropped",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Consulting => ("征求意见", "In consultation"),
            Self::Given => ("待签收", "Given"),
            Self::Accepted => ("办理中", "Under way"),
            Self::Reported => ("待确认", "Reported done"),
            Self::Disputed => ("职责有异议", "Disputed"),
            Self::Done => ("已办结", "Done"),
            Self::Dropped => ("已终止", "Dropped"),
        };
        Text::new(zh, en)
    }

    /// Class of the badge that shows it.
    pub fn badge(self) -> &'static str {
        match self {
            Self::Done => "badge-ok",
            Self::Disputed => "badge-bad",
            Self::Dropped => "",
            Self::Reported | Self::Consulting => "badge-warn",
            Self::Given | Self::Accepted => "badge-info",
        }
    }

    /// Nothing more happens.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Dropped)
    }
}

/// A step with a task.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Act {
    /// The lead takes it.
    Accept,
    /// The lead says whose it is instead.
    Dispute,
    /// The lead tells how far it is.
    Progress,
    /// The lead says that it is done.
    Report,
    /// The authority confirms it.
    Confirm,
    /// The authority sends it back.
    Return,
    /// The authority sets another day or lead.
    Reassign,
    /// The authority ends a consultation and makes a task of the proposal.
    Adopt,
    /// The authority drops it.
    Drop,
}

/// Whose hand a step needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hand {
    /// An officer of the organisation that leads the task.
    Lead,
    /// The HRSS authority that keeps the mechanism (Art. 9).
    Authority,
}

/// The one table of transitions: act, from, to, whose hand.
pub const TRANSITIONS: &[(Act, &[State], State, Hand)] = &[
    (Act::Accept, &[State::Given], State::Accepted, Hand::Lead),
    (Act::Dispute, &[State::Given], State::Disputed, Hand::Lead),
    (Act::Progress, &[State::Accepted], State::Accepted, Hand::Lead),
    (Act::Report, &[State::Accepted], State::Reported, Hand::Lead),
    (Act::Confirm, &[State::Reported], State::Done, Hand::Authority),
    (Act::Return, &[State::Reported], State::Accepted, Hand::Authority),
    (
        Act::Reassign,
        &[State::Given, State::Accepted, State::Disputed],
        State::Given,
        Hand::Authority,
    ),
    (Act::Adopt, &[State::Consulting], State::Given, Hand::Authority),
    (
        Act::Drop,
        &[State::Consulting, State::Given, State::Accepted, State::Disputed],
        State::Dropped,
        Hand::Authority,
    ),
];

impl Act {
    /// All acts.
    pub const ALL: [Self; 9] = [
        Self::Accept,
        Self::Dispute,
        Self::Progress,
        Self::Report,
        Self::Confirm,
        Self::Return,
        Self::Reassign,
        Self::Adopt,
        Self::Drop,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Dispute => "dispute",
            Self::Progress => "progress",
            Self::Report => "report",
            Self::Confirm => "confirm",
            Self::Return => "return",
            Self::Reassign => "reassign",
            Self::Adopt => "adopt",
            Self::Drop => "drop",
        }
    }

    /// The act with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Accept => ("签收", "Accept"),
            Self::Dispute => ("职责异议", "Not ours"),
            Self::Progress => ("填报进度", "Tell progress"),
            Self::Report => ("报告办结", "Report done"),
            Self::Confirm => ("确认办结", "Confirm"),
            Self::Return => ("退回", "Send back"),
            Self::Reassign => ("改派或改期", "Give to another or move the day"),
            Self::Adopt => ("采纳并立项", "Adopt"),
            Self::Drop => ("终止", "Drop"),
        };
        Text::new(zh, en)
    }

    /// Whether it must say why.
    pub fn needs_words(self) -> bool {
        !matches!(self, Self::Accept | Self::Confirm)
    }

    fn row(self) -> &'static (Act, &'static [State], State, Hand) {
        let found = TRANSITIONS.iter().find(|row| row.0 == self);
        found.expect("each act has its row: a test counts them")
    }
}

/// What the rules know of a task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Where it stands.
    pub state: State,
    /// Organisation that leads it.
    pub lead: Id,
    /// Account that reported it done.
    pub reported_by: Option<Id>,
    /// Opinions still waited for.
    pub open_opinions: i64,
}

const AUTHORITY: [Role; 2] = [Role::MunicipalOfficer, Role::MunicipalApprover];

/// Whether somebody keeps the mechanism (Art. 9: the municipal HRSS authority).
pub fn is_authority(actor: &Actor) -> bool {
    AUTHORITY.contains(&actor.role)
}

/// The state after an act.
///
/// # Errors
/// The [`Refused`] that applies.
pub fn follow(standing: &Standing, act: Act, actor: &Actor, words: &str) -> Result<State, Refused> {
    let (_, from, to, hand) = act.row();
    if !from.contains(&standing.state) {
        return Err(Refused::NotNow);
    }
    let allowed = match hand {
        Hand::Authority => is_authority(actor),
        Hand::Lead => actor.org == Some(standing.lead),
    };
    if !allowed {
        return Err(Refused::OtherHand);
    }
    if act.needs_words() && words.trim().is_empty() {
        return Err(Refused::WordsMissing);
    }
    if act == Act::Confirm && standing.reported_by == Some(actor.account) {
        return Err(Refused::OwnReport);
    }
    if act == Act::Adopt && standing.open_opinions > 0 {
        return Err(Refused::OpinionsOpen);
    }
    Ok(*to)
}

/// Acts that somebody may take now, leaving out what only words are missing for.
pub fn possible(standing: &Standing, actor: &Actor) -> Vec<Act> {
    Act::ALL.into_iter().filter(|act| follow(standing, *act, actor, "x").is_ok()).collect()
}

/// What the calendar asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nudge {
    /// The day comes near.
    Remind,
    /// The day has passed: the authority is told.
    Escalate,
}

/// What a task needs today; each is said once.
pub fn nudge(
    due: Date,
    today: Date,
    ahead_days: i64,
    reminded: bool,
    escalated: bool,
) -> Option<Nudge> {
    let left = (due - today).whole_days();
    match () {
        () if left < 0 && !escalated => Some(Nudge::Escalate),
        () if (0..=ahead_days).contains(&left) && !reminded => Some(Nudge::Remind),
        () => None,
    }
}

/// First day on or after `from` on which a duty of `every_days` beginning at `since` is due; none for a
/// standing duty.
pub fn next_due(since: Date, every_days: i64, from: Date) -> Option<Date> {
    if every_days <= 0 {
        return None;
    }
    let passed = (from - since).whole_days().max(0);
    let periods = passed.div_euclid(every_days) + 1;
    since.checked_add(time::Duration::days(periods.checked_mul(every_days)?))
}

/// Why something is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The task is not in the state for it.
    NotNow,
    /// It is another organisation's to do.
    OtherHand,
    /// It must say why.
    WordsMissing,
    /// Whoever reported it does not confirm it.
    OwnReport,
    /// Departments have not answered yet and still have time.
    OpinionsOpen,
    /// This department was not asked.
    NotAsked,
    /// It has said its opinion, or the time is over.
    OpinionClosed,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 7] = [
        Self::NotNow,
        Self::OtherHand,
        Self::WordsMissing,
        Self::OwnReport,
        Self::OpinionsOpen,
        Self::NotAsked,
        Self::OpinionClosed,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NotNow => "coordination/not-now",
            Self::OtherHand => "coordination/other-hand",
            Self::WordsMissing => "coordination/words-missing",
            Self::OwnReport => "coordination/own-report",
            Self::OpinionsOpen => "coordination/opinions-open",
            Self::NotAsked => "coordination/not-asked",
            Self::OpinionClosed => "coordination/opinion-closed",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(9))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::NotNow => ("事项当前状态不能这样办理", "The task is not in the state for it"),
            Self::OtherHand => ("应由其他单位办理", "This is another organisation's to do"),
            Self::WordsMissing => ("请写明情况或理由", "Say what happened or why"),
            Self::OwnReport => {
                ("报告办结的人不能确认办结", "Whoever reported it cannot confirm it")
            }
            Self::OpinionsOpen => {
                ("仍有部门在期限内未答复", "Departments still have time to answer")
            }
            Self::NotAsked => ("没有征求本单位意见", "This organisation was not asked"),
            Self::OpinionClosed => {
                ("意见已提交或征求期已过", "The opinion was given, or the time is over")
            }
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::NotNow => ("请刷新后查看当前状态", "Load the page again and look at its state"),
            Self::OtherHand => (
                "请联系牵头单位或市人社部门",
                "Ask the leading organisation or the municipal HRSS authority",
            ),
            Self::WordsMissing => ("填写说明后再提交", "Fill in the words and send again"),
            Self::OwnReport => ("请由另一人确认", "Let somebody else confirm"),
            Self::OpinionsOpen => {
                ("请等待答复或征求期届满", "Wait for the answers or the end of the time")
            }
            Self::NotAsked | Self::OpinionClosed => {
                ("如需补充意见，请联系市人社部门", "Ask the municipal HRSS authority")
            }
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::OtherHand | Self::OwnReport | Self::NotAsked => 403,
            Self::WordsMissing => 422,
            _ => 409,
        }
    }
}
