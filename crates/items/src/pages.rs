//! The public list, and the office pages where it is drafted and decided.

mod follow;
mod office;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::divisions::{self, Division, Region};
use kernel::http::{Form, Page, Path, Query, Routes, render};
use kernel::id::Id;
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use people::field::Field;
use serde::Deserialize;

use crate::api::read_day;
use crate::catalogue::Catalogue;
use crate::papers;
use crate::rules::workflow::Said;
use crate::rules::{self, Area, Channel, Function, Group, Item, Level, List, Way, Word};
use crate::service::{self, Proposal, Task};
use crate::store::Suspension;
use follow::{follow, follow_form};
use office::{comment, history, import, import_form, lift, overdue, paper, suspend, withdraw};

const MAKERS: &[Role] = &[Role::MunicipalOfficer, Role::DepartmentOfficer, Role::DistrictOfficer];
const CHECKERS: &[Role] = &[
    Role::MunicipalApprover,
    Role::MunicipalOfficer,
    Role::DepartmentOfficer,
    Role::DistrictOfficer,
    Role::DistrictApprover,
];
const APPROVERS: &[Role] = &[Role::MunicipalApprover, Role::DistrictApprover];

pub(crate) fn routes() -> Routes {
    Routes::new("items")
        .page(Method::GET, "/items", Access::Public, &[14], list)
        .page(Method::GET, "/follow-items", Access::SignedIn, &[14], follow_form)
        .page(Method::POST, "/follow-items", Access::SignedIn, &[14], follow)
        .page(Method::GET, "/items/{code}", Access::Public, &[6, 7, 14, 18], one)
        .page(Method::GET, "/office/items/propose", Access::Roles(MAKERS), &[14], form)
        .page(Method::POST, "/office/items/propose", Access::Roles(MAKERS), &[14], propose)
        .page(Method::GET, "/office/items/decide", Access::Roles(CHECKERS), &[14], waiting)
        .page(Method::POST, "/office/items/decide", Access::Roles(CHECKERS), &[14, 25], decide)
        .page(Method::GET, "/office/items/{code}/history", Access::Roles(CHECKERS), &[14], history)
        .upload(
            "/office/items/{code}/comment",
            Access::Roles(CHECKERS),
            &[14],
            papers::MOST_BYTES + (64 << 10),
            comment,
        )
        .page(Method::GET, "/office/items/papers/{id}", Access::Roles(CHECKERS), &[14], paper)
        .page(Method::POST, "/office/items/{code}/withdraw", Access::Roles(MAKERS), &[14], withdraw)
        .page(
            Method::POST,
            "/office/items/{code}/suspend",
            Access::Roles(APPROVERS),
            &[20],
            suspend,
        )
        .page(Method::POST, "/office/items/{code}/lift", Access::Roles(APPROVERS), &[20, 25], lift)
        .page(Method::GET, "/office/items/overdue", Access::Roles(CHECKERS), &[9, 14], overdue)
        .page(Method::GET, "/office/items/import", Access::Roles(MAKERS), &[14], import_form)
        .upload("/office/items/import", Access::Roles(MAKERS), &[14], 4 << 20, import)
        .nav(MAKERS, "/office/items/propose", Text::new("编制事项", "Propose an item"), Some('i'))
        .nav(MAKERS, "/office/items/import", Text::new("导入事项", "Import items"), None)
        .nav(CHECKERS, "/office/items/overdue", Text::new("清单进度", "Progress of lists"), None)
        .nav(CHECKERS, "/office/items/decide", Text::new("事项审批", "Decide on items"), Some('j'))
        .work(
            CHECKERS,
            "/office/items/decide",
            Text::new("事项审批", "Decide on items"),
            service::count_waiting,
        )
}

type Shared = Extension<Arc<Catalogue>>;

#[derive(Template)]
#[template(path = "items.html")]
struct ItemsPage {
    p: Page,
    search: Search,
    groups: Vec<(Text, Vec<Arc<Item>>)>,
    count: usize,
    districts: Vec<&'static Division>,
}

/// What the public list is narrowed to; an unknown or empty word narrows nothing.
#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
    #[serde(default)]
    field: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    need: String,
    #[serde(default)]
    district: String,
    /// The list of this day; today when empty.
    #[serde(default)]
    on: String,
}

impl Search {
    fn fits(&self, item: &Item) -> bool {
        let details = &item.details;
        let place = &details.division;
        Area::from_code(&self.field).is_none_or(|area| item.area == area)
            && Channel::from_code(&self.channel).is_none_or(|c| details.channels.contains(&c))
            && Group::from_code(&self.need).is_none_or(|group| details.groups.contains(&group))
            && (self.district.is_empty() || place.is_empty() || *place == self.district)
    }
}

