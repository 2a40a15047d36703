//! Public pages of banks and offers, and the office pages behind them.

mod alarms;
mod figures;
mod offers;
mod office;
mod public;

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use kernel::actor::{Access, Role};
use kernel::http::{Page, Routes};
use kernel::id::Id;
use kernel::law::Text;
use kernel::problem::Problem;
use kernel::work;

use crate::rules::Agreement;

const MAKERS: &[Role] = &[Role::MunicipalOfficer];
const CHECKERS: &[Role] = &[Role::MunicipalApprover];
const BANKS: &[Role] = &[Role::Bank];
/// Who owns alarms.
const OWNERS: &[Role] = &[Role::Bank, Role::MunicipalOfficer];
/// Who sees figures; a bank its own only.
const READERS: &[Role] = &[Role::Bank, Role::MunicipalOfficer, Role::MunicipalApprover];

pub(crate) fn routes() -> Routes {
    let (get, post) = (Method::GET, Method::POST);
    let to = Access::Roles;
    Routes::new("banks")
        .page(get.clone(), "/banks", Access::Public, &[10], public::list)
        .page(get.clone(), "/banks/offers", Access::Public, &[10], public::offers)
        .page(get.clone(), "/banks/{code}", Access::Public, &[10], public::one)
        .page(get.clone(), "/office/banks", to(MAKERS), &[10], office::list)
        .page(post.clone(), "/office/banks", to(MAKERS), &[10], office::add)
        .page(get.clone(), "/office/banks/{code}/agreement", to(MAKERS), &[10], office::form)
        .page(post.clone(), "/office/banks/{code}/agreement", to(MAKERS), &[10], office::propose)
        .page(get.clone(), "/office/banks/decide", to(CHECKERS), &[10], office::waiting)
        .page(post.clone(), "/office/banks/decide", to(CHECKERS), &[10, 25], office::decide)
        .page(get.clone(), "/office/banks/offers", to(BANKS), &[10], offers::own)
        .page(post.clone(), "/office/banks/offers", to(BANKS), &[10], offers::draft)
        .page(post.clone(), "/office/banks/offers/withdraw", to(BANKS), &[10], offers::withdraw)
        .page(get.clone(), "/office/banks/alarms", to(OWNERS), &[10, 20], alarms::list)
        .page(post.clone(), "/office/banks/alarms/take", to(OWNERS), &[10, 20], alarms::take)
        .page(post, "/office/banks/alarms/close", to(OWNERS), &[10, 20], alarms::close)
        .page(get.clone(), "/office/banks/figures", to(READERS), &[10], figures::show)
        .page(get.clone(), "/office/banks/figures.csv", to(READERS), &[10], figures::table)
        .page(get, "/office/banks/files", to(OWNERS), &[10], figures::files)
        .nav(MAKERS, "/office/banks", Text::new("合作银行", "Banks"), Some('b'))
        .nav(CHECKERS, "/office/banks/decide", Text::new("银行审批", "Decide on banks"), Some('b'))
        .work(
            CHECKERS,
            "/office/banks/decide",
            Text::new("银行审批", "Decide on banks"),
            |tx, actor, _| {
                work::decisions(
                    tx,
                    actor,
                    &[crate::service::agreements::KIND, crate::service::offers::KIND],
                )
            },
        )
        .work(
            OWNERS,
            "/office/banks/alarms",
            Text::new("银行告警", "Bank alarms"),
            |tx, actor, _| {
                crate::store::alarms::count_open(tx, crate::service::alarms::bound(actor))
            },
        )
        .nav(BANKS, "/office/banks/offers", Text::new("优惠", "Offers"), Some('o'))
        .nav(OWNERS, "/office/banks/alarms", Text::new("银行告警", "Bank alarms"), Some('l'))
        .nav(READERS, "/office/banks/figures", Text::new("服务质量", "Service quality"), Some('q'))
        .nav(OWNERS, "/office/banks/files", Text::new("银行文件", "Bank files"), None)
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

/// The id in a form; one that cannot be read is of nothing.
fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// Names of codes for one line of a page.
fn names(p: &Page, texts: impl Iterator<Item = Text>) -> String {
    let texts: Vec<String> = texts.map(|text| p.text(&text).to_owned()).collect();
    match texts.is_empty() {
        true => p.t("无", "none").to_owned(),
        false => texts.join(p.t("、", ", ")),
    }
}

/// What a bank undertakes, for one line of a page.
fn services(p: &Page, agreement: &Agreement) -> String {
    names(p, agreement.services.iter().map(|service| service.name()))
}

/// Fees that it does not take, for one line of a page.
fn waivers(p: &Page, agreement: &Agreement) -> String {
    names(p, agreement.waivers.iter().map(|waiver| waiver.name()))
}

/// Names of divisions for one line of a page; none means the whole city.
fn places(p: &Page, codes: &[String]) -> String {
    if codes.is_empty() {
        return p.t("全市", "the whole city").to_owned();
    }
    let name = |code: &String| match kernel::divisions::find(code) {
        Some(division) => p.t(division.zh, division.en).to_owned(),
        None => code.clone(),
    };
    codes.iter().map(name).collect::<Vec<_>>().join(p.t("、", ", "))
}
