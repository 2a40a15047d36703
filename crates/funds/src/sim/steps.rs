//! What the platform, its officials and the bank do. Between two commits the platform may crash.

use kernel::id::Id;

use super::bank::{Order, Report};
use super::officials::{meddle, reissue, resolve, resolve_one, stop_or_lift};
use super::world::{File, World};
use crate::payments::rules::batch::BatchState;
use crate::payments::rules::files::{FileState, Outcome};
use crate::payments::rules::judge::Verdict;
use crate::payments::rules::{Account, Bug, Event, Kind, Posting, State};

/// One step of anybody, at random.
pub(super) fn wild(world: &mut World) {
    world.steps += 1;
    match world.rng.below(24) {
        0 | 1 => accept(world),
        2 | 3 => each_batch(world, reserve),
        4 | 5 => each_batch(world, release),
        6 | 7 => each_batch(world, plan),
        8..=10 => each_file(world, send),
        11 | 12 => each_file(world, ask),
        13..=15 => deliver(world),
        16 | 17 => world.bank.work(&mut world.rng, false),
        18 => trouble(world),
        19 => stop_or_lift(world),
        20 => resolve_one(world),
        21 | 22 => reissue(world),
        _ => meddle(world),
    }
}

/// One round in which everybody does what is left to do, without faults.
pub(super) fn calm(world: &mut World, round: u32) {
    world.steps += 1;
    world.calm = true;
    world.books.stopped = false;
    while !world.bank.coming.is_empty() {
        world.bank.arrive(0);
    }
    for batch in 0..world.books.batches.len() {
        reserve(world, batch);
        release(world, batch);
        plan(world, batch);
    }
    for file in 0..world.books.files.len() {
        send(world, file);
        ask(world, file);
    }
    world.bank.work(&mut world.rng, true);
    if round >= 2 {
        world.bank.statement();
    }
    while !world.bank.out.is_empty() {
        let report = world.bank.out.remove(0);
        take_in(world, &report);
    }
    for place in 0..world.books.exceptions.len() {
        resolve(world, place);
    }
}

fn each_batch(world: &mut World, work: fn(&mut World, usize)) {
    for batch in 0..world.books.batches.len() {
        work(world, batch);
    }
}

fn each_file(world: &mut World, work: fn(&mut World, usize)) {
    for file in 0..world.books.files.len() {
        if !world.rng.once_in(3) {
            work(world, file);
        }
    }
}

fn accept(world: &mut World) {
    if world.books.batches.len() >= 3 {
        return;
    }
    let mut people = Vec::new();
    for person in 0..8 {
        let known = world.books.payments.iter().any(|pay| pay.person == person);
        if !known && world.rng.once_in(2) {
            people.push((person, 10_000 + 100 * world.rng.below(50) as i64));
        }
    }
    if !people.is_empty() {
        world.accept(&people, false);
    }
}

fn reserve(world: &mut World, batch: usize) {
    if world.books.batches[batch].release.state != BatchState::Accepted {
        return;
    }
    let open = |world: &World| {
        let ids = world.of_batch(batch);
        let approved = |id: &usize| world.books.payments[*id].payment.state == State::Approved;
        ids.into_iter().filter(approved).collect::<Vec<_>>()
    };
    for id in open(world).into_iter().take(if world.calm { 99 } else { 2 }) {
        if world.rules.has(Bug::ReservationIsNotAtomic) {
            let posting = Posting { debit: Account::Reserved, credit: Account::Approved };
            let fen = world.books.payments[id].payment.fen;
            world.books.batches[batch].ledger.post(posting, fen);
            if world.crash() {
                return;
            }
            world.books.payments[id].payment.state = State::Reserved;
            continue;
        }
        if world.happen(id, Event::Reserve).is_err() || world.crash() {
            return;
        }
    }
    if open(world).is_empty() {
        world.books.batches[batch].release.state = BatchState::Reserved;
        world.note("reserved", batch);
    }
}

