//! The way of a case: one table of states, acts and hands, from which the code and the diagram are made.

use std::fmt::Write as _;

use kernel::actor::Role;
use kernel::law::Text;

use super::Refused;

/// How a case stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// Reported or found; nobody has looked at it.
    Reported,
    /// The same as another case.
    Duplicate,
    /// For somebody else to look into.
    NotOurs,
    /// Being looked into.
    Investigating,
    /// The one concerned was told and may answer.
    Notified,
    /// He has answered, or his time is over.
    Heard,
    /// The investigator proposes a decision.
    Proposed,
    /// Decided and served; it can be appealed against.
    Decided,
    /// Appealed against.
    Appealed,
    /// Nothing can change it any more.
    Final,
    /// The decision fell on appeal.
    Fallen,
    /// Done.
    Closed,
}

impl State {
    /// All states, in their order.
    pub const ALL: [Self; 12] = [
        Self::Reported,
        Self::Duplicate,
        Self::NotOurs,
        Self::Investigating,
        Self::Notified,
        Self::Heard,
        Self::Proposed,
        Self::Decided,
        Self::Appealed,
        Self::Final,
        Self::Fallen,
        Self::Closed,
    ];

    fn word(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Reported => ("reported", "待初审", "Reported"),
            Self::Duplicate => ("duplicate", "并案", "Duplicate"),
            Self::NotOurs => ("not-ours", "不属本机关", "Not ours"),
            Self::Investigating => ("investigating", "调查中", "Being looked into"),
            Self::Notified => ("notified", "已告知，待陈述申辩", "Notified"),
            Self::Heard => ("heard", "已听取陈述申辩", "Heard"),
            Self::Proposed => ("proposed", "待决定", "Proposed"),
            Self::Decided => ("decided", "已决定", "Decided"),
            Self::Appealed => ("appealed", "复核中", "Appealed"),
            Self::Final => ("final", "已生效", "Final"),
            Self::Fallen => ("fallen", "决定已撤销", "Decision fell"),
            Self::Closed => ("closed", "已结案", "Closed"),
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

    /// Nobody works on it.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Duplicate | Self::NotOurs | Self::Closed)
    }
}

/// What is done with a case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Act {
    /// Join it to another case.
    Join,
    /// Tell the reporter who is competent.
    Refer,
    /// Take it up.
    Open,
    /// Add a file.
    Evidence,
    /// Give it to another officer.
    HandOver,
    /// Tell the one concerned what he is accused of.
    Notify,
    /// He answers.
    Reply,
    /// His time to answer is over.
    EndHearing,
    /// His answer needs a look.
    LookAgain,
    /// Propose a decision.
    Propose,
    /// Send the proposal back.
    Return,
    /// Decide as proposed.
    Decide,
    /// The one concerned appeals.
    Appeal,
    /// The time to appeal is over.
    Finalise,
    /// The decision stands.
    Uphold,
    /// The decision falls.
    Overturn,
    /// It is to be looked into anew.
    Remand,
    /// What was ordered was done.
    Corrected,
    /// It was not; another day is set.
    NotCorrected,
    /// Nothing is left to be done.
    Close,
}

impl Act {
    /// All acts, in the order of the table.
    pub const ALL: [Self; 20] = [
        Self::Join,
        Self::Refer,
        Self::Open,
        Self::Evidence,
        Self::HandOver,
        Self::Notify,
        Self::Reply,
        Self::EndHearing,
        Self::LookAgain,
        Self::Propose,
        Self::Return,
        Self::Decide,
        Self::Appeal,
        Self::Finalise,
        Self::Uphold,
        Self::Overturn,
        Self::Remand,
        Self::Corrected,
        Self::NotCorrected,
        Self::Close,
    ];

