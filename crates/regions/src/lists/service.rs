//! Telling where we stand, hearing where they stand, and what follows.

use std::collections::HashMap;

use items::rules::Item;
use items::store::{Case, Taken};
use kernel::actor::Actor;
use kernel::db::Tx;
use kernel::journal::{self, Entry};
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::{Utc, parse_day};
use time::Date;

use super::rules::{Act, Mark, follow, other_of};
use super::store::{self, Heard};
use crate::rules::{Message, Refused};
use crate::service::messages::{self, Handler, New};
use crate::store as regions;

/// Takes the other side's word about an item of the joint list.
pub const HANDLER: Handler = Handler { kind: "list.stand", version: 1, run: take };

const PURPOSE: &str = "川渝清单共同编制 / the joint list";
const WEEK_S: i64 = 7 * 86_400;
/// How long a closed case is looked at: until both sides have surely begun.
const WINDOW_US: i64 = 120 * Utc::DAY;
/// More texts than a joint list has in a year: a region that goes on is not believed.
const MOST_TEXTS: i64 = 5_000;
/// How long a word is kept: longer than any case takes.
const KEPT_US: i64 = 400 * Utc::DAY;

fn take(tx: &mut Tx<'_>, app: &Platform, message: &Message, now: Utc) -> Result<(), Problem> {
    let mark: Mark =
        serde_json::from_value(message.body.clone()).map_err(|_| Refused::Unreadable)?;
    let joint = other_of(&app.config.region) == Some(message.from.as_str());
    let since = Utc(now.0 - KEPT_US);
    if !joint || !mark.is_plain() || store::count_since(tx, &message.from, since)? >= MOST_TEXTS {
        return Err(Refused::Unreadable.into());
    }
    let text = serde_json::to_string(&mark).expect("plain data");
    Ok(store::hear(tx, &message.from, &mark, &text, now)?)
}

/// Our case of an item with where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Ours {
    pub(crate) case: Case,
    pub(crate) item: Item,
    pub(crate) mark: Mark,
    pub(crate) waiting: Option<Taken>,
}

/// Both sides of the joint list, as they stand.
#[derive(Clone, Debug)]
pub(crate) struct Both {
    /// Code of the other region.
    pub(crate) region: &'static str,
    /// Its name.
    pub(crate) name: String,
    /// Our cases, oldest first.
    pub(crate) ours: Vec<Ours>,
    /// Their words, newest first.
    pub(crate) theirs: Vec<Heard>,
}

/// Both sides; `None` while the other region of the joint list is not trusted.
pub(crate) fn both(tx: &mut Tx<'_>, region: &str, now: Utc) -> Result<Option<Both>, Problem> {
    let Some(other) = other_of(region) else { return Ok(None) };
    let Some(known) = regions::trusted(tx, other)? else { return Ok(None) };
    let mut ours = Vec::new();
    for (case, steps) in items::store::joint_cases(tx, Utc(now.0 - WINDOW_US))? {
        let item = items::store::version(tx, case.version)?.ok_or_else(Problem::not_found)?;
        let mark = Mark::of(region, &case, &steps, &item);
        let waiting = steps.into_iter().find(|step| step.decision == "open");
        ours.push(Ours { case, item, mark, waiting });
    }
    let theirs = store::heard(tx, other)?;
    Ok(Some(Both { region: other, name: known.said.name, ours, theirs }))
}

