//! One set of lines as one transaction: load, decide, write.

use std::collections::HashMap;

use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::rules::{Person, Refused as Unfit};
use people::service::CLERK_FIELDS;

use super::columns::Applicant;
use super::rules::{self as bulk, Outcome, State};
use super::store::{self, Application, BulkJob, Living};
use crate::rules::{self, Card, Context, Event};

/// Some hundred lines, read and ready to be decided. Ids are made before, so that a set that is run
/// again after a conflict writes the same.
pub(super) struct Set {
    /// Its place in the file, from 0.
    pub(super) number: i64,
    pub(super) lines: Vec<Result<Draft, Outcome>>,
    /// Entry about the set itself.
    pub(super) entry: Id,
}

/// A line that could be read.
pub(super) struct Draft {
    pub(super) applicant: Applicant,
    card: Id,
    ecard: Id,
    entries: [Id; 2],
}

impl Draft {
    pub(super) fn new(applicant: Applicant, app: &Platform) -> Self {
        Self { applicant, card: app.id(), ecard: app.id(), entries: [app.id(), app.id()] }
    }
}

/// What came of a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Came {
    /// It is written; there is more.
    Written,
    /// It is written and was the last.
    Finished,
    /// Somebody stopped the file, or another worker is ahead: nothing was written.
    Stopped,
}

/// Applies for the people of a set.
///
/// # Errors
/// The database's word; nothing of the set is kept then.
pub(super) fn apply(tx: &mut Tx<'_>, job: Id, set: &Set, now: Utc) -> Result<Came, Problem> {
    let Some(job) = store::by_id(tx, job)? else { return Ok(Came::Stopped) };
    if job.state != State::Running || job.sets != set.number {
        return Ok(Came::Stopped);
    }
    let known = Known::load(tx, &set.lines)?;
    let mut desk = Desk::new(&job, &known, now);
    let outcomes: Vec<Outcome> = set
        .lines
        .iter()
        .map(|line| match line {
            Ok(draft) => desk.decide(draft),
            Err(outcome) => outcome.clone(),
        })
        .collect();
    store::insert_people(tx, &desk.people, now)?;
    store::insert_cards(tx, job.id, &desk.applications)?;
    desk.entries.push(about_set(&job, set, &outcomes, now));
    journal::record_all(tx, &desk.entries)?;
    store::finish_set(tx, &job, &outcomes, now)?;
    let last = job.done + outcomes.len() as i64 >= job.lines;
    Ok(if last { Came::Finished } else { Came::Written })
}

fn about_set(job: &BulkJob, set: &Set, outcomes: &[Outcome], now: Utc) -> Entry {
    let good = outcomes.iter().filter(|outcome| outcome.is_good()).count();
    let mut entry = Entry::new(set.entry, now, &job.actor, "bulk.set-done", "Art. 12")
        .on("bulk", job.id)
        .why(purpose(job), &[]);
    entry.detail =
        serde_json::json!({ "set": set.number, "lines": outcomes.len(), "applied": good });
    entry
}

fn purpose(job: &BulkJob) -> String {
    format!("单位批量申领：{}", job.unit)
}

/// What the register knows of the people of a set.
struct Known {
    by_number: HashMap<String, Id>,
    people: HashMap<Id, Person>,
    cards: HashMap<Id, Living>,
}

impl Known {
    fn load(tx: &mut Tx<'_>, lines: &[Result<Draft, Outcome>]) -> Result<Self, DbError> {
        let drafts = lines.iter().flatten();
        let numbers: Vec<&str> =
            drafts.map(|draft| draft.applicant.person.number.as_str()).collect();
        let by_number = store::people_of(tx, &numbers)?;
        let ids: Vec<Id> = by_number.values().copied().collect();
        let people = people::store::by_ids(tx, &ids)?;
        let people: HashMap<Id, Person> = people.into_iter().map(|p| (p.id, p)).collect();
        let cards = store::living(tx, &ids)?;
        Ok(Self { by_number, people, cards })
    }

