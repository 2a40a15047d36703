//! What banks tell by themselves: lost, frozen, closed at the bank (Art. 10, 11).

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;

use super::{alarms, answers};
use crate::number::{AccountNumber, keyed_digest};
use crate::port::Event;
use crate::rules::Refused;
use crate::store::accounts::{self, Account};
use crate::store::events;

/// A bank's clock may run ahead by so many seconds.
const CLOCK_AHEAD: i64 = 300;

/// Takes an event of a bank. Returns what became of it: `applied`, `same` when the account stood so
/// already, `asked` when it is older than what is known and the bank is asked, `contradicts` when the
/// state cannot follow, or what the first arrival of this id got.
///
/// # Errors
/// The event is not in its form, its account is not known at this bank, or its id came with other
/// content before.
pub async fn take(app: &App, actor: &Actor, bank: Id, event: Event) -> Result<String, Problem> {
    let (shared, actor) = (app.clone(), actor.clone());
    app.db.write(move |tx| take_in(tx, &shared, &actor, bank, &event, Utc::now())).await
}

pub(super) fn take_in(
    tx: &mut Tx<'_>,
    app: &Platform,
    actor: &Actor,
    bank: Id,
    event: &Event,
    now: Utc,
) -> Result<String, Problem> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let id_fits = (1..=64).contains(&event.id.len()) && event.id.bytes().all(plain);
    if !id_fits || event.at > now.plus_seconds(CLOCK_AHEAD) || event.at.0 <= 0 {
        return Err(Refused::EventForm.into());
    }
    let digest = digest(app, event)?;
    if let Some((known, result)) = events::known(tx, bank, &event.id)? {
        if known != digest {
            return Err(Refused::EventDiffers.into());
        }
        return Ok(result);
    }
    let account = account_of(tx, app, bank, event)?;
    let result = if account.seen_at.is_some_and(|seen| event.at < seen) {
        // Clocks differ and ways have delays: what counts is what the bank says now.
        answers::status_in(tx, app, &account, now)?;
        "asked"
    } else {
        match answers::see_in(tx, app, &account, event.state, event.at, now)? {
            answers::Taken::Applied => "applied",
            answers::Taken::Contradicts => "contradicts",
            _ => "same",
        }
    };
    events::insert(tx, bank, &event.id, &digest, result, now)?;
    let entry = Entry::new(app.id(), now, actor, "bank.event", "Art. 10")
        .about(account.person)
        .on("bank-event", &event.id)
        .why(format!("{}: {result}", event.state.code()), &[]);
    journal::record(tx, &entry)?;
    if let Some(account) = accounts::get(tx, account.person, account.card)? {
        alarms::reconsider_in(tx, app, &account, now)?;
    }
    Ok(result.to_owned())
}

/// Account numbers are in it, so a keyed digest is kept and not the text.
fn digest(app: &Platform, event: &Event) -> Result<[u8; 32], Problem> {
    let Event { id, card, account, state, at } = event;
    let text = format!("bank-event {id}|{card}|{account}|{}|{}", state.code(), at.seconds());
    Ok(keyed_digest(&app.keys, &text)?)
}

/// The account by its number or by its card; when both are told they must be of one account.
fn account_of(
    tx: &mut Tx<'_>,
    app: &Platform,
    bank: Id,
    event: &Event,
) -> Result<Account, Problem> {
    let mut found = None;
    if !event.account.is_empty() {
        let number = AccountNumber::parse(&event.account)?;
        found = accounts::by_number(tx, &app.keys, bank, &number)?;
        found = Some(found.ok_or(Refused::NoAccount)?);
    }
    if !event.card.is_empty() {
        let card = event.card.parse().map_err(|_| Refused::EventForm)?;
        let by_card = accounts::by_card(tx, bank, card)?.ok_or(Refused::NoAccount)?;
        if found.as_ref().is_some_and(|found| found.card != by_card.card) {
            return Err(Refused::EventForm.into());
        }
        found = Some(by_card);
    }
    let found = found.ok_or(Refused::EventForm)?;
    if found.bank == bank { Ok(found) } else { Err(Refused::NoAccount.into()) }
}
