//! A seeded simulation of bill payment: the rules with a bank and a biller that delay, fall silent,
//! forget, contradict, and with a platform that crashes at every step. After each step the books are
//! compared; in the end everything rests and is compared with what bank and biller really did.

use std::collections::BTreeMap;

use time::macros::date;
use time::{Date, Duration};

use super::rules::mandate::{Due, Mandate, MandateState};
use super::rules::table::INTEND;
use super::rules::{Account, Bug, Event, Payment, Rules, State};
use crate::sim::Rng;

const BILLS: usize = 6;
const WILD: u32 = 160;
const CALM: u32 = 120;
const TODAY: Date = date!(2026 - 11 - 23);

/// What the bank did with an order under one id.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    Took,
    Refused,
}

struct Pay {
    payment: Payment,
    bill: usize,
    /// Ids of the debit under which it left; more than one is a fault.
    id: usize,
    standing: bool,
}

struct World {
    rng: Rng,
    rules: Rules,
    pays: Vec<Pay>,
    ledger: BTreeMap<Account, i64>,
    /// Debits by id: what was done, the fen, and whether the bank forgot the order.
    bank: BTreeMap<usize, (Done, i64, bool)>,
    /// Refunds by payment and number.
    backs: BTreeMap<(usize, i64), Done>,
    /// The biller: bill → payment that it has; `None` means paid elsewhere.
    biller: BTreeMap<usize, Option<usize>>,
    fens: [i64; BILLS],
    mandate: Mandate,
    told: [Option<Date>; BILLS],
    next: usize,
    calm: bool,
    trace: Vec<u8>,
    wrong: Option<String>,
    /// Payments given back although the bank says later that it never took them: people know.
    noted: Vec<usize>,
}

impl World {
    fn new(seed: u64, rules: Rules) -> Self {
        let mut rng = Rng::new(seed);
        let fens = std::array::from_fn(|_| 1_000 + rng.below(9_000) as i64);
        let mandate = Mandate {
            state: MandateState::Active,
            bill_fen: 7_000,
            month_fen: 12_000,
            until: date!(2027 - 01 - 01),
        };
        Self {
            rng,
            rules,
            pays: Vec::new(),
            ledger: BTreeMap::new(),
            bank: BTreeMap::new(),
            backs: BTreeMap::new(),
            biller: BTreeMap::new(),
            fens,
            mandate,
            told: [None; BILLS],
            next: 0,
            calm: false,
            trace: Vec::new(),
            wrong: None,
            noted: Vec::new(),
        }
    }

    fn chance(&mut self, in_all: usize) -> bool {
        !self.calm && self.rng.once_in(in_all)
    }

