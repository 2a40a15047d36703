//! A bank with a mind of its own. What it really did is `truth`; what it tells is another matter.

use std::collections::{BTreeMap, BTreeSet};

use super::rng::Rng;
use crate::payments::rules::files::{Reception, Standing};
use crate::payments::rules::judge::Word;

/// An order as the bank has it: reference, fen, account.
pub(super) type Order = (usize, i64, u32);

/// What a bank tells of a file.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub file: usize,
    pub lines: Vec<(usize, i64, Word)>,
    /// It says that these are all lines of the file.
    pub last: bool,
}

/// What really became of an order.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Truth {
    /// How often it was paid.
    pub paid: u32,
    /// It came back after that, or could not be paid.
    pub returned: bool,
    /// The holder gave it back.
    pub recovered: bool,
}

impl Truth {
    pub(super) fn is_out(self) -> bool {
        self.paid > 0 && !self.returned && !self.recovered
    }
}

#[derive(Default)]
pub(super) struct Bank {
    /// Files that it accepted, with their orders.
    pub files: BTreeMap<usize, Vec<Order>>,
    /// Files that it refused for ever.
    pub refused: BTreeSet<usize>,
    /// Files that it took and knows no more.
    pub forgotten: BTreeSet<usize>,
    /// Files on their way to it.
    pub coming: Vec<(usize, Vec<Order>)>,
    /// Reports on their way from it.
    pub out: Vec<Report>,
    pub truth: BTreeMap<usize, Truth>,
    /// References of which it once told a return that was none, or a payment that was none.
    pub lied: BTreeSet<usize>,
    /// References of which it ever told a return.
    pub told_return: BTreeSet<usize>,
    /// One id came with two contents.
    pub differing: bool,
}

impl Bank {
    /// A file arrives; the sender may or may not hear of it.
    pub(super) fn receive(
        &mut self,
        rng: &mut Rng,
        id: usize,
        orders: &[Order],
        calm: bool,
    ) -> Reception {
        if calm {
            return self.take(id, orders);
        }
        match rng.below(10) {
            0 => {
                // Lost on the way.
                Reception::Unknown
            }
            1 => {
                self.coming.push((id, orders.to_vec()));
                Reception::Unknown
            }
            2 => {
                self.take(id, orders);
                Reception::Unknown
            }
            3 if !self.files.contains_key(&id) && !self.is_coming(id) => {
                self.refused.insert(id);
                Reception::Refused
            }
            _ => self.take(id, orders),
        }
    }

    fn is_coming(&self, id: usize) -> bool {
        self.coming.iter().any(|(other, _)| *other == id)
    }

    /// Takes a file once; the same id again is the same file.
    pub(super) fn take(&mut self, id: usize, orders: &[Order]) -> Reception {
        if self.refused.contains(&id) {
            return Reception::Refused;
        }
        if let Some(known) = self.files.get(&id) {
            self.differing |= known != orders;
        }
        if self.forgotten.remove(&id) {
            // It works on the file as if it were new: whoever sends it pays twice.
            for (reference, _, _) in orders {
                let truth = self.truth.entry(*reference).or_default();
                truth.paid += u32::from(truth.paid > 0);
            }
        }
        self.files.entry(id).or_insert_with(|| orders.to_vec());
        Reception::Taken
    }

    /// A file that was on its way arrives.
    pub(super) fn arrive(&mut self, place: usize) {
        let (id, orders) = self.coming.remove(place);
        self.take(id, &orders);
    }

    /// Answers a question; all it knows of the file goes out as a report.
    pub(super) fn query(&mut self, rng: &mut Rng, id: usize, calm: bool) -> Standing {
        if !calm && rng.once_in(5) {
            return Standing::Unknown;
        }
        if self.forgotten.contains(&id) || !self.files.contains_key(&id) {
            return Standing::NeverSeen;
        }
        self.tell_all(id);
        Standing::Has
    }

    /// The truth about each line of a file, as of now.
    pub(super) fn tell_all(&mut self, id: usize) {
        let Some(orders) = self.files.get(&id).cloned() else { return };
        let mut lines = Vec::new();
        for (reference, fen, _) in orders {
            let word = self.word(reference);
            if word == Word::Returned {
                self.told_return.insert(reference);
            }
            lines.push((reference, fen, word));
        }
        self.out.push(Report { file: id, lines, last: true });
    }

    pub(super) fn word(&self, reference: usize) -> Word {
        match self.truth.get(&reference) {
            None => Word::Pending,
            Some(truth) if truth.returned => Word::Returned,
            Some(_) => Word::Paid,
        }
    }

