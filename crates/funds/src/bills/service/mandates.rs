//! Standing authorisations: made, paused, resumed and cancelled by the holder; debits are announced.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::{Utc, day_text};
use time::Date;

use super::{accounts as keeping, entry, pay, tell};
use crate::bills::port::{Billers, ports};
use crate::bills::rules::mandate::{self, Mandate, MandateState, Rest};
use crate::bills::rules::{Refused, Rules};
use crate::bills::store::accounts::{self, Bill, Standing};
use crate::bills::store::billers;
use crate::programmes::formula::yuan;

/// Authorisations of one transaction's read.
const SET: i64 = 200;

/// Authorises debits for an account.
///
/// # Errors
/// [`Refused::Limit`], [`Refused::EndDay`], [`Refused::HasMandate`], [`Refused::NoCardAccount`].
pub async fn authorise(
    app: &App,
    actor: &Actor,
    (person, account): (Id, Id),
    (bill_fen, month_fen): (i64, i64),
    until: Date,
) -> Result<(), Problem> {
    let (shared, actor, now, id) = (app.clone(), actor.clone(), Utc::now(), app.id());
    mandate::check(bill_fen, month_fen, until, now.day())?;
    app.db
        .write(move |tx| {
            accounts::get(tx, person, account)?.ok_or_else(Problem::not_found)?;
            pay::account(tx, person)?.ok_or(Refused::NoCardAccount)?;
            if accounts::mandates(tx, person)?.iter().any(|known| known.account == account) {
                return Err(Refused::HasMandate.into());
            }
            let mandate = Mandate { state: MandateState::Active, bill_fen, month_fen, until };
            let one = Standing { person, id, account, mandate, version: 1 };
            accounts::authorise(tx, &one, now)?;
            let entry = entry(&shared, &actor, "bills.authorised", now).about(person);
            Ok(journal::record(tx, &entry.on("bill-mandate", id))?)
        })
        .await
}

/// Pauses, resumes or cancels an authorisation; it counts at once.
///
/// # Errors
/// [`Refused::NotNow`]; not found when it is another's or cancelled.
pub async fn change(
    app: &App,
    actor: &Actor,
    person: Id,
    id: Id,
    word: &str,
) -> Result<(), Problem> {
    let (shared, actor, now, word) = (app.clone(), actor.clone(), Utc::now(), word.to_owned());
    app.db
        .write(move |tx| {
            let all = accounts::mandates(tx, person)?;
            let one = all.into_iter().find(|one| one.id == id).ok_or_else(Problem::not_found)?;
            let state = match (one.mandate.state, word.as_str()) {
                (MandateState::Active, "pause") => MandateState::Paused,
                (MandateState::Paused, "resume") => MandateState::Active,
                (_, "cancel") => MandateState::Cancelled,
                _ => return Err(Refused::NotNow.into()),
            };
            accounts::set_mandate(tx, &one, state, now)?;
            let entry = entry(&shared, &actor, "bills.authorisation-changed", now).about(person);
            Ok(journal::record(tx, &entry.on("bill-mandate", id).why(state.code(), &[]))?)
        })
        .await
}

/// Cancels what stands on an account that is removed; the caller journals.
pub(crate) fn cancel_of(tx: &mut Tx<'_>, person: Id, account: Id, now: Utc) -> Result<(), DbError> {
    for one in accounts::mandates(tx, person)?.iter().filter(|one| one.account == account) {
        accounts::set_mandate(tx, one, MandateState::Cancelled, now)?;
    }
    Ok(())
}

/// The holder says no to one announced debit, or yes again.
///
/// # Errors
/// Not found when the bill is another's or gone.
pub async fn decline(
    app: &App,
    actor: &Actor,
    person: Id,
    bill: Id,
    no: bool,
) -> Result<(), Problem> {
    let (shared, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let one = accounts::bill(tx, person, bill)?.ok_or_else(Problem::not_found)?;
            accounts::mark(tx, &one, one.told_on.as_deref(), no)?;
            let entry = entry(&shared, &actor, "bills.declined", now).about(person);
            Ok::<_, Problem>(journal::record(tx, &entry.on("bill", bill))?)
        })
        .await
}

/// Looks bills up, announces debits and makes those that are due.
///
/// # Errors
/// The database's word; a biller that does not answer holds nobody else up.
pub async fn round(app: &App) -> Result<String, Problem> {
    round_at(app, &ports(&app.config.data), Utc::now()).await
}

