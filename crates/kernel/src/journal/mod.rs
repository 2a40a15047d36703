//! The journal: what an auditor reads (Art. 18, 19).
//!
//! Every change and every read of personal data writes one [`Entry`] in its own transaction; runtime
//! code has no way to change or delete one, and the schema refuses it besides. An entry's leaf is
//! `SM3(0x00 ‖ id ‖ time ‖ SM3(salt ‖ content))`: a salted commitment, so that content may lawfully be
//! erased later while the proofs of all others stay valid.
//!
//! Writers do not wait for one another: [`sequencer`] gives entries their place in the Merkle tree
//! within a quarter of a second and signs heads of it. [`verify`] recomputes everything. [`proof`]
//! shows one entry's place to somebody who trusts neither server nor database; [`witness`] lets
//! others watch that the log only grows.

mod erase;
mod fsck;
mod kept;
mod log;
pub mod orders;
mod pages;
pub mod proof;
mod sequencer;
#[cfg(test)]
mod tests;
mod tree;
mod verify;
pub mod witness;

use serde::Serialize;

pub use erase::erase;
pub use kept::{Kept, compare_kept};
pub use log::{Figures, delayed, figures, origin};
pub use pages::routes;
pub use sequencer::{run, sequence};
pub use verify::{Report, verify};

use crate::actor::Actor;
use crate::db::{DbError, Row, Tx, Value, sealed, v};
use crate::id::Id;
use crate::platform::random;
use crate::settings::{self, Setting};
use crate::time::Utc;

/// What happened, as it will be on record for ever.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id; time-ordered.
    pub id: Id,
    /// When.
    pub at: Utc,
    /// What was done: `card.applied`, `person.read`, `item.used` …
    pub act: &'static str,
    /// Who did it.
    pub actor: Actor,
    /// Whose data it concerns.
    pub subject: Option<Id>,
    /// The thing: `card:3kq…`, `item:CQ-HR-001` …
    pub object: String,
    /// Item code and version, for uses of the card.
    pub item: String,
    /// Why, in plain words.
    pub purpose: String,
    /// Legal basis: `Art. 12`.
    pub basis: &'static str,
    /// Names of the fields read or changed, never their values.
    pub fields: Vec<&'static str>,
    /// `ok`, or the code of the refusal.
    pub result: String,
    /// Further facts without values of personal data.
    pub detail: serde_json::Value,
    /// The person concerned is shown it from this moment on; `None`: at once.
    pub shown_after: Option<Utc>,
}

impl Entry {
    /// An entry that says `ok`; the other parts are set with struct update syntax.
    pub fn new(id: Id, at: Utc, actor: &Actor, act: &'static str, basis: &'static str) -> Self {
        Self {
            id,
            at,
            act,
            actor: actor.clone(),
            subject: None,
            object: String::new(),
            item: String::new(),
            purpose: String::new(),
            basis,
            fields: Vec::new(),
            result: "ok".to_owned(),
            detail: serde_json::Value::Null,
            shown_after: None,
        }
    }

    /// Committed at once, but displayed to the person concerned only later, where a law allows it (an
    /// investigation). The delay is part of what is committed, is cut to [`MOST_DELAY_DAYS`], and the
    /// number of entries that are delayed is public: [`figures`].
    #[must_use]
    pub fn shown_after(mut self, moment: Utc) -> Self {
        self.shown_after = Some(moment);
        self
    }

    /// The person whose data it concerns.
    #[must_use]
    pub fn about(mut self, person: Id) -> Self {
        self.subject = Some(person);
        self
    }

    /// The thing it concerns, e.g. `("card", id)`.
    #[must_use]
    pub fn on(mut self, kind: &str, id: impl std::fmt::Display) -> Self {
        self.object = format!("{kind}:{id}");
        self
    }

