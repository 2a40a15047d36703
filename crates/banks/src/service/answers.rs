//! What an answer of a bank changes. An answer that comes twice changes nothing the second time.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::{Asking, alarms, begin_status_in};
use crate::number::AccountNumber;
use crate::rules::{Answer, Operation, Reason, RequestState, State, may_become, pause};
use crate::store::accounts::{self, Account};
use crate::store::alarms::AlarmKind;
use crate::store::requests::{self, Request};

/// What became of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// It changed something.
    Applied,
    /// It was known.
    Known,
    /// No request of this bank has this id.
    NoSuchRequest,
    /// It contradicts what the bank said before; an alarm is open.
    Contradicts,
}

/// Where an answer comes from.
#[derive(Clone, Copy)]
pub struct From<'a> {
    /// The platform.
    pub app: &'a Platform,
    /// The bank.
    pub bank: Id,
    /// First and longest pause until the next query, in seconds.
    pub pauses: (i64, i64),
    /// When it came.
    pub now: Utc,
}

/// Carries out what an answer means, in one transaction with its journal entry.
///
/// # Errors
/// See [`Problem`]; nothing of it is kept then.
pub fn take_in(tx: &mut Tx<'_>, from: From<'_>, id: Id, answer: &Answer) -> Result<Taken, Problem> {
    let request = requests::get(tx, id)?.filter(|request| request.bank == from.bank);
    let Some(request) = request else { return Ok(Taken::NoSuchRequest) };
    if request.state.is_final() {
        return late(tx, from, &request, answer);
    }
    let taken = match answer {
        Answer::Accepted => return Ok(Taken::Known),
        Answer::NotSent | Answer::NeverSeen => not_there(tx, from, &request)?,
        Answer::Unknown => unknown(tx, from, &request)?,
        Answer::Refused(reason) => refused(tx, from, &request, *reason)?,
        Answer::Done { state, number } => done(tx, from, &request, *state, number.as_deref())?,
    };
    record(tx, from, &request, answer)?;
    if let Some(account) = accounts::get(tx, request.person, request.card)? {
        alarms::reconsider_in(tx, from.app, &account, from.now)?;
    }
    Ok(taken)
}

fn record(
    tx: &mut Tx<'_>,
    from: From<'_>,
    request: &Request,
    answer: &Answer,
) -> Result<(), Problem> {
    let result = match answer {
        Answer::Done { .. } => "ok",
        Answer::Refused(reason) => reason.code(),
        Answer::NeverSeen => "never-seen",
        Answer::NotSent => "not-sent",
        Answer::Unknown | Answer::Accepted => "unknown",
    };
    let system = Actor::system();
    let entry = Entry::new(from.app.id(), from.now, &system, "bank.answered", "Art. 10")
        .about(request.person)
        .on("bank-request", request.id)
        .why(request.operation.code(), &[]);
    Ok(journal::record(tx, &Entry { result: result.to_owned(), ..entry })?)
}

fn again(
    tx: &mut Tx<'_>,
    from: From<'_>,
    request: &Request,
    state: RequestState,
) -> Result<Taken, Problem> {
    let (first, most) = from.pauses;
    let next = from.now.plus_seconds(pause(first, most, request.sends - 1));
    requests::set_state(tx, request, state, next)?;
    Ok(Taken::Applied)
}

/// Not an answer: the account may be in either state until the bank is asked.
fn unknown(tx: &mut Tx<'_>, from: From<'_>, request: &Request) -> Result<Taken, Problem> {
    if request.operation.changes()
        && let Some(account) = accounts::get(tx, request.person, request.card)?
        && may_become(account.state, State::Unknown)
    {
        accounts::set_state(tx, &account, State::Unknown, None, from.now)?;
    }
    again(tx, from, request, RequestState::Unknown)
}

/// The bank does not have it: it is sent under the same key, unless a later report of loss or
/// a freeze forbids it.
fn not_there(tx: &mut Tx<'_>, from: From<'_>, request: &Request) -> Result<Taken, Problem> {
    if request.operation.revives() && requests::overtaken(tx, request)? {
        return refused(tx, from, request, Reason::Superseded);
    }
    again(tx, from, request, RequestState::Waiting)
}

fn refused(
    tx: &mut Tx<'_>,
    from: From<'_>,
    request: &Request,
    reason: Reason,
) -> Result<Taken, Problem> {
    requests::finish(tx, request, RequestState::Refused, reason.code(), from.now)?;
    let account = accounts::get(tx, request.person, request.card)?;
    let Some(account) = account.filter(|_| request.operation.changes()) else {
        return Ok(Taken::Applied);
    };
    if request.operation == Operation::PreOpen {
        if may_become(account.state, State::Refused) {
            accounts::set_state(tx, &account, State::Refused, Some(from.now), from.now)?;
        }
    } else if account.state == State::Unknown {
        // What the account's state was meanwhile only the bank knows.
        ask_status(tx, from, &account)?;
    }
    Ok(Taken::Applied)
}

