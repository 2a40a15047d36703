//! The public list, and the office pages where it is drafted and decided.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::approval::Approval;
use kernel::http::{Form, Page, Path, Query, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use people::field::Field;
use serde::Deserialize;

use crate::catalogue::Catalogue;
use crate::rules::{Area, Item, Level, List, Way, matches};
use crate::service::{self, Proposal};

const MAKERS: &[Role] = &[Role::MunicipalOfficer, Role::DepartmentOfficer];
const CHECKERS: &[Role] = &[Role::MunicipalApprover];

pub(crate) fn routes() -> Routes {
    Routes::new("items")
        .page(Method::GET, "/items", Access::Public, &[14], list)
        .page(Method::GET, "/items/{code}", Access::Public, &[6, 7, 14, 18], one)
        .page(Method::GET, "/office/items/propose", Access::Roles(MAKERS), &[14], form)
        .page(Method::POST, "/office/items/propose", Access::Roles(MAKERS), &[14], propose)
        .page(Method::GET, "/office/items/decide", Access::Roles(CHECKERS), &[14], waiting)
        .page(Method::POST, "/office/items/decide", Access::Roles(CHECKERS), &[14, 25], decide)
        .nav(MAKERS, "/office/items/propose", Text::new("编制事项", "Propose an item"), Some('i'))
        .nav(CHECKERS, "/office/items/decide", Text::new("事项审批", "Decide on items"), Some('i'))
}

type Shared = Extension<Arc<Catalogue>>;

#[derive(Template)]
#[template(path = "items.html")]
struct ItemsPage {
    p: Page,
    q: String,
    groups: Vec<(Text, Vec<Arc<Item>>)>,
    count: usize,
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

async fn list(
    Extension(catalogue): Shared,
    p: Page,
    Query(search): Query<Search>,
) -> Result<Response, Problem> {
    let mut items = catalogue.on(Utc::now().day());
    items.retain(|item| matches(item, &search.q));
    let of = |area: Area| items.iter().filter(|i| i.area == area).cloned().collect::<Vec<_>>();
    let groups = Area::ALL.iter().map(|area| (area.name(), of(*area)));
    let groups = groups.filter(|(_, items)| !items.is_empty()).collect();
    render(&ItemsPage { p, q: search.q, groups, count: items.len() })
}

#[derive(Template)]
#[template(path = "item.html")]
struct ItemPage {
    p: Page,
    item: Arc<Item>,
    owner: Text,
    versions: Vec<Arc<Item>>,
}

impl ItemPage {
    fn until(&self, item: &Item) -> String {
        item.until.map(day_text).unwrap_or_else(|| self.p.t("长期", "open").to_owned())
    }
}

async fn one(
    State(app): State<App>,
    Extension(catalogue): Shared,
    p: Page,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let item = catalogue.find(&code, Utc::now().day())?;
    let owner = service::org_names(&app).await?.remove(&item.owner).unwrap_or_default();
    let versions = catalogue.versions(&code);
    render(&ItemPage { p, item, owner, versions })
}

/// The form as sent; ticked boxes are `way.CODE` and `discloses.CODE`.
#[derive(Deserialize)]
struct ProposalForm {
    code: String,
    name_zh: String,
    name_en: String,
    field: String,
    list: String,
    level: String,
    basis: String,
    guide_zh: String,
    #[serde(default)]
    guide_en: String,
    from: String,
    #[serde(flatten)]
    ticked: BTreeMap<String, String>,
}

impl ProposalForm {
    fn ticks(&self, group: &str) -> String {
        let codes = self.ticked.keys().filter_map(|name| name.strip_prefix(group));
        codes.collect::<Vec<_>>().join(",")
    }

    fn into_proposal(self) -> Proposal {
        let (ways, discloses) = (self.ticks("way."), self.ticks("discloses."));
        let Self { code, name_zh, name_en, field, list, level, basis, .. } = self;
        let (guide_zh, guide_en, from) = (self.guide_zh, self.guide_en, self.from);
        Proposal {
            code,
            name_zh,
            name_en,
            field,
            list,
            level,
            ways,
            discloses,
            basis,
            guide_zh,
            guide_en,
            from,
        }
    }
}

#[derive(Template)]
#[template(path = "propose.html")]
struct ProposePage {
    p: Page,
    form: Proposal,
    problem: Option<Problem>,
    done: Option<Item>,
}

impl ProposePage {
    fn ticked(&self, codes: &str, code: &str) -> bool {
        codes.split(',').any(|ticked| ticked == code)
    }
}

/// A form that a new proposal starts with: tomorrow, by card code or card.
fn fresh() -> Proposal {
    let from = Utc::now().day().next_day().map(day_text).unwrap_or_default();
    Proposal { from, ways: "code,card".to_owned(), ..Proposal::default() }
}

async fn form(p: Page) -> Result<Response, Problem> {
    render(&ProposePage { p, form: fresh(), problem: None, done: None })
}

async fn propose(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<ProposalForm>,
) -> Result<Response, Problem> {
    let form = form.into_proposal();
    match service::propose(&app, &actor, &form).await {
        Ok(item) => render(&ProposePage { p, form: fresh(), problem: None, done: Some(item) }),
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            let page = render(&ProposePage { p, form, problem: Some(problem), done: None })?;
            Ok((status, page).into_response())
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "decide.html")]
struct DecidePage {
    p: Page,
    waiting: Vec<(Approval, Item)>,
    owners: HashMap<Id, Text>,
    /// Account of the reader, who may not decide on his own work.
    reader: Id,
}

impl DecidePage {
    fn own(&self, approval: &Approval) -> bool {
        approval.made_by == self.reader
    }

    fn owner(&self, item: &Item) -> &str {
        self.owners.get(&item.owner).map_or("", |name| self.p.text(name))
    }
}

async fn waiting(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let (waiting, owners) = (service::waiting(&app).await?, service::org_names(&app).await?);
    render(&DecidePage { p, waiting, owners, reader: actor.account })
}

#[derive(Deserialize)]
struct Decision {
    id: String,
    decision: String,
    #[serde(default)]
    comment: String,
}

async fn decide(
    State(app): State<App>,
    Extension(catalogue): Shared,
    actor: Actor,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let id = form.id.parse().map_err(|_| Problem::not_found())?;
    let yes = match form.decision.as_str() {
        "yes" => true,
        "no" => false,
        _ => {
            let text = Text::new("请选择同意或退回", "Choose to publish or to send back");
            return Err(Problem::field("decision", text));
        }
    };
    let comment: String = form.comment.chars().take(500).collect();
    service::decide(&app, &catalogue, &actor, id, yes, comment).await?;
    Ok(Redirect::to("/office/items/decide").into_response())
}

/// Names of codes for one line of a page.
fn names(p: &Page, texts: impl Iterator<Item = Text>) -> String {
    let texts: Vec<String> = texts.map(|text| p.text(&text).to_owned()).collect();
    texts.join(p.t("、", ", "))
}

fn way_names(p: &Page, item: &Item) -> String {
    names(p, item.ways.iter().map(|way| way.name()))
}

fn field_names(p: &Page, item: &Item) -> String {
    if item.fields.is_empty() {
        return p
            .t("不提供个人信息，只确认卡片有效", "Nothing: only that the card is good")
            .to_owned();
    }
    names(p, item.fields.iter().map(|field| field.label()))
}
