//! Pages of fusion: the office, everybody, the holder.

mod card;
mod me;
mod office;
mod public;
mod register;

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use items::rules::Word;
use kernel::actor::{Access, Role};
use kernel::http::{Page, Routes};
use kernel::id::Id;
use kernel::law::Text;
use kernel::problem::Problem;
use kernel::time::day_text;
use people::field::Field;
use time::Date;

use super::rules::{Grade, Overlap, Stand, State};

const OFFICE: &[Role] =
    &[Role::DepartmentOfficer, Role::MunicipalOfficer, Role::MunicipalApprover, Role::Auditor];
const MAKERS: &[Role] = &[Role::DepartmentOfficer, Role::MunicipalOfficer];
const REVOKERS: &[Role] =
    &[Role::DepartmentOfficer, Role::MunicipalOfficer, Role::MunicipalApprover];
const CHECKERS: &[Role] = &[Role::MunicipalApprover];
const HOLDERS: &[Role] = &[Role::Holder];

pub(crate) fn routes() -> Routes {
    let (get, post) = (Method::GET, Method::POST);
    let (office, makers) = (Access::Roles(OFFICE), Access::Roles(MAKERS));
    let (revokers, holders) = (Access::Roles(REVOKERS), Access::Roles(HOLDERS));
    Routes::new("fusion")
        .page(get.clone(), "/fusion", Access::Public, &[6, 16], public::list)
        .page(get.clone(), "/office/fusion", office, &[6, 16], office::overview)
        .page(
            post.clone(),
            "/office/fusion/decide",
            Access::Roles(CHECKERS),
            &[6, 16, 25],
            office::decide,
        )
        .page(get.clone(), "/office/fusion/register", makers, &[6, 16], register::form)
        .page(post.clone(), "/office/fusion/register", makers, &[6, 16], register::send)
        .page(get.clone(), "/office/fusion/{id}", office, &[6, 16], card::show)
        .page(post.clone(), "/office/fusion/{id}/plan", makers, &[16], card::plan)
        .page(post.clone(), "/office/fusion/{id}/reach", makers, &[16], card::reach)
        .page(post.clone(), "/office/fusion/{id}/format", makers, &[16], card::format)
        .page(post.clone(), "/office/fusion/{id}/key", makers, &[16, 20], card::key)
        .page(post.clone(), "/office/fusion/{id}/revoke", revokers, &[20], card::revoke)
        .page(post.clone(), "/office/fusion/{id}/withdraw", revokers, &[16], card::withdraw)
        .page(post.clone(), "/office/fusion/{id}/end", makers, &[6, 16], card::end)
        .page(get, "/me/fusion", holders, &[6, 16, 19], me::show)
        .page(post.clone(), "/me/fusion", holders, &[6, 16], me::link)
        .page(post, "/me/fusion/end", holders, &[16, 19], me::end)
        .nav(OFFICE, "/office/fusion", Text::new("卡码融合", "Cards and codes"), Some('f'))
        .work(
            CHECKERS,
            "/office/fusion",
            Text::new("卡码融合审批", "Cards and codes"),
            super::service::approvals::count_waiting,
        )
        .more("/me/fusion", Text::new("卡码融合", "Linked cards"))
}

/// The page with the status of the problem that it shows.
fn with_problem(
    page: Result<Response, Problem>,
    problem: Option<u16>,
) -> Result<Response, Problem> {
    match problem.and_then(|status| StatusCode::from_u16(status).ok()) {
        Some(status) => Ok((status, page?).into_response()),
        None => page,
    }
}

fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

fn state_badge(state: &State) -> &'static str {
    match state {
        State::Proposed | State::Merging => "badge-warn",
        State::Registered => "badge-info",
        State::Fused => "badge-ok",
        State::Rejected | State::Ended => "badge-bad",
    }
}

fn stand_word(p: &Page, stand: Stand) -> (&'static str, &'static str, String) {
    let (step, badge, zh, en) = match stand {
        Stand::Done => ("step step-done", "badge-ok", "已完成", "Reached"),
        Stand::Overdue => ("step step-failed", "badge-bad", "已逾期", "Overdue"),
        Stand::Due => ("step step-now", "badge-warn", "即将到期", "Due soon"),
        Stand::Ahead => ("step", "badge-info", "未到期", "Ahead"),
    };
    (step, badge, p.t(zh, en).to_owned())
}

fn grade_word(p: &Page, overlap: &Overlap) -> (&'static str, String) {
    let (badge, zh, en) = match overlap.grade {
        Grade::Full => ("badge-bad", "功能重复", "Does all of it"),
        Grade::Part => ("badge-warn", "部分重叠", "Does a part"),
    };
    (badge, p.t(zh, en).to_owned())
}

fn joined(p: &Page, texts: impl Iterator<Item = Text>) -> String {
    let said: Vec<String> = texts.map(|text| p.text(&text).to_owned()).collect();
    if said.is_empty() { "—".to_owned() } else { said.join(p.t("、", ", ")) }
}

fn names<W: Word>(p: &Page, words: &[W]) -> String {
    joined(p, words.iter().map(|word| word.name()))
}

fn facts(p: &Page, fields: &[Field]) -> String {
    joined(p, fields.iter().map(|field| field.label()))
}

fn day(day: &Date) -> String {
    day_text(*day)
}

/// `3,200,000`, for people.
fn grouped(number: &i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn large_numbers_are_read_in_threes() {
        let said = [0, 999, 1_000, 3_200_000].map(|number| super::grouped(&number));
        assert_eq!(said, ["0", "999", "1,000", "3,200,000"]);
    }
}
