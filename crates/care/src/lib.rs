//! Consultation, complaints, guidance, publicity, training, coordination (Art. 9, 15, 21, 22).
#![forbid(unsafe_code)]

pub mod calendar;
pub mod complaints;
pub mod coordination;
pub mod guidance;
pub mod training;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema.
pub fn migrations() -> Vec<Migration> {
    [complaints::MIGRATIONS, guidance::MIGRATIONS, training::MIGRATIONS, coordination::MIGRATIONS]
        .concat()
}

/// What the authority may tune.
pub fn settings() -> Vec<&'static Setting> {
    [complaints::SETTINGS, guidance::SETTINGS, training::SETTINGS, coordination::SETTINGS].concat()
}

/// The repeating work.
pub fn jobs() -> Vec<Job> {
    [complaints::jobs(), guidance::jobs(), training::jobs(), coordination::jobs()].concat()
}

/// All routes.
pub fn routes() -> Routes {
    complaints::routes()
        .merge(guidance::routes())
        .merge(training::routes())
        .merge(coordination::routes())
}
