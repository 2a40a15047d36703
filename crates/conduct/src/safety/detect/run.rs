//! Rounds over the streams: from a cursor, in sets, each finding once.

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::freezes::{Reason, Scope, Source};

use super::rules::{Event, Fact, Finding, Kind, Rule, detect};
use super::store::{self, Noted};
use crate::safety::freezes::service::{Wanted, freeze_in};

/// Seconds before an event is looked at: what got its id earlier is durable by then.
const SETTLED_S: i64 = 60;
/// Events of one transaction.
const SET: i64 = 2_000;
/// Sets of one round.
const SETS: usize = 100;
/// What rules remember, seconds.
const MEMORY_S: i64 = 3_600;

/// One round over all streams.
///
/// # Errors
/// See [`Problem`]; whole sets are kept.
pub async fn round(app: &App) -> Result<String, Problem> {
    let found = round_at(app, Utc::now().plus_seconds(-SETTLED_S)).await?;
    Ok(format!("{found} findings"))
}

/// Looks at all events that were asked for before a moment; returns the number of findings.
///
/// # Errors
/// As [`round`].
pub async fn round_at(app: &App, before: Utc) -> Result<usize, Problem> {
    let mut all = 0;
    for stream in ["uses", "journal"] {
        for _ in 0..SETS {
            let platform = app.clone();
            let done = app
                .db
                .housekeeping(move |tx| set(tx, &platform, stream, Id::not_before(before)))
                .await?;
            all += done.1;
            if (done.0 as i64) < SET {
                break;
            }
        }
    }
    Ok(all)
}

/// One set: how many events were looked at, how many findings.
fn set(
    tx: &mut Tx<'_>,
    app: &Platform,
    stream: &str,
    until: Id,
) -> Result<(usize, usize), Problem> {
    let rules = store::rules(tx)?;
    let from = store::cursor(tx, stream)?;
    let (events, last, seen) = match stream {
        "uses" => uses(tx, from, until)?,
        _ => noted(tx, &rules, from, until)?,
    };
    let Some(last) = last else { return Ok((0, 0)) };
    store::advance(tx, stream, from, last)?;
    let findings = detect(&rules, &events, |event| event.id > from);
    for finding in &findings {
        let rule = rules.iter().find(|rule| rule.kind == finding.kind);
        raise(tx, app, rule.ok_or(DbError::Conflict)?, finding)?;
    }
    Ok((seen, findings.len()))
}

type Looked = (Vec<Event>, Option<Id>, usize);

fn uses(tx: &mut Tx<'_>, from: Id, until: Id) -> Result<Looked, DbError> {
    let fresh = store::uses(tx, (from, until), SET)?;
    let (Some(first), Some(last)) = (fresh.first(), fresh.last()) else {
        return Ok((Vec::new(), None, 0));
    };
    let (last, seen) = (last.id, fresh.len());
    let since = Id::not_before(first.at.plus_seconds(-MEMORY_S));
    let mut events = store::uses_before(tx, since, (from, last))?;
    events.extend(fresh);
    Ok((events, Some(last), seen))
}

fn noted(tx: &mut Tx<'_>, rules: &[Rule], from: Id, until: Id) -> Result<Looked, DbError> {
    let fresh = store::noted(tx, (from, until), SET)?;
    let (Some(first), Some(last)) = (fresh.first(), fresh.last()) else {
        return Ok((Vec::new(), None, 0));
    };
    let (last, seen) = (last.id, fresh.len());
    let since = Id::not_before(first.at.plus_seconds(-MEMORY_S));
    let mut events = Vec::new();
    for entry in store::reads_before(tx, since, (from, last))?.iter().chain(&fresh) {
        for fact in facts(tx, rules, entry)? {
            events.push(Event { id: entry.id, at: entry.at, fact });
        }
    }
    Ok((events, Some(last), seen))
}

/// What an entry means to the rules.
fn facts(tx: &mut Tx<'_>, rules: &[Rule], entry: &Noted) -> Result<Vec<Fact>, DbError> {
    let staff = entry.role.parse::<Role>().is_ok_and(Role::is_staff) && entry.account != Id(0);
    Ok(match (entry.act.as_str(), entry.subject) {
        ("person.read", _) if staff => vec![Fact::Read { account: entry.account }],
        ("card.applied" | "card.activated", Some(person)) => {
            vec![Fact::Card { person, same_phone: store::same_phone(tx, person)? }]
        }
        ("representative.appointed" | "representative.entered", Some(person)) => {
            let agent = store::agent(tx, person)?;
            let agent = agent.map(|(number, people)| {
                // The queue needs to tell agents apart, not to know them.
                let digest = seal::sm3::sm3(format!("agent {number}").as_bytes());
                Fact::Agent { person, agent: hex::encode(&digest[..8]), people }
            });
            agent.into_iter().collect()
        }
        ("funds.accepted", _) => {
            let batch = entry.object.strip_prefix("batch:").and_then(|id| id.parse().ok());
            let rule = rules.iter().find(|rule| rule.kind == Kind::AccountChange && rule.is_on);
            let (Some(batch), Some(rule)) = (batch, rule) else { return Ok(Vec::new()) };
            let since = entry.at.plus_seconds(-rule.get("days") * 86_400);
            let changed = store::changed_accounts(tx, batch, since)?;
            let fact = |(person, changed_at)| Fact::Payment { person, changed_at };
            changed.into_iter().map(fact).collect()
        }
        _ => Vec::new(),
    })
}

/// An alert; where its rule may, a freeze that is bounded and that an officer looks at.
fn raise(tx: &mut Tx<'_>, app: &Platform, rule: &Rule, found: &Finding) -> Result<(), Problem> {
    let (id, is_new) = store::raise(tx, app.id(), rule.version, found)?;
    if !is_new {
        return Ok(());
    }
    let (now, system) = (Utc::now(), Actor::system());
    let mut entry = Entry::new(app.id(), now, &system, "alert.raised", "Art. 20").on("alert", id);
    entry.subject = found.person;
    entry.purpose = format!("{}：{}", found.kind.name().zh, found.facts.zh);
    journal::record(tx, &entry)?;
    let Some(person) = found.person.filter(|_| rule.may_freeze && found.kind.is_about_a_card())
    else {
        return Ok(());
    };
    let wanted = Wanted {
        scope: Scope::Identity,
        reason: Reason::Suspicious,
        words: found.kind.name().zh,
        evidence: format!("alert:{id}"),
        alert: Some(id),
    };
    match freeze_in(tx, app, &system, Source::Rule, person, &wanted, now) {
        // Already frozen by a rule: one is enough.
        Err(problem) if problem.status >= 500 => Err(problem),
        _ => Ok(()),
    }
}