/// One round as of a moment.
///
/// # Errors
/// As [`round`].
pub async fn round_at(app: &App, ports: &Billers, now: Utc) -> Result<String, Problem> {
    let (mut after, mut told, mut paid) = (Id(0), 0, 0);
    loop {
        let set = app.db.read(move |tx| accounts::active(tx, after, SET)).await?;
        let Some(last) = set.last() else { break };
        after = last.id;
        for one in set {
            look(app, ports, &one, now).await?;
            let platform = app.clone();
            let done = app.db.write(move |tx| debit(tx, &platform, &one, now)).await?;
            told += done.0;
            paid += done.1;
        }
    }
    Ok(format!("{told} announced, {paid} debits"))
}

/// Asks the biller when it was not asked for long.
async fn look(app: &App, ports: &Billers, one: &Standing, now: Utc) -> Result<(), Problem> {
    let (person, account) = (one.person, one.account);
    let old = app
        .db
        .read(move |tx| {
            let hours = settings::get(tx, &crate::bills::LOOK_HOURS, now)?;
            let kept = accounts::get(tx, person, account)?;
            let before = now.plus_seconds(-hours * 3_600);
            Ok::<_, DbError>(kept.is_some_and(|kept| kept.looked_at <= before))
        })
        .await?;
    if !old {
        return Ok(());
    }
    let done = keeping::look_again(app, ports, &Actor::system(), person, account).await;
    match done {
        // The biller's silence is nobody else's business.
        Err(problem) if problem.code.starts_with("bills/") => Ok(()),
        other => other,
    }
}

/// Announces or debits the open bills of one authorisation; how many of each.
fn debit(tx: &mut Tx<'_>, app: &Platform, one: &Standing, now: Utc) -> Result<(i64, i64), Problem> {
    let (mut told, mut paid) = (0, 0);
    let open = accounts::open_bills(tx, one.person)?;
    for bill in open.into_iter().filter(|bill| bill.account == one.account) {
        let all = accounts::mandates(tx, one.person)?;
        let Some(now_standing) = all.into_iter().find(|known| known.id == one.id) else { break };
        let due = pay::due(tx, &now_standing, &bill, now)?;
        match Rules::sound().may_debit(&now_standing.mandate, &due, now.day()) {
            Ok(()) => {
                let made = pay::pay_standing(tx, app, &now_standing, bill.id, now);
                match made {
                    Ok(_) => paid += 1,
                    // Somebody pays it already, or the account is not in order: it stays open.
                    Err(problem) if problem.code.starts_with("bills/") => {}
                    Err(problem) => return Err(problem),
                }
            }
            Err(Rest::TellFirst) => {
                announce(tx, app, &bill, Some(due.notice_days), now)?;
                told += 1;
            }
            Err(Rest::AboveBill | Rest::AboveMonth) if bill.told_on.is_none() => {
                announce(tx, app, &bill, None, now)?;
                told += 1;
            }
            Err(_) => {}
        }
    }
    // A transaction that changes nothing needs no entry.
    if told + paid > 0 {
        let entry = entry(app, &Actor::system(), "bills.authorisation-worked", now);
        journal::record(tx, &entry.about(one.person).on("bill-mandate", one.id))?;
    }
    Ok((told, paid))
}

/// Tells the holder before a debit, or that a bill is above his limits.
fn announce(
    tx: &mut Tx<'_>,
    app: &Platform,
    bill: &Bill,
    days: Option<i64>,
    now: Utc,
) -> Result<(), Problem> {
    let Some(biller) = billers::get(tx, bill.biller)? else { return Ok(()) };
    accounts::mark(tx, bill, Some(&day_text(now.day())), bill.declined)?;
    let what = format!("{}{}元", biller.kind.name().zh, yuan(bill.fen));
    let text = match days {
        Some(days) => format!(
            "【社保卡一卡通】{what}将按您的授权于{days}天后从社会保障卡账户代扣；不同意可在“缴费”中选择本次不扣，或拨打12333。"
        ),
        None => format!("【社保卡一卡通】{what}超过您设定的代扣限额，不会自动扣款，请自行缴费。"),
    };
    tell(tx, app, bill.person, text, now)
}
