//! The life of a card as pure functions: [`decide`] answers a command, [`apply`] carries out an event.
//!
//! ```text
//!   ordered ──▶ produced ──▶ handed over ──▶ active ──▶ replaced ──▶ destroyed
//!      └── withdrawn                            └────▶ cancelled ──▶ destroyed
//! ```
//! Beside this way of the plastic, each card has three status clocks ([`clocks`]).

mod card;
pub mod clocks;
mod hints;
mod life;
mod refused;

use kernel::id::Id;
use kernel::time::Utc;
use people::representatives::Act;
use people::rules::{self as people_rules, Person};
use time::Date;

pub use card::{Card, Cause, Stage};
use clocks::{Clock, Move, State};
pub use hints::{Hint, hints};
pub use life::{fee_of, may_destroy};
pub use refused::{CancelCause, Pending, Refused};

/// What may be done with a person's card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Apply for the physical and the electronic card together (Art. 5, 12).
    Apply {
        /// Guardian's name and document number, for under 16.
        guardian: String,
    },
    /// Step back from an application or a replacement before the card is made.
    Withdraw,
    /// Make the card.
    Produce,
    /// Hand it to the holder or his guardian.
    HandOver {
        /// Who took it, as on the document shown.
        to: String,
    },
    /// Make the social-security function usable and issue the electronic card; the holder chooses
    /// the password.
    Activate {
        /// As typed by the holder.
        password: String,
    },
    /// Make the financial function usable: a procedure of its own.
    ActivateFinancial,
    /// Report the card lost for some days (临时挂失); no proof is asked.
    LoseTemporarily,
    /// Report the card lost (正式挂失).
    Lose {
        /// Whose document was checked, and how.
        proof: String,
    },
    /// The days of a temporary loss are over.
    Lapse,
    /// 解挂, by the holder or a proper agent.
    Release {
        /// Whose document was checked, and how.
        proof: String,
    },
    /// Lock the card (应用锁定).
    Lock,
    /// Unlock it.
    Unlock {
        /// Whose document was checked, and how.
        proof: String,
    },
    /// Link the electronic card with the physical one again.
    Link,
    /// Apply for a new card in place of this one (Art. 12).
    Replace {
        /// Why.
        cause: Cause,
        /// Number and substance of the decision, for [`Cause::Decision`].
        decision: String,
        /// How the fee was settled.
        fee: Fee,
    },
    /// End the card (Art. 13).
    Cancel {
        /// Why.
        cause: CancelCause,
        /// Name and number of the document that proves it.
        evidence: String,
    },
}

impl Command {
    /// Whether it puts a card into somebody's hands or a function on again: what a freeze keeps from
    /// happening, because it may not be the holder who asks (Art. 20). What only closes stays possible.
    pub fn opens(&self) -> bool {
        match self {
            Self::Apply { .. }
            | Self::HandOver { .. }
            | Self::Activate { .. }
            | Self::ActivateFinancial
            | Self::Release { .. }
            | Self::Unlock { .. }
            | Self::Link
            | Self::Replace { .. } => true,
            Self::Withdraw
            | Self::Produce
            | Self::LoseTemporarily
            | Self::Lose { .. }
            | Self::Lapse
            | Self::Lock
            | Self::Cancel { .. } => false,
        }
    }

    /// What an agent needs in his scope to have this done; none for what nobody does for another.
    pub fn act(&self) -> Option<Act> {
        match self {
            Self::Apply { .. } => Some(Act::Apply),
            Self::HandOver { .. } => Some(Act::Collect),
            Self::Activate { .. } | Self::ActivateFinancial => Some(Act::Activate),
            Self::LoseTemporarily | Self::Lose { .. } => Some(Act::Loss),
            Self::Release { .. } => Some(Act::Release),
            Self::Replace { .. } => Some(Act::Replace),
            Self::Cancel { .. } => Some(Act::Cancel),
            Self::Withdraw
            | Self::Produce
            | Self::Lapse
            | Self::Lock
            | Self::Unlock { .. }
            | Self::Link => None,
        }
    }
}

