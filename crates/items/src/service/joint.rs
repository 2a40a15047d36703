//! The other region's part of the joint list, when its word comes by signed message (Art. 14).

use kernel::actor::Actor;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::time::Utc;

use super::of_version;
use super::steps::{Whose, stop, take};
use crate::rules::workflow::Said;
use crate::rules::{Item, List, Refused, State};
use crate::store;

/// Takes a step of the joint list with the word of the other region, named as its people call it. The
/// list in memory follows within a second.
///
/// # Errors
/// The step is none of the joint list, was taken, or publishing would come too late.
pub async fn hear(app: &Platform, region: &str, step: Id, said: Said) -> Result<Item, Problem> {
    let region = Actor { name: region.to_owned(), ..Actor::system() };
    take(app, &region, step, said, Whose::Theirs).await
}

/// A version of the joint list that is not in force in both regions is in force in neither: before its
/// first day it leaves the list and the version before it stays; after that it is suspended.
///
/// # Errors
/// [`Refused::NotListed`] when it is no published version of the joint list.
pub async fn call_off(app: &Platform, version: Id, why: &'static str) -> Result<(), Problem> {
    let (now, id) = (Utc::now(), app.id());
    let entry = Entry::new(app.id(), now, &Actor::system(), "item.called-off", "Art. 14");
    app.db
        .write(move |tx| {
            let item = store::version(tx, version)?.ok_or(Refused::NotListed)?;
            if item.list != List::Joint || item.state != State::Published {
                return Err(Refused::NotListed.into());
            }
            if item.from > now.day() {
                store::reject(tx, item.id)?;
                store::reopen(tx, item.id)?;
            } else {
                stop(tx, id, &item.code, why, (Actor::system().account, now))?;
            }
            Ok::<_, Problem>(journal::record(tx, &of_version(&entry.clone().why(why, &[]), &item))?)
        })
        .await
}
