//! Use cases of payments: each is one transaction of state, ledger and journal.

pub mod books;
pub mod exceptions;
pub mod intents;
pub mod look;
pub mod release;
pub mod returned;
pub mod take;
pub mod tell;
pub mod work;

use std::collections::BTreeMap;

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::rules::batch::{BatchState, Release};
use super::rules::invariants::Sum;
use super::rules::table::{APPROVE, Event, Posting};
use super::rules::{Payment, Refused, Rules, State};
use super::store::batches::{self, Batch};
use super::store::ledger::{self, About};
use super::store::payments::{self, Lines, Set, Stored};

/// The batch that was made of a roster.
pub type BatchId = Id;

/// Lines of a roster whose payments are made in one statement, sorted by bank.
const BLOCK: i64 = 100_000;

/// Makes payments of the good lines of an approved roster and sets their money aside, in the transaction that
/// approves it.
///
/// # Errors
/// [`Refused::NotApproved`], [`Refused::Empty`], [`Refused::Incomplete`], [`Refused::Doubled`]; nothing is made then.
pub fn accept_in(
    tx: &mut Tx<'_>,
    app: &Platform,
    actor: &Actor,
    roster: Id,
    now: Utc,
) -> Result<BatchId, Problem> {
    let source = batches::source(tx, roster)?.ok_or_else(Problem::not_found)?;
    let refused = match &source {
        source if source.state != "approved" => Some(Refused::NotApproved),
        source if source.lines == 0 => Some(Refused::Empty),
        source if source.incomplete > 0 => Some(Refused::Incomplete(source.incomplete)),
        _ => None,
    };
    if let Some(refused) = refused {
        return Err(refused.into());
    }
    let batch = Batch {
        id: app.id(),
        number: batches::next_number(tx)?,
        roster: Some(roster),
        programme: source.programme,
        period: source.period,
        division: source.division,
        lines: source.lines,
        last_line: source.lines,
        fen: source.fen,
        release: Release::new(BatchState::Reserved, source.fen, source.two_above_fen),
        names: Default::default(),
        done_line: 0,
        created_at: now,
        released_at: None,
        version: 1,
        title: Text::default(),
        not_before: source.not_before,
    };
    batches::insert(tx, &batch)?;
    let sums = make_payments(tx, &batch, source.last_line)?;
    let entry = Step::new(app, actor, "funds.accepted", now).on(&batch);
    let (_, reserve) = Rules::sound()
        .apply(&Payment { state: State::Approved, ..Payment::new(1) }, Event::Reserve)?;
    for (bank, sum) in sums {
        let about = About { batch: batch.id, bank, payment: Id(0), entry: entry.id() };
        ledger::post(tx, app, about, "approve", APPROVE, sum, now)?;
        if let Some(posting) = reserve {
            ledger::post(tx, app, about, Event::Reserve.code(), posting, sum, now)?;
        }
    }
    entry.sum(Sum { count: batch.lines, fen: batch.fen }).record(tx)?;
    Ok(batch.id)
}

/// Makes the payments of a roster whose last line this is, block after block; their sums by bank.
fn make_payments(
    tx: &mut Tx<'_>,
    batch: &Batch,
    last_line: i64,
) -> Result<BTreeMap<Id, Sum>, Problem> {
    let (mut sums, mut line, mut made): (BTreeMap<Id, Sum>, _, _) = (BTreeMap::new(), 0, 0);
    while line < last_line {
        let to = line.saturating_add(BLOCK).min(last_line);
        let count = payments::insert_from_roster(tx, batch, (line, to), made)? as i64;
        let set = Set::Range(batch.payment(made), batch.payment(made + count));
        for (_, bank, sum) in payments::sums(tx, set, State::Reserved)? {
            sums.entry(bank).or_default().add(sum.count, sum.fen);
        }
        (line, made) = (to, made + count);
    }
    match batch.lines - made {
        0 => Ok(sums),
        doubled => Err(Refused::Doubled(doubled).into()),
    }
}

/// A journal entry in the making: one for each step of a batch.
pub(crate) struct Step(Entry);

impl Step {
    pub(crate) fn new(app: &Platform, actor: &Actor, act: &'static str, now: Utc) -> Self {
        Self(Entry::new(app.id(), now, actor, act, "Art. 8"))
    }

    pub(crate) fn id(&self) -> Id {
        self.0.id
    }

    pub(crate) fn on(self, batch: &Batch) -> Self {
        let Self(mut entry) = self.about("batch", batch.id);
        entry.purpose = format!("{} {}", batch.title.zh, batch.period).trim().to_owned();
        Self(entry)
    }

