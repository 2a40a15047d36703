//! The rules of the detection as pure functions: facts of a stream in, findings out.
//!
//! A finding says where to look. It decides nothing: what follows is for people (Art. 20).

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use kernel::id::Id;
use kernel::law::Text;
use kernel::time::Utc;
use time::Date;

/// A rule. What is tuned about it stands in the table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// One card in two districts sooner than anybody travels.
    ImpossibleTravel,
    /// One code shown again and again.
    CodeReplay,
    /// Many cards at one terminal in a short time.
    TerminalCrowd,
    /// Many people with one phone.
    SharedPhone,
    /// A card used after its holder's death.
    UseAfterDeath,
    /// One agent for many people.
    AgentOfMany,
    /// Staff who look at personal data at night.
    OffHours,
    /// An account changed just before money is paid.
    AccountChange,
}

/// A number of a rule that can be tuned: name, default, least, most, what it is.
pub type Param = (&'static str, i64, i64, i64, &'static str, &'static str);

impl Kind {
    /// All rules.
    pub const ALL: [Self; 8] = [
        Self::ImpossibleTravel,
        Self::CodeReplay,
        Self::TerminalCrowd,
        Self::SharedPhone,
        Self::UseAfterDeath,
        Self::AgentOfMany,
        Self::OffHours,
        Self::AccountChange,
    ];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::ImpossibleTravel => "impossible-travel",
            Self::CodeReplay => "code-replay",
            Self::TerminalCrowd => "terminal-crowd",
            Self::SharedPhone => "shared-phone",
            Self::UseAfterDeath => "use-after-death",
            Self::AgentOfMany => "agent-of-many",
            Self::OffHours => "off-hours",
            Self::AccountChange => "account-change",
        }
    }

    /// The rule of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::ImpossibleTravel => ("异地连续用卡", "Impossible travel"),
            Self::CodeReplay => ("卡码重复出示", "Code shown again"),
            Self::TerminalCrowd => ("同一终端多卡", "Many cards at one terminal"),
            Self::SharedPhone => ("同一手机多人", "Many people with one phone"),
            Self::UseAfterDeath => ("身故后用卡", "Use after death"),
            Self::AgentOfMany => ("一人代办多人", "Agent of many"),
            Self::OffHours => ("非工作时间查阅", "Reads at night"),
            Self::AccountChange => ("发放前变更账户", "Account changed before payment"),
        };
        Text::new(zh, en)
    }

    /// Its numbers.
    pub fn params(self) -> &'static [Param] {
        match self {
            Self::ImpossibleTravel => &[
                ("urban_minutes", 10, 1, 120, "主城区之间最少分钟数", "Minutes within the city"),
                ("far_minutes", 40, 5, 600, "其他区县之间最少分钟数", "Minutes between others"),
            ],
            Self::CodeReplay => &[
                ("times", 2, 1, 50, "被拒次数", "Refusals"),
                ("minutes", 60, 1, 60, "时间窗（分钟）", "Window, minutes"),
            ],
            Self::TerminalCrowd => &[
                ("cards", 40, 2, 5_000, "不同的卡数", "Different cards"),
                ("minutes", 5, 1, 60, "时间窗（分钟）", "Window, minutes"),
            ],
            Self::SharedPhone => &[("people", 5, 2, 100, "人数", "People")],
            Self::UseAfterDeath => &[("days", 1, 0, 60, "宽限天数", "Days of grace")],
            Self::AgentOfMany => &[("people", 6, 2, 100, "被代办人数", "People")],
            Self::OffHours => &[
                ("reads", 5, 1, 500, "查阅次数", "Reads"),
                ("from_hour", 22, 0, 23, "开始（时）", "From, hour"),
                ("to_hour", 6, 0, 23, "结束（时）", "To, hour"),
            ],
            Self::AccountChange => &[("days", 3, 1, 60, "发放前天数", "Days before payment")],
        }
    }

    /// Whether a person can be frozen for it at all: some findings are about staff or terminals.
    pub fn is_about_a_card(self) -> bool {
        matches!(
            self,
            Self::ImpossibleTravel | Self::CodeReplay | Self::UseAfterDeath | Self::AccountChange
        )
    }
}

/// A rule as it counts now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which.
    pub kind: Kind,
    /// Version; 0 as long as nobody tuned it.
    pub version: i64,
    /// Whether it looks.
    pub is_on: bool,
    /// Whether it may freeze by itself: bounded, and looked at by an officer.
    pub may_freeze: bool,
    /// Its numbers by name.
    pub params: BTreeMap<String, i64>,
}

