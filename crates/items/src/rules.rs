//! What an item is, when it is in force, and what a proposal must have (Art. 14).

use kernel::id::Id;
use kernel::law::{Article, Refusal, Text};
use people::field::Field;
use time::Date;

/// The field of life that an item belongs to (Art. 7, 8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Area {
    /// 人力资源.
    HumanResources,
    /// 社会保险.
    SocialInsurance,
    /// 政务服务.
    Government,
    /// 交通出行.
    Transport,
    /// 旅游观光.
    Tourism,
    /// 文化体验.
    Culture,
    /// 卫生健康.
    Health,
    /// 缴费支付.
    Payment,
}

impl Area {
    /// All fields, in the order of the public list.
    pub const ALL: [Self; 8] = [
        Self::HumanResources,
        Self::SocialInsurance,
        Self::Government,
        Self::Transport,
        Self::Tourism,
        Self::Culture,
        Self::Health,
        Self::Payment,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::HumanResources => "hr",
            Self::SocialInsurance => "social-insurance",
            Self::Government => "government",
            Self::Transport => "transport",
            Self::Tourism => "tourism",
            Self::Culture => "culture",
            Self::Health => "health",
            Self::Payment => "payment",
        }
    }

    /// The field with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|area| area.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::HumanResources => ("人力资源", "Human resources"),
            Self::SocialInsurance => ("社会保险", "Social insurance"),
            Self::Government => ("政务服务", "Government services"),
            Self::Transport => ("交通出行", "Transport"),
            Self::Tourism => ("旅游观光", "Tourism"),
            Self::Culture => ("文化体验", "Culture"),
            Self::Health => ("卫生健康", "Health"),
            Self::Payment => ("缴费支付", "Payment"),
        };
        Text::new(zh, en)
    }
}

/// Which of the three lists of Art. 14 an item stands on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum List {
    /// The city's list.
    City,
    /// An addition of a district.
    District,
    /// The list of Chongqing and Sichuan.
    Joint,
}

impl List {
    /// All lists.
    pub const ALL: [Self; 3] = [Self::City, Self::District, Self::Joint];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::City => "city",
            Self::District => "district",
            Self::Joint => "joint",
        }
    }

    /// The list with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::City => ("市级清单", "City list"),
            Self::District => ("区县新增清单", "District list"),
            Self::Joint => ("川渝一卡通清单", "Chongqing–Sichuan list"),
        };
        Text::new(zh, en)
    }
}

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
    /// Department that owns it.
    pub owner: Id,
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
}

impl Item {
    /// Whether this version is in force on a day.
    pub fn in_force(&self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }
}

/// The version in force on a day: exactly one or none, because versions never overlap.
pub fn on_day<'a>(versions: impl IntoIterator<Item = &'a Item>, day: Date) -> Option<&'a Item> {
    versions.into_iter().filter(|item| item.in_force(day)).max_by_key(|item| item.version)
}

/// Why a proposal is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// The code is not in its form.
    Code,
    /// A name, basis or guide is missing or too long.
    Words,
    /// It would begin in the past: a list in force is never changed backwards.
    InThePast,
    /// It would begin before the version that is published already.
    Overlap,
    /// The department does not own the item.
    NotOwner,
    /// A proposal for this item waits already.
    Waiting,
}

