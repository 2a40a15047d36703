//! Blank cards of an outlet: every movement is kept, the balance is their sum.

use kernel::law::Text;

use super::Refused;

/// Why the number of blanks changed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Movement {
    /// A delivery arrived.
    Received,
    /// A card was begun with it.
    Used,
    /// It was spoiled.
    Spoiled,
    /// It went back to the supplier.
    Returned,
    /// It went to another outlet.
    Sent,
    /// It came from another outlet.
    Arrived,
    /// A stock count found a difference.
    Counted,
}

impl Movement {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Received,
        Self::Used,
        Self::Spoiled,
        Self::Returned,
        Self::Sent,
        Self::Arrived,
        Self::Counted,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Used => "used",
            Self::Spoiled => "spoiled",
            Self::Returned => "returned",
            Self::Sent => "sent",
            Self::Arrived => "arrived",
            Self::Counted => "counted",
        }
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Received => ("到货入库", "Delivery received"),
            Self::Used => ("制卡领用", "Used"),
            Self::Spoiled => ("作废", "Spoiled"),
            Self::Returned => ("退回", "Returned"),
            Self::Sent => ("调出", "Sent to another outlet"),
            Self::Arrived => ("调入", "Came from another outlet"),
            Self::Counted => ("盘点差异", "Difference of a count"),
        };
        Text::new(zh, en)
    }
}

/// The change of the balance for a movement that a person enters: a count of blanks becomes a plus or
/// a minus.
///
/// # Errors
/// [`Refused::WrongCount`] when `count` is not 1 to 1,000,000, or the kind has a way of its own.
pub fn delta(kind: Movement, count: i64) -> Result<i64, Refused> {
    if !(1..=1_000_000).contains(&count) {
        return Err(Refused::WrongCount);
    }
    match kind {
        Movement::Received | Movement::Arrived => Ok(count),
        Movement::Spoiled | Movement::Returned | Movement::Sent | Movement::Used => Ok(-count),
        Movement::Counted => Err(Refused::WrongCount),
    }
}

/// The balance after a change.
///
/// # Errors
/// [`Refused::NoStock`] when it would fall below zero.
pub fn after(balance: i64, delta: i64) -> Result<i64, Refused> {
    match balance.checked_add(delta) {
        Some(left) if left >= 0 => Ok(left),
        _ => Err(Refused::NoStock),
    }
}
