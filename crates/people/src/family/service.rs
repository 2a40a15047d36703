//! Use cases of the family service.

use kernel::actor::Actor;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::Utc;
use serde::Deserialize;
use time::Date;

use super::rules::{self, Link, RELATIONS, Refused};
use super::store;
use crate::number::{PersonNumber, Strictness};
use crate::representatives::{self, Claim, rules::Kind};
use crate::rules::{Person, Refused as NoPerson};
use crate::{pinyin, records};

/// A relative as a holder names him.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct NewLink {
    /// His name as on his card.
    pub name: String,
    /// His number.
    pub number: String,
    /// Code of the relation: `child`, `parent`, `spouse`, `grandparent`, `other`.
    pub relation: String,
}

/// A link with the two people's names.
#[derive(Clone, Debug)]
pub struct Named {
    /// The link.
    pub link: Link,
    /// Masked name of the other side.
    pub name: String,
    /// Whether the other side asked and the reader may say yes.
    pub to_confirm: bool,
    /// Whether the reader keeps the other side's card (and not the reverse).
    pub mine: bool,
}

/// All live links of a person: those he asked for, and those in which he is the relative.
///
/// # Errors
/// See [`DbError`].
pub fn links_of(tx: &mut Tx<'_>, person: Id) -> Result<Vec<Link>, DbError> {
    let records = records::of(tx, person)?;
    let mut links = store::asked_by(tx, &records)?;
    links.extend(store::asked_of(tx, &records)?);
    Ok(links)
}

/// Whether a holder may show the card of a relative today.
///
/// # Errors
/// [`Refused`] as a problem, or the database's word.
pub fn may_show(tx: &mut Tx<'_>, holder: Id, relative: Id, today: Date) -> Result<Link, Problem> {
    let relative = crate::store::by_id(tx, relative)?.ok_or(NoPerson::Unknown)?;
    let (mine, theirs) = (records::of(tx, holder)?, records::of(tx, relative.id)?);
    let links = store::asked_by(tx, &mine)?;
    let link = links.into_iter().find(|link| theirs.contains(&link.relative));
    let link = link.ok_or(Refused::NotLinked)?;
    rules::shows(&link, &relative, today)?;
    Ok(link)
}

/// Asks for a link. A minor's begins at once for his registered guardian; anybody else says yes
/// himself.
///
/// # Errors
/// [`Refused`] as a problem, or a relation that does not exist.
pub async fn ask(app: &Platform, actor: &Actor, form: NewLink) -> Result<Link, Problem> {
    let holder = actor.person.ok_or_else(Problem::forbidden)?;
    let (now, id) = (Utc::now(), app.id());
    let today = now.day();
    let relation = RELATIONS.iter().find(|known| known.0 == form.relation);
    let relation = relation.ok_or_else(|| {
        Problem::field("relation", Text::new("请选择关系", "Choose the relation"))
    })?;
    let number = PersonNumber::parse(&form.number, today, Strictness::WithEvidence)
        .map_err(|_| Refused::NoSuchRelative)?
        .number;
    let name = pinyin::normalise_name(&form.name);
    let entries =
        [app.id(), app.id()].map(|id| Entry::new(id, now, actor, "family.asked", "Art. 7"));
    app.db
        .write(move |tx| {
            let holder = records::living(tx, holder)?.ok_or(NoPerson::Unknown)?;
            let relative = relative(tx, &number, &name)?;
            if relative.id == holder {
                return Err(Refused::Himself.into());
            }
            records::claim(tx, holder)?;
            let limit = settings::get(tx, &rules::LIMIT, now)?;
            let records = records::of(tx, holder)?;
            let links = store::asked_by(tx, &records)?;
            let theirs = records::of(tx, relative.id)?;
            if links.iter().any(|link| theirs.contains(&link.relative)) {
                return Err(Refused::LinkedAlready.into());
            }
            if links.len() as i64 >= limit {
                return Err(Refused::TooMany(limit).into());
            }
            let guardian = is_guardian(tx, &relative, holder, today)?;
            let at_once = rules::begins_at_once(&relative, guardian, today)?;
            let link = Link {
                person: holder,
                id,
                relative: relative.id,
                relation: relation.0.to_owned(),
                as_guardian: at_once,
                asked_at: now,
                confirmed_at: at_once.then_some(now),
            };
            store::insert(tx, &link).map_err(|error| match error {
                DbError::Unique(_) => Refused::LinkedAlready.into(),
                other => Problem::from(other),
            })?;
            for (entry, about) in entries.iter().zip([holder, relative.id]) {
                let entry = entry.clone().about(about).on("family-link", id);
                journal::record(tx, &entry.why("添加亲情关系 / family service", &["family"]))?;
            }
            Ok(link)
        })
        .await
}

