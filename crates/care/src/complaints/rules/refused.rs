//! Refusals, each with what to do.

use kernel::law::{Article, Refusal, Text};

/// Why something about a matter is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The text is missing or too long.
    Words,
    /// Kind, field or place is none of the lists.
    Class,
    /// `about` is not well written, or the thing is not the person's.
    About,
    /// The phone is none.
    Phone,
    /// The state does not allow it.
    State,
    /// This hand may not do it.
    Hand,
    /// A reason is needed.
    Reason,
    /// More time is given once.
    Extended,
    /// It concerns himself, or is his own.
    Own,
    /// Who answered before does not decide again.
    SameHand,
    /// The period is over.
    Late,
    /// One appeal only.
    Appealed,
    /// There is no authority above.
    Highest,
    /// Marks are 1 to 5.
    Score,
    /// There is no such matter, or it is not for this person's eyes.
    Unknown,
    /// No such organisation.
    Org,
    /// Cannot be merged into that one.
    Merge,
    /// An outcome is needed.
    Outcome,
    /// An objection to an access is answered for itself.
    Objection,
    /// The calendar is not well written.
    Calendar,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 20] = [
        Self::Words,
        Self::Class,
        Self::About,
        Self::Phone,
        Self::State,
        Self::Hand,
        Self::Reason,
        Self::Extended,
        Self::Own,
        Self::SameHand,
        Self::Late,
        Self::Appealed,
        Self::Highest,
        Self::Score,
        Self::Unknown,
        Self::Org,
        Self::Merge,
        Self::Outcome,
        Self::Objection,
        Self::Calendar,
    ];

    /// Code, reason and advice in both languages.
    fn words(self) -> [&'static str; 5] {
        match self {
            Self::Words => [
                "complaints/words",
                "请写明诉求，不超过2000字",
                "Say what it is about, in up to 2,000 letters",
                "请补充或缩短后重新提交",
                "Add to it or shorten it",
            ],
            Self::Class => [
                "complaints/class",
                "类型、领域或地点不在可选范围",
                "Kind, field or place is none of the lists",
                "请从列表中选择",
                "Choose from the lists",
            ],
            Self::About => [
                "complaints/about",
                "没有找到所指的记录",
                "The thing that it is about was not found",
                "请从该记录的页面上重新进入",
                "Come again from the page of that thing",
            ],
            Self::Phone => [
                "complaints/phone",
                "电话号码格式有误",
                "The phone number is not well written",
                "请填写可拨打的号码，或留空",
                "Write a number that can be dialled, or none",
            ],
            Self::State => [
                "complaints/state",
                "当前状态不能进行此操作",
                "This cannot be done as the matter stands",
                "请刷新后查看办理进度",
                "Reload and look at its progress",
            ],
            Self::Hand => [
                "complaints/hand",
                "该诉求不由您或本单位办理",
                "This matter is not yours to handle",
                "请由承办单位办理",
                "Leave it to the organisation responsible",
            ],
            Self::Reason => [
                "complaints/reason",
                "请写明理由",
                "A reason is needed",
                "请补充理由后重新提交",
                "Write the reason and send again",
            ],
            Self::Extended => [
                "complaints/extended",
                "办理期限已延长过一次",
                "The time has been extended once already",
                "请按期答复或报请上级",
                "Answer in time or escalate",
            ],
            Self::Own => [
                "complaints/own",
                "不得办理涉及本人或由本人提出的诉求",
                "Nobody handles a matter about himself or of his own",
                "请由其他人员办理",
                "Leave it to somebody else",
            ],
            Self::SameHand => [
                "complaints/same-hand",
                "原答复人不得办理申诉",
                "Who answered does not decide on the appeal",
                "请由其他人员办理",
                "Leave it to somebody else",
            ],
            Self::Late => [
                "complaints/late",
                "已超过可申请的期限",
                "The period for this is over",
                "可重新提出诉求",
                "Open a new matter",
            ],
            Self::Appealed => [
                "complaints/appealed",
                "该诉求已申诉过一次",
                "There was an appeal already",
                "对结果不服的，可依法申请行政复议或提起诉讼",
                "The law's other remedies are open to you",
            ],
            Self::Highest => [
                "complaints/highest",
                "没有更上一级的机关",
                "There is no authority above",
                "可申请重新办理",
                "Ask to reopen it",
            ],
            Self::Score => [
                "complaints/score",
                "评价应为1到5分",
                "Marks are 1 to 5",
                "请选择1到5分",
                "Choose 1 to 5",
            ],
            Self::Unknown => [
                "complaints/unknown",
                "没有找到该诉求",
                "There is no such matter",
                "请核对查询码",
                "Check the reference",
            ],
            Self::Org => [
                "complaints/org",
                "没有该单位，或与原单位相同",
                "No such organisation, or the same as before",
                "请从列表中选择其他单位",
                "Choose another from the list",
            ],
            Self::Merge => [
                "complaints/merge",
                "不能并入该诉求",
                "It cannot be merged into that one",
                "请选择正在办理、同一领域的另一诉求",
                "Choose another open matter of the same field",
            ],
            Self::Outcome => [
                "complaints/outcome",
                "请选择办理结果",
                "Choose the outcome",
                "请从列表中选择",
                "Choose from the list",
            ],
            Self::Objection => [
                "complaints/objection",
                "对查阅记录的异议须逐件答复",
                "An objection to an access is answered for itself",
                "请直接答复",
                "Answer it",
            ],
            Self::Calendar => [
                "complaints/calendar",
                "工作日历填写有误",
                "The calendar is not well written",
                "每行如 2026-10-01..2026-10-07 holiday 或 2026-10-10 work",
                "Lines such as 2026-10-01..2026-10-07 holiday or 2026-10-10 work",
            ],
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.words()[0]
    }

    fn article(&self) -> Option<Article> {
        Some(Article(if matches!(self, Self::Objection) { 19 } else { 22 }))
    }

    fn reason(&self) -> Text {
        let [_, zh, en, ..] = self.words();
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [.., zh, en] = self.words();
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::Unknown | Self::About => 404,
            Self::Hand | Self::Own | Self::SameHand => 403,
            Self::Words | Self::Class | Self::Phone | Self::Reason | Self::Score => 422,
            Self::Org | Self::Outcome | Self::Calendar | Self::Merge => 422,
            _ => 409,
        }
    }
}
