//! Deciding about a finding: two people, or one. A merge and its undo each take two officials.

use kernel::actor::Actor;
use kernel::approval::{self, Approval};
use kernel::db::{DbError, Tx, v};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};

use super::rules::{self, Refused, State};
use super::store::{self, Finding, Merge};
use crate::changes::store::{self as changes, Line};
use crate::records;
use crate::rules::Refused as NoPerson;

/// Whether a record has a living card: the register of people does not know cards, so who puts the
/// platform together says how to ask.
pub type HasCard = fn(&mut Tx<'_>, Id) -> Result<bool, DbError>;

const MERGE: &str = "people.merge";
const UNDO: &str = "people.unmerge";

fn said(note: &str) -> Result<String, Problem> {
    let note = note.trim().to_owned();
    match note.chars().count() {
        1..=200 => Ok(note),
        _ => Err(Problem::field("note", Text::new("请填写核查意见（200字以内）", "Say why"))),
    }
}

fn finding(tx: &mut Tx<'_>, id: Id, states: &[State]) -> Result<Finding, Problem> {
    let finding = store::by_id(tx, id)?.ok_or_else(Problem::not_found)?;
    match states.contains(&finding.state) {
        true => Ok(finding),
        false => Err(Refused::WrongState(finding.state).into()),
    }
}

fn note_both(
    tx: &mut Tx<'_>,
    entries: &[Entry; 2],
    finding: &Finding,
    why: &str,
) -> Result<(), DbError> {
    for (entry, record) in entries.iter().zip([finding.low, finding.high]) {
        let entry = entry.clone().about(record).on("duplicate", finding.id);
        journal::record(tx, &entry.why(why, &["name", "number"]))?;
    }
    Ok(())
}

fn entries(app: &Platform, actor: &Actor, act: &'static str, now: Utc) -> [Entry; 2] {
    [app.id(), app.id()].map(|id| Entry::new(id, now, actor, act, "Art. 5"))
}

/// The two are different people: recorded, and never proposed again.
///
/// # Errors
/// No such open finding, or no reason given.
pub async fn different(app: &Platform, actor: &Actor, id: Id, note: &str) -> Result<(), Problem> {
    let (note, now, name) = (said(note)?, Utc::now(), actor.name.clone());
    let entries = entries(app, actor, "duplicate.different", now);
    app.db
        .write(move |tx| {
            let finding = finding(tx, id, &[State::Open])?;
            store::set_state(tx, &finding, State::Different, &note, &name, now)?;
            Ok(note_both(tx, &entries, &finding, &note)?)
        })
        .await
}

/// The other record of a finding.
fn other(finding: &Finding, survivor: Id) -> Result<Id, Problem> {
    match survivor {
        low if low == finding.low => Ok(finding.high),
        high if high == finding.high => Ok(finding.low),
        _ => Err(Problem::not_found()),
    }
}

fn check(tx: &mut Tx<'_>, survivor: Id, merged: Id, has_card: HasCard) -> Result<(), Problem> {
    for record in [survivor, merged] {
        let living = records::living(tx, record)?.ok_or(NoPerson::Unknown)?;
        if living != record {
            return Err(Refused::MergedAlready.into());
        }
    }
    // A freeze holds for a record: it would be left behind with the record that ends (Art. 20).
    if !crate::freezes::store::live_of(tx, merged)?.is_empty() {
        return Err(Refused::Frozen.into());
    }
    let (keeps, loses) = (has_card(tx, survivor)?, has_card(tx, merged)?);
    Ok(rules::may_merge(keeps, loses)?)
}

/// Proposes that the two are one person, of which `survivor` lives on.
///
/// # Errors
/// [`Refused`], e.g. while both have a living card (Art. 5).
pub async fn propose(
    app: &Platform,
    actor: &Actor,
    id: Id,
    survivor: Id,
    note: &str,
    has_card: HasCard,
) -> Result<(), Problem> {
    let (note, now) = (said(note)?, Utc::now());
    let entries = entries(app, actor, "duplicate.merge-proposed", now);
    let (approval, actor) = (app.id(), actor.clone());
    app.db
        .write(move |tx| {
            let finding = finding(tx, id, &[State::Open])?;
            check(tx, survivor, other(&finding, survivor)?, has_card)?;
            let object = id.to_string();
            approval::ask(tx, approval, &actor, MERGE, &object, &survivor.to_string(), now)?;
            store::set_state(tx, &finding, State::Proposed, &note, &actor.name, now)?;
            Ok(note_both(tx, &entries, &finding, &note)?)
        })
        .await
}

/// Proposes to undo a merge.
///
/// # Errors
/// The finding is not merged.
pub async fn propose_undo(
    app: &Platform,
    actor: &Actor,
    id: Id,
    note: &str,
) -> Result<(), Problem> {
    let (note, now) = (said(note)?, Utc::now());
    let entries = entries(app, actor, "duplicate.undo-proposed", now);
    let (approval, actor) = (app.id(), actor.clone());
    app.db
        .write(move |tx| {
            let finding = finding(tx, id, &[State::Merged])?;
            approval::ask(tx, approval, &actor, UNDO, &id.to_string(), "undo", now)?;
            store::set_state(tx, &finding, State::UndoProposed, &note, &actor.name, now)?;
            Ok(note_both(tx, &entries, &finding, &note)?)
        })
        .await
}

/// The proposal that waits for a finding: the survivor that is wanted, and who proposed it.
///
/// # Errors
/// See [`DbError`].
pub fn waiting(tx: &mut Tx<'_>, finding: &Finding) -> Result<Option<Approval>, DbError> {
    let kind = if finding.state == State::UndoProposed { UNDO } else { MERGE };
    let object = finding.id.to_string();
    Ok(approval::open(tx, kind)?.into_iter().find(|one| one.object == object))
}

/// A second official decides about a proposal, and it is carried out in the same transaction.
///
/// # Errors
/// It was his own proposal, nothing waits, or [`Refused`] because something changed meanwhile.
pub async fn decide(
    app: &Platform,
    actor: &Actor,
    id: Id,
    yes: bool,
    note: &str,
    has_card: HasCard,
) -> Result<State, Problem> {
    let (note, now) = (note.trim().chars().take(200).collect::<String>(), Utc::now());
    let entries = entries(app, actor, "duplicate.decided", now);
    let (ids, actor) = ([app.id(), app.id()], actor.clone());
    app.db
        .write(move |tx| {
            let finding = finding(tx, id, &[State::Proposed, State::UndoProposed])?;
            let asked = waiting(tx, &finding)?.ok_or(approval::Refused::NotOpen)?;
            let asked = approval::decide(tx, asked.id, &actor, yes, &note, now)?;
            let step = Step { tx, ids, by: &actor, now };
            let next = match (finding.state, yes) {
                (State::Proposed, true) => {
                    let survivor = asked.summary.parse().map_err(|_| Problem::not_found())?;
                    step.merge(&finding, survivor, has_card)?;
                    State::Merged
                }
                (State::Proposed, false) => State::Open,
                (_, true) => {
                    step.undo(&finding)?;
                    State::Different
                }
                (_, false) => State::Merged,
            };
            store::set_state(tx, &finding, next, &note, &actor.name, now)?;
            note_both(tx, &entries, &finding, next.code())?;
            Ok(next)
        })
        .await
}

struct Step<'a, 't> {
    tx: &'a mut Tx<'t>,
    ids: [Id; 2],
    by: &'a Actor,
    now: Utc,
}

impl Step<'_, '_> {
    fn merge(self, finding: &Finding, survivor: Id, has_card: HasCard) -> Result<(), Problem> {
        let merged = other(finding, survivor)?;
        check(self.tx, survivor, merged, has_card)?;
        let today = day_text(self.now.day());
        // Both rows first: a change of number or another merge at this moment waits, and then fails.
        store::set_merged(self.tx, merged, None, Some(survivor))?;
        store::touch(self.tx, survivor)?;
        let numbers = store::turn_numbers(self.tx, merged, survivor, &today)?;
        let merge = Merge { id: self.ids[0], merged, survivor, numbers };
        store::put_merge(self.tx, &merge, self.now)?;
        // Without a living card there is nothing for an account of the merged record to show.
        let sql = "SELECT id FROM account WHERE person_id = $1 AND closed_at IS NULL";
        for account in self.tx.query(sql, &[v(merged)])? {
            kernel::auth::close_account(self.tx, account.get(0)?, self.now)?;
        }
        self.line(survivor, "merged", "", &merged.to_string())
    }

    /// Cheap, because nothing but the number directory was turned. What stands in the way is a later
    /// merge of the survivor, or that it took one of the numbers as its own.
    fn undo(self, finding: &Finding) -> Result<(), Problem> {
        let mut found = None;
        for record in [finding.low, finding.high] {
            found = found.or(store::merge_of(self.tx, record)?);
        }
        let merge = found.ok_or(Refused::TooLateToUndo)?;
        let survivor = crate::store::record(self.tx, merge.survivor)?.ok_or(NoPerson::Unknown)?;
        let moved_on = records::living(self.tx, survivor.id)? != Some(survivor.id);
        if moved_on || merge.numbers.iter().any(|number| number == survivor.number.as_str()) {
            return Err(Refused::TooLateToUndo.into());
        }
        let merged = crate::store::record(self.tx, merge.merged)?.ok_or(NoPerson::Unknown)?;
        let (from, to) = (merge.survivor, merge.merged);
        store::return_numbers(self.tx, &merge.numbers, from, to, &merged.number)?;
        store::set_merged(self.tx, to, Some(from), None)?;
        store::set_undone(self.tx, merge.id, self.now)?;
        self.line(from, "merged", &to.to_string(), "")
    }

    fn line(self, person: Id, field: &str, old: &str, new: &str) -> Result<(), Problem> {
        let line = Line {
            person,
            id: self.ids[1],
            field: field.to_owned(),
            old: old.to_owned(),
            new: new.to_owned(),
            from: self.now.day(),
            reason: if new.is_empty() { "merge-undone" } else { "merged" }.to_owned(),
            evidence: None,
            by_name: self.by.name.clone(),
            at: self.now,
        };
        Ok(changes::add_line(self.tx, &line, self.by)?)
    }
}
