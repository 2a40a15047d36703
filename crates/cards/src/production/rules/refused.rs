//! Why production says no.

use kernel::law::{Article, Refusal, Text};

use super::{BatchState, LineState, Stage};

/// Why a step of production is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The line stands elsewhere in the table.
    LineStep(Stage, LineState),
    /// The batch stands elsewhere.
    BatchStep(Stage, BatchState),
    /// No ordered card waits there.
    NothingToGather,
    /// A file cannot be taken: see its faults.
    FileRefused,
    /// A decision needs its reason.
    ReasonMissing,
    /// No blank card is left.
    NoStock,
    /// The count of blanks is no count.
    WrongCount,
    /// The difference of a count needs an explanation.
    NoExplanation,
    /// The card is being made already, in a batch or at a counter.
    InProduction,
    /// Nobody is making this card at a counter.
    NoInstantIssue,
    /// The printer's steps have their order.
    StepOrder,
    /// The chip answers with another number than the one printed.
    NumberDiffers,
    /// What the device reported cannot be true.
    BadReport,
    /// The parcel or letter is at another step.
    DeliveryStep,
    /// A letter needs an address.
    NoAddress,
    /// It must be on record which document was shown.
    NoDocument,
    /// An agent is on record with name, number and relation.
    AgentIncomplete,
    /// The same person cannot be the witness.
    SamePerson,
    /// It was settled already.
    Settled,
}

