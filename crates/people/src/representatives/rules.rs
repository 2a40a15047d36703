//! Who may represent whom, for what and how long.

use kernel::id::Id;
use kernel::law::{Article, Refusal, Text};
use kernel::time::{Utc, day_text};
use time::{Date, Duration};

use crate::number::PersonNumber;
use crate::rules::{Person, age};

/// Age from which a person represents himself and may represent others (Civil Code, Art. 17, 18).
pub const OF_AGE: i32 = 18;

/// What a representative may do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Act {
    /// Apply for a card.
    Apply,
    /// Collect it.
    Collect,
    /// Activate it.
    Activate,
    /// Report it lost.
    Loss,
    /// Release it after a report of loss.
    Release,
    /// Have it replaced.
    Replace,
    /// Have it cancelled.
    Cancel,
    /// Ask about it.
    Enquire,
}

impl Act {
    /// All acts.
    pub const ALL: [Self; 8] = [
        Self::Apply,
        Self::Collect,
        Self::Activate,
        Self::Loss,
        Self::Release,
        Self::Replace,
        Self::Cancel,
        Self::Enquire,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Collect => "collect",
            Self::Activate => "activate",
            Self::Loss => "loss",
            Self::Release => "release",
            Self::Replace => "replace",
            Self::Cancel => "cancel",
            Self::Enquire => "enquire",
        }
    }

    /// The act with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Apply => ("申领", "Apply"),
            Self::Collect => ("领卡", "Collect"),
            Self::Activate => ("激活", "Activate"),
            Self::Loss => ("挂失", "Report lost"),
            Self::Release => ("解挂", "Release"),
            Self::Replace => ("补换", "Replace"),
            Self::Cancel => ("注销", "Cancel"),
            Self::Enquire => ("查询", "Enquire"),
        };
        Text::new(zh, en)
    }
}

/// The two kinds of representation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// By law, for everything.
    Guardian,
    /// By authorisation, for what it says.
    Agent,
}

impl Kind {
    /// Stable code.
    pub fn code(self) -> &'static str {
        if self == Self::Guardian { "guardian" } else { "agent" }
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Guardian, Self::Agent].into_iter().find(|kind| kind.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        match self {
            Self::Guardian => Text::new("监护人", "Guardian"),
            Self::Agent => Text::new("代办人", "Agent"),
        }
    }
}

/// Somebody who may act for a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Representative {
    /// The record he was entered for.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// Guardian or agent.
    pub kind: Kind,
    /// What he is to the person, in plain words.
    pub relation: String,
    /// What he may do; a guardian may do everything.
    pub scope: Vec<Act>,
    /// His name as on his document.
    pub name: String,
    /// His number.
    pub number: PersonNumber,
    /// Code of the kind of his document.
    pub document: String,
    /// His phone; may be empty.
    pub phone: String,
    /// Proof of guardianship, or the authorisation.
    pub evidence: Id,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
    /// When it was revoked or ended early.
    pub ended_at: Option<Utc>,
}

impl Representative {
    /// Whether it holds on a day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.ended_at.is_none() && self.from <= day && day <= self.until
    }

    /// Whether its scope has an act.
    pub fn covers(&self, act: Act) -> bool {
        self.kind == Kind::Guardian || self.scope.contains(&act)
    }
}

/// Why somebody may not act for a person, or is not entered as his representative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// He is not registered as representative.
    Nobody,
    /// The representation has ended or was revoked, or has not begun.
    NotInForce(Date),
    /// The authorisation does not have this act.
    OutOfScope(Act),
    /// The one who is represented has died: what is left goes by the rules of cancellation.
    Deceased,
    /// A guardian or agent must be of age.
    TooYoung,
    /// Nobody represents himself.
    Himself,
    /// The last day lies before the first, or is over.
    WrongDays,
    /// An agent without any act.
    NoScope,
    /// It has ended already.
    EndedAlready,
}

