//! Account numbers that holders keep: looked up at the biller, kept with a nickname, looked up again.

use kernel::actor::Actor;
use kernel::db::DbError;
use kernel::id::Id;
use kernel::journal;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;

use super::{blocking, entry};
use crate::bills::port::{Answer, BillLine, Billers, Request, Told};
use crate::bills::rules::{Refused, is_account, mask, nickname};
use crate::bills::store::accounts::{self, Bill, Kept, Standing};
use crate::bills::store::billers::{self, Biller};
use crate::bills::store::payments::{self, Stored};

/// Account numbers that one person keeps.
pub const MOST_KEPT: usize = 12;

/// Everything on a holder's page.
#[derive(Clone, Debug)]
pub struct Own {
    /// What he keeps.
    pub kept: Vec<Kept>,
    /// What is to be paid.
    pub bills: Vec<Bill>,
    /// Authorisations.
    pub mandates: Vec<Standing>,
    /// Newest payments.
    pub payments: Vec<Stored>,
    /// Billers that take part.
    pub billers: Vec<Biller>,
    /// Last digits of the account that would be debited; none when there is none in order.
    pub pays_from: Option<String>,
}

/// What a holder sees of his bills; a read by somebody else is journalled as well.
///
/// # Errors
/// See [`Problem`].
pub async fn own(app: &App, actor: &Actor, person: Id) -> Result<Own, Problem> {
    let (shared, actor, now) = (app.clone(), actor.clone(), Utc::now());
    app.db
        .write(move |tx| {
            let entry = entry(&shared, &actor, "bills.read", now).about(person);
            journal::record(tx, &entry.why("缴费 / bills", &["bills"]))?;
            Ok::<_, Problem>(Own {
                kept: accounts::of_person(tx, person)?,
                bills: accounts::open_bills(tx, person)?,
                mandates: accounts::mandates(tx, person)?,
                payments: payments::of_person(tx, person, 24)?,
                billers: billers::all(tx)?,
                pays_from: super::pay::account(tx, person)?.map(|account| account.last_four),
            })
        })
        .await
}

/// The key of a look-up: the same question within ten minutes is the same question.
fn lookup_key(biller: Id, number: &str, now: Utc) -> String {
    let text = format!("{biller} {number} {}", now.seconds() / 600);
    format!("L{}", &hex::encode(seal::sm3::sm3(text.as_bytes()))[..30])
}

/// Asks a biller for the open bills of an account.
pub(crate) async fn look_up(
    ports: &Billers,
    biller: &Biller,
    number: &str,
) -> Result<(String, Vec<BillLine>), Problem> {
    let port = ports(&biller.code).map_err(DbError::Unavailable)?.ok_or(Refused::NoAnswer)?;
    let key = lookup_key(biller.id, number, Utc::now());
    let request = Request::Lookup { account: number.to_owned() };
    match blocking(move || port.ask(&key, &request)).await? {
        Told::Answer(Answer::Account { name, bills }) => Ok((name, bills)),
        Told::Answer(Answer::NoAccount) => Err(Refused::NoAccount.into()),
        Told::Answer(_) | Told::Unknown(_) => Err(Refused::NoAnswer.into()),
    }
}

fn bills_of(app: &Platform, kept: &Kept, lines: &[BillLine]) -> Vec<Bill> {
    let bill = |line: &BillLine| Bill {
        person: kept.person,
        id: app.id(),
        account: kept.id,
        biller: kept.biller,
        number: line.number.clone(),
        period: line.period.clone(),
        fen: line.fen,
        due_on: line.due_on.clone(),
        told_on: None,
        declined: false,
    };
    lines.iter().map(bill).collect()
}

/// Keeps an account number for a person; the biller is asked first, and only what it knows is kept.
///
/// # Errors
/// [`Refused`]: form, unknown, no answer, kept already, too many.
pub async fn keep(
    app: &App,
    ports: &Billers,
    actor: &Actor,
    person: Id,
    (biller, number, name): (Id, &str, &str),
) -> Result<Id, Problem> {
    let number = number.trim().to_ascii_uppercase();
    if !is_account(&number) {
        return Err(Refused::AccountForm.into());
    }
    let nickname = nickname(name)?;
    let biller = app.db.read(move |tx| billers::get(tx, biller)).await?;
    let biller = biller.ok_or_else(Problem::not_found)?;
    if biller.state != "open" {
        return Err(Refused::BillerClosed.into());
    }
    let (said, lines) = look_up(ports, &biller, &number).await?;
    let (shared, actor, id) = (app.clone(), actor.clone(), app.id());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let known = accounts::of_person(tx, person)?;
            if known.len() >= MOST_KEPT {
                return Err(Problem::from(Refused::TooMany));
            }
            let tail = mask(&number);
            let same = known.iter().filter(|one| one.biller == biller.id && one.tail == tail);
            for one in same.cloned().collect::<Vec<_>>() {
                if accounts::number(tx, &shared.keys, &one)? == number {
                    return Err(Refused::Kept.into());
                }
            }
            let kept = Kept {
                person,
                id,
                biller: biller.id,
                tail,
                nickname: nickname.clone(),
                said: said.clone(),
                looked_at: now,
            };
            accounts::keep(tx, &shared.keys, &kept, &number)?;
            accounts::put_bills(tx, &kept, &bills_of(&shared, &kept, &lines), &said, now)?;
            let entry = entry(&shared, &actor, "bills.kept", now).about(person);
            Ok::<_, Problem>(journal::record(tx, &entry.on("bill-account", id))?)
        })
        .await?;
    Ok(id)
}

/// Looks an account up again.
///
/// # Errors
/// [`Refused::NoAnswer`], [`Refused::NoAccount`].
pub async fn look_again(
    app: &App,
    ports: &Billers,
    actor: &Actor,
    person: Id,
    account: Id,
) -> Result<(), Problem> {
    let shared = app.clone();
    let found = app
        .db
        .read(move |tx| {
            let kept = accounts::get(tx, person, account)?.ok_or_else(Problem::not_found)?;
            let number = accounts::number(tx, &shared.keys, &kept)?;
            let biller = billers::get(tx, kept.biller)?.ok_or_else(Problem::not_found)?;
            Ok::<_, Problem>((kept, number, biller))
        })
        .await?;
    let (kept, number, biller) = found;
    let (said, lines) = look_up(ports, &biller, &number).await?;
    let (shared, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            accounts::put_bills(tx, &kept, &bills_of(&shared, &kept, &lines), &said, now)?;
            let entry = entry(&shared, &actor, "bills.looked-up", now).about(person);
            Ok::<_, Problem>(journal::record(tx, &entry.on("bill-account", kept.id))?)
        })
        .await
}

/// Renames an account number, or with `None` removes it; an authorisation is cancelled with it.
///
/// # Errors
/// [`Refused::Nickname`]; not found when it is another's.
pub async fn change(
    app: &App,
    actor: &Actor,
    person: Id,
    account: Id,
    name: Option<&str>,
) -> Result<(), Problem> {
    let name = name.map(nickname).transpose()?;
    let (shared, actor) = (app.clone(), actor.clone());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let kept = accounts::get(tx, person, account)?.ok_or_else(Problem::not_found)?;
            match &name {
                Some(name) => accounts::rename(tx, &kept, name)?,
                None => {
                    super::mandates::cancel_of(tx, person, account, now)?;
                    accounts::forget(tx, &kept)?;
                }
            }
            let entry = entry(&shared, &actor, "bills.account-changed", now).about(person);
            Ok::<_, Problem>(journal::record(tx, &entry.on("bill-account", account))?)
        })
        .await
}
