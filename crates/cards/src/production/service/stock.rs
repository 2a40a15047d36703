//! Blank cards of an outlet: deliveries, returns, transfers, counts.

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use serde_json::json;

use super::Work;
use crate::production::LOW_STOCK;
use crate::production::rules::Refused;
use crate::production::rules::stock::{Movement, delta};
use crate::production::store::stock::{
    self as store, Count, MovementRecord, NewMovement, Transfer,
};
use crate::production::store::{self as common, files::Spoiled};

/// The stock of an outlet at a glance.
#[derive(Clone, Debug)]
pub struct Stock {
    /// The outlet.
    pub outlet: Id,
    /// Blanks.
    pub balance: i64,
    /// Whether that is little.
    pub low: bool,
    /// The newest movements.
    pub movements: Vec<MovementRecord>,
    /// Transfers that somebody has to look at.
    pub transfers: Vec<Transfer>,
    /// A count that waits for its check.
    pub count: Option<Count>,
}

/// The stock of an outlet.
///
/// # Errors
/// See [`DbError`].
pub fn look(tx: &mut Tx<'_>, outlet: Id, now: Utc) -> Result<Stock, DbError> {
    let balance = store::balance(tx, outlet)?;
    Ok(Stock {
        outlet,
        balance,
        low: balance < settings::get(tx, &LOW_STOCK, now)?,
        movements: store::movements(tx, outlet, 50)?,
        transfers: store::transfers(tx, outlet)?,
        count: store::open_count(tx, outlet)?,
    })
}

fn outlet_of(actor: &Actor) -> Result<Id, Problem> {
    let desk = matches!(actor.role, Role::Clerk | Role::OutletManager);
    actor.org.filter(|_| desk).ok_or_else(Problem::forbidden)
}

impl Work {
    /// One movement; refused when too few blanks are there.
    pub(super) fn move_blanks(
        &self,
        tx: &mut Tx<'_>,
        outlet: Id,
        (kind, delta): (Movement, i64),
        reference: Option<Id>,
        note: &str,
    ) -> Result<i64, Problem> {
        let (id, by, at) = (self.app.id(), self.actor.account, self.now);
        let new = NewMovement { id, outlet, kind, delta, reference, note, by, at };
        Ok(store::move_blanks(tx, &new)?.ok_or(Refused::NoStock)?)
    }

    fn of_stock(&self, act: &'static str, outlet: Id, detail: serde_json::Value) -> Entry {
        Entry {
            detail,
            ..self.entry(act).on("outlet", outlet).why("空白卡管理 / blank cards", &[])
        }
    }
}

/// Enters a delivery, a return to the supplier, or spoiled blanks; returns the balance.
///
/// # Errors
/// The count is none, the note is missing, or too few blanks are there.
pub async fn enter(
    app: &App,
    actor: &Actor,
    kind: Movement,
    count: i64,
    note: &str,
) -> Result<i64, Problem> {
    let entered = matches!(kind, Movement::Received | Movement::Returned | Movement::Spoiled);
    let (change, outlet) = (delta(kind, count)?, outlet_of(actor)?);
    let note: String = note.trim().chars().take(120).collect();
    if !entered {
        return Err(Refused::WrongCount.into());
    }
    if note.is_empty() {
        return Err(Refused::ReasonMissing.into());
    }
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let balance = work.move_blanks(tx, outlet, (kind, change), None, &note)?;
            if kind == Movement::Spoiled {
                let told = format!("{note}（{count}张空白卡）");
                work.spoiled_at_counter(tx, outlet, None, &told, "stock", Id(0))?;
            }
            let detail = json!({"kind": kind.code(), "delta": change, "balance": balance});
            journal::record(tx, &work.of_stock("blank.moved", outlet, detail))?;
            Ok(balance)
        })
        .await
}

impl Work {
    pub(super) fn spoiled_at_counter(
        &self,
        tx: &mut Tx<'_>,
        outlet: Id,
        card_no: Option<String>,
        reason: &str,
        source: &str,
        holder: Id,
    ) -> Result<(), DbError> {
        let org = common::org_names(tx, [outlet])?.remove(&outlet);
        let spoiled = Spoiled {
            id: self.app.id(),
            outlet,
            division: org.map_or_else(|| self.actor.division.clone(), |(_, division)| division),
            card_no,
            source: source.to_owned(),
            reason: reason.to_owned(),
            spoiled_at: self.now,
            destroyed_by: None,
            witness: None,
            destroyed_at: None,
        };
        common::files::insert_spoiled(tx, &spoiled, holder)
    }
}

