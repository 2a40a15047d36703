//! Freezes as pure rules: what one covers, how several stack, who may end it.

mod refused;
mod words;

use kernel::id::Id;
use kernel::settings::Setting;
use kernel::time::Utc;

pub use refused::Refused;
pub use words::Reason;

/// Hours within which another officer looks at a freeze.
pub const LOOK_HOURS: Setting = Setting {
    name: "people.freeze-look-hours",
    default: 24,
    least: 1,
    most: 168,
    zh: "冻结后须由另一人复核的时限（小时）",
    en: "Hours within which somebody else looks at a freeze",
    article: 20,
};

/// Hours that an officer's or a rule's freeze lasts when nobody looks at it.
pub const UNSEEN_HOURS: Setting = Setting {
    name: "people.freeze-unseen-hours",
    default: 72,
    least: 1,
    most: 720,
    zh: "未经复核的冻结最长时间（小时），到期自动解冻",
    en: "Hours that a freeze lasts without review; then it lapses",
    article: 20,
};

/// Days that a freeze lasts once it is upheld, and that a mass freeze lasts.
pub const UPHELD_DAYS: Setting = Setting {
    name: "people.freeze-upheld-days",
    default: 30,
    least: 1,
    most: 180,
    zh: "复核维持后的冻结最长时间（日），到期自动解冻",
    en: "Days that a freeze lasts once it is upheld; then it lapses",
    article: 20,
};

/// What a freeze covers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Scope {
    /// Everything.
    All,
    /// Money: payments are held back.
    Money,
    /// Proving who one is with the card, for any item.
    Identity,
    /// One item, by its code.
    Item(String),
}

impl Scope {
    /// As stored.
    pub fn code(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Money => "money",
            Self::Identity => "identity",
            Self::Item(_) => "item",
        }
    }

    /// The item's code; empty for the others.
    pub fn item(&self) -> &str {
        if let Self::Item(code) = self { code } else { "" }
    }

    /// The scope of a code and an item.
    ///
    /// # Errors
    /// [`Refused::BadScope`].
    pub fn parse(code: &str, item: &str) -> Result<Self, Refused> {
        let item = item.trim();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        match code {
            "all" => Ok(Self::All),
            "money" => Ok(Self::Money),
            "identity" => Ok(Self::Identity),
            "item" if (1..=40).contains(&item.len()) && item.chars().all(plain) => {
                Ok(Self::Item(item.to_owned()))
            }
            _ => Err(Refused::BadScope),
        }
    }

    /// Whether it stops this.
    pub fn covers(&self, want: Want<'_>) -> bool {
        match (self, want) {
            (Self::All, _) | (Self::Money, Want::Money) => true,
            (Self::Identity, Want::Item(_) | Want::Card) => true,
            (Self::Item(code), Want::Item(asked)) => code == asked,
            _ => false,
        }
    }
}

/// What somebody wants to do with a card.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want<'a> {
    /// Use it for an item, by its code.
    Item(&'a str),
    /// Change the card itself: a new one, a release, a hand-over.
    Card,
    /// Receive money.
    Money,
}

/// Who froze.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Source {
    /// The holder himself.
    Holder,
    /// The holder by phone.
    Hotline,
    /// A clerk, at the request of the holder or a relative.
    Clerk,
    /// The officer on duty.
    Officer,
    /// A rule of the detection that was allowed to.
    Rule,
    /// A mass freeze of two officers.
    Mass,
    /// The authority of another region, where the misuse showed.
    Region,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 7] = [
        Self::Holder,
        Self::Hotline,
        Self::Clerk,
        Self::Officer,
        Self::Rule,
        Self::Mass,
        Self::Region,
    ];

    /// As stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::Hotline => "hotline",
            Self::Clerk => "clerk",
            Self::Officer => "officer",
            Self::Rule => "rule",
            Self::Mass => "mass",
            Self::Region => "region",
        }
    }

    /// The source of a code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.code() == code)
    }

    /// What ends its freezes before their time: the surer who froze, the surer who thaws.
    pub fn thaw(self) -> Thaw {
        match self {
            Self::Holder | Self::Hotline => Thaw::Holder,
            Self::Clerk => Thaw::Counter,
            Self::Officer | Self::Rule | Self::Mass => Thaw::TwoOfficers,
            Self::Region => Thaw::Region,
        }
    }

    /// Whether it was done against or without the holder's word, so that it may not last unseen.
    pub fn is_bounded(self) -> bool {
        self.thaw() == Thaw::TwoOfficers
    }
}

/// Who ends a freeze.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Thaw {
    /// The holder with password and code; or as below.
    Holder,
    /// A clerk who saw the holder's document; or as below.
    Counter,
    /// Two officers: one asks, another decides.
    TwoOfficers,
    /// The region that froze, by its own two officers; nobody here.
    Region,
}

/// One freeze.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Freeze {
    /// Its id.
    pub id: Id,
    /// Whose card.
    pub person: Id,
    /// What it covers.
    pub scope: Scope,
    /// Who froze, in kind.
    pub source: Source,
    /// Why.
    pub reason: Reason,
    /// Why, in words.
    pub words: String,
    /// Evidence: a number of a file, a report, a call.
    pub evidence: String,
    /// The mass freeze that it belongs to; `Id(0)` for none.
    pub mass: Id,
    /// The alert that led to it.
    pub alert: Option<Id>,
    /// Division of who froze (GB/T 2260); empty when none.
    pub division: String,
    /// Account that froze; `Id(0)` is the platform.
    pub by: Id,
    /// Its name.
    pub by_name: String,
    /// When.
    pub at: Utc,
    /// Until when somebody else must look; none for the holder's own.
    pub look_by: Option<Utc>,
    /// When somebody else looked.
    pub looked_at: Option<Utc>,
    /// Name of who looked.
    pub looked_name: String,
    /// What he noted.
    pub look_note: String,
    /// When it lapses by itself.
    pub ends_at: Option<Utc>,
    /// When it ended.
    pub lifted_at: Option<Utc>,
    /// Name of who ended it.
    pub lifted_name: String,
    /// On what proof it ended.
    pub proof: String,
    /// Rises with each change.
    pub version: i64,
}

