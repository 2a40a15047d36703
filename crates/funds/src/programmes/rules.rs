//! A programme as its department publishes it, and why a proposal is refused.

use kernel::actor::{Actor, Role};
use kernel::id::Id;
use kernel::law::{Article, Refusal, Text};
use serde::{Deserialize, Serialize};
use time::Date;

use super::formula::Formula;
use super::kinds::Kind;

/// What the public reads of a programme, and what its rosters are checked with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Code of its [`Kind`].
    pub kind: String,
    /// Who gets it.
    pub target_zh: String,
    /// Who gets it, in English.
    pub target_en: String,
    /// How much, in words.
    pub standard_zh: String,
    /// How much, in English.
    pub standard_en: String,
    /// Law or document that it rests on.
    pub basis: String,
    /// How often.
    pub frequency: String,
    /// When it is paid.
    pub pay_time: String,
    /// How one applies.
    pub guide: String,
    /// Telephone for questions and complaints.
    pub phones: String,
    /// Paid to one person, or to the head of a household.
    pub per_household: bool,
    /// The amount by formula; without one each line brings its own.
    pub formula: Option<Formula>,
    /// Codes of programmes of which nobody gets two in one period.
    pub conflicts: Vec<String>,
    /// Days of public notice.
    pub public_days: i64,
    /// From this total on two officials of finance approve, fen.
    pub two_above_fen: i64,
    /// Greatest amount of one line, fen.
    pub max_line_fen: i64,
    /// Budget account that pays.
    pub budget: String,
}

/// A version of a programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: Id,
    /// Code of the programme: `BT-NY-001`.
    pub code: String,
    /// Counts from 1.
    pub version: i64,
    /// Organisation that is responsible.
    pub department: Id,
    /// First day.
    pub from: Date,
    /// Ends the programme on that day.
    pub closes: bool,
    /// The content.
    pub body: Body,
}

/// Longest text of a field.
const LONG: usize = 2_000;
/// Longest name.
const SHORT: usize = 80;

/// Whether a version may be proposed by `maker` on `today`; `last` is the newest decided one.
///
/// # Errors
/// [`Refused`].
pub fn check_proposal(
    version: &Version,
    last: Option<&Version>,
    maker: &Actor,
    today: Date,
) -> Result<(), Refused> {
    let own = maker.org == Some(version.department);
    if !(own || maker.role == Role::MunicipalOfficer && last.is_some()) {
        return Err(Refused::NotYours);
    }
    if last.is_some_and(|last| last.department != version.department) {
        return Err(Refused::NotYours);
    }
    if version.from < today || last.is_some_and(|last| version.from < last.from) {
        return Err(Refused::InThePast);
    }
    check_body(&version.code, &version.body)
}

fn check_body(code: &str, body: &Body) -> Result<(), Refused> {
    let coded = |text: &str| {
        (3..=24).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
    };
    if !coded(code) || !body.conflicts.iter().all(|other| coded(other) && other != code) {
        return Err(Refused::Code);
    }
    if Kind::from_code(&body.kind).is_none() {
        return Err(Refused::UnknownKind);
    }
    let names = [&body.name_zh, &body.name_en, &body.budget, &body.phones];
    let texts = [&body.target_zh, &body.standard_zh, &body.basis, &body.frequency, &body.guide];
    let fits = |text: &&String, most: usize| (1..=most).contains(&text.trim().chars().count());
    if !names.iter().all(|text| fits(text, SHORT)) || !texts.iter().all(|text| fits(text, LONG)) {
        return Err(Refused::Words);
    }
    let bounds = (0..=60).contains(&body.public_days)
        && (0..=MOST_FEN).contains(&body.two_above_fen)
        && (1..=MOST_FEN).contains(&body.max_line_fen);
    let formula = body.formula.as_ref();
    if !bounds || formula.is_some_and(|one| !one.is_sound() || one.most_fen > body.max_line_fen) {
        return Err(Refused::Amounts);
    }
    Ok(())
}

/// Ten thousand million yuan: beyond it a number is a mistake.
pub const MOST_FEN: i64 = 1_000_000_000_000;

