//! Incidents and drills (Art. 20): the emergency plan as data, a timeline tied to the journal, tasks with
//! deadlines, the procedure for breaches of personal data (PIPL 57), and the public status page.

mod pages;
pub mod plan;
pub mod service;
mod store;

use axum::http::Method;
use kernel::actor::{Access, Role};
use kernel::http::Routes;
use kernel::law::Text;
use kernel::settings::Setting;
use utoipa_axum::routes;

use super::CITY;

pub use store::{Event, Incident, Task};

/// Hours within which people are told of a breach of their data.
pub const BREACH_HOURS: Setting = Setting {
    name: "safety.breach-hours",
    default: 72,
    least: 1,
    most: 168,
    zh: "个人信息泄露后通知个人的时限（小时）",
    en: "Hours within which people are told of a breach of their data",
    article: 20,
};

/// Those who look; the auditor and districts change nothing.
const READERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
    Role::Auditor,
];

/// All routes of incidents.
pub fn routes() -> Routes {
    let (get, post, to) = (Method::GET, Method::POST, Access::Roles);
    Routes::new("conduct")
        .page(get.clone(), "/status", Access::Public, &[20], pages::status)
        .page(get.clone(), "/office/incidents", to(READERS), &[20], pages::list)
        .page(post.clone(), "/office/incidents", to(CITY), &[20], pages::open)
        .page(get.clone(), "/office/incidents/{id}", to(READERS), &[19, 20], pages::one)
        .page(post, "/office/incidents/{id}", to(CITY), &[19, 20], pages::act)
        .page(get, "/office/emergency-plan", to(READERS), &[20], pages::plan)
        .api(Access::Public, &[20], routes!(pages::api_status))
        .api(to(READERS), &[20], routes!(pages::api_list))
        .api(to(CITY), &[20], routes!(pages::api_open))
        .nav(READERS, "/office/incidents", Text::new("突发事件", "Incidents"), None)
}
