//! Finding duplicates: at registration, when a number is claimed twice, and over the whole register.

use std::collections::HashMap;

use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::jobs::Round;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;

use super::rules::{self, Ground, State};
use super::store::{self, Finding};
use crate::number::PersonNumber;
use crate::rules::{Person, Refused as NoPerson};

/// The most findings that one registration puts into the queue.
pub(crate) const MOST: usize = 8;

/// Looks for records that may be the same person, and puts them into the queue. `fresh` are unused ids,
/// two for each finding.
///
/// # Errors
/// See [`Problem`].
pub(crate) fn notice(
    tx: &mut Tx<'_>,
    person: &Person,
    entry: &Entry,
    fresh: &[Id],
) -> Result<usize, Problem> {
    let near = store::candidates(tx, person, &rules::slips(&person.number))?;
    let mut found: Vec<(Id, Ground)> = Vec::new();
    for other in &near {
        if let Some(ground) = rules::compare(person, other)
            && found.iter().all(|(id, _)| *id != other.id)
        {
            found.push((other.id, ground));
        }
    }
    let mut put = 0;
    for ((other, ground), ids) in found.iter().zip(fresh.chunks_exact(2)) {
        put += usize::from(report(tx, entry, [ids[0], ids[1]], (person.id, *other), *ground)?);
    }
    Ok(put)
}

fn report(
    tx: &mut Tx<'_>,
    entry: &Entry,
    ids: [Id; 2],
    pair: (Id, Id),
    ground: Ground,
) -> Result<bool, Problem> {
    let ordered = (pair.0.max(pair.1), pair.0.min(pair.1));
    if store::known(tx, &[ordered])?.contains(&ordered) {
        return Ok(false);
    }
    store::put(tx, ids[0], pair, ground, entry.at)?;
    let entry = Entry { id: ids[1], act: "duplicate.found", basis: "Art. 5", ..entry.clone() };
    let entry = entry.about(pair.0).on("duplicate", ids[0]);
    journal::record(tx, &entry.why(ground.code(), &["name", "number", "birth_date"]))?;
    Ok(true)
}

/// A number was claimed for `person` that leads to somebody else: the two go into the queue.
///
/// # Errors
/// See [`Problem`].
pub(crate) async fn report_number(
    app: &Platform,
    actor: &Actor,
    person: Id,
    number: PersonNumber,
) -> Result<(), Problem> {
    let entry = Entry::new(app.id(), Utc::now(), actor, "duplicate.found", "Art. 5");
    let ids = [app.id(), app.id()];
    app.db
        .write(move |tx| {
            let person = crate::records::living(tx, person)?.ok_or(NoPerson::Unknown)?;
            if let Some(other) = crate::store::by_number(tx, &number)?
                && other.id != person
            {
                report(tx, &entry, ids, (person, other.id), Ground::SameNumber)?;
            }
            Ok(())
        })
        .await
}

/// People looked at in one transaction.
const PAGE: i64 = 500;
/// Pages in one round of the job: it goes on where it stopped, and then begins anew.
const PAGES: usize = 200;

/// Looks over the register page by page; memory stays that of one page.
pub fn scan(app: App) -> Round {
    Box::pin(async move {
        let (mut found, mut pages) = (0, 0);
        while pages < PAGES {
            let Some(new) = scan_page(&app).await? else { break };
            found += new;
            pages += 1;
        }
        Ok(format!("{found} found in {pages} pages"))
    })
}

/// Looks over the next page; `None` at the end of the register, after which it begins anew.
///
/// # Errors
/// See [`Problem`].
pub async fn scan_page(app: &App) -> Result<Option<usize>, Problem> {
    let (until, found) = app.db.read(look_over_page).await?;
    let Some(until) = until else {
        app.db.housekeeping(|tx| store::set_scanned(tx, Id(0))).await?;
        return Ok(None);
    };
    let mut put = 0;
    for set in found.chunks(PAGE as usize) {
        let set = set.to_vec();
        let fresh: Vec<[Id; 2]> = set.iter().map(|_| [app.id(), app.id()]).collect();
        let (now, system) = (Utc::now(), Actor::system());
        let entry = Entry::new(app.id(), now, &system, "duplicate.found", "Art. 5");
        let write = move |tx: &mut Tx<'_>| {
            let mut new = 0;
            for ((a, b, ground), ids) in set.iter().zip(&fresh) {
                new += usize::from(report(tx, &entry, *ids, (*a, *b), *ground)?);
            }
            Ok::<_, Problem>(new)
        };
        put += app.db.write(write).await?;
    }
    app.db.housekeeping(move |tx| store::set_scanned(tx, until)).await?;
    Ok(Some(put))
}

type Page = (Option<Id>, Vec<(Id, Id, Ground)>);

fn look_over_page(tx: &mut Tx<'_>) -> Result<Page, Problem> {
    let after = store::scanned(tx)?;
    let Some(until) = store::page_end(tx, after, PAGE)? else { return Ok((None, Vec::new())) };
    let pairs = store::pairs(tx, after, until)?;
    let known = store::known(tx, &pairs)?;
    let mut ids: Vec<Id> = pairs.iter().flat_map(|pair| [pair.0, pair.1]).collect();
    ids.sort_unstable();
    ids.dedup();
    let people = crate::store::by_ids(tx, &ids)?;
    let people: HashMap<Id, Person> = people.into_iter().map(|one| (one.id, one)).collect();
    let of = |id: Id| people.get(&id);
    let compared = pairs
        .into_iter()
        .filter(|pair| !known.contains(pair))
        .filter_map(|(a, b)| Some((a, b, rules::compare(of(a)?, of(b)?)?)));
    Ok((Some(until), compared.collect()))
}

/// Findings of a state, oldest first.
///
/// # Errors
/// See [`Problem`].
pub async fn queue(app: &Platform, state: State, after: Id) -> Result<Vec<Finding>, Problem> {
    app.db.read(move |tx| Ok(store::queue(tx, state, after, 50)?)).await
}

/// A finding with both records as they are; the look is journalled for both.
///
/// # Errors
/// There is no such finding, or the database's word.
pub async fn side_by_side(
    app: &Platform,
    actor: &Actor,
    id: Id,
) -> Result<(Finding, Person, Person), Problem> {
    let entries =
        [app.id(), app.id()].map(|id| Entry::new(id, Utc::now(), actor, "person.read", "Art. 5"));
    app.db
        .write(move |tx| {
            let finding = store::by_id(tx, id)?.ok_or_else(Problem::not_found)?;
            let mut people = Vec::new();
            for (entry, record) in entries.iter().zip([finding.low, finding.high]) {
                let person = crate::store::record(tx, record)?.ok_or(NoPerson::Unknown)?;
                let entry = entry.clone().about(record).on("duplicate", id);
                let why = "核查重复登记 / review of duplicates";
                journal::record(tx, &entry.why(why, &crate::service::CLERK_FIELDS))?;
                people.push(person);
            }
            let (Some(high), Some(low)) = (people.pop(), people.pop()) else {
                return Err(Problem::not_found());
            };
            Ok((finding, low, high))
        })
        .await
}
