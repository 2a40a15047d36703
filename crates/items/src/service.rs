//! Use cases of items: propose, decide, publish; and the catalogue that every use of the card asks.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use kernel::actor::{Actor, Role};
use kernel::approval::{self, Approval};
use kernel::db::DbError;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::{App, Platform};
use kernel::problem::Problem;
use kernel::time::{Utc, parse_day};
use people::field::Field;
use serde::Deserialize;
use time::Date;

use crate::rules::{self, Area, Item, List, Refused};
use crate::store;

/// Kind of the decision about a proposal.
const KIND: &str = "items.publish";

/// All published versions, in memory, because each use of the card looks here. Refreshed each second,
/// and at once where a version is published.
#[derive(Default)]
pub struct Catalogue(RwLock<Arc<HashMap<String, Vec<Arc<Item>>>>>);

impl Catalogue {
    /// The version of an item in force on a day; `None` when it is not on the list.
    pub fn get(&self, code: &str, day: Date) -> Option<Arc<Item>> {
        let all = self.snapshot();
        let versions = all.get(code)?;
        versions.iter().filter(|item| item.in_force(day)).max_by_key(|item| item.version).cloned()
    }

    /// All items in force on a day, by code.
    pub fn on(&self, day: Date) -> Vec<Arc<Item>> {
        let all = self.snapshot();
        let mut items: Vec<Arc<Item>> = all.keys().filter_map(|code| self.get(code, day)).collect();
        items.sort_by(|a, b| a.code.cmp(&b.code));
        items
    }

    /// All published versions of an item, oldest first.
    pub fn versions(&self, code: &str) -> Vec<Arc<Item>> {
        self.snapshot().get(code).cloned().unwrap_or_default()
    }

    fn snapshot(&self) -> Arc<HashMap<String, Vec<Arc<Item>>>> {
        self.0.read().map(|all| all.clone()).unwrap_or_default()
    }

    /// Reads the published versions anew.
    ///
    /// # Errors
    /// The database's word; the old snapshot stays.
    pub async fn load(&self, app: &Platform) -> Result<(), Problem> {
        let items = app.db.read(|tx| Ok::<_, Problem>(store::published(tx)?)).await?;
        let mut all: HashMap<String, Vec<Arc<Item>>> = HashMap::new();
        for item in items {
            all.entry(item.code.clone()).or_default().push(Arc::new(item));
        }
        if let Ok(mut held) = self.0.write() {
            *held = Arc::new(all);
        }
        Ok(())
    }
}

/// Refreshes the catalogue for as long as the runtime lives.
pub async fn run(app: App, catalogue: Arc<Catalogue>) {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if let Err(problem) = catalogue.load(&app).await {
            tracing::warn!(code = problem.code, "the catalogue could not be refreshed");
        }
    }
}

/// A proposed version, as typed.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct Proposal {
    /// Code of the item, new or known.
    #[schema(example = "CQ-CU-002")]
    pub code: String,
    /// Chinese name.
    pub name_zh: String,
    /// English name.
    pub name_en: String,
    /// Field of life: `culture`, `transport`, …
    pub area: String,
    /// `city`, `district` or `joint`.
    pub list: String,
    /// Codes of the fields it discloses, separated by commas.
    #[serde(default)]
    pub fields: String,
    /// Legal basis.
    pub basis: String,
    /// Guide for the holder, Chinese.
    pub guide_zh: String,
    /// The same in English.
    #[serde(default)]
    pub guide_en: String,
    /// First day in force, `YYYY-MM-DD`.
    pub from: String,
}

