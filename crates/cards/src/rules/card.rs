//! A physical card: its stage, why it was applied for, and its clocks.

use kernel::id::Id;
use kernel::law::Text;
use kernel::time::Utc;
use time::Date;

use super::clocks::Clocks;

/// Where a physical card is on its way from the application to its destruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Applied for, not made yet.
    Ordered,
    /// The applicant stepped back before it was made.
    Withdrawn,
    /// Made, waiting at its outlet.
    Produced,
    /// In the holder's hand, not yet usable.
    HandedOver,
    /// In use.
    Active,
    /// A new card took its place (Art. 12).
    Replaced,
    /// Ended (Art. 13).
    Cancelled,
    /// Destroyed, with two people on record (Art. 13).
    Destroyed,
}

impl Stage {
    /// All stages.
    pub const ALL: [Self; 8] = [
        Self::Ordered,
        Self::Withdrawn,
        Self::Produced,
        Self::HandedOver,
        Self::Active,
        Self::Replaced,
        Self::Cancelled,
        Self::Destroyed,
    ];

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Withdrawn => "withdrawn",
            Self::Produced => "produced",
            Self::HandedOver => "handed-over",
            Self::Active => "active",
            Self::Replaced => "replaced",
            Self::Cancelled => "cancelled",
            Self::Destroyed => "destroyed",
        }
    }

    /// The stage with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.code() == code)
    }

    /// Name for people, and the kind of badge that fits.
    pub fn name(&self) -> (Text, &'static str) {
        let (zh, en, badge) = match self {
            Self::Ordered => ("待制卡", "To be made", "info"),
            Self::Withdrawn => ("已撤回", "Withdrawn", "info"),
            Self::Produced => ("待领卡", "To be collected", "info"),
            Self::HandedOver => ("待激活", "To be activated", "warn"),
            Self::Active => ("使用中", "In use", "ok"),
            Self::Replaced => ("已换新卡", "Replaced", "info"),
            Self::Cancelled => ("已注销", "Cancelled", "bad"),
            Self::Destroyed => ("已销毁", "Destroyed", "bad"),
        };
        (Text::new(zh, en), badge)
    }

    /// Whether the card has ended, so that nothing can be done with it but destroying it.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Withdrawn | Self::Replaced | Self::Cancelled | Self::Destroyed)
    }
}

/// Why a card was applied for (Art. 12).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Cause {
    /// 首次申领
    #[default]
    First,
    /// 丢失补领
    Lost,
    /// 姓名变更
    NameChanged,
    /// 证件严重损坏不能辨认
    Damaged,
    /// 国家决定换发新一代
    NewGeneration,
    /// 到期
    Expired,
    /// Any other reason, by a recorded decision.
    Decision,
}

impl Cause {
    /// All causes.
    pub const ALL: [Self; 7] = [
        Self::First,
        Self::Lost,
        Self::NameChanged,
        Self::Damaged,
        Self::NewGeneration,
        Self::Expired,
        Self::Decision,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Lost => "lost",
            Self::NameChanged => "name-changed",
            Self::Damaged => "damaged",
            Self::NewGeneration => "new-generation",
            Self::Expired => "expired",
            Self::Decision => "decision",
        }
    }

    /// The cause with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::First => ("首次申领", "First card"),
            Self::Lost => ("丢失补领", "Lost"),
            Self::NameChanged => ("姓名变更", "Name changed"),
            Self::Damaged => ("严重损坏不能辨认", "Damaged beyond reading"),
            Self::NewGeneration => ("换发新一代社会保障卡", "New generation"),
            Self::Expired => ("有效期满", "Expired"),
            Self::Decision => ("其他（凭书面决定）", "Other, by a recorded decision"),
        };
        Text::new(zh, en)
    }
}

/// A physical card with its three clocks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Card {
    /// Whose it is.
    pub person: Id,
    /// Its id.
    pub id: Id,
    /// Where it is in its life.
    pub stage: Stage,
    /// Outlet that makes it and hands it over.
    pub outlet: Id,
    /// `counter` or `post`.
    pub delivery: String,
    /// Number on the card, once made.
    pub card_no: Option<String>,
    /// Last day of validity, once made: ten years.
    pub expires_on: Option<Date>,
    /// When it was applied for.
    pub applied_at: Utc,
    /// The three status clocks.
    pub clocks: Clocks,
    /// When a temporary loss lapses.
    pub loss_until: Option<Utc>,
    /// Why it was applied for.
    pub cause: Cause,
    /// The card whose place it takes.
    pub replaces: Option<Id>,
    /// Rises with each change.
    pub version: i64,
}

impl Card {
    /// A card that was just applied for, for the first time.
    pub fn ordered(person: Id, id: Id, outlet: Id, applied_at: Utc) -> Self {
        Self {
            person,
            id,
            stage: Stage::Ordered,
            outlet,
            delivery: "counter".to_owned(),
            card_no: None,
            expires_on: None,
            applied_at,
            clocks: Clocks::default(),
            loss_until: None,
            cause: Cause::First,
            replaces: None,
            version: 1,
        }
    }
}
