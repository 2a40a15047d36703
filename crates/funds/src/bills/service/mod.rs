//! Use cases of bills: each is one transaction of state, ledger and journal.

pub mod accounts;
pub mod billers;
pub mod books;
pub mod mandates;
pub mod pay;
pub mod work;

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::outbox::{self, Sms};
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::rules::{Event, Rules};
use super::store::payments::{self, Stored};

/// A journal entry about something of bills.
pub(crate) fn entry(app: &Platform, actor: &Actor, act: &'static str, now: Utc) -> Entry {
    Entry::new(app.id(), now, actor, act, "Art. 8")
}

/// What happens to one payment: state, ledger and journal together.
pub(crate) fn happen(
    tx: &mut Tx<'_>,
    app: &Platform,
    actor: &Actor,
    before: &Stored,
    event: Event,
    now: Utc,
) -> Result<Stored, Problem> {
    let (payment, posting) = Rules::sound().apply(&before.payment, event)?;
    let after = Stored { payment, tries: 0, ..before.clone() };
    payments::save(tx, &after, now, now)?;
    let name = payment.state.name();
    let entry = entry(app, actor, "bills.moved", now)
        .about(before.person)
        .on("bill-payment", before.id)
        .why(format!("缴费：{} / a bill: {}", name.zh, name.en), &[]);
    if let Some(posting) = posting {
        payments::post(tx, app, before, event.code(), posting, entry.id, now)?;
    }
    journal::record(tx, &entry)?;
    Ok(Stored { version: before.version + 1, changed_at: now, ..after })
}

/// Tells a holder by SMS; nothing when he has no phone.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    app: &Platform,
    person: Id,
    text: String,
    now: Utc,
) -> Result<(), Problem> {
    let phones = crate::payments::store::payments::phones(tx, &[person])?;
    if let Some((_, to)) = phones.into_iter().find(|(_, phone)| !phone.is_empty()) {
        outbox::put_sms(tx, app.id(), now, &Sms { to, text })?;
    }
    Ok(())
}

/// Runs what blocks beside the requests.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| kernel::db::DbError::Engine(error.to_string()).into())
}
