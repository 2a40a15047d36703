//! Use cases of the vault.

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::jobs::Round;
use kernel::journal::{self, Entry};
use kernel::keys::Keys;
use kernel::law::Text;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;

use super::rules::{self, EvidenceKind, Refused};
use super::store::{self, Evidence};
use crate::records;
use crate::rules::Refused as NoPerson;

/// What is to be put into the vault.
#[derive(Clone, Debug)]
pub struct NewEvidence {
    /// What it shows.
    pub kind: EvidenceKind,
    /// Why it is taken.
    pub purpose: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Puts a file into the vault, sealed and bound to its row.
///
/// # Errors
/// [`Refused`], an unknown person, or a purpose that is missing or too long.
pub async fn take(
    app: &Platform,
    actor: &Actor,
    person: Id,
    new: NewEvidence,
) -> Result<Evidence, Problem> {
    let new = read_new(new)?;
    let (id, keys) = (app.id(), app.keys.clone());
    let entry = Entry::new(app.id(), Utc::now(), actor, "evidence.taken", "Art. 12");
    app.db.write(move |tx| take_in(tx, &keys, &entry, (person, id), &new)).await
}

/// What may be put into the vault, with a trimmed purpose.
///
/// # Errors
/// [`Refused`], or a purpose that is missing or too long.
pub fn read_new(new: NewEvidence) -> Result<NewEvidence, Problem> {
    rules::inspect(&new.bytes)?;
    let purpose = new.purpose.trim().to_owned();
    if purpose.is_empty() || purpose.chars().count() > 200 {
        let text = Text::new("请填写用途（200字以内）", "Why it is taken, up to 200 letters");
        return Err(Problem::field("purpose", text));
    }
    Ok(NewEvidence { purpose, ..new })
}

/// Puts a file of [`read_new`] into the vault inside the caller's transaction; `entry` says who and when.
///
/// # Errors
/// As [`take`].
pub fn take_in(
    tx: &mut Tx<'_>,
    keys: &Keys,
    entry: &Entry,
    (person, id): (Id, Id),
    new: &NewEvidence,
) -> Result<Evidence, Problem> {
    let (now, kind) = (entry.at, new.kind);
    let person = records::living(tx, person)?.ok_or(NoPerson::Unknown)?;
    records::claim(tx, person)?;
    let limit = settings::get(tx, &rules::LIMIT, now)?;
    let all = records::of(tx, person)?;
    let kept = store::of(tx, &all)?.iter().filter(|e| e.removed_at.is_none()).count();
    if kept as i64 >= limit {
        return Err(Refused::TooMany(limit).into());
    }
    let days = settings::get(tx, kind.keep(), now)?;
    let one = Evidence {
        person,
        id,
        kind,
        media: rules::inspect(&new.bytes)?,
        size: new.bytes.len() as i64,
        digest: seal::sm3::sm3(&new.bytes),
        purpose: new.purpose.clone(),
        taken_by: entry.actor.account,
        taken_by_name: entry.actor.name.clone(),
        taken_at: now,
        keep_until: rules::keep_until(now.day(), days),
        removed_at: None,
    };
    let sealed = keys.seal_field(&new.bytes, &rules::binding(person, id));
    store::insert(tx, &one, &sealed)?;
    let entry = entry.clone().on("evidence", id).about(person);
    journal::record(tx, &entry.why(&new.purpose, &["evidence"]))?;
    Ok(one)
}

/// The list of a person's evidence; the look is journalled.
///
/// # Errors
/// There is no such person, or the database's word.
pub async fn list(app: &Platform, actor: &Actor, person: Id) -> Result<Vec<Evidence>, Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "evidence.listed", "Art. 19");
    app.db
        .write(move |tx| {
            let person = records::living(tx, person)?.ok_or(NoPerson::Unknown)?;
            let why = "查看材料目录 / list of evidence";
            journal::record(tx, &entry.clone().about(person).why(why, &["evidence"]))?;
            let records = records::of(tx, person)?;
            Ok(store::of(tx, &records)?)
        })
        .await
}