impl Rule {
    /// A rule of a new installation.
    pub fn new(kind: Kind) -> Self {
        let params = kind.params().iter().map(|param| (param.0.to_owned(), param.1)).collect();
        Self { kind, version: 0, is_on: true, may_freeze: false, params }
    }

    /// A number of it.
    pub fn get(&self, name: &str) -> i64 {
        let default = || self.kind.params().iter().find(|p| p.0 == name).map_or(0, |p| p.1);
        self.params.get(name).copied().unwrap_or_else(default)
    }
}

/// What happened, with the facts that rules ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A card was shown.
    Use {
        /// Whose.
        person: Id,
        /// Where.
        terminal: Id,
        /// Division of the terminal; empty when it moves.
        division: String,
        /// `ok`, or the code of the refusal.
        result: String,
        /// Day of the holder's death, when on record.
        died_on: Option<Date>,
    },
    /// A member of staff looked at personal data.
    Read {
        /// Account.
        account: Id,
    },
    /// A card was applied for or activated.
    Card {
        /// Whose.
        person: Id,
        /// People with the same phone.
        same_phone: i64,
    },
    /// Somebody was appointed to act.
    Agent {
        /// For whom.
        person: Id,
        /// Known by a digest of his number.
        agent: String,
        /// For how many he acts now.
        people: i64,
    },
    /// Money was approved.
    Payment {
        /// For whom.
        person: Id,
        /// When his account was last changed.
        changed_at: Utc,
    },
}

/// A fact of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Id of the use, journal entry or payment.
    pub id: Id,
    /// When.
    pub at: Utc,
    /// What.
    pub fact: Fact,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub kind: Kind,
    /// What it is about: `person:…`, `terminal:…`, `account:…`, `agent:…`.
    pub about: String,
    /// The person concerned, when it is one.
    pub person: Option<Id>,
    /// In words, without personal data.
    pub facts: Text,
    /// What it rests on: `use:…`, `entry:…`.
    pub evidence: Id,
    /// Where.
    pub division: String,
    /// When.
    pub at: Utc,
}

/// The nine districts of the main city: near to one another.
const URBAN: [&str; 9] =
    ["500103", "500104", "500105", "500106", "500107", "500108", "500109", "500112", "500113"];

/// Minutes that a way between two districts takes at least; none within one or from nowhere.
pub fn least_minutes(rule: &Rule, from: &str, to: &str) -> Option<i64> {
    let district = |division: &str| division.get(..6).map(str::to_owned);
    let (from, to) = (district(from)?, district(to)?);
    let urban = URBAN.contains(&from.as_str()) && URBAN.contains(&to.as_str());
    match urban {
        _ if from == to => None,
        true => Some(rule.get("urban_minutes")),
        false => Some(rule.get("far_minutes")),
    }
}

/// What the rules remember while a stream passes: nothing older than an hour.
#[derive(Default)]
pub struct Memory {
    places: HashMap<Id, (Utc, String)>,
    replays: HashMap<Id, VecDeque<Utc>>,
    crowds: HashMap<Id, VecDeque<(Utc, Id)>>,
    reads: HashMap<Id, VecDeque<Utc>>,
}

fn minutes(rule: &Rule, name: &str) -> i64 {
    rule.get(name) * 60
}

/// Keeps what is within the window and adds the newest.
fn slide<T>(kept: &mut VecDeque<T>, new: T, keep: impl Fn(&T) -> bool) {
    while kept.front().is_some_and(|first| !keep(first)) {
        kept.pop_front();
    }
    kept.push_back(new);
}

