//! What is durable at the platform, and what happened.

use std::collections::BTreeMap;

use super::bank::{Bank, Order};
use super::rng::Rng;
use crate::payments::rules::batch::{BatchState, Release};
use crate::payments::rules::files::FileState;
use crate::payments::rules::invariants::{Balances, Sum};
use crate::payments::rules::table::{APPROVE, APPROVE_AGAIN, Event};
use crate::payments::rules::{Kind, Payment, Refused, Rules, State};

/// A payment with its place.
pub(super) struct Pay {
    pub payment: Payment,
    pub batch: usize,
    /// Natural key: programme and period are the same for all.
    pub person: usize,
    pub file: Option<usize>,
}

pub(super) struct Batch {
    pub release: Release,
    pub approved: Sum,
    pub ledger: Balances,
}

pub(super) struct File {
    pub batch: usize,
    pub state: FileState,
    /// The bank once said that it has it.
    pub taken: bool,
    pub lines: Vec<usize>,
    /// What was written when the intent was made.
    pub body: Vec<Order>,
}

pub(super) struct Exception {
    pub kind: Kind,
    pub payment: Option<usize>,
    pub file: usize,
    pub open: bool,
}

/// Everything that survives a crash.
#[derive(Default)]
pub(super) struct Books {
    pub payments: Vec<Pay>,
    pub batches: Vec<Batch>,
    pub files: Vec<File>,
    pub exceptions: Vec<Exception>,
    pub stopped: bool,
}

/// What happened, as bytes for the digest and as words for people.
#[derive(Default)]
pub(super) struct Trace {
    pub bytes: Vec<u8>,
    pub words: Vec<String>,
    told: bool,
}

impl Trace {
    fn note(&mut self, what: &str, number: usize) {
        self.bytes.extend_from_slice(what.as_bytes());
        self.bytes.extend_from_slice(&(number as u32).to_be_bytes());
        if self.told {
            self.words.push(format!("{what} {number}"));
        }
    }
}

pub(super) struct World {
    pub rng: Rng,
    pub rules: Rules,
    pub bank: Bank,
    pub books: Books,
    pub trace: Trace,
    /// Account number of each person, which may change at any time.
    pub accounts: BTreeMap<usize, u32>,
    pub steps: u32,
    pub crashes: u32,
    /// No faults any more.
    pub calm: bool,
    /// The first thing that was done against a stop or without a bank's word.
    pub wrong: Option<String>,
}

impl World {
    pub(super) fn new(rng: Rng, rules: Rules, told: bool) -> Self {
        let trace = Trace { told, ..Trace::default() };
        Self {
            rng,
            rules,
            bank: Bank::default(),
            books: Books::default(),
            trace,
            accounts: (0..8).map(|person| (person, person as u32 * 100)).collect(),
            steps: 0,
            crashes: 0,
            calm: false,
            wrong: None,
        }
    }

    pub(super) fn note(&mut self, what: &str, number: usize) {
        self.trace.note(what, number);
    }

    /// Whether the platform dies here; what was committed stays, everything else is lost.
    pub(super) fn crash(&mut self) -> bool {
        let dies = !self.calm && self.rng.once_in(6);
        if dies {
            self.crashes += 1;
            self.note("crash", 0);
        }
        dies
    }

    /// One event of one payment, with its entry, as one commit.
    pub(super) fn happen(&mut self, id: usize, event: Event) -> Result<(), Refused> {
        let payment = self.books.payments[id].payment;
        let fen = if event == Event::Recover { payment.owed() } else { payment.fen };
        self.happen_with(id, event, fen)
    }

    /// Like [`World::happen`] with the amount that the bank told.
    pub(super) fn happen_with(&mut self, id: usize, event: Event, fen: i64) -> Result<(), Refused> {
        let place = &mut self.books.payments[id];
        let before = place.payment;
        let (after, posting) = self.rules.apply(&before, event)?;
        place.payment = after;
        if let Some(posting) = posting {
            self.books.batches[place.batch].ledger.post(posting, fen);
        }
        self.note(event.code(), id);
        let told = self.bank.told_return.contains(&id);
        let wrong = match event {
            Event::Return if !told => "returned without the bank's word",
            Event::Return if before.state == State::Paid => "returned without a decision",
            Event::Reissue if !told => "paid again before it came back",
            _ => return Ok(()),
        };
        self.wrong.get_or_insert(format!("payment {id} was {wrong}"));
        Ok(())
    }

    /// A part of a wrong payment came back, as one commit.
    pub(super) fn recover_part(&mut self, id: usize, fen: i64) -> Result<(), Refused> {
        let place = &mut self.books.payments[id];
        let (after, posting) = self.rules.recover(&place.payment, fen)?;
        place.payment = after;
        if let Some(posting) = posting {
            self.books.batches[place.batch].ledger.post(posting, fen);
        }
        self.note("recover-part", id);
        Ok(())
    }

    /// A new batch of these people's payments; `again` tells which payments they replace.
    pub(super) fn accept(&mut self, people: &[(usize, i64)], again: bool) -> usize {
        let batch = self.books.batches.len();
        let posting = if again { APPROVE_AGAIN } else { APPROVE };
        let (mut approved, mut ledger) = (Sum::default(), Balances::default());
        for (person, fen) in people {
            approved.add(1, *fen);
            ledger.post(posting, *fen);
            let payment = Payment::new(*fen);
            self.books.payments.push(Pay { payment, batch, person: *person, file: None });
        }
        let release = Release::new(BatchState::Accepted, approved.fen, 30_000);
        self.books.batches.push(Batch { release, approved, ledger });
        self.note("accept", batch);
        batch
    }

    /// Opens an exception, unless the same is open already.
    pub(super) fn except(&mut self, kind: Kind, payment: Option<usize>, file: usize) {
        let same = |known: &Exception| {
            known.open && known.kind == kind && known.payment == payment && known.file == file
        };
        if !self.books.exceptions.iter().any(same) {
            self.note(kind.code(), file);
            self.books.exceptions.push(Exception { kind, payment, file, open: true });
        }
    }

    /// Payments of a batch.
    pub(super) fn of_batch(&self, batch: usize) -> Vec<usize> {
        let payments = self.books.payments.iter().enumerate();
        payments.filter(|(_, pay)| pay.batch == batch).map(|(id, _)| id).collect()
    }
}