/// How the fee of a replacement was settled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fee {
    /// Nothing is due for this cause.
    Free,
    /// Paid, with the number of the receipt.
    Paid(String),
    /// Waived, with the ground.
    Waived(String),
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Both cards were applied for.
    Applied,
    /// The application was taken back.
    Withdrawn,
    /// The card was made.
    Produced {
        /// Last day of validity.
        expires_on: Date,
    },
    /// It was handed over.
    HandedOver,
    /// It became usable, and with it the electronic card.
    Activated,
    /// Its financial function became usable.
    FinancialActivated,
    /// It was reported lost for some days.
    LostTemporarily {
        /// When that lapses.
        until: Utc,
    },
    /// It was reported lost.
    Lost,
    /// The temporary loss lapsed.
    Lapsed,
    /// It was released.
    Released,
    /// It was locked.
    Locked,
    /// It was unlocked.
    Unlocked,
    /// The electronic card was linked again.
    Linked,
    /// A new card was applied for.
    ReplacementApplied {
        /// Fee in fen that was paid; 0 when free or waived.
        fee_fen: i64,
    },
    /// A new card took its place.
    Replaced,
    /// It ended.
    Cancelled,
}

/// What other regions say about a first card: whether the person has one there (Art. 5, 17).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Elsewhere {
    /// He has none, or nobody needs to be asked.
    #[default]
    Clear,
    /// A region has not answered yet.
    Asked,
    /// He has one there.
    Held,
}

/// What the rules may look at beside the card.
pub struct Context<'a> {
    /// The person.
    pub person: &'a Person,
    /// Today in Chongqing.
    pub today: Date,
    /// The moment.
    pub now: Utc,
    /// Outlet of the clerk; none when the holder or a hotline acts.
    pub outlet: Option<Id>,
    /// Whether a replacement of the card is under way.
    pub under_way: bool,
    /// What must be settled before the card is cancelled.
    pub pending: Vec<Pending>,
    /// A freeze in force covers the card itself (Art. 20).
    pub frozen: bool,
    /// Days until a temporary loss lapses.
    pub temporary_days: i64,
    /// Fee of a replacement, in fen.
    pub fee_fen: i64,
    /// What other regions say about a first card.
    pub elsewhere: Elsewhere,
}

impl<'a> Context<'a> {
    /// A context in which nothing else is under way, with the values of a new installation.
    pub fn new(person: &'a Person, now: Utc, outlet: Option<Id>) -> Self {
        Self {
            person,
            today: now.day(),
            now,
            outlet,
            under_way: false,
            pending: Vec::new(),
            frozen: false,
            temporary_days: crate::settings::TEMPORARY_DAYS.default,
            fee_fen: crate::settings::FEE_FEN.default,
            elsewhere: Elsewhere::Clear,
        }
    }
}

/// Years that a card is valid.
const VALID_YEARS: i32 = 10;

/// Answers a command about the person's card, if there is one. [`crate::service`] says which of a
/// person's cards a command is about.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn decide(
    card: Option<&Card>,
    command: &Command,
    context: &Context<'_>,
) -> Result<Event, Refused> {
    if context.frozen && command.opens() {
        return Err(Refused::Frozen);
    }
    match (command, card) {
        (Command::Apply { .. }, Some(_)) => Err(Refused::OnePersonOneCard),
        (Command::Apply { guardian }, None) => {
            people_rules::eligibility(context.person, context.today)
                .map_err(Refused::NotEligible)?;
            let child = context.person.age_on(context.today) < 16;
            match child && guardian.trim().is_empty() {
                true => Err(Refused::GuardianNeeded),
                false => Ok(Event::Applied),
            }
        }
        (_, None) => Err(Refused::NoCard),
        (command, Some(card)) => match &card.stage {
            Stage::Active => life::decide(card, command, context),
            _ => decide_step(card, command, context),
        },
    }
}

/// The steps until a card is in use (Art. 11).
fn decide_step(card: &Card, command: &Command, context: &Context<'_>) -> Result<Event, Refused> {
    match (&card.stage, command) {
        (Stage::Ordered, Command::Withdraw) => Ok(Event::Withdrawn),
        (Stage::Ordered, Command::Produce) => {
            at_its_outlet(card, context)?;
            match context.elsewhere {
                Elsewhere::Clear => {}
                Elsewhere::Asked => return Err(Refused::AskedElsewhere),
                Elsewhere::Held => return Err(Refused::HeldElsewhere),
            }
            Ok(Event::Produced { expires_on: years_later(context.today, VALID_YEARS) })
        }
        (Stage::Produced, Command::HandOver { to }) => {
            at_its_outlet(card, context)?;
            match to.trim().is_empty() {
                true => Err(Refused::ReceiverMissing),
                false => Ok(Event::HandedOver),
            }
        }
        (Stage::HandedOver, Command::Activate { password }) => {
            match is_weak(password, context.person.birth) {
                true => Err(Refused::WeakPassword),
                false => Ok(Event::Activated),
            }
        }
        (Stage::Produced | Stage::HandedOver, Command::Cancel { cause, evidence }) => {
            life::decide_cancel(*cause, evidence, context)
        }
        (stage, _) => Err(Refused::WrongStage(stage.clone())),
    }
}

