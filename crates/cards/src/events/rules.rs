//! What a report means, as plain data.

use kernel::law::{Article, Refusal, Text};
use people::rules::Person;
use time::Date;

use crate::rules::CancelCause;

/// A kind of report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// 死亡
    Death,
    /// 姓名变更; the detail is the new name.
    NameChange,
    /// 户籍迁移; the detail is the new division (GB/T 2260).
    Move,
    /// 公共服务权益终止
    EntitlementEnded,
    /// 丧失中国国籍
    NationalityLost,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Death, Self::NameChange, Self::Move, Self::EntitlementEnded, Self::NationalityLost];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Death => "death",
            Self::NameChange => "name-change",
            Self::Move => "move",
            Self::EntitlementEnded => "entitlement-ended",
            Self::NationalityLost => "nationality-lost",
        }
    }

    /// The kind with this code or Chinese name.
    pub fn from_code(code: &str) -> Option<Self> {
        let fits = |kind: &Self| kind.code() == code || kind.name().zh == code;
        Self::ALL.into_iter().find(fits)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Death => ("死亡", "Death"),
            Self::NameChange => ("姓名变更", "Change of name"),
            Self::Move => ("户籍迁移", "Move of household"),
            Self::EntitlementEnded => ("公共服务权益终止", "End of entitlement"),
            Self::NationalityLost => ("丧失中国国籍", "Loss of nationality"),
        };
        Text::new(zh, en)
    }
}

/// A report as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The sender's own number of it: the same one twice is one report.
    pub source_id: String,
    /// What happened.
    pub kind: Kind,
    /// Person number.
    pub number: String,
    /// Name.
    pub name: String,
    /// The day on which it happened.
    pub day: Date,
    /// New name or new division.
    pub detail: String,
}

/// Where a report stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// A clerk has to look.
    Proposed,
    /// No such person here; kept, in case he is registered later.
    Nobody,
    /// Carried out.
    Confirmed,
    /// A clerk found that it does not hold.
    Rejected,
}

impl State {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Proposed, Self::Nobody, Self::Confirmed, Self::Rejected];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Nobody => "nobody",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// What confirming a report does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// End the card.
    Cancel(CancelCause),
    /// Enter the new household, and end the card if the person has no other right to it (Art. 5).
    EnterMove,
    /// Change the name by its own procedure, then replace the card (Art. 12).
    ChangeName,
}

/// What a report proposes.
pub fn proposal(kind: Kind) -> Proposal {
    match kind {
        Kind::Death => Proposal::Cancel(CancelCause::Death),
        Kind::NationalityLost => Proposal::Cancel(CancelCause::LeftForGood),
        Kind::EntitlementEnded => Proposal::Cancel(CancelCause::EntitlementEnded),
        Kind::Move => Proposal::EnterMove,
        Kind::NameChange => Proposal::ChangeName,
    }
}

/// Whether a report may be carried out without a clerk: only a death, only when number and name fit,
/// and only when the authority switched it on.
pub fn acts_alone(kind: Kind, name_fits: bool, switched_on: bool) -> bool {
    switched_on && name_fits && kind == Kind::Death
}

/// The person as the register has him after an entitlement or household changed.
pub fn after(person: &Person, kind: Kind, day: Date, detail: &str) -> Person {
    let mut person = person.clone();
    match kind {
        Kind::EntitlementEnded => person.ground_until = Some(day),
        Kind::Move => person.household = detail.to_owned(),
        _ => {}
    }
    person
}

/// Why a report is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Decided already, or it never existed.
    NotOpen,
    /// The name of the report is another than that of the register.
    NameDiffers,
    /// It must be said why it does not hold.
    CommentMissing,
}

impl Refused {
    /// All, for documents and tests.
    pub const ALL: [Self; 3] = [Self::NotOpen, Self::NameDiffers, Self::CommentMissing];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NotOpen => "cards/event-not-open",
            Self::NameDiffers => "cards/event-name-differs",
            Self::CommentMissing => "cards/event-comment-missing",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(13))
    }

    fn reason(&self) -> Text {
        match self {
            Self::NotOpen => Text::new("该信息已处理", "This report is decided already"),
            Self::NameDiffers => {
                Text::new("报送姓名与登记姓名不一致", "The reported name is not the registered one")
            }
            Self::CommentMissing => Text::new("缺少处理说明", "A word of explanation is missing"),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::NotOpen => Text::new("请刷新列表", "Reload the list"),
            Self::NameDiffers => Text::new(
                "请向报送部门核实，并在说明中写明核实结果",
                "Ask the sender, and write down what he says",
            ),
            Self::CommentMissing => Text::new("请填写核实情况", "Write what was found"),
        }
    }

    fn status(&self) -> u16 {
        if matches!(self, Self::CommentMissing) { 422 } else { 409 }
    }
}
