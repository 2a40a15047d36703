//! Paying a bill: an intent with the very order that will leave, on record before a byte does.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::{Utc, day_text, parse_day};
use payfile::{Batch, Order};

use super::{entry, happen};
use crate::bills::rules::mandate::{Due, MandateState};
use crate::bills::rules::table::INTEND;
use crate::bills::rules::{Event, Payment, Refused, Rules, State};
use crate::bills::store::accounts::{self, Bill, Standing};
use crate::bills::store::billers;
use crate::bills::store::payments::{self, Stored};

/// The account of a person that bills are paid from: of the card, active, with a number.
pub(crate) fn account(
    tx: &mut Tx<'_>,
    person: Id,
) -> Result<Option<banks::store::accounts::Account>, DbError> {
    let all = banks::store::accounts::of_person(tx, person)?;
    let fits = |one: &banks::store::accounts::Account| {
        one.state == banks::rules::State::Active && !one.last_four.is_empty()
    };
    Ok(all.into_iter().find(fits))
}

/// What binds a sealed order to its row.
pub(crate) fn context(payment: Id) -> Vec<u8> {
    format!("bill_payment {payment}").into_bytes()
}

/// Pays a bill of a person from his card's account.
///
/// # Errors
/// [`Refused::BeingPaid`], [`Refused::NoCardAccount`], [`Refused::BillerClosed`]; not found when the bill
/// is no longer open.
pub async fn pay(app: &App, actor: &Actor, person: Id, bill: Id) -> Result<Id, Problem> {
    let (shared, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let bill = accounts::bill(tx, person, bill)?.ok_or_else(Problem::not_found)?;
            intend(tx, &shared, &actor, &bill, None, Utc::now())
        })
        .await
}

/// Pays a bill under an authorisation. What the holder changed a moment ago counts.
///
/// # Errors
/// As [`pay`]; [`Refused::NotNow`] when the authorisation does not carry it now.
pub(crate) fn pay_standing(
    tx: &mut Tx<'_>,
    app: &Platform,
    standing: &Standing,
    bill: Id,
    now: Utc,
) -> Result<Id, Problem> {
    let bill = accounts::bill(tx, standing.person, bill)?.ok_or_else(Problem::not_found)?;
    let due = due(tx, standing, &bill, now)?;
    let may = Rules::sound().may_debit(&standing.mandate, &due, now.day());
    may.map_err(|_| Refused::NotNow)?;
    // A change of the authorisation at this very moment makes one of the two wait and look again.
    accounts::set_mandate(tx, standing, MandateState::Active, now)?;
    intend(tx, app, &Actor::system(), &bill, Some(standing.id), now)
}

/// What the rules ask about a bill.
pub(crate) fn due(
    tx: &mut Tx<'_>,
    standing: &Standing,
    bill: &Bill,
    now: Utc,
) -> Result<Due, DbError> {
    let month = &day_text(now.day())[..7];
    Ok(Due {
        fen: bill.fen,
        month_fen: payments::month_of(tx, standing.person, standing.id, month)?,
        told_on: bill.told_on.as_deref().and_then(parse_day),
        notice_days: settings::get(tx, &crate::bills::NOTICE_DAYS, now)?,
        declined: bill.declined,
    })
}

