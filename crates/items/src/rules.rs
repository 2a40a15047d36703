//! What an item is, when it is in force, and what a proposal must have (Art. 14).

mod kinds;
#[cfg(test)]
mod tests;

use kernel::id::Id;
use kernel::law::{Article, Refusal, Text};
use people::field::Field;
use time::Date;

pub use kinds::{Area, Level, List, State, Way};

/// One version of an item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// Id of this version.
    pub id: Id,
    /// Code of the item, the same in all versions: `CQ-CU-001`.
    pub code: String,
    /// Counts from 1.
    pub version: i64,
    /// Name for people.
    pub name: Text,
    /// Field of life.
    pub area: Area,
    /// Which list it stands on.
    pub list: List,
    /// Organisation that is responsible for it.
    pub owner: Id,
    /// How surely the holder must be recognised.
    pub level: Level,
    /// Ways to use the card for it; each reaches the level.
    pub ways: Vec<Way>,
    /// What it discloses of the holder (Art. 18).
    pub fields: Vec<Field>,
    /// Legal basis in words.
    pub basis: String,
    /// Guide for the holder.
    pub guide: Text,
    /// First day in force.
    pub from: Date,
    /// Last day in force; none while it is open.
    pub until: Option<Date>,
    /// What has become of it.
    pub state: State,
}

impl Item {
    /// Whether this version is in force on a day.
    pub fn in_force(&self, day: Date) -> bool {
        self.state == State::Published
            && self.from <= day
            && self.until.is_none_or(|until| day <= until)
    }
}

/// The version in force on a day: exactly one or none, because versions never overlap.
pub fn on_day<I: AsRef<Item>>(versions: &[I], day: Date) -> Option<&I> {
    versions.iter().find(|item| item.as_ref().in_force(day))
}

impl AsRef<Item> for Item {
    fn as_ref(&self) -> &Item {
        self
    }
}

/// Whether an item's code, names or guide hold the text that somebody looks for; case does not matter.
pub fn matches(item: &Item, text: &str) -> bool {
    let wanted = text.trim().to_lowercase();
    let texts = [&item.code, &item.name.zh, &item.name.en, &item.guide.zh, &item.guide.en];
    wanted.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&wanted))
}

/// Why something about the list is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// No version of the item is in force on that day.
    NotListed,
    /// The code is not in its form.
    Code,
    /// A name, basis or guide is missing or too long.
    Words,
    /// No way of use, one twice, or one that cannot reach the level.
    Ways,
    /// A field is disclosed twice, or beside a smaller one that it contains.
    Fields,
    /// The joint list is drafted by the HRSS of both regions, not by another department.
    JointList,
    /// It would begin in the past: a list in force is never changed backwards.
    InThePast,
    /// It would begin before the version that is published already has begun and ended.
    Overlap,
    /// Another organisation is responsible for the item.
    NotOwner,
    /// A proposal for this item waits already.
    Waiting,
    /// Whoever sends a proposal back must say why.
    NoComment,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 11] = [
        Self::NotListed,
        Self::Code,
        Self::Words,
        Self::Ways,
        Self::Fields,
        Self::JointList,
        Self::InThePast,
        Self::Overlap,
        Self::NotOwner,
        Self::Waiting,
        Self::NoComment,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NotListed => "items/not-listed",
            Self::Code => "items/wrong-code",
            Self::Words => "items/words-missing",
            Self::Ways => "items/ways-and-level",
            Self::Fields => "items/not-the-least-fields",
            Self::JointList => "items/joint-list",
            Self::InThePast => "items/in-the-past",
            Self::Overlap => "items/versions-overlap",
            Self::NotOwner => "items/not-owner",
            Self::Waiting => "items/proposal-waits",
            Self::NoComment => "items/comment-missing",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(match self {
            // Serving people beside the list is forbidden by item (1) of this article.
            Self::NotListed => 25,
            Self::Fields => 18,
            // Each department for its own field.
            Self::NotOwner => 9,
            _ => 14,
        }))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::NotListed => {
                ("该事项当日不在已公布的清单内", "This item is not on the list of that day")
            }
            Self::Code => ("事项编码格式不正确", "The item code is not in its form"),
            Self::Words => {
                ("名称、依据或指南缺失或过长", "Name, basis or guide is missing or too long")
            }
            Self::Ways => {
                ("用卡方式缺失或达不到核验等级", "The ways of use do not reach the level")
            }
            Self::Fields => {
                ("提供的信息重复或超出必需", "Fields are disclosed twice or more than needed")
            }
            Self::JointList => {
                ("川渝清单由人社部门编制", "The joint list is drafted by the HRSS authorities")
            }
            Self::InThePast => ("生效日期不能早于今天", "It cannot begin in the past"),
            Self::Overlap => {
                ("与已公布版本的有效期重叠", "It would overlap a version that is published")
            }
            Self::NotOwner => {
                ("该事项由其他单位负责", "Another organisation is responsible for this item")
            }
            Self::Waiting => ("该事项已有待审批的版本", "A proposal for this item waits already"),
            Self::NoComment => ("退回须说明理由", "Sending back needs a reason"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::NotListed => ("请查阅事项清单", "See the list of items"),
            Self::Code => ("格式如 CQ-CU-001", "It looks like CQ-CU-001"),
            Self::Words => ("请补全后提交", "Complete it and send again"),
            Self::Ways => (
                "至少选一种；须持实体卡的事项只能刷卡",
                "Choose at least one; where the physical card is needed, only that one",
            ),
            Self::Fields => (
                "同类信息只保留一项，以够用为限",
                "Keep one of each kind, the smallest that suffices",
            ),
            Self::JointList => ("请选择市级清单或联系市人社部门", "Choose the city list"),
            Self::InThePast | Self::Overlap => ("请选择更晚的生效日期", "Choose a later first day"),
            Self::NotOwner => ("请与责任单位协商", "Consult the organisation responsible"),
            Self::Waiting => ("请等待审批结果", "Wait for the decision"),
            Self::NoComment => ("请填写意见后提交", "Write a comment and send again"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::NotListed => 404,
            Self::NotOwner | Self::JointList => 403,
            Self::Waiting => 409,
            _ => 422,
        }
    }
}

