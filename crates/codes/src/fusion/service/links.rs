//! Links of foreign numbers to their holder: by the department in sets, by the holder with proof.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::Utc;
use people::number::{PersonNumber, Strictness};
use serde::Deserialize;
use time::Date;

use super::gateway::Gateway;
use super::{own_scheme, read_day, read_maybe_day};
use crate::fusion::decoders::Proof;
use crate::fusion::rules::{self, NotOpened, Refused, Scheme};
use crate::fusion::store::links::{self, Link};
use crate::fusion::store::schemes;

/// The most links of one set.
pub const MOST: usize = 200;
/// What a link changes of a person's data, for the journal.
const FIELDS: &[&str] = &["linked_card"];

/// One link as a department sends it.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// Number of the person (社会保障号码).
    pub person: String,
    /// Number of the card: 6 to 32 digits and capital letters.
    pub number: String,
    /// First day, today at the latest.
    pub from: String,
    /// Last day; may be left out.
    #[serde(default)]
    pub until: String,
}

/// What became of one link of a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    /// It is linked now.
    Linked,
    /// It was linked to this person before.
    Known,
    /// Nobody with this person number is registered.
    UnknownPerson,
    /// It is refused.
    Refused(Refused),
}

/// The keyed digest of a number: whoever has the database alone cannot find a card by its number.
pub(super) fn digest(app: &Platform, scheme: &str, number: &str) -> Result<[u8; 32], DbError> {
    let mac = app.keys.store().mac("digest", &rules::digest_input(scheme, number));
    mac.map_err(|error| DbError::Unavailable(error.to_string()))
}

struct Wanted {
    person: Option<PersonNumber>,
    number: String,
    digest: [u8; 32],
    days: Option<(Date, Option<Date>)>,
    link: Id,
    entry: Id,
}

fn read(app: &Platform, scheme: &str, new: &NewLink, today: Date) -> Result<Wanted, Problem> {
    let days = read_day(&new.from, "from")
        .and_then(|from| Ok((from, read_maybe_day(&new.until, "until")?)))
        .ok()
        .filter(|(from, until)| rules::check_days(*from, *until, today).is_ok());
    let parsed = PersonNumber::parse(&new.person, today, Strictness::Checked);
    Ok(Wanted {
        person: parsed.ok().map(|parsed| parsed.number),
        number: new.number.clone(),
        digest: digest(app, scheme, &new.number)?,
        days,
        link: app.id(),
        entry: app.id(),
    })
}

/// Links a set of numbers of a department's card; each is answered by itself.
///
/// # Errors
/// The card is somebody else's or not open, or there are too many.
pub async fn add(
    app: &App,
    actor: &Actor,
    code: &str,
    set: &[NewLink],
) -> Result<Vec<Done>, Problem> {
    if !(1..=MOST).contains(&set.len()) {
        return Err(Refused::TooMany.into());
    }
    let now = Utc::now();
    let wanted: Result<Vec<Wanted>, Problem> =
        set.iter().map(|new| read(app, code, new, now.day())).collect();
    let (wanted, actor, code, entry_id) = (wanted?, actor.clone(), code.to_owned(), app.id());
    app.db
        .write(move |tx| {
            let scheme = open_scheme(tx, &actor, &code)?;
            let mut done = Vec::with_capacity(wanted.len());
            for one in &wanted {
                done.push(add_one(tx, &actor, &scheme, one, now)?);
            }
            let entry = Entry::new(entry_id, now, &actor, "fusion.links-sent", "Art. 16, 18");
            let said = format!("{} {}", scheme.code, done.len());
            journal::record(tx, &entry.on("fusion-scheme", scheme.id).why(said, &[]))?;
            Ok(done)
        })
        .await
}

fn open_scheme(tx: &mut Tx<'_>, actor: &Actor, code: &str) -> Result<Scheme, Problem> {
    let scheme = own_scheme(tx, actor, code)?;
    if scheme.state.is_open() { Ok(scheme) } else { Err(Refused::NotNow.into()) }
}

fn add_one(
    tx: &mut Tx<'_>,
    actor: &Actor,
    scheme: &Scheme,
    wanted: &Wanted,
    now: Utc,
) -> Result<Done, Problem> {
    if let Err(refused) = rules::check_number(&wanted.number) {
        return Ok(Done::Refused(refused));
    }
    let Some((from, until)) = wanted.days else { return Ok(Done::Refused(Refused::Days)) };
    let person = match &wanted.person {
        Some(number) => people::store::by_number(tx, number)?,
        None => None,
    };
    let Some(person) = person else { return Ok(Done::UnknownPerson) };
    let link = Link {
        person: person.id,
        id: wanted.link,
        scheme: scheme.id,
        digest: wanted.digest.to_vec(),
        last_four: rules::last_four(&wanted.number).to_owned(),
        from,
        until,
        source: "department".to_owned(),
        linked_at: now,
        ended_at: None,
    };
    let entry = Entry::new(wanted.entry, now, actor, "fusion.linked", "Art. 16");
    take(tx, &link, scheme, entry, now)
}

/// Gives the number to its holder, or says whose it is: this person's or somebody else's.
fn take(
    tx: &mut Tx<'_>,
    link: &Link,
    scheme: &Scheme,
    entry: Entry,
    now: Utc,
) -> Result<Done, Problem> {
    if !links::take(tx, link, now.day())? {
        let owner = links::owner(tx, &link.digest, now.day())?;
        let known = owner.is_some_and(|owner| owner.person == link.person);
        return Ok(if known { Done::Known } else { Done::Refused(Refused::NumberTaken) });
    }
    let entry = entry.about(link.person).on("fusion-link", link.id);
    journal::record(tx, &entry.why(format!("{} {}", scheme.code, scheme.name.zh), FIELDS))?;
    Ok(Done::Linked)
}