    /// Works on the open lines of one file and tells of it.
    pub(super) fn work(&mut self, rng: &mut Rng, calm: bool) {
        let open: Vec<usize> = self
            .files
            .iter()
            .filter(|(_, orders)| orders.iter().any(|o| !self.truth.contains_key(&o.0)))
            .map(|(id, _)| *id)
            .collect();
        let Some(id) = open.get(rng.below(open.len())).copied() else { return };
        let orders = self.files.get(&id).cloned().unwrap_or_default();
        for (reference, _, _) in &orders {
            if self.truth.contains_key(reference) || (!calm && rng.once_in(4)) {
                continue;
            }
            let bad = rng.once_in(4);
            let truth = Truth { paid: u32::from(!bad), returned: bad, recovered: false };
            self.truth.insert(*reference, truth);
        }
        if calm || !rng.once_in(4) {
            self.tell_all(id);
            if !calm {
                self.spoil(rng);
            }
        }
    }

    /// Makes the newest report worse: reordered, truncated, half, twice, wrong, or a lie.
    fn spoil(&mut self, rng: &mut Rng) {
        let Some(mut report) = self.out.pop() else { return };
        match rng.below(9) {
            0 => report.lines.reverse(),
            1 => drop(report.lines.pop()),
            2 => {
                report.lines.pop();
                report.last = false;
            }
            3 => self.out.push(report.clone()),
            4 => {
                if let Some(line) = report.lines.first_mut() {
                    line.1 += 1;
                }
            }
            5 => report.lines.push((99_999, 100, Word::Paid)),
            6 => {
                let place = rng.below(report.lines.len());
                if let Some(line) = report.lines.get_mut(place) {
                    self.lie(line);
                }
            }
            _ => {}
        }
        self.out.push(report);
    }

    fn lie(&mut self, line: &mut (usize, i64, Word)) {
        line.2 = match line.2 {
            Word::Paid => {
                self.told_return.insert(line.0);
                Word::Returned
            }
            Word::Returned => Word::Paid,
            Word::Pending => return,
        };
        self.lied.insert(line.0);
    }

    /// Money that had arrived comes back days later.
    pub(super) fn come_back(&mut self, rng: &mut Rng) {
        let paid: Vec<usize> =
            self.truth.iter().filter(|(_, t)| t.is_out() && t.paid == 1).map(|(r, _)| *r).collect();
        let Some(reference) = paid.get(rng.below(paid.len())).copied() else { return };
        if let Some(truth) = self.truth.get_mut(&reference) {
            truth.returned = true;
        }
        let file = self.files.iter().find(|(_, orders)| orders.iter().any(|o| o.0 == reference));
        let Some((id, fen)) = file
            .and_then(|(id, orders)| orders.iter().find(|o| o.0 == reference).map(|o| (*id, o.1)))
        else {
            return;
        };
        self.told_return.insert(reference);
        let lines = vec![(reference, fen, Word::Returned)];
        self.out.push(Report { file: id, lines, last: false });
    }

    /// Loses what was to go out; forgets a file that is worked on whole or not at all.
    pub(super) fn restart(&mut self, rng: &mut Rng, taken: &[usize]) {
        self.out.clear();
        let known: Vec<usize> = taken
            .iter()
            .copied()
            .filter(|id| self.files.contains_key(id) && !self.forgotten.contains(id))
            .filter(|id| {
                let orders = &self.files[id];
                let done = orders.iter().filter(|o| self.truth.contains_key(&o.0)).count();
                done == 0 || done == orders.len()
            })
            .collect();
        let Some(id) = known.get(rng.below(known.len())) else { return };
        // What was on its way to it is lost too.
        self.coming.retain(|(other, _)| other != id);
        if self.files[id].iter().any(|order| self.truth.contains_key(&order.0)) {
            self.forgotten.insert(*id);
        } else {
            self.files.remove(id);
        }
    }

    /// A statement of one file that nobody asked for.
    pub(super) fn statement_of_one(&mut self, rng: &mut Rng) {
        let place = rng.below(self.files.len());
        if let Some(id) = self.files.keys().nth(place).copied() {
            self.tell_all(id);
        }
    }

    /// A statement of everything, and nothing is forgotten any more.
    pub(super) fn statement(&mut self) {
        self.forgotten.clear();
        let files: Vec<usize> = self.files.keys().copied().collect();
        for id in files {
            self.tell_all(id);
        }
    }
}