async fn list(
    Extension(catalogue): Shared,
    p: Page,
    Query(search): Query<Search>,
) -> Result<Response, Problem> {
    let today = read_day(Some(search.on.as_str()).filter(|on| !on.is_empty()))?;
    let mut items = catalogue.search(&search.q, today);
    items.retain(|item| search.fits(item));
    let count = items.len();
    // Who looks for words gets the best first; who browses sees the fields of life.
    let groups = match search.q.trim() {
        "" => by_area(&items),
        _ if items.is_empty() => Vec::new(),
        _ => vec![(Text::new("查找结果", "Found"), items)],
    };
    let districts = divisions::children(Region::Chongqing, today).collect();
    render(&ItemsPage { p, search, groups, count, districts })
}

fn by_area(items: &[Arc<Item>]) -> Vec<(Text, Vec<Arc<Item>>)> {
    let of = |area: Area| items.iter().filter(|i| i.area == area).cloned().collect::<Vec<_>>();
    let groups = Area::ALL.iter().map(|area| (area.name(), of(*area)));
    groups.filter(|(_, items)| !items.is_empty()).collect()
}

#[derive(Template)]
#[template(path = "item.html")]
struct ItemPage {
    p: Page,
    item: Arc<Item>,
    owner: Text,
    versions: Vec<Arc<Item>>,
    suspended: Option<Suspension>,
}

impl ItemPage {
    fn facts(&self) -> Vec<(Text, Text)> {
        // Names, guide and fields stand elsewhere on the page.
        let own = ["名称", "指南", "提供的信息", "截止"];
        let mut lines = rules::lines(&self.item);
        lines.retain(|(what, value)| !value.zh.is_empty() && !own.contains(&what.zh.as_str()));
        lines
    }

    fn until(&self, item: &Item) -> String {
        item.until.map(day_text).unwrap_or_else(|| self.p.t("长期", "open").to_owned())
    }
}

#[derive(Deserialize)]
struct OnDay {
    /// The version of this day; today when left out.
    on: Option<String>,
}

async fn one(
    State(app): State<App>,
    Extension(catalogue): Shared,
    p: Page,
    Path(code): Path<String>,
    Query(day): Query<OnDay>,
) -> Result<Response, Problem> {
    let today = read_day(day.on.as_deref().filter(|on| !on.is_empty()))?;
    let item = catalogue.listed(&code, today)?;
    let suspended = catalogue.suspension(&code, today);
    let owner = service::org_names(&app).await?.remove(&item.owner).unwrap_or_default();
    let versions = catalogue.versions(&code);
    render(&ItemPage { p, item, owner, versions, suspended })
}

/// Fields as sent; ticked boxes are `way.CODE`, `discloses.CODE` …
type Sent = BTreeMap<String, String>;

fn proposal_of(sent: &Sent) -> Proposal {
    let ticks = |group: &str| {
        let codes = sent.keys().filter_map(|name| name.strip_prefix(group));
        codes.collect::<Vec<_>>().join(",")
    };
    let typed = Proposal::of(|key| sent.get(key).cloned().unwrap_or_default());
    Proposal {
        ways: ticks("way."),
        discloses: ticks("discloses."),
        functions: ticks("function."),
        channels: ticks("channel."),
        groups: ticks("group."),
        owner: String::new(),
        ..typed
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

#[derive(Deserialize)]
struct Begin {
    /// A known item whose newest version the form begins with.
    code: Option<String>,
}

async fn form(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(begin): Query<Begin>,
) -> Result<Response, Problem> {
    let mut form = Proposal { division: actor.division, ..fresh() };
    if actor.role != Role::DistrictOfficer {
        form.division.clear();
    }
    if let Some(code) = begin.code {
        let newest = service::history(&app, &code).await?.versions.remove(0);
        form = Proposal { from: form.from, until: String::new(), ..Proposal::from_item(&newest) };
    }
    render(&ProposePage { p, form, problem: None, done: None })
}

async fn propose(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let form = proposal_of(&sent);
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
    waiting: Vec<Task>,
    owners: HashMap<Id, Text>,
    /// Account of the reader, who may not decide on his own work.
    reader: Id,
}

impl DecidePage {
    fn owner(&self, item: &Item) -> &str {
        self.owners.get(&item.owner).map_or("", |name| self.p.text(name))
    }
}

async fn waiting(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let waiting = service::waiting(&app, &actor).await?;
    let owners = service::org_names(&app).await?;
    render(&DecidePage { p, waiting, owners, reader: actor.account })
}

#[derive(Deserialize)]
struct Decision {
    id: String,
    decision: String,
    #[serde(default)]
    comment: String,
    #[serde(default)]
    evidence: String,
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
    let short = |text: String, most: usize| text.chars().take(most).collect::<String>();
    let (comment, evidence) = (short(form.comment, 500), short(form.evidence, 100));
    service::decide(&app, &catalogue, &actor, id, Said { yes, comment, evidence }).await?;
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
