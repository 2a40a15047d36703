//! Why a line is not paid, and what a reviewer should look at.

use kernel::law::Text;

/// Why a line is bad, or was struck.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Reason {
    /// The line itself cannot be read.
    Unreadable,
    /// The number is none.
    Number,
    /// No name.
    Name,
    /// No amount, or none that is one.
    Amount,
    /// No quantity where the formula needs one.
    Quantity,
    /// A programme by household needs its code.
    Household,
    /// Nobody has this number.
    Unknown,
    /// The person has died.
    Deceased,
    /// The name is another.
    NameDiffers,
    /// No card.
    NoCard,
    /// The card is not activated, or has ended.
    CardNotActive,
    /// The card has no bank account.
    NoAccount,
    /// The account is closed, lost, frozen or not active yet.
    AccountNotActive,
    /// The account that the line names is not this person's.
    AccountDiffers,
    /// Above the most of a line.
    AboveLimit,
    /// Another amount than the formula gives.
    NotTheFormula,
    /// The person, or the household, stands above in this list already.
    Doubled,
    /// In another list of the same programme and period.
    DoubledPeriod,
    /// In a list of a programme that excludes this one.
    Conflict,
    /// Person, card or account changed between check and payment.
    ChangedSince,
    /// Left out of a repetition.
    LeftOut,
    /// An objection was upheld.
    Upheld,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 22] = [
        Self::Unreadable,
        Self::Number,
        Self::Name,
        Self::Amount,
        Self::Quantity,
        Self::Household,
        Self::Unknown,
        Self::Deceased,
        Self::NameDiffers,
        Self::NoCard,
        Self::CardNotActive,
        Self::NoAccount,
        Self::AccountNotActive,
        Self::AccountDiffers,
        Self::AboveLimit,
        Self::NotTheFormula,
        Self::Doubled,
        Self::DoubledPeriod,
        Self::Conflict,
        Self::ChangedSince,
        Self::LeftOut,
        Self::Upheld,
    ];

    /// Stable code and the texts in both languages.
    fn about(self) -> [&'static str; 3] {
        match self {
            Self::Unreadable => [
                "unreadable",
                "该行无法读取，请检查格式",
                "The line cannot be read: check its form",
            ],
            Self::Number => {
                ["number", "证件号码不正确，请核对", "The number is not right: check it"]
            }
            Self::Name => ["name", "缺少姓名", "The name is missing"],
            Self::Amount => [
                "amount",
                "金额缺失或不正确（元，最多两位小数）",
                "The amount is missing or wrong (yuan, two decimals)",
            ],
            Self::Quantity => [
                "quantity",
                "数量缺失或不正确（最多三位小数）",
                "The quantity is missing or wrong (three decimals)",
            ],
            Self::Household => [
                "household",
                "按户发放须填写户编号",
                "A household programme needs the household's code",
            ],
            Self::Unknown => [
                "unknown-person",
                "没有此人的登记，请核对号码或先办理登记",
                "Nobody has this number: check it, or register the person",
            ],
            Self::Deceased => ["deceased", "该人员已去世，不再发放", "The person has died"],
            Self::NameDiffers => {
                ["name-differs", "姓名与登记不一致，请核对", "The name is not the registered one"]
            }
            Self::NoCard => ["no-card", "没有社会保障卡，请先申领", "No card: apply for one first"],
            Self::CardNotActive => {
                ["card-not-active", "社会保障卡未激活，请先激活", "The card is not active"]
            }
            Self::NoAccount => [
                "no-account",
                "社会保障卡没有银行账户，请先开通金融功能",
                "The card has no bank account: open its financial function",
            ],
            Self::AccountNotActive => [
                "account-not-active",
                "银行账户状态不正常，请到银行办理",
                "The bank account is not in order: see the bank",
            ],
            Self::AccountDiffers => [
                "account-differs",
                "账号不是本人社会保障卡的账户",
                "The account is not the one of the person's card",
            ],
            Self::AboveLimit => ["above-limit", "金额超过单笔上限", "Above the most of one line"],
            Self::NotTheFormula => [
                "not-the-formula",
                "金额与标准计算结果不一致",
                "Another amount than the standard gives",
            ],
            Self::Doubled => ["doubled", "本名册中重复", "Doubled in this list"],
            Self::DoubledPeriod => [
                "doubled-period",
                "同一项目同一期间的其他名册中已有",
                "In another list of this programme and period",
            ],
            Self::Conflict => {
                ["conflict", "已享受不得同时享受的项目", "Gets a programme that excludes this one"]
            }
            Self::ChangedSince => [
                "changed-since",
                "核对后人员、卡或账户状态发生变化",
                "Person, card or account changed after the check",
            ],
            Self::LeftOut => ["left-out", "本期不再发放", "Left out this time"],
            Self::Upheld => ["objection", "公示异议成立", "An objection was upheld"],
        }
    }

    /// Stable code.
    pub fn code(self) -> &'static str {
        self.about()[0]
    }

    /// The reason with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// What is wrong and what to do.
    pub fn text(self) -> Text {
        let [_, zh, en] = self.about();
        Text::new(zh, en)
    }
}

/// The reason with this code in words; the code itself when it is unknown.
pub fn reason_text(code: &str) -> Text {
    Reason::from_code(code).map_or_else(|| Text::new(code, code), Reason::text)
}

/// Many people have one telephone.
pub const PHONE: &str = "phone";
/// Many people have one agent.
pub const AGENT: &str = "agent";
/// The account changed shortly before.
pub const CHANGED: &str = "account";
/// Code of the warning: the amount is far from that of the last payment.
pub const AMOUNT: &str = "amount";

/// Warnings as stored (`phone,agent,`) in words.
pub fn warn_text(codes: &str) -> Text {
    let mut text = Text::default();
    for code in codes.split(',').filter(|code| !code.is_empty()) {
        let (zh, en) = match code {
            PHONE => ("多人同一手机号", "many people with one telephone"),
            AGENT => ("多人同一代理人", "many people with one agent"),
            CHANGED => ("账户近期变更", "account changed lately"),
            AMOUNT => ("金额与上次相差大", "amount far from the last one"),
            other => (other, other),
        };
        let (zh_gap, en_gap) = if text.zh.is_empty() { ("", "") } else { ("；", "; ") };
        text = Text::new(format!("{}{zh_gap}{zh}", text.zh), format!("{}{en_gap}{en}", text.en));
    }
    text
}
