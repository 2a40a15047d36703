//! The work behind the pages: orders leave and are asked after, billers are told, refunds go back. A
//! worker that dies is followed by one that goes on with the same orders.

use std::time::{Duration, Instant};

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};

use super::{blocking, entry, happen, pay, tell};
use crate::bills::port::{Answer, Billers, Request, Told, ports as biller_ports};
use crate::bills::rules::{Event, Rules, State};
use crate::bills::store::accounts;
use crate::bills::store::billers;
use crate::bills::store::payments::{self, Stored};
use crate::payments::port::{self, Asked, LineResult, Ports, Report, Sent};
use crate::programmes::formula::yuan;

/// A round ends well before its lease does.
const ROUND: Duration = Duration::from_secs(120);
/// Orders of finished payments are erased after so many days.
const KEEP_DAYS: i64 = 90;

/// One round over all that is due.
///
/// # Errors
/// The last failure; what was written stays.
pub async fn round(app: &App) -> Result<String, Problem> {
    round_with(app, &port::ports(app), &biller_ports(&app.config.data)).await
}

/// One round through these ports.
///
/// # Errors
/// The last failure; what was written stays.
pub async fn round_with(app: &App, banks: &Ports, billers: &Billers) -> Result<String, Problem> {
    let (began, mut moved, mut failed) = (Instant::now(), 0, None);
    let due = app.db.read(|tx| payments::due(tx, Utc::now(), 500)).await?;
    for one in due {
        if began.elapsed() >= ROUND {
            break;
        }
        match one_step(app, banks, billers, one).await {
            Ok(()) => moved += 1,
            // Another worker, or a report of the bank, was quicker.
            Err(problem) if problem.code == "platform/changed-meanwhile" => {}
            Err(problem) => failed = Some(problem),
        }
    }
    let before = Utc(Utc::now().0 - KEEP_DAYS * Utc::DAY);
    app.db.housekeeping(move |tx| payments::erase_bodies(tx, before)).await?;
    failed.map_or_else(|| Ok(format!("{moved} steps")), Err)
}

async fn one_step(app: &App, banks: &Ports, billers: &Billers, one: Stored) -> Result<(), Problem> {
    match one.payment.state {
        State::Intent => send(app, banks, one).await,
        State::Sent | State::Unknown => ask(app, banks, one).await,
        State::Debited => post(app, billers, one).await,
        State::Owed => {
            let platform = app.clone();
            let work = move |tx: &mut Tx<'_>| pay::give_back(tx, &platform, &one, Utc::now());
            app.db.write(work).await.map(drop)
        }
        // A refund leaves once by itself; then the bank is asked.
        State::Returning if !one.payment.taken && one.tries == 0 => send(app, banks, one).await,
        State::Returning => ask(app, banks, one).await,
        State::Failed | State::Done | State::Refunded | State::Held => Ok(()),
    }
}

/// Seconds until the next try: longer each time.
fn pause(tries: i64) -> i64 {
    (2i64 << tries.clamp(0, 10)).min(1_800)
}

/// Nothing happened; it is tried again later.
async fn later(app: &App, one: Stored, said: String) -> Result<(), Problem> {
    app.db
        .housekeeping(move |tx| {
            let now = Utc::now();
            let next = now.plus_seconds(pause(one.tries));
            let reason = if said.is_empty() { one.reason.clone() } else { said.clone() };
            let after = Stored { tries: one.tries + 1, reason, ..one.clone() };
            payments::save(tx, &after, next, one.changed_at)
        })
        .await
        .map_err(|error: DbError| error.into())
}

async fn way(
    app: &App,
    banks: &Ports,
    bank: Id,
) -> Result<Option<std::sync::Arc<dyn port::PayPort>>, Problem> {
    let known = app.db.read(move |tx| banks::store::agreements::bank(tx, bank)).await?;
    let Some(code) = known.map(|bank| bank.code) else { return Ok(None) };
    banks(&code).map_err(|cause| DbError::Unavailable(cause).into())
}

/// The order leaves: the same bytes under the same id, however often.
async fn send(app: &App, banks: &Ports, one: Stored) -> Result<(), Problem> {
    let Some(way) = way(app, banks, one.bank).await? else {
        return later(app, one, "no way to the bank".to_owned()).await;
    };
    let (platform, stored) = (app.clone(), one.clone());
    let batch = app.db.read(move |tx| pay::order(tx, &platform, &stored)).await?;
    let returning = one.payment.state == State::Returning;
    let (event, said) = match blocking(move || way.send(&batch)).await? {
        Sent::Taken => (Event::Take, String::new()),
        Sent::Refused(reason, said) if reason.is_final() => {
            let event = if returning { Event::BackFailed } else { Event::Fail };
            (event, format!("{} {said}", reason.code()))
        }
        Sent::Refused(_, said) | Sent::Unknown(said) if returning => {
            return later(app, one, said).await;
        }
        Sent::Refused(_, said) | Sent::Unknown(said) => (Event::Doubt, said),
    };
    moved(app, one, event, said).await
}

