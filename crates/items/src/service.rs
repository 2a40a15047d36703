//! Use cases of items: propose, take a step, withdraw, suspend, import. Each is one transaction with its
//! journal entry.

mod import;
mod joint;
mod steps;

use std::collections::HashMap;

use kernel::actor::{Actor, Role};
use kernel::approval;
use kernel::db::{DbError, Tx};
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::org;
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::settings;
use kernel::time::{Utc, parse_day};
use time::{Date, Duration};

pub use crate::catalogue::{Catalogue, run};
use crate::papers::{self, Paper};
pub use crate::proposal::{COLUMNS, Proposal};
use crate::rules::workflow::{self, Step};
use crate::rules::{self, Item, Refused, State};
use crate::store::{self, Case};
pub use import::{Imported, LineFault, import};
pub use joint::{call_off, hear};
pub use steps::{Task, all_waiting, count_waiting, decide, lift, suspend, waiting};

/// Proposes a version: the draft of its procedure. The municipal HRSS may propose for every owner of a
/// known item, others only for their own; a new item belongs to whoever proposes it.
///
/// # Errors
/// [`Refused`] as a problem, wrong fields, or the database's word.
pub async fn propose(app: &Platform, actor: &Actor, form: &Proposal) -> Result<Item, Problem> {
    let mut made = propose_all(app, actor, std::slice::from_ref(form)).await?;
    made.pop().ok_or_else(Problem::not_found)
}

/// Proposes several versions, all or none.
async fn propose_all(
    app: &Platform,
    actor: &Actor,
    forms: &[Proposal],
) -> Result<Vec<Item>, Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    let now = Utc::now();
    let mut drafts = Vec::new();
    for form in forms {
        let draft = form.read(org, app.id())?;
        rules::may_draft(&draft, actor)?;
        let entry = Entry::new(app.id(), now, actor, "item.proposed", "Art. 14")
            .why("编制事项清单 / drafting the list", &[]);
        drafts.push((draft, entry, [app.id(), app.id()]));
    }
    let actor = actor.clone();
    app.db
        .write(move |tx| {
            let mut made = Vec::new();
            for (draft, entry, ids) in &drafts {
                made.push(enter(tx, &actor, draft.clone(), *ids, now)?);
                journal::record(tx, &of_version(entry, &made[made.len() - 1]))?;
            }
            Ok(made)
        })
        .await
}

fn enter(
    tx: &mut Tx<'_>,
    actor: &Actor,
    mut item: Item,
    [case, step]: [Id; 2],
    now: Utc,
) -> Result<Item, Problem> {
    let published = store::newest(tx, &item.code)?;
    if let (Role::MunicipalOfficer, Some(published)) = (actor.role, &published) {
        item.owner = published.owner;
    }
    rules::check_proposal(&item, published.as_ref(), now.day())?;
    if store::has_open_case(tx, &item.code)? {
        return Err(Refused::Waiting.into());
    }
    item.version = store::last_version(tx, &item.code)? + 1;
    // Somebody may have proposed the same between the look and the entry.
    store::insert(tx, &item, now).map_err(waits)?;
    let case = new_case(case, actor, &item, None, now)?;
    store::open_case(tx, &case).map_err(waits)?;
    ask(tx, step, &case, &item, workflow::of(item.list).first(), now)?;
    Ok(item)
}

fn waits(error: DbError) -> Problem {
    match error {
        DbError::Unique(_) => Refused::Waiting.into(),
        other => other.into(),
    }
}

fn new_case(
    id: Id,
    actor: &Actor,
    item: &Item,
    last: Option<Date>,
    now: Utc,
) -> Result<Case, Problem> {
    Ok(Case {
        id,
        version: item.id,
        code: item.code.clone(),
        last,
        made_by: actor.account,
        made_org: actor.org.ok_or_else(Problem::forbidden)?,
        opened_at: now,
    })
}

