//! What may be done with an uploaded file when, and what became of its lines.

use std::borrow::Cow;

use kernel::law::{Article, Refusal, Text};
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};

/// Where a file is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Its lines are being checked; nothing is done yet.
    Checking,
    /// Checked, waiting for the clerk's word.
    Waiting,
    /// Cards are being applied for.
    Running,
    /// All lines are done.
    Done,
    /// Stopped by the clerk; what was done stays done.
    Cancelled,
    /// No table that can be read to its end.
    Unreadable,
}

impl State {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Checking,
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Cancelled,
        Self::Unreadable,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Checking => "checking",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
            Self::Unreadable => "unreadable",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Name for people, and the kind of badge that fits.
    pub fn name(self) -> (Text, &'static str) {
        let (zh, en, badge) = match self {
            Self::Checking => ("核对中", "Being checked", "info"),
            Self::Waiting => ("待确认", "Waits for your word", "warn"),
            Self::Running => ("办理中", "Under way", "info"),
            Self::Done => ("已办结", "Done", "ok"),
            Self::Cancelled => ("已停止", "Stopped", "bad"),
            Self::Unreadable => ("无法读取", "Unreadable", "bad"),
        };
        (Text::new(zh, en), badge)
    }

    /// Nothing more happens.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled | Self::Unreadable)
    }
}

/// Why something is not done with a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// Only a checked file can be confirmed.
    NotWaiting(State),
    /// No line of it can be applied for.
    NothingReady,
    /// It has ended.
    Ended(State),
    /// Its content was deleted after its time.
    FileGone,
    /// There is no result yet.
    NotBegun,
    /// The line is a second one for the same person.
    DuplicateLine(u64),
}

impl Refused {
    /// One of each.
    pub const ALL: [Self; 6] = [
        Self::NotWaiting(State::Done),
        Self::NothingReady,
        Self::Ended(State::Done),
        Self::FileGone,
        Self::NotBegun,
        Self::DuplicateLine(2),
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NotWaiting(_) => "cards/bulk-not-waiting",
            Self::NothingReady => "cards/bulk-nothing-ready",
            Self::Ended(_) => "cards/bulk-ended",
            Self::FileGone => "cards/bulk-file-gone",
            Self::NotBegun => "cards/bulk-not-begun",
            Self::DuplicateLine(_) => "cards/bulk-duplicate-line",
        }
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::DuplicateLine(_) => Some(Article(5)),
            Self::FileGone => Some(Article(19)),
            _ => None,
        }
    }

    fn reason(&self) -> Text {
        let with = |state: &State, zh: &str, en: &str| {
            let (name, _) = state.name();
            Text::new(format!("{zh}「{}」", name.zh), format!("{en} “{}”", name.en))
        };
        match self {
            Self::NotWaiting(state) => with(
                state,
                "只有核对完成的文件可以确认，当前为",
                "Only a checked file can be confirmed; it is",
            ),
            Self::NothingReady => {
                Text::new("文件中没有可以申领的人员", "Nobody in the file can be applied for")
            }
            Self::Ended(state) => with(state, "该批次已结束，状态为", "This file has ended; it is"),
            Self::FileGone => {
                Text::new("文件已按保存期限删除", "The file was deleted when its time had passed")
            }
            Self::NotBegun => Text::new("尚未开始办理", "Nothing has been done yet"),
            Self::DuplicateLine(first) => Text::new(
                format!("与第 {first} 行为同一人，一人一卡"),
                format!("The same person as in line {first}: one person, one card"),
            ),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::NotWaiting(_) | Self::Ended(_) => {
                Text::new("请刷新页面查看进度", "Reload the page to see how it stands")
            }
            Self::NothingReady => {
                Text::new("请按提示改正后重新上传", "Correct the lines and upload the file again")
            }
            Self::FileGone => Text::new("如需办理请重新上传", "Upload it again if it is needed"),
            Self::NotBegun => Text::new("请先核对并确认", "Check and confirm it first"),
            Self::DuplicateLine(_) => Text::new("请删除重复的行", "Remove the second line"),
        }
    }
}

/// Whether the clerk's word can start the work.
///
/// # Errors
/// It is not checked yet, or nobody is ready.
pub fn confirm(state: State, ready: i64) -> Result<State, Refused> {
    match state {
        State::Waiting if ready > 0 => Ok(State::Running),
        State::Waiting => Err(Refused::NothingReady),
        other => Err(Refused::NotWaiting(other)),
    }
}

/// Whether a file can be stopped.
///
/// # Errors
/// It has ended.
pub fn cancel(state: State) -> Result<State, Refused> {
    if state.is_end() { Err(Refused::Ended(state)) } else { Ok(State::Cancelled) }
}

/// What became of a line, or would.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Line of the file.
    pub line: u64,
    /// `ready`, `applied`, `registered`, or the stable code of the refusal.
    pub code: Cow<'static, str>,
    /// Reason and advice in Chinese; empty when all is well.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zh: String,
    /// The same in English.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub en: String,
}

