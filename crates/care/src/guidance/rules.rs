//! Rules of guidance: what a person may be led to, ways of help, and their states.

use items::rules::{Group, Item};
use kernel::divisions::{self, Region};
use kernel::law::{Article, Refusal, Text};
use time::Date;

/// A wish at a counter: code of the outlets' service, names, and what to bring, in both languages.
pub struct Wish {
    /// Code in `outlets::rules::SERVICES`.
    pub service: &'static str,
    /// In a person's own words.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// What to bring.
    pub bring_zh: &'static str,
    /// In English.
    pub bring_en: &'static str,
    /// Page on which it can be done without going anywhere; empty when there is none.
    pub online: &'static str,
}

/// What people come for with the card itself (Art. 11–13).
pub const WISHES: &[Wish] = &[
    Wish {
        service: "apply",
        zh: "办一张社保卡",
        en: "Get a card",
        bring_zh: "本人有效身份证件；代办的另带代办人证件和委托",
        bring_en: "Your identity document; a proxy also brings his own and the mandate",
        online: "/me",
    },
    Wish {
        service: "activate",
        zh: "激活社保卡",
        en: "Activate a card",
        bring_zh: "社会保障卡、本人有效身份证件",
        bring_en: "The card and your identity document",
        online: "",
    },
    Wish {
        service: "loss",
        zh: "卡丢了，要挂失",
        en: "I lost my card",
        bring_zh: "本人有效身份证件；也可拨打12333立即挂失",
        bring_en: "Your identity document; 12333 takes a loss at once",
        online: "/me/loss",
    },
    Wish {
        service: "replace",
        zh: "卡坏了或到期，要换卡",
        en: "Replace a card",
        bring_zh: "原卡、本人有效身份证件",
        bring_en: "The old card and your identity document",
        online: "/me",
    },
    Wish {
        service: "bank",
        zh: "换一家银行",
        en: "Change the bank",
        bring_zh: "社会保障卡、本人有效身份证件",
        bring_en: "The card and your identity document",
        online: "/me",
    },
    Wish {
        service: "cancel",
        zh: "注销社保卡",
        en: "Cancel a card",
        bring_zh: "社会保障卡、本人有效身份证件",
        bring_en: "The card and your identity document",
        online: "",
    },
    Wish {
        service: "other",
        zh: "其他问题，想当面问",
        en: "Something else, in person",
        bring_zh: "本人有效身份证件",
        bring_en: "Your identity document",
        online: "/complaints",
    },
];

/// The wish of a service's code.
pub fn wish(code: &str) -> Option<&'static Wish> {
    WISHES.iter().find(|wish| wish.service == code)
}

/// Whether an item is for somebody of this group, in this place. Nobody's group is asked for proof
/// here: the wizard only leads.
pub fn fits(item: &Item, group: Option<Group>, division: &str) -> bool {
    let groups = &item.details.groups;
    let who = groups.is_empty() || group.is_some_and(|group| groups.contains(&group));
    let place = &item.details.division;
    who && (place.is_empty() || division.is_empty() || place == division)
}

/// The group that a birthday alone tells: for notices of new items.
pub fn group_of(birth: Date, today: Date) -> Option<Group> {
    let had = (birth.month(), birth.day()) <= (today.month(), today.day());
    let age = today.year() - birth.year() - i32::from(!had);
    match age {
        ..18 => Some(Group::Children),
        60.. => Some(Group::Elderly),
        _ => None,
    }
}

/// Kinds of notices that can be switched off: code, name, name in English.
pub const NOTICES: &[(&str, &str, &str)] = &[
    ("expiring", "社会保障卡即将到期", "My card expires soon"),
    ("unpaid", "账单即将到期", "A bill is due soon"),
    ("items", "适合我的新事项", "New items that fit me"),
];

/// Ways of help: code, name, name in English.
pub const WAYS: &[(&str, &str, &str)] = &[
    ("callback", "请工作人员回电", "Call me back"),
    ("home", "上门服务", "Come to my home"),
    ("proxy", "请人代办", "Help through a proxy"),
];

/// Where a request for help stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// In the queue of the place.
    Waiting,
    /// Somebody has it.
    Taken,
    /// Help was given.
    Done,
    /// Taken back, or not possible, with the reason.
    Ended,
}

impl State {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Taken, Self::Done, Self::Ended];

    /// Code, name, name in English.
    pub fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Waiting => ("waiting", "等待安排", "Waiting"),
            Self::Taken => ("taken", "已安排", "Arranged"),
            Self::Done => ("done", "已完成", "Done"),
            Self::Ended => ("ended", "已结束", "Ended"),
        }
    }

    /// The state of a code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.words().0 == code)
    }
}

