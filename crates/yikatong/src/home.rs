//! The public home page, and the start page of those who have no desk of their own yet.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;
use kernel::actor::{Access, Actor, Role};
use kernel::http::{Page, Routes, render};
use kernel::law::Text;
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

/// Routes of the home pages.
pub fn routes() -> Routes {
    Routes::new("yikatong")
        .page(Method::GET, "/", Access::Public, &[1, 2, 3, 4], home)
        .page(Method::GET, "/office", Access::Roles(OFFICE), &[9], office)
        .nav(OFFICE, "/office", Text::new("工作台", "Office"), Some('d'))
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
