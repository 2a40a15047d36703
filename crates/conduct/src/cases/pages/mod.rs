//! Pages of cases: the report of anybody, the office's list and file, one's own cases.

mod hand_over;
mod me;
mod office;
mod report;

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Role};
use kernel::divisions::{self, Division, Region};
use kernel::http::{Page, Routes};
use kernel::id::Id;
use kernel::law::Text;
use kernel::problem::Problem;
use kernel::time::Utc;
use people::evidence::rules::LARGEST;

use super::api::{ENTERERS, HANDLERS, READERS};

const HOLDERS: &[Role] = &[Role::Holder];
const NAMERS: &[Role] = &[Role::MunicipalApprover];
const CITY: &[Role] = &[Role::MunicipalOfficer];
/// Staff who may be told that they or their organisation are concerned.
const STAFF: &[Role] = &[
    Role::Clerk,
    Role::OutletManager,
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::DepartmentOfficer,
    Role::Bank,
    Role::HotlineAgent,
];

pub(super) fn routes() -> Routes {
    let (get, post) = (Method::GET, Method::POST);
    let (to, all) = (Access::Roles, Access::Public);
    Routes::new("conduct")
        .page(get.clone(), "/report", all, &[22, 24, 25], report::form)
        .page(post.clone(), "/report", all, &[22, 24, 25], report::tell)
        .page(post.clone(), "/report/status", all, &[22], report::status)
        .page(post.clone(), "/report/more", all, &[22], report::more)
        .page(get.clone(), "/office/cases", to(READERS), &[26], office::list)
        .page(get.clone(), "/office/cases/new", to(ENTERERS), &[24, 25], office::new)
        .page(post.clone(), "/office/cases/new", to(ENTERERS), &[24, 25], office::enter)
        .page(get.clone(), "/office/cases/protection", to(NAMERS), &[19], office::protection)
        .page(post.clone(), "/office/cases/protection", to(NAMERS), &[19], office::name)
        .page(get.clone(), "/office/cases/{id}", to(HANDLERS), &[26], office::file)
        .page(post.clone(), "/office/cases/{id}", to(HANDLERS), &[26, 27], office::act)
        .upload(
            "/office/cases/{id}/evidence",
            to(HANDLERS),
            &[26],
            LARGEST + 64 * 1024,
            office::add_evidence,
        )
        .page(
            get.clone(),
            "/office/cases/{id}/evidence/{piece}",
            to(HANDLERS),
            &[19, 26],
            office::evidence,
        )
        .page(get.clone(), "/office/cases/{id}/hand-over", to(HANDLERS), &[25, 26], hand_over::form)
        .page(
            post.clone(),
            "/office/cases/{id}/hand-over",
            to(HANDLERS),
            &[25, 26],
            hand_over::send,
        )
        .page(get.clone(), "/office/cases/{id}/reporter", to(CITY), &[19], office::reporter)
        .page(post.clone(), "/office/cases/{id}/reporter", to(CITY), &[19], office::reveal)
        .page(get.clone(), "/me/cases", to(HOLDERS), &[26], me::list)
        .page(post.clone(), "/me/cases/{id}", to(HOLDERS), &[26], me::respond)
        .page(get, "/desk/notices", to(STAFF), &[26], me::list)
        .page(post, "/desk/notices/{id}", to(STAFF), &[26], me::respond)
        .more("/report", Text::new("举报违规", "Report a violation"))
        .more("/me/cases", Text::new("涉及我的案件", "Cases about me"))
        .nav(READERS, "/office/cases", Text::new("违规案件", "Cases"), None)
        .work(
            HANDLERS,
            "/office/cases",
            Text::new("违规案件", "Cases in my hands"),
            super::store::count_mine,
        )
        .nav(STAFF, "/desk/notices", Text::new("告知书", "Notices"), None)
        .nav(NAMERS, "/office/cases/protection", Text::new("举报人保护", "Protection"), None)
}

fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// Districts of the city, to choose from.
fn districts() -> Vec<&'static Division> {
    divisions::children(Region::Chongqing, Utc::now().day()).collect()
}

fn division(p: &Page, code: &str) -> String {
    divisions::find(code).map_or_else(|| code.to_owned(), |d| p.t(d.zh, d.en).to_owned())
}

/// What is said of a field.
fn fault<'a>(p: &'a Page, problem: &'a Option<Problem>, field: &str) -> Option<&'a str> {
    let mut faults = problem.iter().flat_map(|problem| &problem.fields);
    faults.find(|fault| fault.field == field).map(|fault| p.text(&fault.text))
}

/// A form's answer that is no success keeps what was typed: the page again, with its problem.
fn with_status(page: Result<Response, Problem>, status: Option<u16>) -> Result<Response, Problem> {
    match status {
        Some(status) => {
            Ok((StatusCode::from_u16(status).unwrap_or_default(), page?).into_response())
        }
        None => page,
    }
}