fn read(form: &Proposal, owner: Id, id: Id) -> Result<Item, Problem> {
    let wrong = |field: &str| {
        Problem::field(field, Text::new("请从列表中选择或按格式填写", "Choose one of the list"))
    };
    let codes = form.fields.split([',', ' ', ',', '、']).filter(|code| !code.is_empty());
    let fields: Option<Vec<Field>> = codes.map(Field::from_code).collect();
    let trim = |text: &String| text.trim().to_owned();
    Ok(Item {
        id,
        code: trim(&form.code),
        version: 0,
        name: Text::new(trim(&form.name_zh), trim(&form.name_en)),
        area: Area::from_code(&form.area).ok_or_else(|| wrong("area"))?,
        list: List::from_code(&form.list).ok_or_else(|| wrong("list"))?,
        owner,
        fields: fields.ok_or_else(|| wrong("fields"))?,
        basis: trim(&form.basis),
        guide: Text::new(trim(&form.guide_zh), trim(&form.guide_en)),
        from: parse_day(form.from.trim()).ok_or_else(|| wrong("from"))?,
        until: None,
    })
}

/// Proposes a version. The municipal HRSS may propose for every owner of a known item; a department
/// only for its own.
///
/// # Errors
/// [`Refused`] as a problem, wrong fields, or the database's word.
pub async fn propose(app: &Platform, actor: &Actor, form: Proposal) -> Result<Item, Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    let (item, now) = (read(&form, org, app.id())?, Utc::now());
    let municipal = actor.role == Role::MunicipalOfficer;
    let (actor, approval_id) = (actor.clone(), app.id());
    let entry = Entry::new(app.id(), now, &actor, "item.proposed", "Art. 14")
        .on("item", &item.code)
        .why("编制事项清单 / drafting the list", &[]);
    app.db
        .write(move |tx| {
            let mut item = item.clone();
            let published = store::newest(tx, &item.code)?;
            if let (true, Some(published)) = (municipal, &published) {
                item.owner = published.owner;
            }
            rules::check_proposal(&item, published.as_ref(), now.day())?;
            item.version = store::last_version(tx, &item.code)? + 1;
            let waiting = |error| match error {
                DbError::Unique(_) => Refused::Waiting.into(),
                other => Problem::from(other),
            };
            store::insert(tx, &item, "proposed", now).map_err(waiting)?;
            let summary = format!("{} v{} {}", item.code, item.version, item.name.zh);
            approval::ask(tx, approval_id, &actor, KIND, &item.id.to_string(), &summary, now)?;
            journal::record(tx, &entry)?;
            Ok(item)
        })
        .await
}

/// Proposals that wait for a decision, with what they propose.
///
/// # Errors
/// See [`Problem`].
pub async fn waiting(app: &Platform) -> Result<Vec<(Approval, Item)>, Problem> {
    app.db
        .read(|tx| {
            let mut waiting = Vec::new();
            for approval in approval::open(tx, KIND)? {
                let id = approval.object.parse().unwrap_or_default();
                if let Some(item) = store::proposed(tx, id)? {
                    waiting.push((approval, item));
                }
            }
            Ok(waiting)
        })
        .await
}

/// Decides about a proposal; with a yes it is published and the version before it ends the day before
/// it begins.
///
/// # Errors
/// The checker made it himself, it was decided already, it would begin in the past by now.
pub async fn decide(
    app: &Platform,
    catalogue: &Catalogue,
    checker: &Actor,
    id: Id,
    yes: bool,
    comment: String,
) -> Result<(), Problem> {
    let (checker, now) = (checker.clone(), Utc::now());
    let act = if yes { "item.published" } else { "item.rejected" };
    let entry = Entry::new(app.id(), now, &checker, act, "Art. 14")
        .why("事项清单审批 / decision about the list", &[]);
    app.db
        .write(move |tx| {
            let approval = approval::decide(tx, id, &checker, yes, &comment, now)?;
            let item = approval.object.parse().unwrap_or_default();
            let item = store::proposed(tx, item)?.ok_or_else(Problem::not_found)?;
            if yes {
                let published = store::newest(tx, &item.code)?;
                rules::check_proposal(&item, published.as_ref(), now.day())?;
                let last = item.from.previous_day().ok_or(Refused::InThePast)?;
                store::end_open(tx, &item.code, last)?;
            }
            store::decide(tx, item.id, if yes { "published" } else { "rejected" })?;
            journal::record(tx, &entry.clone().on("item", &item.code))?;
            Ok::<_, Problem>(())
        })
        .await?;
    catalogue.load(app).await
}