    fn word(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Join => ("join", "并入其他案件", "Join to another case"),
            Self::Refer => ("refer", "告知有权机关", "Not ours: say who is competent"),
            Self::Open => ("open", "立案", "Open"),
            Self::Evidence => ("evidence", "补充证据", "Add evidence"),
            Self::HandOver => ("hand-over", "移交承办人", "Hand over"),
            Self::Notify => ("notify", "告知当事人", "Notify"),
            Self::Reply => ("reply", "陈述申辩", "Reply"),
            Self::EndHearing => ("end-hearing", "期满未陈述", "End the hearing"),
            Self::LookAgain => ("look-again", "补充调查", "Look again"),
            Self::Propose => ("propose", "提出处理意见", "Propose"),
            Self::Return => ("return", "退回", "Send back"),
            Self::Decide => ("decide", "作出决定", "Decide"),
            Self::Appeal => ("appeal", "申请复核", "Appeal"),
            Self::Finalise => ("finalise", "期满生效", "Becomes final"),
            Self::Uphold => ("uphold", "维持", "Uphold"),
            Self::Overturn => ("overturn", "撤销", "Overturn"),
            Self::Remand => ("remand", "发回重查", "Remand"),
            Self::Corrected => ("corrected", "整改合格", "Corrected"),
            Self::NotCorrected => ("not-corrected", "整改不合格", "Not corrected"),
            Self::Close => ("close", "结案", "Close"),
        }
    }

    /// Stable code.
    pub fn code(self) -> &'static str {
        self.word().0
    }

    /// The act with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        Text::new(self.word().1, self.word().2)
    }

    /// Nobody understands it without a word of reason.
    pub fn needs_words(self) -> bool {
        !matches!(
            self,
            Self::Join
                | Self::Open
                | Self::Evidence
                | Self::EndHearing
                | Self::Decide
                | Self::Finalise
                | Self::Close
        )
    }
}

/// Whose hand an act needs. In one case an account has one hand for good.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Hand {
    /// Looks into it and proposes.
    Investigate,
    /// Decides.
    Decide,
    /// Looks at the decision after an appeal.
    Review,
    /// Opened the reporter's sealed name.
    Protect,
    /// Is concerned himself; what comes on paper the investigator enters.
    Concerned,
    /// Time does it.
    Clock,
}

impl Hand {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Investigate => "investigate",
            Self::Decide => "decide",
            Self::Review => "review",
            Self::Protect => "protect",
            Self::Concerned => "concerned",
            Self::Clock => "clock",
        }
    }

    /// The roles that can have it. Only the city reviews.
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Investigate => &[Role::DistrictOfficer, Role::MunicipalOfficer],
            Self::Decide => &[Role::DistrictApprover, Role::MunicipalApprover],
            Self::Review => &[Role::MunicipalApprover],
            Self::Protect => &[Role::MunicipalOfficer],
            Self::Concerned | Self::Clock => &[],
        }
    }
}

/// One line of the table.
#[derive(Debug)]
pub struct Row {
    /// State before.
    pub from: State,
    /// Act.
    pub act: Act,
    /// State after.
    pub to: State,
    /// Whose it is.
    pub hand: Hand,
}

const fn row(from: State, act: Act, to: State, hand: Hand) -> Row {
    Row { from, act, to, hand }
}

