//! Use cases of items: propose, decide, publish. Each is one transaction with its journal entry.

use std::collections::HashMap;

use kernel::actor::{Actor, Role};
use kernel::approval::{self, Approval};
use kernel::db::DbError;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::org;
use kernel::platform::Platform;
use kernel::problem::Problem;
use kernel::time::{Utc, parse_day};
use people::field::Field;

pub use crate::catalogue::{Catalogue, run};
use crate::rules::{self, Area, Item, Level, List, Refused, State, Way};
use crate::store::{self, split};

/// Kind of the decision about a proposal.
const KIND: &str = "items.publish";

/// A proposed version, as typed; lists of codes are separated by commas.
#[derive(Clone, Debug, Default)]
pub struct Proposal {
    /// Code of the item, new or known.
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Code of an [`Area`].
    pub field: String,
    /// Code of a [`List`].
    pub list: String,
    /// Code of a [`Level`].
    pub level: String,
    /// Codes of [`Way`]s.
    pub ways: String,
    /// Codes of [`Field`]s.
    pub discloses: String,
    /// Legal basis.
    pub basis: String,
    /// Guide for the holder, Chinese.
    pub guide_zh: String,
    /// The same in English; may be empty.
    pub guide_en: String,
    /// First day in force, `YYYY-MM-DD`.
    pub from: String,
}

fn read(form: &Proposal, owner: Id, id: Id) -> Result<Item, Problem> {
    let wrong = |field: &str| {
        let text = Text::new("请从列表中选择或按格式填写", "Choose from the list or keep the form");
        Problem::field(field, text)
    };
    let trim = |text: &String| text.trim().to_owned();
    Ok(Item {
        id,
        code: trim(&form.code),
        version: 0,
        name: Text::new(trim(&form.name_zh), trim(&form.name_en)),
        area: Area::from_code(&form.field).ok_or_else(|| wrong("field"))?,
        list: List::from_code(&form.list).ok_or_else(|| wrong("list"))?,
        owner,
        level: Level::from_code(&form.level).ok_or_else(|| wrong("level"))?,
        ways: split(&form.ways, Way::from_code).ok_or_else(|| wrong("ways"))?,
        fields: split(&form.discloses, Field::from_code).ok_or_else(|| wrong("discloses"))?,
        basis: trim(&form.basis),
        guide: Text::new(trim(&form.guide_zh), trim(&form.guide_en)),
        from: parse_day(form.from.trim()).ok_or_else(|| wrong("from"))?,
        until: None,
        state: State::Proposed,
    })
}

/// Proposes a version. The municipal HRSS may propose for every owner of a known item, a department
/// only for its own; a new item belongs to whoever proposes it.
///
/// # Errors
/// [`Refused`] as a problem, wrong fields, or the database's word.
pub async fn propose(app: &Platform, actor: &Actor, form: &Proposal) -> Result<Item, Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    let (draft, now) = (read(form, org, app.id())?, Utc::now());
    let municipal = actor.role == Role::MunicipalOfficer;
    rules::may_draft(draft.list, municipal)?;
    let (actor, approval_id) = (actor.clone(), app.id());
    let entry = Entry::new(app.id(), now, &actor, "item.proposed", "Art. 14")
        .on("item", &draft.code)
        .why("编制事项清单 / drafting the list", &[]);
    app.db
        .write(move |tx| {
            let mut item = draft.clone();
            let published = store::newest(tx, &item.code)?;
            if let (true, Some(published)) = (municipal, &published) {
                item.owner = published.owner;
            }
            rules::check_proposal(&item, published.as_ref(), now.day())?;
            if store::is_waiting(tx, &item.code)? {
                return Err(Refused::Waiting.into());
            }
            item.version = store::last_version(tx, &item.code)? + 1;
            // Somebody may have proposed the same between the look and the entry.
            store::insert(tx, &item, now).map_err(|error| match error {
                DbError::Unique(_) => Refused::Waiting.into(),
                other => Problem::from(other),
            })?;
            let summary = format!("{} v{} {}", item.code, item.version, item.name.zh);
            approval::ask(tx, approval_id, &actor, KIND, &item.id.to_string(), &summary, now)?;
            journal::record(tx, &of_version(&entry, &item))?;
            Ok(item)
        })
        .await
}

fn of_version(entry: &Entry, item: &Item) -> Entry {
    Entry {
        item: format!("{} v{}", item.code, item.version),
        ..entry.clone().on("item", &item.code)
    }
}

/// Proposals that wait for a decision, with what they propose, oldest first.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting(app: &Platform) -> Result<Vec<(Approval, Item)>, Problem> {
    app.db
        .read(|tx| {
            let mut waiting = Vec::new();
            for approval in approval::open(tx, KIND)? {
                if let Some(item) = store::proposed(tx, object_of(&approval)?)? {
                    waiting.push((approval, item));
                }
            }
            Ok(waiting)
        })
        .await
}

fn object_of(approval: &Approval) -> Result<Id, Problem> {
    approval.object.parse().map_err(|_| Problem::not_found())
}

/// Decides about a proposal; with a yes it is published and the version before it ends the day before
/// it begins. A no needs a comment.
///
/// # Errors
/// The checker made it himself (Art. 25), it was decided already, it would begin in the past by now.
pub async fn decide(
    app: &Platform,
    catalogue: &Catalogue,
    checker: &Actor,
    id: Id,
    yes: bool,
    comment: String,
) -> Result<Item, Problem> {
    if !yes && comment.trim().is_empty() {
        return Err(Refused::NoComment.into());
    }
    let (checker, now) = (checker.clone(), Utc::now());
    let act = if yes { "item.published" } else { "item.rejected" };
    let entry = Entry::new(app.id(), now, &checker, act, "Art. 14")
        .why("事项清单审批 / decision about the list", &[]);
    let decided = app
        .db
        .write(move |tx| {
            let approval = approval::decide(tx, id, &checker, yes, &comment, now)?;
            if approval.kind != KIND {
                return Err(Problem::not_found());
            }
            let item = store::proposed(tx, object_of(&approval)?)?;
            let mut item = item.ok_or_else(Problem::not_found)?;
            item.state = if yes { State::Published } else { State::Rejected };
            if yes {
                let published = store::newest(tx, &item.code)?;
                rules::check_proposal(&item, published.as_ref(), now.day())?;
                let last = item.from.previous_day().ok_or(Refused::InThePast)?;
                store::end_open(tx, &item.code, last)?;
            }
            store::decide(tx, item.id, item.state)?;
            journal::record(tx, &of_version(&entry, &item))?;
            Ok::<_, Problem>(item)
        })
        .await?;
    // The decision stands even if the list cannot be read anew just now: it is within a second.
    if let Err(problem) = catalogue.load(app).await {
        tracing::warn!(code = problem.code, "the catalogue could not be refreshed");
    }
    Ok(decided)
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