/// A piece with its content, for a clerk; journalled.
///
/// # Errors
/// No such piece of this person, or its content is gone or damaged.
pub async fn open(
    app: &Platform,
    actor: &Actor,
    person: Id,
    id: Id,
) -> Result<(Evidence, Vec<u8>), Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "evidence.read", "Art. 19");
    let keys = app.keys.clone();
    app.db
        .write(move |tx| {
            let (one, sealed) = find(tx, person, id)?;
            let person = records::living(tx, person)?.unwrap_or(person);
            let entry = entry.clone().about(person).on("evidence", id);
            journal::record(tx, &entry.why(&one.purpose, &["evidence"]))?;
            let content = unseal(&keys, &one, &sealed)?;
            Ok((one, content))
        })
        .await
}

/// A piece with its content, for the person himself: his own look needs no entry.
///
/// # Errors
/// As [`open`].
pub async fn open_own(app: &Platform, person: Id, id: Id) -> Result<(Evidence, Vec<u8>), Problem> {
    let keys = app.keys.clone();
    app.db
        .read(move |tx| {
            let (one, sealed) = find(tx, person, id)?;
            let content = unseal(&keys, &one, &sealed)?;
            Ok((one, content))
        })
        .await
}

fn find(tx: &mut Tx<'_>, person: Id, id: Id) -> Result<(Evidence, Vec<u8>), Problem> {
    let records = records::of(tx, person)?;
    let one = store::of(tx, &records)?.into_iter().find(|one| one.id == id);
    let one = one.ok_or_else(Problem::not_found)?;
    let sealed = store::content(tx, &one)?.ok_or(Refused::Removed)?;
    Ok((one, sealed))
}

fn unseal(keys: &kernel::keys::Keys, one: &Evidence, sealed: &[u8]) -> Result<Vec<u8>, Problem> {
    let content = keys.open_field(sealed, &rules::binding(one.person, one.id));
    let content = content.ok_or(Refused::Damaged)?;
    match seal::sm3::sm3(&content) == one.digest {
        true => Ok(content),
        false => Err(Refused::Damaged.into()),
    }
}

/// The piece that an act names as its proof: it must be this person's.
///
/// # Errors
/// [`Refused::Missing`].
pub fn proof(tx: &mut Tx<'_>, person: Id, named: &str) -> Result<Id, Problem> {
    let id: Id = named.trim().parse().map_err(|_| Refused::Missing)?;
    let records = records::of(tx, person)?;
    let known = store::of(tx, &records)?.iter().any(|one| one.id == id);
    if known { Ok(id) } else { Err(Refused::Missing.into()) }
}

/// Deletes content whose days are over; each deletion is journalled.
pub fn retention(app: App) -> Round {
    Box::pin(async move {
        let mut removed = 0;
        loop {
            let now = Utc::now();
            let entries: Vec<Entry> = (0..SET)
                .map(|_| Entry::new(app.id(), now, &Actor::system(), "evidence.removed", "Art. 19"))
                .collect();
            let done = app.db.write(move |tx| remove_due(tx, &entries, now)).await?;
            removed += done;
            if done < SET {
                return Ok(format!("{removed} removed"));
            }
        }
    })
}

const SET: usize = 100;

fn remove_due(tx: &mut Tx<'_>, entries: &[Entry], now: Utc) -> Result<usize, Problem> {
    let due = store::due(tx, now.day(), entries.len() as i64)?;
    for (one, entry) in due.iter().zip(entries) {
        store::remove(tx, one, now)?;
        let entry = entry.clone().about(one.person).on("evidence", one.id);
        let why = "保存期限届满，删除内容 / days of keeping are over";
        journal::record(tx, &entry.why(why, &["evidence"]))?;
    }
    Ok(due.len())
}
