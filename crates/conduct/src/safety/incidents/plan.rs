//! The emergency plan (应急预案) as data: levels, roles, phone tree, first steps, deadlines, notices.
//!
//! Minutes count from the opening. The four levels follow the national scheme of network-security
//! emergencies (特别重大、重大、较大、一般 = I to IV).

use kernel::law::Text;

/// A kind of incident.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// Cards collected, used or stolen by others, many at once (冒领、冒用、盗用).
    CardFraud,
    /// Personal data leaked, was changed or lost (PIPL 57).
    DataBreach,
    /// The platform or a part of it is down.
    Outage,
    /// Terminals fail or were tampered with.
    Terminals,
    /// A bank does not pay or pays wrongly.
    Bank,
    /// Keys are lost or known to others.
    Keys,
    /// The connection to the other region fails.
    OtherRegion,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::CardFraud,
        Self::DataBreach,
        Self::Outage,
        Self::Terminals,
        Self::Bank,
        Self::Keys,
        Self::OtherRegion,
    ];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::CardFraud => "card-fraud",
            Self::DataBreach => "data-breach",
            Self::Outage => "outage",
            Self::Terminals => "terminals",
            Self::Bank => "bank",
            Self::Keys => "keys",
            Self::OtherRegion => "other-region",
        }
    }

    /// The kind of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::CardFraud => ("冒领、冒用、盗用", "Cards used by others"),
            Self::DataBreach => ("个人信息泄露、篡改、丢失", "Breach of personal data"),
            Self::Outage => ("平台中断", "Outage"),
            Self::Terminals => ("终端故障或被改动", "Terminals failed or tampered with"),
            Self::Bank => ("银行支付异常", "A bank fails"),
            Self::Keys => ("密钥泄露或损坏", "Keys lost or known"),
            Self::OtherRegion => ("川渝连接中断", "Connection to the other region"),
        };
        Text::new(zh, en)
    }
}

/// A part of the service, as the public knows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Component {
    /// Verification of codes and cards.
    Verification,
    /// Payments.
    Payments,
    /// Pages.
    Pages,
    /// Terminals.
    Terminals,
}

impl Component {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Verification, Self::Payments, Self::Pages, Self::Terminals];

    /// As stored and published.
    pub fn code(self) -> &'static str {
        match self {
            Self::Verification => "verification",
            Self::Payments => "payments",
            Self::Pages => "pages",
            Self::Terminals => "terminals",
        }
    }

    /// The part of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Verification => ("用卡核验", "Verification"),
            Self::Payments => ("资金发放", "Payments"),
            Self::Pages => ("网页和手机服务", "Pages"),
            Self::Terminals => ("用卡终端", "Terminals"),
        };
        Text::new(zh, en)
    }
}

/// How a part works, worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Impact {
    /// As always.
    None,
    /// Slowly, or not everywhere.
    Partial,
    /// Not at all.
    Down,
}

impl Impact {
    /// All of them, worst last.
    pub const ALL: [Self; 3] = [Self::None, Self::Partial, Self::Down];

    /// As stored and published.
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Partial => "partial",
            Self::Down => "down",
        }
    }

    /// The impact of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code() == code)
    }

    /// For people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::None => ("运行正常", "Works"),
            Self::Partial => ("部分受影响", "Partly affected"),
            Self::Down => ("暂不可用", "Not available"),
        };
        Text::new(zh, en)
    }

    /// Class of its badge.
    pub fn badge(self) -> &'static str {
        match self {
            Self::None => "ok",
            Self::Partial => "warn",
            Self::Down => "bad",
        }
    }
}

/// `I` to `IV`.
pub fn roman(level: i64) -> &'static str {
    match level {
        1 => "I",
        2 => "II",
        3 => "III",
        _ => "IV",
    }
}

/// What a level means.
pub fn level_name(level: i64) -> Text {
    let (zh, en) = match level {
        1 => ("特别重大", "Very grave"),
        2 => ("重大", "Grave"),
        3 => ("较大", "Considerable"),
        _ => ("一般", "Ordinary"),
    };
    Text::new(zh, en)
}

/// A post of the phone tree: who is called, by whom, within how many minutes, from which level on.
#[derive(Clone, Copy, Debug)]
pub struct Post {
    /// Post, in Chinese.
    pub zh: &'static str,
    /// Post, in English.
    pub en: &'static str,
    /// Who calls.
    pub caller: (&'static str, &'static str),
    /// Within minutes.
    pub minutes: i64,
    /// For this level and graver ones.
    pub from_level: i64,
}

/// The phone tree. Numbers stand in the duty register, not here.
pub const PHONE_TREE: &[Post] = &[
    post("技术值班", "Technician on duty", ("值班人员", "duty officer"), 5, 4),
    post("平台负责人", "Head of the platform", ("值班人员", "duty officer"), 10, 4),
    post("市人社局分管领导", "Deputy head of the authority", ("平台负责人", "head"), 20, 3),
    post("市人社局主要领导", "Head of the authority", ("分管领导", "deputy head"), 30, 2),
    post("市政府总值班室", "Duty office of the city", ("主要领导", "head"), 60, 1),
    post("四川省人社厅值班", "Duty officer of Sichuan", ("值班人员", "duty officer"), 30, 2),
];

