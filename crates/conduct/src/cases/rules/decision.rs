//! What may be decided (Art. 26, 27).

use kernel::law::Text;
use time::Date;

use super::{Clause, Party, Refused};

/// What a decision does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Nothing forbidden was done.
    NoViolation,
    /// 责令改正: it is to be put right by a day (Art. 26).
    Order,
    /// 处分: discipline by whoever appoints him, when it is serious (Art. 26).
    Discipline,
    /// To the department that the law makes competent (Art. 26, 27).
    Referral,
    /// To the police or the supervisory commission: it may be a crime (Art. 26).
    Prosecution,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::NoViolation, Self::Order, Self::Discipline, Self::Referral, Self::Prosecution];

    fn word(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::NoViolation => ("no-violation", "不构成违规", "No violation"),
            Self::Order => ("order", "责令改正", "Order to correct"),
            Self::Discipline => ("discipline", "移送处分", "Discipline"),
            Self::Referral => ("referral", "移送有权机关", "Referral to another authority"),
            Self::Prosecution => ("prosecution", "移送司法、监察机关", "Referral for prosecution"),
        }
    }

    /// Stable code.
    pub fn code(self) -> &'static str {
        self.word().0
    }

    /// The kind with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        Text::new(self.word().1, self.word().2)
    }
}

/// What is proposed or decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// What it does.
    pub kind: Kind,
    /// 情节严重: discipline is for serious cases only.
    pub serious: bool,
    /// The law that sets a penalty for it already; empty when none does.
    pub other_law: String,
    /// Who gets it, for referrals.
    pub authority: String,
    /// Last day to correct.
    pub correct_by: Option<Date>,
    /// Facts and grounds.
    pub reasons: String,
}

/// Whether this may be decided about a party for breaking a clause.
///
/// # Errors
/// [`Refused`] with its article.
pub fn check(
    clause: &Clause,
    party: Party,
    decision: &Decision,
    today: Date,
) -> Result<(), Refused> {
    let referral = matches!(decision.kind, Kind::Referral | Kind::Prosecution);
    if decision.reasons.trim().is_empty() {
        return Err(Refused::NoWords);
    }
    if !decision.other_law.is_empty() && !referral && decision.kind != Kind::NoViolation {
        return Err(Refused::OtherLawFirst);
    }
    if referral && decision.authority.trim().is_empty() {
        return Err(Refused::NoAuthority);
    }
    let of_office = clause.article == 25;
    match decision.kind {
        Kind::Order | Kind::Discipline if !of_office => Err(Refused::NotForHolders),
        Kind::Discipline if party != Party::Staff => Err(Refused::StaffOnly),
        Kind::Discipline if !decision.serious => Err(Refused::NotSerious),
        Kind::Order if decision.correct_by.is_none_or(|day| day <= today) => {
            Err(Refused::CorrectBy)
        }
        Kind::Order | Kind::Discipline => Ok(()),
        _ if decision.correct_by.is_some() => Err(Refused::CorrectBy),
        _ => Ok(()),
    }
}