/// The whole way.
pub static TABLE: [Row; 32] = [
    row(State::Reported, Act::Join, State::Duplicate, Hand::Investigate),
    row(State::Reported, Act::Refer, State::NotOurs, Hand::Investigate),
    row(State::Reported, Act::Open, State::Investigating, Hand::Investigate),
    row(State::Investigating, Act::Evidence, State::Investigating, Hand::Investigate),
    row(State::Investigating, Act::Notify, State::Notified, Hand::Investigate),
    row(State::Notified, Act::Reply, State::Heard, Hand::Concerned),
    row(State::Notified, Act::EndHearing, State::Heard, Hand::Investigate),
    row(State::Heard, Act::LookAgain, State::Investigating, Hand::Investigate),
    row(State::Heard, Act::Evidence, State::Heard, Hand::Investigate),
    row(State::Heard, Act::Propose, State::Proposed, Hand::Investigate),
    row(State::Proposed, Act::Return, State::Investigating, Hand::Decide),
    row(State::Proposed, Act::Decide, State::Decided, Hand::Decide),
    row(State::Decided, Act::Appeal, State::Appealed, Hand::Concerned),
    row(State::Decided, Act::Finalise, State::Final, Hand::Clock),
    row(State::Appealed, Act::Uphold, State::Final, Hand::Review),
    row(State::Appealed, Act::Overturn, State::Fallen, Hand::Review),
    row(State::Appealed, Act::Remand, State::Investigating, Hand::Review),
    row(State::Final, Act::Evidence, State::Final, Hand::Investigate),
    row(State::Final, Act::Corrected, State::Closed, Hand::Investigate),
    row(State::Final, Act::NotCorrected, State::Final, Hand::Investigate),
    row(State::Final, Act::Close, State::Closed, Hand::Investigate),
    row(State::Fallen, Act::Close, State::Closed, Hand::Investigate),
    // A court, or the office itself, takes back what nobody can appeal against any more.
    row(State::Final, Act::Overturn, State::Fallen, Hand::Review),
    row(State::Closed, Act::Overturn, State::Fallen, Hand::Review),
    // Whoever looks into a case may fall ill, leave, or find that he should not.
    row(State::Investigating, Act::HandOver, State::Investigating, Hand::Investigate),
    row(State::Notified, Act::HandOver, State::Notified, Hand::Investigate),
    row(State::Heard, Act::HandOver, State::Heard, Hand::Investigate),
    row(State::Proposed, Act::HandOver, State::Proposed, Hand::Investigate),
    row(State::Decided, Act::HandOver, State::Decided, Hand::Investigate),
    row(State::Appealed, Act::HandOver, State::Appealed, Hand::Investigate),
    row(State::Final, Act::HandOver, State::Final, Hand::Investigate),
    row(State::Fallen, Act::HandOver, State::Fallen, Hand::Investigate),
];

impl Row {
    /// Whose hand it is when somebody of this role does it. What comes on paper the investigator enters; a
    /// case whose investigator is away is handed over by somebody who may decide.
    pub fn hand_of(&self, role: Role) -> Hand {
        match self.hand {
            Hand::Concerned => Hand::Investigate,
            _ if self.act == Act::HandOver && Hand::Decide.roles().contains(&role) => Hand::Decide,
            hand => hand,
        }
    }
}

/// What the way depends on besides the state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// The deadline of the state is over.
    pub due_is_over: bool,
    /// Pieces of evidence.
    pub evidence: i64,
    /// Somebody is named as the one concerned.
    pub has_respondent: bool,
    /// The decision orders to correct something.
    pub has_order: bool,
    /// There is a decision that has not fallen.
    pub stands: bool,
}

/// The line of the table for an act on a case in a state.
///
/// # Errors
/// [`Refused`] that applies.
pub fn follow(state: State, act: Act, facts: &Facts) -> Result<&'static Row, Refused> {
    let row = TABLE.iter().find(|row| row.from == state && row.act == act);
    let row = row.ok_or(Refused::Step)?;
    let refused = match act {
        Act::Notify if !facts.has_respondent => Some(Refused::NoRespondent),
        Act::Notify if facts.evidence == 0 => Some(Refused::NoEvidence),
        Act::EndHearing | Act::Finalise if !facts.due_is_over => Some(Refused::TooEarly),
        Act::Appeal if facts.due_is_over => Some(Refused::TooLate),
        Act::Corrected | Act::NotCorrected if !facts.has_order => Some(Refused::NoOrder),
        Act::Overturn if !facts.stands => Some(Refused::Step),
        Act::Close if state == State::Final && facts.has_order => Some(Refused::OrderOpen),
        _ => None,
    };
    refused.map_or(Ok(row), Err)
}

/// The table as a Mermaid diagram.
pub fn diagram() -> String {
    let mut text = String::from("stateDiagram-v2\n  [*] --> reported\n");
    let id = |state: State| state.code().replace('-', "_");
    for state in State::ALL {
        let _ = writeln!(text, "  {}: {} {}", id(state), state.name().zh, state.name().en);
    }
    for row in &TABLE {
        let (zh, hand) = (row.act.name().zh, row.hand.code());
        let _ = writeln!(text, "  {} --> {}: {zh} ({hand})", id(row.from), id(row.to));
    }
    for state in State::ALL.into_iter().filter(|state| state.is_end()) {
        let _ = writeln!(text, "  {} --> [*]", id(state));
    }
    text
}
