//! Why a step of money is refused.

use kernel::law::{Article, Refusal, Text};

/// A refusal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The thing is not in a state for this step.
    NotNow,
    /// A contradiction must be decided first.
    Held,
    /// The maker wanted to check his own work.
    OwnWork,
    /// The second approver is the first.
    SameApprover,
    /// The batch is not released.
    NotReleased,
    /// Somebody pressed stop.
    Stopped,
    /// The roster is not approved.
    NotApproved,
    /// The roster has no good line.
    Empty,
    /// So many lines have a live or paid payment of this programme and period already.
    Doubled(i64),
    /// So many good lines lack a person, bank account or amount.
    Incomplete(i64),
    /// This exception does not allow the action.
    NotAllowed,
    /// The stop was pressed by the one who wants to lift it.
    OwnStop,
    /// The correction is the checker's own.
    OwnCorrection,
    /// The account is not one of the holder's, or not in order.
    BadAccount,
    /// More came back than is owed, or nothing.
    NotSoMuch,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NotNow => "funds/not-now",
            Self::Held => "funds/in-suspense",
            Self::OwnWork => "funds/own-work",
            Self::SameApprover => "funds/same-approver",
            Self::NotReleased => "funds/not-released",
            Self::Stopped => "funds/stopped",
            Self::NotApproved => "funds/roster-not-approved",
            Self::Empty => "funds/no-good-line",
            Self::Doubled(_) => "funds/paid-already",
            Self::Incomplete(_) => "funds/incomplete-lines",
            Self::NotAllowed => "funds/action-not-allowed",
            Self::OwnStop => "funds/own-stop",
            Self::OwnCorrection => "funds/own-correction",
            Self::BadAccount => "funds/account-not-in-order",
            Self::NotSoMuch => "funds/more-than-owed",
        }
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::OwnWork | Self::SameApprover | Self::OwnStop | Self::OwnCorrection => {
                Some(Article(25))
            }
            Self::Doubled(_) => Some(Article(25)),
            Self::BadAccount | Self::Incomplete(_) => Some(Article(8)),
            _ => None,
        }
    }

    fn reason(&self) -> Text {
        match self {
            Self::NotNow => {
                Text::new("当前状态不能办理这一步", "This step does not fit the present state")
            }
            Self::Held => Text::new(
                "该笔资金待查，须先作出认定",
                "The money is in suspense until somebody decides",
            ),
            Self::OwnWork => {
                Text::new("申请拨付的人不能审批自己的申请", "Nobody approves his own request")
            }
            Self::SameApprover => Text::new(
                "超过限额须由两位不同的人员审批",
                "Above the threshold two different people approve",
            ),
            Self::NotReleased => Text::new("该批次尚未批准拨付", "The batch is not released"),
            Self::Stopped => Text::new("发放已被叫停", "Somebody has stopped the payments"),
            Self::NotApproved => {
                Text::new("名册尚未通过财政审批", "The roster is not approved by finance")
            }
            Self::Empty => Text::new("名册没有可发放的明细", "The roster has no good line"),
            Self::Doubled(count) => Text::new(
                format!("{count} 行在本项目本期已有未退回的发放"),
                format!("{count} lines are paid or being paid for this programme and period"),
            ),
            Self::Incomplete(count) => Text::new(
                format!("{count} 行缺少人员、银行账户或金额"),
                format!("{count} lines lack a person, a bank account or an amount"),
            ),
            Self::NotAllowed => {
                Text::new("该差错不能这样处理", "This exception does not allow that")
            }
            Self::OwnStop => Text::new("叫停须由另一位人员解除", "Another person lifts a stop"),
            Self::OwnCorrection => {
                Text::new("不能复核自己提交的更正", "Nobody reviews his own correction")
            }
            Self::BadAccount => Text::new(
                "所选卡的银行账户不能收款",
                "The account of this card cannot receive money",
            ),
            Self::NotSoMuch => Text::new(
                "追回金额须大于0，且不超过尚未追回的金额",
                "What came back is more than nothing and at most what is still owed",
            ),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::Doubled(_) | Self::Incomplete(_) => {
                Text::new("请在名册中剔除或改正这些行", "Strike or correct these lines")
            }
            Self::OwnWork | Self::SameApprover | Self::OwnStop | Self::OwnCorrection => {
                Text::new("请由另一位有权人员办理", "Ask another person with the right")
            }
            Self::Stopped => {
                Text::new("查明原因后由他人解除叫停", "Find the cause; another person lifts it")
            }
            Self::BadAccount => Text::new(
                "请选择状态正常的社会保障卡账户，或先到银行恢复账户",
                "Choose a card whose account is in order, or have the bank restore it",
            ),
            Self::NotSoMuch => Text::new(
                "请在单笔凭证页查看尚未追回的金额后重新填写",
                "The payment's page tells what is owed; enter the sum again",
            ),
            _ => Text::new("请刷新页面后再办理", "Reload the page and decide again"),
        }
    }

    fn status(&self) -> u16 {
        match self {
            Self::OwnWork | Self::SameApprover | Self::OwnStop | Self::OwnCorrection => 403,
            _ => 409,
        }
    }
}
