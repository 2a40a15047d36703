//! Books compared with payments, billers' days compared with ours, and what people decide about
//! differences. Who asks for an action does not decide on it (Art. 25).

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};

use super::work::except;
use super::{blocking, entry, happen};
use crate::bills::port::{Answer, Billers, PostedLine, Request, Told, ports};
use crate::bills::rules::{Account, Event, Refused, State};
use crate::bills::store::billers::{self, Biller, Day};
use crate::bills::store::payments::{self, Exception, Stored};

/// Compares ledger and payments, and yesterday with each biller.
///
/// # Errors
/// The database's word; a biller that does not answer is asked the next time.
pub async fn round(app: &App) -> Result<String, Problem> {
    let breaches = compare(app).await?;
    let yesterday = Utc(Utc::now().0 - Utc::DAY);
    let days = reconcile(app, &ports(&app.config.data), &day_text(yesterday.day())).await?;
    Ok(format!("{breaches} breaches, {days} days compared"))
}

/// How many accounts of the ledger are not what the payments say; each opens an exception.
///
/// # Errors
/// See [`Problem`].
pub async fn compare(app: &App) -> Result<usize, Problem> {
    let balances = app.db.read(payments::balances).await?;
    let breaches: Vec<(Account, i64, i64)> =
        balances.into_iter().filter(|(_, booked, stands)| booked != stands).collect();
    let (count, platform) = (breaches.len(), app.clone());
    if count > 0 {
        app.db
            .write(move |tx| {
                for (account, booked, stands) in &breaches {
                    let told = format!("{}: {booked} / {stands}", account.code());
                    except(tx, &platform, "books", (Id(0), Id(0)), &told, Utc::now())?;
                }
                Ok::<_, Problem>(())
            })
            .await?;
    }
    Ok(count)
}

/// Compares a day with each open biller, once after its end; how many answered.
///
/// # Errors
/// See [`Problem`].
pub async fn reconcile(app: &App, ports: &Billers, day: &str) -> Result<usize, Problem> {
    let date = kernel::time::parse_day(day).ok_or_else(Problem::not_found)?;
    let (from, to) = (Utc::start_of(date), Utc(Utc::start_of(date).0 + Utc::DAY));
    let mut count = 0;
    for biller in app.db.read(billers::all).await? {
        let (id, text) = (biller.id, day.to_owned());
        let known = app.db.read(move |tx| billers::is_compared(tx, id, &text, to)).await?;
        if known || biller.state != "open" {
            continue;
        }
        let Some(port) = ports(&biller.code).map_err(DbError::Unavailable)? else { continue };
        let key = format!("S{}-{}", day.replace('-', ""), Utc::now().seconds() / 600);
        let request = Request::Statement { day: day.to_owned() };
        let told = blocking(move || port.ask(&key, &request)).await?;
        let Told::Answer(Answer::Statement { lines }) = told else { continue };
        let (platform, text) = (app.clone(), day.to_owned());
        app.db
            .write(move |tx| compare_day(tx, &platform, &biller, (&text, from, to), &lines))
            .await?;
        count += 1;
    }
    Ok(count)
}

fn compare_day(
    tx: &mut Tx<'_>,
    app: &App,
    biller: &Biller,
    (day, from, to): (&str, Utc, Utc),
    lines: &[PostedLine],
) -> Result<(), Problem> {
    let now = Utc::now();
    let mut ours = payments::posted_between(tx, biller.id, from, to)?;
    let own = (ours.len() as i64, ours.values().sum());
    let theirs = (lines.len() as i64, lines.iter().map(|line| line.fen).sum());
    let mut differences = 0;
    for line in lines {
        let id = line.key.to_ascii_lowercase().parse::<Id>().ok();
        let mine = id.and_then(|id| ours.remove(&id));
        // What was posted around midnight stands in the other side's neighbouring day.
        let known = match (mine, id) {
            (Some(fen), _) => Some(fen),
            (None, Some(id)) => payments::get(tx, id)?
                .filter(|one| one.biller == biller.id && one.payment.posted)
                .map(|one| one.payment.fen),
            (None, None) => None,
        };
        let kind = match known {
            Some(fen) if fen == line.fen => continue,
            Some(_) => "amount",
            None => "unknown-there",
        };
        differences += 1;
        let told = format!("{day} {}: {} fen", line.bill, line.fen);
        except(tx, app, kind, (biller.id, id.unwrap_or_default()), &told, now)?;
    }
    for id in ours.into_keys() {
        differences += 1;
        except(tx, app, "missing-there", (biller.id, id), day, now)?;
    }
    let one = Day { biller: biller.id, day: day.to_owned(), theirs, ours: own, differences };
    billers::put_day(tx, &one, now)?;
    let entry = entry(app, &Actor::system(), "bills.day-compared", now).on("biller", biller.id);
    Ok(journal::record(tx, &entry.why(day, &[]))?)
}

/// Actions that an exception allows.
pub fn actions(kind: &str) -> &'static [&'static str] {
    match kind {
        "contradicts" => &["was-taken", "was-not-taken", "struck", "leave"],
        "missing-there" | "give-back" => &["give-back", "leave"],
        "refund" => &["retry", "leave"],
        _ => &["leave"],
    }
}

