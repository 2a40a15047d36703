//! What a terminal did without a network: uploaded in order, judged again, double use found.

use std::collections::HashMap;
use std::sync::Arc;

use items::rules::Item;
use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Refusal as _;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use seal::cq1::{Accepted, Refused as Cq1};
use seal::sm3::sm3;

use super::rules::{Line, Refused};
use super::store::{self, Alarm, Registered, Uploaded};
use crate::cq1;
use crate::rules;
use crate::service::{Codes, OfflineUse, abroad};
use crate::store::{Use, insert_uses, terminal_of};

/// What came of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The last line that the platform has.
    pub to: i64,
    /// Lines that must not be, with why.
    pub doubles: Vec<(i64, String)>,
}

/// A line with what could be said about it without a database.
#[derive(Clone)]
struct Judged {
    line: Line,
    link: [u8; 32],
    accepted: Result<Accepted, Cq1>,
    item: Option<Arc<Item>>,
    ids: [Id; 3],
    /// The region that issued it, when it is another one.
    home: Option<String>,
}

/// Takes the lines of a terminal's journal. The same lines again change nothing; all or nothing of the
/// new ones is kept.
///
/// # Errors
/// [`Refused::Gap`] and [`Refused::Link`] say where the platform is in their advice.
pub async fn upload(
    app: &App,
    codes: &Codes,
    terminal: &Actor,
    lines: Vec<(Line, [u8; 32])>,
) -> Result<Taken, Problem> {
    let own = cq1::region(app);
    let held = app.db.read(|tx| Ok::<_, Problem>(cq1::abroad::held(tx)?)).await?;
    let mut judged = Vec::with_capacity(lines.len());
    for (line, link) in lines {
        let home = cq1::abroad::region_of(&line.code).filter(|region| *region != own);
        let accepted = match home {
            Some(_) => cq1::abroad::check_past(&held, &line.code, line.at),
            None => codes.judge_past(&line.code, line.at).await,
        };
        let day = Utc(line.at.saturating_mul(Utc::SECOND)).day();
        let item = codes.item(&line.item, day);
        let (ids, home) = ([app.id(), app.id(), app.id()], home.map(|region| region.to_string()));
        judged.push(Judged { line, link, accepted, item, ids, home });
    }
    let (actor, entry_id, shared) = (terminal.clone(), app.id(), app.clone());
    app.db.write(move |tx| take(tx, &shared, &actor, &judged, entry_id)).await
}

fn take(
    tx: &mut Tx<'_>,
    app: &Platform,
    actor: &Actor,
    lines: &[Judged],
    entry: Id,
) -> Result<Taken, Problem> {
    let now = Utc::now();
    let terminal = store::one(tx, actor.account)?.ok_or(Refused::Unknown)?;
    if terminal.blocked {
        return Err(Refused::Blocked.into());
    }
    let zero = [0; 32];
    let mut link: [u8; 32] = match &terminal.journal_link {
        Some(link) => link.as_slice().try_into().map_err(|_| Refused::Link)?,
        None => zero,
    };
    let fresh: Vec<&Judged> = lines.iter().filter(|j| j.line.seq > terminal.journal_seq).collect();
    let mut taken = Taken { to: terminal.journal_seq, doubles: Vec::new() };
    if fresh.is_empty() {
        return Ok(taken);
    }
    let people = holders(tx, &fresh)?;
    for judged in &fresh {
        if judged.line.seq != taken.to + 1 {
            return Err(Refused::Gap.into());
        }
        link = judged.line.link(&link);
        if link != judged.link {
            return Err(Refused::Link.into());
        }
        let wrong = match &judged.home {
            Some(home) => enter_abroad(tx, app, (actor, &terminal), judged, home)?,
            None => enter(tx, &terminal, judged, &people, now)?,
        };
        if let Some(why) = wrong {
            taken.doubles.push((judged.line.seq, why));
        }
        taken.to = judged.line.seq;
    }
    store::move_journal(tx, &terminal, taken.to, &link)?;
    let why = format!("离线记录 {} 条 / {} lines", fresh.len(), fresh.len());
    let entry = Entry::new(entry, now, actor, "terminal.journal-uploaded", "Art. 15");
    journal::record(tx, &entry.on("terminal", terminal.id).why(why, &[]))?;
    Ok(taken)
}

fn holders(tx: &mut Tx<'_>, lines: &[&Judged]) -> Result<HashMap<[u8; 8], Id>, Problem> {
    let credentials =
        lines.iter().filter(|j| j.home.is_none()).filter_map(|j| j.accepted.as_ref().ok());
    let credentials: Vec<[u8; 8]> = credentials.map(|a| a.credential).collect();
    if credentials.is_empty() {
        return Ok(HashMap::new());
    }
    let found = cq1::store::standings(tx, &credentials)?;
    Ok(found.into_iter().map(|s| (s.credential, s.person)).collect())
}