    pub(crate) fn about(self, kind: &str, id: Id) -> Self {
        Self(self.0.on(kind, id))
    }

    pub(crate) fn person(self, person: Id) -> Self {
        Self(self.0.about(person))
    }

    pub(crate) fn why(mut self, purpose: &str) -> Self {
        self.0.purpose = purpose.to_owned();
        self
    }

    pub(crate) fn sum(self, sum: Sum) -> Self {
        self.detail(serde_json::json!({ "lines": sum.count, "fen": sum.fen }))
    }

    pub(crate) fn detail(mut self, detail: serde_json::Value) -> Self {
        self.0.detail = detail;
        self
    }

    pub(crate) fn record(self, tx: &mut Tx<'_>) -> Result<(), DbError> {
        journal::record(tx, &self.0)
    }
}

/// Moves all payments of a set that stand in `from` by an event of the rules, and books it. Returns how
/// many moved.
pub(crate) fn move_all(
    tx: &mut Tx<'_>,
    app: &Platform,
    set: Set,
    (from, event): (State, Event),
    entry: Id,
    now: Utc,
) -> Result<Sum, Problem> {
    let (after, posting) =
        Rules::sound().apply(&Payment { state: from, ..Payment::new(1) }, event)?;
    let (mut all, sums) = (Sum::default(), payments::sums(tx, set, from)?);
    for (batch, bank, sum) in sums {
        all.add(sum.count, sum.fen);
        if let Some(posting) = posting {
            let about = About { batch, bank, payment: Id(0), entry };
            ledger::post(tx, app, about, event.code(), posting, sum, now)?;
        }
    }
    // Somebody else's change between the two statements: load and decide again.
    if all.count > 0 && payments::move_set(tx, set, from, after.state, now)? != all.count as u64 {
        return Err(DbError::Conflict.into());
    }
    Ok(all)
}

/// Moves the payments that lines of a report name, whose sums by batch are known, and books them. Returns
/// how many moved.
pub(crate) fn move_told(
    tx: &mut Tx<'_>,
    app: &Platform,
    lines: Lines,
    (from, event): (State, Event),
    sums: &BTreeMap<Id, Sum>,
    (bank, entry): (Id, Id),
    now: Utc,
) -> Result<i64, Problem> {
    let (after, posting) =
        Rules::sound().apply(&Payment { state: from, ..Payment::new(1) }, event)?;
    let count = sums.values().map(|sum| sum.count).sum();
    // Somebody else's change since they were judged: load and decide again.
    if payments::move_set(tx, Set::Told(lines), from, after.state, now)? as i64 != count {
        return Err(DbError::Conflict.into());
    }
    if let Some(posting) = posting {
        for (batch, sum) in sums {
            let about = About { batch: *batch, bank, payment: Id(0), entry };
            ledger::post(tx, app, about, event.code(), posting, *sum, now)?;
        }
    }
    Ok(count)
}

/// What happens to one payment, with its entry.
pub(crate) fn happen(
    tx: &mut Tx<'_>,
    app: &Platform,
    stored: &Stored,
    event: Event,
    entry: Id,
    now: Utc,
) -> Result<Payment, Problem> {
    let change = Rules::sound().apply(&stored.payment, event)?;
    // Of a wrong payment that came back in parts the rest is recovered.
    let fen = if event == Event::Recover { stored.payment.owed() } else { stored.payment.fen };
    write_one(tx, app, stored, change, (event, fen), entry, now)
}

/// The holder gave back a part of a wrong payment, with its entry.
pub(crate) fn recover_part(
    tx: &mut Tx<'_>,
    app: &Platform,
    stored: &Stored,
    fen: i64,
    entry: Id,
    now: Utc,
) -> Result<Payment, Problem> {
    let change = Rules::sound().recover(&stored.payment, fen)?;
    write_one(tx, app, stored, change, (Event::Recover, fen), entry, now)
}

fn write_one(
    tx: &mut Tx<'_>,
    app: &Platform,
    stored: &Stored,
    (after, posting): (Payment, Option<Posting>),
    (event, fen): (Event, i64),
    entry: Id,
    now: Utc,
) -> Result<Payment, Problem> {
    payments::set(tx, stored, &after, &stored.reason, now)?;
    if let Some(posting) = posting {
        let about = About { batch: stored.batch, bank: stored.bank, payment: stored.id, entry };
        ledger::post(tx, app, about, event.code(), posting, Sum { count: 1, fen }, now)?;
    }
    batches::touch(tx, stored.batch, now)?;
    Ok(after)
}