    /// Why, and which fields were read or changed.
    #[must_use]
    pub fn why(mut self, purpose: impl Into<String>, fields: &[&'static str]) -> Self {
        self.purpose = purpose.into();
        self.fields = fields.to_vec();
        self
    }
}

/// An entry as stored, the same for computing a leaf and for checking it.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Stored {
    /// Entry id.
    pub id: Id,
    /// UTC microseconds.
    pub at: Utc,
    /// What was done.
    pub act: String,
    /// Account.
    pub actor_id: Id,
    /// Role code.
    pub actor_role: String,
    /// Name at that time.
    pub actor_name: String,
    /// Organisation.
    pub org_id: Option<Id>,
    /// Person concerned.
    pub subject_id: Option<Id>,
    /// Thing concerned.
    pub object: String,
    /// Item code and version.
    pub item: String,
    /// Why.
    pub purpose: String,
    /// Legal basis.
    pub basis: String,
    /// Field names, separated by commas.
    pub fields: String,
    /// `ok` or a refusal's code.
    pub result: String,
    /// JSON.
    pub detail: String,
    /// When the person concerned may see it, where that is later. Left out of the content when there
    /// is none, so that entries from before there were delays keep their leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown_after: Option<Utc>,
}

/// The columns of [`Stored`], in order.
const COLUMNS: &str = "id, at, act, actor_id, actor_role, actor_name, org_id, subject_id, object, \
     item, purpose, basis, fields, result, detail, shown_after";
/// How many they are; salt and leaf follow.
const WIDTH: usize = 16;

impl Stored {
    fn of(entry: &Entry) -> Self {
        let detail = match &entry.detail {
            serde_json::Value::Null => String::new(),
            other => other.to_string(),
        };
        Self {
            id: entry.id,
            at: entry.at,
            act: entry.act.to_owned(),
            actor_id: entry.actor.account,
            actor_role: entry.actor.role.code().to_owned(),
            actor_name: entry.actor.name.clone(),
            org_id: entry.actor.org,
            subject_id: entry.subject,
            object: entry.object.clone(),
            item: entry.item.clone(),
            purpose: entry.purpose.clone(),
            basis: entry.basis.to_owned(),
            fields: entry.fields.join(","),
            result: entry.result.clone(),
            detail,
            shown_after: entry.shown_after,
        }
    }

    fn read(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get(0)?,
            at: row.get(1)?,
            act: row.get(2)?,
            actor_id: row.get(3)?,
            actor_role: row.get(4)?,
            // Changed by hand: the check of the journal says so and names the entry.
            actor_name: row.get(5).or_else(unopened)?,
            org_id: row.get(6)?,
            subject_id: row.get(7)?,
            object: row.get(8)?,
            item: row.get(9)?,
            purpose: row.get(10)?,
            basis: row.get(11)?,
            fields: row.get(12)?,
            result: row.get(13)?,
            detail: row.get(14)?,
            shown_after: row.get(15)?,
        })
    }

    /// What is committed to: compact JSON.
    fn content(&self) -> String {
        serde_json::to_string(self).expect("an entry is plain data")
    }

    /// The entry's hash in the tree.
    fn leaf(&self, salt: &[u8; 16]) -> [u8; 32] {
        leaf_of(self.id, self.at, salt, &self.content())
    }

    fn into_values(self, salt: [u8; 16], leaf: [u8; 32]) -> Vec<Value<'static>> {
        vec![
            v(self.id),
            v(self.at),
            v(self.act),
            v(self.actor_id),
            v(self.actor_role),
            sealed(self.actor_name),
            v(self.org_id),
            v(self.subject_id),
            v(self.object),
            v(self.item),
            v(self.purpose),
            v(self.basis),
            v(self.fields),
            v(self.result),
            v(self.detail),
            v(self.shown_after),
            v(salt.to_vec()),
            v(leaf.to_vec()),
        ]
    }
}

fn unopened(problem: DbError) -> Result<String, DbError> {
    match problem {
        DbError::OtherKey { .. } => Ok("?".to_owned()),
        other => Err(other),
    }
}

