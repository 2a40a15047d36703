//! The public list, and the office pages where it is drafted and decided.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use kernel::actor::{Access, Actor, Role};
use kernel::approval::Approval;
use kernel::http::{Form, Page, Path, Query, Routes, render};
use kernel::law::Text;
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::time::{Utc, day_text};
use people::field::Field;
use serde::Deserialize;

use crate::rules::{Area, Item, List};
use crate::service::{self, Catalogue, Proposal};

const MAKERS: &[Role] = &[Role::MunicipalOfficer, Role::DepartmentOfficer];
const CHECKERS: &[Role] = &[Role::MunicipalApprover];

pub(crate) fn routes() -> Routes {
    Routes::new("items")
        .page(Method::GET, "/items", Access::Public, &[14], list)
        .page(Method::GET, "/items/{code}", Access::Public, &[14, 18], one)
        .page(Method::GET, "/office/items/propose", Access::Roles(MAKERS), &[14], form)
        .page(Method::POST, "/office/items/propose", Access::Roles(MAKERS), &[14], propose)
        .page(Method::GET, "/office/items/decide", Access::Roles(CHECKERS), &[14], waiting)
        .page(Method::POST, "/office/items/decide", Access::Roles(CHECKERS), &[14], decide)
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
    let q = search.q.trim().to_lowercase();
    let items = catalogue.on(Utc::now().day());
    let fits = |item: &&Arc<Item>| {
        let texts = [&item.code, &item.name.zh, &item.name.en, &item.guide.zh];
        q.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&q))
    };
    let items: Vec<Arc<Item>> = items.iter().filter(fits).cloned().collect();
    let of =
        |area: Area| items.iter().filter(|item| item.area == area).cloned().collect::<Vec<_>>();
    let groups = Area::ALL.iter().map(|area| (area.name(), of(*area)));
    let groups = groups.filter(|(_, items)| !items.is_empty()).collect();
    render(&ItemsPage { p, q: search.q, groups, count: items.len() })
}

#[derive(Template)]
#[template(path = "item.html")]
struct ItemPage {
    p: Page,
    item: Arc<Item>,
    versions: Vec<Arc<Item>>,
}

impl ItemPage {
    fn until(&self, item: &Item) -> String {
        item.until.map(day_text).unwrap_or_else(|| self.p.t("长期", "open").to_owned())
    }

    fn from(&self, item: &Item) -> String {
        day_text(item.from)
    }
}

async fn one(
    Extension(catalogue): Shared,
    p: Page,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    let item = catalogue.get(&code, Utc::now().day()).ok_or_else(Problem::not_found)?;
    let versions = catalogue.versions(&code);
    render(&ItemPage { p, item, versions })
}

#[derive(Template)]
#[template(path = "propose.html")]
struct ProposePage {
    p: Page,
    form: Proposal,
    problem: Option<Problem>,
    done: Option<Item>,
    areas: Vec<Area>,
    lists: Vec<List>,
    fields: Vec<Field>,
}

impl ProposePage {
    fn new(p: Page, form: Proposal, problem: Option<Problem>, done: Option<Item>) -> Self {
        let (areas, lists) = (Area::ALL.to_vec(), List::ALL.to_vec());
        Self { p, form, problem, done, areas, lists, fields: Field::ALL.to_vec() }
    }
}

async fn form(p: Page) -> Result<Response, Problem> {
    let tomorrow = Utc::now().day().next_day().map(day_text).unwrap_or_default();
    let form = Proposal { from: tomorrow, ..Proposal::default() };
    render(&ProposePage::new(p, form, None, None))
}

async fn propose(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<Proposal>,
) -> Result<Response, Problem> {
    match service::propose(&app, &actor, form.clone()).await {
        Ok(item) => render(&ProposePage::new(p, Proposal::default(), None, Some(item))),
        Err(problem) if problem.status < 500 => {
            let status = StatusCode::from_u16(problem.status).unwrap_or_default();
            Ok((status, render(&ProposePage::new(p, form, Some(problem), None))?).into_response())
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "decide.html")]
struct DecidePage {
    p: Page,
    waiting: Vec<(Approval, Item)>,
}

impl DecidePage {
    fn fields(&self, item: &Item) -> String {
        let labels: Vec<String> =
            item.fields.iter().map(|field| self.p.text(&field.label()).to_owned()).collect();
        labels.join(self.p.t("、", ", "))
    }

    fn from(&self, item: &Item) -> String {
        day_text(item.from)
    }
}

async fn waiting(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let waiting = service::waiting(&app).await?;
    render(&DecidePage { p, waiting })
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
    let comment: String = form.comment.chars().take(500).collect();
    service::decide(&app, &catalogue, &actor, id, form.decision == "yes", comment).await?;
    Ok(Redirect::to("/office/items/decide").into_response())
}
