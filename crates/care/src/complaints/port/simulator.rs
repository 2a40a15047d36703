//! A hotline that misbehaves: it sends orders twice, late, in another order, with rubbish between, and
//! says something else under the same number; it loses acknowledgements and answers to reports.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::{Batch, Hotline, Order, Report};

/// All is decided by a seed.
pub struct Simulator {
    inner: Mutex<Inner>,
}

struct Inner {
    seed: u64,
    waiting: Vec<Order>,
    /// Orders to be said differently once more.
    later: Vec<Order>,
    batches: u64,
    /// The newest report by number.
    reports: BTreeMap<String, Report>,
}

impl Inner {
    fn one_in(&mut self, n: u64) -> bool {
        // xorshift64
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        self.seed.is_multiple_of(n)
    }
}

impl Simulator {
    /// A hotline with these orders to send; those in `later` follow with a contradiction.
    pub fn new(seed: u64, orders: Vec<Order>, later: Vec<Order>) -> Self {
        let reports = BTreeMap::new();
        let inner = Inner { seed: seed | 1, waiting: orders, later, batches: 0, reports };
        Self { inner: Mutex::new(inner) }
    }

    /// The newest report on an order.
    pub fn told(&self, number: &str) -> Option<Report> {
        self.inner.lock().expect("no panic").reports.get(number).cloned()
    }
}

impl Hotline for Simulator {
    fn collect(&self) -> Result<Vec<Batch>, String> {
        let mut inner = self.inner.lock().expect("no panic");
        if inner.one_in(5) {
            return Err("the line is down".to_owned());
        }
        let mut lines = vec![(1, Order::parse("{\"工单编号\": 7"))];
        for order in inner.waiting.clone() {
            let (delayed, twice) = (inner.one_in(3), inner.one_in(2));
            if !delayed {
                let times = if twice { 2 } else { 1 };
                lines.extend((0..times).map(|_| (0, Ok(order.clone()))));
            }
        }
        if inner.batches > 2 {
            lines.extend(inner.later.iter().map(|order| (0, Ok(order.clone()))));
        }
        inner.batches += 1;
        (2..).zip(&mut lines[1..]).for_each(|(n, line)| line.0 = n);
        Ok(vec![Batch { name: inner.batches.to_string(), lines }])
    }

    fn settle(&self, batch: &Batch, faults: &[(i64, String)]) -> Result<(), String> {
        assert_eq!(faults.len(), 1, "the rubbish, and nothing else: {faults:?}");
        let mut inner = self.inner.lock().expect("no panic");
        if inner.one_in(2) {
            return Err("the acknowledgement is lost".to_owned());
        }
        let had: Vec<_> = batch.lines.iter().filter_map(|(_, order)| order.as_ref().ok()).collect();
        inner.waiting.retain(|order| !had.contains(&order));
        Ok(())
    }

    fn report(&self, reports: &[Report]) -> Vec<bool> {
        let mut inner = self.inner.lock().expect("no panic");
        let mut answers = Vec::new();
        for report in reports {
            let newer =
                inner.reports.get(&report.number).is_none_or(|had| had.version < report.version);
            if newer {
                inner.reports.insert(report.number.clone(), report.clone());
            }
            // The answer may be lost though the report was not.
            let lost = inner.one_in(3);
            answers.push(!lost);
        }
        answers
    }
}
