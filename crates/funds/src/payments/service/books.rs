//! The books are compared with the payments all the time. A difference stops everything and is an alarm.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::Step;
use crate::payments::rules::invariants::{self, Balances, Breach, Sum, Tally};
use crate::payments::store::batches::{self, Batch};
use crate::payments::store::stops::{self, Alarm, Stop};
use crate::payments::store::{ledger, payments};

/// Batches that one round compares.
const MOST: i64 = 50;

/// Compares the books of all batches that changed since they were last compared.
///
/// # Errors
/// See [`Problem`]. A breach is no error: it is an alarm.
pub async fn round(app: &App) -> Result<String, Problem> {
    let changed = app.db.read(|tx| batches::unchecked(tx, MOST)).await?;
    let mut breaches = 0;
    for (batch, _) in &changed {
        let batch = batch.clone();
        let id = batch.id;
        // One snapshot for books and payments.
        let (seen, breach) = app.db.read(move |tx| compare(tx, &batch)).await?;
        match breach {
            Some(breach) => {
                breaches += 1;
                alarm(app, id, &breach).await?;
            }
            None => {
                let note = move |tx: &mut Tx<'_>| batches::set_checked(tx, id, seen);
                app.db.housekeeping::<(), DbError>(note).await?;
            }
        }
    }
    let clearing = app.db.read(ledger::clearing).await?;
    if let Err(breach) = invariants::clearing(clearing) {
        breaches += 1;
        alarm(app, Id(0), &breach).await?;
    }
    Ok(format!("{} batches compared, {breaches} breaches", changed.len()))
}

/// Compares one batch; with the moment of the change that was seen.
fn compare(tx: &mut Tx<'_>, batch: &Batch) -> Result<(Utc, Option<Breach>), DbError> {
    let seen = batches::touched(tx, batch.id)?;
    let (mut held, mut tally) = (Balances::default(), Tally::default());
    for (payment, sum) in payments::tally(tx, batch)? {
        held.hold(&payment, sum.fen);
        tally.add(payment.state, payment.held, sum.count, sum.fen);
    }
    let books = invariants::books(&ledger::balances(tx, batch.id)?, &held);
    let approved = Sum { count: batch.lines, fen: batch.fen };
    let all = books.and_then(|()| invariants::totals(approved, &tally));
    Ok((seen, all.err()))
}

/// Stops everything and opens an alarm, once for each batch. Whoever lifts another stop meanwhile does not
/// let payments go on: they are stopped again.
async fn alarm(app: &App, batch: Id, breach: &Breach) -> Result<(), Problem> {
    let (platform, said, now) = (app.clone(), format!("{breach:?}"), Utc::now());
    app.db
        .write(move |tx| {
            let alarm = Alarm { id: platform.id(), batch, said: said.clone(), at: now };
            let known = stops::alarms(tx)?.iter().any(|known| known.batch == batch);
            let stopped = stops::in_force(tx)?.iter().any(|stop| stop.batch == Id(0));
            if known && stopped {
                return Ok(());
            }
            if !known {
                stops::alarm(tx, &alarm)?;
            }
            let stop = Stop {
                id: platform.id(),
                batch: Id(0),
                by: Id(0),
                name: Actor::system().name,
                at: now,
                reason: format!("账实不符：{said}"),
            };
            stops::press(tx, &stop)?;
            tracing::error!(%batch, said, "the books do not hold: payments are stopped");
            let step = Step::new(&platform, &Actor::system(), "funds.alarm", now);
            Ok::<_, Problem>(step.about("batch", batch).why(&said).record(tx)?)
        })
        .await
}
