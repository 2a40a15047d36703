//! Intents: the payments of a released batch are written into files before anything leaves.

use std::collections::BTreeMap;

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};

use super::{Step, returned};
use crate::payments::port::{self, Order};
use crate::payments::rules::files::FileState;
use crate::payments::rules::invariants::Sum;
use crate::payments::rules::table::Event;
use crate::payments::rules::{Payment, Posting, Rules, State};
use crate::payments::store::batches::{self, Batch};
use crate::payments::store::files::{self, File};
use crate::payments::store::frozen;
use crate::payments::store::ledger::{self, About};
use crate::payments::store::payments::{self, Outgoing};
use crate::payments::store::stops;

use super::work::CHUNK;

/// Writes the intents of one set of lines of a released batch; `false` when there is nothing to do.
///
/// # Errors
/// See [`Problem`].
pub async fn plan(app: &App) -> Result<bool, Problem> {
    if app.db.read(|tx| batches::to_plan(tx, Utc::now())).await?.is_none() {
        return Ok(false);
    }
    let platform = app.clone();
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let Some(batch) = batches::to_plan(tx, now)? else {
                return Ok::<_, Problem>(false);
            };
            let stopped = stops::is_stopped(tx, batch.id)?;
            Rules::sound().may_plan(batch.release.state, stopped)?;
            let to = (batch.done_line + CHUNK).min(batch.last_line);
            let range = (batch.payment(batch.done_line), batch.payment(to));
            intend(tx, &platform, &batch, range, now)?;
            batches::set_done(tx, &batch, to, None, now)?;
            let step = Step::new(&platform, &Actor::system(), "funds.planned", now).on(&batch);
            step.detail(serde_json::json!({ "to_line": to })).record(tx)?;
            Ok(true)
        })
        .await
}

/// Writes the payments of a range into one file for each bank; those without an account come back at once.
pub(super) fn intend(
    tx: &mut Tx<'_>,
    app: &Platform,
    batch: &Batch,
    range: (i64, i64),
    now: Utc,
) -> Result<(), Problem> {
    let mut turned: Vec<Outgoing> = Vec::new();
    let mut ready: BTreeMap<Id, Vec<(Outgoing, String)>> = Default::default();
    for one in payments::outgoing(tx, range.0, range.1)? {
        match account(app, &one) {
            Some(number) => ready.entry(one.bank).or_default().push((one, number)),
            None => turned.push(one),
        }
    }
    hold_back(tx, app, batch, range, now)?;
    turn_back(tx, app, batch, &turned, now)?;
    for (bank, lines) in ready {
        write_file(tx, app, batch, bank, lines, now)?;
    }
    Ok(())
}

/// Payments of frozen people stay set aside until a thaw (Art. 20).
fn hold_back(
    tx: &mut Tx<'_>,
    app: &Platform,
    batch: &Batch,
    range: (i64, i64),
    now: Utc,
) -> Result<(), Problem> {
    let held = frozen::hold_back(tx, batch, range, now)?;
    if held == 0 {
        return Ok(());
    }
    let step = Step::new(app, &Actor::system(), "funds.held-back", now).on(batch);
    Ok(step.detail(serde_json::json!({ "payments": held, "article": 20 })).record(tx)?)
}

/// Lets payments of one batch go whose people are not frozen any more; `false` when there is nothing to do.
///
/// # Errors
/// See [`Problem`].
pub async fn let_go(app: &App) -> Result<bool, Problem> {
    if app.db.read(frozen::thawed).await?.is_none() {
        return Ok(false);
    }
    let platform = app.clone();
    app.db
        .write(move |tx| {
            let Some((batch, from, to)) = frozen::thawed(tx)? else {
                return Ok::<_, Problem>(false);
            };
            let batch = batches::get(tx, batch)?.ok_or_else(Problem::not_found)?;
            Rules::sound().may_plan(batch.release.state, stops::is_stopped(tx, batch.id)?)?;
            let now = Utc::now();
            intend(tx, &platform, &batch, (from, to), now)?;
            let gone = frozen::let_go(tx, (from, to))?;
            batches::touch(tx, batch.id, now)?;
            let step = Step::new(&platform, &Actor::system(), "funds.let-go", now).on(&batch);
            step.detail(serde_json::json!({ "payments": gone, "article": 20 })).record(tx)?;
            Ok(gone > 0)
        })
        .await
}

/// The number of an account that can receive money.
fn account(app: &Platform, one: &Outgoing) -> Option<String> {
    let fits = matches!(one.account_state.as_str(), "opened" | "active" | "lost");
    let sealed = one.number.as_ref().filter(|_| fits)?;
    let context = format!("bank_account {} {}", one.person, one.card);
    String::from_utf8(app.keys.open_field(sealed, context.as_bytes())?).ok()
}