/// Checks a proposed version against the newest published one of the same item.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn check_proposal(item: &Item, published: Option<&Item>, today: Date) -> Result<(), Refused> {
    check_content(item)?;
    if item.from < today {
        return Err(Refused::InThePast);
    }
    match published {
        Some(published) if published.owner != item.owner => Err(Refused::NotOwner),
        Some(published) if item.from <= published.until.unwrap_or(published.from) => {
            Err(Refused::Overlap)
        }
        _ => Ok(()),
    }
}

fn check_content(item: &Item) -> Result<(), Refused> {
    if !is_code(&item.code) {
        return Err(Refused::Code);
    }
    let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    let words =
        [(&item.name.zh, 60), (&item.name.en, 120), (&item.basis, 200), (&item.guide.zh, 2_000)];
    let words_fit = words.into_iter().all(|(text, most)| fits(text, most));
    if !words_fit || item.guide.en.chars().count() > 4_000 {
        return Err(Refused::Words);
    }
    let reach = item.ways.iter().all(|way| way.reaches(item.level));
    if item.ways.is_empty() || !reach || has_twice(&item.ways) {
        return Err(Refused::Ways);
    }
    if has_twice(&item.fields) || !is_least(&item.fields) {
        return Err(Refused::Fields);
    }
    Ok(())
}

fn has_twice<T: PartialEq>(values: &[T]) -> bool {
    values.iter().enumerate().any(|(place, value)| values[..place].contains(value))
}

/// Who discloses the whole has no use for a part of it (Art. 18).
fn is_least(fields: &[Field]) -> bool {
    const WHOLE_AND_PART: [(Field, Field); 4] = [
        (Field::Name, Field::NameMasked),
        (Field::Number, Field::NumberMasked),
        (Field::BirthDate, Field::Over60),
        (Field::BirthDate, Field::Under18),
    ];
    !WHOLE_AND_PART.iter().any(|(whole, part)| fields.contains(whole) && fields.contains(part))
}

/// Only the municipal HRSS drafts for the joint list (Art. 14).
///
/// # Errors
/// [`Refused::JointList`] for other departments.
pub fn may_draft(list: List, municipal_hrss: bool) -> Result<(), Refused> {
    match list {
        List::Joint if !municipal_hrss => Err(Refused::JointList),
        _ => Ok(()),
    }
}

/// `CQ-CU-001`: capital letters, digits and hyphens, 3 to 40 bytes.
pub fn is_code(code: &str) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
    (3..=40).contains(&code.len()) && code.bytes().all(plain) && !code.starts_with('-')
}