/// Officials press what they can, also what they must not.
fn release(world: &mut World, batch: usize) {
    let hands = if world.calm { vec![1, 2, 3] } else { vec![1 + world.rng.below(3)] };
    for hand in hands {
        let (now, who) = (world.books.batches[batch].release, Id(hand as i64));
        let done = match now.state {
            BatchState::Reserved => now.ask(who),
            BatchState::Asked if !world.calm && world.rng.once_in(6) => now.send_back(who),
            BatchState::Asked => world.rules.approve(now, who),
            _ => return,
        };
        if let Ok(after) = done {
            world.books.batches[batch].release = after;
            world.note(after.state.code(), batch);
        }
    }
}

fn orders(world: &World, lines: &[usize]) -> Vec<Order> {
    let order = |id: &usize| {
        let pay = &world.books.payments[*id];
        (*id, pay.payment.fen, world.accounts.get(&pay.person).copied().unwrap_or_default())
    };
    lines.iter().map(order).collect()
}

fn plan(world: &mut World, batch: usize) {
    let state = world.books.batches[batch].release.state;
    if world.rules.may_plan(state, world.books.stopped).is_err() {
        return;
    }
    let ready = |id: &usize| {
        let pay = &world.books.payments[*id];
        pay.payment.state == State::Reserved && !pay.payment.held && pay.file.is_none()
    };
    let mut lines: Vec<usize> = world.of_batch(batch).into_iter().filter(ready).take(3).collect();
    if !world.calm && !lines.is_empty() && world.rng.once_in(6) {
        let turned = lines.remove(0);
        // Nothing left: this return is our own word.
        world.bank.told_return.insert(turned);
        let _ = world.happen(turned, Event::TurnBack);
    }
    if lines.is_empty() {
        return;
    }
    if world.books.stopped {
        world.wrong.get_or_insert("an intent was written after a stop".to_owned());
    }
    let body = orders(world, &lines);
    if world.rules.has(Bug::SendBeforeIntent) {
        let id = 1_000 + world.steps as usize;
        let calm = world.calm;
        world.bank.receive(&mut world.rng, id, &body, calm);
        if world.crash() {
            return;
        }
    }
    let file = world.books.files.len();
    for id in &lines {
        if world.happen(*id, Event::Intend).is_ok() {
            world.books.payments[*id].file = Some(file);
        }
    }
    let state = FileState::Intent;
    world.books.files.push(File { batch, state, taken: false, lines, body });
    world.note("file", file);
}

fn send(world: &mut World, file: usize) {
    let stopped = world.books.stopped;
    if world.books.files[file].state != FileState::Intent || world.rules.may_send(stopped).is_err()
    {
        return;
    }
    if stopped {
        world.wrong.get_or_insert(format!("file {file} left after a stop"));
    }
    world.books.files[file].state = FileState::Sending;
    world.note("sending", file);
    if world.crash() {
        return;
    }
    let body = match world.rules.has(Bug::FileIsMadeAnew) {
        true => orders(world, &world.books.files[file].lines.clone()),
        false => world.books.files[file].body.clone(),
    };
    let calm = world.calm;
    let reception = world.bank.receive(&mut world.rng, file, &body, calm);
    if world.crash() {
        return;
    }
    let outcome = world.rules.received(reception);
    become_of(world, file, outcome);
}

fn ask(world: &mut World, file: usize) {
    let known = &world.books.files[file];
    let (state, taken) = (known.state, known.taken);
    if !matches!(state, FileState::Sending | FileState::Sent | FileState::Unknown) {
        return;
    }
    if !world.calm && state == FileState::Sent && world.rng.once_in(3) {
        overdue(world, file);
        return;
    }
    let calm = world.calm;
    let standing = world.bank.query(&mut world.rng, file, calm);
    if world.crash() {
        return;
    }
    let outcome = world.rules.asked(state, taken, standing);
    if outcome.state == FileState::Intent && world.rules.has(Bug::NeverSeenGetsNewId) {
        leave_as_new(world, file);
        return;
    }
    become_of(world, file, outcome);
}

/// The planted fault: the same lines under another id.
fn leave_as_new(world: &mut World, file: usize) {
    let (id, old) = (world.books.files.len(), &world.books.files[file]);
    let (lines, body, batch) = (old.lines.clone(), old.body.clone(), old.batch);
    for line in &lines {
        let _ = world.happen(*line, Event::NeverSeen);
    }
    world.books.files[file].state = FileState::Settled;
    world.books.files.push(File { batch, state: FileState::Intent, taken: false, lines, body });
    world.note("file", id);
}

