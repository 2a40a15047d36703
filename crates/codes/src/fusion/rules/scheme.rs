//! Another card or code of a department.

use std::borrow::Borrow;

use items::rules::{Area, Function, Group, Item, Word, is_code};
use kernel::id::Id;
use kernel::law::Text;
use people::field::Field;
use time::Date;

use super::plan::Route;
use super::{Refused, duplicates};

/// What kind of card or code it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// 交通.
    Transit,
    /// 图书馆.
    Library,
    /// 卫生健康.
    Health,
    /// 老年优待.
    Elder,
    /// 学生.
    Student,
    /// 残疾人.
    Disability,
    /// 退役军人.
    Veteran,
    /// 旅游.
    Tourism,
    /// 政务服务.
    Government,
    /// 其他.
    Other,
}

impl Word for Kind {
    const ALL: &'static [Self] = &[
        Self::Transit,
        Self::Library,
        Self::Health,
        Self::Elder,
        Self::Student,
        Self::Disability,
        Self::Veteran,
        Self::Tourism,
        Self::Government,
        Self::Other,
    ];

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Transit => ("transit", "公共交通", "Public transport"),
            Self::Library => ("library", "图书借阅", "Library"),
            Self::Health => ("health", "卫生健康", "Health"),
            Self::Elder => ("elder", "老年优待", "Elderly people"),
            Self::Student => ("student", "学生", "Students"),
            Self::Disability => ("disability", "残疾人服务", "Disabled people"),
            Self::Veteran => ("veteran", "退役军人优待", "Veterans"),
            Self::Tourism => ("tourism", "旅游年卡", "Tourism"),
            Self::Government => ("government", "政务服务", "Government services"),
            Self::Other => ("other", "其他", "Other"),
        }
    }
}

/// What the holder has in his hand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// 卡、证.
    Card,
    /// 电子二维码.
    Code,
    /// 卡和码.
    Both,
}

impl Word for Form {
    const ALL: &'static [Self] = &[Self::Card, Self::Code, Self::Both];

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Card => ("card", "卡、证", "Card"),
            Self::Code => ("code", "电子二维码", "Code"),
            Self::Both => ("both", "卡和码", "Card and code"),
        }
    }
}

/// Where a scheme is on its way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Waits for its check.
    Proposed,
    /// On the register, without a plan in force.
    Registered,
    /// Sent back.
    Rejected,
    /// Its plan is being carried out.
    Merging,
    /// All milestones are reached.
    Fused,
    /// No longer issued nor used.
    Ended,
}

impl State {
    /// Whether numbers may be linked and codes read.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Registered | Self::Merging | Self::Fused)
    }
}

impl Word for State {
    const ALL: &'static [Self] = &[
        Self::Proposed,
        Self::Registered,
        Self::Rejected,
        Self::Merging,
        Self::Fused,
        Self::Ended,
    ];

    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Proposed => ("proposed", "待审核", "To be checked"),
            Self::Registered => ("registered", "已登记", "Registered"),
            Self::Rejected => ("rejected", "已退回", "Sent back"),
            Self::Merging => ("merging", "融合中", "Being merged"),
            Self::Fused => ("fused", "已融合", "Merged"),
            Self::Ended => ("ended", "已停用", "Ended"),
        }
    }
}

/// Another card or code, as its department registers it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scheme {
    /// Its id.
    pub id: Id,
    /// Rises with each change.
    pub version: i64,
    /// Stable code: `CQ-LIBRARY`.
    pub code: String,
    /// Department that registered it.
    pub org: Id,
    /// Where it is on its way.
    pub state: State,
    /// What kind it is.
    pub kind: Kind,
    /// Card, code or both.
    pub form: Form,
    /// Name for people.
    pub name: Text,
    /// Who issues it, in words.
    pub issuer: String,
    /// What it is for.
    pub purpose: Text,
    /// Field of life.
    pub area: Area,
    /// What it does for its holder.
    pub functions: Vec<Function>,
    /// For whom it is; empty for everybody.
    pub groups: Vec<Group>,
    /// Which facts of its holder it proves.
    pub fields: Vec<Field>,
    /// Published items that the department itself says it overlaps.
    pub items: Vec<String>,
    /// Legal basis.
    pub basis: String,
    /// The State's requirement to issue it; empty when there is none (国家另有发卡要求).
    pub national: String,
    /// How many people hold it.
    pub holders: i64,
    /// Technical format in words.
    pub technical: String,
    /// First day of issue.
    pub started_on: Date,
}

impl Scheme {
    /// How Art. 6 wants it merged.
    pub fn route(&self) -> Route {
        if self.national.is_empty() { Route::Merge } else { Route::FusedUse }
    }

    /// Whether it is issued for the first time from `new_from` on.
    pub fn is_new(&self, new_from: Date) -> bool {
        self.started_on >= new_from
    }
}

/// Checks a registration against the list of the day.
///
/// # Errors
/// The [`Refused`] that applies first; [`Refused::Duplicate`] for a new card or code that does what the
/// social security card does already, unless the State requires it (Art. 6).
pub fn check_scheme<I: Borrow<Item>>(
    scheme: &Scheme,
    new_from: Date,
    items: &[I],
) -> Result<(), Refused> {
    if !is_code(&scheme.code) {
        return Err(Refused::Code);
    }
    let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    let needed = [
        (&scheme.name.zh, 60),
        (&scheme.issuer, 80),
        (&scheme.purpose.zh, 500),
        (&scheme.basis, 300),
        (&scheme.technical, 300),
    ];
    let optional = [(&scheme.name.en, 120), (&scheme.purpose.en, 1_000), (&scheme.national, 300)];
    let words = needed.into_iter().all(|(text, most)| fits(text, most))
        && optional.into_iter().all(|(text, most)| text.chars().count() <= most);
    if !words {
        return Err(Refused::Words);
    }
    if scheme.functions.is_empty() {
        return Err(Refused::Functions);
    }
    if !(0..=100_000_000).contains(&scheme.holders) {
        return Err(Refused::Holders);
    }
    let known = |code: &String| items.iter().any(|item| item.borrow().code == *code);
    if !scheme.items.iter().all(known) {
        return Err(Refused::NoSuchItem);
    }
    let refused = scheme.is_new(new_from) && scheme.national.is_empty();
    if refused && duplicates(scheme, items) {
        return Err(Refused::Duplicate);
    }
    Ok(())
}
