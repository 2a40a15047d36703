//! Use cases of banks. What changes a card's account is an intent in the caller's transaction
//! (`begin_…_in`) or in one of its own; the exchange sends it afterwards.

pub mod agreements;
pub mod alarms;
pub mod answers;
pub mod events;
pub mod exchange;
pub mod figures;
pub mod offers;

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::rules::Person;

use crate::number::AccountNumber;
use crate::port::Body;
use crate::rules::{self, Expected, Operation, Reason, Refused, RequestState, Service, State};
use crate::store::accounts::{self, Account};
use crate::store::agreements as agreement_store;
use crate::store::requests::{self, Request};

/// Fields of a person that a bank is told with a request.
const TOLD: &[&str] = &["name", "number", "document"];

/// Who asks, for whom, and when.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The platform.
    pub app: &'a Platform,
    /// Who asks.
    pub actor: &'a Actor,
    /// Whose account.
    pub person: Id,
    /// The card.
    pub card: Id,
    /// Why, in plain words; the bank is told.
    pub purpose: &'a str,
    /// When.
    pub now: Utc,
}

/// Banks that can be chosen for the financial function on the day of `now`, with their names.
///
/// # Errors
/// See [`DbError`].
pub fn choices(tx: &mut Tx<'_>, now: Utc) -> Result<Vec<(Id, Text)>, DbError> {
    let confirmed = agreement_store::confirmed(tx)?;
    let mut banks = agreement_store::banks(tx)?;
    banks.retain(|bank| {
        let covers = |agreement: &&rules::Agreement| {
            agreement.bank == bank.id
                && agreement.in_force(now.day())
                && agreement.services.contains(&Service::Financial)
        };
        confirmed.iter().any(|agreement| covers(&agreement))
    });
    Ok(banks.into_iter().map(|bank| (bank.id, bank.name)).collect())
}

/// Whether a bank can be chosen for a service on the day of `now` (Art. 10).
///
/// # Errors
/// [`Refused::NoSuchBank`] or [`Refused::NotInForce`] as a problem.
pub fn choosable(tx: &mut Tx<'_>, bank: Id, service: Service, now: Utc) -> Result<(), Problem> {
    agreement_store::bank(tx, bank)?.ok_or(Refused::NoSuchBank)?;
    let versions = agreement_store::of_bank(tx, bank)?;
    let agreement = rules::in_force(&versions, now.day());
    let covered = agreement.is_some_and(|agreement| agreement.services.contains(&service));
    if covered { Ok(()) } else { Err(Refused::NotInForce.into()) }
}

/// Has an account opened in advance for a card. Returns the id of the request.
///
/// # Errors
/// The bank's agreement is not in force, the card has an account, the person is unknown.
pub fn begin_pre_open_in(tx: &mut Tx<'_>, asking: Asking<'_>, bank: Id) -> Result<Id, Problem> {
    choosable(tx, bank, Service::Financial, asking.now)?;
    let known = accounts::get(tx, asking.person, asking.card)?;
    rules::may(Operation::PreOpen, known.as_ref().map(|account| account.state))?;
    open_at(tx, asking, bank, known.as_ref())
}

/// Has an account opened at another bank in the place of one that is closed: the second half of a
/// change of the bank. Returns the id of the request.
///
/// # Errors
/// The old account is not closed yet, or the new bank's agreement is not in force.
pub fn begin_change_in(tx: &mut Tx<'_>, asking: Asking<'_>, bank: Id) -> Result<Id, Problem> {
    choosable(tx, bank, Service::Financial, asking.now)?;
    let known = accounts::get(tx, asking.person, asking.card)?.ok_or(Refused::NoAccount)?;
    let settled = requests::of_card(tx, asking.person, asking.card)?;
    let settled = settled.iter().all(|request| request.state.is_final());
    if known.state != State::Closed || !settled {
        return Err(Refused::NotNow.into());
    }
    open_at(tx, asking, bank, Some(&known))
}

fn open_at(
    tx: &mut Tx<'_>,
    asking: Asking<'_>,
    bank: Id,
    known: Option<&Account>,
) -> Result<Id, Problem> {
    let account = Account {
        person: asking.person,
        card: asking.card,
        bank,
        state: State::Requested,
        last_four: String::new(),
        expected: None,
        expected_at: None,
        seen_at: None,
        changed_at: asking.now,
        version: 1,
    };
    accounts::request(tx, known, &account)?;
    write_intent(tx, asking, bank, Operation::PreOpen, String::new())
}

