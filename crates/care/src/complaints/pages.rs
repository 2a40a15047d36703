//! Pages of matters: for everybody, for holders, counter and hotline, and for those who handle them.

mod help;
mod intake;
mod office;

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Role};
use kernel::http::{Page, Routes};
use kernel::law::Text;
use kernel::problem::Problem;

use super::api::{HANDLERS, HOLDERS};
use super::rules::{Act, State, words};

const DESK: &[Role] = &[Role::Clerk, Role::OutletManager];
const HOTLINE: &[Role] = &[Role::HotlineAgent];
const AUTHORITY: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover];

/// Who sees figures of the whole city.
const READERS: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor];

pub(crate) fn routes() -> Routes {
    let (get, post) = (Method::GET, Method::POST);
    let to = Access::Roles;
    let all = Access::Public;
    Routes::new("care")
        .page(get.clone(), "/complaints", all, &[22], intake::new)
        .page(post.clone(), "/complaints", all, &[22], intake::open)
        .page(get.clone(), "/complaints/follow", all, &[22], intake::follow)
        .page(post.clone(), "/complaints/follow", all, &[22], intake::act)
        .page(get.clone(), "/me/complaints", to(HOLDERS), &[22], intake::mine)
        .page(post.clone(), "/me/complaints", to(HOLDERS), &[19, 22], intake::open_mine)
        .page(get.clone(), "/me/complaints/new", to(HOLDERS), &[19, 22], intake::new_mine)
        .page(get.clone(), "/me/complaints/{id}", to(HOLDERS), &[22], intake::follow_mine)
        .page(post.clone(), "/me/complaints/{id}", to(HOLDERS), &[22], intake::act_mine)
        .page(get.clone(), "/desk/complaints", to(DESK), &[22], intake::new_for)
        .page(post.clone(), "/desk/complaints", to(DESK), &[22], intake::take)
        .page(get.clone(), "/hotline/complaints", to(HOTLINE), &[22], intake::new_for)
        .page(post.clone(), "/hotline/complaints", to(HOTLINE), &[22], intake::take)
        .page(get.clone(), "/office/complaints", to(HANDLERS), &[22], office::list)
        .page(get.clone(), "/office/complaints/rules", to(AUTHORITY), &[22], office::rules)
        .page(post.clone(), "/office/complaints/rules", to(AUTHORITY), &[22, 25], office::set)
        .page(get.clone(), "/office/complaints/figures", to(READERS), &[22], help::figures)
        .page(get.clone(), "/office/complaints/figures.csv", to(READERS), &[22], help::table)
        .page(get.clone(), "/open/complaints.csv", all, &[22], help::open)
        .page(get.clone(), "/help", all, &[22], help::find)
        .page(post.clone(), "/help", all, &[22], help::voice)
        .page(get.clone(), "/office/help", to(AUTHORITY), &[22], help::desk)
        .page(post.clone(), "/office/help", to(AUTHORITY), &[22, 25], help::act)
        .page(get, "/office/complaints/{id}", to(HANDLERS), &[22], office::one)
        .page(post, "/office/complaints/{id}", to(HANDLERS), &[22], office::act)
        .more("/me/complaints", Text::new("咨询和投诉", "Questions and complaints"))
        .nav(DESK, "/desk/complaints", Text::new("投诉咨询", "Complaints"), None)
        .nav(HOTLINE, "/hotline/complaints", Text::new("来电登记", "Calls"), Some('c'))
        .nav(HANDLERS, "/office/complaints", Text::new("投诉举报咨询", "Complaints"), None)
        .work(
            HANDLERS,
            "/office/complaints",
            Text::new("投诉举报咨询", "Complaints to answer"),
            super::store::count_open,
        )
        .more("/help", Text::new("常见问题", "Questions and answers"))
        .nav(
            READERS,
            "/office/complaints/figures",
            Text::new("诉求统计", "Figures of complaints"),
            None,
        )
        .nav(AUTHORITY, "/office/help", Text::new("知识库", "Knowledge base"), None)
        .work(
            AUTHORITY,
            "/office/help",
            Text::new("知识库审批", "Answers to approve"),
            |tx, actor, _| kernel::work::decisions(tx, actor, &[super::knowledge::APPROVAL]),
        )
        .nav(
            AUTHORITY,
            "/office/complaints/rules",
            Text::new("诉求分派和工作日历", "Routing and calendar"),
            None,
        )
}

/// A form's answer that is no success keeps what was typed: the page again, with its problem.
fn with_problem(
    page: Result<Response, Problem>,
    problem: Option<u16>,
) -> Result<Response, Problem> {
    let mut page = page?;
    if let Some(status) = problem.and_then(|status| StatusCode::from_u16(status).ok()) {
        *page.status_mut() = status;
    }
    Ok(page.into_response())
}

fn kind(p: &Page, code: &str) -> String {
    words::name(words::KINDS, code).get(p.lang).to_owned()
}

fn field(p: &Page, code: &str) -> String {
    words::name(words::FIELDS, code).get(p.lang).to_owned()
}

fn channel(p: &Page, code: &str) -> String {
    words::name(words::CHANNELS, code).get(p.lang).to_owned()
}

fn outcome(p: &Page, code: &str) -> String {
    words::name(words::OUTCOMES, code).get(p.lang).to_owned()
}

fn about(p: &Page, code: &str) -> String {
    words::name(words::ABOUT, code).get(p.lang).to_owned()
}

fn state(p: &Page, state: &State) -> String {
    state.name().get(p.lang).to_owned()
}

fn badge(state: &State) -> &'static str {
    match state {
        State::Received | State::Assigned => "badge-info",
        State::Answered | State::Closed => "badge-ok",
        State::Withdrawn | State::Merged => "badge-warn",
    }
}

/// Name of an act as it is kept on record, which knows two more than people can do.
fn act(p: &Page, code: &str) -> String {
    match code {
        "open" => p.t("已受理", "Received").to_owned(),
        "remind" => p.t("到期提醒", "Reminder").to_owned(),
        _ => Act::of(code).map_or(code.to_owned(), |act| act.name().get(p.lang).to_owned()),
    }
}
