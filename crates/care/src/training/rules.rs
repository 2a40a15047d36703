//! Courses, attempts and certificates (Art. 21): what counts as passed, how long, who needs what.

use kernel::law::{Article, Refusal, Text};
use time::{Date, Duration};

/// Share of right answers in per cent, rounded down.
pub fn percent(right: usize, asked: usize) -> i64 {
    match asked {
        0 => 0,
        asked => (right * 100 / asked) as i64,
    }
}

/// Last day of a certificate got on a day.
pub fn until(got_on: Date, valid_days: i64) -> Date {
    got_on.saturating_add(Duration::days(valid_days))
}

/// Whether a certificate counts on a day.
pub fn valid(got_on: Date, until: Date, on: Date) -> bool {
    got_on <= on && on <= until
}

/// The places of `asked` questions out of `all`, drawn without repetition by `dice` (random words).
pub fn draw(all: usize, asked: usize, dice: &mut dyn FnMut() -> u64) -> Vec<usize> {
    let mut places: Vec<usize> = (0..all).collect();
    let asked = asked.min(all);
    for place in 0..asked {
        let rest = (all - place) as u64;
        places.swap(place, place + (dice() % rest) as usize);
    }
    places.truncate(asked);
    places
}

/// Why something is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The course is not open.
    NotOpen,
    /// It is a course for others.
    OtherRole,
    /// Too few questions to open it.
    TooFewQuestions,
    /// Whoever wrote it does not open or publish it.
    OwnWork,
    /// No more tries today.
    TriesUsed,
    /// The attempt is over.
    AttemptOver,
    /// The course is a requirement and stays open.
    Required,
    /// It cannot be changed in this state.
    NotNow,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 8] = [
        Self::NotOpen,
        Self::OtherRole,
        Self::TooFewQuestions,
        Self::OwnWork,
        Self::TriesUsed,
        Self::AttemptOver,
        Self::Required,
        Self::NotNow,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NotOpen => "training/not-open",
            Self::OtherRole => "training/other-role",
            Self::TooFewQuestions => "training/too-few-questions",
            Self::OwnWork => "training/own-work",
            Self::TriesUsed => "training/tries-used",
            Self::AttemptOver => "training/attempt-over",
            Self::Required => "training/required",
            Self::NotNow => "training/not-now",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(21))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::NotOpen => ("课程没有开放", "The course is not open"),
            Self::OtherRole => ("课程不面向您的岗位", "The course is for other roles"),
            Self::TooFewQuestions => ("题目数量不够", "There are too few questions"),
            Self::OwnWork => {
                ("编写人不能自己开放或发布", "Whoever wrote it cannot open or publish it")
            }
            Self::TriesUsed => ("今天的考试次数已用完", "No more tries today"),
            Self::AttemptOver => ("这次考试已经结束", "This attempt is over"),
            Self::Required => ("课程是上岗要求，不能关闭", "The course is required and stays open"),
            Self::NotNow => ("当前状态不能修改", "It cannot be changed now"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::NotOpen | Self::OtherRole => {
                ("请从课程列表选择", "Choose from the list of courses")
            }
            Self::TooFewQuestions => ("请先补充题目", "Add questions first"),
            Self::OwnWork => ("请由另一人办理", "Let somebody else do it"),
            Self::TriesUsed => ("请复习后明天再考", "Study, and try again tomorrow"),
            Self::AttemptOver => ("请重新开始", "Begin again"),
            Self::Required => ("请先取消上岗要求", "Take the requirement away first"),
            Self::NotNow => ("请新建后再发布", "Make a new one"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::OtherRole | Self::OwnWork => 403,
            Self::TriesUsed => 429,
            _ => 409,
        }
    }
}
