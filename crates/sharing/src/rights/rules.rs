//! The rights of a person over his data (Art. 18, 19; Personal Information Protection Law 44–49): what may
//! be asked for, what the law makes us keep, and who may answer.

use kernel::law::{Article, Refusal, Text};

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// A copy (PIPL 45).
    Copy,
    /// A correction, with evidence (PIPL 46).
    Correction,
    /// A deletion (PIPL 47).
    Deletion,
    /// No further use for a purpose (PIPL 44).
    Restriction,
    /// Why something was refused without a person looking at it (PIPL 24, 48).
    Explanation,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Copy, Self::Correction, Self::Deletion, Self::Restriction, Self::Explanation];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Correction => "correction",
            Self::Deletion => "deletion",
            Self::Restriction => "restriction",
            Self::Explanation => "explanation",
        }
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Copy => ("查阅和复制", "A copy"),
            Self::Correction => ("更正", "A correction"),
            Self::Deletion => ("删除", "A deletion"),
            Self::Restriction => ("限制使用", "No further use for a purpose"),
            Self::Explanation => ("要求说明", "An explanation"),
        };
        Text::new(zh, en)
    }
}

/// Where a request stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    /// Asked for.
    Asked,
    /// Somebody looks into it.
    Taken,
    /// Done as asked.
    Granted,
    /// Refused with its ground.
    Refused,
    /// Taken back.
    Withdrawn,
}

impl State {
    /// All states.
    pub const ALL: [Self; 5] =
        [Self::Asked, Self::Taken, Self::Granted, Self::Refused, Self::Withdrawn];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Taken => "taken",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Asked => ("已提交", "Asked"),
            Self::Taken => ("办理中", "Under way"),
            Self::Granted => ("已办结", "Granted"),
            Self::Refused => ("不予办理", "Refused"),
            Self::Withdrawn => ("已撤回", "Withdrawn"),
        };
        Text::new(zh, en)
    }

    /// Class of the badge that shows it.
    pub fn badge(self) -> &'static str {
        match self {
            Self::Granted => "badge-ok",
            Self::Refused => "badge-bad",
            Self::Withdrawn => "",
            Self::Asked | Self::Taken => "badge-info",
        }
    }

    /// Nothing more happens.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Asked | Self::Taken)
    }
}

/// What the platform holds about a person, why, for how long, and whether it may go before that.
#[derive(Clone, Copy, Debug)]
pub struct Holding {
    /// Stable code.
    pub key: &'static str,
    /// Name, Chinese and English.
    pub name: (&'static str, &'static str),
    /// Why it is held.
    pub purpose: (&'static str, &'static str),
    /// Legal basis.
    pub basis: &'static str,
    /// How long.
    pub term: (&'static str, &'static str),
    /// It goes when the person wants it.
    pub deletable: bool,
}

/// Everything that is held about a person.
pub const HOLDINGS: &[Holding] = &[
    Holding {
        key: "identity",
        name: ("姓名、证件、性别、出生日期、民族", "Name, document, sex, birth, nation"),
        purpose: ("证明持卡人身份", "To prove who the holder is"),
        basis: "Art. 5, 12",
        term: ("卡注销后按社会保险档案期限", "As social insurance files, after the card's end"),
        deletable: false,
    },
    Holding {
        key: "phone",
        name: ("手机号码", "Phone"),
        purpose: ("发送验证码和通知", "For codes and messages"),
        basis: "Art. 12",
        term: ("有卡期间，可要求删除", "While there is a card; may go before"),
        deletable: true,
    },
    Holding {
        key: "address",
        name: ("通信地址", "Address"),
        purpose: ("邮寄卡片", "To deliver a card"),
        basis: "Art. 12",
        term: ("有卡期间，可要求删除", "While there is a card; may go before"),
        deletable: true,
    },
    Holding {
        key: "cards",
        name: ("社会保障卡及其办理过程", "Cards and what was done with them"),
        purpose: ("制发和管理社会保障卡", "To issue and keep cards"),
        basis: "Art. 10–13",
        term: ("永久，一人一卡的依据", "For ever: one person, one card"),
        deletable: false,
    },
    Holding {
        key: "uses",
        name: ("用卡记录", "Uses of the card"),
        purpose: ("核验、结算和持卡人查询", "Verification, and for the holder himself"),
        basis: "Art. 7, 14",
        term: ("按事项规定的期限", "As the item says"),
        deletable: false,
    },
    Holding {
        key: "payments",
        name: ("通过社保卡发放的资金", "Money received through the card"),
        purpose: ("发放和对账", "Payment and reconciliation"),
        basis: "Art. 8",
        term: ("会计档案期限（30年）", "As accounts (30 years)"),
        deletable: false,
    },
    Holding {
        key: "evidence",
        name: ("证件影像和签名", "Images of documents, signatures"),
        purpose: ("申领和变更的依据", "Proof of applications and changes"),
        basis: "Art. 12",
        term: ("设定的保存期满自动删除", "Deleted by itself at the end of its term"),
        deletable: false,
    },
    Holding {
        key: "accesses",
        name: ("查阅记录", "Who saw the data"),
        purpose: ("监督信息使用", "To watch over its use"),
        basis: "Art. 18, 19",
        term: ("不少于三年", "Three years at least (PIPL 56)"),
        deletable: false,
    },
];

