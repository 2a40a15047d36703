//! The words that an item is described with; each has a stable code and a name for people.

use kernel::law::Text;

/// The field of life that an item belongs to (Art. 7, 8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Area {
    /// 人力资源.
    HumanResources,
    /// 社会保险.
    SocialInsurance,
    /// 政务服务.
    Government,
    /// 交通出行.
    Transport,
    /// 旅游观光.
    Tourism,
    /// 文化体验.
    Culture,
    /// 卫生健康.
    Health,
    /// 缴费支付.
    Payment,
}

impl Area {
    /// All fields, in the order of the public list.
    pub const ALL: [Self; 8] = [
        Self::HumanResources,
        Self::SocialInsurance,
        Self::Government,
        Self::Transport,
        Self::Tourism,
        Self::Culture,
        Self::Health,
        Self::Payment,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::HumanResources => "hr",
            Self::SocialInsurance => "social-insurance",
            Self::Government => "government",
            Self::Transport => "transport",
            Self::Tourism => "tourism",
            Self::Culture => "culture",
            Self::Health => "health",
            Self::Payment => "payment",
        }
    }

    /// The field with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|area| area.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::HumanResources => ("人力资源", "Human resources"),
            Self::SocialInsurance => ("社会保险", "Social insurance"),
            Self::Government => ("政务服务", "Government services"),
            Self::Transport => ("交通出行", "Transport"),
            Self::Tourism => ("旅游观光", "Tourism"),
            Self::Culture => ("文化体验", "Culture"),
            Self::Health => ("卫生健康", "Health"),
            Self::Payment => ("缴费支付", "Payment"),
        };
        Text::new(zh, en)
    }
}

/// Which of the three lists of Art. 14 an item stands on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum List {
    /// The city's list.
    City,
    /// An addition of a district.
    District,
    /// The list of Chongqing and Sichuan.
    Joint,
}

impl List {
    /// All lists.
    pub const ALL: [Self; 3] = [Self::City, Self::District, Self::Joint];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::City => "city",
            Self::District => "district",
            Self::Joint => "joint",
        }
    }

    /// The list with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::City => ("市级清单", "City list"),
            Self::District => ("区县新增清单", "District list"),
            Self::Joint => ("川渝一卡通清单", "Chongqing–Sichuan list"),
        };
        Text::new(zh, en)
    }
}

/// How surely the holder must be recognised. Each level holds the ones before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Level {
    /// A valid card code.
    Code,
    /// A valid card code and the holder's password.
    CodeAndPassword,
    /// The physical card itself.
    Card,
}

impl Level {
    /// All levels, weakest first.
    pub const ALL: [Self; 3] = [Self::Code, Self::CodeAndPassword, Self::Card];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::CodeAndPassword => "code+password",
            Self::Card => "card",
        }
    }

    /// The level with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Code => ("出示卡码即可", "Card code"),
            Self::CodeAndPassword => ("卡码并输入密码", "Card code and password"),
            Self::Card => ("须持实体卡", "Physical card"),
        };
        Text::new(zh, en)
    }
}

/// A way to use the card for an item.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Way {
    /// The holder shows the code of the electronic card.
    Code,
    /// The physical card is read.
    Card,
    /// The holder uses the electronic card on a service's own pages.
    Online,
}

impl Way {
    /// All ways.
    pub const ALL: [Self; 3] = [Self::Code, Self::Card, Self::Online];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Card => "card",
            Self::Online => "online",
        }
    }

    /// The way with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Code => ("出示卡码", "Show the card code"),
            Self::Card => ("刷实体卡", "Present the physical card"),
            Self::Online => ("网上办理", "Online"),
        };
        Text::new(zh, en)
    }

    /// Whether a holder who comes this way can be recognised as surely as `level` asks.
    pub fn reaches(self, level: Level) -> bool {
        self == Self::Card || level < Level::Card
    }
}

/// What has become of a version.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// It waits for its decision.
    Proposed,
    /// It is on the list; whether it is in force depends on the day.
    Published,
    /// It was sent back and never came on the list.
    Rejected,
}

impl State {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Proposed, Self::Published, Self::Rejected];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Published => "published",
            Self::Rejected => "rejected",
        }
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Proposed => ("待决定", "Waits for its decision"),
            Self::Published => ("已公布", "Published"),
            Self::Rejected => ("已退回", "Sent back"),
        };
        Text::new(zh, en)
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}
