//! What a line may be, who may take which step, and why not.

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::law::{Article, Refusal, Text};
use kernel::time::Utc;

use super::columns::Draft;
use super::reasons::{CHANGED, Reason};
use crate::programmes::rules::Body;

/// Where a roster is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Its lines are being read and checked.
    Entered,
    /// Checked; its unit corrects and submits it, then the department reviews.
    Checked,
    /// Reviewed; shown to the public.
    Reviewed,
    /// The notice has ended and nothing is open; finance approves.
    Noticed,
    /// The budget is approved; handed over for payment.
    Approved,
    /// Sent to banks.
    Released,
    /// Stopped.
    Stopped,
    /// Taken back by its unit.
    Withdrawn,
}

impl State {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Entered,
        Self::Checked,
        Self::Reviewed,
        Self::Noticed,
        Self::Approved,
        Self::Released,
        Self::Stopped,
        Self::Withdrawn,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Checked => "checked",
            Self::Reviewed => "reviewed",
            Self::Noticed => "noticed",
            Self::Approved => "approved",
            Self::Released => "released",
            Self::Stopped => "stopped",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Name, and the kind of its badge.
    pub fn name(self) -> (Text, &'static str) {
        let (zh, en, badge) = match self {
            Self::Entered => ("核对中", "Being checked", "info"),
            Self::Checked => ("已核对", "Checked", "info"),
            Self::Reviewed => ("公示中", "On public notice", "info"),
            Self::Noticed => ("待财政审批", "Waits for finance", "warn"),
            Self::Approved => ("已批准", "Approved", "ok"),
            Self::Released => ("已下达银行", "Sent to banks", "ok"),
            Self::Stopped => ("已暂停", "Stopped", "bad"),
            Self::Withdrawn => ("已撤回", "Withdrawn", "warn"),
        };
        (Text::new(zh, en), badge)
    }
}

/// A step that one person takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The unit enters and submits.
    Entered,
    /// The department reviews and decides on objections.
    Reviewed,
    /// Finance approves.
    Approved,
    /// A second official of finance approves.
    ApprovedSecond,
}

impl Step {
    /// Stable code, as the schema knows it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Reviewed => "reviewed",
            Self::Approved => "approved",
            Self::ApprovedSecond => "approved-second",
        }
    }
}

/// What the register knows of the person of a line.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The person.
    pub person: Id,
    /// Registered name.
    pub name: String,
    /// He has died.
    pub deceased: bool,
    /// His living card and its stage.
    pub card: Option<(Id, String)>,
    /// Bank and state of the card's account.
    pub account: Option<(Id, String)>,
    /// Keyed digest of the account's number.
    pub digest: Option<Vec<u8>>,
    /// Last change of the account.
    pub changed_at: Option<Utc>,
}

/// A line as it will stand in the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Person, card and bank, as far as they were found.
    pub person: Option<Id>,
    /// The card.
    pub card: Option<Id>,
    /// The bank.
    pub bank: Option<Id>,
    /// Fen as entered, or as the formula gives.
    pub fen: i64,
    /// Why it is bad.
    pub reason: Option<Reason>,
    /// Codes of warnings, each with a comma behind.
    pub warn: String,
}

/// Judges one line with what the register knows. `same_account` tells whether the account that the line
/// names is the found one (true when it names none); accounts changed after `changed_after` are noted.
pub fn judge(
    draft: &Draft,
    found: Option<&Found>,
    terms: &Body,
    same_account: bool,
    changed_after: Utc,
) -> Judged {
    let (fen, amount) = amount_of(draft, terms);
    let mut judged = Judged {
        person: found.map(|found| found.person),
        card: found.and_then(|found| Some(found.card.as_ref()?.0)),
        bank: found.and_then(|found| Some(found.account.as_ref()?.0)),
        fen,
        reason: None,
        warn: String::new(),
    };
    let household = terms.per_household && draft.household.is_empty();
    let written = draft.fault.or(amount.err()).or(household.then_some(Reason::Household));
    judged.reason = written.or_else(|| entitled(draft, found, same_account).err());
    if found.and_then(|found| found.changed_at).is_some_and(|at| at > changed_after) {
        judged.warn = format!("{CHANGED},");
    }
    judged
}