/// Why something is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It is not said what it is about.
    Unclear,
    /// The law makes us keep it.
    Kept,
    /// There is an open request of that kind about that.
    Open,
    /// It has ended.
    Over,
    /// Somebody else must answer.
    OwnRequest,
    /// A refusal names its ground.
    GroundMissing,
    /// Whoever asks for somebody else shows that he may.
    NotEntitled,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 7] = [
        Self::Unclear,
        Self::Kept,
        Self::Open,
        Self::Over,
        Self::OwnRequest,
        Self::GroundMissing,
        Self::NotEntitled,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Unclear => "rights/unclear",
            Self::Kept => "rights/kept-by-law",
            Self::Open => "rights/open-already",
            Self::Over => "rights/over",
            Self::OwnRequest => "rights/own-request",
            Self::GroundMissing => "rights/ground-missing",
            Self::NotEntitled => "rights/not-entitled",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(19))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::Unclear => ("请写明要求的内容", "Say what it is about"),
            Self::Kept => ("该信息依法须保存，不能提前删除", "The law makes us keep this"),
            Self::Open => ("同一要求正在办理", "The same request is under way"),
            Self::Over => ("该要求已经办结", "The request has ended"),
            Self::OwnRequest => ("不能办理本人提出的要求", "Nobody answers his own request"),
            Self::GroundMissing => ("不予办理须写明依据和理由", "A refusal names its ground"),
            Self::NotEntitled => (
                "代为提出须是监护人、受托人，或逝者的近亲属并有证明",
                "Only a guardian, an agent, or a close relative of the deceased with proof may ask",
            ),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::Unclear => ("写明涉及的信息和理由", "Name the data and your reason"),
            Self::Kept => ("可要求限制使用，或要求说明", "Ask for restriction or an explanation"),
            Self::Open => ("请等待答复", "Wait for the answer"),
            Self::Over => ("如仍有异议，可投诉", "You may complain if you do not agree"),
            Self::OwnRequest => ("请由另一人办理", "Let somebody else do it"),
            Self::GroundMissing => ("补充后再提交", "Add it and send again"),
            Self::NotEntitled => {
                ("请登记代理关系，或出示关系证明", "Register the agency, or show proof")
            }
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::Unclear | Self::GroundMissing => 422,
            Self::OwnRequest | Self::NotEntitled => 403,
            _ => 409,
        }
    }
}

/// Whether a request may be made.
///
/// # Errors
/// The [`Refused`] that applies.
pub fn may_ask(kind: Kind, about: &str, words: &str, open: bool) -> Result<(), Refused> {
    if open {
        return Err(Refused::Open);
    }
    let holding = HOLDINGS.iter().find(|holding| holding.key == about);
    match kind {
        Kind::Deletion if holding.is_none() => Err(Refused::Unclear),
        Kind::Deletion if holding.is_some_and(|holding| !holding.deletable) => Err(Refused::Kept),
        Kind::Copy | Kind::Deletion => Ok(()),
        _ if words.trim().is_empty() => Err(Refused::Unclear),
        _ => Ok(()),
    }
}