/// A request for help as it is sent in.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// Code of [`WAYS`].
    pub way: String,
    /// Whom to ask for.
    pub name: String,
    /// Number to call.
    pub phone: String,
    /// GB/T 2260.
    pub division: String,
    /// Where to come; needed for a visit.
    pub address: String,
    /// What it is about, and what to mind.
    pub needs: String,
}

impl Asked {
    /// Checks what was sent in (Art. 15).
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check(mut self, today: Date) -> Result<Self, Refused> {
        for text in [&mut self.name, &mut self.phone, &mut self.address, &mut self.needs] {
            *text = text.trim().to_owned();
        }
        let place = divisions::children(Region::Chongqing, today).any(|d| d.code == self.division);
        if !place || !WAYS.iter().any(|way| way.0 == self.way) {
            return Err(Refused::Choice);
        }
        let dial = |c: char| c.is_ascii_digit() || c == '-' || c == '+';
        if !(5..=20).contains(&self.phone.len()) || !self.phone.chars().all(dial) {
            return Err(Refused::Phone);
        }
        if self.way == "home" && self.address.is_empty() {
            return Err(Refused::Address);
        }
        let long = |text: &str, most| text.chars().count() > most || text.contains('\0');
        let long = long(&self.name, 60) || long(&self.address, 120) || long(&self.needs, 500);
        if long || self.name.is_empty() {
            return Err(Refused::Words);
        }
        Ok(self)
    }
}

/// What comes of an act on a request: `take`, `done` and `end` by staff, `cancel` by the person.
///
/// # Errors
/// [`Refused`].
pub fn next(from: State, act: &str, result: &str) -> Result<State, Refused> {
    let said = (1..=500).contains(&result.trim().chars().count()) && !result.contains('\0');
    match (from, act) {
        (State::Waiting, "take") => Ok(State::Taken),
        (State::Taken, "done") | (State::Waiting | State::Taken, "end") if !said => {
            Err(Refused::Words)
        }
        (State::Taken, "done") => Ok(State::Done),
        (State::Waiting | State::Taken, "end" | "cancel") => Ok(State::Ended),
        _ => Err(Refused::State),
    }
}

/// Why something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Way or place is none of the lists.
    Choice,
    /// The phone is missing or none.
    Phone,
    /// A visit needs an address.
    Address,
    /// Name or words are missing or too long.
    Words,
    /// The state does not allow it.
    State,
    /// There is no such request, or it is somebody else's.
    Unknown,
    /// No such kind of notice.
    Kind,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 7] = [
        Self::Choice,
        Self::Phone,
        Self::Address,
        Self::Words,
        Self::State,
        Self::Unknown,
        Self::Kind,
    ];

    fn words(self) -> [&'static str; 5] {
        match self {
            Self::Choice => [
                "guidance/choice",
                "帮助方式或区县不在可选范围",
                "Way or place is none of the lists",
                "请从列表中选择",
                "Choose from the lists",
            ],
            Self::Phone => [
                "guidance/phone",
                "请填写可拨打的联系电话",
                "A number that can be dialled is needed",
                "请检查电话号码",
                "Check the number",
            ],
            Self::Address => [
                "guidance/address",
                "上门服务需要填写地址",
                "A visit needs an address",
                "请填写上门地址",
                "Write the address",
            ],
            Self::Words => [
                "guidance/words",
                "称呼或说明为空或过长",
                "Name or words are missing or too long",
                "称呼不超过60字，说明不超过500字",
                "Up to 60 letters of name, 500 of words",
            ],
            Self::State => [
                "guidance/state",
                "该请求已由他人处理或已结束",
                "The request has moved on",
                "请刷新后查看",
                "Reload the list",
            ],
            Self::Unknown => [
                "guidance/unknown",
                "没有找到该请求",
                "There is no such request",
                "请从列表中进入",
                "Come from the list",
            ],
            Self::Kind => [
                "guidance/kind",
                "没有这种通知",
                "There is no such notice",
                "请从列表中选择",
                "Choose from the list",
            ],
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.words()[0]
    }

    fn article(&self) -> Option<Article> {
        Some(Article(15))
    }

    fn reason(&self) -> Text {
        let [_, zh, en, ..] = self.words();
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [.., zh, en] = self.words();
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::Unknown => 404,
            Self::State => 409,
            _ => 422,
        }
    }
}
