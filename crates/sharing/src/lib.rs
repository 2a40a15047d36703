//! Data shared for its purpose only, in sight of the holder: agreements, queries, pushes, rights (Art. 18, 19).
#![forbid(unsafe_code)]

pub mod agreements;
pub mod consents;
pub mod dci;
pub mod desk;
pub mod platform_port;
pub mod pushes;
pub mod queries;
pub mod rights;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::Job;
use kernel::settings::Setting;

/// The schema.
pub fn migrations() -> Vec<Migration> {
    [
        agreements::MIGRATIONS,
        queries::MIGRATIONS,
        consents::MIGRATIONS,
        desk::MIGRATIONS,
        pushes::MIGRATIONS,
        platform_port::MIGRATIONS,
        rights::MIGRATIONS,
        dci::MIGRATIONS,
    ]
    .concat()
}

/// What the authority may tune.
pub fn settings() -> Vec<&'static Setting> {
    [agreements::SETTINGS, queries::SETTINGS, desk::SETTINGS, rights::SETTINGS].concat()
}

/// The repeating work.
pub fn jobs() -> Vec<Job> {
    [
        agreements::jobs(),
        queries::jobs(),
        desk::jobs(),
        pushes::jobs(),
        platform_port::jobs(),
        rights::jobs(),
        dci::jobs(),
    ]
    .concat()
}

/// All routes; `sections` are what other capabilities add to a person's copy of his data.
pub fn routes(sections: &'static [rights::Section]) -> Routes {
    agreements::routes()
        .merge(queries::routes())
        .merge(desk::routes())
        .merge(consents::routes())
        .merge(pushes::routes())
        .merge(dci::routes())
        .merge(rights::routes(sections))
}