/// An official asks that a posted payment is given back, for the biller said so.
///
/// # Errors
/// [`Refused::NotNow`] unless the biller has it.
pub async fn ask_give_back(
    app: &App,
    actor: &Actor,
    payment: Id,
    why: &str,
) -> Result<(), Problem> {
    let why = crate::payments::service::release::reason(why)?;
    let (shared, actor, now, id) = (app.clone(), actor.clone(), Utc::now(), app.id());
    app.db
        .write(move |tx| {
            let one = payments::get(tx, payment)?.ok_or_else(Problem::not_found)?;
            if one.payment.state != State::Done {
                return Err(Refused::NotNow.into());
            }
            if payments::open(tx, id, "give-back", (one.biller, payment), &why, now)? {
                payments::ask(tx, id, "give-back", actor.account, &actor.name)?;
            }
            let entry = entry(&shared, &actor, "bills.give-back-asked", now).about(one.person);
            Ok(journal::record(tx, &entry.on("bill-payment", payment).why(&why, &[]))?)
        })
        .await
}

/// An official asks for an action.
///
/// # Errors
/// [`Refused::NotNow`] when the exception does not allow it.
pub async fn ask(app: &App, actor: &Actor, id: Id, action: &str) -> Result<(), Problem> {
    let (shared, actor, now, action) = (app.clone(), actor.clone(), Utc::now(), action.to_owned());
    app.db
        .write(move |tx| {
            let one = payments::exception(tx, id)?.ok_or_else(Problem::not_found)?;
            if one.state != "open" || !actions(&one.kind).contains(&action.as_str()) {
                return Err(Refused::NotNow.into());
            }
            payments::ask(tx, id, &action, actor.account, &actor.name)?;
            let entry = entry(&shared, &actor, "bills.exception-asked", now);
            Ok(journal::record(tx, &entry.on("bill-exception", id).why(&action, &[]))?)
        })
        .await
}

/// Another official decides; with yes the action is carried out.
///
/// # Errors
/// [`Refused::OwnWork`], [`Refused::NotNow`].
pub async fn decide(app: &App, actor: &Actor, id: Id, yes: bool) -> Result<(), Problem> {
    let (shared, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let one = payments::exception(tx, id)?.ok_or_else(Problem::not_found)?;
            if one.state != "asked" {
                return Err(Refused::NotNow.into());
            }
            if one.asked_by == Some(actor.account) {
                return Err(Refused::OwnWork.into());
            }
            payments::decide(tx, id, yes, actor.account, &actor.name, now)?;
            if yes {
                carry_out(tx, &shared, &actor, &one, now)?;
            }
            let entry = entry(&shared, &actor, "bills.exception-decided", now);
            let word = if yes { one.action.as_str() } else { "no" };
            Ok(journal::record(tx, &entry.on("bill-exception", id).why(word, &[]))?)
        })
        .await
}

fn carry_out(
    tx: &mut Tx<'_>,
    app: &App,
    actor: &Actor,
    one: &Exception,
    now: Utc,
) -> Result<(), Problem> {
    let event = match one.action.as_str() {
        "was-taken" => Event::WasTaken,
        "was-not-taken" => Event::WasNotTaken,
        "give-back" => Event::GiveBack,
        "struck" => {
            // The biller struck it out, so both hold: it has nothing, and nothing was taken.
            let payment = payments::get(tx, one.payment)?.ok_or_else(Problem::not_found)?;
            let payment = happen(tx, app, actor, &payment, Event::Strike, now)?;
            return happen(tx, app, actor, &payment, Event::WasNotTaken, now).map(drop);
        }
        "retry" => {
            let payment = payments::get(tx, one.payment)?.ok_or_else(Problem::not_found)?;
            return Ok(payments::save(tx, &Stored { tries: 0, ..payment }, now, now)?);
        }
        _ => return Ok(()),
    };
    let payment = payments::get(tx, one.payment)?.ok_or_else(Problem::not_found)?;
    happen(tx, app, actor, &payment, event, now).map(drop)
}

/// What the office page shows.
#[derive(Clone, Debug)]
pub struct Figures {
    /// Billers.
    pub billers: Vec<Biller>,
    /// Biller, state, lines, fen.
    pub states: Vec<(Id, State, i64, i64)>,
    /// Account, as booked, as it stands.
    pub balances: Vec<(Account, i64, i64)>,
    /// Newest days.
    pub days: Vec<Day>,
    /// What waits.
    pub exceptions: Vec<Exception>,
}

/// Figures of all billers.
///
/// # Errors
/// See [`DbError`].
pub async fn figures(app: &App) -> Result<Figures, Problem> {
    let read = app.db.read(|tx| {
        Ok::<_, DbError>(Figures {
            billers: billers::all(tx)?,
            states: payments::figures(tx)?,
            balances: payments::balances(tx)?,
            days: billers::days(tx, 20)?,
            exceptions: payments::exceptions(tx, 100)?,
        })
    });
    Ok(read.await?)
}
