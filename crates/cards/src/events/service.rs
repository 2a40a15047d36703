//! Receiving reports, and deciding on them.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::jobs::{Job, Round};
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use people::number::{PersonNumber, Strictness};
use people::rules::{Person, eligibility};

use super::rules::{self, Kind, Proposal, Refused, Report, State};
use super::store::{self, Event};
use crate::rules::{CancelCause, Command, Stage};
use crate::service::{Hands, perform_in};

/// What became of one line of a delivery.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    /// A clerk will look.
    Proposed,
    /// Nobody here has this number; kept.
    Nobody,
    /// It was sent before.
    Twice,
}

/// Keeps reports of a sender, all or none; one that came before changes nothing.
///
/// # Errors
/// See [`Problem`].
pub async fn receive(
    app: &App,
    sender: &Actor,
    reports: Vec<Report>,
) -> Result<Vec<Received>, Problem> {
    let source = sender.org.ok_or_else(Problem::forbidden)?;
    let ids: Vec<(Id, Id)> = reports.iter().map(|_| (app.id(), app.id())).collect();
    let sender = sender.clone();
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let mut results = Vec::with_capacity(reports.len());
            let mut entries = Vec::new();
            for (report, (id, entry)) in reports.iter().zip(&ids) {
                let event = matched(tx, *id, source, report, now)?;
                results.push(match (store::insert(tx, &event)?, event.state) {
                    (false, _) => Received::Twice,
                    (true, State::Nobody) => Received::Nobody,
                    (true, _) => Received::Proposed,
                });
                let mut entry = Entry::new(*entry, now, &sender, "life-event.received", "Art. 13")
                    .on("life-event", id)
                    .why(report.kind.name().zh, &["number", "name"]);
                entry.subject = event.person;
                entries.push(entry);
            }
            journal::record_all(tx, &entries)?;
            Ok(results)
        })
        .await
}

fn matched(
    tx: &mut Tx<'_>,
    id: Id,
    source: Id,
    report: &Report,
    now: Utc,
) -> Result<Event, DbError> {
    let parsed = PersonNumber::parse(&report.number, now.day(), Strictness::WithEvidence);
    let person: Option<Person> = match parsed {
        Ok(parsed) => people::store::by_number(tx, &parsed.number)?,
        Err(_) => None,
    };
    let name = people::pinyin::normalise_name(&report.name);
    Ok(Event {
        id,
        source,
        report: report.clone(),
        name_fits: person.as_ref().is_some_and(|person| person.name == name),
        state: if person.is_some() { State::Proposed } else { State::Nobody },
        person: person.map(|person| person.id),
        received_at: now,
        comment: String::new(),
        version: 1,
    })
}

/// A clerk confirms a report: what it proposes is done in the same transaction.
///
/// # Errors
/// The name differs and nothing was said about it, or the rules of cards refuse; the report stays open.
pub async fn confirm(app: &App, clerk: &Actor, id: Id, comment: String) -> Result<Event, Problem> {
    let (hands, clerk) = (Hands::new(app), clerk.clone());
    app.db
        .write(move |tx| {
            let event = open(tx, id)?;
            if !event.name_fits && comment.trim().is_empty() {
                return Err(Refused::NameDiffers.into());
            }
            carry_out(tx, &hands, &clerk, &event, comment.trim())?;
            Ok(event)
        })
        .await
}

