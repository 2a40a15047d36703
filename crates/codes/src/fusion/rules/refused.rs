//! Why something about the register is refused, with its article and advice.

use kernel::law::{Article, Refusal, Text};

/// Why something about the register of other cards and codes is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// A new card that does what the social security card does already.
    Duplicate,
    /// No card or code of this name.
    NoSuchScheme,
    /// Its code is not in its form.
    Code,
    /// Another living card has this code.
    Known,
    /// A text is missing or too long.
    Words,
    /// No function is named.
    Functions,
    /// The number of holders is out of bounds.
    Holders,
    /// A published item that was named is not on the list.
    NoSuchItem,
    /// A requirement of the State without its basis.
    National,
    /// Days that do not fit one another.
    Days,
    /// Milestones missing, too many, out of order or out of the plan.
    Milestones,
    /// The plan or its step cannot be changed any more.
    NoSuchStep,
    /// A step is reached without anything that shows it.
    Evidence,
    /// The card belongs to another department.
    NotYours,
    /// Its state does not allow this.
    NotNow,
    /// It waits for a check already.
    Waiting,
    /// Whoever sends back must say why.
    NoComment,
    /// The layout of a code format does not hold together.
    Layout,
    /// Another format begins the same way.
    PrefixTaken,
    /// No format of this id.
    NoSuchFormat,
    /// A key is not in its form or its days do not fit.
    Key,
    /// A key of this name is there already.
    KeyKnown,
    /// A number is not in its form.
    Number,
    /// The number is linked to somebody else.
    NumberTaken,
    /// There is no such link, or it has ended.
    NoSuchLink,
    /// The code that was shown does not prove that the card is the holder's.
    NoProof,
    /// Too many at once.
    TooMany,
}

