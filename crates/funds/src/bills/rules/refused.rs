//! Refusals.

use kernel::law::{Article, Refusal, Text};

/// Why something about bills is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It cannot happen in this state.
    NotNow,
    /// Not an account number of this biller.
    AccountForm,
    /// The biller knows no such account.
    NoAccount,
    /// The biller does not answer.
    NoAnswer,
    /// The holder keeps this account already.
    Kept,
    /// More accounts than one person keeps.
    TooMany,
    /// Too long, or with characters that nobody sees.
    Nickname,
    /// Somebody pays this bill already.
    BeingPaid,
    /// There is no card account in order to pay from.
    NoCardAccount,
    /// The biller is not in the register any more.
    BillerClosed,
    /// Limits of an authorisation.
    Limit,
    /// Last day of an authorisation.
    EndDay,
    /// An authorisation for this account exists.
    HasMandate,
    /// The maker wanted to decide on his own work.
    OwnWork,
    /// A biller's data has not its form.
    BillerForm,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NotNow => "bills/not-now",
            Self::AccountForm => "bills/account-form",
            Self::NoAccount => "bills/no-account",
            Self::NoAnswer => "bills/no-answer",
            Self::Kept => "bills/kept",
            Self::TooMany => "bills/too-many",
            Self::Nickname => "bills/nickname",
            Self::BeingPaid => "bills/being-paid",
            Self::NoCardAccount => "bills/no-card-account",
            Self::BillerClosed => "bills/biller-closed",
            Self::Limit => "bills/limit",
            Self::EndDay => "bills/end-day",
            Self::HasMandate => "bills/has-mandate",
            Self::OwnWork => "bills/own-work",
            Self::BillerForm => "bills/biller-form",
        }
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::OwnWork => Some(Article(25)),
            Self::NoCardAccount => Some(Article(10)),
            _ => None,
        }
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::NotNow => ("当前状态不能办理", "This cannot be done now"),
            Self::AccountForm => ("户号格式不正确", "This is no account number"),
            Self::NoAccount => {
                ("收费单位没有查到这个户号", "The biller knows no account of this number")
            }
            Self::NoAnswer => ("收费单位暂时没有答复", "The biller does not answer now"),
            Self::Kept => ("您已添加过这个户号", "You keep this account already"),
            Self::TooMany => ("添加的户号太多", "These are too many accounts"),
            Self::Nickname => ("备注名最多12个字", "A nickname has at most 12 characters"),
            Self::BeingPaid => {
                ("这张账单已缴或正在缴", "This bill is paid, or being paid at the moment")
            }
            Self::NoCardAccount => (
                "社会保障卡没有可用的银行账户",
                "Your card has no bank account that can be debited",
            ),
            Self::BillerClosed => ("该收费单位已停止合作", "This biller takes part no more"),
            Self::Limit => (
                "限额不正确：每笔不超过十万元，每月不低于每笔",
                "A limit is wrong: at most 100,000 yuan a bill, and a month at least as much as a bill",
            ),
            Self::EndDay => {
                ("到期日应在今天之后三年之内", "The last day lies within three years from today")
            }
            Self::HasMandate => ("该户号已有代扣授权", "This account has an authorisation already"),
            Self::OwnWork => {
                ("经办人不能审批自己提交的事项", "Nobody decides on what he made himself")
            }
            Self::BillerForm => ("收费单位资料不完整", "The biller's data is not complete"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::NotNow => ("请刷新页面查看最新状态", "Reload the page"),
            Self::AccountForm | Self::NoAccount => {
                ("请对照缴费通知单核对户号", "Compare it with the biller's letter")
            }
            Self::NoAnswer => {
                ("请稍后再查；也可按原有方式缴费", "Try later, or pay as you did before")
            }
            Self::Kept | Self::HasMandate => ("请在列表中查看", "You find it in the list"),
            Self::TooMany => ("请先删除不用的户号", "Remove one that you do not need"),
            Self::Nickname => ("请写短一些", "Make it shorter"),
            Self::BeingPaid => {
                ("请勿重复缴费，结果会短信告知", "Do not pay twice: you will get a message")
            }
            Self::NoCardAccount => (
                "请先到合作银行激活金融功能；也可按原有方式缴费",
                "Activate the financial function at your bank, or pay as you did before",
            ),
            Self::BillerClosed => ("请按原有方式缴费", "Pay as you did before"),
            Self::Limit | Self::EndDay | Self::BillerForm => ("请按提示修改", "Correct it"),
            Self::OwnWork => ("请由另一位有权人员审批", "Ask another person with the right"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::OwnWork => 403,
            Self::AccountForm | Self::Nickname | Self::Limit | Self::EndDay | Self::BillerForm => {
                422
            }
            Self::NoAccount => 404,
            Self::NoAnswer => 503,
            _ => 409,
        }
    }
}