fn amount_of(draft: &Draft, terms: &Body) -> (i64, Result<(), Reason>) {
    let Some(formula) = &terms.formula else {
        return match draft.fen {
            Some(fen) if fen > terms.max_line_fen => (fen, Err(Reason::AboveLimit)),
            Some(fen) if fen > 0 => (fen, Ok(())),
            _ => (0, Err(Reason::Amount)),
        };
    };
    match draft.quantity.and_then(|quantity| formula.amount(quantity)) {
        None => (draft.fen.unwrap_or(0), Err(Reason::Quantity)),
        Some(fen) if draft.fen.is_some_and(|said| said != fen) => {
            (draft.fen.unwrap_or(fen), Err(Reason::NotTheFormula))
        }
        Some(fen) if fen > terms.max_line_fen => (fen, Err(Reason::AboveLimit)),
        Some(fen) => (fen, Ok(())),
    }
}

fn entitled(draft: &Draft, found: Option<&Found>, same_account: bool) -> Result<(), Reason> {
    let found = found.ok_or(Reason::Unknown)?;
    if !same_name(&found.name, &draft.name) {
        return Err(Reason::NameDiffers);
    }
    if found.deceased {
        return Err(Reason::Deceased);
    }
    let (_, stage) = found.card.as_ref().ok_or(Reason::NoCard)?;
    if stage != "active" {
        return Err(Reason::CardNotActive);
    }
    let (_, state) = found.account.as_ref().ok_or(Reason::NoAccount)?;
    if state != "active" {
        return Err(Reason::AccountNotActive);
    }
    if same_account { Ok(()) } else { Err(Reason::AccountDiffers) }
}

/// The same name, whatever spaces and middle dots people write.
fn same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|c| !c.is_whitespace() && !"·•・．.".contains(*c));
        letters.flat_map(char::to_uppercase).collect()
    };
    plain(one) == plain(other)
}

/// `2026` or `2026-11`.
pub fn is_period(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('-') {
        None => text.len() == 4 && digits(text) && text > "2000",
        Some((year, month)) => {
            let month = (month.len() == 2 && digits(month)).then(|| month.parse().ok()).flatten();
            year.len() == 4
                && digits(year)
                && year > "2000"
                && (1..=12).contains(&month.unwrap_or(0))
        }
    }
}

/// Whether an actor bound to `own` may enter for `division`: the whole city, or his own district.
pub fn may_enter_for(own: &str, division: &str) -> bool {
    own.ends_with("0000") && division.get(..2) == own.get(..2) || own.get(..6) == division.get(..6)
}

/// Whether two officials of finance approve (0: always).
pub fn needs_two(fen: i64, two_above_fen: i64) -> bool {
    fen >= two_above_fen
}

/// Whether this role may do the work of a department or of finance.
pub fn is_officer(actor: &Actor) -> bool {
    actor.role == Role::DepartmentOfficer
}

