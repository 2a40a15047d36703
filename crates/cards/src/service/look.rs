//! Looking at a person's cards, and at what could be done with them.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{Entry, Stored};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::rules::Person;
use people::service as people_service;

use super::Holdings;
use super::bank::{self, BankView};
use crate::production::ProgressStep;
use crate::rules::{self, CancelCause, Card, Cause, Command, Fee, Hint, Refused, Stage};
use crate::store::{self, ECard};

/// A person with his cards, as shown at the desk.
#[derive(Clone, Debug)]
pub struct Glance {
    /// The person.
    pub person: Person,
    /// His living card.
    pub card: Option<Card>,
    /// The card that will take its place.
    pub coming: Option<Card>,
    /// Cards that have ended, of all records of the person.
    pub past: Vec<Card>,
    /// The electronic card beside the living one.
    pub ecard: Option<ECard>,
    /// What can be done, and what cannot be and why.
    pub possible: Vec<Possible>,
    /// What was done with the cards, newest first.
    pub history: Vec<Stored>,
    /// The way of the card that is being made, like a parcel; empty when none is.
    pub progress: Vec<ProgressStep>,
    /// How the fee of the coming card was settled (Art. 12).
    pub fee: Option<String>,
    /// The bank's side (Art. 10).
    pub bank: BankView,
    /// What should be said without being asked (Art. 15).
    pub hints: Vec<Hint>,
}

/// The person at a glance; the look is journalled.
///
/// # Errors
/// There is no such person, or the database's word.
pub async fn glance(app: &App, actor: &Actor, person: Id) -> Result<Glance, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "person.read", "Art. 19");
    let outlet = actor.org;
    app.db
        .write(move |tx| {
            let person = people_service::read(tx, entry.clone(), person, "窗口办理 / at the desk")?;
            look(tx, person, outlet)
        })
        .await
}

fn look(tx: &mut Tx<'_>, person: Person, outlet: Option<Id>) -> Result<Glance, Problem> {
    let held = Holdings::load(tx, person.id)?;
    let context = held.context(tx, &person, outlet, Utc::now())?;
    let possible = possible(&held, &context);
    let ecard = match &held.living {
        Some(card) => store::ecard_of(tx, card)?,
        None => None,
    };
    let records = people::records::of(tx, person.id)?;
    let mut past = Vec::new();
    for record in &records {
        past.extend(store::all_of(tx, *record)?.into_iter().filter(|card| card.stage.is_over()));
    }
    let history = history(tx, person.id)?;
    drop(context);
    let making = held.coming.is_some()
        || held.living.as_ref().is_some_and(|card| card.stage != Stage::Active);
    let progress = if making { crate::production::progress(tx, person.id)? } else { Vec::new() };
    let bank = bank::view(tx, &records, person.id, held.living.as_ref().map(|card| card.id))?;
    let fee = match &held.coming {
        Some(card) => store::fee_of(tx, card)?,
        None => None,
    };
    let hints = rules::hints(&person, held.living.as_ref(), Utc::now());
    let (card, coming) = (held.living, held.coming);
    Ok(Glance { person, card, coming, past, ecard, possible, history, progress, fee, bank, hints })
}

/// The most entries of a history that are shown.
const HISTORY: i64 = 200;

fn history(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Stored>, DbError> {
    let mut entries = people::records::entries(tx, person, Id(i64::MAX), HISTORY)?;
    entries.retain(|entry| entry.act.starts_with("card."));
    Ok(entries)
}

/// The holder's own cards with their history: his own look needs no entry.
///
/// # Errors
/// There is no such person, or the database's word.
pub async fn holdings(app: &App, holder: &Actor) -> Result<Glance, Problem> {
    let id = holder.person.ok_or_else(Problem::forbidden)?;
    app.db
        .read(move |tx| {
            let person = people::store::by_id(tx, id)?.ok_or(people::rules::Refused::Unknown)?;
            look(tx, person, None)
        })
        .await
}

/// Both cards of a person.
///
/// # Errors
/// See [`DbError`].
pub fn cards_of(tx: &mut Tx<'_>, person: Id) -> Result<(Option<Card>, Option<ECard>), DbError> {
    let card = store::living(tx, person)?;
    let ecard = match &card {
        Some(card) => store::ecard_of(tx, card)?,
        None => None,
    };
    Ok((card, ecard))
}

/// One thing that could be done, and why not now.
#[derive(Clone, Debug)]
pub struct Possible {
    /// The command, with empty parts.
    pub command: Command,
    /// Why the rules refuse it now.
    pub refused: Option<Refused>,
}

/// What the rules allow for these cards now; those that need only what is still to be typed count as
/// allowed.
pub fn possible(held: &Holdings, context: &rules::Context<'_>) -> Vec<Possible> {
    let proof = String::new;
    let commands = [
        Command::Apply { guardian: String::new() },
        Command::Produce,
        Command::HandOver { to: String::new() },
        Command::Activate { password: String::new() },
        Command::ActivateFinancial,
        Command::LoseTemporarily,
        Command::Lose { proof: proof() },
        Command::Release { proof: proof() },
        Command::Link,
        Command::Replace { cause: Cause::Damaged, decision: String::new(), fee: Fee::Free },
        Command::Withdraw,
        Command::Lock,
        Command::Unlock { proof: proof() },
        Command::Cancel { cause: CancelCause::LeftForGood, evidence: String::new() },
    ];
    let look = |command: Command| {
        let refused = rules::decide(held.target(&command), &command, context).err();
        Possible { command, refused: refused.filter(|refused| !refused.is_only_input()) }
    };
    commands.into_iter().map(look).collect()
}

#[cfg(test)]
mod tests;