/// Has the financial function activated (Art. 11: apart from the social-security function).
///
/// # Errors
/// The account's state does not allow it, or a request is under way.
pub fn begin_activate_in(tx: &mut Tx<'_>, asking: Asking<'_>) -> Result<Id, Problem> {
    begin_in(tx, asking, Operation::Activate)
}

/// Reports the account lost. It waits for no other request: those not yet sent are withdrawn.
///
/// # Errors
/// The account's state does not allow it, or a report is under way.
pub fn begin_report_loss_in(tx: &mut Tx<'_>, asking: Asking<'_>) -> Result<Id, Problem> {
    begin_in(tx, asking, Operation::ReportLoss)
}

/// Releases the account from loss.
///
/// # Errors
/// The account is not reported lost, or a request is under way.
pub fn begin_release_in(tx: &mut Tx<'_>, asking: Asking<'_>) -> Result<Id, Problem> {
    begin_in(tx, asking, Operation::Release)
}

/// Has the account blocked, because the card is locked. Like a report of loss it waits for no other
/// request.
///
/// # Errors
/// The account's state does not allow it, or a freeze is under way.
pub fn begin_freeze_in(tx: &mut Tx<'_>, asking: Asking<'_>) -> Result<Id, Problem> {
    begin_in(tx, asking, Operation::Freeze)
}

/// Has it unblocked.
///
/// # Errors
/// The account is not blocked, or a request is under way.
pub fn begin_unfreeze_in(tx: &mut Tx<'_>, asking: Asking<'_>) -> Result<Id, Problem> {
    begin_in(tx, asking, Operation::Unfreeze)
}

/// Has the account closed.
///
/// # Errors
/// The account's state does not allow it, or a request is under way.
pub fn begin_close_in(tx: &mut Tx<'_>, asking: Asking<'_>) -> Result<Id, Problem> {
    begin_in(tx, asking, Operation::Close)
}

/// Asks the bank for the account's state; `None` when that is under way.
///
/// # Errors
/// The card has no account.
pub fn begin_status_in(tx: &mut Tx<'_>, asking: Asking<'_>) -> Result<Option<Id>, Problem> {
    let open = requests::of_card(tx, asking.person, asking.card)?;
    let asked = |r: &Request| r.operation == Operation::Status && !r.state.is_final();
    if open.iter().any(asked) {
        return Ok(None);
    }
    begin_in(tx, asking, Operation::Status).map(Some)
}

/// Asks a bank whether an account is this person's. The answer is the request's: see [`request`].
///
/// # Errors
/// The number is not in its form, or the bank's agreement is not in force.
pub fn begin_check_in(
    tx: &mut Tx<'_>,
    asking: Asking<'_>,
    bank: Id,
    number: &str,
) -> Result<Id, Problem> {
    let number = AccountNumber::parse(number)?;
    choosable(tx, bank, Service::Financial, asking.now)?;
    write_intent(tx, asking, bank, Operation::Check, number.as_str().to_owned())
}

fn begin_in(tx: &mut Tx<'_>, asking: Asking<'_>, operation: Operation) -> Result<Id, Problem> {
    let account = accounts::get(tx, asking.person, asking.card)?;
    rules::may(operation, account.as_ref().map(|account| account.state))?;
    let account = account.ok_or(Refused::NoAccount)?;
    for open in requests::of_card(tx, asking.person, asking.card)? {
        make_way(tx, &open, operation, asking.now)?;
    }
    let number = accounts::number(tx, &asking.app.keys, asking.person, asking.card)?;
    let number = number.map(|number| number.as_str().to_owned()).unwrap_or_default();
    write_intent(tx, asking, account.bank, operation, number)
}

/// One change at a time; but what stops the account takes the place of what has not left.
fn make_way(
    tx: &mut Tx<'_>,
    open: &Request,
    operation: Operation,
    now: Utc,
) -> Result<(), Problem> {
    if open.state.is_final() || !open.operation.changes() || !operation.changes() {
        return Ok(());
    }
    if !operation.stops() || open.operation == operation {
        return Err(Refused::UnderWay.into());
    }
    // What waits is not at the bank: it never left, or the bank has never seen it.
    if open.state == RequestState::Waiting && !open.operation.stops() {
        let reason = Reason::Superseded.code();
        requests::finish(tx, open, RequestState::Refused, reason, now)?;
    }
    Ok(())
}

