//! Pages of outlets: the public finder, the holder's number and appointments, the desk's queue, the
//! manager's days, the office's register and figures.

mod desk;
mod figures;
pub(crate) mod finder;
mod me;
mod office;

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Role};
use kernel::http::{Page, Routes};
use kernel::id::Id;
use kernel::law::Text;
use kernel::problem::Problem;
use kernel::time::parse_day;
use time::Date;

pub(crate) use finder::Search;

use crate::rules::Word;

const HOLDERS: &[Role] = &[Role::Holder];
const DESK: &[Role] = &[Role::Clerk, Role::OutletManager];
const MANAGERS: &[Role] = &[Role::OutletManager];
const MAKERS: &[Role] = &[Role::DistrictOfficer, Role::MunicipalOfficer];
const CHECKERS: &[Role] = &[Role::DistrictApprover, Role::MunicipalApprover];
/// Who sees figures: a manager his outlet's, officials their area's.
const READERS: &[Role] = &[
    Role::OutletManager,
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
];

pub(crate) fn routes() -> Routes {
    let (get, post) = (Method::GET, Method::POST);
    let to = Access::Roles;
    Routes::new("outlets")
        .page(get.clone(), "/outlets", Access::Public, &[11, 15], finder::list)
        .page(get.clone(), "/outlets/{id}", Access::Public, &[11, 15], finder::one)
        .page(get.clone(), "/outlets/{id}/screen", Access::Public, &[11], finder::screen)
        .page(get.clone(), "/me/queue", to(HOLDERS), &[11], me::queue)
        .page(post.clone(), "/me/queue", to(HOLDERS), &[11], me::take)
        .page(post.clone(), "/me/queue/leave", to(HOLDERS), &[11], me::leave)
        .page(get.clone(), "/me/appointments", to(HOLDERS), &[11], me::appointments)
        .page(get.clone(), "/me/appointments/new", to(HOLDERS), &[11, 15], me::choose)
        .page(post.clone(), "/me/appointments", to(HOLDERS), &[11, 15], me::book)
        .page(post.clone(), "/me/appointments/cancel", to(HOLDERS), &[11], me::cancel)
        .page(get.clone(), "/desk/queue", to(DESK), &[11], desk::queue)
        .page(post.clone(), "/desk/queue/next", to(DESK), &[11], desk::next)
        .page(post.clone(), "/desk/queue/end", to(DESK), &[11], desk::end)
        .page(get.clone(), "/desk/queue/machine", to(DESK), &[11, 15], desk::machine)
        .page(post.clone(), "/desk/queue/machine", to(DESK), &[11, 15], desk::take)
        .page(get.clone(), "/desk/outlet", to(MANAGERS), &[11], desk::days)
        .page(post.clone(), "/desk/outlet", to(MANAGERS), &[11], desk::set_day)
        .page(get.clone(), "/office/outlets", to(MAKERS), &[11], office::list)
        .page(get.clone(), "/office/outlets/new", to(MAKERS), &[11], office::new)
        .page(post.clone(), "/office/outlets/new", to(MAKERS), &[11], office::propose_new)
        .page(get.clone(), "/office/outlets/decide", to(CHECKERS), &[11], office::waiting)
        .page(post.clone(), "/office/outlets/decide", to(CHECKERS), &[11, 25], office::decide)
        .page(get.clone(), "/office/outlets/work", to(READERS), &[11], figures::show)
        .page(get.clone(), "/office/outlets/work.csv", to(READERS), &[11], figures::table)
        .page(get, "/office/outlets/{id}", to(MAKERS), &[11], office::change)
        .page(post, "/office/outlets/{id}", to(MAKERS), &[11], office::propose_change)
        .more("/me/appointments", Text::new("我的预约", "My appointments"))
        .more("/me/queue", Text::new("我的排队号", "My number in the queue"))
        .nav(DESK, "/desk/queue", Text::new("叫号", "Queue"), None)
        .nav(MANAGERS, "/desk/outlet", Text::new("网点日历", "Opening days"), None)
        .nav(MAKERS, "/office/outlets", Text::new("服务网点", "Outlets"), None)
        .nav(CHECKERS, "/office/outlets/decide", Text::new("网点审批", "Decide on outlets"), None)
        .work(
            CHECKERS,
            "/office/outlets/decide",
            Text::new("网点审批", "Decide on outlets"),
            crate::service::register::count_waiting,
        )
        .work(
            DESK,
            "/desk/queue",
            Text::new("等候叫号", "Waiting in the queue"),
            |tx, actor, now| {
                crate::store::queue::count_waiting(tx, actor.org.unwrap_or_default(), now)
            },
        )
        .nav(READERS, "/office/outlets/work", Text::new("网点工作量", "Outlets' work"), None)
}

/// A form's answer that is no success keeps what was typed: the page again, with its problem.
fn with_problem(
    page: Result<Response, Problem>,
    problem: Option<u16>,
) -> Result<Response, Problem> {
    match problem {
        Some(status) => {
            let status = StatusCode::from_u16(status).unwrap_or_default();
            Ok((status, page?).into_response())
        }
        None => page,
    }
}

/// The id in a form or path; one that cannot be read is of nothing.
fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn day_of(text: &str, field: &str) -> Result<Date, Problem> {
    parse_day(text.trim())
        .ok_or_else(|| Problem::field(field, Text::new("请选择日期", "Choose a day")))
}

/// Words for one line of a page.
fn names(p: &Page, words: &[&'static Word]) -> String {
    let names: Vec<&str> = words.iter().map(|word| p.t(word.1, word.2)).collect();
    match names.is_empty() {
        true => p.t("无", "none").to_owned(),
        false => names.join(p.t("、", ", ")),
    }
}

/// Name of a division.
fn division(p: &Page, code: &str) -> String {
    kernel::divisions::find(code).map_or_else(|| code.to_owned(), |d| p.t(d.zh, d.en).to_owned())
}

/// Name of a service.
fn service(p: &Page, code: &str) -> String {
    let word = crate::rules::word(crate::rules::SERVICES, code);
    word.map_or_else(|| code.to_owned(), |word| p.t(word.1, word.2).to_owned())
}

/// Names of the weekdays, Monday first.
const WEEKDAYS: [(&str, &str); 7] = [
    ("周一", "Mon"),
    ("周二", "Tue"),
    ("周三", "Wed"),
    ("周四", "Thu"),
    ("周五", "Fri"),
    ("周六", "Sat"),
    ("周日", "Sun"),
];

/// `周一` or `Mon`.
fn weekday(p: &Page, day: Date) -> &'static str {
    let (zh, en) = WEEKDAYS[usize::from(day.weekday().number_days_from_monday())];
    p.lang.pick(zh, en)
}

/// `09:00-12:00, 13:00-17:00`, or that it is closed.
fn hours(p: &Page, spans: &[crate::rules::Span]) -> String {
    match spans.is_empty() {
        true => p.t("休息", "closed").to_owned(),
        false => crate::rules::spans_text(spans).replace(',', p.t("，", ", ")),
    }
}
