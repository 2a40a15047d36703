//! Why something about the list is refused, with its article and advice.

use kernel::law::{Article, Refusal, Text};

/// Why something about the list is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// No version of the item is in force on that day.
    NotListed,
    /// The code is not in its form.
    Code,
    /// A name, basis or guide is missing or too long.
    Words,
    /// No way of use, one twice, or one that cannot reach the level.
    Ways,
    /// A field is disclosed twice, or beside a smaller one that it contains.
    Fields,
    /// The joint list is drafted by the HRSS of both regions, not by another department.
    JointList,
    /// It would begin in the past: a list in force is never changed backwards.
    InThePast,
    /// It would begin before the version that is published already has begun and ended.
    Overlap,
    /// Another organisation is responsible for the item.
    NotOwner,
    /// A proposal for this item waits already.
    Waiting,
    /// Whoever sends a proposal back must say why.
    NoComment,
    /// Somebody wanted to check what he made himself.
    OwnWork,
    /// The step belongs to another role, organisation or district.
    NotYourStep,
    /// A decision of a government needs the number of its document.
    NoEvidence,
    /// The same service is on the list under another code.
    Clash,
    /// A number is out of its bounds, or a text too long.
    Details,
    /// A district adds for itself, and only for itself.
    Division,
    /// Why the fields are needed is not said.
    NoReason,
    /// The item is suspended for now.
    Suspended,
    /// It is not suspended.
    NotSuspended,
    /// Whoever suspended an item does not lift it himself.
    OwnSuspension,
    /// The last day lies before the first, or has passed.
    LastDay,
    /// A change of the joint list is published too late for both regions to begin on the same day.
    JointSameDay,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 23] = [
        Self::NotListed,
        Self::Code,
        Self::Words,
        Self::Ways,
        Self::Fields,
        Self::JointList,
        Self::InThePast,
        Self::Overlap,
        Self::NotOwner,
        Self::Waiting,
        Self::NoComment,
        Self::OwnWork,
        Self::NotYourStep,
        Self::NoEvidence,
        Self::Clash,
        Self::Details,
        Self::Division,
        Self::NoReason,
        Self::Suspended,
        Self::NotSuspended,
        Self::OwnSuspension,
        Self::LastDay,
        Self::JointSameDay,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NotListed => "items/not-listed",
            Self::Code => "items/wrong-code",
            Self::Words => "items/words-missing",
            Self::Ways => "items/ways-and-level",
            Self::Fields => "items/not-the-least-fields",
            Self::JointList => "items/joint-list",
            Self::InThePast => "items/in-the-past",
            Self::Overlap => "items/versions-overlap",
            Self::NotOwner => "items/not-owner",
            Self::Waiting => "items/proposal-waits",
            Self::NoComment => "items/comment-missing",
            Self::OwnWork => "items/own-work",
            Self::NotYourStep => "items/not-your-step",
            Self::NoEvidence => "items/evidence-missing",
            Self::Clash => "items/clash",
            Self::Details => "items/details",
            Self::Division => "items/division",
            Self::NoReason => "items/reason-missing",
            Self::Suspended => "items/suspended",
            Self::NotSuspended => "items/not-suspended",
            Self::OwnSuspension => "items/own-suspension",
            Self::LastDay => "items/last-day",
            Self::JointSameDay => "items/joint-same-day",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(match self {
            // Serving people beside the list is forbidden by item (1) of this article.
            Self::NotListed => 25,
            Self::Fields | Self::NoReason => 18,
            Self::OwnWork | Self::OwnSuspension => 25,
            Self::Suspended | Self::NotSuspended => 20,
            // Each department for its own field.
            Self::NotOwner => 9,
            _ => 14,
        }))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::NotListed => {
                ("该事项当日不在已公布的清单内", "This item is not on the list of that day")
            }
            Self::Code => ("事项编码格式不正确", "The item code is not in its form"),
            Self::Words => {
                ("名称、依据或指南缺失或过长", "Name, basis or guide is missing or too long")
            }
            Self::Ways => {
                ("用卡方式缺失或达不到核验等级", "The ways of use do not reach the level")
            }
            Self::Fields => {
                ("提供的信息重复或超出必需", "Fields are disclosed twice or more than needed")
            }
            Self::JointList => {
                ("川渝清单由人社部门编制", "The joint list is drafted by the HRSS authorities")
            }
            Self::InThePast => ("生效日期不能早于今天", "It cannot begin in the past"),
            Self::Overlap => {
                ("与已公布版本的有效期重叠", "It would overlap a version that is published")
            }
            Self::NotOwner => {
                ("该事项由其他单位负责", "Another organisation is responsible for this item")
            }
            Self::Waiting => ("该事项已有待审批的版本", "A proposal for this item waits already"),
            Self::NoComment => ("退回须说明理由", "Sending back needs a reason"),
            Self::OwnWork => ("经办人不能办理本人提交的事项", "Nobody checks what he made himself"),
            Self::NotYourStep => {
                ("该环节由其他单位或岗位办理", "This step belongs to somebody else")
            }
            Self::NoEvidence => ("须填写决定文号", "The number of the decision is missing"),
            Self::Clash => (
                "清单中已有同一事项，或与其规定不一致",
                "The same service is on the list already, or is contradicted",
            ),
            Self::Details => {
                ("数值超出范围或文字过长", "A number is out of bounds or a text too long")
            }
            Self::Division => ("区县只能为本区县新增事项", "A district adds items for itself only"),
            Self::NoReason => ("须说明为何需要这些信息", "Why the fields are needed is not said"),
            Self::Suspended => ("该事项已紧急停用", "This item is suspended"),
            Self::NotSuspended => ("该事项未停用", "This item is not suspended"),
            Self::OwnSuspension => ("停用人不能自行恢复", "Whoever suspended it does not lift it"),
            Self::LastDay => (
                "截止日期早于生效日期或已经过去",
                "The last day is before the first, or has passed",
            ),
            Self::JointSameDay => (
                "川渝清单须提前公布，两地同日施行",
                "A joint change is published ahead, to begin in both regions on the same day",
            ),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::NotListed => ("请查阅事项清单", "See the list of items"),
            Self::Code => ("格式如 CQ-CU-001", "It looks like CQ-CU-001"),
            Self::Words => ("请补全后提交", "Complete it and send again"),
            Self::Ways => (
                "至少选一种；须持实体卡的事项只能刷卡",
                "Choose at least one; where the physical card is needed, only that one",
            ),
            Self::Fields => (
                "同类信息只保留一项，以够用为限",
                "Keep one of each kind, the smallest that suffices",
            ),
            Self::JointList => ("请选择市级清单或联系市人社部门", "Choose the city list"),
            Self::InThePast | Self::Overlap => ("请选择更晚的生效日期", "Choose a later first day"),
            Self::NotOwner => ("请与责任单位协商", "Consult the organisation responsible"),
            Self::Waiting => ("请等待审批结果", "Wait for the decision"),
            Self::NoComment => ("请填写意见后提交", "Write a comment and send again"),
            Self::OwnWork => ("请由另一位人员办理", "Ask another person"),
            Self::NotYourStep => ("请查看本人待办", "See your own tasks"),
            Self::NoEvidence => ("请填写批复或会议纪要文号", "Enter the number of the document"),
            Self::Clash => (
                "请改为修订已有事项，或使名称和内容有所区别",
                "Revise the item that is listed, or make a difference",
            ),
            Self::Details => (
                "请核对费用、时限、离线次数和文字长度",
                "Check fee, time limit, offline use and lengths",
            ),
            Self::Division => ("请选择本区县", "Choose your own district"),
            Self::NoReason => ("请填写提供理由", "Say why each field is needed"),
            Self::Suspended => ("请稍后再试，或拨打12333咨询", "Try later, or ask 12333"),
            Self::NotSuspended => ("请刷新页面", "Reload the page"),
            Self::OwnSuspension => ("请由另一位审批人员恢复", "Ask another approver"),
            Self::LastDay => ("请选择更晚的日期", "Choose a later day"),
            Self::JointSameDay => (
                "请退回，与对方商定更晚的生效日期后重新编制",
                "Send it back, agree on a later first day and draft again",
            ),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::NotListed => 404,
            Self::NotOwner
            | Self::JointList
            | Self::OwnWork
            | Self::NotYourStep
            | Self::Division
            | Self::OwnSuspension => 403,
            Self::Waiting | Self::Clash | Self::Suspended | Self::NotSuspended => 409,
            _ => 422,
        }
    }
}