fn intend(
    tx: &mut Tx<'_>,
    app: &Platform,
    actor: &Actor,
    bill: &Bill,
    mandate: Option<Id>,
    now: Utc,
) -> Result<Id, Problem> {
    let biller = billers::get(tx, bill.biller)?.filter(|biller| biller.state == "open");
    let biller = biller.ok_or(Refused::BillerClosed)?;
    let from = account(tx, bill.person)?.ok_or(Refused::NoCardAccount)?;
    let id = app.id();
    let stored = Stored {
        person: bill.person,
        id,
        account: bill.account,
        biller: bill.biller,
        bill: bill.number.clone(),
        period: bill.period.clone(),
        payment: Payment::new(bill.fen),
        bank: from.bank,
        card: from.card,
        mandate,
        made_by: actor.account,
        digest: Vec::new(),
        biller_ref: String::new(),
        bank_ref: String::new(),
        reason: String::new(),
        tries: 0,
        created_at: now,
        changed_at: now,
        version: 1,
    };
    let own = number(tx, app, &stored)?;
    let order = Order {
        seq: 1,
        reference: id.to_string(),
        account: billers::account(tx, &app.keys, bill.biller)?,
        name: biller.name.zh.clone(),
        fen: bill.fen,
        remark: format!("{} {}", biller.kind.name().zh, bill.period).trim().to_owned(),
    };
    let (sealed, digest) = sealed(tx, app, &stored, (id.to_string(), own, order), now)?;
    let stored = Stored { digest, ..stored };
    if !payments::insert(tx, &stored, sealed, now)? {
        return Err(Refused::BeingPaid.into());
    }
    let entry = entry(app, actor, "bills.intended", now)
        .about(bill.person)
        .on("bill-payment", id)
        .why("缴费扣款 / paying a bill", &["account", "name"]);
    let entry =
        Entry { detail: serde_json::json!({"digest": hex::encode(&stored.digest)}), ..entry };
    payments::post(tx, app, &stored, "intend", INTEND, entry.id, now)?;
    journal::record(tx, &entry)?;
    Ok(id)
}

fn number(tx: &mut Tx<'_>, app: &Platform, one: &Stored) -> Result<String, Problem> {
    let found = banks::store::accounts::number(tx, &app.keys, one.person, one.card)?;
    Ok(found.ok_or(Refused::NoCardAccount)?.as_str().to_owned())
}

/// The batch of one order, sealed, with its SM3.
fn sealed(
    tx: &mut Tx<'_>,
    app: &Platform,
    one: &Stored,
    (id, payer_account, order): (String, String, Order),
    now: Utc,
) -> Result<(Vec<u8>, Vec<u8>), Problem> {
    let bank = banks::store::agreements::bank(tx, one.bank)?.ok_or(Refused::NoCardAccount)?;
    let date = day_text(now.day());
    let batch = Batch { id, bank: bank.code, payer_account, date, orders: vec![order] };
    let body = serde_json::to_vec(&batch).map_err(|error| DbError::Engine(error.to_string()))?;
    let digest = seal::sm3::sm3(&body).to_vec();
    Ok((app.keys.seal_field(&body, &context(one.id)), digest))
}

/// Opens what was written when the intent was made; what leaves is that, byte for byte.
///
/// # Errors
/// It cannot be opened, or is not what was written.
pub(crate) fn order(tx: &mut Tx<'_>, app: &Platform, one: &Stored) -> Result<Batch, Problem> {
    let broken = || Problem::from(DbError::Engine(format!("order {} cannot be opened", one.id)));
    let body = payments::body(tx, one)?.ok_or_else(broken)?;
    let plain = app.keys.open_field(&body, &context(one.id)).ok_or_else(broken)?;
    if seal::sm3::sm3(&plain).as_slice() != one.digest {
        return Err(broken());
    }
    serde_json::from_slice(&plain).map_err(|_| broken())
}

/// Puts the order of a refund on record; it goes to the account that was debited.
pub(crate) fn give_back(
    tx: &mut Tx<'_>,
    app: &Platform,
    one: &Stored,
    now: Utc,
) -> Result<Stored, Problem> {
    let after = happen(tx, app, &Actor::system(), one, Event::SendBack, now)?;
    debug_assert_eq!(after.payment.state, State::Returning);
    let reference = format!("{}r{}", one.id, after.payment.backs);
    let person = people::store::by_id(tx, one.person)?.ok_or_else(Problem::not_found)?;
    let order = Order {
        seq: 1,
        reference: reference.clone(),
        account: number(tx, app, one)?,
        name: person.name.chars().take(70).collect(),
        fen: one.payment.fen,
        remark: format!("退费 {}", one.period).trim().to_owned(),
    };
    let payer = billers::account(tx, &app.keys, one.biller)?;
    let (body, digest) = sealed(tx, app, one, (reference, payer, order), now)?;
    payments::set_body(tx, one, body, &digest)?;
    Ok(Stored { digest, ..after })
}