/// A holder links a card by showing its signed code: that proves that it is in his hand.
///
/// # Errors
/// The code is none of a registered format, is not signed, was shown before, or its number is
/// somebody else's.
pub async fn link_by_code(gateway: &Gateway, holder: &Actor, text: &str) -> Result<Done, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let now = Utc::now();
    let read = gateway.read(text.trim(), now).await?;
    let (scheme, decoded) = read.decoded.map_err(|no| Problem::refused(&no))?;
    if !scheme.state.is_open() {
        return Err(Problem::refused(&NotOpened::NotInForce));
    }
    let app = gateway.app();
    let (shown, until) =
        decoded.shown.filter(|_| decoded.proof == Proof::Code).ok_or(Refused::NoProof)?;
    rules::check_number(&decoded.number)?;
    let link = Link {
        person,
        id: app.id(),
        scheme: scheme.id,
        digest: digest(app, &scheme.code, &decoded.number)?.to_vec(),
        last_four: rules::last_four(&decoded.number).to_owned(),
        from: now.day(),
        until: None,
        source: "holder".to_owned(),
        linked_at: now,
        ended_at: None,
    };
    let entry = Entry::new(app.id(), now, holder, "fusion.linked", "Art. 16");
    app.db
        .write(move |tx| {
            if !links::show(tx, &shown, Utc(until * Utc::SECOND))? {
                return Err(Problem::refused(&NotOpened::Replayed));
            }
            match take(tx, &link, &scheme, entry.clone(), now)? {
                Done::Refused(refused) => Err(refused.into()),
                Done::Known => {
                    // The display counts as used, and that is a change too.
                    let known = Entry { act: "fusion.known", ..entry.clone() };
                    journal::record(tx, &known.about(person).why(&*scheme.code, FIELDS))?;
                    Ok(Done::Known)
                }
                done => Ok(done),
            }
        })
        .await
}

/// A holder ends a link: the number is free at once.
///
/// # Errors
/// [`Refused::NoSuchLink`].
pub async fn end_own(app: &App, holder: &Actor, link: Id) -> Result<(), Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    let (holder, entry_id) = (holder.clone(), app.id());
    app.db
        .write(move |tx| {
            let now = Utc::now();
            let own = links::of_person(tx, person)?;
            let open = own.iter().find(|known| known.id == link && known.ended_at.is_none());
            let open = open.ok_or(Refused::NoSuchLink)?;
            links::end(tx, person, open.id, now)?;
            let code = schemes::by_id(tx, open.scheme)?.map(|s| s.code).unwrap_or_default();
            let entry = Entry::new(entry_id, now, &holder, "fusion.unlinked", "Art. 16, 19");
            let entry = entry.about(person).on("fusion-link", link);
            Ok(journal::record(tx, &entry.why(code, FIELDS))?)
        })
        .await
}

/// A department ends links of its card by number: a card was returned, lost or given to another.
/// Tells for each whether it was linked.
///
/// # Errors
/// The card is somebody else's, or there are too many.
pub async fn end_set(
    app: &App,
    actor: &Actor,
    code: &str,
    numbers: &[String],
) -> Result<Vec<bool>, Problem> {
    if !(1..=MOST).contains(&numbers.len()) {
        return Err(Refused::TooMany.into());
    }
    let digests: Result<Vec<[u8; 32]>, DbError> =
        numbers.iter().map(|number| digest(app, code, number)).collect();
    let entries: Vec<Id> = numbers.iter().map(|_| app.id()).collect();
    let (digests, actor, code, entry_id) = (digests?, actor.clone(), code.to_owned(), app.id());
    app.db
        .write(move |tx| {
            let (now, scheme) = (Utc::now(), own_scheme(tx, &actor, &code)?);
            let mut ended = Vec::with_capacity(digests.len());
            for (digest, id) in digests.iter().zip(&entries) {
                let owner = links::owner(tx, digest, now.day())?;
                ended.push(owner.is_some());
                let Some(owner) = owner else { continue };
                links::end(tx, owner.person, owner.link, now)?;
                let entry = Entry::new(*id, now, &actor, "fusion.unlinked", "Art. 16");
                let entry = entry.about(owner.person).on("fusion-link", owner.link);
                journal::record(tx, &entry.why(&*scheme.code, FIELDS))?;
            }
            let entry = Entry::new(entry_id, now, &actor, "fusion.links-ended", "Art. 16, 18");
            let said = format!("{} {}", scheme.code, ended.len());
            journal::record(tx, &entry.on("fusion-scheme", scheme.id).why(said, &[]))?;
            Ok(ended)
        })
        .await
}

/// What a holder sees of his links, newest first, with the cards.
///
/// # Errors
/// See [`Problem`].
pub async fn own(app: &App, holder: &Actor) -> Result<Vec<(Link, Scheme)>, Problem> {
    let person = holder.person.ok_or_else(Problem::forbidden)?;
    app.db
        .read(move |tx| {
            let all = schemes::all(tx)?;
            let scheme = |id: Id| all.iter().find(|scheme| scheme.id == id).cloned();
            let links = links::of_person(tx, person)?.into_iter();
            Ok(links
                .filter_map(|link| Some((scheme(link.scheme)?, link)))
                .map(|(s, l)| (l, s))
                .collect())
        })
        .await
}

/// One round: frees numbers after their last day and forgets displays after their time.
///
/// # Errors
/// See [`Problem`].
pub async fn expire(app: App) -> Result<String, Problem> {
    let sweep = |tx: &mut Tx<'_>| links::sweep(tx, Utc::now());
    let (numbers, shown) = app.db.housekeeping::<_, DbError>(sweep).await?;
    Ok(format!("{numbers} numbers, {shown} displays"))
}
