//! What the rules refuse.

use kernel::law::{Article, Refusal, Text};

/// Why something about banks is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// No agreement with the bank is in force, or it does not cover this.
    NotInForce,
    /// No such cooperating bank.
    NoSuchBank,
    /// Bank code or phone not in its form, or the organisation is no bank.
    BankForm,
    /// The code or organisation is known already.
    BankKnown,
    /// A proposal waits already.
    Waiting,
    /// The days do not fit one another.
    Days,
    /// A text is missing or too long.
    Words,
    /// An agreement without services.
    Services,
    /// It would begin before the agreement that it follows.
    Overlap,
    /// A division that is not in force.
    Divisions,
    /// The card has an account already.
    HasAccount,
    /// The card has no account.
    NoAccount,
    /// The account's state does not allow this now.
    NotNow,
    /// A request is under way; one at a time.
    UnderWay,
    /// The account number is not in its form.
    Number,
    /// A known event id came with other content.
    EventDiffers,
    /// A state, time or id of an event is not in its form.
    EventForm,
    /// Whoever sends back or closes must say why.
    NoComment,
    /// The alarm is closed, or somebody else has taken it.
    AlarmNotYours,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 19] = [
        Self::NotInForce,
        Self::NoSuchBank,
        Self::BankForm,
        Self::BankKnown,
        Self::Waiting,
        Self::Days,
        Self::Words,
        Self::Services,
        Self::Overlap,
        Self::Divisions,
        Self::HasAccount,
        Self::NoAccount,
        Self::NotNow,
        Self::UnderWay,
        Self::Number,
        Self::EventDiffers,
        Self::EventForm,
        Self::NoComment,
        Self::AlarmNotYours,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NotInForce => "banks/agreement-not-in-force",
            Self::NoSuchBank => "banks/no-such-bank",
            Self::BankForm => "banks/bank-form",
            Self::BankKnown => "banks/bank-known",
            Self::Waiting => "banks/proposal-waits",
            Self::Days => "banks/days",
            Self::Words => "banks/words",
            Self::Services => "banks/no-services",
            Self::Overlap => "banks/begins-too-early",
            Self::Divisions => "banks/division-not-in-force",
            Self::HasAccount => "banks/has-account",
            Self::NoAccount => "banks/no-account",
            Self::NotNow => "banks/not-in-this-state",
            Self::UnderWay => "banks/request-under-way",
            Self::Number => "banks/account-number",
            Self::EventDiffers => "banks/event-differs",
            Self::EventForm => "banks/event-form",
            Self::NoComment => "banks/comment-missing",
            Self::AlarmNotYours => "banks/alarm-not-yours",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(match self {
            // Loss and release are services of Art. 11; the rest is the banks' own article.
            Self::NotNow | Self::UnderWay => 11,
            Self::AlarmNotYours => 20,
            _ => 10,
        }))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::NotInForce => (
                "该银行的合作协议不在有效期内或不含此项服务",
                "No agreement with this bank is in force for this service",
            ),
            Self::NoSuchBank => ("没有这家合作银行", "There is no such cooperating bank"),
            Self::BankForm => ("银行代码、电话或机构类型不符", "Bank code, phone or kind is wrong"),
            Self::BankKnown => ("该银行已登记", "This bank is known already"),
            Self::Waiting => ("已有待审批的版本", "A proposal waits already"),
            Self::Days => ("日期先后或期限不符", "The days do not fit one another"),
            Self::Words => ("文字缺失或过长", "A text is missing or too long"),
            Self::Services => ("协议未选服务内容", "The agreement has no services"),
            Self::Overlap => ("生效日早于现有协议", "It would begin before the present one"),
            Self::Divisions => ("区县代码无效", "A division is not in force"),
            Self::HasAccount => ("该卡已有金融账户", "The card has an account already"),
            Self::NoAccount => ("该卡没有金融账户", "The card has no account"),
            Self::NotNow => ("账户当前状态不能办理此项", "The account's state does not allow this"),
            Self::UnderWay => ("上一项银行业务尚无结果", "A request to the bank is under way"),
            Self::Number => ("账号格式不正确", "The account number is not in its form"),
            Self::EventDiffers => ("同一事件编号内容不同", "A known event id has other content"),
            Self::EventForm => ("事件内容不正确", "The event is not in its form"),
            Self::NoComment => ("须填写说明", "A word of reason is needed"),
            Self::AlarmNotYours => {
                ("该告警已办结或由他人处理", "The alarm is closed or somebody else's")
            }
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::NotInForce => ("请选择其他合作银行", "Choose another cooperating bank"),
            Self::NoSuchBank => ("请查阅合作银行名单", "See the list of cooperating banks"),
            Self::BankForm => (
                "代码为4至12位大写字母和数字，机构类型为银行",
                "Code: 4 to 12 capital letters and digits; the organisation is a bank",
            ),
            Self::BankKnown => ("请打开该银行页面", "Open the bank's page"),
            Self::Waiting => ("请先办结待审批的版本", "Have that one decided first"),
            Self::Days => (
                "签订日不晚于生效日，截止日不早于今天",
                "Signed before it begins, ends not before today",
            ),
            Self::Words | Self::Services => ("请补全后提交", "Complete it and send again"),
            Self::Overlap => ("请选择更晚的生效日期", "Choose a later first day"),
            Self::Divisions => ("请从列表中选择区县", "Choose from the list of divisions"),
            Self::HasAccount => ("如需换行，请办理银行变更", "To change the bank, ask for that"),
            Self::NoAccount => ("请先办理预开户", "Have an account opened first"),
            Self::NotNow => ("请查看账户状态", "Look at the account's state"),
            Self::UnderWay => ("请等待银行答复后再办", "Wait for the bank's answer"),
            Self::Number => (
                "账号为8至32位数字；62开头的须通过校验",
                "8 to 32 digits; those from 62 have a check digit",
            ),
            Self::EventDiffers => ("新事件请使用新的编号", "A new event needs a new id"),
            Self::EventForm => ("请对照银行接口文档", "Compare with the bank port's description"),
            Self::NoComment => ("请填写后提交", "Write it and send again"),
            Self::AlarmNotYours => ("请刷新告警列表", "Reload the list of alarms"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::NoSuchBank | Self::NoAccount => 404,
            Self::BankForm
            | Self::Days
            | Self::Words
            | Self::Services
            | Self::Overlap
            | Self::Divisions
            | Self::Number
            | Self::EventForm
            | Self::NoComment => 422,
            _ => 409,
        }
    }
}