    fn breach(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    fn book(&mut self, debit: Account, credit: Account, fen: i64) {
        *self.ledger.entry(debit).or_default() += fen;
        *self.ledger.entry(credit).or_default() -= fen;
    }

    fn happen(&mut self, at: usize, event: Event) {
        self.trace.extend_from_slice(event.code().as_bytes());
        self.trace.push(at as u8);
        let Ok((after, posting)) = self.rules.apply(&self.pays[at].payment, event) else { return };
        if event == Event::Fail
            && self.bank.get(&self.pays[at].id).is_none_or(|d| d.0 == Done::Took)
        {
            self.breach(format!("payment {at} failed without the bank's word"));
        }
        self.pays[at].payment = after;
        if let Some(posting) = posting {
            self.book(posting.debit, posting.credit, after.fen);
        }
    }

    fn intend(&mut self, bill: usize, standing: bool) {
        let taken = self.pays.iter().any(|p| p.bill == bill && !p.payment.released);
        if taken && !self.rules.has(Bug::BillIsPaidTwice) {
            return;
        }
        self.next += 1;
        let fen = self.fens[bill];
        let (id, payment) = (self.next, Payment::new(fen));
        if self.rules.has(Bug::SendBeforeIntent) {
            self.bank.insert(id, (Done::Took, fen, false));
            if self.chance(3) {
                return;
            }
        }
        self.pays.push(Pay { payment, bill, id, standing });
        self.book(INTEND.debit, INTEND.credit, fen);
    }

    /// The job of standing authorisations.
    fn stand(&mut self) {
        let bill = self.rng.below(BILLS);
        let under = self.pays.iter().filter(|p| p.standing && p.payment.state != State::Failed);
        let due = Due {
            fen: self.fens[bill],
            month_fen: under.map(|p| p.payment.fen).sum(),
            told_on: self.told[bill],
            notice_days: 3,
            declined: false,
        };
        let mandate = self.mandate;
        if self.rules.may_debit(&mandate, &due, TODAY).is_ok() {
            let before = self.pays.len();
            self.intend(bill, true);
            // What the holder sees, told apart from the rules.
            let fine = mandate.state == MandateState::Active
                && due.fen <= mandate.bill_fen
                && due.month_fen + due.fen <= mandate.month_fen
                && due.told_on.is_some_and(|told| TODAY >= told + Duration::days(3));
            if !fine && self.pays.len() > before {
                self.breach(format!("bill {bill} was debited against the authorisation"));
            }
        } else if self.rng.once_in(2) {
            self.told[bill] = Some(TODAY - Duration::days(self.rng.below(5) as i64));
        }
    }

    /// The order reaches the bank; the answer may be lost.
    fn send(&mut self, at: usize) {
        if self.chance(5) {
            return self.happen(at, Event::Doubt);
        }
        let (id, fen) = (self.pays[at].id, self.pays[at].payment.fen);
        let refuses = self.rng.once_in(5);
        let known = self.bank.get(&id).copied();
        // A bank that forgot carries the same order out again: that is why it never leaves again.
        let done = match known {
            Some((done, _, false)) => done,
            Some((Done::Took, _, true)) => {
                return self.breach(format!("payment {at} was debited twice"));
            }
            _ if refuses => Done::Refused,
            _ => Done::Took,
        };
        self.bank.insert(id, (done, fen, false));
        if self.chance(4) {
            return self.happen(at, Event::Doubt);
        }
        self.happen(at, Event::Take);
    }

    /// The bank is asked, or tells by itself.
    fn ask(&mut self, at: usize) {
        if self.chance(4) {
            if let Some(event) = self.rules.overdue(self.pays[at].payment.state) {
                self.happen(at, event);
            }
            return;
        }
        let id = self.pays[at].id;
        if self.chance(12)
            && self.pays[at].payment.taken
            && let Some(order) = self.bank.get_mut(&id)
        {
            order.2 = true;
        }
        match self.bank.get(&id).copied() {
            None if self.rules.has(Bug::UnknownIsResentAsNew) => {}
            None => self.happen(at, Event::NeverSeen),
            Some((_, _, true)) if !self.calm => self.happen(at, Event::NeverSeen),
            Some((_, _, true)) => self.tell(at),
            Some(_) if self.rules.has(Bug::UnknownIsResentAsNew) && self.chance(2) => {
                self.next += 1;
                self.pays[at].id = self.next;
                self.happen(at, Event::NeverSeen);
            }
            Some(_) => self.tell(at),
        }
    }

    fn tell(&mut self, at: usize) {
        let Some((done, fen, _)) = self.bank.get(&self.pays[at].id).copied() else { return };
        let mut word = done == Done::Took;
        let mut told = fen;
        if self.chance(9) {
            word = !word;
            // A lie is the bank's word too: what it says later contradicts it.
            if !word || self.pays[at].payment.state.is_final() {
                word = done == Done::Took;
            }
        }
        if self.chance(9) {
            told += 1;
        }
        let Some(event) = self.rules.told(&self.pays[at].payment, told, word) else { return };
        if matches!(self.pays[at].payment.state, State::Returning | State::Refunded) {
            self.noted.push(at);
        }
        if told != fen {
            self.breach(format!("payment {at} was booked with another amount than the bank's"));
        }
        self.happen(at, event);
    }

    fn post(&mut self, at: usize) {
        let silent = self.chance(4);
        if silent && self.rules.has(Bug::SilenceIsRefusal) {
            self.give(at);
            return self.happen(at, Event::Refuse);
        }
        if silent {
            if self.rng.once_in(2) {
                self.give(at);
            }
            return;
        }
        match self.give(at) {
            (true, false) => self.happen(at, Event::Post),
            (true, true) if self.rules.has(Bug::DuplicateIsRefusal) => {
                self.happen(at, Event::Refuse);
            }
            (true, true) => self.happen(at, Event::Post),
            (false, _) => self.happen(at, Event::Refuse),
        }
    }

    /// Whether the biller has it now, and had it before.
    fn give(&mut self, at: usize) -> (bool, bool) {
        let bill = self.pays[at].bill;
        match self.biller.get(&bill) {
            Some(Some(known)) if *known == at => (true, true),
            Some(_) => (false, false),
            None => {
                self.biller.insert(bill, Some(at));
                (true, false)
            }
        }
    }

    fn back(&mut self, at: usize) {
        let number = self.pays[at].payment.backs;
        let fails = self.chance(4);
        let done = *self.backs.entry((at, number)).or_insert(match fails {
            true => Done::Refused,
            false => Done::Took,
        });
        if self.chance(3) {
            return;
        }
        match done {
            Done::Took => self.happen(at, Event::Back),
            Done::Refused if self.rules.has(Bug::FailedRefundIsDone) => {
                self.happen(at, Event::Back);
            }
            Done::Refused => self.happen(at, Event::BackFailed),
        }
    }

    fn step(&mut self) {
        let what = self.rng.below(12);
        match what {
            0 if !self.calm => {
                let bill = self.rng.below(BILLS);
                self.intend(bill, false);
            }
            1 if !self.calm => self.stand(),
            2 if self.chance(6) => {
                let states = [MandateState::Active, MandateState::Paused, MandateState::Cancelled];
                self.mandate.state = states[self.rng.below(3)];
            }
            3 if self.chance(4) => {
                // Somebody pays at the biller's own counter.
                let bill = self.rng.below(BILLS);
                self.biller.entry(bill).or_insert(None);
            }
            _ => {
                let at = self.rng.below(self.pays.len());
                if at < self.pays.len() {
                    self.work(at);
                }
            }
        }
    }

    fn work(&mut self, at: usize) {
        let state = self.pays[at].payment.state;
        if self.rules.has(Bug::PostBeforeDebit) && state == State::Sent {
            self.give(at);
        }
        match state {
            State::Intent => self.send(at),
            State::Sent | State::Unknown => self.ask(at),
            State::Debited => match self.chance(3) {
                // The report comes again, perhaps with another word.
                true => self.tell(at),
                false => self.post(at),
            },
            State::Done if self.chance(14) => self.happen(at, Event::GiveBack),
            State::Owed => self.happen(at, Event::SendBack),
            State::Returning if self.rules.has(Bug::RefundTwice) && self.chance(2) => {
                self.backs.insert((at, self.pays[at].payment.backs), Done::Took);
                self.happen(at, Event::SendBack);
            }
            State::Returning => self.back(at),
            State::Held => {
                let took = self.bank.get(&self.pays[at].id).is_some_and(|d| d.0 == Done::Took);
                if !took && self.pays[at].payment.offered {
                    let bill = self.pays[at].bill;
                    if self.biller.get(&bill) == Some(&Some(at)) {
                        self.biller.remove(&bill);
                    }
                    self.happen(at, Event::Strike);
                }
                let event = if took { Event::WasTaken } else { Event::WasNotTaken };
                self.happen(at, event);
            }
            State::Failed | State::Done => self.tell(at),
            State::Refunded => self.tell(at),
        }
    }

    fn always(&self) -> Result<(), String> {
        if let Some(wrong) = &self.wrong {
            return Err(wrong.clone());
        }
        if self.ledger.values().sum::<i64>() != 0 {
            return Err("debits are not credits".to_owned());
        }
        let mut stands: BTreeMap<Account, i64> = BTreeMap::new();
        for pay in &self.pays {
            if let Some(account) = pay.payment.state.account() {
                *stands.entry(account).or_default() += pay.payment.fen;
            }
        }
        for account in Account::ALL.into_iter().filter(|account| *account != Account::Holder) {
            let booked = self.ledger.get(&account).copied().unwrap_or_default();
            let stands = stands.get(&account).copied().unwrap_or_default();
            if booked != stands {
                return Err(format!("{account:?}: booked {booked}, stands {stands}"));
            }
        }
        for bill in 0..BILLS {
            let live = self.pays.iter().filter(|p| p.bill == bill && !p.payment.released);
            if live.count() > 1 {
                return Err(format!("bill {bill} is paid twice"));
            }
        }
        Ok(())
    }

    fn at_rest(&self) -> Result<(), String> {
        let known: Vec<usize> = self.pays.iter().map(|pay| pay.id).collect();
        if let Some(id) = self.bank.keys().find(|id| !known.contains(id)) {
            return Err(format!("the bank has order {id}, which is on no record"));
        }
        for (at, pay) in self.pays.iter().enumerate() {
            let state = pay.payment.state;
            let took = self.bank.get(&pay.id).is_some_and(|done| done.0 == Done::Took);
            let gave = self.biller.get(&pay.bill) == Some(&Some(at));
            let backs: Vec<_> = self.backs.iter().filter(|((of, _), _)| *of == at).collect();
            let back = backs.iter().filter(|(_, done)| **done == Done::Took).count();
            let fits = match state {
                State::Failed => !took && back == 0 && !gave,
                State::Done => took && gave && back == 0,
                State::Refunded => {
                    (took || self.noted.contains(&at)) && back == 1 && (!gave || pay.payment.posted)
                }
                _ => return Err(format!("payment {at} does not come to rest: {state:?}")),
            };
            if !fits {
                return Err(format!(
                    "payment {at} is {state:?}: took {took} gave {gave} back {back}"
                ));
            }
        }
        Ok(())
    }
}

/// Plays a seed; the digest of its trace.
fn run(seed: u64, rules: Rules) -> (Result<(), String>, [u8; 32]) {
    let mut world = World::new(seed, rules);
    let mut play = || {
        for _ in 0..WILD {
            world.step();
            world.always()?;
        }
        world.calm = true;
        for _ in 0..CALM {
            let before = world.trace.len();
            for at in 0..world.pays.len() {
                world.work(at);
            }
            world.always()?;
            if world.trace.len() == before {
                break;
            }
        }
        world.at_rest()
    };
    let breach = play();
    (breach, seal::sm3::sm3(&world.trace))
}

fn seeds() -> u64 {
    std::env::var("YIKATONG_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000)
}

#[test]
fn bills_come_to_rest_as_bank_and_biller_have_them() {
    let mut digest = [0u8; 32];
    for seed in 0..seeds() {
        let (breach, trace) = run(seed, Rules::sound());
        assert_eq!(breach, Ok(()), "seed {seed}");
        digest = seal::sm3::sm3(&[digest, trace].concat());
    }
    println!("{} seeds, {}", seeds(), hex::encode(digest));
}

#[test]
fn a_seed_of_bills_replays_bit_for_bit() {
    for seed in [0, 7, 4_711, u64::MAX] {
        assert_eq!(run(seed, Rules::sound()), run(seed, Rules::sound()));
    }
    assert_ne!(run(1, Rules::sound()).1, run(2, Rules::sound()).1);
}

#[test]
fn each_fault_planted_into_bills_is_found() {
    let missed: Vec<Bug> = Bug::ALL
        .into_iter()
        .filter(|bug| (0..5_000).all(|seed| run(seed, Rules::with(*bug)).0.is_ok()))
        .collect();
    assert!(missed.is_empty(), "not found: {missed:?}");
}