/// Name and number must both fit, and a wrong one is told the same: the form is no register to query.
fn relative(tx: &mut Tx<'_>, number: &PersonNumber, name: &str) -> Result<Person, Problem> {
    let found = crate::store::by_number(tx, number)?.filter(|person| person.name == name);
    found.filter(|p| p.deceased_on.is_none()).ok_or_else(|| Refused::NoSuchRelative.into())
}

fn is_guardian(tx: &mut Tx<'_>, ward: &Person, holder: Id, today: Date) -> Result<bool, Problem> {
    let claim = Claim::Person(holder);
    let act = representatives::Act::Enquire;
    match representatives::may_act(tx, ward.id, &claim, act, today) {
        Ok(one) => Ok(one.kind == Kind::Guardian),
        Err(problem) if problem.status == 403 => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// The relative says yes from his own account.
///
/// # Errors
/// No such link that waits for him.
pub async fn confirm(app: &Platform, actor: &Actor, id: Id) -> Result<(), Problem> {
    change(app, actor, id, "family.confirmed", |link, mine| {
        link.confirmed_at.is_none() && mine.contains(&link.relative)
    })
    .await
}

/// Either side ends a link at once.
///
/// # Errors
/// No such link of his.
pub async fn end(app: &Platform, actor: &Actor, id: Id) -> Result<(), Problem> {
    change(app, actor, id, "family.ended", |_, _| true).await
}

async fn change(
    app: &Platform,
    actor: &Actor,
    id: Id,
    act: &'static str,
    may: fn(&Link, &[Id]) -> bool,
) -> Result<(), Problem> {
    let me = actor.person.ok_or_else(Problem::forbidden)?;
    let now = Utc::now();
    let entries = [app.id(), app.id()].map(|id| Entry::new(id, now, actor, act, "Art. 7"));
    app.db
        .write(move |tx| {
            let mine = records::of(tx, me)?;
            let link = links_of(tx, me)?.into_iter().find(|link| link.id == id);
            let link = link.filter(|link| may(link, &mine)).ok_or_else(Problem::not_found)?;
            match act {
                "family.confirmed" => store::confirm(tx, &link, now)?,
                _ => store::end(tx, &link, me, now)?,
            }
            for (entry, about) in entries.iter().zip([link.person, link.relative]) {
                let entry = entry.clone().about(about).on("family-link", id);
                journal::record(tx, &entry.why("亲情服务 / family service", &["family"]))?;
            }
            Ok(())
        })
        .await
}

/// The reader's links with the masked names of the other sides.
///
/// # Errors
/// See [`Problem`].
pub async fn mine(app: &Platform, actor: &Actor) -> Result<Vec<Named>, Problem> {
    let me = actor.person.ok_or_else(Problem::forbidden)?;
    app.db
        .read(move |tx| {
            let records = records::of(tx, me)?;
            let mut named = Vec::new();
            for link in links_of(tx, me)? {
                let mine = records.contains(&link.person);
                let other = if mine { link.relative } else { link.person };
                let name = crate::store::by_id(tx, other)?.map(|person| person.name);
                let name = crate::rules::mask_name(&name.unwrap_or_default());
                let to_confirm = !mine && link.confirmed_at.is_none();
                named.push(Named { link, name, to_confirm, mine });
            }
            Ok(named)
        })
        .await
}