/// Why something about a programme is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The code is not in its form, or it conflicts with itself.
    Code,
    /// Art. 8 knows no such kind.
    UnknownKind,
    /// The kind is not open yet.
    NotOpened,
    /// A text is missing or too long.
    Words,
    /// Days, thresholds or the formula are out of bounds.
    Amounts,
    /// Another department is responsible.
    NotYours,
    /// It would begin in the past.
    InThePast,
    /// A version waits already.
    Waiting,
    /// Nothing waits, or it was decided.
    NotWaiting,
    /// The maker never decides.
    OwnWork,
    /// Whoever sends back must say why.
    NoComment,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 11] = [
        Self::Code,
        Self::UnknownKind,
        Self::NotOpened,
        Self::Words,
        Self::Amounts,
        Self::NotYours,
        Self::InThePast,
        Self::Waiting,
        Self::NotWaiting,
        Self::OwnWork,
        Self::NoComment,
    ];

    fn texts(self) -> (&'static str, [&'static str; 4]) {
        match self {
            Self::Code => (
                "funds/programme-code",
                [
                    "项目编码格式不对",
                    "The code is not in its form",
                    "使用3到24位大写字母、数字和连字符",
                    "3 to 24 capitals, digits and hyphens",
                ],
            ),
            Self::UnknownKind => (
                "funds/unknown-kind",
                [
                    "没有这类资金",
                    "No such kind of money",
                    "请从第八条所列类别中选择",
                    "Choose one of the kinds of Art. 8",
                ],
            ),
            Self::NotOpened => (
                "funds/kind-not-open",
                [
                    "这类资金尚未开通通过社会保障卡发放",
                    "This kind of money is not open yet",
                    "开通须经两人复核的参数调整",
                    "Two officials open it in the settings",
                ],
            ),
            Self::Words => (
                "funds/programme-words",
                [
                    "名称、对象、标准、依据、频次、指南、电话、预算账户须填写完整且不超长",
                    "A text is missing or too long",
                    "补齐后再提交",
                    "Complete it and send again",
                ],
            ),
            Self::Amounts => (
                "funds/programme-amounts",
                [
                    "公示天数、限额或计算公式超出范围",
                    "Days, limits or the formula are out of bounds",
                    "公示0到60天，公式上限不超过单笔上限",
                    "0 to 60 days; the formula's most within the most of a line",
                ],
            ),
            Self::NotYours => (
                "funds/programme-not-yours",
                [
                    "该项目由其他部门负责",
                    "Another department is responsible",
                    "请由主管部门办理",
                    "Ask that department",
                ],
            ),
            Self::InThePast => (
                "funds/programme-in-the-past",
                [
                    "生效日期不能早于今天或现行版本",
                    "It would begin in the past",
                    "选择今天或以后的日期",
                    "Choose today or later",
                ],
            ),
            Self::Waiting => (
                "funds/programme-waiting",
                [
                    "该项目已有待审批的版本",
                    "A version waits already",
                    "请先审批该版本",
                    "Decide on that one first",
                ],
            ),
            Self::NotWaiting => (
                "funds/programme-not-waiting",
                [
                    "没有待审批的版本，或已有人审批",
                    "Nothing waits, or it is decided",
                    "请刷新页面",
                    "Reload the page",
                ],
            ),
            Self::OwnWork => (
                "funds/programme-own-work",
                [
                    "编制人不能审批自己编制的项目",
                    "Nobody decides on what he made himself",
                    "请由另一位有权人员审批",
                    "Ask another person with the right",
                ],
            ),
            Self::NoComment => (
                "funds/programme-no-comment",
                [
                    "退回须写明理由",
                    "Say why you send it back",
                    "填写意见后再退回",
                    "Write a comment",
                ],
            ),
        }
    }
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        self.texts().0
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::OwnWork => Some(Article(25)),
            Self::NotYours => Some(Article(9)),
            _ => Some(Article(8)),
        }
    }

    fn reason(&self) -> Text {
        let [zh, en, ..] = self.texts().1;
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let [.., zh, en] = self.texts().1;
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::OwnWork | Self::NotYours => 403,
            Self::Waiting | Self::NotWaiting | Self::NotOpened => 409,
            _ => 422,
        }
    }
}
