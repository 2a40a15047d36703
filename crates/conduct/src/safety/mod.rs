//! Freezes, detection and incidents (Art. 20).

pub mod detect;
pub mod freezes;
pub mod incidents;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::actor::Role;
use kernel::db::Migration;
use kernel::http::Routes;
use kernel::id::Id;
use kernel::jobs::Job;
use kernel::law::Text;
use kernel::problem::Problem;
use kernel::settings::Setting;

/// The schema.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "conduct-safety-0001",
    sql: include_str!("../../migrations/safety_0001.sql"),
}];

/// What the authority may tune.
pub const SETTINGS: &[&Setting] = &[&incidents::BREACH_HOURS];

pub(crate) const HOLDERS: &[Role] = &[Role::Holder];
pub(crate) const CLERKS: &[Role] = &[Role::Clerk, Role::OutletManager];
pub(crate) const HOTLINE: &[Role] = &[Role::HotlineAgent];
/// Officers on duty and those who decide with them.
pub(crate) const OFFICERS: &[Role] = &[
    Role::DistrictOfficer,
    Role::DistrictApprover,
    Role::MunicipalOfficer,
    Role::MunicipalApprover,
];
/// Officers of the city.
pub(crate) const CITY: &[Role] = &[Role::MunicipalOfficer, Role::MunicipalApprover];

/// The repeating work.
pub fn jobs() -> Vec<Job> {
    let job = |name, seconds, run| Job { name, every: Duration::from_secs(seconds), run };
    vec![
        job("safety.freezes", 60, |app| {
            Box::pin(async move { freezes::service::watch(&app).await })
        }),
        job("safety.incidents", 60, |app| {
            Box::pin(async move { incidents::service::watch(&app).await })
        }),
        job("safety.mass", 2, |app| Box::pin(async move { freezes::mass::round(&app).await })),
        job("safety.detect", 30, |app| Box::pin(async move { detect::run::round(&app).await })),
    ]
}

/// All routes.
pub fn routes() -> Routes {
    freezes::routes().merge(detect::routes()).merge(incidents::routes())
}

/// The id in a form or path; one that cannot be read is of nothing.
pub(crate) fn id_of(text: &str) -> Result<Id, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// A text for the record: 2 to 200 characters, no line ends.
pub(crate) fn words(field: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if (2..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(Problem::field(field, Text::new("请用2到200字说明", "Say it in 2 to 200 characters")))
}

/// A text that may be empty: at most 200 characters.
pub(crate) fn note(field: &str, text: &str) -> Result<String, Problem> {
    if text.trim().is_empty() { Ok(String::new()) } else { words(field, text) }
}