    fn person(&self, number: &str) -> Option<&Person> {
        self.people.get(self.by_number.get(number)?)
    }
}

/// Decides about one line after the other and gathers what is to be written.
struct Desk<'a> {
    job: &'a BulkJob,
    known: &'a Known,
    now: Utc,
    /// Lines of this set that were let through, by person, or by number for the unknown.
    taken: HashMap<(Option<Id>, &'a str), u64>,
    people: Vec<&'a Person>,
    applications: Vec<Application>,
    entries: Vec<Entry>,
}

impl<'a> Desk<'a> {
    fn new(job: &'a BulkJob, known: &'a Known, now: Utc) -> Self {
        Self {
            job,
            known,
            now,
            taken: HashMap::new(),
            people: Vec::new(),
            applications: Vec::new(),
            entries: Vec::new(),
        }
    }

    fn decide(&mut self, draft: &'a Draft) -> Outcome {
        let (line, number) = (draft.applicant.line, draft.applicant.person.number.as_str());
        let known = self.known.person(number);
        let key = match known {
            Some(person) => (Some(person.id), ""),
            None => (None, number),
        };
        let refused = match self.taken.get(&key) {
            Some(first) => Outcome::refused(line, &bulk::Refused::DuplicateLine(*first)),
            None => match self.judge(draft, known) {
                Ok(person) => {
                    self.taken.insert(key, line);
                    return self.take(draft, person, known.is_some());
                }
                Err(refused) => refused,
            },
        };
        if let Some(person) = known {
            // Art. 25: refusals are recorded and can be counted.
            let mut entry = self.entry(draft.entries[1], "card.refused", "Art. 5", person);
            entry.result = refused.code.to_string();
            self.entries.push(entry);
        }
        refused
    }

    /// Whom the application is for: as registered, else as in the file.
    fn judge(&self, draft: &'a Draft, known: Option<&'a Person>) -> Result<&'a Person, Outcome> {
        let line = draft.applicant.line;
        let person = known.unwrap_or(&draft.applicant.person);
        if person.name != draft.applicant.person.name {
            return Err(Outcome::refused(line, &Unfit::OtherName));
        }
        let living = known.and_then(|person| self.known.cards.get(&person.id));
        if let Some((job, first)) = living.and_then(|living| living.origin)
            && job == self.job.id
        {
            return Err(Outcome::refused(line, &bulk::Refused::DuplicateLine(first)));
        }
        let context = Context::new(person, self.now, self.job.actor.org);
        let card = living.map(|living| &living.card);
        match rules::decide(card, &draft.applicant.command(), &context) {
            Ok(_) => Ok(person),
            Err(refused) => Err(Outcome::refused(line, &refused)),
        }
    }

    fn take(&mut self, draft: &'a Draft, person: &'a Person, known: bool) -> Outcome {
        let line = draft.applicant.line;
        let outlet = self.job.actor.org.unwrap_or_default();
        let mut card = Card::ordered(person.id, draft.card, outlet, self.now);
        rules::apply(&mut card, &Event::Applied);
        if !known {
            self.people.push(person);
            self.entries.push(self.entry(draft.entries[0], "person.registered", "Art. 12", person));
        }
        let entry = self.entry(draft.entries[1], "card.applied", "Art. 5", person);
        let fields: &[&str] = if known { &["name", "number", "card"] } else { &["card"] };
        let entry = Entry { fields: fields.to_vec(), ..entry };
        self.entries.push(entry.on("card", card.id));
        let guardian = draft.applicant.guardian.trim().to_owned();
        self.applications.push(Application { card, ecard: draft.ecard, guardian, line });
        Outcome::good(line, if known { bulk::APPLIED } else { bulk::REGISTERED })
    }

    fn entry(&self, id: Id, act: &'static str, basis: &'static str, person: &Person) -> Entry {
        let mut entry = Entry::new(id, self.now, &self.job.actor, act, basis)
            .about(person.id)
            .on("person", person.id)
            .why(purpose(self.job), &CLERK_FIELDS);
        entry.detail = serde_json::json!({ "bulk": self.job.id });
        entry
    }
}