/// Terms of the authority.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terms {
    /// Hours to the second look.
    pub look_hours: i64,
    /// Hours that a bounded freeze lasts unseen.
    pub unseen_hours: i64,
    /// Days that it lasts once upheld.
    pub upheld_days: i64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            look_hours: LOOK_HOURS.default,
            unseen_hours: UNSEEN_HOURS.default,
            upheld_days: UPHELD_DAYS.default,
        }
    }
}

impl Terms {
    /// Until when somebody must look at a new freeze, and when it lapses.
    pub fn of_new(&self, source: Source, now: Utc) -> (Option<Utc>, Option<Utc>) {
        let hours = |hours: i64| Some(now.plus_seconds(hours * 3_600));
        match source {
            Source::Holder => (None, None),
            // The caller or the person at the counter wanted it: it is looked at, it does not lapse.
            // Another region's ends by its word alone, and somebody here looks at it meanwhile.
            Source::Hotline | Source::Clerk | Source::Region => (hours(self.look_hours), None),
            Source::Officer | Source::Rule => (hours(self.look_hours), hours(self.unseen_hours)),
            // Two officers have seen it already.
            Source::Mass => (None, hours(self.upheld_days * 24)),
        }
    }
}

impl Freeze {
    /// A new freeze with its terms; who froze and why in words are set with struct update syntax.
    pub fn new(
        (id, person): (Id, Id),
        scope: Scope,
        source: Source,
        reason: Reason,
        terms: &Terms,
        now: Utc,
    ) -> Self {
        let (look_by, ends_at) = terms.of_new(source, now);
        Self {
            id,
            person,
            scope,
            source,
            reason,
            words: String::new(),
            evidence: String::new(),
            mass: Id(0),
            alert: None,
            division: String::new(),
            by: Id(0),
            by_name: String::new(),
            at: now,
            look_by,
            looked_at: None,
            looked_name: String::new(),
            look_note: String::new(),
            ends_at,
            lifted_at: None,
            lifted_name: String::new(),
            proof: String::new(),
            version: 1,
        }
    }

    /// Whether it is in force.
    pub fn in_force(&self) -> bool {
        self.lifted_at.is_none()
    }

    /// Whether somebody should have looked at it by now.
    pub fn is_overdue(&self, now: Utc) -> bool {
        self.in_force() && self.looked_at.is_none() && self.look_by.is_some_and(|by| by < now)
    }

    /// Whether it waits for a second look.
    pub fn waits(&self) -> bool {
        self.in_force() && self.looked_at.is_none() && self.look_by.is_some()
    }

    /// The second look of an account; returns when the upheld freeze lapses.
    ///
    /// # Errors
    /// [`Refused::NotInForce`], [`Refused::OwnLook`].
    pub fn look(&self, account: Id, terms: &Terms, now: Utc) -> Result<Option<Utc>, Refused> {
        match () {
            () if !self.in_force() => Err(Refused::NotInForce),
            () if self.by == account => Err(Refused::OwnLook),
            () => {
                Ok(self.source.is_bounded().then(|| now.plus_seconds(terms.upheld_days * 86_400)))
            }
        }
    }

    /// Whether a proof of this level ends it.
    ///
    /// # Errors
    /// [`Refused::NotInForce`], [`Refused::Counter`], [`Refused::TwoOfficers`], [`Refused::Region`].
    pub fn may_thaw(&self, shown: Thaw) -> Result<(), Refused> {
        match self.source.thaw() {
            _ if !self.in_force() => Err(Refused::NotInForce),
            needed if shown >= needed => Ok(()),
            Thaw::TwoOfficers => Err(Refused::TwoOfficers),
            Thaw::Region => Err(Refused::Region),
            Thaw::Holder | Thaw::Counter => Err(Refused::Counter),
        }
    }

    /// Which freeze is told first: the widest, then the one that is hardest to end, then the oldest.
    fn rank(&self) -> (u8, std::cmp::Reverse<Thaw>, Id) {
        let width = match self.scope {
            Scope::All => 0,
            Scope::Identity | Scope::Money => 1,
            Scope::Item(_) => 2,
        };
        (width, std::cmp::Reverse(self.source.thaw()), self.id)
    }
}

/// The freeze that stops this, if one does: frozen as long as one freeze in force covers it. Of several
/// the one that counts most is told.
pub fn stops<'a>(freezes: &'a [Freeze], want: Want<'_>) -> Option<&'a Freeze> {
    let covering = freezes.iter().filter(|freeze| freeze.in_force() && freeze.scope.covers(want));
    covering.min_by_key(|freeze| freeze.rank())
}

/// What ends all freezes in force; none when there is none.
pub fn surest_thaw(freezes: &[Freeze]) -> Option<Thaw> {
    freezes.iter().filter(|freeze| freeze.in_force()).map(|freeze| freeze.source.thaw()).max()
}
