//! The register of other cards and codes.

use std::sync::Arc;

use items::catalogue::Catalogue;
use items::rules::{Area, Function, Group, Item, Word as _};
use kernel::actor::{Actor, Role};
use kernel::approval;
use kernel::db::Tx;
use kernel::id::Id;
use kernel::journal::{self, Entry};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::{FieldProblem, Problem};
use kernel::time::Utc;
use people::field::Field;
use serde::Deserialize;

use super::approvals::SCHEME;
use super::{read_day, read_list, taken, wrong};
use crate::fusion::rules::{self, Form, Kind, Refused, Scheme, State};
use crate::fusion::{settings, store};

/// A card or code as it is registered; codes in lists are separated by commas.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewScheme {
    /// Stable code: `CQ-LIBRARY`.
    #[schema(example = "CQ-LIBRARY")]
    pub code: String,
    /// Code of a kind: `transit`, `library`, `health`, `elder`, `student`, `disability` …
    pub kind: String,
    /// `card`, `code` or `both`.
    pub form: String,
    /// Name in Chinese.
    pub name_zh: String,
    /// Name in English.
    #[serde(default)]
    pub name_en: String,
    /// Who issues it.
    pub issuer: String,
    /// What it is for, in Chinese.
    pub purpose_zh: String,
    /// The same in English.
    #[serde(default)]
    pub purpose_en: String,
    /// Field of life, as in items.
    pub area: String,
    /// What it does, as in items: `identity,paying`.
    pub functions: String,
    /// For whom, as in items; empty for everybody.
    #[serde(default)]
    pub groups: String,
    /// Facts about its holder that it proves, as in items.
    #[serde(default)]
    pub fields: String,
    /// Published items that it overlaps, as far as the department knows.
    #[serde(default)]
    pub items: String,
    /// Legal basis.
    pub basis: String,
    /// The State requires it (国家另有发卡要求).
    #[serde(default)]
    pub national: bool,
    /// On what ground the State does.
    #[serde(default)]
    pub national_basis: String,
    /// How many people hold it.
    pub holders: i64,
    /// Technical format in words.
    pub technical: String,
    /// First day of issue, `YYYY-MM-DD`.
    pub started_on: String,
}

fn read(new: &NewScheme, id: Id, org: Id) -> Result<Scheme, Problem> {
    let basis = new.national_basis.trim();
    if new.national && basis.is_empty() {
        return Err(Refused::National.into());
    }
    let text = |zh: &str, en: &str| Text::new(zh.trim(), en.trim());
    Ok(Scheme {
        id,
        version: 1,
        code: new.code.trim().to_owned(),
        org,
        state: State::Proposed,
        kind: Kind::from_code(&new.kind).ok_or_else(|| wrong("kind"))?,
        form: Form::from_code(&new.form).ok_or_else(|| wrong("form"))?,
        name: text(&new.name_zh, &new.name_en),
        issuer: new.issuer.trim().to_owned(),
        purpose: text(&new.purpose_zh, &new.purpose_en),
        area: Area::from_code(&new.area).ok_or_else(|| wrong("area"))?,
        functions: read_list(&new.functions, "functions", Function::from_code)?,
        groups: read_list(&new.groups, "groups", Group::from_code)?,
        fields: read_list(&new.fields, "fields", Field::from_code)?,
        items: read_list(&new.items, "items", |code| Some(code.to_owned()))?,
        basis: new.basis.trim().to_owned(),
        national: if new.national { basis.to_owned() } else { String::new() },
        holders: new.holders,
        technical: new.technical.trim().to_owned(),
        started_on: read_day(&new.started_on, "started_on")?,
    })
}

/// Checks a scheme against the list of the day; a duplicate's problem names the items that do it.
pub(super) fn check(
    tx: &mut Tx<'_>,
    scheme: &Scheme,
    items: &[Arc<Item>],
    now: Utc,
) -> Result<(), Problem> {
    let new_from = settings::new_from(tx, now)?;
    let items: Vec<&Item> = items.iter().map(Arc::as_ref).collect();
    let Err(refused) = rules::check_scheme(scheme, new_from, &items) else { return Ok(()) };
    let mut problem = Problem::from(refused);
    if refused == Refused::Duplicate {
        let overlaps = rules::overlaps(scheme, &items);
        let line = |overlap: &rules::Overlap| FieldProblem {
            field: "functions".to_owned(),
            text: Text::new(
                format!("{} {}", overlap.item, overlap.name.zh),
                format!("{} {}", overlap.item, overlap.name.en),
            ),
        };
        problem.fields = overlaps.iter().take(10).map(line).collect();
    }
    Err(problem)
}

