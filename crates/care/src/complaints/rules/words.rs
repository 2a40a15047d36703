//! The words of a matter: kinds, fields, channels, what it can be about.

use kernel::law::Text;

/// A code with its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(pub &'static str, pub &'static str, pub &'static str);

impl Word {
    /// Its names.
    pub fn name(self) -> Text {
        Text::new(self.1, self.2)
    }
}

/// What somebody wants.
pub const KINDS: &[Word] = &[
    Word("consultation", "咨询", "Question"),
    Word("complaint", "投诉", "Complaint"),
    Word("report", "举报", "Report of a wrong"),
    Word("suggestion", "建议", "Suggestion"),
    Word("objection", "对信息查阅的异议", "Objection to an access"),
];

/// What field it belongs to.
pub const FIELDS: &[Word] = &[
    Word("card", "办卡用卡", "Getting and using a card"),
    Word("code", "电子社保卡和码", "Electronic card and codes"),
    Word("item", "用卡事项", "Items of the list"),
    Word("money", "待遇和补贴资金", "Benefits and subsidies"),
    Word("outlet", "网点服务", "Service at an outlet"),
    Word("terminal", "用卡终端", "Terminals"),
    Word("bank", "银行服务", "Banks"),
    Word("data", "个人信息", "Personal data"),
    Word("other", "其他", "Other"),
];

/// How it came.
pub const CHANNELS: &[Word] = &[
    Word("page", "网页", "Page"),
    Word("me", "本人登录", "Signed in"),
    Word("desk", "窗口", "Counter"),
    Word("hotline", "电话热线", "Hotline"),
    Word("12345", "12345热线工单", "Work order of 12345"),
    Word("12333", "12333热线工单", "Work order of 12333"),
    Word("open311", "Open311", "Open311"),
];

/// What it can be about.
pub const ABOUT: &[Word] = &[
    Word("access", "查阅记录", "Access"),
    Word("card", "社会保障卡", "Card"),
    Word("freeze", "冻结", "Freeze"),
    Word("item", "事项", "Item"),
    Word("notice", "通知", "Notice"),
    Word("payment", "发放", "Payment"),
    Word("terminal", "终端", "Terminal"),
    Word("use", "用卡记录", "Use"),
];

/// How a matter came out.
pub const OUTCOMES: &[Word] = &[
    Word("explained", "已解答", "Explained"),
    Word("resolved", "已解决", "Resolved"),
    Word("partly", "部分解决", "Partly resolved"),
    Word("unfounded", "诉求不成立", "Not founded"),
    Word("referred", "已转有权机关", "Referred to the competent body"),
];

/// The word of a code.
pub fn word(list: &'static [Word], code: &str) -> Option<Word> {
    list.iter().find(|word| word.0 == code).copied()
}

/// The names of a code; the code itself when it is none of the list.
pub fn name(list: &'static [Word], code: &str) -> Text {
    word(list, code).map_or_else(|| Text::new(code, code), Word::name)
}

/// Reads `kind:id`. An id is at most 60 letters, digits, `-` or `_`.
pub fn about(text: &str) -> Option<(Word, &str)> {
    let (kind, id) = text.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let fits = !id.is_empty() && id.len() <= 60 && id.chars().all(plain);
    fits.then_some(()).and(word(ABOUT, kind)).map(|kind| (kind, id))
}