/// Tells what changed here and does what follows from their words.
///
/// # Errors
/// Of the database; a step that cannot be taken now is tried again.
pub async fn round(app: &App, today: Date) -> Result<String, Problem> {
    let region = app.config.region.clone();
    let read = move |tx: &mut Tx<'_>| {
        let Some(both) = both(tx, &region, Utc::now())? else { return Ok(None) };
        let told = store::told(tx, both.region)?;
        Ok::<_, Problem>(Some((both, told.into_iter().collect::<HashMap<_, _>>())))
    };
    let Some((both, told)) = app.db.read(read).await? else { return Ok("0 told".to_owned()) };
    let mut count = 0;
    for ours in &both.ours {
        if is_news(&ours.mark, told.get(&ours.case.id)) {
            tell(app, both.region, ours).await?;
            count += 1;
        }
        // What they took back before we began is not about our case.
        let stale = |heard: &Heard| heard.mark.stand.is_gone() && heard.at < ours.case.opened_at;
        let same =
            |heard: &&Heard| heard.mark.is_same(&ours.mark) && !heard.settled && !stale(heard);
        if let Some(heard) = both.theirs.iter().find(same) {
            let own = (&ours.mark, ours.waiting.as_ref());
            if let Some(act) = follow(&app.config.region, own, &heard.mark, today) {
                carry_out(app, &both, ours, act).await?;
            }
        }
    }
    Ok(format!("{count} told"))
}

/// A case that came to its end is told once: what becomes of its version later is another case's matter.
pub(super) fn is_news(mark: &Mark, told: Option<&String>) -> bool {
    let Some(told) = told.and_then(|text| serde_json::from_str::<Mark>(text).ok()) else {
        return true;
    };
    match told.stand.is_last() {
        true => told.stand != mark.stand,
        false => told != *mark,
    }
}

async fn tell(app: &App, region: &'static str, ours: &Ours) -> Result<(), Problem> {
    let (sender, mark, case) = (app.clone(), ours.mark.clone(), ours.case.id);
    let entry = Entry::new(app.id(), Utc::now(), &Actor::system(), "list.told", "Art. 14")
        .on("item", &mark.code)
        .why(PURPOSE, &[]);
    app.db
        .write(move |tx| {
            let new = New {
                to: region.to_owned(),
                kind: HANDLER.kind,
                version: HANDLER.version,
                person_key: format!("list {}", mark.code),
                lifetime_s: WEEK_S,
                purpose: PURPOSE,
                basis: "Art. 14",
                journal: entry.id,
                body: serde_json::to_value(&mark).expect("plain data"),
            };
            messages::post(tx, &sender, &new, entry.at)?;
            let text = serde_json::to_string(&mark).expect("plain data");
            store::tell(tx, region, case, &text)?;
            Ok::<_, Problem>(journal::record(tx, &entry)?)
        })
        .await
}

/// What was overtaken meanwhile, by a person or another round, is looked at anew in the next one.
async fn carry_out(app: &App, both: &Both, ours: &Ours, act: Act) -> Result<(), Problem> {
    let done = match act {
        Act::Take(step, said) => items::service::hear(app, &both.name, step, said).await.map(drop),
        Act::CallOff(why) => call_off(app, both, ours, why).await,
    };
    if let Err(problem) = done {
        tracing::warn!(code = problem.code, item = ours.case.code, "the joint list waits");
    }
    Ok(())
}

async fn call_off(app: &App, both: &Both, ours: &Ours, why: &'static str) -> Result<(), Problem> {
    items::service::call_off(app, ours.item.id, why).await?;
    let (region, mark) = (both.region, ours.mark.clone());
    app.db.housekeeping(move |tx| store::settle(tx, region, &mark)).await?;
    Ok(())
}

/// Proposes here what the other side proposed there: the same text, to be decided by our own government.
///
/// # Errors
/// They proposed nothing of this code, or [`items::rules::Refused`].
pub(crate) async fn adopt(app: &App, actor: &Actor, code: &str) -> Result<(), Problem> {
    let region = other_of(&app.config.region).ok_or_else(Problem::not_found)?;
    let code = code.to_owned();
    let read = move |tx: &mut Tx<'_>| {
        let heard = store::heard(tx, region)?;
        Ok::<_, Problem>(heard.into_iter().find(|heard| heard.mark.code == code))
    };
    let heard = app.db.read(read).await?.ok_or_else(Problem::not_found)?;
    match heard.mark.proposal() {
        Some(typed) => items::service::propose(app, actor, &typed).await.map(drop),
        None => {
            parse_day(&heard.mark.last).ok_or_else(Problem::not_found)?;
            let (code, last) = (&heard.mark.code, &heard.mark.last);
            items::service::withdraw(app, actor, code, last).await.map(drop)
        }
    }
}