/// Why something about a roster is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The programme has ended.
    Closed,
    /// The period is none.
    Period,
    /// Another division than the actor's.
    Division,
    /// Lines or total are not as declared.
    Declared,
    /// No line can be paid.
    Nothing,
    /// The roster is not where this step needs it.
    NotNow,
    /// It is another unit's, department's or authority's step.
    NotYours,
    /// The same person took another step of this roster.
    OwnWork,
    /// Warnings have to be acknowledged in words.
    Warnings,
    /// Sending back, stopping and deciding need a reason.
    NoComment,
    /// The notice has not begun or has ended.
    NoNotice,
    /// No such line is shown.
    NoLine,
    /// So many objections to one line wait already.
    EnoughObjections,
    /// An objection is open: it blocks the next step.
    ObjectionOpen,
    /// Whoever stopped it does not resume it.
    OwnStop,
    /// A set of lines is too large or empty.
    SetSize,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 16] = [
        Self::Closed,
        Self::Period,
        Self::Division,
        Self::Declared,
        Self::Nothing,
        Self::NotNow,
        Self::NotYours,
        Self::OwnWork,
        Self::Warnings,
        Self::NoComment,
        Self::NoNotice,
        Self::NoLine,
        Self::EnoughObjections,
        Self::ObjectionOpen,
        Self::OwnStop,
        Self::SetSize,
    ];

    fn about(self) -> (&'static str, u8, u16, [&'static str; 4]) {
        match self {
            Self::Closed => (
                "funds/programme-closed",
                8,
                409,
                [
                    "该项目已停止发放",
                    "The programme has ended",
                    "请核对项目编码",
                    "Check the programme's code",
                ],
            ),
            Self::Period => (
                "funds/period",
                8,
                422,
                [
                    "所属期间应为年（2026）或年月（2026-11）",
                    "A period is a year or a month",
                    "按格式填写所属期间",
                    "Write 2026 or 2026-11",
                ],
            ),
            Self::Division => (
                "funds/division",
                9,
                403,
                [
                    "只能录入本行政区域的名册",
                    "Only lists of your own division",
                    "请由该区域的单位录入",
                    "Ask a unit of that division",
                ],
            ),
            Self::Declared => (
                "funds/declared",
                25,
                409,
                [
                    "名册的人数或总额与申报的不一致",
                    "Lines or total are not as declared",
                    "核对文件是否完整，更正后重新申报人数和总额",
                    "Check that the file is whole; correct or declare again",
                ],
            ),
            Self::Nothing => (
                "funds/nothing-to-pay",
                8,
                409,
                [
                    "名册中没有可以发放的行",
                    "No line can be paid",
                    "更正问题行后再提交",
                    "Correct the bad lines first",
                ],
            ),
            Self::NotNow => (
                "funds/not-now",
                8,
                409,
                [
                    "名册当前状态不能办理此步骤",
                    "The roster is not at this step",
                    "请刷新页面查看进度",
                    "Reload the page",
                ],
            ),
            Self::NotYours => (
                "funds/not-yours",
                9,
                403,
                [
                    "该步骤由其他单位办理",
                    "Another organisation takes this step",
                    "请由主管部门或财政部门办理",
                    "Ask the department or finance",
                ],
            ),
            Self::OwnWork => (
                "funds/own-work",
                25,
                403,
                [
                    "同一人不能办理同一名册的两个环节",
                    "Nobody takes two steps of one roster",
                    "请由另一位有权人员办理",
                    "Ask another person with the right",
                ],
            ),
            Self::Warnings => (
                "funds/warnings",
                25,
                409,
                [
                    "存在异常提示，须逐项核实并写明结论",
                    "There are warnings to look into",
                    "核实后填写核实情况再通过",
                    "Say what you found, then pass it",
                ],
            ),
            Self::NoComment => (
                "funds/no-comment",
                25,
                422,
                ["须写明理由", "A reason is needed", "填写理由后再提交", "Give a reason"],
            ),
            Self::NoNotice => (
                "funds/no-notice",
                8,
                409,
                [
                    "该名册不在公示期内",
                    "The roster is not on notice",
                    "可拨打项目咨询电话反映",
                    "Call the programme's telephone",
                ],
            ),
            Self::NoLine => (
                "funds/no-line",
                8,
                404,
                [
                    "公示中没有这一行",
                    "No such line is shown",
                    "请核对序号",
                    "Check the number of the line",
                ],
            ),
            Self::EnoughObjections => (
                "funds/enough-objections",
                8,
                409,
                [
                    "该行已有多条异议正在处理",
                    "Objections to this line wait already",
                    "请等待处理结果",
                    "Wait for the decision",
                ],
            ),
            Self::ObjectionOpen => (
                "funds/objection-open",
                8,
                409,
                ["尚有异议未处理", "An objection is open", "请先处理异议", "Decide on it first"],
            ),
            Self::OwnStop => (
                "funds/own-stop",
                25,
                403,
                [
                    "暂停的人不能自行恢复",
                    "Whoever stopped it does not resume it",
                    "请由另一位有权人员恢复",
                    "Ask another person with the right",
                ],
            ),
            Self::SetSize => (
                "funds/set-size",
                8,
                422,
                ["每次提交1到5000行", "1 to 5,000 lines a set", "请分批提交", "Send smaller sets"],
            ),
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.about().0
    }

    fn article(&self) -> Option<Article> {
        Some(Article(self.about().1))
    }

    fn reason(&self) -> Text {
        let [zh, en, ..] = self.about().3;
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [.., zh, en] = self.about().3;
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        self.about().2
    }
}
