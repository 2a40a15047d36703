//! Detection: rules as data over the stream of uses, reads and payments (Art. 20). Findings become alerts
//! for people, never punishments by themselves.

pub mod measure;
mod pages;
pub mod queue;
pub mod rules;
pub mod run;
mod store;

use axum::http::Method;
use kernel::actor::{Access, Role};
use kernel::http::Routes;
use kernel::law::Text;
use utoipa_axum::routes;

use super::{CITY, OFFICERS};

pub use store::Alert;

/// The auditor sees the queue and decides nothing.
const READERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::Auditor,
];

/// All routes of alerts.
pub fn routes() -> Routes {
    let (get, post, to) = (Method::GET, Method::POST, Access::Roles);
    Routes::new("conduct")
        .page(get.clone(), "/office/alerts", to(READERS), &[20, 25], pages::list)
        .page(get.clone(), "/office/alerts/{id}", to(READERS), &[20, 25], pages::one)
        .page(post.clone(), "/office/alerts/{id}/take", to(OFFICERS), &[20], pages::take)
        .page(post.clone(), "/office/alerts/{id}/close", to(OFFICERS), &[20, 25], pages::close)
        .page(get.clone(), "/office/alert-rules", to(READERS), &[20], pages::rules)
        .page(get, "/office/alert-rules/{code}", to(CITY), &[20], pages::rule)
        .page(post, "/office/alert-rules/{code}", to(CITY), &[20], pages::tune)
        .api(to(READERS), &[20, 25], routes!(pages::api_list))
        .nav(READERS, "/office/alerts", Text::new("预警", "Alerts"), None)
        .work(
            OFFICERS,
            "/office/alerts",
            Text::new("预警处置", "Alerts to settle"),
            |tx, actor, _| store::count_open(tx, actor),
        )
}
