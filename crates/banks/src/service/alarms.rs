//! Divergence: found by a job, owned by somebody, closed when both sides agree.

use kernel::actor::{Actor, Role};
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;

use super::answers;
use crate::rules::{Operation, Refused, State, agrees};
use crate::store::accounts::{self, Account};
use crate::store::alarms::{self, Alarm, AlarmKind};
use crate::store::requests;
use crate::{DIVERGENCE_MINUTES, UNANSWERED_HOURS};

/// Opens an alarm; one of a kind is open for a card at a time.
///
/// # Errors
/// See [`Problem`].
pub fn open_in(
    tx: &mut Tx<'_>,
    app: &Platform,
    account: &Account,
    kind: AlarmKind,
    expected: &str,
    found: &str,
    now: Utc,
) -> Result<bool, Problem> {
    let alarm = Alarm {
        person: account.person,
        id: app.id(),
        card: account.card,
        bank: account.bank,
        kind,
        expected: expected.to_owned(),
        found: found.to_owned(),
        opened_at: now,
        taken_by: None,
        taken_name: String::new(),
        note: String::new(),
        closed_at: None,
        closed_by: String::new(),
        version: 1,
    };
    let opened = alarms::open(tx, &alarm)?;
    if opened {
        let entry = entry(app, &Actor::system(), "bank.alarm-opened", &alarm, now);
        journal::record(tx, &entry.why(format!("{}: {expected} / {found}", kind.code()), &[]))?;
    }
    Ok(opened)
}

fn entry(app: &Platform, actor: &Actor, act: &'static str, alarm: &Alarm, now: Utc) -> Entry {
    let entry = Entry::new(app.id(), now, actor, act, "Art. 10");
    entry.about(alarm.person).on("bank-alarm", alarm.id)
}

/// Closes the alarms of a card whose reason is gone; they stay on record.
///
/// # Errors
/// See [`Problem`].
pub fn reconsider_in(
    tx: &mut Tx<'_>,
    app: &Platform,
    account: &Account,
    now: Utc,
) -> Result<u64, Problem> {
    let mut closed = 0;
    for alarm in alarms::of_card(tx, account.person, account.card)? {
        let gone = match alarm.kind {
            AlarmKind::Differs => {
                account.expected.is_none_or(|expected| agrees(expected, account.state))
            }
            AlarmKind::NoAnswer => !requests::any_open(tx, account.person, account.card)?,
            AlarmKind::NumberTaken => matches!(account.state, State::Opened | State::Active),
            AlarmKind::Contradiction => false,
        };
        if gone {
            alarms::close(tx, &alarm, "", "agreed", now)?;
            let entry = entry(app, &Actor::system(), "bank.alarm-closed", &alarm, now);
            journal::record(tx, &entry.why("两边已一致 / both sides agree", &[]))?;
            closed += 1;
        }
    }
    Ok(closed)
}

const CHUNK: i64 = 500;
/// The platform asks again for the state of an account with an open alarm after this long.
const ASK_AGAIN_SECONDS: i64 = 3_600;
/// What was closed by hand and still differs is an alarm again after this long.
const QUIET_SECONDS: i64 = 86_400;

/// One round: finds what differs or has no answer, and closes what agrees again.
///
/// # Errors
/// See [`Problem`].
pub async fn compare(app: &App) -> Result<String, Problem> {
    let shared = app.clone();
    let opened = app.db.write(move |tx| find(tx, &shared, Utc::now())).await?;
    let (mut after, mut closed) = (Id(0), 0);
    loop {
        let shared = app.clone();
        let round = app.db.write(move |tx| look_again(tx, &shared, after, Utc::now()));
        let (last, gone) = round.await?;
        closed += gone;
        match last {
            Some(last) => after = last,
            None => return Ok(format!("{opened} opened, {closed} agreed")),
        }
    }
}

fn find(tx: &mut Tx<'_>, app: &Platform, now: Utc) -> Result<u64, Problem> {
    let minutes = settings::get(tx, &DIVERGENCE_MINUTES, now)?;
    let hours = settings::get(tx, &UNANSWERED_HOURS, now)?;
    let quiet = now.plus_seconds(-QUIET_SECONDS);
    let mut opened = 0;
    for account in accounts::divergent(tx, now.plus_seconds(-60 * minutes), quiet, CHUNK)? {
        let expected = account.expected.map_or("", |expected| expected.code());
        let (kind, found) = (AlarmKind::Differs, account.state.code());
        opened += u64::from(open_in(tx, app, &account, kind, expected, found, now)?);
        answers::status_in(tx, app, &account, now)?;
    }
    for request in requests::unanswered(tx, now.plus_seconds(-3_600 * hours), quiet, CHUNK)? {
        if let Some(account) = accounts::get(tx, request.person, request.card)? {
            let (kind, asked) = (AlarmKind::NoAnswer, request.operation.code());
            let found = request.state.code();
            opened += u64::from(open_in(tx, app, &account, kind, asked, found, now)?);
        }
    }
    Ok(opened)
}