fn at_its_outlet(card: &Card, context: &Context<'_>) -> Result<(), Refused> {
    if context.outlet == Some(card.outlet) { Ok(()) } else { Err(Refused::OtherOutlet) }
}

/// The day before the same day so many years later.
fn years_later(day: Date, years: i32) -> Date {
    let same = day.replace_year(day.year() + years);
    // 29 February has no counterpart in most years.
    let same =
        same.unwrap_or_else(|_| Date::MAX.min(day.saturating_add(time::Duration::days(3_653))));
    same.previous_day().unwrap_or(same)
}

/// A password that a stranger would try first.
pub fn is_weak(password: &str, birth: Date) -> bool {
    let letters: Vec<u32> = password.chars().map(u32::from).collect();
    if letters.len() < 6 {
        return true;
    }
    let steps: Vec<i64> = letters.windows(2).map(|w| i64::from(w[1]) - i64::from(w[0])).collect();
    let in_a_row = [-1, 0, 1].iter().any(|step| steps.iter().all(|s| s == step));
    let (year, month, day) = (birth.year(), birth.month() as u8, birth.day());
    let birthdays =
        [format!("{year}{month:02}{day:02}"), format!("{:02}{month:02}{day:02}", year % 100)];
    in_a_row || birthdays.iter().any(|text| password == text)
}

/// Carries out an event on the card it was decided for.
pub fn apply(card: &mut Card, event: &Event) {
    let clocks = &mut card.clocks;
    match event {
        Event::Applied => card.stage = Stage::Ordered,
        Event::Withdrawn => {
            card.stage = Stage::Withdrawn;
            clocks.end();
        }
        Event::Produced { expires_on } => {
            card.stage = Stage::Produced;
            card.expires_on = Some(*expires_on);
        }
        Event::HandedOver => card.stage = Stage::HandedOver,
        Event::Activated => {
            card.stage = Stage::Active;
            clocks.step(Clock::Social, Move::Activate);
            clocks.step(Clock::Electronic, Move::Link);
        }
        Event::FinancialActivated => {
            clocks.step(Clock::Financial, Move::Activate);
        }
        Event::LostTemporarily { until } => {
            clocks.step_physical(Move::LoseTemporarily);
            card.loss_until = Some(*until);
        }
        Event::Lost => {
            clocks.step_physical(Move::Lose);
            card.loss_until = None;
        }
        Event::Lapsed => {
            clocks.step_physical(Move::Lapse);
            card.loss_until = None;
        }
        Event::Released => {
            clocks.step_physical(Move::Release);
            card.loss_until = None;
        }
        Event::Locked => clocks.step_physical(Move::Lock),
        Event::Unlocked => clocks.step_physical(Move::Unlock),
        Event::Linked => {
            clocks.step(Clock::Electronic, Move::Link);
        }
        Event::ReplacementApplied { .. } => {}
        Event::Replaced | Event::Cancelled => {
            let replaced = *event == Event::Replaced;
            card.stage = if replaced { Stage::Replaced } else { Stage::Cancelled };
            card.loss_until = None;
            clocks.end();
        }
    }
}

/// Why an electronic card cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unusable {
    /// It was switched off with the physical card, or never on (Art. 2).
    CardNotActive,
    /// Past its last day.
    Expired,
}

/// Whether an electronic card is good for use. Its clock goes off with the physical card (Art. 2), in
/// the same transaction, so that nothing else need be looked at.
///
/// # Errors
/// See [`Unusable`].
pub fn usable(electronic: State, expires_on: Option<Date>, today: Date) -> Result<(), Unusable> {
    if electronic != State::On {
        return Err(Unusable::CardNotActive);
    }
    match expires_on {
        Some(day) if day >= today => Ok(()),
        _ => Err(Unusable::Expired),
    }
}

#[cfg(test)]
mod tests;
