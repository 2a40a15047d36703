//! The public home page, and the start page of those who have no desk of their own yet.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Page, Routes, render};
use kernel::law::Text;
use kernel::org::{self, Org};
use kernel::platform::App;
use kernel::problem::Problem;
use kernel::work::{self, Waiting, Work};

const OFFICE: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::DepartmentOfficer,
    Role::Bank,
    Role::HotlineAgent,
    Role::Auditor,
    Role::Administrator,
];
const ADMINISTRATOR: &[Role] = &[Role::Administrator];

/// Routes of the home pages.
pub fn routes() -> Routes {
    Routes::new("yikatong")
        .page(Method::GET, "/", Access::Public, &[1, 2, 3, 4], home)
        .page(Method::GET, "/office", Access::Roles(OFFICE), &[9], office)
        .page(
            Method::GET,
            "/office/organisations",
            Access::Roles(ADMINISTRATOR),
            &[9],
            organisations,
        )
        .nav(OFFICE, "/office", Text::new("工作台", "Office"), Some('d'))
        .nav(ADMINISTRATOR, "/office/organisations", Text::new("机构", "Organisations"), Some('g'))
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    p: Page,
}

async fn home(p: Page) -> Result<Response, Problem> {
    render(&HomePage { p })
}

#[derive(Template)]
#[template(path = "office.html")]
struct OfficePage {
    p: Page,
    people: i64,
    stages: Vec<(cards::rules::Stage, i64)>,
    work: Vec<(Work, Waiting)>,
}

async fn office(State(app): State<App>, actor: Actor, p: Page) -> Result<Response, Problem> {
    let (people, stages) = app
        .db
        .read(|tx| Ok::<_, Problem>((people::store::count(tx)?, cards::store::counts(tx)?)))
        .await?;
    let work = work::waiting(&app, &actor).await?;
    render(&OfficePage { p, people, stages, work })
}

#[derive(Template)]
#[template(path = "organisations.html")]
struct OrganisationsPage {
    p: Page,
    orgs: Vec<Org>,
}

impl OrganisationsPage {
    fn kind(&self, org: &Org) -> String {
        let (zh, en) = match org.kind.as_str() {
            "audit" => ("审计机构", "Audit"),
            "bank" => ("合作银行", "Bank"),
            "department" => ("部门", "Department"),
            "finance" => ("财政部门", "Finance"),
            "hotline" => ("服务热线", "Hotline"),
            "hrss" => ("人力社保局", "HRSS authority"),
            "operator" => ("平台运行单位", "Operator"),
            "outlet" => ("服务网点", "Outlet"),
            other => return other.to_owned(),
        };
        self.p.t(zh, en).to_owned()
    }
}

async fn organisations(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let orgs = app.db.read(|tx| Ok::<_, Problem>(org::all(tx)?)).await?;
    render(&OrganisationsPage { p, orgs })
}
