//! Card life: apply, produce, hand over, activate, and the electronic card that is issued in the same
//! act (Art. 5, 11–13).
#![forbid(unsafe_code)]

pub mod api;
pub mod bulk;
pub mod events;
pub mod number;
pub mod online;
pub mod pages;
pub mod production;
pub mod rules;
pub mod service;
pub mod settings;
pub mod store;

use kernel::db::Migration;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema of cards.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "cards-0001", sql: include_str!("../migrations/0001_cards.sql") },
    Migration { name: "cards-0002", sql: include_str!("../migrations/0002_life.sql") },
    Migration { name: "cards-0003", sql: include_str!("../migrations/0003_events.sql") },
    Migration { name: "cards-0004", sql: include_str!("../migrations/0004_bank_change.sql") },
    Migration { name: "cards-0005", sql: include_str!("../migrations/0005_ordered.sql") },
    production::MIGRATION,
    online::MIGRATION,
];

/// What the authority may tune.
pub fn settings() -> Vec<&'static Setting> {
    let own = [
        &settings::TEMPORARY_DAYS,
        &settings::REMIND_HOURS,
        &settings::FEE_FEN,
        &events::ALONE,
        &bulk::KEPT_DAYS,
        &online::KEPT_DAYS,
    ];
    [&own, production::SETTINGS].concat()
}

/// The repeating work of cards.
pub fn jobs() -> Vec<Job> {
    [
        service::jobs(),
        events::service::jobs(),
        vec![bulk::JOB, online::JOB],
        production::jobs::ALL.to_vec(),
    ]
    .concat()
}

/// All routes of cards.
pub fn routes() -> kernel::http::Routes {
    api::routes()
        .merge(pages::routes())
        .merge(events::api::routes())
        .merge(events::pages::routes())
        .merge(bulk::routes())
        .merge(production::routes())
        .merge(online::routes())
}
