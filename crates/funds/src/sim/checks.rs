//! What must hold after each step, and when everything is at rest.

use std::collections::BTreeMap;

use super::world::World;
use crate::payments::rules::batch::BatchState;
use crate::payments::rules::invariants::{self, Balances, Tally};
use crate::payments::rules::{Account, State};

/// After each step.
pub(super) fn always(world: &World) -> Result<(), String> {
    if let Some(wrong) = &world.wrong {
        return Err(wrong.clone());
    }
    books(world)?;
    releases(world)?;
    natural_keys(world)?;
    bank(world)
}

fn books(world: &World) -> Result<(), String> {
    let count = world.books.batches.len();
    let mut found = vec![(Balances::default(), Tally::default()); count];
    for pay in &world.books.payments {
        let (balances, tally) = &mut found[pay.batch];
        balances.hold(&pay.payment, pay.payment.fen);
        tally.add(pay.payment.state, pay.payment.held, 1, pay.payment.fen);
    }
    let mut clearing = 0;
    for (batch, (payments, tally)) in world.books.batches.iter().zip(&found) {
        invariants::books(&batch.ledger, payments).map_err(|breach| format!("{breach:?}"))?;
        invariants::totals(batch.approved, tally).map_err(|breach| format!("{breach:?}"))?;
        clearing += batch.ledger.of(Account::Reissue);
    }
    invariants::clearing(clearing).map_err(|breach| format!("{breach:?}"))
}

fn releases(world: &World) -> Result<(), String> {
    for (place, batch) in world.books.batches.iter().enumerate() {
        let release = &batch.release;
        if release.state != BatchState::Released {
            continue;
        }
        let hands = [release.asked_by, release.first_by, release.second_by];
        let hands: Vec<_> = hands.into_iter().flatten().collect();
        let mut different = hands.clone();
        different.sort();
        different.dedup();
        let needed = if release.two { 3 } else { 2 };
        if different.len() != hands.len() || hands.len() < needed {
            return Err(format!("batch {place} was released by too few people"));
        }
    }
    Ok(())
}

fn natural_keys(world: &World) -> Result<(), String> {
    let mut live: BTreeMap<usize, u32> = BTreeMap::new();
    for pay in &world.books.payments {
        *live.entry(pay.person).or_default() += u32::from(pay.payment.state.is_live());
    }
    match live.iter().find(|(_, count)| **count > 1) {
        Some((person, count)) => Err(format!("person {person} has {count} live payments")),
        None => Ok(()),
    }
}

fn bank(world: &World) -> Result<(), String> {
    if world.bank.differing {
        return Err("one file left with two contents".to_owned());
    }
    if let Some((id, _)) = world.bank.truth.iter().find(|(_, truth)| truth.paid > 1) {
        return Err(format!("payment {id} was paid twice"));
    }
    let mut at: BTreeMap<usize, usize> = BTreeMap::new();
    let coming = world.bank.coming.iter().map(|(id, orders)| (id, orders));
    for (file, orders) in world.bank.files.iter().chain(coming) {
        for (reference, _, _) in orders {
            let first = *at.entry(*reference).or_insert(*file);
            if first != *file {
                return Err(format!("payment {reference} left in two files"));
            }
        }
    }
    Ok(())
}

/// When nothing more happens: what the books say is what the bank did.
pub(super) fn at_rest(world: &World) -> Result<(), String> {
    if let Some(open) = world.books.exceptions.iter().find(|exception| exception.open) {
        return Err(format!("{:?} was never resolved", open.kind));
    }
    let mut arrived: BTreeMap<usize, u32> = BTreeMap::new();
    for (id, pay) in world.books.payments.iter().enumerate() {
        let payment = &pay.payment;
        if !matches!(payment.state, State::Paid | State::Returned | State::Void) {
            return Err(format!("payment {id} never came to rest: {:?}", payment.state));
        }
        let truth = world.bank.truth.get(&id).copied().unwrap_or_default();
        let booked = payment.state == State::Paid && !payment.recovered;
        // What a bank returns after the holder gave a part back is left to people: it stands as it stood.
        let out = truth.is_out() || (payment.part > 0 && !payment.recovered && truth.paid > 0);
        if booked != out {
            return Err(format!("payment {id} is {:?}, the bank did {truth:?}", payment.state));
        }
        *arrived.entry(pay.person).or_default() += u32::from(truth.is_out());
    }
    match arrived.iter().find(|(_, count)| **count > 1) {
        Some((person, _)) => Err(format!("person {person} kept money twice")),
        None => Ok(()),
    }
}
