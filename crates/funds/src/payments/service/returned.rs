//! Returned money (支付退票): the holder is told, the account is corrected and reviewed, and it is paid
//! again exactly once.

use std::collections::BTreeMap;

use kernel::actor::{Actor, Role};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::outbox::{self, Sms};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;

use super::Step;
use crate::payments::rules::batch::{BatchState, Release};
use crate::payments::rules::invariants::Sum;
use crate::payments::rules::table::{APPROVE_AGAIN, Event, Posting};
use crate::payments::rules::{Account, Refused, Rules, State};
use crate::payments::store::batches::{self, Batch};
use crate::payments::store::ledger::{self, About};
use crate::payments::store::payments::{self, Set};
use crate::payments::store::returned::{self, Correction, Group};
use crate::programmes::formula::yuan;

/// Returned payments that are paid again in one batch.
const MOST: i64 = 100_000;

/// Puts messages to holders into the outbox: that money arrived, or that it came back.
pub(crate) fn tell(
    tx: &mut Tx<'_>,
    app: &Platform,
    people: &[(Id, i64)],
    arrived: bool,
    what: &str,
    now: Utc,
) -> Result<(), DbError> {
    if people.is_empty()
        || (arrived && settings::get(tx, &crate::payments::TELL_ARRIVAL, now)? == 0)
    {
        return Ok(());
    }
    let ids: Vec<Id> = people.iter().map(|(person, _)| *person).collect();
    let phones: BTreeMap<Id, String> = payments::phones(tx, &ids)?.into_iter().collect();
    let what = if what.is_empty() { "一卡通发放资金" } else { what };
    let mut messages = Vec::with_capacity(people.len());
    for (person, fen) in people {
        let Some(to) = phones.get(person).filter(|phone| !phone.is_empty()) else { continue };
        let amount = yuan(*fen);
        let text = if arrived {
            format!(
                "【社保卡一卡通】{what}{amount}元已转入您的社会保障卡银行账户，可在“我的资金”查看。"
            )
        } else {
            format!(
                "【社保卡一卡通】{what}{amount}元未能入账已退回，请在“我的资金”或就近网点核对收款账户，核对后重新发放；有疑问可在该页咨询或投诉，或拨打12333"
            )
        };
        messages.push((app.id(), Sms { to: to.clone(), text }));
    }
    outbox::put_all_sms(tx, now, &messages)
}

/// Chooses the card whose account the returned money goes to next: the holder for himself, or a clerk.
///
/// # Errors
/// [`Refused::NotNow`], [`Refused::Held`], [`Refused::BadAccount`]; not found when it is another holder's.
pub async fn correct(app: &App, actor: &Actor, payment: Id, card: Id) -> Result<(), Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let stored = payments::get(tx, payment)?.ok_or_else(Problem::not_found)?;
            if actor.role == Role::Holder && actor.person != Some(stored.person) {
                return Err(Problem::not_found());
            }
            Rules::sound().apply(&stored.payment, Event::Reissue)?;
            let account = banks::store::accounts::get(tx, stored.person, card)?;
            let account = account.filter(|account| {
                let state = account.state.code();
                matches!(state, "opened" | "active") && !account.last_four.is_empty()
            });
            let account = account.ok_or(Refused::BadAccount)?;
            let correction = Correction {
                person: stored.person,
                payment,
                card,
                bank: account.bank,
                state: "made".to_owned(),
                made_by: actor.account,
                made_name: actor.name.clone(),
                made_at: now,
            };
            returned::make(tx, &correction)?;
            let step = Step::new(&platform, &actor, "funds.corrected", now);
            Ok(step.about("payment", payment).person(stored.person).record(tx)?)
        })
        .await
}

/// Reviews a correction that somebody else made.
///
/// # Errors
/// [`Refused::OwnCorrection`], [`Refused::NotNow`].
pub async fn review(app: &App, actor: &Actor, payment: Id, yes: bool) -> Result<(), Problem> {
    let (platform, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let correction = returned::get(tx, payment)?.ok_or_else(Problem::not_found)?;
            if correction.state != "made" {
                return Err(Refused::NotNow.into());
            }
            if correction.made_by == actor.account {
                return Err(Refused::OwnCorrection.into());
            }
            if yes {
                returned::approve(tx, &correction, actor.account, &actor.name, now)?;
            } else {
                returned::reject(tx, &correction)?;
            }
            let act = if yes { "funds.correction-approved" } else { "funds.correction-rejected" };
            let step = Step::new(&platform, &actor, act, now).about("payment", payment);
            Ok(step.person(correction.person).record(tx)?)
        })
        .await
}

/// Makes new payments of what was corrected and reviewed. They need a release like any others.
///
/// # Errors
/// See [`Problem`].
pub async fn round(app: &App) -> Result<String, Problem> {
    let groups = app.db.read(returned::groups).await?;
    let mut made = 0;
    for group in groups {
        let platform = app.clone();
        made += app.db.write(move |tx| pay_again(tx, &platform, &group, Utc::now())).await?;
    }
    Ok(format!("{made} to be paid again"))
}

fn pay_again(tx: &mut Tx<'_>, app: &Platform, group: &Group, now: Utc) -> Result<u64, Problem> {
    let mut batch = Batch {
        id: app.id(),
        number: batches::next_number(tx)?,
        roster: None,
        programme: group.programme,
        period: group.period.clone(),
        division: group.division.clone(),
        lines: 0,
        last_line: 0,
        fen: 0,
        release: Release::new(BatchState::Accepted, 0, group.two_above_fen),
        names: Default::default(),
        done_line: 0,
        created_at: now,
        released_at: None,
        version: 1,
        title: Default::default(),
        not_before: Utc(0),
    };
    let step = Step::new(app, &Actor::system(), "funds.paid-again", now);
    let made = returned::insert_again(tx, &batch, MOST)?;
    if made == 0 {
        // Another worker was quicker; its number stays unused.
        return Err(DbError::Conflict.into());
    }
    batch.last_line = made as i64;
    let set = Set::Range(batch.payment(0), batch.payment(batch.last_line));
    for (id, bank, sum) in payments::sums(tx, set, State::Approved)? {
        batch.lines += sum.count;
        batch.fen += sum.fen;
        let about = About { batch: id, bank, payment: Id(0), entry: step.id() };
        ledger::post(tx, app, about, "approve", APPROVE_AGAIN, sum, now)?;
    }
    batch.release = Release::new(BatchState::Accepted, batch.fen, group.two_above_fen);
    batches::insert(tx, &batch)?;
    if returned::mark_again(tx, &batch, now)? != made {
        return Err(DbError::Conflict.into());
    }
    let posting = Posting { debit: Account::Reissue, credit: Account::Returned };
    for (old, bank, count, fen) in returned::replaced(tx, &batch)? {
        let about = About { batch: old, bank, payment: Id(0), entry: step.id() };
        ledger::post(tx, app, about, Event::Reissue.code(), posting, Sum { count, fen }, now)?;
        batches::touch(tx, old, now)?;
    }
    step.on(&batch).sum(Sum { count: batch.lines, fen: batch.fen }).record(tx)?;
    Ok(made)
}
