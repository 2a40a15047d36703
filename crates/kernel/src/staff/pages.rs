//! Pages of organisations and accounts, for administrators.

use askama::Template;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::rules::KINDS;
use super::service::{self, Decided, NewOrg, Wanted};
use super::store::{self, Account, Request};
use crate::actor::{Access, Actor, Role};
use crate::http::{Form, Page, Path, Query, Routes, render};
use crate::id::Id;
use crate::law::Text;
use crate::org::{self, Org};
use crate::platform::App;
use crate::problem::Problem;

const KEEPERS: &[Role] = &[Role::Administrator];

pub(super) fn routes() -> Routes {
    let (get, post, to) = (Method::GET, Method::POST, Access::Roles(KEEPERS));
    let orgs_at = "/office/organisations";
    Routes::new("kernel")
        .page(get.clone(), orgs_at, to, &[9], orgs)
        .page(post.clone(), orgs_at, to, &[9], add_org)
        .page(post.clone(), "/office/organisations/{id}/close", to, &[9], close_org)
        .page(get.clone(), "/office/staff", to, &[9], list)
        .page(post.clone(), "/office/staff", to, &[9], ask_new)
        .page(get, "/office/staff/{id}", to, &[9], one)
        .page(post.clone(), "/office/staff/{id}", to, &[9], change)
        .page(post, "/office/staff/requests/{id}", to, &[9, 25], decide)
        .nav(KEEPERS, orgs_at, Text::new("机构", "Organisations"), Some('g'))
        .nav(KEEPERS, "/office/staff", Text::new("账号", "Accounts"), None)
        .work(
            KEEPERS,
            "/office/staff",
            Text::new("账号申请", "Accounts to decide"),
            store::count_open,
        )
}

fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn with_status(page: Response, problem: Option<&Problem>) -> Response {
    let status = problem.map_or(200, |problem| problem.status);
    (StatusCode::from_u16(status).unwrap_or_default(), page).into_response()
}

/// The page again with its problem, or the fault of the platform.
fn soft(result: Result<(), Problem>) -> Result<Option<Problem>, Problem> {
    match result {
        Ok(()) => Ok(None),
        Err(problem) if problem.status < 500 && problem.status != 404 => Ok(Some(problem)),
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "organisations.html")]
struct OrgsPage {
    p: Page,
    orgs: Vec<Org>,
    form: OrgForm,
    problem: Option<Problem>,
}

impl OrgsPage {
    fn kind(&self, kind: &str) -> String {
        let known = KINDS.iter().find(|(code, ..)| *code == kind);
        known.map_or(kind, |(_, zh, en)| self.p.t(zh, en)).to_owned()
    }
}

#[derive(Default, Deserialize)]
struct OrgForm {
    name_zh: String,
    #[serde(default)]
    name_en: String,
    kind: String,
    division: String,
    #[serde(default)]
    credit_code: String,
}

