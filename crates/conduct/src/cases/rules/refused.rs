//! Why something about a case is refused.

use kernel::law::{Article, Refusal, Text};

/// Why something about a case is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The case is not at this step.
    Step,
    /// The case is about himself.
    OwnCase,
    /// The case is about his organisation or its head.
    OwnHead,
    /// He reported it himself.
    OwnReport,
    /// He has had another hand in this case.
    OtherHand,
    /// His role has not this hand.
    Role,
    /// It belongs to another district.
    Division,
    /// Somebody else looks into it.
    Taken,
    /// Nobody is accused without evidence.
    NoEvidence,
    /// Nobody is named as the one concerned.
    NoRespondent,
    /// The clause does not concern such a party.
    WrongParty,
    /// The deadline is not over.
    TooEarly,
    /// The deadline is over.
    TooLate,
    /// A reason is missing.
    NoWords,
    /// Another law's penalty comes first.
    OtherLawFirst,
    /// A referral names no authority.
    NoAuthority,
    /// Orders and discipline are for departments and staff.
    NotForHolders,
    /// Discipline is for staff.
    StaffOnly,
    /// Discipline is for serious cases.
    NotSerious,
    /// The day to correct is missing or wrong.
    CorrectBy,
    /// The decision orders nothing.
    NoOrder,
    /// What was ordered was not checked yet.
    OrderOpen,
    /// There is a case about this already.
    Known,
    /// Only a named officer opens a reporter's name.
    NotProtection,
    /// The reporter gave no name.
    NoName,
    /// A piece of evidence is not what was taken.
    EvidenceChanged,
    /// The regulation is not in force yet.
    NotInForce,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 27] = [
        Self::Step,
        Self::OwnCase,
        Self::OwnHead,
        Self::OwnReport,
        Self::OtherHand,
        Self::Role,
        Self::Division,
        Self::Taken,
        Self::NoEvidence,
        Self::NoRespondent,
        Self::WrongParty,
        Self::TooEarly,
        Self::TooLate,
        Self::NoWords,
        Self::OtherLawFirst,
        Self::NoAuthority,
        Self::NotForHolders,
        Self::StaffOnly,
        Self::NotSerious,
        Self::CorrectBy,
        Self::NoOrder,
        Self::OrderOpen,
        Self::Known,
        Self::NotProtection,
        Self::NoName,
        Self::EvidenceChanged,
        Self::NotInForce,
    ];

    /// Code, reason and advice in both languages.
    fn said(self) -> [&'static str; 5] {
        match self {
            Self::Step => [
                "conduct/case-not-at-this-step",
                "案件当前环节不能这样办理",
                "The case is not at this step",
                "请刷新页面",
                "Reload the page",
            ],
            Self::OwnCase => [
                "conduct/case-own",
                "不能办理涉及本人的案件",
                "Nobody handles a case about himself",
                "请回避，由他人办理",
                "Somebody else handles it",
            ],
            Self::OwnHead => [
                "conduct/case-own-head",
                "不能办理涉及本单位或其负责人的案件",
                "Nobody handles a case about his own organisation or its head",
                "请回避，由上级或其他单位办理",
                "Another organisation handles it",
            ],
            Self::OwnReport => [
                "conduct/case-own-report",
                "举报人不能办理自己举报的案件",
                "Nobody handles what he reported himself",
                "请由他人办理",
                "Somebody else handles it",
            ],
            Self::OtherHand => [
                "conduct/case-other-hand",
                "同一案件中，调查、决定、复核须由不同人员办理",
                "In one case investigating, deciding and reviewing are different people's",
                "请由另一位人员办理",
                "Ask another person",
            ],
            Self::Role => [
                "conduct/case-role",
                "您的岗位不能办理这一环节",
                "Your role does not do this step",
                "请由有权岗位办理",
                "Ask somebody whose role does it",
            ],
            Self::Division => [
                "conduct/case-of-another-district",
                "该案件属于其他区县",
                "The case belongs to another district",
                "请由该区县或市级办理",
                "That district or the city does it",
            ],
            Self::Taken => [
                "conduct/case-taken",
                "该案件由其他人员办理",
                "Somebody else has this case",
                "请联系承办人",
                "Ask whoever has it",
            ],
            Self::NoEvidence => [
                "conduct/case-no-evidence",
                "没有证据，不能告知当事人",
                "Nobody is accused without evidence",
                "请先补充证据",
                "Add the evidence first",
            ],
            Self::NoRespondent => [
                "conduct/case-no-respondent",
                "未登记当事人",
                "Nobody is named as the one concerned",
                "请登记当事人",
                "Name the one concerned",
            ],
            Self::WrongParty => [
                "conduct/case-wrong-party",
                "该条款不适用于此类当事人",
                "The clause does not concern such a party",
                "第二十四条适用于持卡人等，第二十五条适用于部门及其工作人员",
                "Art. 24 concerns holders, Art. 25 departments and their staff",
            ],
            Self::TooEarly => [
                "conduct/case-too-early",
                "期限未满",
                "The deadline is not over",
                "请在期限届满后办理",
                "Wait until it is",
            ],
            Self::TooLate => [
                "conduct/case-too-late",
                "已超过期限",
                "The deadline is over",
                "可依法申请行政复议或提起行政诉讼",
                "The ways of administrative law stay open",
            ],
            Self::NoWords => [
                "conduct/case-no-reason",
                "须填写说明",
                "A reason is missing",
                "请填写后提交",
                "Write it and send again",
            ],
            Self::OtherLawFirst => [
                "conduct/other-law-first",
                "法律法规已设定处罚的，适用其规定",
                "Another law's penalty is applied first",
                "请移送有权机关",
                "Refer it to the authority of that law",
            ],
            Self::NoAuthority => [
                "conduct/case-no-authority",
                "移送须写明接收机关",
                "A referral names who gets it",
                "请填写接收机关",
                "Name the authority",
            ],
            Self::NotForHolders => [
                "conduct/not-for-holders",
                "责令改正和处分适用于部门及其工作人员",
                "Orders and discipline are for departments and their staff",
                "请选择移送或不构成违规",
                "Refer it, or decide that nothing was violated",
            ],
            Self::StaffOnly => [
                "conduct/discipline-for-staff",
                "处分适用于工作人员",
                "Discipline is for staff",
                "对单位请责令改正",
                "Order the organisation to correct it",
            ],
            Self::NotSerious => [
                "conduct/not-serious",
                "情节严重的，才给予处分",
                "Discipline is for serious cases",
                "请责令改正，或说明情节严重",
                "Order to correct it, or say that it is serious",
            ],
            Self::CorrectBy => [
                "conduct/correct-by",
                "责令改正须写明今后的改正期限，其他决定不设期限",
                "An order names a day to come, other decisions none",
                "请检查改正期限",
                "Check the day",
            ],
            Self::NoOrder => [
                "conduct/no-order",
                "该决定没有责令改正",
                "The decision orders nothing",
                "请直接结案",
                "Close the case",
            ],
            Self::OrderOpen => [
                "conduct/order-open",
                "整改情况尚未核查",
                "What was ordered was not checked yet",
                "请先核查整改情况",
                "Check it first",
            ],
            Self::Known => [
                "conduct/case-known",
                "该线索已立案",
                "There is a case about this already",
                "请在案件列表中查询",
                "Look it up in the list",
            ],
            Self::NotProtection => [
                "conduct/not-protection-officer",
                "只有指定的举报人保护专员可以查看举报人身份",
                "Only a named protection officer opens a reporter's name",
                "如确有需要，请联系保护专员",
                "Ask the protection officer",
            ],
            Self::NoName => [
                "conduct/anonymous-report",
                "举报人未留姓名",
                "The reporter gave no name",
                "可通过查询码页面与举报人联系",
                "Write to him through the page of his code",
            ],
            Self::NotInForce => [
                "conduct/not-in-force",
                "条例尚未施行，不能据此作出决定",
                "The regulation is not in force yet, so that no decision can rest on it",
                "请在施行之日后办理",
                "Decide from its first day on",
            ],
            Self::EvidenceChanged => [
                "conduct/evidence-changed",
                "证据与入卷时不一致",
                "The evidence is not what was taken",
                "请停止使用并报告审计人员",
                "Do not use it, and tell the auditor",
            ],
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.said()[0]
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::OtherLawFirst => Some(Article(27)),
            Self::NotInForce => Some(Article(28)),
            Self::OwnCase | Self::OwnHead | Self::OwnReport | Self::OtherHand => Some(Article(25)),
            Self::NotProtection | Self::EvidenceChanged => Some(Article(19)),
            Self::Known | Self::NoName | Self::Taken | Self::Role | Self::Division => None,
            _ => Some(Article(26)),
        }
    }

    fn reason(&self) -> Text {
        let [_, zh, en, ..] = self.said();
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [.., zh, en] = self.said();
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::NoWords
            | Self::WrongParty
            | Self::OtherLawFirst
            | Self::NoAuthority
            | Self::NotForHolders
            | Self::StaffOnly
            | Self::NotSerious
            | Self::CorrectBy => 422,
            Self::OwnCase
            | Self::OwnHead
            | Self::OwnReport
            | Self::OtherHand
            | Self::Role
            | Self::Division
            | Self::Taken
            | Self::NotProtection => 403,
            Self::EvidenceChanged => 500,
            _ => 409,
        }
    }
}
