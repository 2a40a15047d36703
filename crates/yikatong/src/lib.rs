//! The platform put together: each capability is wired with one line here.
#![forbid(unsafe_code)]

pub mod bank_simulator;
pub mod bench;
pub mod command;
pub mod copy;
pub mod credit_simulator;
pub mod demo;
pub mod demo_fusion;
pub mod factory_simulator;
pub mod home;
pub mod journal_command;
pub mod keys_command;
pub mod national_simulator;
pub mod pay_simulator;
pub mod serve;
pub mod sms_simulator;
pub mod staff;
pub mod terminal_command;

use std::sync::{Arc, LazyLock};

use codes::service::Codes;
use items::service::Catalogue;
use kernel::db::Migration;
use kernel::http::{Routes, kernel_routes};
use kernel::jobs::Job;
use kernel::platform::App;
use kernel::settings::Setting;

/// The schema of all capabilities, in order of need.
pub fn migrations() -> Vec<Migration> {
    [
        kernel::MIGRATIONS,
        people::MIGRATIONS,
        cards::MIGRATIONS,
        cards::bulk::MIGRATIONS,
        items::MIGRATIONS,
        codes::MIGRATIONS,
        codes::figures::MIGRATIONS,
        codes::refusals::MIGRATIONS,
        codes::fusion::MIGRATIONS,
        banks::MIGRATIONS,
        outlets::MIGRATIONS,
        funds::MIGRATIONS,
        funds::payments::MIGRATIONS,
        &sharing::migrations(),
        &signin::migrations(),
        &regions::migrations(),
        &care::migrations(),
        &conduct::migrations(),
    ]
    .concat()
}

/// The repeating work of all capabilities.
pub fn jobs() -> Vec<Job> {
    [
        vec![kernel::journal::witness::JOB, kernel::system::TURN],
        people::jobs(),
        cards::jobs(),
        banks::jobs(),
        items::jobs(),
        codes::jobs(),
        codes::fusion::jobs(),
        codes::figures::JOBS.to_vec(),
        codes::refusals::JOBS.to_vec(),
        outlets::jobs(),
        funds::jobs(),
        sharing::jobs(),
        signin::jobs(),
        regions::jobs(),
        care::jobs(),
        conduct::jobs(),
    ]
    .concat()
}

/// What the authority may tune.
static SETTINGS: LazyLock<Vec<&'static Setting>> = LazyLock::new(|| {
    [
        kernel::journal::SETTINGS.to_vec(),
        people::SETTINGS.to_vec(),
        cards::settings(),
        banks::SETTINGS.to_vec(),
        items::SETTINGS.to_vec(),
        codes::SETTINGS.to_vec(),
        outlets::SETTINGS.to_vec(),
        funds::settings(),
        sharing::settings(),
        signin::settings(),
        regions::settings(),
        care::settings(),
        conduct::settings(),
        codes::figures::SETTINGS.to_vec(),
        codes::refusals::SETTINGS.to_vec(),
        codes::fusion::SETTINGS.to_vec(),
    ]
    .concat()
});

/// The routes of all capabilities.
pub fn routes(codes: Arc<Codes>, catalogue: Arc<Catalogue>) -> Routes {
    let signin_list = catalogue.clone();
    let (region_codes, region_list) = (codes.clone(), catalogue.clone());
    kernel_routes()
        .merge(home::routes())
        .merge(cards::routes())
        .merge(codes::routes(codes))
        .merge(people::routes(|tx, person| Ok(cards::store::living(tx, person)?.is_some())))
        .merge(items::routes(catalogue))
        .merge(banks::routes())
        .merge(outlets::routes())
        .merge(funds::routes())
        .merge(sharing::routes(copy::SECTIONS))
        .merge(signin::routes(signin_list, regions::abroad::doors))
        .merge(regions::routes(region_codes, region_list))
        .merge(care::routes())
        .merge(conduct::routes())
        .merge(kernel::settings::routes(&SETTINGS))
        .merge(kernel::http::more_entry())
}

/// The work that goes on beside requests, for as long as the runtime lives.
pub fn start_jobs(app: &App, catalogue: Arc<Catalogue>) {
    let sms = kernel::outbox::port_in(&app.config.data).unwrap_or_else(|why| {
        tracing::error!(why, "messages wait until the SMS gateway can be spoken to");
        std::sync::Arc::new(kernel::outbox::NoSms)
    });
    tokio::spawn(kernel::journal::run(app.clone()));
    tokio::spawn(kernel::outbox::run(app.clone(), sms));
    tokio::spawn(items::service::run(app.clone(), catalogue));
    for job in jobs() {
        tokio::spawn(kernel::jobs::run(app.clone(), job));
    }
    let quiet = app.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
            quiet.throttle.forget_quiet();
        }
    });
}
