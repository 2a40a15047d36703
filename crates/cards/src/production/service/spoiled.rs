//! Spoiled cards are destroyed on record, by two persons.

use kernel::actor::Actor;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use serde_json::json;

use super::{Work, reach};
use crate::production::rules::Refused;
use crate::production::store::batches::Reach;
use crate::production::store::files::{self as store, Spoiled};

fn within(reach: &Reach, card: &Spoiled) -> bool {
    match reach {
        Reach::All => true,
        Reach::Division(division) => *division == card.division,
        Reach::Outlet(outlet) => *outlet == card.outlet,
        Reach::Bank(_) => false,
    }
}

/// Spoiled cards within the actor's reach, those not yet destroyed first.
///
/// # Errors
/// The role has nothing to do with production.
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Spoiled>, Problem> {
    let reach = reach(actor)?;
    Ok(app.db.read(move |tx| store::all_spoiled(tx, &reach, 500)).await?)
}

/// The first says how the card was destroyed; the second, who saw it, confirms.
///
/// # Errors
/// The same person cannot be both; it is settled already.
pub async fn destroy(app: &App, actor: &Actor, id: Id, note: &str) -> Result<(), Problem> {
    let reach = reach(actor)?;
    let note: String = note.trim().chars().take(120).collect();
    let (app_in, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let work = Work::new(&app_in, &actor);
            let card = store::spoiled(tx, id)?.filter(|card| within(&reach, card));
            let card = card.ok_or_else(Problem::not_found)?;
            let first = match (card.destroyed_by, card.witness) {
                (_, Some(_)) => return Err(Refused::Settled.into()),
                (Some(first), None) if first == actor.account => {
                    return Err(Refused::SamePerson.into());
                }
                (Some(_), None) => {
                    store::witness(tx, id, actor.account, work.now)?;
                    false
                }
                (None, None) if note.is_empty() => return Err(Refused::ReasonMissing.into()),
                (None, None) => {
                    store::destroy(tx, id, actor.account, &note)?;
                    true
                }
            };
            let act = if first { "spoiled.destroyed" } else { "spoiled.witnessed" };
            let entry = work.entry(act).on("spoiled-card", id).why("废卡销毁 / destruction", &[]);
            let detail = json!({"card_no": card.card_no});
            Ok(journal::record(tx, &Entry { detail, ..entry })?)
        })
        .await
}
