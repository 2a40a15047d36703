//! Offers of banks to holders (Art. 10): checked before they are public, gone when they end.

use kernel::divisions;
use kernel::id::Id;
use kernel::law::Text;
use time::Date;

use super::Refused;

/// What an offer is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Fees.
    Fees,
    /// Shops and restaurants.
    Shopping,
    /// Bus, metro, parking.
    Transport,
    /// Water, power, gas, phone.
    Bills,
    /// Savings.
    Savings,
    /// Loans.
    Loans,
    /// Anything else.
    Other,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Fees,
        Self::Shopping,
        Self::Transport,
        Self::Bills,
        Self::Savings,
        Self::Loans,
        Self::Other,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Fees => "fees",
            Self::Shopping => "shopping",
            Self::Transport => "transport",
            Self::Bills => "bills",
            Self::Savings => "savings",
            Self::Loans => "loans",
            Self::Other => "other",
        }
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Fees => ("费用减免", "Fees"),
            Self::Shopping => ("商超餐饮", "Shops and food"),
            Self::Transport => ("交通出行", "Transport"),
            Self::Bills => ("生活缴费", "Bills"),
            Self::Savings => ("储蓄", "Savings"),
            Self::Loans => ("贷款", "Loans"),
            Self::Other => ("其他", "Other"),
        };
        Text::new(zh, en)
    }
}

/// What has become of an offer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OfferState {
    /// Waits for the approver.
    Proposed,
    /// Public while its days last.
    Published,
    /// Sent back.
    Rejected,
    /// Taken back by the bank.
    Withdrawn,
}

impl OfferState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Proposed, Self::Published, Self::Rejected, Self::Withdrawn];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Published => "published",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Proposed => ("待审核", "Waits for its check"),
            Self::Published => ("已公布", "Published"),
            Self::Rejected => ("已退回", "Sent back"),
            Self::Withdrawn => ("已撤回", "Withdrawn"),
        };
        Text::new(zh, en)
    }
}

/// An offer to holders.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Its id.
    pub id: Id,
    /// Organisation of the bank.
    pub bank: Id,
    /// What has become of it.
    pub state: OfferState,
    /// What it is about.
    pub kind: Kind,
    /// Title.
    pub title: Text,
    /// What holders get, and how.
    pub text: Text,
    /// Divisions where it holds (GB/T 2260); none means the whole city.
    pub divisions: Vec<String>,
    /// First day.
    pub from: Date,
    /// Last day.
    pub until: Date,
}

impl Offer {
    /// Whether holders see it on a day; it needs nobody to expire.
    pub fn is_public(&self, day: Date) -> bool {
        self.state == OfferState::Published && day <= self.until
    }

    /// Whether it holds in a division.
    pub fn holds_in(&self, division: &str) -> bool {
        self.divisions.is_empty() || self.divisions.iter().any(|code| code == division)
    }
}

/// Checks a drafted offer.
///
/// # Errors
/// [`Refused::Words`], [`Refused::Days`] or [`Refused::Divisions`].
pub fn check_offer(offer: &Offer, today: Date) -> Result<(), Refused> {
    let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    let words = fits(&offer.title.zh, 60) && fits(&offer.text.zh, 1_000);
    if !words || offer.title.en.chars().count() > 120 || offer.text.en.chars().count() > 2_000 {
        return Err(Refused::Words);
    }
    let longest = offer.from.saturating_add(time::Duration::days(366));
    if offer.until < today || offer.until < offer.from || offer.until > longest {
        return Err(Refused::Days);
    }
    let known = |code: &String| divisions::find(code).is_some_and(|d| d.is_in_force(today));
    if !offer.divisions.iter().all(known) {
        return Err(Refused::Divisions);
    }
    Ok(())
}