/// Asks after an order.
async fn ask(app: &App, banks: &Ports, one: Stored) -> Result<(), Problem> {
    let Some(way) = way(app, banks, one.bank).await? else {
        return later(app, one, "no way to the bank".to_owned()).await;
    };
    let id = match one.payment.state {
        State::Returning => format!("{}r{}", one.id, one.payment.backs),
        _ => one.id.to_string(),
    };
    match blocking(move || way.query(&id)).await? {
        Asked::NeverSeen if one.payment.taken => vanished(app, one).await,
        Asked::NeverSeen => moved(app, one, Event::NeverSeen, String::new()).await,
        Asked::InProgress if one.payment.taken => later(app, one, String::new()).await,
        Asked::InProgress => moved(app, one, Event::Take, String::new()).await,
        Asked::Reports(reports) => {
            let bank = one.bank;
            for report in &reports {
                bank_says(app, bank, report).await?;
            }
            let id = one.id;
            let now = app.db.read(move |tx| payments::get(tx, id)).await?;
            match now.filter(|now| now.version == one.version) {
                Some(same) => later(app, same, String::new()).await,
                None => Ok(()),
            }
        }
        Asked::Unknown(said) => later(app, one, said).await,
    }
}

/// The bank had taken it and knows nothing of it now: people find out.
async fn vanished(app: &App, one: Stored) -> Result<(), Problem> {
    let (platform, stored) = (app.clone(), one.clone());
    app.db
        .write(move |tx| {
            let at = (stored.biller, stored.id);
            except(tx, &platform, "vanished", at, "the bank knows nothing of it now", Utc::now())
        })
        .await?;
    later(app, one, String::new()).await
}

/// Opens an exception, journalled when it is new.
pub(crate) fn except(
    tx: &mut Tx<'_>,
    app: &Platform,
    kind: &str,
    (biller, payment): (Id, Id),
    told: &str,
    now: Utc,
) -> Result<(), Problem> {
    let id = app.id();
    payments::open(tx, id, kind, (biller, payment), told, now)?;
    let entry = entry(app, &Actor::system(), "bills.exception", now).on("bill-exception", id);
    Ok(journal::record(tx, &entry.why(kind, &[]))?)
}

/// Writes what happened, and tells the holder what concerns him.
async fn moved(app: &App, one: Stored, event: Event, said: String) -> Result<(), Problem> {
    let platform = app.clone();
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let before = match said.is_empty() {
                true => one.clone(),
                false => Stored { reason: said.clone(), ..one.clone() },
            };
            move_and_tell(tx, &platform, &before, event, now)
        })
        .await
}

fn move_and_tell(
    tx: &mut Tx<'_>,
    app: &Platform,
    before: &Stored,
    event: Event,
    now: Utc,
) -> Result<(), Problem> {
    let after = happen(tx, app, &Actor::system(), before, event, now)?;
    let waits = match after.payment.state {
        // An order that was sent or doubted is asked after a moment later.
        State::Sent | State::Unknown | State::Returning => Some(2),
        // A refund that the bank could not carry out is looked at by people first.
        State::Owed if event == Event::BackFailed => Some(86_400),
        _ => None,
    };
    if let Some(seconds) = waits {
        let tries = i64::from(after.payment.state == State::Returning);
        payments::save(tx, &Stored { tries, ..after.clone() }, now.plus_seconds(seconds), now)?;
    }
    if event == Event::BackFailed {
        let at = (before.biller, before.id);
        except(tx, app, "refund", at, &before.reason, now)?;
    }
    let Some(biller) = billers::get(tx, before.biller)? else { return Ok(()) };
    let what = format!("{}{}元", biller.kind.name().zh, yuan(before.payment.fen));
    let text = match (event, after.payment.state) {
        (Event::Post, _) => format!("【社保卡一卡通】{what}缴费成功，可在“缴费”查看凭证。"),
        (_, State::Failed) => {
            format!("【社保卡一卡通】{what}未扣款成功，账单仍待缴，可重新缴费或按原有方式缴费。")
        }
        (_, State::Owed) if event != Event::BackFailed => {
            format!("【社保卡一卡通】{what}收费单位未入账，将原路退回您的账户。")
        }
        (_, State::Refunded) => format!("【社保卡一卡通】{what}已退回您的社会保障卡账户。"),
        _ => return Ok(()),
    };
    tell(tx, app, before.person, text, now)
}