/// Gives blanks to another outlet; they are on their way until it confirms.
///
/// # Errors
/// Too few blanks, or no such outlet.
pub async fn send(app: &App, actor: &Actor, to: Id, count: i64) -> Result<Transfer, Problem> {
    let (change, from) = (delta(Movement::Sent, count)?, outlet_of(actor)?);
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let known = common::orgs(tx, "outlet")?.iter().any(|(id, ..)| *id == to);
            if to == from || !known {
                let text = Text::new("请选择另一个网点", "Choose another outlet");
                return Err(Problem::field("to", text));
            }
            let (id, sent_at) = (app_in.id(), work.now);
            let transfer =
                Transfer { id, from, to, sent: count, sent_at, arrived: None, note: String::new() };
            work.move_blanks(tx, from, (Movement::Sent, change), Some(id), "")?;
            store::insert_transfer(tx, &transfer, actor.account)?;
            let detail = json!({"to": to.to_string(), "sent": count});
            journal::record(tx, &work.of_stock("blank.sent", from, detail))?;
            Ok(transfer)
        })
        .await
}

/// The receiving outlet confirms what it counted; fewer than were sent need an explanation.
///
/// # Errors
/// It is not this outlet's, confirmed already, or the count cannot be.
pub async fn confirm(
    app: &App,
    actor: &Actor,
    id: Id,
    arrived: i64,
    note: &str,
) -> Result<(), Problem> {
    let to = outlet_of(actor)?;
    let note: String = note.trim().chars().take(200).collect();
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let transfer = store::transfer(tx, id)?.filter(|transfer| transfer.to == to);
            let transfer = transfer.ok_or_else(Problem::not_found)?;
            if transfer.arrived.is_some() {
                return Err(Refused::Settled.into());
            }
            if !(0..=transfer.sent).contains(&arrived) {
                return Err(Refused::WrongCount.into());
            }
            if arrived < transfer.sent && note.is_empty() {
                return Err(Refused::NoExplanation.into());
            }
            store::confirm_transfer(tx, id, arrived, &note, actor.account, work.now)?;
            if arrived > 0 {
                work.move_blanks(tx, to, (Movement::Arrived, arrived), Some(id), &note)?;
            }
            let detail = json!({"sent": transfer.sent, "arrived": arrived});
            Ok(journal::record(tx, &work.of_stock("blank.arrived", to, detail))?)
        })
        .await
}

/// Enters what a person counted; a difference needs its explanation, and another person's check.
///
/// # Errors
/// A count waits already, or the explanation is missing.
pub async fn count(
    app: &App,
    actor: &Actor,
    counted: i64,
    explanation: &str,
) -> Result<(), Problem> {
    let outlet = outlet_of(actor)?;
    if !(0..=1_000_000).contains(&counted) {
        return Err(Refused::WrongCount.into());
    }
    let explanation: String = explanation.trim().chars().take(200).collect();
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let book = store::balance(tx, outlet)?;
            if book != counted && explanation.is_empty() {
                return Err(Refused::NoExplanation.into());
            }
            if store::open_count(tx, outlet)?.is_some() {
                return Err(Refused::Settled.into());
            }
            let count = Count {
                id: app_in.id(),
                outlet,
                book,
                counted,
                explanation: explanation.clone(),
                by: actor.account,
                at: work.now,
            };
            store::insert_count(tx, &count)?;
            let detail = json!({"book": book, "counted": counted});
            Ok(journal::record(tx, &work.of_stock("blank.counted", outlet, detail))?)
        })
        .await
}

/// Another person of the outlet agrees with the count that waits, or sends it back. With a yes the
/// difference becomes a movement.
///
/// # Errors
/// Nothing waits, or it is the same person's.
pub async fn check(app: &App, actor: &Actor, agreed: bool) -> Result<(), Problem> {
    let outlet = outlet_of(actor)?;
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let count = store::open_count(tx, outlet)?.ok_or(Refused::Settled)?;
            if count.by == actor.account {
                return Err(Refused::SamePerson.into());
            }
            store::check_count(tx, count.id, actor.account, agreed, work.now)?;
            let change = count.counted - count.book;
            if agreed && change != 0 {
                let moved = (Movement::Counted, change);
                work.move_blanks(tx, outlet, moved, Some(count.id), &count.explanation)?;
            }
            let detail = json!({"agreed": agreed, "difference": change});
            Ok(journal::record(tx, &work.of_stock("blank.checked", outlet, detail))?)
        })
        .await
}
