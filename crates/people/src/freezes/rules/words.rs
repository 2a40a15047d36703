//! Reasons of a freeze, and names of things for people.

use kernel::law::Text;

use super::{Scope, Source, Thaw};

/// Why a card is frozen: the cases that Art. 20 names, and those around them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// Somebody else collected it (冒领).
    ClaimedByOther,
    /// Somebody else uses it (冒用).
    UsedByOther,
    /// Stolen and used (盗用).
    Stolen,
    /// The phone is lost.
    PhoneLost,
    /// Data leaked.
    Leaked,
    /// The pattern of uses is suspicious.
    Suspicious,
    /// The holder is said to have died.
    Death,
    /// An authority asks for it, by a document.
    Authority,
    /// A terminal, a bank or an outlet failed.
    Incident,
    /// The holder wants it.
    Wish,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 10] = [
        Self::ClaimedByOther,
        Self::UsedByOther,
        Self::Stolen,
        Self::PhoneLost,
        Self::Leaked,
        Self::Suspicious,
        Self::Death,
        Self::Authority,
        Self::Incident,
        Self::Wish,
    ];

    /// Reasons that a holder chooses from.
    pub const OF_HOLDERS: [Self; 4] =
        [Self::UsedByOther, Self::Stolen, Self::PhoneLost, Self::Wish];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::ClaimedByOther => "claimed-by-other",
            Self::UsedByOther => "used-by-other",
            Self::Stolen => "stolen",
            Self::PhoneLost => "phone-lost",
            Self::Leaked => "leaked",
            Self::Suspicious => "suspicious",
            Self::Death => "death",
            Self::Authority => "authority",
            Self::Incident => "incident",
            Self::Wish => "wish",
        }
    }

    /// The reason of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::ClaimedByOther => ("冒领", "Collected by somebody else"),
            Self::UsedByOther => ("冒用", "Used by somebody else"),
            Self::Stolen => ("盗用", "Stolen"),
            Self::PhoneLost => ("手机丢失", "Phone lost"),
            Self::Leaked => ("信息泄露", "Data leaked"),
            Self::Suspicious => ("用卡异常", "Suspicious uses"),
            Self::Death => ("疑似身故", "Said to have died"),
            Self::Authority => ("有权机关要求", "An authority asks for it"),
            Self::Incident => ("突发事件", "An incident"),
            Self::Wish => ("本人要求", "The holder wants it"),
        };
        Text::new(zh, en)
    }
}

impl Scope {
    /// For people.
    pub fn name(&self) -> Text {
        match self {
            Self::All => Text::new("全部", "Everything"),
            Self::Money => Text::new("资金", "Money"),
            Self::Identity => Text::new("身份核验", "Proof of identity"),
            Self::Item(code) => Text::new(format!("事项 {code}"), format!("Item {code}")),
        }
    }
}

impl Source {
    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Holder => ("本人", "The holder"),
            Self::Hotline => ("热线", "Hotline"),
            Self::Clerk => ("窗口", "Counter"),
            Self::Officer => ("值班人员", "Officer on duty"),
            Self::Rule => ("预警规则", "A rule"),
            Self::Mass => ("批量冻结", "Mass freeze"),
            Self::Region => ("对方地区", "Another region"),
        };
        Text::new(zh, en)
    }
}

impl Thaw {
    /// What the holder does to end it.
    pub fn advice(self) -> Text {
        let (zh, en) = match self {
            Self::Holder => (
                "本人登录后凭密码和短信验证码解冻",
                "The holder ends it himself with password and code",
            ),
            Self::Counter => {
                ("本人持有效身份证件到网点解冻", "It ends at an outlet, with the holder's document")
            }
            Self::TwoOfficers => (
                "由人社部门两名工作人员核实后解冻；有异议可以申诉",
                "Two officers end it after checking; the holder can appeal",
            ),
            Self::Region => (
                "由提出冻结的地区核实后解冻；有异议可以申诉，由本地区请对方核实",
                "The region that froze ends it after checking; the holder can appeal here",
            ),
        };
        Text::new(zh, en)
    }
}
