//! The life of a card as pure functions: [`decide`] answers a command, [`apply`] carries out an event.
//!
//! ```text
//!   (none) ──apply──▶ Ordered ──produce──▶ Produced ──hand over──▶ HandedOver ──activate──▶ Active
//!                        │                                                                    │
//!                electronic card applied for                                    electronic card issued
//! ```
//! The later stages of life (loss, replacement, cancellation) join this table with their issue.

use kernel::id::Id;
use kernel::law::{Article, Refusal, Text};
use kernel::time::Utc;
use people::rules::{self as people_rules, Person};
use time::Date;

/// Where a physical card is in its life.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stage {
    /// Applied for, not made yet.
    Ordered,
    /// Made, waiting at its outlet.
    Produced,
    /// In the holder's hand, not yet usable.
    HandedOver,
    /// Usable.
    Active,
    /// Ended; never usable again (Art. 13).
    Cancelled,
}

impl Stage {
    /// All stages.
    pub const ALL: [Self; 5] =
        [Self::Ordered, Self::Produced, Self::HandedOver, Self::Active, Self::Cancelled];

    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Produced => "produced",
            Self::HandedOver => "handed-over",
            Self::Active => "active",
            Self::Cancelled => "cancelled",
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
            Self::Produced => ("待领卡", "To be collected", "info"),
            Self::HandedOver => ("待激活", "To be activated", "warn"),
            Self::Active => ("正常", "Active", "ok"),
            Self::Cancelled => ("已注销", "Cancelled", "bad"),
        };
        (Text::new(zh, en), badge)
    }
}

/// A physical card.
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
    /// Rises with each change.
    pub version: i64,
}

/// What a clerk may do with a person's card.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// Apply for the physical and the electronic card together (Art. 5, 12).
    Apply {
        /// Guardian's name and document number, for under 16.
        guardian: String,
    },
    /// Make the card.
    Produce,
    /// Hand it to the holder or his guardian.
    HandOver {
        /// Who took it, as on the document shown.
        to: String,
    },
    /// Make it usable and issue the electronic card; the holder chooses the password.
    Activate {
        /// As typed by the holder.
        password: String,
    },
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Both cards were applied for.
    Applied,
    /// The card was made.
    Produced {
        /// Last day of validity.
        expires_on: Date,
    },
    /// It was handed over.
    HandedOver,
    /// It became usable, and with it the electronic card.
    Activated,
}

/// What the rules may look at beside the card.
pub struct Context<'a> {
    /// The person.
    pub person: &'a Person,
    /// Today in Chongqing.
    pub today: Date,
    /// Outlet of the clerk.
    pub outlet: Id,
}

/// Why a command is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// One person, one card.
    OnePersonOneCard,
    /// No right to a card.
    NotEligible(people_rules::Refused),
    /// Under 16 without a guardian.
    GuardianNeeded,
    /// There is no card to do this with.
    NoCard,
    /// The card is at another step of its life.
    WrongStage(Stage),
    /// The card lies at another outlet.
    OtherOutlet,
    /// It must be on record who took the card.
    ReceiverMissing,
    /// The password is too easy to guess.
    WeakPassword,
}

