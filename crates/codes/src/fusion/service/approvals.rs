//! Decisions by a second person (Art. 25): the maker never checks.

use std::sync::Arc;

use items::catalogue::Catalogue;
use items::rules::Item;
use kernel::actor::Actor;
use kernel::approval::{self, Approval};
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::Utc;
use kernel::work::{self, Waiting};

use super::{formats, plans, schemes};
use crate::fusion::rules::{Refused, State};
use crate::fusion::store;

/// A card or code to be registered.
pub(super) const SCHEME: &str = "fusion.scheme";
/// A plan to be put in force.
pub(super) const PLAN: &str = "fusion.plan";
/// A code format to be read.
pub(super) const FORMAT: &str = "fusion.format";
/// A key to be trusted.
pub(super) const KEY: &str = "fusion.key";

const KINDS: [&str; 4] = [SCHEME, PLAN, FORMAT, KEY];

/// All decisions that wait, oldest first of each kind.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting(app: &App) -> Result<Vec<Approval>, Problem> {
    app.db
        .read(|tx| {
            let mut all = Vec::new();
            for kind in KINDS {
                all.extend(approval::open(tx, kind)?);
            }
            Ok(all)
        })
        .await
}

/// Decides, and carries out what was decided.
///
/// # Errors
/// The checker made it himself (Art. 25), it was decided already, a no without a word, or it does not
/// hold any more against the list of today.
pub async fn decide(
    app: &App,
    catalogue: &Catalogue,
    checker: &Actor,
    id: Id,
    yes: bool,
    comment: &str,
) -> Result<(), Problem> {
    let comment = comment.trim().to_owned();
    if (!yes && comment.is_empty()) || comment.chars().count() > 300 {
        return Err(Refused::NoComment.into());
    }
    let (now, checker, entry_id) = (Utc::now(), checker.clone(), app.id());
    let items = catalogue.on(now.day());
    app.db
        .write(move |tx| {
            let approval = approval::decide(tx, id, &checker, yes, &comment, now)?;
            let object: Id = approval.object.parse().map_err(|_| Problem::not_found())?;
            let act = match approval.kind.as_str() {
                SCHEME => decide_scheme(tx, object, yes, &items, now)?,
                PLAN => plans::decide(tx, object, yes, now)?,
                FORMAT => formats::decide(tx, object, yes)?,
                KEY => formats::decide_key(tx, object, yes)?,
                _ => return Err(Problem::not_found()),
            };
            let entry = Entry::new(entry_id, now, &checker, act, "Art. 6, 16");
            let entry =
                entry.on("approval", id).why(format!("{} {comment}", approval.summary), &[]);
            Ok(journal::record(tx, &entry)?)
        })
        .await
}

fn decide_scheme(
    tx: &mut Tx<'_>,
    id: Id,
    yes: bool,
    items: &[Arc<Item>],
    now: Utc,
) -> Result<&'static str, Problem> {
    let scheme = store::schemes::by_id(tx, id)?.ok_or(Refused::NoSuchScheme)?;
    if yes {
        // The list may have grown since it was sent in.
        schemes::check(tx, &scheme, items, now)?;
    }
    let state = if yes { State::Registered } else { State::Rejected };
    store::schemes::set_state(tx, &scheme, state)?;
    Ok(if yes { "fusion.confirmed" } else { "fusion.sent-back" })
}

/// How many wait for another than their maker.
///
/// # Errors
/// See [`DbError`].
pub fn count_waiting(tx: &mut Tx<'_>, actor: &Actor, _: Utc) -> Result<Waiting, DbError> {
    work::decisions(tx, actor, &KINDS)
}