fn write_intent(
    tx: &mut Tx<'_>,
    asking: Asking<'_>,
    bank: Id,
    operation: Operation,
    account: String,
) -> Result<Id, Problem> {
    let Asking { app, actor, person, card, purpose, now } = asking;
    let holder = people::store::by_id(tx, person)?.ok_or(people::rules::Refused::Unknown)?;
    let request = Request {
        person,
        id: app.id(),
        card,
        bank,
        operation,
        state: RequestState::Waiting,
        sends: 0,
        next_at: now,
        created_at: now,
        sent_at: None,
        answered_at: None,
        answer: String::new(),
        version: 1,
    };
    let body = body_of(&holder, card, account, purpose);
    requests::insert(tx, &app.keys, &request, &body).map_err(|error| match error {
        DbError::Unique(_) => Refused::UnderWay.into(),
        other => Problem::from(other),
    })?;
    let entry = Entry::new(app.id(), now, actor, "bank.requested", "Art. 10")
        .about(person)
        .on("bank-request", request.id)
        .why(format!("{}: {purpose}", operation.code()), TOLD);
    journal::record(tx, &entry)?;
    Ok(request.id)
}

fn body_of(holder: &Person, card: Id, account: String, purpose: &str) -> Body {
    Body {
        card: card.to_string(),
        name: people::pinyin::normalise_name(&holder.name),
        document: holder.document.code().to_owned(),
        number: holder.number.as_str().to_owned(),
        account,
        purpose: purpose.chars().take(100).collect(),
    }
}

/// What the card's state asks of its account (called in the transaction that changes the card).
/// `false` when the card has no account.
///
/// # Errors
/// See [`DbError`].
pub fn expect(
    tx: &mut Tx<'_>,
    person: Id,
    card: Id,
    expected: Expected,
    now: Utc,
) -> Result<bool, DbError> {
    accounts::expect(tx, person, card, expected, now)
}

/// The account of a card, to be shown to the person or to a clerk who serves him. The number is not
/// in it.
///
/// # Errors
/// See [`DbError`].
pub fn account(tx: &mut Tx<'_>, person: Id, card: Id) -> Result<Option<Account>, DbError> {
    accounts::get(tx, person, card)
}

/// How far a request has come.
///
/// # Errors
/// See [`Problem`]; 404 when there is none.
pub async fn request(app: &App, id: Id) -> Result<Request, Problem> {
    let found = app.db.read(move |tx| Ok::<_, Problem>(requests::get(tx, id)?)).await?;
    found.ok_or_else(Problem::not_found)
}

/// What [`begin`] starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// See [`begin_pre_open_in`]; with the bank.
    PreOpen(Id),
    /// See [`begin_activate_in`].
    Activate,
    /// See [`begin_report_loss_in`].
    ReportLoss,
    /// See [`begin_release_in`].
    Release,
    /// See [`begin_freeze_in`].
    Freeze,
    /// See [`begin_unfreeze_in`].
    Unfreeze,
    /// See [`begin_close_in`].
    Close,
    /// See [`begin_check_in`]; with the bank and the account number.
    Check(Id, String),
}

/// Begins one of the operations in a transaction of its own. Returns the id of the request, whose
/// answer comes later.
///
/// # Errors
/// As the `begin_…_in` of the command.
pub async fn begin(
    app: &App,
    actor: &Actor,
    person: Id,
    card: Id,
    command: Command,
    purpose: &str,
) -> Result<Id, Problem> {
    let (shared, actor, purpose) = (app.clone(), actor.clone(), purpose.to_owned());
    app.db
        .write(move |tx| {
            let (app, now) = (shared.as_ref(), Utc::now());
            let asking = Asking { app, actor: &actor, person, card, purpose: &purpose, now };
            match &command {
                Command::PreOpen(bank) => begin_pre_open_in(tx, asking, *bank),
                Command::Activate => begin_activate_in(tx, asking),
                Command::ReportLoss => begin_report_loss_in(tx, asking),
                Command::Release => begin_release_in(tx, asking),
                Command::Freeze => begin_freeze_in(tx, asking),
                Command::Unfreeze => begin_unfreeze_in(tx, asking),
                Command::Close => begin_close_in(tx, asking),
                Command::Check(bank, number) => begin_check_in(tx, asking, *bank, number),
            }
        })
        .await
}