/// Commits what became of a file.
fn become_of(world: &mut World, file: usize, outcome: Outcome) {
    let lines = world.books.files[file].lines.clone();
    if let Some(event) = outcome.event {
        for id in &lines {
            let _ = world.happen(*id, event);
        }
    }
    if let Some(kind) = outcome.exception {
        world.except(kind, None, file);
    }
    let out = lines.iter().any(|id| world.books.payments[*id].payment.state.is_out());
    let known = &mut world.books.files[file];
    known.taken |= outcome.state == FileState::Sent;
    let settled = !out && outcome.state == FileState::Sent;
    let state = if settled { FileState::Settled } else { outcome.state };
    if known.state != state {
        known.state = state;
        world.note(state.code(), file);
    }
}

fn overdue(world: &mut World, file: usize) {
    for id in world.books.files[file].lines.clone() {
        let state = world.books.payments[id].payment.state;
        if let Some(event) = world.rules.overdue(state) {
            let _ = world.happen(id, event);
        }
    }
}

fn deliver(world: &mut World) {
    let count = world.bank.out.len();
    if count == 0 {
        return;
    }
    let place = world.rng.below(count);
    // It is put away only when all of it is in; now and then it comes twice.
    let report = world.bank.out[place].clone();
    if take_in(world, &report) && !world.rng.once_in(5) {
        world.bank.out.remove(place);
    }
}

/// Takes a report in, line by line; `false` when the platform crashed in the middle.
fn take_in(world: &mut World, report: &Report) -> bool {
    for (place, line) in report.lines.iter().enumerate() {
        take_line(world, report.file, place, *line);
        if world.crash() {
            return false;
        }
    }
    if report.file >= world.books.files.len() {
        return true;
    }
    let lines = world.books.files[report.file].lines.clone();
    let told = |id: &usize| report.lines.iter().any(|line| line.0 == *id);
    let missing: Vec<usize> = lines.iter().copied().filter(|id| report.last && !told(id)).collect();
    for id in &missing {
        if world.books.payments[*id].payment.state.is_out() {
            world.except(Kind::LinesMissing, None, report.file);
            if let Some(event) = world.rules.missing() {
                let _ = world.happen(*id, event);
            }
        }
    }
    let out = lines.iter().any(|id| world.books.payments[*id].payment.state.is_out());
    let file = &mut world.books.files[report.file];
    if !out && matches!(file.state, FileState::Sent | FileState::Unknown | FileState::Sending) {
        file.state = FileState::Settled;
        world.note("settled", report.file);
    }
    true
}

fn take_line(
    world: &mut World,
    file: usize,
    place: usize,
    (reference, fen, word): (usize, i64, crate::payments::rules::judge::Word),
) {
    let lines = world.books.files.get(file).map(|file| file.lines.as_slice()).unwrap_or_default();
    let found = match world.rules.has(Bug::MatchByPosition) {
        true => lines.get(place).copied(),
        false => lines.iter().copied().find(|id| *id == reference),
    };
    let Some(id) = found else {
        world.except(Kind::UnknownLine, None, file);
        return;
    };
    match world.rules.judge(&world.books.payments[id].payment, fen, word) {
        Verdict::Nothing => {}
        Verdict::Happened(event) => {
            if world.happen_with(id, event, fen).is_err() {
                world.wrong.get_or_insert(format!("{} does not fit payment {id}", event.code()));
            }
        }
        Verdict::Exception(kind, event) => {
            if event.is_some_and(|event| world.happen(id, event).is_err()) {
                world.wrong.get_or_insert(format!("{} cannot be held", kind.code()));
            }
            world.except(kind, Some(id), file);
        }
    }
}

fn trouble(world: &mut World) {
    match world.rng.below(4) {
        0 => {
            let files = world.books.files.iter().enumerate();
            let taken: Vec<usize> =
                files.filter(|(_, file)| file.taken).map(|(id, _)| id).collect();
            world.bank.restart(&mut world.rng, &taken);
        }
        1 => {
            let count = world.bank.coming.len();
            if count > 0 {
                let place = world.rng.below(count);
                world.bank.arrive(place);
            }
        }
        2 => world.bank.come_back(&mut world.rng),
        _ => world.bank.statement_of_one(&mut world.rng),
    }
}