/// `SM3(0x00 ‖ id ‖ at ‖ SM3(salt ‖ content))`.
fn leaf_of(id: Id, at: Utc, salt: &[u8; 16], content: &str) -> [u8; 32] {
    let commitment = seal::sm3::sm3(&[salt.as_slice(), content.as_bytes()].concat());
    let mut data = Vec::with_capacity(48);
    data.extend_from_slice(&id.0.to_be_bytes());
    data.extend_from_slice(&at.0.to_be_bytes());
    data.extend_from_slice(&commitment);
    seal::merkle::leaf_hash::<seal::hash::Sm3>(&data)
}

/// The longest delay of the display to the person concerned.
pub const MOST_DELAY_DAYS: Setting = Setting {
    name: "journal.most-delay-days",
    default: 180,
    least: 1,
    most: 1_095,
    zh: "依法延迟向本人展示查阅记录的最长天数",
    en: "Most days by which an entry may be shown later to the person concerned",
    article: 19,
};

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[&MOST_DELAY_DAYS];

/// When the person concerned may see an entry; the setting is read for the few that are delayed.
fn limited(tx: &mut Tx<'_>, entry: &Entry) -> Result<Option<Utc>, DbError> {
    let Some(moment) = entry.shown_after else { return Ok(None) };
    let days = settings::get(tx, &MOST_DELAY_DAYS, entry.at)?;
    Ok(Some(moment.min(entry.at.plus_seconds(days * 86_400))))
}

/// Writes one entry into the transaction of what it tells.
///
/// # Errors
/// See [`DbError`]; the transaction must not be kept then.
pub fn record(tx: &mut Tx<'_>, entry: &Entry) -> Result<(), DbError> {
    record_all(tx, std::slice::from_ref(entry))
}

/// Writes several entries at once.
///
/// # Errors
/// As [`record`].
pub fn record_all(tx: &mut Tx<'_>, entries: &[Entry]) -> Result<(), DbError> {
    let (mut rows, mut pending) = (Vec::new(), Vec::new());
    for entry in entries {
        let (mut stored, salt) = (Stored::of(entry), random::<16>());
        stored.shown_after = limited(tx, entry)?;
        let leaf = stored.leaf(&salt);
        pending.push(vec![v(entry.id), v(leaf.to_vec())]);
        rows.push(stored.into_values(salt, leaf));
    }
    tx.insert_rows(&format!("journal_entry ({COLUMNS}, salt, leaf)"), "", &rows)?;
    tx.insert_rows("journal_pending (entry_id, leaf)", "", &pending)?;
    tx.mark_journalled();
    Ok(())
}

/// The newest entries about a person, newest first: the holder's "who saw my data" (Art. 19). Those
/// whose display is lawfully delayed are left out until their time.
///
/// # Errors
/// See [`DbError`].
pub fn about(tx: &mut Tx<'_>, person: Id, before: Id, most: i64) -> Result<Vec<Stored>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM journal_entry
         WHERE subject_id = $1 AND id < $2 AND (shown_after IS NULL OR shown_after <= $3)
         ORDER BY id DESC LIMIT $4"
    );
    tx.query(&sql, &[v(person), v(before), v(Utc::now()), v(most)])?
        .iter()
        .map(Stored::read)
        .collect()
}

/// The newest entries of all, newest first: for auditors.
///
/// # Errors
/// See [`DbError`].
pub fn newest(tx: &mut Tx<'_>, before: Id, most: i64) -> Result<Vec<Stored>, DbError> {
    let sql =
        format!("SELECT {COLUMNS} FROM journal_entry WHERE id < $1 ORDER BY id DESC LIMIT $2");
    tx.query(&sql, &[v(before), v(most)])?.iter().map(Stored::read).collect()
}

/// What a clerk did since a moment, newest first.
///
/// # Errors
/// See [`DbError`].
pub fn of_clerk(
    tx: &mut Tx<'_>,
    account: Id,
    since: Utc,
    most: i64,
) -> Result<Vec<Stored>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM journal_entry
         WHERE actor_role IN ('clerk', 'outlet-manager') AND actor_id = $1 AND id >= $2
         ORDER BY id DESC LIMIT $3"
    );
    let key = [v(account), v(Id::not_before(since)), v(most)];
    tx.query(&sql, &key)?.iter().map(Stored::read).collect()
}
