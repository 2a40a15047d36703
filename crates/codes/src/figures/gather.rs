//! Counts uses by hour, each exactly once: the cursor moves in the transaction of the counts.

use kernel::id::Id;
use kernel::jobs::Round;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;

use super::store;

/// Seconds before a use is counted. A use gets its id when it is asked for and is durable within the 30
/// seconds that a request may last; the rest is for clocks that differ.
const SETTLED_S: i64 = 60;
/// Uses counted in one transaction.
const BATCH: i64 = 5_000;
/// Batches of one round, so that it ends within its lease.
const BATCHES: usize = 200;

pub(super) fn round(app: App) -> Round {
    Box::pin(async move {
        let counted = gather(&app, Utc::now().plus_seconds(-SETTLED_S)).await?;
        Ok(format!("{counted} counted"))
    })
}

/// Counts the uses that were asked for before a moment and are not counted yet; returns how many.
///
/// # Errors
/// The database's word; whole batches are kept.
pub async fn gather(app: &Platform, before: Utc) -> Result<usize, Problem> {
    let mut all = 0;
    for _ in 0..BATCHES {
        let counted = app.db.housekeeping(move |tx| batch(tx, Id::not_before(before))).await?;
        all += counted;
        if counted < BATCH as usize {
            break;
        }
    }
    Ok(all)
}

fn batch(tx: &mut kernel::db::Tx<'_>, before: Id) -> Result<usize, Problem> {
    let from = store::cursor(tx)?;
    let uses = store::uses_between(tx, from, before, BATCH)?;
    let Some(last) = uses.last() else { return Ok(0) };
    store::advance(tx, from, last.id)?;
    let fields = items::store::names(tx)?.into_iter().map(|name| (name.code, name.area.code()));
    let fields = fields.collect();
    let places = store::places(tx, &uses)?;
    store::add(tx, &store::tally(&uses, &places, &fields))?;
    Ok(uses.len())
}
