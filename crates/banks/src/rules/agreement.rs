//! Agreements with banks: a bank serves cards only while one is in force (Art. 10).

use kernel::id::Id;
use kernel::law::Text;
use time::Date;

use super::Refused;

/// What a bank undertakes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Service {
    /// 金融功能: loads and runs the financial function.
    Financial,
    /// 即时制卡 at its branches.
    InstantIssue,
    /// Self-service machines.
    SelfService,
    /// Rural service points.
    RuralPoints,
}

impl Service {
    /// All services.
    pub const ALL: [Self; 4] =
        [Self::Financial, Self::InstantIssue, Self::SelfService, Self::RuralPoints];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Financial => "financial",
            Self::InstantIssue => "instant-issue",
            Self::SelfService => "self-service",
            Self::RuralPoints => "rural-points",
        }
    }

    /// The service with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::Financial => ("金融功能加载与管理", "Financial function of the card"),
            Self::InstantIssue => ("即时制卡", "Instant issue"),
            Self::SelfService => ("自助机具服务", "Self-service machines"),
            Self::RuralPoints => ("农村便民服务点", "Rural service points"),
        };
        Text::new(zh, en)
    }
}

/// A fee that the bank does not take from holders of cards.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Waiver {
    /// 年费.
    AnnualFee,
    /// 小额账户管理费.
    SmallBalance,
    /// Cash at other banks' machines.
    OtherMachines,
    /// Short messages about the account.
    Messages,
    /// Transfers.
    Transfers,
    /// Reporting loss.
    LossReport,
}

impl Waiver {
    /// All waivers.
    pub const ALL: [Self; 6] = [
        Self::AnnualFee,
        Self::SmallBalance,
        Self::OtherMachines,
        Self::Messages,
        Self::Transfers,
        Self::LossReport,
    ];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::AnnualFee => "annual-fee",
            Self::SmallBalance => "small-balance",
            Self::OtherMachines => "other-machines",
            Self::Messages => "messages",
            Self::Transfers => "transfers",
            Self::LossReport => "loss-report",
        }
    }

    /// The waiver with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|waiver| waiver.code() == code)
    }

    /// Name for people.
    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Self::AnnualFee => ("免年费", "No annual fee"),
            Self::SmallBalance => ("免小额账户管理费", "No fee for small balances"),
            Self::OtherMachines => ("跨行取现优惠", "Cash at other banks' machines"),
            Self::Messages => ("免短信通知费", "No fee for messages"),
            Self::Transfers => ("免转账手续费", "No fee for transfers"),
            Self::LossReport => ("免挂失费", "No fee for reporting loss"),
        };
        Text::new(zh, en)
    }
}

/// What has become of a version.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AgreementState {
    /// Waits for the approver.
    Proposed,
    /// Confirmed.
    Confirmed,
    /// Sent back.
    Rejected,
}

impl AgreementState {
    /// All states.
    pub const ALL: [Self; 3] = [Self::Proposed, Self::Confirmed, Self::Rejected];

    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
        }
    }

    /// The state with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// One version of an agreement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreement {
    /// Id of this version.
    pub id: Id,
    /// Organisation of the bank.
    pub bank: Id,
    /// Counts from 1 for each bank.
    pub version: i64,
    /// What has become of it.
    pub state: AgreementState,
    /// Number on the paper.
    pub number: String,
    /// Day of signature.
    pub signed_on: Date,
    /// First day in force.
    pub from: Date,
    /// Last day in force.
    pub until: Date,
    /// What the bank undertakes.
    pub services: Vec<Service>,
    /// Fees that it does not take.
    pub waivers: Vec<Waiver>,
}

impl Agreement {
    /// Whether this version is in force on a day.
    pub fn in_force(&self, day: Date) -> bool {
        self.state == AgreementState::Confirmed && self.from <= day && day <= self.until
    }
}

/// The version in force on a day; versions never overlap.
pub fn in_force(versions: &[Agreement], day: Date) -> Option<&Agreement> {
    versions.iter().find(|version| version.in_force(day))
}

/// The most years that one agreement may run.
const MOST_YEARS: i32 = 10;

/// Checks a proposed version against the newest confirmed one of the same bank. It may run already
/// when it is entered: paper comes first. It must begin after the one before, which then ends the
/// day before it; so an agreement is also ended early, by a version with a nearer last day.
///
/// # Errors
/// [`Refused::Days`], [`Refused::Words`], [`Refused::Services`] or [`Refused::Overlap`].
pub fn check_agreement(
    agreement: &Agreement,
    before: Option<&Agreement>,
    today: Date,
) -> Result<(), Refused> {
    if !(1..=60).contains(&agreement.number.trim().chars().count()) {
        return Err(Refused::Words);
    }
    let ordered = agreement.signed_on <= agreement.from && agreement.from <= agreement.until;
    let years = agreement.until.year() - agreement.from.year();
    if !ordered || agreement.signed_on > today || agreement.until < today || years > MOST_YEARS {
        return Err(Refused::Days);
    }
    if agreement.services.is_empty() {
        return Err(Refused::Services);
    }
    match before {
        Some(before) if agreement.from <= before.from => Err(Refused::Overlap),
        _ => Ok(()),
    }
}
