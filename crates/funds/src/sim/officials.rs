//! What officials do: find out the truth and decide by it, pay again, stop, and try what they must not.

use super::world::{Pay, World};
use crate::payments::rules::files::FileState;
use crate::payments::rules::{Action, Event, Kind, State};

pub(super) fn resolve_one(world: &mut World) {
    let count = world.books.exceptions.len();
    if count > 0 {
        let place = world.rng.below(count);
        resolve(world, place);
    }
}

/// An official finds out the truth and decides by it.
pub(super) fn resolve(world: &mut World, place: usize) {
    let known = &world.books.exceptions[place];
    if !known.open {
        return;
    }
    let (kind, payment, file) = (known.kind, known.payment, known.file);
    let truth = payment.and_then(|id| world.bank.truth.get(&id).copied()).unwrap_or_default();
    let action = match kind {
        Kind::PaidUnsent | Kind::PaidAfterReturned if truth.is_out() => Action::AcceptPaid,
        Kind::ReturnedAfterPaid if !truth.is_out() => Action::AcceptReturn,
        Kind::PaidTwice if truth.is_out() => Action::Recover,
        Kind::PaidTwice => Action::Forgive,
        Kind::FileRefused if world.calm || world.rng.once_in(2) => Action::Resend,
        Kind::FileRefused => Action::VoidLines,
        Kind::FileVanished if !world.bank.forgotten.contains(&file) => Action::Resend,
        Kind::FileVanished | Kind::AmountDiffers | Kind::LinesMissing => Action::AskAgain,
        _ => Action::Dismiss,
    };
    assert!(kind.actions().contains(&action), "{kind:?} does not allow {action:?}");
    world.books.exceptions[place].open = false;
    world.note(action.code(), place);
    if let Some(id) = payment {
        let held = world.books.payments[id].payment.held;
        let event = action.event(held);
        let happened = event.is_some_and(|event| world.happen(id, event).is_ok());
        let truth = world.bank.truth.get_mut(&id);
        if let Some(truth) = truth.filter(|_| happened && action == Action::Recover) {
            truth.recovered = true;
        }
        return;
    }
    resolve_file(world, kind, action, file);
}

fn resolve_file(world: &mut World, kind: Kind, action: Action, file: usize) {
    let lines = world.books.files.get(file).map(|file| file.lines.clone()).unwrap_or_default();
    match (kind, action) {
        (Kind::FileRefused, Action::Resend) => {
            for id in lines {
                let pay = &mut world.books.payments[id];
                if pay.payment.state == State::Reserved && pay.file == Some(file) {
                    pay.file = None;
                }
            }
        }
        (Kind::FileRefused, _) => {
            for id in lines {
                if world.books.payments[id].file == Some(file) {
                    let _ = world.happen(id, Event::Void);
                }
            }
        }
        // The bank has no trace of it: the same id leaves again.
        (Kind::FileVanished, Action::Resend) if !world.bank.files.contains_key(&file) => {
            for id in lines {
                let _ = world.happen(id, Event::NeverSeen);
            }
            world.books.files[file].state = FileState::Intent;
            world.books.files[file].taken = false;
        }
        (_, Action::AskAgain) => world.bank.tell_all(file),
        _ => {}
    }
}

pub(super) fn reissue(world: &mut World) {
    let wanted = |pay: &Pay| matches!(pay.payment.state, State::Returned | State::Unknown);
    let open: Vec<usize> =
        (0..world.books.payments.len()).filter(|id| wanted(&world.books.payments[*id])).collect();
    let Some(id) = open.get(world.rng.below(open.len())).copied() else { return };
    if world.happen(id, Event::Reissue).is_ok() {
        let pay = &world.books.payments[id];
        let (person, fen) = (pay.person, pay.payment.fen);
        world.accept(&[(person, fen)], true);
    }
}

/// Somebody moves house, somebody tries to take money back.
pub(super) fn meddle(world: &mut World) {
    if world.rng.once_in(2) {
        let person = world.rng.below(8);
        *world.accounts.entry(person).or_default() += 1;
        return;
    }
    let count = world.books.payments.len();
    if count == 0 {
        return;
    }
    let id = world.rng.below(count);
    let before = world.books.payments[id].payment.state;
    if before == State::Paid && world.rng.once_in(2) {
        got_back(world, id);
        return;
    }
    if before != State::Returned && world.happen(id, Event::Void).is_ok() && before.is_out() {
        world.wrong.get_or_insert(format!("payment {id} was voided after it left"));
    }
}

/// It should not have been paid, and the holder gives it back, or a part of it.
fn got_back(world: &mut World, id: usize) {
    let out = world.bank.truth.get(&id).is_some_and(|truth| truth.is_out());
    let owed = world.books.payments[id].payment.owed();
    if out && owed > 1 && world.rng.once_in(3) {
        let part = 1 + world.rng.below(owed as usize - 1) as i64;
        let _ = world.recover_part(id, part);
        return;
    }
    let happened = out && world.happen(id, Event::Recover).is_ok();
    if let Some(truth) = world.bank.truth.get_mut(&id).filter(|_| happened) {
        truth.recovered = true;
    }
}

pub(super) fn stop_or_lift(world: &mut World) {
    world.books.stopped = !world.books.stopped;
    world.note("stop", usize::from(world.books.stopped));
}