impl Refused {
    /// One of each kind, for documents and tests.
    pub const ALL: [Self; 19] = [
        Self::LineStep(Stage::Bank, LineState::Waiting),
        Self::BatchStep(Stage::Bank, BatchState::Waiting),
        Self::NothingToGather,
        Self::FileRefused,
        Self::ReasonMissing,
        Self::NoStock,
        Self::WrongCount,
        Self::NoExplanation,
        Self::InProduction,
        Self::NoInstantIssue,
        Self::StepOrder,
        Self::NumberDiffers,
        Self::BadReport,
        Self::DeliveryStep,
        Self::NoAddress,
        Self::NoDocument,
        Self::AgentIncomplete,
        Self::SamePerson,
        Self::Settled,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::LineStep(..) => "production/line-step",
            Self::BatchStep(..) => "production/batch-step",
            Self::NothingToGather => "production/nothing-to-gather",
            Self::FileRefused => "production/file-refused",
            Self::ReasonMissing => "production/reason-missing",
            Self::NoStock => "production/no-stock",
            Self::WrongCount => "production/wrong-count",
            Self::NoExplanation => "production/no-explanation",
            Self::InProduction => "production/in-production",
            Self::NoInstantIssue => "production/no-instant-issue",
            Self::StepOrder => "production/step-order",
            Self::NumberDiffers => "production/number-differs",
            Self::BadReport => "production/bad-report",
            Self::DeliveryStep => "production/delivery-step",
            Self::NoAddress => "production/no-address",
            Self::NoDocument => "production/no-document",
            Self::AgentIncomplete => "production/agent-incomplete",
            Self::SamePerson => "production/same-person",
            Self::Settled => "production/settled",
        }
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::NoDocument | Self::AgentIncomplete => Some(Article(12)),
            Self::SamePerson => Some(Article(25)),
            _ => Some(Article(11)),
        }
    }

    fn reason(&self) -> Text {
        match self {
            Self::LineStep(stage, state) => {
                let (stage, (state, _)) = (stage.name(), state.name());
                Text::new(
                    format!("该卡在「{}」环节的状态为「{}」，不能这样处理", stage.zh, state.zh),
                    format!("At “{}” this card is “{}”: this does not fit", stage.en, state.en),
                )
            }
            Self::BatchStep(stage, state) => {
                let (stage, (state, _)) = (stage.name(), state.name());
                Text::new(
                    format!("批次在「{}」环节的状态为「{}」", stage.zh, state.zh),
                    format!("At “{}” the batch is “{}”", stage.en, state.en),
                )
            }
            Self::NothingToGather => Text::new("没有待制的卡", "No card waits to be made"),
            Self::FileRefused => {
                Text::new("回盘文件有误，整份退回", "The file has faults and is refused as a whole")
            }
            Self::ReasonMissing => Text::new("缺少处理原因", "The reason is missing"),
            Self::NoStock => Text::new("空白卡库存不足", "Not enough blank cards in stock"),
            Self::WrongCount => Text::new("数量不正确", "This is no possible count"),
            Self::NoExplanation => {
                Text::new("盘点有差异，须说明原因", "A difference needs its explanation")
            }
            Self::InProduction => Text::new("该卡正在制作中", "This card is being made already"),
            Self::NoInstantIssue => {
                Text::new("该卡没有正在进行的即时制卡", "Nobody is making this card at a counter")
            }
            Self::StepOrder => Text::new(
                "这一步已经保存，或前一步尚未完成",
                "This step is saved already, or the one before it is not done",
            ),
            Self::NumberDiffers => Text::new(
                "芯片读出的卡号与卡面不一致",
                "The chip answers with another number than the card shows",
            ),
            Self::BadReport => {
                Text::new("设备回报的内容格式有误", "What the device reported cannot be true")
            }
            Self::DeliveryStep => Text::new(
                "该卡的领取或邮寄状态不符",
                "The delivery of this card is at another step",
            ),
            Self::NoAddress => Text::new("缺少邮寄地址", "The address is missing"),
            Self::NoDocument => Text::new("缺少出示的证件", "Which document was shown is missing"),
            Self::AgentIncomplete => Text::new(
                "代领人须登记姓名、证件号码和与本人的关系",
                "An agent is recorded with name, document number and relation",
            ),
            Self::SamePerson => Text::new("须由另一人核对", "Another person must witness this"),
            Self::Settled => Text::new("该事项已办结", "This is settled already"),
        }
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::LineStep(..) | Self::BatchStep(..) | Self::StepOrder => {
                ("请刷新页面，按当前步骤办理", "Reload the page and go on from the present step")
            }
            Self::NothingToGather => {
                ("请先受理申领，或选择其他范围", "Take applications first, or choose another scope")
            }
            Self::FileRefused => (
                "请按逐行提示更正后重新提交；原批次没有任何变化",
                "Correct the named lines and send it again; nothing of the batch has changed",
            ),
            Self::ReasonMissing => ("请填写原因", "Write the reason"),
            Self::NoStock => (
                "请先登记到货或从其他网点调拨，也可以改为批量制卡",
                "Enter a delivery or a transfer first, or let the batch make the card",
            ),
            Self::WrongCount => {
                ("请填写 1 到 1000000 之间的整数", "A whole number from 1 to 1000000")
            }
            Self::NoExplanation => ("请写明差异原因", "Explain the difference"),
            Self::InProduction => {
                ("请等待该批次完成，或先撤回", "Wait for its batch, or take the card out of it")
            }
            Self::NoInstantIssue => ("请从第一步开始", "Begin with the first step"),
            Self::NumberDiffers => {
                ("请登记废卡后重新制作", "Record the card as spoiled and start again")
            }
            Self::BadReport => {
                ("请对照设备屏幕重新录入", "Compare with the device and enter it again")
            }
            Self::DeliveryStep => ("请刷新页面后办理", "Reload the page"),
            Self::NoAddress => ("请填写完整的邮寄地址", "Enter the full address"),
            Self::NoDocument => ("请核验并登记证件", "Check the document and record it"),
            Self::AgentIncomplete => ("请补全代领人信息", "Complete the agent's data"),
            Self::SamePerson => ("请由同事登录后确认", "Let a colleague sign in and confirm"),
            Self::Settled => ("请刷新列表", "Reload the list"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::FileRefused
            | Self::ReasonMissing
            | Self::WrongCount
            | Self::NoExplanation
            | Self::NumberDiffers
            | Self::BadReport
            | Self::NoAddress
            | Self::NoDocument
            | Self::AgentIncomplete => 422,
            Self::SamePerson => 403,
            _ => 409,
        }
    }
}
