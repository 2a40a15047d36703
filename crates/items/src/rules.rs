//! What an item is, when it is in force, and what a proposal must have (Art. 14).

mod details;
mod diff;
mod kinds;
mod refused;
#[cfg(test)]
mod tests;
pub mod workflow;

use kernel::actor::Actor;
use kernel::divisions;
use kernel::id::Id;
use kernel::law::Text;
use people::field::Field;
use time::Date;

pub use details::{Channel, Details, Function, Group, Offline, Word};
pub use diff::{Change, Clash, clash, days_text, diff, fee_text, lines, offline_text};
pub use kinds::{Area, Level, List, State, Way};
pub use refused::Refused;

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
    /// Organisation that is responsible for it.
    pub owner: Id,
    /// How surely the holder must be recognised.
    pub level: Level,
    /// Ways to use the card for it; each reaches the level.
    pub ways: Vec<Way>,
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
    /// What has become of it.
    pub state: State,
    /// The rest: channels, fee, time limit, for whom …
    pub details: Details,
}

impl Item {
    /// Whether this version is in force on a day.
    pub fn in_force(&self, day: Date) -> bool {
        self.state == State::Published
            && self.from <= day
            && self.until.is_none_or(|until| day <= until)
    }
}

/// The version in force on a day: exactly one or none, because versions never overlap.
pub fn on_day<I: AsRef<Item>>(versions: &[I], day: Date) -> Option<&I> {
    versions.iter().find(|item| item.as_ref().in_force(day))
}

impl AsRef<Item> for Item {
    fn as_ref(&self) -> &Item {
        self
    }
}

/// Checks a proposed version against the newest published one of the same item.
///
/// # Errors
/// The [`Refused`] that applies first.
pub fn check_proposal(item: &Item, published: Option<&Item>, today: Date) -> Result<(), Refused> {
    check_content(item)?;
    if item.from < today {
        return Err(Refused::InThePast);
    }
    if item.until.is_some_and(|until| until < item.from) {
        return Err(Refused::LastDay);
    }
    match published {
        Some(published) if published.owner != item.owner => Err(Refused::NotOwner),
        Some(published) if item.from <= published.until.unwrap_or(published.from) => {
            Err(Refused::Overlap)
        }
        _ => Ok(()),
    }
}

fn check_content(item: &Item) -> Result<(), Refused> {
    if !is_code(&item.code) {
        return Err(Refused::Code);
    }
    let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
    let words =
        [(&item.name.zh, 60), (&item.name.en, 120), (&item.basis, 200), (&item.guide.zh, 2_000)];
    let words_fit = words.into_iter().all(|(text, most)| fits(text, most));
    if !words_fit || item.guide.en.chars().count() > 4_000 {
        return Err(Refused::Words);
    }
    let reach = item.ways.iter().all(|way| way.reaches(item.level));
    if item.ways.is_empty() || !reach || has_twice(&item.ways) {
        return Err(Refused::Ways);
    }
    if has_twice(&item.fields) || !is_least(&item.fields) {
        return Err(Refused::Fields);
    }
    check_details(item)
}

fn check_details(item: &Item) -> Result<(), Refused> {
    let details = &item.details;
    let twice = has_twice(&details.functions) || has_twice(&details.channels);
    if twice || has_twice(&details.groups) || !details.numbers_fit() || !details.words_fit() {
        return Err(Refused::Details);
    }
    if !item.fields.is_empty() && details.why.trim().is_empty() {
        return Err(Refused::NoReason);
    }
    // An offline terminal cannot ask for a password.
    if details.offline.count > 0 && item.level == Level::CodeAndPassword {
        return Err(Refused::Details);
    }
    let county = |code: &str| {
        divisions::find(code)
            .is_some_and(|known| known.level == divisions::Level::County && code.starts_with("50"))
    };
    let fits = match item.list {
        List::District => county(&details.division),
        _ => details.division.is_empty(),
    };
    if fits { Ok(()) } else { Err(Refused::Division) }
}

fn has_twice<T: PartialEq>(values: &[T]) -> bool {
    values.iter().enumerate().any(|(place, value)| values[..place].contains(value))
}

/// Who discloses the whole has no use for a part of it (Art. 18).
fn is_least(fields: &[Field]) -> bool {
    const WHOLE_AND_PART: [(Field, Field); 4] = [
        (Field::Name, Field::NameMasked),
        (Field::Number, Field::NumberMasked),
        (Field::BirthDate, Field::Over60),
        (Field::BirthDate, Field::Under18),
    ];
    !WHOLE_AND_PART.iter().any(|(whole, part)| fields.contains(whole) && fields.contains(part))
}

/// Whether somebody may draft for a list (Art. 14): departments for the city's, a district for its own
/// place, the municipal HRSS for the joint one.
///
/// # Errors
/// [`Refused::JointList`], [`Refused::Division`] or [`Refused::NotYourStep`].
pub fn may_draft(item: &Item, actor: &Actor) -> Result<(), Refused> {
    if !workflow::of(item.list).drafters.contains(&actor.role) {
        let joint = item.list == List::Joint;
        return Err(if joint { Refused::JointList } else { Refused::NotYourStep });
    }
    if item.list == List::District && actor.division != item.details.division {
        return Err(Refused::Division);
    }
    Ok(())
}

/// `CQ-CU-001`: capital letters, digits and hyphens, 3 to 40 bytes.
pub fn is_code(code: &str) -> bool {
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
    (3..=40).contains(&code.len()) && code.bytes().all(plain) && !code.starts_with('-')
}