type Row = (&'static str, u8, u16, &'static str, &'static str, &'static str, &'static str);

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 27] = [
        Self::Duplicate,
        Self::NoSuchScheme,
        Self::Code,
        Self::Known,
        Self::Words,
        Self::Functions,
        Self::Holders,
        Self::NoSuchItem,
        Self::National,
        Self::Days,
        Self::Milestones,
        Self::NoSuchStep,
        Self::Evidence,
        Self::NotYours,
        Self::NotNow,
        Self::Waiting,
        Self::NoComment,
        Self::Layout,
        Self::PrefixTaken,
        Self::NoSuchFormat,
        Self::Key,
        Self::KeyKnown,
        Self::Number,
        Self::NumberTaken,
        Self::NoSuchLink,
        Self::NoProof,
        Self::TooMany,
    ];

    /// Code, article, status, reason and advice, each in both languages.
    fn row(self) -> Row {
        match self {
            Self::Duplicate => (
                "fusion/duplicate",
                6,
                409,
                "新发卡（码）与社会保障卡功能重复，不得发放",
                "A new card or code that does what the social security card does must not be issued",
                "请在“事项”中提出申请，把该功能加载到社会保障卡；国家另有发卡要求的，请填写依据后融合使用",
                "Propose an item that puts the function on the social security card; if the State requires the card, record the basis for fused use",
            ),
            Self::NoSuchScheme => (
                "fusion/no-such-card",
                16,
                404,
                "没有登记这种卡（码）",
                "No such card or code is registered",
                "请查阅融合清单",
                "See the list of cards and codes",
            ),
            Self::Code => (
                "fusion/wrong-code",
                16,
                422,
                "编码格式不正确",
                "The code is not in its form",
                "格式如 CQ-LIBRARY",
                "It looks like CQ-LIBRARY",
            ),
            Self::Known => (
                "fusion/known",
                16,
                409,
                "该编码已登记",
                "A card or code with this code is registered",
                "请打开已登记的卡（码）或另取编码",
                "Open the one that is registered, or choose another code",
            ),
            Self::Words => (
                "fusion/words-missing",
                16,
                422,
                "文字缺失或过长",
                "A text is missing or too long",
                "请补全后提交",
                "Complete it and send again",
            ),
            Self::Functions => (
                "fusion/functions-missing",
                6,
                422,
                "未选择功能",
                "No function is named",
                "请至少选择一项功能",
                "Choose at least one function",
            ),
            Self::Holders => (
                "fusion/holders",
                16,
                422,
                "持有人数超出范围",
                "The number of holders is out of bounds",
                "请填写0至1亿的整数",
                "A whole number up to 100 million",
            ),
            Self::NoSuchItem => (
                "fusion/no-such-item",
                14,
                422,
                "所填事项不在当日清单内",
                "An item that was named is not on the list of the day",
                "请对照已公布的事项清单",
                "See the published list of items",
            ),
            Self::National => (
                "fusion/national-basis",
                6,
                422,
                "未填写国家发卡要求的依据",
                "The State's requirement has no basis",
                "请填写文件名称和文号",
                "Name the document and its number",
            ),
            Self::Days => (
                "fusion/days",
                16,
                422,
                "日期先后或期限不符",
                "The days do not fit one another",
                "截止日不早于开始日和今天，计划不超过五年",
                "The last day is not before the first nor before today; a plan takes five years at most",
            ),
            Self::Milestones => (
                "fusion/milestones",
                16,
                422,
                "节点缺失、超出计划或未按日期排列",
                "Milestones are missing, outside the plan or out of order",
                "每行一个节点：日期、空格、内容，1至12个，日期在计划期内",
                "One a line: day, space, what is reached; 1 to 12, inside the plan, in order",
            ),
            Self::NoSuchStep => (
                "fusion/no-such-step",
                16,
                409,
                "该节点不存在、已完成或不属于执行中的计划",
                "This step does not exist, is reached, or belongs to no plan in force",
                "请刷新页面",
                "Reload the page",
            ),
            Self::Evidence => (
                "fusion/evidence-missing",
                16,
                422,
                "未填写完成依据",
                "Nothing shows that the step is reached",
                "请填写文号、验收单号等",
                "Name a document or an acceptance report",
            ),
            Self::NotYours => (
                "fusion/not-yours",
                9,
                403,
                "该卡（码）由其他部门登记",
                "This card or code belongs to another department",
                "请联系登记部门",
                "Ask the department that registered it",
            ),
            Self::NotNow => (
                "fusion/not-now",
                16,
                409,
                "当前状态不能办理",
                "Its state does not allow this",
                "请刷新页面查看状态",
                "Reload the page and look at its state",
            ),
            Self::Waiting => (
                "fusion/waiting",
                16,
                409,
                "已有待审核的申请",
                "A request waits for its check already",
                "请等待审核结果",
                "Wait for the decision",
            ),
            Self::NoComment => (
                "fusion/comment-missing",
                16,
                422,
                "退回须说明理由",
                "Sending back needs a reason",
                "请填写意见后提交",
                "Write a comment and send again",
            ),
            Self::Layout => (
                "fusion/layout",
                16,
                422,
                "码制说明不完整或自相矛盾",
                "The layout of the code does not hold together",
                "请对照 docs/fusion.md 检查前缀、分段、时间和签名",
                "Compare prefix, parts, time and signature with docs/fusion.md",
            ),
            Self::PrefixTaken => (
                "fusion/prefix-taken",
                16,
                409,
                "已有码制使用相同或包含关系的前缀",
                "Another format begins the same way",
                "请更换前缀",
                "Choose another prefix",
            ),
            Self::NoSuchFormat => (
                "fusion/no-such-format",
                16,
                404,
                "没有这种码制",
                "There is no such format",
                "请刷新页面",
                "Reload the page",
            ),
            Self::Key => (
                "fusion/key",
                20,
                422,
                "密钥格式或有效期不正确",
                "The key is not in its form, or its days do not fit",
                "SM2公钥为66位十六进制，HMAC-SM3密钥为64位十六进制",
                "An SM2 key has 66 hexadecimal digits, an HMAC-SM3 key 64",
            ),
            Self::KeyKnown => (
                "fusion/key-known",
                20,
                409,
                "该密钥编号已使用",
                "A key of this name is there already",
                "请使用新的密钥编号",
                "A new key needs a new name",
            ),
            Self::Number => (
                "fusion/number",
                16,
                422,
                "号码格式不正确",
                "The number is not in its form",
                "6至32位数字或大写字母",
                "6 to 32 digits and capital letters",
            ),
            Self::NumberTaken => (
                "fusion/number-taken",
                16,
                409,
                "该号码已关联其他持卡人",
                "This number is linked to somebody else",
                "请联系发卡单位核实",
                "Ask the organisation that issued it",
            ),
            Self::NoSuchLink => (
                "fusion/no-such-link",
                16,
                404,
                "没有这项关联或已解除",
                "There is no such link, or it has ended",
                "请刷新页面",
                "Reload the page",
            ),
            Self::NoProof => (
                "fusion/no-proof",
                16,
                403,
                "该码不能证明卡为本人所有",
                "This code does not prove that the card is yours",
                "请使用带签名的动态码，或到发卡单位关联",
                "Use a signed code that changes, or ask the organisation that issued it",
            ),
            Self::TooMany => (
                "fusion/too-many",
                16,
                422,
                "一次提交过多或为空",
                "Too many at once, or none",
                "每次1至200条",
                "Send 1 to 200 at a time",
            ),
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.row().0
    }

    fn article(&self) -> Option<Article> {
        Some(Article(self.row().1))
    }

    fn reason(&self) -> Text {
        let row = self.row();
        Text::new(row.3, row.4)
    }

    fn advice(&self) -> Text {
        let row = self.row();
        Text::new(row.5, row.6)
    }

    fn status(&self) -> u16 {
        self.row().2
    }
}