const fn post(
    zh: &'static str,
    en: &'static str,
    caller: (&'static str, &'static str),
    minutes: i64,
    from_level: i64,
) -> Post {
    Post { zh, en, caller, minutes, from_level }
}

/// A step of the plan, a task of an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// first, notice, breach.
    pub kind: &'static str,
    /// Who does it.
    pub role: &'static str,
    /// In Chinese.
    pub zh: &'static str,
    /// In English.
    pub en: &'static str,
    /// Minutes from the opening.
    pub minutes: i64,
    /// For this level and graver ones.
    pub from_level: i64,
}

const fn step(
    kind: &'static str,
    role: &'static str,
    (zh, en): (&'static str, &'static str),
    minutes: i64,
    from_level: i64,
) -> Step {
    Step { kind, role, zh, en, minutes, from_level }
}

const ALWAYS: &[Step] = &[
    step("first", "值班人员", ("核实情况，确定级别", "Check, and set the level"), 15, 4),
    step("first", "值班人员", ("按电话树逐级报告", "Call along the phone tree"), 30, 4),
    step("first", "技术值班", ("保全日志和证据", "Secure logs and evidence"), 60, 4),
    step("notice", "值班人员", ("在状态页公布", "Publish on the status page"), 30, 3),
    step(
        "notice",
        "平台负责人",
        ("向市网信办、公安机关报告", "Report to cyberspace office and police"),
        60,
        2,
    ),
    step("notice", "分管领导", ("形成事件快报", "First written report"), 120, 2),
];

/// The steps of a kind at a level, by their deadline.
pub fn steps(kind: Kind, level: i64, breach_hours: i64) -> Vec<Step> {
    let own: &[Step] = match kind {
        Kind::CardFraud => &[
            step(
                "first",
                "值班人员",
                ("查询并批量冻结涉及的卡", "Find and mass-freeze the cards"),
                30,
                4,
            ),
            step(
                "first",
                "值班人员",
                ("暂停涉及批次的资金发放", "Stop the payments concerned"),
                30,
                3,
            ),
            step(
                "notice",
                "热线坐席",
                ("告知持卡人冻结和申诉办法", "Tell holders about freeze and appeal"),
                240,
                4,
            ),
        ],
        Kind::DataBreach => &[
            step(
                "first",
                "技术值班",
                ("立即采取补救措施，止住泄露", "Remedy: stop the leak"),
                60,
                4,
            ),
            step(
                "breach",
                "平台负责人",
                ("认定信息种类、原因、可能危害", "What data, why, what harm"),
                240,
                4,
            ),
            step(
                "breach",
                "平台负责人",
                ("通知履行个人信息保护职责的部门", "Notify the data-protection authority"),
                480,
                4,
            ),
        ],
        Kind::Outage => &[
            step(
                "first",
                "技术值班",
                ("启用备用节点和应急码", "Standby node and emergency codes"),
                30,
                4,
            ),
            step("notice", "热线坐席", ("热线统一答复口径", "One answer for the hotline"), 30, 4),
        ],
        Kind::Terminals => &[
            step("first", "技术值班", ("停用涉及的终端", "Block the terminals"), 15, 4),
            step("notice", "值班人员", ("告知所属单位和场所", "Tell owners and places"), 60, 4),
        ],
        Kind::Bank => &[
            step("first", "财务值班", ("暂停向该行发送文件", "Stop files to the bank"), 15, 4),
            step("notice", "财务值班", ("书面要求银行说明", "Ask the bank in writing"), 120, 3),
        ],
        Kind::Keys => &[
            step("first", "密钥管理员", ("吊销并更换密钥", "Revoke and replace keys"), 30, 4),
            step(
                "notice",
                "平台负责人",
                ("向密码管理部门报告", "Report to the cryptography office"),
                120,
                3,
            ),
        ],
        Kind::OtherRegion => &[
            step("first", "技术值班", ("与四川侧联合排查", "Look together with Sichuan"), 30, 4),
            step(
                "notice",
                "值班人员",
                ("通报四川省人社厅", "Tell the authority of Sichuan"),
                60,
                4,
            ),
        ],
    };
    let mut all: Vec<Step> = ALWAYS.iter().chain(own).copied().collect();
    if kind == Kind::DataBreach {
        // PIPL 57: people are told, unless the measures avert the harm and the authority agrees.
        let zh_en = ("通知个人，或记录免予通知的理由", "Tell people, or say why not");
        all.push(step("breach", "平台负责人", zh_en, breach_hours * 60, 4));
    }
    all.retain(|step| level <= step.from_level);
    all.sort_by_key(|step| step.minutes);
    all
}

/// What a notice of a breach must say (PIPL 57): to authority and people.
pub const BREACH_CONTENT: &[(&str, &str)] = &[
    (
        "发生或者可能发生泄露、篡改、丢失的个人信息种类、原因和可能造成的危害",
        "Kinds of data concerned, cause, possible harm",
    ),
    (
        "已采取的补救措施和个人可以采取的减轻危害的措施",
        "Remedies taken, and what people can do to limit the harm",
    ),
    ("处理者的联系方式", "How to reach us"),
];