/// Tells the biller; silence changes nothing.
async fn post(app: &App, billers: &Billers, one: Stored) -> Result<(), Problem> {
    let (platform, stored) = (app.clone(), one.clone());
    let found = app
        .db
        .read(move |tx| {
            let biller = billers::get(tx, stored.biller)?.ok_or(DbError::NotOne(0))?;
            let number = match accounts::get(tx, stored.person, stored.account)? {
                Some(kept) => accounts::number(tx, &platform.keys, &kept)?,
                // The holder removed the account meanwhile: the bill's number says enough.
                None => String::new(),
            };
            Ok::<_, DbError>((biller, number))
        })
        .await?;
    let (biller, account) = found;
    let Some(port) = billers(&biller.code).map_err(DbError::Unavailable)? else {
        return later(app, one, "no way to the biller".to_owned()).await;
    };
    let request = Request::Post {
        account,
        bill: one.bill.clone(),
        fen: one.payment.fen,
        paid_on: day_text(one.changed_at.day()),
    };
    let key = one.id.to_string();
    match blocking(move || port.ask(&key, &request)).await? {
        Told::Answer(Answer::Posted { reference }) => {
            moved(app, Stored { biller_ref: reference, ..one }, Event::Post, String::new()).await
        }
        Told::Answer(Answer::Refused { reason }) => moved(app, one, Event::Refuse, reason).await,
        Told::Answer(_) => later(app, one, "an answer to another question".to_owned()).await,
        Told::Unknown(said) => later(app, one, said).await,
    }
}

/// Takes in what a bank tells of bill payments. `false`: the report is about something else.
///
/// # Errors
/// See [`Problem`]; what was taken in stays.
pub async fn bank_says(app: &App, bank: Id, report: &Report) -> Result<bool, Problem> {
    let Some((id, _)) = reference(&report.batch) else { return Ok(false) };
    let known = app.db.read(move |tx| payments::get(tx, id)).await?;
    if known.is_none_or(|one| one.bank != bank) {
        return Ok(false);
    }
    if report.refusal().is_some() {
        return Ok(true);
    }
    let (platform, report) = (app.clone(), report.clone());
    app.db
        .write(move |tx| {
            for (at, fen, result) in &report.lines {
                let line = reference(at).filter(|line| line.0 == id);
                line_says(tx, &platform, id, line.map(|line| line.1), (*fen, result))?;
            }
            Ok::<_, Problem>(true)
        })
        .await
}

/// The payment of a reference, and for a refund its number.
fn reference(text: &str) -> Option<(Id, i64)> {
    let text = text.trim().to_ascii_lowercase();
    let (id, back) = (text.get(..13)?, text.get(13..)?);
    let back = match back {
        "" => 0,
        back => back.strip_prefix('r')?.parse().ok()?,
    };
    Some((id.parse().ok()?, back))
}

fn line_says(
    tx: &mut Tx<'_>,
    app: &Platform,
    id: Id,
    back: Option<i64>,
    (fen, result): (i64, &LineResult),
) -> Result<(), Problem> {
    let now = Utc::now();
    let Some(mut one) = payments::get(tx, id)? else { return Ok(()) };
    let at = (one.biller, id);
    let Some(back) = back else {
        return except(tx, app, "unknown-line", at, "a line of no such order", now);
    };
    let word = match result {
        LineResult::Paid { bank_ref, .. } => {
            one.bank_ref.clone_from(bank_ref);
            true
        }
        LineResult::Returned { reason, bank_code } => {
            one.reason = format!("{} {bank_code}", reason.code());
            false
        }
        LineResult::Pending => return Ok(()),
    };
    if fen != one.payment.fen {
        return except(tx, app, "amount", at, &format!("the bank says {fen} fen"), now);
    }
    let event = match (back, one.payment.state) {
        (0, _) => Rules::sound().told(&one.payment, fen, word),
        (back, State::Returning) if back == one.payment.backs => {
            Some(if word { Event::Back } else { Event::BackFailed })
        }
        // What is known already, or a late word about a refund that was tried again.
        (_, State::Refunded) if word => None,
        (_, State::Refunded) => {
            return except(tx, app, "refund", at, "the bank says it did not arrive", now);
        }
        _ if !word => None,
        _ => return except(tx, app, "refund", at, "a refund arrived that was given up", now),
    };
    let Some(event) = event else { return Ok(()) };
    if event == Event::Contradict {
        let said = if word { "debited after all" } else { "not debited after all" };
        except(tx, app, "contradicts", at, said, now)?;
        if matches!(one.payment.state, State::Returning | State::Refunded) {
            return Ok(());
        }
    }
    move_and_tell(tx, app, &one, event, now)
}