/// Registers a card or code; it counts when the municipal HRSS has checked it. A new duplicate is
/// refused at once (Art. 6).
///
/// # Errors
/// [`Refused`] as a problem, or wrong fields.
pub async fn register(
    app: &App,
    catalogue: &Catalogue,
    actor: &Actor,
    new: &NewScheme,
) -> Result<Scheme, Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    let (now, draft) = (Utc::now(), read(new, app.id(), org)?);
    let items = catalogue.on(now.day());
    let (actor, approval_id, entry_id) = (actor.clone(), app.id(), app.id());
    let done: Result<Scheme, Problem> = app
        .db
        .write(move |tx| {
            check(tx, &draft, &items, now)?;
            store::schemes::insert(tx, &draft, now).map_err(|e| taken(e, Refused::Known))?;
            let summary = format!("{} {}", draft.code, draft.name.zh);
            let object = draft.id.to_string();
            approval::ask(tx, approval_id, &actor, SCHEME, &object, &summary, now)?;
            let entry = Entry::new(entry_id, now, &actor, "fusion.registered", "Art. 6, 16");
            journal::record(tx, &entry.on("fusion-scheme", draft.id).why(summary, &[]))?;
            Ok(draft.clone())
        })
        .await;
    if let Err(problem) = &done {
        metrics::counter!("yikatong_fusion_refused_total", "code" => problem.code).increment(1);
    }
    done
}

/// Ends a card or code that is no longer issued nor used: its codes are read no more.
///
/// # Errors
/// It belongs to somebody else, or does not live.
pub async fn end(app: &App, actor: &Actor, code: &str, why: &str) -> Result<(), Problem> {
    let why = why.trim().to_owned();
    if why.is_empty() || why.chars().count() > 300 {
        return Err(Refused::Words.into());
    }
    let (actor, code, entry_id) = (actor.clone(), code.to_owned(), app.id());
    app.db
        .write(move |tx| {
            let (now, scheme) = (Utc::now(), super::own_scheme(tx, &actor, &code)?);
            if !scheme.state.is_open() {
                return Err(Refused::NotNow.into());
            }
            store::schemes::set_state(tx, &scheme, State::Ended)?;
            let entry = Entry::new(entry_id, now, &actor, "fusion.ended", "Art. 6");
            let entry = entry.on("fusion-scheme", scheme.id);
            Ok(journal::record(tx, &entry.why(format!("{} {why}", scheme.code), &[]))?)
        })
        .await
}

/// Cards and codes that somebody of the office may see: a department its own, the HRSS all.
///
/// # Errors
/// See [`Problem`].
pub async fn list(app: &App, actor: &Actor) -> Result<Vec<Scheme>, Problem> {
    let (own, org) = (actor.role == Role::DepartmentOfficer, actor.org);
    let all = app.db.read(|tx| Ok::<_, Problem>(store::schemes::all(tx)?)).await?;
    Ok(all.into_iter().filter(|scheme| !own || Some(scheme.org) == org).collect())
}

/// What would overlap, and why it would be refused, before anything is sent in.
///
/// # Errors
/// Fields that cannot be read.
pub async fn preview(
    app: &App,
    catalogue: &Catalogue,
    actor: &Actor,
    new: &NewScheme,
) -> Result<(Vec<rules::Overlap>, Option<Problem>), Problem> {
    let org = actor.org.ok_or_else(Problem::forbidden)?;
    let (now, draft) = (Utc::now(), read(new, app.id(), org)?);
    let items = catalogue.on(now.day());
    let listed: Vec<&Item> = items.iter().map(Arc::as_ref).collect();
    let overlaps = rules::overlaps(&draft, &listed);
    let refused = app
        .db
        .read(move |tx| match check(tx, &draft, &items, now) {
            Err(problem) if problem.status >= 500 => Err(problem),
            checked => Ok(checked.err()),
        })
        .await?;
    Ok((overlaps, refused))
}
