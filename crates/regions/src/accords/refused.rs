//! Every "no" of agreements between two sides.

use kernel::law::{Article, Refusal, Text};

/// Why an agreement, or a question under it, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The text is not one that two sides can decide on.
    NotPlain,
    /// It concerns another division than the actor's.
    NotYours,
    /// It waits for the approver already, or is decided.
    NotOpen,
    /// It is not decided on both sides, has not begun, or has ended.
    NotInForce,
    /// This side does not ask under it, or the other does not answer.
    WrongSide,
    /// No number of a case.
    NoCase,
    /// The day's questions are spent.
    TooOften,
    /// The other region does not answer, or not as agreed.
    Silent,
}

impl Refused {
    /// One of each.
    pub const ALL: [Self; 8] = [
        Self::NotPlain,
        Self::NotYours,
        Self::NotOpen,
        Self::NotInForce,
        Self::WrongSide,
        Self::NoCase,
        Self::TooOften,
        Self::Silent,
    ];

    /// The refusal with this code, as the other region tells it.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refused| refused.code() == code)
    }

    fn row(self) -> (&'static str, u16, u8, [&'static str; 4]) {
        match self {
            Self::NotPlain => (
                "accords/not-plain",
                422,
                23,
                [
                    "协同协议内容不完整或超出范围",
                    "The agreement is not complete or reaches too far",
                    "请核对双方区划、事项或网点、字段和日期",
                    "Check both divisions, the items or outlet, the fields and the days",
                ],
            ),
            Self::NotYours => (
                "accords/not-yours",
                403,
                23,
                [
                    "该协议涉及其他区划",
                    "It concerns another division",
                    "请由协议写明的区县办理",
                    "The district that it names decides",
                ],
            ),
            Self::NotOpen => (
                "accords/not-open",
                409,
                23,
                [
                    "已在审批或已有结论",
                    "It waits for the approver, or is decided",
                    "请刷新页面",
                    "Reload the page",
                ],
            ),
            Self::NotInForce => (
                "accords/not-in-force",
                409,
                18,
                [
                    "协议未生效或已终止",
                    "The agreement is not in force",
                    "请待双方决定并到生效日",
                    "Both sides have to decide, and its first day has to come",
                ],
            ),
            Self::WrongSide => (
                "accords/wrong-side",
                409,
                18,
                [
                    "本协议不由该方查询",
                    "This side does not ask under the agreement",
                    "请使用由对方提供数据的协议",
                    "Use an agreement under which the other region answers",
                ],
            ),
            Self::NoCase => (
                "accords/no-case",
                422,
                18,
                [
                    "缺少案件编号或证件号码",
                    "The number of the case or of the person is missing",
                    "请写明为哪一件业务查询谁",
                    "Say for which case and about whom",
                ],
            ),
            Self::TooOften => (
                "accords/too-often",
                429,
                18,
                [
                    "超过协议约定的每日查询量",
                    "The agreed questions of the day are spent",
                    "请明日再查，或商定更高的数量",
                    "Ask tomorrow, or agree on more",
                ],
            ),
            Self::Silent => (
                "accords/silent",
                503,
                17,
                [
                    "对方地区暂未应答",
                    "The other region does not answer",
                    "请稍后重试",
                    "Try again later",
                ],
            ),
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.row().0
    }

    fn article(&self) -> Option<Article> {
        Some(Article(self.row().2))
    }

    fn reason(&self) -> Text {
        let [zh, en, ..] = self.row().3;
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [_, _, zh, en] = self.row().3;
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        self.row().1
    }
}
