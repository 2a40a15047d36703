//! Who may link whom.

use kernel::id::Id;
use kernel::law::{Article, Refusal, Text};
use kernel::settings::Setting;
use kernel::time::Utc;
use time::Date;

use crate::representatives::rules::OF_AGE;
use crate::rules::Person;

/// How many relatives one holder may keep.
pub static LIMIT: Setting = Setting {
    name: "people.family-links",
    default: 8,
    least: 1,
    most: 20,
    zh: "亲情服务人数上限",
    en: "Relatives that one holder may keep",
    article: 7,
};

/// What a relative is to the holder.
pub const RELATIONS: [(&str, &str, &str); 5] = [
    ("child", "子女", "Child"),
    ("parent", "父母", "Parent"),
    ("spouse", "配偶", "Spouse"),
    ("grandparent", "祖父母、外祖父母", "Grandparent"),
    ("other", "其他亲属", "Other relative"),
];

/// A relation between a holder and a relative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The holder who asked.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// The relative.
    pub relative: Id,
    /// Code from [`RELATIONS`].
    pub relation: String,
    /// It stands on a guardianship instead of the relative's own yes.
    pub as_guardian: bool,
    /// When it was asked for.
    pub asked_at: Utc,
    /// When it began.
    pub confirmed_at: Option<Utc>,
}

/// Why there is no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No such relative, or name and number do not fit: both are told the same.
    NoSuchRelative,
    /// The holder named himself.
    Himself,
    /// The holder keeps as many as allowed.
    TooMany(i64),
    /// The two are linked, or it waits for a yes.
    LinkedAlready,
    /// A minor's link needs a registered guardianship.
    GuardianshipNeeded,
    /// There is no link that would let the holder show the relative's card.
    NotLinked,
    /// The relative has not said yes.
    NotConfirmed,
    /// The child is of age now and must say yes himself.
    OfAge,
}

impl Refused {
    /// One of each kind, for documents and tests.
    pub const ALL: [Self; 8] = [
        Self::NoSuchRelative,
        Self::Himself,
        Self::TooMany(0),
        Self::LinkedAlready,
        Self::GuardianshipNeeded,
        Self::NotLinked,
        Self::NotConfirmed,
        Self::OfAge,
    ];
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::NoSuchRelative => "people/no-such-relative",
            Self::Himself => "people/family-himself",
            Self::TooMany(_) => "people/family-too-many",
            Self::LinkedAlready => "people/family-linked-already",
            Self::GuardianshipNeeded => "people/family-guardianship-needed",
            Self::NotLinked => "people/family-not-linked",
            Self::NotConfirmed => "people/family-not-confirmed",
            Self::OfAge => "people/family-of-age",
        }
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::GuardianshipNeeded => Some(Article(12)),
            Self::NotLinked | Self::NotConfirmed | Self::OfAge => Some(Article(24)),
            _ => None,
        }
    }

    fn reason(&self) -> Text {
        match self {
            Self::NoSuchRelative => Text::new(
                "没有找到姓名和号码相符的持卡人",
                "Nobody with this name and number was found",
            ),
            Self::Himself => Text::new("不能添加本人", "This is yourself"),
            Self::TooMany(most) => Text::new(
                format!("亲情服务最多添加 {most} 人"),
                format!("You may keep {most} relatives"),
            ),
            Self::LinkedAlready => Text::new("已添加或等待对方确认", "Linked, or waiting, already"),
            Self::GuardianshipNeeded => Text::new(
                "未成年人须由已登记的监护人添加",
                "A minor is linked by his registered guardian only",
            ),
            Self::NotLinked => Text::new("与该人员没有亲情关系", "There is no link"),
            Self::NotConfirmed => Text::new("对方尚未确认", "The relative has not agreed"),
            Self::OfAge => {
                Text::new("子女已成年，须本人确认", "The child is of age and must agree himself")
            }
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::NoSuchRelative => Text::new("请核对后重新填写", "Check both and try again"),
            Self::Himself => Text::new("请填写亲属的信息", "Enter your relative"),
            Self::TooMany(_) => Text::new("请先解除不再需要的关系", "End a link first"),
            Self::LinkedAlready => Text::new("请查看下方列表", "Look at the list"),
            Self::GuardianshipNeeded => Text::new(
                "请持监护证明到网点登记监护关系",
                "Register the guardianship at an outlet",
            ),
            Self::NotLinked | Self::OfAge => {
                Text::new("请重新添加并由对方确认", "Add the relative again; he confirms")
            }
            Self::NotConfirmed => {
                Text::new("请对方登录后在亲情服务中确认", "The relative signs in and agrees")
            }
        }
    }

    fn status(&self) -> u16 {
        match self {
            Self::NoSuchRelative | Self::Himself => 422,
            Self::NotLinked | Self::NotConfirmed | Self::OfAge => 403,
            _ => 409,
        }
    }
}

/// Whether a link begins at once (as guardian of a minor) or waits for the relative's yes.
///
/// # Errors
/// [`Refused::GuardianshipNeeded`] for a minor without a registered guardian.
pub fn begins_at_once(relative: &Person, guardian: bool, today: Date) -> Result<bool, Refused> {
    match (relative.age_on(today) < OF_AGE, guardian) {
        (true, true) => Ok(true),
        (true, false) => Err(Refused::GuardianshipNeeded),
        (false, _) => Ok(false),
    }
}

/// Whether a link lets the holder show the relative's card today.
///
/// # Errors
/// The [`Refused`] that applies.
pub fn shows(link: &Link, relative: &Person, today: Date) -> Result<(), Refused> {
    match link.confirmed_at {
        None => Err(Refused::NotConfirmed),
        Some(_) if link.as_guardian && relative.age_on(today) >= OF_AGE => Err(Refused::OfAge),
        Some(_) => Ok(()),
    }
}
