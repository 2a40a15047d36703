//! The one table of states, acts and hands.

use kernel::law::Text;

/// Where a matter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Nobody is responsible yet.
    Received,
    /// An organisation is responsible.
    Assigned,
    /// The answer is given; the person may judge it.
    Answered,
    /// Over.
    Closed,
    /// Taken back.
    Withdrawn,
    /// The same as another, with which it is answered.
    Merged,
}

impl State {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Received,
        Self::Assigned,
        Self::Answered,
        Self::Closed,
        Self::Withdrawn,
        Self::Merged,
    ];

    /// Stable code, as stored.
    pub fn code(self) -> &'static str {
        self.words().0
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (_, zh, en) = self.words();
        Text::new(zh, en)
    }

    /// The state of a code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Received => ("received", "已受理", "Received"),
            Self::Assigned => ("assigned", "办理中", "Being handled"),
            Self::Answered => ("answered", "已答复", "Answered"),
            Self::Closed => ("closed", "已办结", "Closed"),
            Self::Withdrawn => ("withdrawn", "已撤回", "Withdrawn"),
            Self::Merged => ("merged", "已并案", "Merged"),
        }
    }
}

/// What is done with a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Gives it to an organisation.
    Assign,
    /// Gives it to another one, with the reason.
    Transfer,
    /// Gives it back, with the reason.
    Return,
    /// Takes it to the authority above.
    Escalate,
    /// More time, once, with the reason.
    Extend,
    /// Answers.
    Answer,
    /// Closes.
    Close,
    /// The person's judgement, 1 to 5.
    Rate,
    /// The answer did not help.
    Reopen,
    /// The authority above shall decide.
    Appeal,
    /// The person takes it back.
    Withdraw,
    /// It is the same as another.
    Merge,
    /// Names somebody who may see a sensitive matter.
    Name,
    /// Says whom it is directed against: an organisation with its head, or an account.
    Against,
}

impl Act {
    /// All acts.
    pub const ALL: [Self; 14] = [
        Self::Assign,
        Self::Transfer,
        Self::Return,
        Self::Escalate,
        Self::Extend,
        Self::Answer,
        Self::Close,
        Self::Rate,
        Self::Reopen,
        Self::Appeal,
        Self::Withdraw,
        Self::Merge,
        Self::Name,
        Self::Against,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        self.words().0
    }

    /// Whether it only puts a matter into somebody else's hands, which needs no sight of it.
    pub fn gives_away(self) -> bool {
        matches!(self, Self::Assign | Self::Name)
    }

    /// As the journal says it.
    pub fn journal(self) -> &'static str {
        self.words().1
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (_, _, zh, en) = self.words();
        Text::new(zh, en)
    }

    /// The act of a code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.code() == code)
    }

    fn words(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Assign => ("assign", "complaint.assigned", "交办", "Assign"),
            Self::Transfer => ("transfer", "complaint.transferred", "转办", "Transfer"),
            Self::Return => ("return", "complaint.returned", "退回", "Return"),
            Self::Escalate => ("escalate", "complaint.escalated", "提级", "Escalate"),
            Self::Extend => ("extend", "complaint.extended", "延期", "Extend"),
            Self::Answer => ("answer", "complaint.answered", "答复", "Answer"),
            Self::Close => ("close", "complaint.closed", "办结", "Close"),
            Self::Rate => ("rate", "complaint.rated", "评价", "Judge"),
            Self::Reopen => ("reopen", "complaint.reopened", "重新办理", "Reopen"),
            Self::Appeal => ("appeal", "complaint.appealed", "向上级申诉", "Appeal"),
            Self::Withdraw => ("withdraw", "complaint.withdrawn", "撤回", "Withdraw"),
            Self::Merge => ("merge", "complaint.merged", "并案", "Merge"),
            Self::Name => ("name", "complaint.named", "指定承办人", "Name a handler"),
            Self::Against => {
                ("against", "complaint.directed", "标明被反映对象", "Say whom it is against")
            }
        }
    }
}

/// In which position somebody stands to a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Whose matter it is.
    Person,
    /// The organisation that is responsible.
    Handler,
    /// The authority that distributes.
    Dispatcher,
    /// The job.
    Clock,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// Before.
    pub from: State,
    /// What is done.
    pub act: Act,
    /// After.
    pub to: State,
    /// Who may.
    pub hands: &'static [Hand],
}

const fn line(from: State, act: Act, to: State, hands: &'static [Hand]) -> Line {
    Line { from, act, to, hands }
}

use Hand::{Clock, Dispatcher, Handler, Person};
use State::{Answered, Assigned, Closed, Merged, Received, Withdrawn};

/// All that can happen.
pub const TABLE: &[Line] = &[
    line(Received, Act::Assign, Assigned, &[Dispatcher]),
    line(Received, Act::Escalate, Assigned, &[Dispatcher, Clock]),
    line(Received, Act::Merge, Merged, &[Dispatcher]),
    line(Received, Act::Name, Received, &[Dispatcher]),
    line(Received, Act::Against, Received, &[Dispatcher]),
    line(Received, Act::Withdraw, Withdrawn, &[Person]),
    line(Assigned, Act::Transfer, Assigned, &[Handler, Dispatcher]),
    line(Assigned, Act::Return, Received, &[Handler]),
    line(Assigned, Act::Escalate, Assigned, &[Dispatcher, Clock]),
    line(Assigned, Act::Extend, Assigned, &[Handler]),
    line(Assigned, Act::Answer, Answered, &[Handler]),
    line(Assigned, Act::Merge, Merged, &[Dispatcher]),
    line(Assigned, Act::Name, Assigned, &[Dispatcher]),
    line(Assigned, Act::Against, Received, &[Handler, Dispatcher]),
    line(Assigned, Act::Withdraw, Withdrawn, &[Person]),
    line(Answered, Act::Rate, Closed, &[Person]),
    line(Answered, Act::Close, Closed, &[Clock]),
    line(Answered, Act::Reopen, Assigned, &[Person]),
    line(Answered, Act::Appeal, Assigned, &[Person]),
    line(Closed, Act::Reopen, Assigned, &[Person]),
    line(Closed, Act::Appeal, Assigned, &[Person]),
    line(Merged, Act::Answer, Answered, &[Clock]),
    line(Merged, Act::Withdraw, Withdrawn, &[Person]),
];

/// The line of an act in a state.
pub fn find(from: State, act: Act) -> Option<&'static Line> {
    TABLE.iter().find(|line| line.from == from && line.act == act)
}

/// The table as a Mermaid diagram, as docs/complaints.md shows it.
pub fn diagram() -> String {
    let mut text = String::from("stateDiagram-v2\n    [*] --> received\n");
    for line in TABLE {
        let (from, to) = (line.from.code(), line.to.code());
        text += &format!("    {from} --> {to}: {}\n", line.act.code());
    }
    text
}
