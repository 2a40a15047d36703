//! Pages of the coordination mechanism: tasks, meetings, the register of duties.

mod register;
mod tasks;

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Role};
use kernel::divisions;
use kernel::http::{Page, Routes};
use kernel::id::Id;
use kernel::law::Text;
use kernel::org::Org;
use kernel::problem::Problem;

use super::api::MEMBERS;

const READERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::DepartmentOfficer,
    Role::Auditor,
];
const READER: Access = Access::Roles(READERS);
const MEMBER: Access = Access::Roles(MEMBERS);
const AUTHORITY: Access = Access::Roles(&[Role::MunicipalOfficer, Role::MunicipalApprover]);

pub(super) fn routes() -> Routes {
    Routes::new("care")
        .page(Method::GET, "/office/coordination", READER, &[9], tasks::list)
        .page(Method::GET, "/office/coordination/new", MEMBER, &[6, 9], tasks::form)
        .page(Method::POST, "/office/coordination/new", MEMBER, &[6, 9], tasks::create)
        .page(Method::GET, "/office/coordination/tasks/{id}", READER, &[9], tasks::one)
        .page(Method::POST, "/office/coordination/tasks/{id}/act", MEMBER, &[9], tasks::act)
        .page(Method::POST, "/office/coordination/tasks/{id}/opinion", MEMBER, &[6, 9], tasks::say)
        .page(Method::GET, "/office/coordination/meetings", READER, &[9], register::meetings)
        .page(
            Method::POST,
            "/office/coordination/meetings",
            AUTHORITY,
            &[9],
            register::enter_meeting,
        )
        .page(Method::GET, "/office/coordination/duties", READER, &[9], register::duties)
        .page(Method::POST, "/office/coordination/duties", AUTHORITY, &[9], register::add_duty)
        .page(
            Method::POST,
            "/office/coordination/duties/{id}/end",
            AUTHORITY,
            &[9],
            register::end_duty,
        )
        .page(Method::GET, "/duties", Access::Public, &[9], register::open_duties)
        .nav(READERS, "/office/coordination", Text::new("部门协调", "Coordination"), None)
        .work(
            MEMBERS,
            "/office/coordination",
            Text::new("部门协调任务", "Tasks between departments"),
            super::store::count_waiting,
        )
}

fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn with_status(page: Response, problem: Option<&Problem>) -> Response {
    let status = problem.map_or(200, |problem| problem.status);
    (StatusCode::from_u16(status).unwrap_or_default(), page).into_response()
}

/// Names of organisations for the templates.
struct Orgs(Vec<Org>);

impl Orgs {
    fn name(&self, p: &Page, id: &Id) -> String {
        let found = self.0.iter().find(|org| org.id == *id);
        found.map_or_else(String::new, |org| p.t(&org.name_zh, &org.name_en).to_owned())
    }
}

fn place(p: &Page, code: &str) -> String {
    match code {
        "" => p.t("全市", "Whole city").to_owned(),
        code => divisions::find(code)
            .map_or_else(|| code.to_owned(), |one| p.t(one.zh, one.en).to_owned()),
    }
}
