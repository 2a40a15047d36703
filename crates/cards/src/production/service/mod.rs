//! Use cases of production: load, decide, and in one transaction write state, journal and what follows.

pub mod answers;
pub mod batches;
pub mod delivery;
pub mod exchange;
pub mod gather;
pub mod instant;
pub mod progress;
pub mod spoiled;
pub mod stock;

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use people::rules::Person;
use time::Date;

use super::rules::{LineEvent, LineState, Stage, fate, line};
use super::store::batches::{self as store, Batch, Line, Reach};
use super::store::files::{self, Spoiled};
use super::store::{self as common, numbers};
use super::{BANK_DAYS, FACTORY_DAYS, KEYS_DAYS, OUTLET_DAYS};
use crate::rules::{self as card_rules, Card, Command, Context};

/// Whose batches an actor may see.
///
/// # Errors
/// The role has nothing to do with production.
pub fn reach(actor: &Actor) -> Result<Reach, Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden);
    match actor.role {
        Role::MunicipalOfficer => Ok(Reach::All),
        // The platform's own jobs.
        Role::Administrator if *actor == Actor::system() => Ok(Reach::All),
        Role::DistrictOfficer => Ok(Reach::Division(actor.division.clone())),
        Role::Clerk | Role::OutletManager => Ok(Reach::Outlet(org?)),
        Role::Bank => Ok(Reach::Bank(org?)),
        _ => Err(Problem::forbidden()),
    }
}

/// Whether whoever has this reach decides about the batch.
pub fn manages(reach: &Reach, batch: &Batch) -> bool {
    match reach {
        Reach::All => true,
        Reach::Division(division) => *division == batch.division,
        Reach::Outlet(outlet) => batch.outlet == Some(*outlet),
        Reach::Bank(_) => false,
    }
}

/// Loads a batch that `reach` decides about.
///
/// # Errors
/// Not found, also for those who may not know of it.
fn managed(tx: &mut Tx<'_>, reach: &Reach, id: Id) -> Result<Batch, Problem> {
    let batch = store::by_id(tx, id)?.filter(|batch| manages(reach, batch));
    batch.ok_or_else(Problem::not_found)
}

/// The card as it will be once it is made on `day`, if the rules let its outlet make it.
///
/// # Errors
/// What the rules say, or that the person has died.
fn as_made(card: Option<Card>, person: &Person, day: Date, outlet: Id) -> Result<Card, Problem> {
    if person.deceased_on.is_some() {
        return Err(people::rules::Refused::Deceased.into());
    }
    let context = Context::new(person, Utc::start_of(day), Some(outlet));
    let event = card_rules::decide(card.as_ref(), &Command::Produce, &context)?;
    let mut card = card.ok_or(card_rules::Refused::NoCard)?;
    card_rules::apply(&mut card, &event);
    Ok(card)
}

/// Who works, and when: what every write needs.
pub(super) struct Work {
    pub(super) app: App,
    pub(super) actor: Actor,
    pub(super) now: Utc,
}

impl Work {
    pub(super) fn new(app: &App, actor: &Actor) -> Self {
        Self { app: app.clone(), actor: actor.clone(), now: Utc::now() }
    }

    pub(super) fn entry(&self, act: &'static str) -> Entry {
        Entry::new(self.app.id(), self.now, &self.actor, act, "Art. 11")
    }

    /// The end of the time that a stage has from now on.
    fn due(&self, tx: &mut Tx<'_>, stage: Stage) -> Result<Utc, DbError> {
        let setting = match stage {
            Stage::Bank => &BANK_DAYS,
            Stage::Factory => &FACTORY_DAYS,
            Stage::Keys => &KEYS_DAYS,
            Stage::Outlet => &OUTLET_DAYS,
        };
        Ok(self.now.plus_seconds(settings::get(tx, setting, self.now)? * 86_400))
    }

    /// Carries an event out on a line, and what hangs on it: its number, its claim, its card.
    fn step(
        &self,
        tx: &mut Tx<'_>,
        batch: &Batch,
        one: &mut Line,
        event: LineEvent,
        reason: &str,
    ) -> Result<(), Problem> {
        let before = (one.stage, one.state);
        (one.stage, one.state) = line(before.0, before.1, event)?;
        one.changed_at = self.now;
        if !reason.is_empty() {
            one.reason = reason.to_owned();
        }
        if event == LineEvent::Good {
            let at = Stage::ALL.iter().position(|stage| *stage == one.stage).unwrap_or_default();
            one.passed[at] = Some(self.now);
        }
        store::update_line(tx, one, before)?;
        let decided = matches!(
            one.state,
            LineState::Failed | LineState::Spoiled | LineState::TakenOut | LineState::Done
        );
        if let (Some(place), true) = (one.place, decided && before.1 != LineState::Failed) {
            numbers::settle(tx, place, fate(one.state), self.now)?;
        }
        match one.state {
            LineState::Spoiled => self.spoil(tx, batch, one)?,
            LineState::Retried | LineState::Done => common::release(tx, one.person, one.card)?,
            _ => {}
        }
        Ok(())
    }

    fn spoil(&self, tx: &mut Tx<'_>, batch: &Batch, one: &Line) -> Result<(), DbError> {
        let spoiled = Spoiled {
            id: self.app.id(),
            outlet: one.outlet,
            division: batch.division.clone(),
            card_no: one.card_no.clone(),
            source: "batch".to_owned(),
            reason: one.reason.clone(),
            spoiled_at: self.now,
            destroyed_by: None,
            witness: None,
            destroyed_at: None,
        };
        files::insert_spoiled(tx, &spoiled, batch.id)
    }
}

/// A file of a batch within the actor's reach; the look is journalled.
///
/// # Errors
/// Not found, also when its content was erased by now.
pub async fn file(
    app: &App,
    actor: &Actor,
    id: Id,
) -> Result<(files::FileRecord, Vec<u8>), Problem> {
    let (reach, app_in, actor) = (reach(actor)?, app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let found = files::by_id(tx, &app_in.keys, id)?.ok_or_else(Problem::not_found)?;
            let (record, Some(content)) = found else { return Err(Problem::not_found()) };
            let batch = store::by_id(tx, record.batch)?.ok_or_else(Problem::not_found)?;
            let own = match &reach {
                Reach::Outlet(outlet) => record.part == *outlet,
                Reach::Bank(bank) => record.stage == Stage::Bank && batch.bank == Some(*bank),
                _ => false,
            };
            if !own && !manages(&reach, &batch) {
                return Err(Problem::not_found());
            }
            let entry = work.entry("production.file-read").on("batch", batch.id);
            journal::record(tx, &entry.why(record.name(), &[]))?;
            Ok((record, content))
        })
        .await
}