impl Refused {
    /// One of each kind, for documents and tests.
    pub const ALL: [Self; 9] = [
        Self::Nobody,
        Self::NotInForce(Date::MIN),
        Self::OutOfScope(Act::Enquire),
        Self::Deceased,
        Self::TooYoung,
        Self::Himself,
        Self::WrongDays,
        Self::NoScope,
        Self::EndedAlready,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Nobody => "people/not-a-representative",
            Self::NotInForce(_) => "people/representation-not-in-force",
            Self::OutOfScope(_) => "people/representation-out-of-scope",
            Self::Deceased => "people/represented-deceased",
            Self::TooYoung => "people/representative-too-young",
            Self::Himself => "people/represents-himself",
            Self::WrongDays => "people/representation-wrong-days",
            Self::NoScope => "people/representation-without-scope",
            Self::EndedAlready => "people/representation-ended-already",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(if *self == Self::Deceased { 13 } else { 12 }))
    }

    fn reason(&self) -> Text {
        match self {
            Self::Nobody => Text::new(
                "未登记为该人员的监护人或代办人",
                "Not registered as guardian or agent of this person",
            ),
            Self::NotInForce(day) => {
                let day = day_text(*day);
                Text::new(
                    format!("监护或委托不在有效期内（截止 {day}）"),
                    format!("The guardianship or authorisation is not in force (until {day})"),
                )
            }
            Self::OutOfScope(act) => {
                let name = act.name();
                Text::new(
                    format!("委托范围不包括「{}」", name.zh),
                    format!("The authorisation does not cover “{}”", name.en),
                )
            }
            Self::Deceased => Text::new(
                "被代理人已登记死亡，委托终止",
                "The represented person is registered as deceased",
            ),
            Self::TooYoung => {
                Text::new("监护人、代办人须年满18周岁", "A guardian or agent must be 18 or older")
            }
            Self::Himself => Text::new("不能登记本人为代办人", "Nobody is his own representative"),
            Self::WrongDays => Text::new("起止日期有误", "The days are not right"),
            Self::NoScope => Text::new("请选择委托事项", "Choose what the agent may do"),
            Self::EndedAlready => Text::new("该监护或委托已终止", "It has ended already"),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::Nobody | Self::NotInForce(_) => Text::new(
                "请持监护证明或本人委托书、双方有效身份证件到网点登记",
                "Register at an outlet with the proof or authorisation and both documents",
            ),
            Self::OutOfScope(_) | Self::NoScope => {
                Text::new("请补充委托书，写明可办事项", "Bring an authorisation that names the act")
            }
            Self::Deceased => {
                Text::new("请办理注销（第十三条）", "The card is cancelled instead (Art. 13)")
            }
            Self::TooYoung => Text::new("请由成年人代办", "An adult must act"),
            Self::Himself => Text::new("本人可直接办理", "The person himself may simply act"),
            Self::WrongDays => Text::new(
                "请填写今天或以后的截止日期，且不早于开始日期",
                "The last day is today or later, and not before the first",
            ),
            Self::EndedAlready => Text::new("请刷新页面", "Reload the page"),
        }
    }

    fn status(&self) -> u16 {
        match self {
            Self::Nobody | Self::NotInForce(_) | Self::OutOfScope(_) => 403,
            Self::TooYoung | Self::Himself | Self::WrongDays | Self::NoScope => 422,
            Self::Deceased | Self::EndedAlready => 409,
        }
    }
}

/// Looks at a representation before it is entered. A guardianship over a minor ends by itself the day
/// before he is 18; whoever needs a guardian afterwards is entered anew, with new proof.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn admit(person: &Person, one: Representative, today: Date) -> Result<Representative, Refused> {
    if person.deceased_on.is_some() {
        return Err(Refused::Deceased);
    }
    if one.number == person.number {
        return Err(Refused::Himself);
    }
    if one.number.birth().is_some_and(|birth| age(birth, today) < OF_AGE) {
        return Err(Refused::TooYoung);
    }
    if one.kind == Kind::Agent && one.scope.is_empty() {
        return Err(Refused::NoScope);
    }
    let minor = one.kind == Kind::Guardian && age(person.birth, today) < OF_AGE;
    let until = if minor { one.until.min(eve_of_age(person.birth)) } else { one.until };
    if until < one.from || until < today {
        return Err(Refused::WrongDays);
    }
    Ok(Representative { until, ..one })
}

/// The one of `known` (all entries of one representative) who may do this act today.
///
/// # Errors
/// [`Refused`], with Art. 12.
pub fn choose(
    person: &Person,
    known: Vec<Representative>,
    act: Act,
    today: Date,
) -> Result<Representative, Refused> {
    if person.deceased_on.is_some() && !matches!(act, Act::Cancel | Act::Enquire) {
        return Err(Refused::Deceased);
    }
    let Some(last) = known.iter().map(|one| one.until).max() else { return Err(Refused::Nobody) };
    let mut in_force = known.into_iter().filter(|one| one.holds_on(today)).peekable();
    if in_force.peek().is_none() {
        return Err(Refused::NotInForce(last));
    }
    in_force.find(|one| one.covers(act)).ok_or(Refused::OutOfScope(act))
}

/// The last day on which somebody is under 18. Who is born on 29 February is 18 on 1 March.
pub fn eve_of_age(birth: Date) -> Date {
    let year = birth.year() + OF_AGE;
    let birthday =
        birth.replace_year(year).or_else(|_| Date::from_calendar_date(year, time::Month::March, 1));
    birthday.map_or(Date::MAX, |day| day.saturating_sub(Duration::days(1)))
}