/// A clerk finds that a report does not hold; it must be said why.
///
/// # Errors
/// See [`Refused`].
pub async fn reject(app: &App, clerk: &Actor, id: Id, comment: String) -> Result<(), Problem> {
    if comment.trim().is_empty() {
        return Err(Refused::CommentMissing.into());
    }
    let (entry, clerk) = (app.id(), clerk.clone());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let event = open(tx, id)?;
            store::decide(tx, &event, State::Rejected, clerk.account, comment.trim(), now)?;
            let mut entry = Entry::new(entry, now, &clerk, "life-event.rejected", "Art. 13")
                .on("life-event", id)
                .why(comment.trim(), &[]);
            entry.subject = event.person;
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

fn open(tx: &mut Tx<'_>, id: Id) -> Result<Event, Problem> {
    let event = store::by_id(tx, id)?.filter(|event| event.state == State::Proposed);
    Ok(event.ok_or(Refused::NotOpen)?)
}

fn carry_out(
    tx: &mut Tx<'_>,
    hands: &Hands,
    actor: &Actor,
    event: &Event,
    comment: &str,
) -> Result<(), Problem> {
    let now = Utc::now();
    let person = event.person.ok_or(Refused::NotOpen)?;
    let known = people::store::by_id(tx, person)?.ok_or(people::rules::Refused::Unknown)?;
    let evidence = format!("{} {} {comment}", event.report.kind.name().zh, event.report.source_id);
    match rules::proposal(event.report.kind) {
        Proposal::Cancel(cause) => cancel(tx, hands, actor, event, &known, cause, &evidence)?,
        Proposal::EnterMove => {
            let changed = changed(tx, event, &known)?;
            let entitled = eligibility(&changed, now.day()).is_ok();
            if !entitled && crate::store::living(tx, person)?.is_some() {
                let cause = CancelCause::EntitlementEnded;
                let command = Command::Cancel { cause, evidence };
                perform_in(tx, hands, actor, person, &command, actor.org)?;
            }
        }
        Proposal::ChangeName => {}
    }
    store::decide(tx, event, State::Confirmed, actor.account, comment, now)?;
    let entry = Entry::new(hands.entry, now, actor, "life-event.confirmed", "Art. 13")
        .about(person)
        .on("life-event", event.id)
        .why(event.report.kind.name().zh, &["card"]);
    Ok(journal::record(tx, &entry)?)
}

fn changed(tx: &mut Tx<'_>, event: &Event, person: &Person) -> Result<Person, Problem> {
    let report = &event.report;
    let changed = rules::after(person, report.kind, report.day, &report.detail);
    store::set_ground(tx, &changed)?;
    Ok(changed)
}

fn cancel(
    tx: &mut Tx<'_>,
    hands: &Hands,
    actor: &Actor,
    event: &Event,
    person: &Person,
    cause: CancelCause,
    evidence: &str,
) -> Result<(), Problem> {
    if event.report.kind == Kind::EntitlementEnded {
        changed(tx, event, person)?;
    }
    match crate::store::living(tx, person.id)? {
        // What is not made yet is not ended but taken back; nobody who died has it made.
        Some(card) if card.stage == Stage::Ordered => {
            perform_in(tx, hands, actor, person.id, &Command::Withdraw, actor.org)?;
            match cause.is_death() {
                true => Ok(people::store::set_deceased(tx, person, Some(event.report.day))?),
                false => Ok(()),
            }
        }
        Some(_) => {
            let command = Command::Cancel { cause, evidence: evidence.to_owned() };
            perform_in(tx, hands, actor, person.id, &command, actor.org).map(drop)
        }
        // Without a card there is nothing to end, but nobody who died applies for one.
        None if cause.is_death() && person.deceased_on.is_none() => {
            Ok(people::store::set_deceased(tx, person, Some(event.report.day))?)
        }
        None => Ok(()),
    }
}

/// Reports that wait for a clerk, and how many there are in all.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting(app: &App) -> Result<(Vec<Event>, i64), Problem> {
    app.db
        .read(|tx| {
            let waiting = store::in_state(tx, State::Proposed, 50)?;
            Ok((waiting, store::count(tx, State::Proposed)?))
        })
        .await
}

/// The repeating work of life events: deaths that may act alone.
pub fn jobs() -> Vec<Job> {
    let run = |app| -> Round { Box::pin(act_alone(app)) };
    vec![Job { name: "cards.death-events", every: std::time::Duration::from_secs(60), run }]
}

async fn act_alone(app: App) -> Result<String, Problem> {
    let (switched_on, waiting) = app
        .db
        .read(|tx| {
            let on = settings::get(tx, &super::ALONE, Utc::now())? == 1;
            // Only what may act alone: reports that wait for a clerk hold up no others.
            Ok::<_, Problem>((on, store::waiting_of(tx, Kind::Death, 500)?))
        })
        .await?;
    let alone = |event: &Event| rules::acts_alone(event.report.kind, event.name_fits, switched_on);
    let mut done = 0;
    for event in waiting.into_iter().filter(alone) {
        let result = confirm(&app, &Actor::system(), event.id, "自动处理".to_owned()).await;
        match result {
            Ok(_) => done += 1,
            // What the rules refuse waits for a clerk.
            Err(problem) if problem.status < 500 => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(format!("{done} carried out"))
}