impl Memory {
    /// What one rule finds in the next event.
    pub fn look(&mut self, rule: &Rule, event: &Event) -> Option<Finding> {
        let at = event.at;
        let found = |about: String, person: Option<Id>, division: &str, zh: String, en: String| {
            let (facts, division) = (Text::new(zh, en), division.to_owned());
            Some(Finding {
                kind: rule.kind,
                about,
                person,
                facts,
                evidence: event.id,
                division,
                at,
            })
        };
        match (&event.fact, rule.kind) {
            (Fact::Use { person, division, result, .. }, Kind::ImpossibleTravel)
                if result == "ok" && !division.is_empty() =>
            {
                let before = self.places.insert(*person, (at, division.clone()));
                let (since, from) = before?;
                let least = least_minutes(rule, &from, division)?;
                let took = (at.seconds() - since.seconds()) / 60;
                let (zh, en) = (
                    format!("{took}分钟内先后在{from}和{division}用卡，至少需要{least}分钟"),
                    format!("{took} minutes from {from} to {division}; it takes {least}"),
                );
                if took >= least {
                    return None;
                }
                found(format!("person:{person}"), Some(*person), division, zh, en)
            }
            (Fact::Use { person, division, result, .. }, Kind::CodeReplay)
                if result == "codes/replayed" =>
            {
                let window = minutes(rule, "minutes");
                let kept = self.replays.entry(*person).or_default();
                slide(kept, at, |one| at.seconds() - one.seconds() <= window);
                let times = kept.len();
                if (times as i64) < rule.get("times") {
                    return None;
                }
                let (zh, en) =
                    (format!("同一卡码重复出示{times}次"), format!("A code came {times} times"));
                found(format!("person:{person}"), Some(*person), division, zh, en)
            }
            (Fact::Use { person, terminal, division, .. }, Kind::TerminalCrowd) => {
                let window = minutes(rule, "minutes");
                let kept = self.crowds.entry(*terminal).or_default();
                slide(kept, (at, *person), |one| at.seconds() - one.0.seconds() <= window);
                if (kept.len() as i64) < rule.get("cards") {
                    return None;
                }
                let cards = kept.iter().map(|one| one.1).collect::<BTreeSet<_>>().len();
                if (cards as i64) < rule.get("cards") {
                    return None;
                }
                let (zh, en) = (
                    format!("{}分钟内出示{cards}张不同的卡", rule.get("minutes")),
                    format!("{cards} cards within {} minutes", rule.get("minutes")),
                );
                found(format!("terminal:{terminal}"), None, division, zh, en)
            }
            (Fact::Use { person, division, died_on: Some(died), .. }, Kind::UseAfterDeath) => {
                let days = (at.day() - *died).whole_days();
                if days <= rule.get("days") {
                    return None;
                }
                let (zh, en) =
                    (format!("身故{days}天后用卡"), format!("Used {days} days after the death"));
                found(format!("person:{person}"), Some(*person), division, zh, en)
            }
            (Fact::Read { account }, Kind::OffHours) if is_night(rule, at) => {
                let kept = self.reads.entry(*account).or_default();
                slide(kept, at, |one| at.seconds() - one.seconds() <= 3_600);
                let reads = kept.len();
                if (reads as i64) < rule.get("reads") {
                    return None;
                }
                let (zh, en) = (
                    format!("非工作时间一小时内查阅{reads}次"),
                    format!("{reads} reads within an hour at night"),
                );
                found(format!("account:{account}"), None, "", zh, en)
            }
            (Fact::Card { person, same_phone }, Kind::SharedPhone)
                if *same_phone >= rule.get("people") =>
            {
                let (zh, en) = (
                    format!("{same_phone}人预留同一手机"),
                    format!("{same_phone} people have one phone"),
                );
                found(format!("person:{person}"), Some(*person), "", zh, en)
            }
            (Fact::Agent { agent, people, .. }, Kind::AgentOfMany)
                if *people >= rule.get("people") =>
            {
                let (zh, en) = (
                    format!("同一代办人为{people}人代办"),
                    format!("One agent acts for {people} people"),
                );
                found(format!("agent:{agent}"), None, "", zh, en)
            }
            (Fact::Payment { person, changed_at }, Kind::AccountChange) => {
                let ago = at.seconds() - changed_at.seconds();
                if !(0..=rule.get("days") * 86_400).contains(&ago) {
                    return None;
                }
                let hours = ago / 3_600;
                let (zh, en) = (
                    format!("发放前{hours}小时变更收款账户"),
                    format!("Account changed {hours} hours before the payment"),
                );
                found(format!("person:{person}"), Some(*person), "", zh, en)
            }
            _ => None,
        }
    }
}

/// Whether it is night in Chongqing, as the rule says.
fn is_night(rule: &Rule, at: Utc) -> bool {
    let hour = (at.seconds() + 8 * 3_600).rem_euclid(86_400) / 3_600;
    let (from, to) = (rule.get("from_hour"), rule.get("to_hour"));
    match from <= to {
        true => (from..to).contains(&hour),
        false => hour >= from || hour < to,
    }
}

/// What the rules that are on find in events, in order; `fresh` says which of them are new: the others
/// only remind.
pub fn detect(rules: &[Rule], events: &[Event], fresh: impl Fn(&Event) -> bool) -> Vec<Finding> {
    let (mut memory, mut findings) = (Memory::default(), Vec::new());
    let rules: Vec<&Rule> = rules.iter().filter(|rule| rule.is_on).collect();
    for event in events {
        let new = fresh(event);
        for rule in &rules {
            findings.extend(memory.look(rule, event).filter(|_| new));
        }
    }
    findings
}