/// The line can be applied for.
pub const READY: &str = "ready";
/// The person was known; cards were applied for.
pub const APPLIED: &str = "applied";
/// The person was registered, and cards were applied for.
pub const REGISTERED: &str = "registered";
/// The job was stopped before this line.
pub const NOT_DONE: &str = "not-done";

impl Outcome {
    /// All is well.
    pub fn good(line: u64, code: &'static str) -> Self {
        Self { line, code: code.into(), zh: String::new(), en: String::new() }
    }

    /// A rule said no.
    pub fn refused(line: u64, refusal: &dyn Refusal) -> Self {
        Self::bad(line, refusal.code(), &refusal.reason(), &refusal.advice())
    }

    /// The line cannot be read.
    pub fn unreadable(fault: &sheet::Fault) -> Self {
        let text = fault.text();
        Self { line: fault.line, code: fault.code().into(), zh: text.zh, en: text.en }
    }

    /// Cells of the line are wrong; `names` gives a field's column.
    pub fn wrong_cells<'a>(
        line: u64,
        problem: &'a Problem,
        names: impl Fn(&'a str) -> String,
    ) -> Self {
        let wrong_number = problem.fields.iter().any(|fault| fault.field == "number");
        let code = if wrong_number { WRONG_NUMBER } else { WRONG_CELL };
        let (mut zh, mut en) = (Vec::new(), Vec::new());
        for fault in &problem.fields {
            let name = names(&fault.field);
            zh.push(format!("“{name}”列：{}", fault.text.zh));
            en.push(format!("column “{name}”: {}", fault.text.en));
        }
        Self { line, code: code.into(), zh: zh.join("；"), en: en.join("; ") }
    }

    fn bad(line: u64, code: &'static str, reason: &Text, advice: &Text) -> Self {
        Self {
            line,
            code: code.into(),
            zh: format!("{}。{}", reason.zh, advice.zh),
            en: format!("{}. {}", reason.en, advice.en),
        }
    }

    /// Whether cards were or can be applied for.
    pub fn is_good(&self) -> bool {
        [READY, APPLIED, REGISTERED].contains(&self.code.as_ref())
    }
}

/// The number in the line is wrong.
pub const WRONG_NUMBER: &str = "people/wrong-number";
/// Another cell of the line is wrong.
pub const WRONG_CELL: &str = "cards/bulk-wrong-cell";

/// What an outcome is called in tables, and the article behind it.
pub fn name_of(code: &str) -> (Text, Option<Article>) {
    let (zh, en, article) = match code {
        READY => ("可以申领", "Ready", None),
        APPLIED => ("已申领", "Applied", None),
        REGISTERED => ("已登记并申领", "Registered and applied", None),
        NOT_DONE => ("未办理", "Not done", None),
        "cards/one-person-one-card" => ("已有社会保障卡", "Has a card already", Some(5)),
        "people/not-entitled" => ("不符合申领条件", "Not eligible", Some(5)),
        "people/entitlement-ended" => ("公共服务权益已到期", "Entitlement ended", Some(5)),
        "people/entitlement-without-end" => {
            ("缺少权益截止日期", "Entitlement without end", Some(5))
        }
        "people/deceased" => ("已登记死亡", "Registered as deceased", Some(13)),
        "people/other-name" => ("与登记姓名不符", "Registered under another name", Some(12)),
        "cards/guardian-needed" => ("缺少监护人", "Guardian missing", Some(12)),
        "cards/bulk-duplicate-line" => ("文件内重复", "Twice in the file", Some(5)),
        WRONG_NUMBER => ("证件号码有误", "Wrong number", Some(12)),
        WRONG_CELL => ("填写有误", "Wrong cell", Some(12)),
        other if other.starts_with("sheet/") => ("该行无法读取", "Unreadable line", None),
        _ => ("未能办理", "Refused", None),
    };
    (Text::new(zh, en), article.map(Article))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_confirmed_once_and_only_after_its_check() {
        for state in State::ALL {
            let expected = match state {
                State::Waiting => Ok(State::Running),
                other => Err(Refused::NotWaiting(other)),
            };
            assert_eq!(confirm(state, 1), expected);
        }
        assert_eq!(confirm(State::Waiting, 0), Err(Refused::NothingReady));
    }

    #[test]
    fn what_has_ended_cannot_be_stopped() {
        for state in State::ALL {
            let expected = match state.is_end() {
                true => Err(Refused::Ended(state)),
                false => Ok(State::Cancelled),
            };
            assert_eq!(cancel(state), expected);
        }
    }

    #[test]
    fn states_are_found_by_their_codes() {
        for state in State::ALL {
            assert_eq!(State::from_code(state.code()), Some(state));
        }
    }
}