fn look_again(
    tx: &mut Tx<'_>,
    app: &Platform,
    after: Id,
    now: Utc,
) -> Result<(Option<Id>, u64), Problem> {
    let open = alarms::open_after(tx, after, CHUNK)?;
    let mut closed = 0;
    for alarm in &open {
        let Some(account) = accounts::get(tx, alarm.person, alarm.card)? else { continue };
        closed += reconsider_in(tx, app, &account, now)?;
        let differs = account.expected.is_some_and(|expected| !agrees(expected, account.state));
        if differs && asked_before(tx, alarm, now.plus_seconds(-ASK_AGAIN_SECONDS))? {
            answers::status_in(tx, app, &account, now)?;
        }
    }
    Ok((open.last().map(|alarm| alarm.id), closed))
}

/// Whether the last question for the state is older than `before`.
fn asked_before(tx: &mut Tx<'_>, alarm: &Alarm, before: Utc) -> Result<bool, Problem> {
    let asked = requests::of_card(tx, alarm.person, alarm.card)?;
    let last = asked.iter().find(|request| request.operation == Operation::Status);
    Ok(last.is_none_or(|request| request.created_at < before))
}

/// An alarm that this actor may work on: the bank's own, or any for the municipal officer.
fn of_actor(tx: &mut Tx<'_>, actor: &Actor, id: Id) -> Result<Alarm, Problem> {
    let alarm = alarms::get(tx, id)?.filter(|alarm| sees(actor, alarm.bank));
    alarm.ok_or_else(Problem::not_found)
}

/// Whether an actor sees what is of this bank: banks see their own only.
pub fn sees(actor: &Actor, bank: Id) -> bool {
    actor.role != Role::Bank || actor.org == Some(bank)
}

/// The bank to which an actor's view is bound; `None` for those who see all.
pub fn bound(actor: &Actor) -> Option<Id> {
    (actor.role == Role::Bank).then(|| actor.org.unwrap_or_default())
}

/// Somebody takes an alarm: from then on it is his, unless the other side takes it over.
///
/// # Errors
/// It is closed, or of another bank.
pub async fn take(app: &App, actor: &Actor, id: Id) -> Result<(), Problem> {
    let (shared, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let alarm = of_actor(tx, &actor, id)?;
            if alarm.closed_at.is_some() {
                return Err(Refused::AlarmNotYours.into());
            }
            alarms::take(tx, &alarm, actor.account, &actor.name, now)?;
            let entry = entry(&shared, &actor, "bank.alarm-taken", &alarm, now);
            Ok(journal::record(tx, &entry.why("处理告警 / working on an alarm", &[]))?)
        })
        .await
}

/// Whoever took an alarm says what was done and closes it.
///
/// # Errors
/// Somebody else has it, it is closed, or nothing was written.
pub async fn close(app: &App, actor: &Actor, id: Id, note: &str) -> Result<(), Problem> {
    let note: String = note.trim().chars().take(500).collect();
    if note.is_empty() {
        return Err(Refused::NoComment.into());
    }
    let (shared, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let alarm = of_actor(tx, &actor, id)?;
            if alarm.closed_at.is_some() || alarm.taken_by != Some(actor.account) {
                return Err(Refused::AlarmNotYours.into());
            }
            alarms::close(tx, &alarm, &note, &actor.name, now)?;
            let entry = entry(&shared, &actor, "bank.alarm-closed", &alarm, now);
            Ok(journal::record(tx, &entry.why("告警办结 / alarm closed by hand", &[]))?)
        })
        .await
}

/// What [`list`] returns.
pub struct Listed {
    /// Open alarms, oldest first.
    pub open: Vec<Alarm>,
    /// Those closed last.
    pub closed: Vec<Alarm>,
}

/// The alarms that an actor sees. They show no personal data.
///
/// # Errors
/// See [`Problem`].
pub async fn list(app: &App, actor: &Actor) -> Result<Listed, Problem> {
    let bank = bound(actor);
    app.db
        .read(move |tx| {
            let open = alarms::all_open(tx, bank, 200)?;
            Ok(Listed { open, closed: alarms::all_closed(tx, bank, 30)? })
        })
        .await
}