fn turn_back(
    tx: &mut Tx<'_>,
    app: &Platform,
    batch: &Batch,
    lines: &[Outgoing],
    now: Utc,
) -> Result<(), Problem> {
    if lines.is_empty() {
        return Ok(());
    }
    let step = Step::new(app, &Actor::system(), "funds.turned-back", now).on(batch);
    let posting = posting_of(State::Reserved, Event::TurnBack)?;
    let mut sums: BTreeMap<Id, Sum> = Default::default();
    for one in lines {
        sums.entry(one.bank).or_default().add(1, one.fen);
    }
    for (bank, sum) in &sums {
        let about = About { batch: batch.id, bank: *bank, payment: Id(0), entry: step.id() };
        ledger::post(tx, app, about, Event::TurnBack.code(), posting, *sum, now)?;
    }
    let ids: Vec<Id> = lines.iter().map(|one| one.id).collect();
    if payments::turn_back(tx, &ids)? != ids.len() as u64 {
        return Err(DbError::Conflict.into());
    }
    let people: Vec<(Id, i64)> = lines.iter().map(|one| (one.person, one.fen)).collect();
    returned::tell(tx, app, &people, false, &batch.title.zh, now)?;
    let fen = lines.iter().map(|one| one.fen).sum();
    Ok(step.sum(Sum { count: lines.len() as i64, fen }).record(tx)?)
}

fn posting_of(state: State, event: Event) -> Result<Posting, Problem> {
    let payment = Payment { state, ..Payment::new(1) };
    let (_, posting) = Rules::sound().apply(&payment, event)?;
    posting.ok_or_else(|| DbError::Engine("an event without an entry".to_owned()).into())
}

/// A text as banks take it: at most 70 characters, none that ends a line.
fn line_text(text: &str) -> String {
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(70).collect();
    text.trim_end().to_owned()
}

/// What binds a sealed file to its row.
fn context(file: Id) -> Vec<u8> {
    format!("pay_file {file}").into_bytes()
}

fn write_file(
    tx: &mut Tx<'_>,
    app: &Platform,
    batch: &Batch,
    bank: Id,
    lines: Vec<(Outgoing, String)>,
    now: Utc,
) -> Result<(), Problem> {
    let id = app.id();
    let step = Step::new(app, &Actor::system(), "funds.intended", now).about("payfile", id);
    let count = lines.len() as i64;
    let (from, to) = (lines[0].0.id.0, lines[lines.len() - 1].0.id.0);
    let fen = lines.iter().map(|(one, _)| one.fen).sum();
    let remark = line_text(&format!("{} {}", batch.title.zh, batch.period));
    let order = |(place, (one, number)): (usize, (Outgoing, String))| Order {
        seq: place as u32 + 1,
        reference: one.id.to_string(),
        account: number,
        name: line_text(&one.name),
        fen: one.fen,
        remark: remark.clone(),
    };
    let code = banks::store::agreements::bank(tx, bank)?.map(|bank| bank.code);
    let orders = port::Batch {
        id: id.to_string(),
        bank: code.unwrap_or_default(),
        payer_account: String::new(),
        date: day_text(now.day()),
        orders: lines.into_iter().enumerate().map(order).collect(),
    };
    let body = serde_json::to_vec(&orders).map_err(|e| DbError::Engine(e.to_string()))?;
    let digest = seal::sm3::sm3(&body).to_vec();
    let file = File {
        id,
        batch: batch.id,
        bank,
        from,
        to,
        lines: count,
        fen,
        state: FileState::Intent,
        taken: false,
        digest,
        tries: 0,
        sent_at: None,
        said: String::new(),
        entry: step.id(),
        version: 1,
    };
    files::insert(tx, &file, app.keys.seal_field(&body, &context(id)), now)?;
    if payments::put_into_file(tx, id, bank, (from, to), now)? != count as u64 {
        return Err(DbError::Conflict.into());
    }
    let about = About { batch: batch.id, bank, payment: Id(0), entry: step.id() };
    let posting = posting_of(State::Reserved, Event::Intend)?;
    ledger::post(tx, app, about, Event::Intend.code(), posting, Sum { count, fen }, now)?;
    let digest = hex::encode(&file.digest);
    let detail = serde_json::json!({ "batch": batch.id, "bank": orders.bank, "lines": count, "fen": fen, "sm3": digest });
    Ok(step.detail(detail).record(tx)?)
}

/// Opens what was written when the intent was made; what leaves is that, byte for byte.
pub(super) fn open(
    app: &Platform,
    file: &File,
    body: Option<Vec<u8>>,
) -> Result<port::Batch, Problem> {
    let broken = || Problem::from(DbError::Engine(format!("payfile {} cannot be opened", file.id)));
    let plain = body.and_then(|body| app.keys.open_field(&body, &context(file.id)));
    let plain = plain.ok_or_else(broken)?;
    if seal::sm3::sm3(&plain).as_slice() != file.digest {
        return Err(broken());
    }
    serde_json::from_slice(&plain).map_err(|_| broken())
}