impl Refused {
    /// All refusals.
    pub const ALL: [Self; 6] =
        [Self::Code, Self::Words, Self::InThePast, Self::Overlap, Self::NotOwner, Self::Waiting];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::Code => "items/wrong-code",
            Self::Words => "items/words-missing",
            Self::InThePast => "items/in-the-past",
            Self::Overlap => "items/versions-overlap",
            Self::NotOwner => "items/not-owner",
            Self::Waiting => "items/proposal-waits",
        }
    }

    fn article(&self) -> Option<Article> {
        Some(Article(if *self == Self::NotOwner { 9 } else { 14 }))
    }

    fn reason(&self) -> Text {
        let (zh, en) = match self {
            Self::Code => ("事项编码格式不正确", "The item code is not in its form"),
            Self::Words => {
                ("名称、依据或指南缺失或过长", "Name, basis or guide is missing or too long")
            }
            Self::InThePast => ("生效日期不能早于今天", "It cannot begin in the past"),
            Self::Overlap => ("与现行版本的有效期重叠", "It would overlap the version in force"),
            Self::NotOwner => ("该事项由其他部门负责", "Another department owns this item"),
            Self::Waiting => ("该事项已有待审批的版本", "A proposal for this item waits already"),
        };
        Text::new(zh, en)
    }

    fn advice(&self) -> Text {
        let (zh, en) = match self {
            Self::Code => ("格式如 CQ-CU-001", "It looks like CQ-CU-001"),
            Self::Words => ("请补全后提交", "Complete it and send again"),
            Self::InThePast | Self::Overlap => ("请选择更晚的生效日期", "Choose a later first day"),
            Self::NotOwner => ("请与责任部门协商", "Consult the department that owns it"),
            Self::Waiting => ("请等待审批结果", "Wait for the decision"),
        };
        Text::new(zh, en)
    }

    fn status(&self) -> u16 {
        match self {
            Self::NotOwner => 403,
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
    if !is_code(&item.code) {
        return Err(Refused::Code);
    }
    let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    let words =
        [(&item.name.zh, 60), (&item.name.en, 120), (&item.basis, 200), (&item.guide.zh, 2_000)];
    if !words.into_iter().all(|(text, most)| fits(text, most)) {
        return Err(Refused::Words);
    }
    if item.from < today {
        return Err(Refused::InThePast);
    }
    match published {
        Some(published) if item.from <= published.from => Err(Refused::Overlap),
        Some(published) if published.owner != item.owner => Err(Refused::NotOwner),
        _ => Ok(()),
    }
}

/// `CQ-CU-001`: letters, digits and hyphens, at most 40.
pub fn is_code(code: &str) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
    (3..=40).contains(&code.len()) && code.bytes().all(plain) && !code.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::Duration;
    use time::macros::date;

    const TODAY: Date = date!(2026 - 03 - 01);

    fn item(version: i64, from: Date, until: Option<Date>) -> Item {
        Item {
            id: Id(version),
            code: "CQ-CU-001".to_owned(),
            version,
            name: Text::new("图书借阅", "Borrowing books"),
            area: Area::Culture,
            list: List::City,
            owner: Id(9),
            fields: vec![Field::NameMasked],
            basis: "条例第七条".to_owned(),
            guide: Text::new("出示卡码", "Show the code"),
            from,
            until,
        }
    }

    /// Art. 14: the list is dynamic, but never backwards.
    #[test]
    fn a_proposal_begins_today_at_the_earliest_and_after_the_version_in_force() {
        let tomorrow = TODAY.next_day().expect("a day");
        assert_eq!(check_proposal(&item(1, TODAY, None), None, TODAY), Ok(()));
        let yesterday = TODAY.previous_day().expect("a day");
        assert_eq!(check_proposal(&item(1, yesterday, None), None, TODAY), Err(Refused::InThePast));
        let published = item(1, tomorrow, None);
        assert_eq!(
            check_proposal(&item(2, tomorrow, None), Some(&published), TODAY),
            Err(Refused::Overlap)
        );
    }

    /// Art. 9: each department for its own field.
    #[test]
    fn nobody_changes_the_item_of_another_department() {
        let published = item(1, TODAY, None);
        let mut other = item(2, TODAY.next_day().expect("a day"), None);
        other.owner = Id(10);
        assert_eq!(check_proposal(&other, Some(&published), TODAY), Err(Refused::NotOwner));
    }

    #[test]
    fn codes_have_one_form() {
        assert!(is_code("CQ-CU-001") && is_code("CQCN-TR-01"));
        for bad in ["", "AB", "cq-cu-001", "-CQ", "CQ CU", "图书"] {
            assert!(!is_code(bad), "{bad}");
        }
    }

    proptest! {
        /// However often an item is changed: each day has at most one version, and every day from the
        /// first on has exactly one.
        #[test]
        fn a_day_has_exactly_one_answer(steps in prop::collection::vec(1i64..400, 1..12), probe in 0i64..5_000) {
            let mut versions: Vec<Item> = Vec::new();
            let mut from = TODAY;
            for (number, step) in (1..).zip(steps) {
                if let Some(last) = versions.last_mut() {
                    last.until = from.previous_day();
                }
                versions.push(item(number, from, None));
                from = from.saturating_add(Duration::days(step));
            }
            let day = TODAY.saturating_add(Duration::days(probe));
            let in_force = versions.iter().filter(|item| item.in_force(day)).count();
            prop_assert_eq!(in_force, 1);
            prop_assert!(on_day(&versions, TODAY.previous_day().expect("a day")).is_none());
        }
    }
}
