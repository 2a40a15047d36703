//! What a bank tells of a batch, and in which order: first a receipt, then results that may be
//! wrong, in parts, twice or broken, in the end a statement with the truth.

use super::book::{Booked, BookedBatch, Move};
use super::script::{Act, Script};
use crate::codes::Meaning;
use crate::contract::{Reason, ReportKind};

/// One report that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// Its number, of the form of an id.
    pub id: String,
    /// What it is.
    pub kind: ReportKind,
    /// What it says of the whole.
    pub verdict: Option<Meaning>,
    /// Which orders it tells of.
    pub part: std::ops::Range<usize>,
    /// How many rounds after the batch came.
    pub round: u64,
    /// Whether it is cut off.
    pub cut: bool,
    /// Whether its lines are in another order.
    pub mixed: bool,
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Place in the batch, from 1.
    pub seq: u32,
    /// The order.
    pub order: Booked,
    /// What is said of it.
    pub meaning: Meaning,
    /// The bank's number of the payment; empty when it is not paid.
    pub bank_ref: String,
    /// When, UTC microseconds.
    pub at: i64,
}

/// All that is told of a batch, in time.
pub fn tellings(batch: &BookedBatch, script: &Script) -> Vec<Telling> {
    let short = &hex::encode(seal::sm3::sm3(batch.batch.as_bytes()))[..12];
    let mut all: Vec<Telling> = Vec::new();
    let mut tell = |kind, verdict, part: std::ops::Range<usize>, round, cut| {
        let id = format!("R{short}-{}", all.len() + 1);
        let mixed = kind == ReportKind::Result && script.does(Act::Reorder, &id);
        all.push(Telling { id, kind, verdict, part, round, cut, mixed });
    };
    let late = |what: &str| match script.does(Act::Delay, &format!("{what} {}", batch.batch)) {
        true => 1 + script.number("late", &format!("{what} {}", batch.batch)) % 4,
        false => 0,
    };
    if let Some(reason) = batch.refused {
        tell(ReportKind::Receipt, Some(Meaning::Bad(reason)), 0..0, late("receipt"), false);
        return all;
    }
    let count = batch.orders.len();
    tell(ReportKind::Receipt, Some(Meaning::Good), 0..0, late("receipt"), false);
    let middle = if script.does(Act::Half, &batch.batch) { count / 2 } else { count };
    let mut last = 0;
    for (what, part) in [("first", 0..middle), ("second", middle..count)] {
        if part.is_empty() {
            continue;
        }
        let round = last + late(what);
        if script.does(Act::Truncate, &format!("{what} {}", batch.batch)) {
            tell(ReportKind::Result, None, part.clone(), round, true);
        }
        tell(ReportKind::Result, None, part.clone(), round + 1, false);
        if script.does(Act::Duplicate, &format!("{what} {}", batch.batch)) {
            tell(ReportKind::Result, None, part, round + 1 + late("again"), false);
        }
        last = round + 1;
    }
    tell(ReportKind::Statement, None, 0..count, last + 6, false);
    all
}

/// The lines of a report.
pub fn lines(telling: &Telling, batch: &BookedBatch, script: &Script) -> Vec<Told> {
    let orders = batch.orders.iter().enumerate().skip(telling.part.start).take(telling.part.len());
    let (mut told, last) =
        (Vec::with_capacity(telling.part.len()), telling.kind == ReportKind::Statement);
    let day = crate::iso::instant(&format!("{}T10:00:00", batch.date)).unwrap_or(0);
    for (place, order) in orders {
        let bad = || Meaning::Bad(script.reason(&order.reference));
        let meaning = match order.fate {
            Move::Paid => Meaning::Good,
            Move::PaidDenied if last => Meaning::Good,
            Move::PaidDenied | Move::Failed => bad(),
            Move::Bounced if last => bad(),
            Move::Bounced => Meaning::Good,
        };
        let paid = meaning == Meaning::Good;
        let bank_ref = if paid { format!("B{}", order.reference) } else { String::new() };
        let mut order = order.clone();
        if telling.kind == ReportKind::Result && script.does(Act::Amount, &order.reference) {
            order.fen += 1;
        }
        told.push(Told {
            seq: place as u32 + 1,
            order,
            meaning,
            bank_ref,
            at: day + place as i64 * 1_000_000 % 36_000_000_000,
        });
    }
    if telling.kind == ReportKind::Result && script.does(Act::Stranger, &telling.id) {
        told.extend(told.first().cloned().map(|first| Told {
            order: Booked { reference: format!("zz{}", first.seq), ..first.order },
            ..first
        }));
    }
    if telling.mixed {
        told.sort_by_cached_key(|told| script.number("mix", &told.order.reference));
    }
    told
}

/// Why an order did not arrive, when that is what is said.
pub fn reason_of(meaning: Meaning) -> Option<Reason> {
    if let Meaning::Bad(reason) = meaning { Some(reason) } else { None }
}
