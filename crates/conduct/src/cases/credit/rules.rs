//! The way of a submission.

use kernel::law::{Article, Refusal, Text};

use crate::cases::rules::{Kind, Party};

/// How a submission stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// He was told and can object.
    Noticed,
    /// He objected.
    Objected,
    /// It goes to the platform next.
    Ready,
    /// It is there.
    Submitted,
    /// He asks for repair.
    RepairAsked,
    /// It is being taken back, because the decision fell.
    Withdrawing,
    /// It is being taken back, because he repaired.
    Repairing,
    /// It is being taken back, because its time is over.
    Expiring,
    /// It never went there.
    Dropped,
    /// Taken back.
    Withdrawn,
    /// Repaired.
    Repaired,
    /// Its time was over.
    Expired,
}

impl State {
    /// All states.
    pub const ALL: [Self; 12] = [
        Self::Noticed,
        Self::Objected,
        Self::Ready,
        Self::Submitted,
        Self::RepairAsked,
        Self::Withdrawing,
        Self::Repairing,
        Self::Expiring,
        Self::Dropped,
        Self::Withdrawn,
        Self::Repaired,
        Self::Expired,
    ];

    fn word(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Noticed => ("noticed", "已告知，异议期内", "Told; can be objected to"),
            Self::Objected => ("objected", "异议处理中", "Objected to"),
            Self::Ready => ("ready", "待归集", "To be submitted"),
            Self::Submitted => ("submitted", "已归集", "Submitted"),
            Self::RepairAsked => ("repair-asked", "信用修复申请中", "Repair asked for"),
            Self::Withdrawing => ("withdrawing", "撤回中", "Being withdrawn"),
            Self::Repairing => ("repairing", "修复中", "Being repaired"),
            Self::Expiring => ("expiring", "到期移除中", "Being ended"),
            Self::Dropped => ("dropped", "不予归集", "Not submitted"),
            Self::Withdrawn => ("withdrawn", "已撤回", "Withdrawn"),
            Self::Repaired => ("repaired", "已修复", "Repaired"),
            Self::Expired => ("expired", "已到期移除", "Ended by time"),
        }
    }

    /// Stable code.
    pub fn code(self) -> &'static str {
        self.word().0
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        Text::new(self.word().1, self.word().2)
    }
}

/// What is done with a submission.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// The holder objects.
    Object,
    /// An office agrees: nothing is submitted.
    Accept,
    /// An office does not agree.
    Overrule,
    /// The days to object are over.
    Pass,
    /// The platform has it.
    Submit,
    /// The holder asks for repair.
    AskRepair,
    /// An office grants it.
    Grant,
    /// An office does not.
    Deny,
    /// Its time is over.
    Expire,
    /// The decision fell.
    Fall,
    /// The platform has taken it back.
    Removed,
}

/// State, act, state after it.
pub static TABLE: [(State, Act, State); 16] = [
    (State::Noticed, Act::Object, State::Objected),
    (State::Objected, Act::Accept, State::Dropped),
    (State::Objected, Act::Overrule, State::Ready),
    (State::Noticed, Act::Pass, State::Ready),
    (State::Ready, Act::Submit, State::Submitted),
    (State::Submitted, Act::AskRepair, State::RepairAsked),
    (State::RepairAsked, Act::Grant, State::Repairing),
    (State::RepairAsked, Act::Deny, State::Submitted),
    (State::Submitted, Act::Expire, State::Expiring),
    (State::Noticed, Act::Fall, State::Dropped),
    (State::Objected, Act::Fall, State::Dropped),
    (State::Ready, Act::Fall, State::Dropped),
    (State::Submitted, Act::Fall, State::Withdrawing),
    (State::RepairAsked, Act::Fall, State::Withdrawing),
    (State::RepairAsked, Act::Expire, State::Expiring),
    (State::Repairing, Act::Fall, State::Withdrawing),
];

/// The state after an act.
///
/// # Errors
/// [`Refused::Step`].
pub fn follow(state: State, act: Act) -> Result<State, Refused> {
    let removed = match (state, act) {
        (State::Withdrawing, Act::Removed) => Some(State::Withdrawn),
        (State::Repairing, Act::Removed) => Some(State::Repaired),
        (State::Expiring, Act::Removed) => Some(State::Expired),
        _ => None,
    };
    let row = TABLE.iter().find(|(from, does, _)| (*from, *does) == (state, act));
    removed.or(row.map(|row| row.2)).ok_or(Refused::Step)
}

/// Whether a final decision goes to the credit platform at all: a holder's violation of Art. 24.
pub fn applies(switch: bool, article: Option<u8>, party: Option<Party>, kind: Kind) -> bool {
    switch && article == Some(24) && party == Some(Party::Holder) && kind != Kind::NoViolation
}

/// Why something about a submission is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It is not at this step.
    Step,
    /// The deadline is over.
    TooLate,
    /// Repair is asked for too early.
    TooEarly,
    /// Whoever decided the case does not decide the objection.
    OwnDecision,
    /// A reason is missing.
    NoWords,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 5] =
        [Self::Step, Self::TooLate, Self::TooEarly, Self::OwnDecision, Self::NoWords];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Step => "conduct/credit-not-at-this-step",
            Self::TooLate => "conduct/credit-too-late",
            Self::TooEarly => "conduct/credit-too-early",
            Self::OwnDecision => "conduct/credit-own-decision",
            Self::NoWords => "conduct/credit-no-reason",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(26))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::Step => ("当前环节不能这样办理", "It is not at this step"),
            Self::TooLate => ("已超过异议期限", "The days to object are over"),
            Self::TooEarly => ("尚未到可申请信用修复的时间", "Repair cannot be asked for yet"),
            Self::OwnDecision => {
                ("作出案件决定的人员不能处理异议", "Whoever decided the case does not decide this")
            }
            Self::NoWords => ("须填写理由", "A reason is missing"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::Step => ("请刷新页面", "Reload the page"),
            Self::TooLate => ("可申请信用修复", "Repair can be asked for later"),
            Self::TooEarly => ("请在页面所示日期后申请", "Ask after the day on the page"),
            Self::OwnDecision => ("请由他人处理", "Somebody else decides"),
            Self::NoWords => ("请填写后提交", "Write it and send again"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::OwnDecision => 403,
            Self::NoWords => 422,
            _ => 409,
        }
    }
}