impl Refusal for Refused {
    fn code(&self) -> &'static str {
        match self {
            Self::OnePersonOneCard => "cards/one-person-one-card",
            Self::NotEligible(inner) => inner.code(),
            Self::GuardianNeeded => "cards/guardian-needed",
            Self::NoCard => "cards/no-card",
            Self::WrongStage(_) => "cards/wrong-stage",
            Self::OtherOutlet => "cards/other-outlet",
            Self::ReceiverMissing => "cards/receiver-missing",
            Self::WeakPassword => "cards/weak-password",
        }
    }

    fn article(&self) -> Option<Article> {
        match self {
            Self::OnePersonOneCard => Some(Article(5)),
            Self::NotEligible(inner) => inner.article(),
            Self::GuardianNeeded | Self::ReceiverMissing => Some(Article(12)),
            Self::NoCard | Self::WrongStage(_) | Self::OtherOutlet => Some(Article(11)),
            Self::WeakPassword => Some(Article(24)),
        }
    }

    fn reason(&self) -> Text {
        match self {
            Self::OnePersonOneCard => Text::new(
                "该人员已有社会保障卡，一人一卡，不能再次申领",
                "This person has a card already: one person, one card",
            ),
            Self::NotEligible(inner) => inner.reason(),
            Self::GuardianNeeded => {
                Text::new("未满16周岁，须由监护人代为申领", "Under 16: a guardian must apply")
            }
            Self::NoCard => Text::new("该人员还没有申领社会保障卡", "No card has been applied for"),
            Self::WrongStage(stage) => {
                let (name, _) = stage.name();
                Text::new(
                    format!("卡片当前为「{}」，不能办理此业务", name.zh),
                    format!("The card is “{}”: this step does not fit", name.en),
                )
            }
            Self::OtherOutlet => Text::new("卡片在其他网点", "The card lies at another outlet"),
            Self::ReceiverMissing => Text::new("缺少领卡人", "Who took the card is missing"),
            Self::WeakPassword => Text::new("密码过于简单", "The password is too easy to guess"),
        }
    }

    fn advice(&self) -> Text {
        match self {
            Self::OnePersonOneCard => Text::new(
                "如卡片遗失或损坏，请办理补换卡",
                "If the card is lost or damaged, replace it instead",
            ),
            Self::NotEligible(inner) => inner.advice(),
            Self::GuardianNeeded => Text::new(
                "请录入监护人姓名和证件号码",
                "Enter the guardian's name and document number",
            ),
            Self::NoCard => Text::new("请先办理申领", "Apply first"),
            Self::WrongStage(_) => Text::new("请按顺序办理", "Take the steps in their order"),
            Self::OtherOutlet => {
                Text::new("请到申领网点办理", "Go to the outlet of the application")
            }
            Self::ReceiverMissing => {
                Text::new("请录入领卡人姓名", "Enter the name of the person who took it")
            }
            Self::WeakPassword => Text::new(
                "至少6位，不能是同一字符、连续数字或生日",
                "At least 6 characters; not all the same, not in a row, not the birthday",
            ),
        }
    }

    fn status(&self) -> u16 {
        match self {
            Self::NotEligible(inner) => inner.status(),
            Self::GuardianNeeded | Self::ReceiverMissing | Self::WeakPassword => 422,
            _ => 409,
        }
    }
}

/// Years that a card is valid.
const VALID_YEARS: i32 = 10;

/// Answers a command about the person's living card, if there is one.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn decide(
    card: Option<&Card>,
    command: &Command,
    context: &Context<'_>,
) -> Result<Event, Refused> {
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
        (command, Some(card)) => decide_step(card, command, context),
    }
}

fn decide_step(card: &Card, command: &Command, context: &Context<'_>) -> Result<Event, Refused> {
    match (&card.stage, command) {
        (Stage::Ordered, Command::Produce) => {
            at_its_outlet(card, context)?;
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
        (stage, _) => Err(Refused::WrongStage(stage.clone())),
    }
}

fn at_its_outlet(card: &Card, context: &Context<'_>) -> Result<(), Refused> {
    if card.outlet == context.outlet { Ok(()) } else { Err(Refused::OtherOutlet) }
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
    match event {
        Event::Applied => card.stage = Stage::Ordered,
        Event::Produced { expires_on } => {
            card.stage = Stage::Produced;
            card.expires_on = Some(*expires_on);
        }
        Event::HandedOver => card.stage = Stage::HandedOver,
        Event::Activated => card.stage = Stage::Active,
    }
}

/// Why an electronic card cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unusable {
    /// The physical card is not active, so neither is the electronic one (Art. 2).
    CardNotActive,
    /// Past its last day.
    Expired,
}

/// Whether the electronic card is good for use: as good as the physical one (Art. 2).
///
/// # Errors
/// See [`Unusable`].
pub fn usable(stage: &Stage, expires_on: Option<Date>, today: Date) -> Result<(), Unusable> {
    if *stage != Stage::Active {
        return Err(Unusable::CardNotActive);
    }
    match expires_on {
        Some(day) if day >= today => Ok(()),
        _ => Err(Unusable::Expired),
    }
}

#[cfg(test)]
mod tests;
