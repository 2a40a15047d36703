//! Refusals of agreements and of questions under them, each with its article and what to do.

use kernel::law::{Article, Refusal, Text};

/// Why something about sharing is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The code of the purpose is none.
    PurposeCode,
    /// Purpose, basis or matter are missing or too long.
    Words,
    /// No field was chosen, or one outside the catalogue.
    NoFields,
    /// A field needs a higher level of protection.
    LevelTooLow,
    /// The days are not in order.
    Period,
    /// Volume or days of keeping are out of bounds.
    Volume,
    /// The recipient's key is none.
    RecipientKey,
    /// The address is neither `https` nor this machine.
    PushAddress,
    /// The item is not on the published list.
    NoSuchItem,
    /// It is not this step's turn.
    NotNow,
    /// Somebody who had a hand in it.
    OwnWork,
    /// No word was said why.
    NoReason,
    /// A version waits for its decision already.
    Waiting,
    /// The assessment is not a file that can be kept.
    Assessment,
    /// Revoked.
    Revoked,
    /// Not yet or no more in force.
    NotInForce,
    /// The yearly review was not done.
    ReviewOverdue,
    /// The caller is no program of this agreement.
    NotYourAgreement,
    /// The purpose is not the agreed one.
    OtherPurpose,
    /// A field outside the agreement.
    OtherField,
    /// Case number or officer is missing.
    NoCase,
    /// Nobody, or too many, are asked about.
    Persons,
    /// Too many persons today.
    VolumeSpent,
    /// The request id was used for something else.
    RequestReused,
    /// The request id cannot be used.
    RequestId,
    /// A second officer must agree.
    SecondOfficer,
    /// The second officer is the first.
    SameOfficer,
    /// The agreement has no key of the recipient.
    NoRecipientKey,
    /// The file is no table of numbers.
    BadFile,
    /// The agreement names no address for pushes.
    NoPushAddress,
    /// The kind of change is unknown or its field is not agreed.
    NoSuchChange,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 31] = [
        Self::PurposeCode,
        Self::Words,
        Self::NoFields,
        Self::LevelTooLow,
        Self::Period,
        Self::Volume,
        Self::RecipientKey,
        Self::PushAddress,
        Self::NoSuchItem,
        Self::NotNow,
        Self::OwnWork,
        Self::NoReason,
        Self::Waiting,
        Self::Assessment,
        Self::Revoked,
        Self::NotInForce,
        Self::ReviewOverdue,
        Self::NotYourAgreement,
        Self::OtherPurpose,
        Self::OtherField,
        Self::NoCase,
        Self::Persons,
        Self::VolumeSpent,
        Self::RequestReused,
        Self::RequestId,
        Self::SecondOfficer,
        Self::SameOfficer,
        Self::NoRecipientKey,
        Self::BadFile,
        Self::NoPushAddress,
        Self::NoSuchChange,
    ];

    /// Code, reason and advice in both languages.
    fn words(self) -> (&'static str, [&'static str; 4]) {
        match self {
            Self::PurposeCode => (
                "sharing/purpose-code",
                [
                    "用途代码应为2至24位大写字母、数字或连字符",
                    "The purpose's code has 2 to 24 capital letters, digits or hyphens",
                    "请改正用途代码",
                    "Correct the code",
                ],
            ),
            Self::Words => (
                "sharing/words",
                [
                    "用途、法律依据和事项应填写完整",
                    "Purpose, legal basis and matter must be stated",
                    "请补充后重新提交",
                    "Complete the form",
                ],
            ),
            Self::NoFields => (
                "sharing/no-fields",
                [
                    "应从目录中选择至少一个数据项",
                    "At least one field of the catalogue is needed",
                    "请选择最少必需的数据项",
                    "Choose the fewest that are needed",
                ],
            ),
            Self::LevelTooLow => (
                "sharing/level-too-low",
                [
                    "所选数据项要求更高的安全等级",
                    "A chosen field needs a higher security level",
                    "请提高安全等级或减少数据项",
                    "Raise the level or drop the field",
                ],
            ),
            Self::Period => (
                "sharing/period",
                [
                    "期限应自今日起，最长三年",
                    "The period begins today or later and lasts three years at most",
                    "请改正起止日期",
                    "Correct the days",
                ],
            ),
            Self::Volume => (
                "sharing/volume",
                [
                    "每日人数或保存天数超出范围",
                    "Persons a day or days of keeping are out of bounds",
                    "请填写合理的数量",
                    "Enter sensible numbers",
                ],
            ),
            Self::RecipientKey => (
                "sharing/recipient-key",
                [
                    "接收方公钥不是有效的SM2公钥",
                    "The recipient's key is no SM2 public key",
                    "请粘贴未压缩点的十六进制公钥",
                    "Paste the point in hexadecimal digits",
                ],
            ),
            Self::PushAddress => (
                "sharing/push-address",
                [
                    "推送地址应为https地址",
                    "Changes are pushed to https addresses only",
                    "请改正推送地址",
                    "Correct the address",
                ],
            ),
            Self::NoSuchItem => (
                "sharing/no-such-item",
                [
                    "该事项不在已公布的清单中",
                    "The item is not on the published list",
                    "请核对事项编码",
                    "Check the code of the item",
                ],
            ),
            Self::NotNow => (
                "sharing/not-now",
                [
                    "该协议现在不能进行此步骤",
                    "This step is not open now",
                    "请刷新页面查看当前状态",
                    "Reload the page",
                ],
            ),
            Self::OwnWork => (
                "sharing/own-work",
                [
                    "申请、评估和两次审批应由不同人员进行",
                    "Asking, assessing and both approvals are for different people",
                    "请由另一位有权人员办理",
                    "Ask another person with the right",
                ],
            ),
            Self::NoReason => (
                "sharing/no-reason",
                [
                    "请写明原因",
                    "A reason is needed",
                    "填写原因后重新提交",
                    "Say why and send again",
                ],
            ),
            Self::Waiting => (
                "sharing/waiting",
                [
                    "该协议已有待审批的版本",
                    "A version of it waits already",
                    "请先办结该版本",
                    "Decide on that one first",
                ],
            ),
            Self::Assessment => (
                "sharing/assessment",
                [
                    "评估报告应为不超过4MB的PDF文件",
                    "The assessment is a PDF of 4 MB at most",
                    "请上传PDF文件",
                    "Send a PDF",
                ],
            ),
            Self::Revoked => (
                "sharing/revoked",
                [
                    "该共享协议已撤销",
                    "The agreement was revoked",
                    "立即停止使用并按约定删除数据",
                    "Stop using it and delete what you hold",
                ],
            ),
            Self::NotInForce => (
                "sharing/not-in-force",
                [
                    "该共享协议未生效或已到期",
                    "The agreement is not in force today",
                    "请申请新的版本",
                    "Ask for a new version",
                ],
            ),
            Self::ReviewOverdue => (
                "sharing/review-overdue",
                [
                    "该共享协议未按年度复核",
                    "The yearly review of the agreement is overdue",
                    "请联系市人社部门复核",
                    "Ask the authority to review it",
                ],
            ),
            Self::NotYourAgreement => (
                "sharing/not-your-agreement",
                [
                    "没有与该凭证对应的共享协议",
                    "No agreement belongs to this credential",
                    "请使用该协议的程序凭证",
                    "Use the credential of the agreement",
                ],
            ),
            Self::OtherPurpose => (
                "sharing/other-purpose",
                [
                    "查询用途与协议不符",
                    "The purpose is not the agreed one",
                    "仅可按约定用途查询",
                    "Ask for the agreed purpose only",
                ],
            ),
            Self::OtherField => (
                "sharing/other-field",
                [
                    "请求的数据项不在协议范围内",
                    "A field outside the agreement was asked for",
                    "请删去该数据项",
                    "Leave it out",
                ],
            ),
            Self::NoCase => (
                "sharing/no-case",
                [
                    "请写明案件编号和经办人",
                    "Case number and officer are needed",
                    "补充后重新提交",
                    "Name them and send again",
                ],
            ),
            Self::Persons => (
                "sharing/persons",
                [
                    "每次查询人数应为1至1000",
                    "Ask about 1 to 1,000 persons",
                    "请分批查询",
                    "Split the request",
                ],
            ),
            Self::VolumeSpent => (
                "sharing/volume-spent",
                [
                    "已达到协议约定的每日人数",
                    "The persons agreed for a day are spent",
                    "请明日再试或申请调整",
                    "Try tomorrow or ask for more",
                ],
            ),
            Self::RequestReused => (
                "sharing/request-reused",
                [
                    "该请求编号已用于其他查询或答复已清除",
                    "The request id was used for another question, or its answer is gone",
                    "请使用新的请求编号",
                    "Use a new id",
                ],
            ),
            Self::RequestId => (
                "sharing/request-id",
                [
                    "请求编号应为8至64位字母、数字或连字符",
                    "A request id has 8 to 64 letters, digits or hyphens",
                    "请更换请求编号",
                    "Use another id",
                ],
            ),
            Self::SecondOfficer => (
                "sharing/second-officer",
                [
                    "本次查询触发了批量读取保护，须由第二位经办人确认",
                    "The brake on bulk reading needs a second officer",
                    "请填写第二位经办人后重新提交",
                    "Name a second officer and send again",
                ],
            ),
            Self::SameOfficer => (
                "sharing/same-officer",
                [
                    "第二位经办人不能与第一位相同",
                    "The second officer must be somebody else",
                    "请由另一人确认",
                    "Ask somebody else",
                ],
            ),
            Self::NoRecipientKey => (
                "sharing/no-recipient-key",
                [
                    "该协议没有登记接收方公钥，不能提供批量答复",
                    "Bulk answers need the recipient's key in the agreement",
                    "请申请带公钥的新版本",
                    "Ask for a version with a key",
                ],
            ),
            Self::BadFile => (
                "sharing/bad-file",
                [
                    "文件不是约定格式的CSV",
                    "The file is no CSV of the agreed form",
                    "首行应为ref,number",
                    "Its first line is ref,number",
                ],
            ),
            Self::NoPushAddress => (
                "sharing/no-push-address",
                [
                    "该协议没有约定推送地址",
                    "The agreement names no address for pushes",
                    "请申请带推送地址的新版本",
                    "Ask for a version with an address",
                ],
            ),
            Self::NoSuchChange => (
                "sharing/no-such-change",
                [
                    "该变更类型不存在或不在协议范围内",
                    "The kind of change is unknown or not agreed",
                    "可选card_state、alive、name、division",
                    "Choose card_state, alive, name, division",
                ],
            ),
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.words().0
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::OwnWork | Self::SameOfficer => Some(Article(25)),
            Self::SecondOfficer | Self::LevelTooLow | Self::NoRecipientKey => Some(Article(19)),
            Self::BadFile | Self::RequestId | Self::RequestReused | Self::NotNow => None,
            _ => Some(Article(18)),
        }
    }

    fn reason(&self) -> Text {
        let [zh, en, ..] = self.words().1;
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [.., zh, en] = self.words().1;
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::Revoked
            | Self::NotInForce
            | Self::ReviewOverdue
            | Self::NotYourAgreement
            | Self::OtherPurpose
            | Self::OtherField
            | Self::OwnWork
            | Self::SameOfficer
            | Self::SecondOfficer => 403,
            Self::VolumeSpent => 429,
            Self::NotNow | Self::Waiting | Self::RequestReused | Self::NoPushAddress => 409,
            _ => 422,
        }
    }
}