/// Enters one line: the use, the line itself, an alarm when it must not be.
fn enter(
    tx: &mut Tx<'_>,
    terminal: &Registered,
    judged: &Judged,
    people: &HashMap<[u8; 8], Id>,
    now: Utc,
) -> Result<Option<String>, Problem> {
    let Judged { line, accepted, ids, .. } = judged;
    let said_yes = line.result == "ok";
    let person = accepted.as_ref().ok().and_then(|a| people.get(&a.credential)).copied();
    let mut wrong = match accepted {
        Err(refused) if said_yes => Some(("does-not-hold", refused.code())),
        Ok(_) if said_yes && person.is_none() => Some(("does-not-hold", "codes/unknown-card")),
        _ => None,
    };
    let mut used = None;
    if let (Ok(accepted), Some(person)) = (accepted, person) {
        let went_in = use_of(tx, terminal, judged, accepted, person, said_yes)?;
        used = Some(if went_in && said_yes { ids[0] } else { ids[2] });
        let counter = i64::from(accepted.counter);
        let taken_at = terminal_of(tx, person, &accepted.credential, counter)?;
        if !went_in && taken_at == Some(terminal.id) {
            // The platform's yes was lost on the way, and the terminal asked itself: one use, not two.
            used = None;
        } else if !went_in {
            wrong = Some(("double-use", "codes/replayed"));
            // It happened, so the holder sees it; only the first one counts.
            use_of(tx, terminal, judged, accepted, person, false)?;
        }
    }
    close(tx, terminal, judged, (person, used), wrong, now)
}

/// Enters one line about a card of another region: nothing of its holder is kept here. That region is
/// told of the use, so that its holder sees it and a second use of the same code is found there.
fn enter_abroad(
    tx: &mut Tx<'_>,
    app: &Platform,
    (actor, terminal): (&Actor, &Registered),
    judged: &Judged,
    home: &str,
) -> Result<Option<String>, Problem> {
    let Judged { line, accepted, item, ids, .. } = judged;
    let (now, at) = (Utc::now(), Utc(line.at.saturating_mul(Utc::SECOND)));
    let joint = item.as_deref().is_some_and(|item| rules::check_joint(item).is_ok());
    let wrong = match accepted {
        _ if line.result != "ok" => None,
        Err(refused) => Some(("does-not-hold", refused.code())),
        Ok(_) if !joint => Some(("does-not-hold", rules::Refused::NotJoint.code())),
        Ok(_) => {
            let mut entry = Entry::new(ids[0], now, actor, "item.used", "Art. 14");
            entry.item = line.item.clone();
            let entry =
                entry.on("terminal", terminal.id).why("离线核验外地卡 / a visitor's card", &[]);
            journal::record(tx, &entry)?;
            let used = OfflineUse {
                region: home.to_owned(),
                code: line.code.clone(),
                at: line.at,
                item: line.item.clone(),
                place: terminal.place.clone(),
                entry: ids[0],
            };
            abroad::tell(tx, app, &used, at)?;
            None
        }
    };
    close(tx, terminal, judged, (None, None), wrong, now)
}

/// Keeps the line itself, and an alarm when it must not be.
fn close(
    tx: &mut Tx<'_>,
    terminal: &Registered,
    judged: &Judged,
    (person, used): (Option<Id>, Option<Id>),
    wrong: Option<(&str, &str)>,
    now: Utc,
) -> Result<Option<String>, Problem> {
    let Judged { line, ids, .. } = judged;
    let (at, digest) = (Utc(line.at.saturating_mul(Utc::SECOND)), sm3(line.code.as_bytes()));
    let uploaded = Uploaded {
        seq: line.seq,
        at,
        item: &line.item,
        result: &line.result,
        code_digest: digest,
        judged: wrong.map_or("", |(_, why)| why),
        used,
    };
    store::insert_line(tx, terminal.id, &uploaded)?;
    let Some((kind, why)) = wrong else { return Ok(None) };
    let alarm = Alarm {
        id: ids[1],
        terminal: terminal.id,
        kind: kind.to_owned(),
        person,
        item: line.item.clone(),
        at,
        text: format!("{} · {why} · {}", terminal.place, now.local()),
    };
    store::raise(tx, &alarm)?;
    Ok(Some(why.to_owned()))
}

/// Enters the use of a line. An accepted code goes in once, whichever terminal took it; `false` when it
/// was in already.
fn use_of(
    tx: &mut Tx<'_>,
    terminal: &Registered,
    judged: &Judged,
    accepted: &Accepted,
    person: Id,
    counted: bool,
) -> Result<bool, Problem> {
    let Judged { line, item, ids, .. } = judged;
    let id = if counted { ids[0] } else { ids[2] };
    let item = item.as_deref();
    let used = Use {
        person,
        id,
        at: Utc(line.at.saturating_mul(Utc::SECOND)),
        item: line.item.clone(),
        item_version: item.map_or(line.item_version, |item| item.version),
        item_zh: item.map(|item| item.name.zh.clone()).unwrap_or_default(),
        item_en: item.map(|item| item.name.en.clone()).unwrap_or_default(),
        terminal: terminal.id,
        place: terminal.place.clone(),
        credential: accepted.credential,
        counter: counted.then_some(i64::from(accepted.counter)),
        result: line.result.clone(),
    };
    Ok(insert_uses(tx, &[used])?.first().copied().unwrap_or(false))
}