/// A step begins to wait, with its deadline and an approval in the maker's name.
fn ask(
    tx: &mut Tx<'_>,
    id: Id,
    case: &Case,
    item: &Item,
    step: &Step,
    now: Utc,
) -> Result<(), Problem> {
    let days = settings::get(tx, &step.days, now)?;
    let due = now.day().saturating_add(Duration::days(days));
    store::ask_step(tx, id, case.id, step.key, due, now)?;
    let maker = Actor { account: case.made_by, ..Actor::system() };
    let summary = format!("{} v{} {}", item.code, item.version, item.name.zh);
    let (kind, object) = (format!("items.{}", step.key), case.id.to_string());
    Ok(approval::ask(tx, id, &maker, &kind, &object, &summary, now)?)
}

fn of_version(entry: &Entry, item: &Item) -> Entry {
    Entry {
        item: format!("{} v{}", item.code, item.version),
        ..entry.clone().on("item", &item.code)
    }
}

/// Proposes that the version in force leaves the list after a day; the same procedure decides.
///
/// # Errors
/// [`Refused::NotListed`], [`Refused::LastDay`], [`Refused::Waiting`], or no right to draft.
pub async fn withdraw(
    app: &Platform,
    actor: &Actor,
    code: &str,
    last: &str,
) -> Result<Item, Problem> {
    let wrong = || Text::new("日期格式如 2026-03-01", "A day looks like 2026-03-01");
    let last = parse_day(last.trim()).ok_or_else(|| Problem::field("last", wrong()))?;
    let (now, ids, code) = (Utc::now(), [app.id(), app.id()], code.to_owned());
    let entry = Entry::new(app.id(), now, actor, "item.withdrawal-proposed", "Art. 14")
        .why("退出事项清单 / leaving the list", &[]);
    let actor = actor.clone();
    app.db
        .write(move |tx| {
            let item = store::newest(tx, &code)?.ok_or(Refused::NotListed)?;
            rules::may_draft(&item, &actor)?;
            if actor.role != Role::MunicipalOfficer && actor.org != Some(item.owner) {
                return Err(Refused::NotOwner.into());
            }
            let open = item.until.is_none_or(|until| last < until);
            if last < now.day() || last < item.from || !open {
                return Err(Refused::LastDay.into());
            }
            let case = new_case(ids[0], &actor, &item, Some(last), now)?;
            store::open_case(tx, &case).map_err(waits)?;
            ask(tx, ids[1], &case, &item, workflow::of(item.list).first(), now)?;
            journal::record(tx, &of_version(&entry, &item))?;
            Ok(item)
        })
        .await
}

/// Names of the organisations that are responsible for items.
///
/// # Errors
/// See [`Problem`].
pub async fn org_names(app: &Platform) -> Result<HashMap<Id, Text>, Problem> {
    app.db
        .read(|tx| {
            let orgs = org::all(tx)?.into_iter();
            Ok(orgs.map(|org| (org.id, Text::new(org.name_zh, org.name_en))).collect())
        })
        .await
}

/// All versions of an item with their proposals, and its cases with their steps, newest first.
///
/// # Errors
/// [`Refused::NotListed`] when there never was such an item.
pub async fn history(app: &Platform, code: &str) -> Result<History, Problem> {
    let code = code.to_owned();
    app.db
        .read(move |tx| {
            let versions = store::history(tx, &code)?;
            if versions.is_empty() {
                return Err(Refused::NotListed.into());
            }
            let papers = papers::of_item(tx, &code)?;
            Ok(History { versions, cases: store::cases_of(tx, &code)?, papers })
        })
        .await
}

/// All that became of an item.
pub struct History {
    /// All versions, newest first, proposals and those sent back among them.
    pub versions: Vec<Item>,
    /// All cases with their steps, newest first.
    pub cases: Vec<(Case, Vec<store::Taken>)>,
    /// Comments and papers of the cases, oldest first.
    pub papers: Vec<Paper>,
}

impl History {
    /// What a version changes against the published one before it.
    pub fn changes(&self, item: &Item) -> Vec<rules::Change> {
        let before = self
            .versions
            .iter()
            .find(|known| known.version < item.version && known.state == State::Published);
        rules::diff(before, item)
    }
}