fn done(
    tx: &mut Tx<'_>,
    from: From<'_>,
    request: &Request,
    state: State,
    number: Option<&str>,
) -> Result<Taken, Problem> {
    if !request.operation.leads_to().contains(&state) {
        return contradiction(tx, from, request, request.operation.code(), state.code());
    }
    if request.operation != Operation::Check {
        let account = accounts::get(tx, request.person, request.card)?;
        let Some(account) = account else { return Ok(Taken::NoSuchRequest) };
        if let Some(kind) = learn_number(tx, from, request, &account, number)? {
            let (wanted, found) = (request.operation.code(), "account-number");
            alarms::open_in(tx, from.app, &account, kind, wanted, found, from.now)?;
            unknown(tx, from, request)?;
            return Ok(Taken::Contradicts);
        }
        if requests::overtaken(tx, request)? {
            // In which order the bank did both only the bank knows.
            ask_status(tx, from, &account)?;
        } else {
            see_in(tx, from.app, &account, state, from.now, from.now)?;
        }
    }
    requests::finish(tx, request, RequestState::Done, state.code(), from.now)?;
    Ok(Taken::Applied)
}

/// Keeps the number that a bank told; says what is wrong with it.
fn learn_number(
    tx: &mut Tx<'_>,
    from: From<'_>,
    request: &Request,
    account: &Account,
    number: Option<&str>,
) -> Result<Option<AlarmKind>, Problem> {
    let known = accounts::number(tx, &from.app.keys, account.person, account.card)?;
    let told = number.map(AccountNumber::parse).transpose()?;
    match (known, told) {
        (Some(known), Some(told)) if known != told => Ok(Some(AlarmKind::Contradiction)),
        (None, None) if request.operation == Operation::PreOpen => {
            Ok(Some(AlarmKind::Contradiction))
        }
        (_, None) | (Some(_), _) => Ok(None),
        (None, Some(told)) => {
            let stored = accounts::set_number(tx, &from.app.keys, account, &told)?;
            Ok((!stored).then_some(AlarmKind::NumberTaken))
        }
    }
}

/// The bank's word on the state of an account, from an answer or an event. What the table of
/// transitions does not allow opens an alarm and changes nothing.
///
/// # Errors
/// See [`Problem`].
pub fn see_in(
    tx: &mut Tx<'_>,
    app: &Platform,
    account: &Account,
    state: State,
    at: Utc,
    now: Utc,
) -> Result<Taken, Problem> {
    if account.state == state || may_become(account.state, state) {
        accounts::set_state(tx, account, state, Some(at), now)?;
        return Ok(if account.state == state { Taken::Known } else { Taken::Applied });
    }
    let (was, found) = (account.state.code(), state.code());
    alarms::open_in(tx, app, account, AlarmKind::Contradiction, was, found, now)?;
    Ok(Taken::Contradicts)
}

fn contradiction(
    tx: &mut Tx<'_>,
    from: From<'_>,
    request: &Request,
    expected: &str,
    found: &str,
) -> Result<Taken, Problem> {
    if let Some(account) = accounts::get(tx, request.person, request.card)? {
        let kind = AlarmKind::Contradiction;
        alarms::open_in(tx, from.app, &account, kind, expected, found, from.now)?;
    }
    if !request.state.is_final() {
        unknown(tx, from, request)?;
    }
    Ok(Taken::Contradicts)
}

/// An answer after the final one: the same is known, another one contradicts.
fn late(
    tx: &mut Tx<'_>,
    from: From<'_>,
    request: &Request,
    answer: &Answer,
) -> Result<Taken, Problem> {
    let (said, now_said) = match (request.state, answer) {
        (RequestState::Done, Answer::Refused(reason)) => (request.answer.as_str(), reason.code()),
        (RequestState::Refused, Answer::Done { state, .. }) => {
            (request.answer.as_str(), state.code())
        }
        _ => return Ok(Taken::Known),
    };
    contradiction(tx, from, request, said, now_said)?;
    if let Some(account) = accounts::get(tx, request.person, request.card)? {
        ask_status(tx, from, &account)?;
    }
    record(tx, from, request, answer)?;
    Ok(Taken::Contradicts)
}

fn ask_status(tx: &mut Tx<'_>, from: From<'_>, account: &Account) -> Result<(), Problem> {
    status_in(tx, from.app, account, from.now)
}

/// Asks the bank for the present state of an account, unless that is under way or the account has no
/// number that the bank could know it by.
///
/// # Errors
/// See [`Problem`].
pub fn status_in(
    tx: &mut Tx<'_>,
    app: &Platform,
    account: &Account,
    now: Utc,
) -> Result<(), Problem> {
    if account.last_four.is_empty() {
        return Ok(());
    }
    let (person, card, purpose) = (account.person, account.card, "核对账户状态 / comparing states");
    let actor = Actor::system();
    begin_status_in(tx, Asking { app, actor: &actor, person, card, purpose, now }).map(drop)
}