async fn orgs_page(
    app: &App,
    p: Page,
    form: OrgForm,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let orgs = app.db.read(|tx| Ok::<_, Problem>(org::all(tx)?)).await?;
    let page = OrgsPage { p, orgs, form, problem };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn orgs(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let form = OrgForm { division: app.config.region.clone(), ..OrgForm::default() };
    orgs_page(&app, p, form, None).await
}

async fn add_org(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<OrgForm>,
) -> Result<Response, Problem> {
    let new = NewOrg {
        name_zh: form.name_zh.clone(),
        name_en: form.name_en.clone(),
        kind: form.kind.clone(),
        division: form.division.clone(),
        credit_code: form.credit_code.clone(),
    };
    match soft(service::add_org(&app, &actor, &new).await.map(drop))? {
        None => Ok(Redirect::to("/office/organisations").into_response()),
        problem => orgs_page(&app, p, form, problem).await,
    }
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    reason: String,
}

async fn close_org(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    p: Page,
    Form(form): Form<Reason>,
) -> Result<Response, Problem> {
    let closed = service::close_org(&app, &actor, id_of(&id)?, &form.reason).await;
    match soft(closed)? {
        None => Ok(Redirect::to("/office/organisations").into_response()),
        problem => orgs_page(&app, p, OrgForm::default(), problem).await,
    }
}

/// Account and organisations as the pages of accounts need them.
struct Known {
    orgs: Vec<Org>,
    requests: Vec<Request>,
}

impl Known {
    fn org(&self, p: &Page, id: &Id) -> String {
        let org = self.orgs.iter().find(|org| org.id == *id);
        org.map_or("—", |org| p.t(&org.name_zh, &org.name_en)).to_owned()
    }
}

fn staff_roles() -> impl Iterator<Item = Role> {
    Role::ALL.into_iter().filter(|role| role.is_staff())
}

fn kind_of(p: &Page, request: &Request) -> String {
    match request.kind.as_str() {
        "make" => p.t("新开账号", "New account"),
        "change" => p.t("变更岗位", "Change of role or place"),
        _ => p.t("重置密码和动态码", "Password and second factor anew"),
    }
    .to_owned()
}

#[derive(Template)]
#[template(path = "staff.html")]
struct ListPage {
    p: Page,
    known: Known,
    accounts: Vec<Account>,
    form: AccountForm,
    org: Option<Id>,
    decided: Option<Decided>,
    problem: Option<Problem>,
    reader: Id,
}

impl ListPage {
    /// Whether the list is that of this organisation.
    fn shown(&self, org: &Org) -> bool {
        self.org == Some(org.id)
    }
}

#[derive(Default, Deserialize)]
struct AccountForm {
    #[serde(default)]
    login: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    org: String,
    #[serde(default)]
    division: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    step: String,
}

impl AccountForm {
    fn wanted(&self) -> Result<Wanted, Problem> {
        Ok(Wanted {
            login: self.login.clone(),
            name: self.name.clone(),
            role: self.role.clone(),
            org: self.org.parse().map_err(|_| super::rules::Refused::NoOrg)?,
            division: self.division.clone(),
            reason: self.reason.clone(),
        })
    }
}

#[derive(Deserialize)]
struct Filter {
    org: Option<String>,
}

async fn list_page(
    app: &App,
    p: Page,
    actor: &Actor,
    org: Option<Id>,
    form: AccountForm,
    outcome: Result<Option<Decided>, Problem>,
) -> Result<Response, Problem> {
    let (orgs, requests, accounts) = app
        .db
        .read(move |tx| {
            Ok::<_, Problem>((org::all(tx)?, store::open(tx)?, store::accounts(tx, org)?))
        })
        .await?;
    let (decided, problem) = match outcome {
        Ok(decided) => (decided, None),
        Err(problem) => (None, Some(problem)),
    };
    let known = Known { orgs, requests };
    let reader = actor.account;
    let page = ListPage { p, known, accounts, form, org, decided, problem, reader };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn list(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Query(filter): Query<Filter>,
) -> Result<Response, Problem> {
    let org = filter.org.filter(|org| !org.is_empty()).map(|org| id_of(&org)).transpose()?;
    let form = AccountForm {
        org: org.map(|org| org.to_string()).unwrap_or_default(),
        division: app.config.region.clone(),
        ..AccountForm::default()
    };
    list_page(&app, p, &actor, org, form, Ok(None)).await
}

async fn ask_new(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Form(form): Form<AccountForm>,
) -> Result<Response, Problem> {
    let asked = match form.wanted() {
        Ok(wanted) => service::ask_new(&app, &actor, wanted).await.map(drop),
        Err(problem) => Err(problem),
    };
    match soft(asked)? {
        None => Ok(Redirect::to("/office/staff#requests").into_response()),
        Some(problem) => list_page(&app, p, &actor, None, form, Err(problem)).await,
    }
}

#[derive(Template)]
#[template(path = "staff_one.html")]
struct OnePage {
    p: Page,
    known: Known,
    account: Account,
    own: bool,
    problem: Option<Problem>,
}

impl OnePage {
    fn works_in(&self, org: &Org) -> bool {
        self.account.org == Some(org.id)
    }

    fn waits(&self) -> bool {
        self.known.requests.iter().any(|request| request.account == self.account.id)
    }
}

async fn one_page(
    app: &App,
    p: Page,
    actor: &Actor,
    id: Id,
    problem: Option<Problem>,
) -> Result<Response, Problem> {
    let (orgs, requests, account) = app
        .db
        .read(move |tx| {
            let account = store::one(tx, id)?.ok_or_else(Problem::not_found)?;
            Ok::<_, Problem>((org::all(tx)?, store::open(tx)?, account))
        })
        .await?;
    let own = account.id == actor.account;
    let page = OnePage { p, known: Known { orgs, requests }, account, own, problem };
    Ok(with_status(render(&page)?, page.problem.as_ref()))
}

async fn one(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    one_page(&app, p, &actor, id_of(&id)?, None).await
}

async fn change(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<AccountForm>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let done = match form.step.as_str() {
        "change" => match form.wanted() {
            Ok(wanted) => service::ask_change(&app, &actor, id, wanted).await.map(drop),
            Err(problem) => Err(problem),
        },
        "reset" => service::ask_reset(&app, &actor, id, &form.reason).await.map(drop),
        "close" => service::close(&app, &actor, id, &form.reason).await,
        _ => return Err(Problem::not_found()),
    };
    match soft(done)? {
        None => Ok(Redirect::to("/office/staff#requests").into_response()),
        problem => one_page(&app, p, &actor, id, problem).await,
    }
}

#[derive(Deserialize)]
struct Decision {
    decision: String,
}

/// The code to begin with is shown once, on the page that answers the form.
async fn decide(
    State(app): State<App>,
    actor: Actor,
    p: Page,
    Path(id): Path<String>,
    Form(form): Form<Decision>,
) -> Result<Response, Problem> {
    let id = id_of(&id)?;
    let done = match form.decision.as_str() {
        "yes" => service::decide(&app, &actor, id, true).await.map(Some),
        "no" => service::decide(&app, &actor, id, false).await.map(|_| None),
        "withdraw" => service::withdraw(&app, &actor, id).await.map(|()| None),
        _ => return Err(Problem::not_found()),
    };
    if matches!(&done, Err(problem) if problem.status >= 500 || problem.status == 404) {
        return done.map(|_| Redirect::to("/office/staff").into_response());
    }
    list_page(&app, p, &actor, None, AccountForm::default(), done).await
}
