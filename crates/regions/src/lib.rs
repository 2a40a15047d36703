//! The other province: trust, messages, joint services (Art. 3, 7, 11, 14, 17, 18, 20, 23).
//!
//! What is here: signed descriptors, approved by two officers; signed messages with receipts; recognition of
//! cards; joint outlets; the joint list; one person, one card; agreements between both sides; freezes and
//! incidents; the bridge console. `docs/regions.md` is the protocol.
#![forbid(unsafe_code)]

pub mod abroad;
pub mod accords;
pub mod api;
pub mod circle;
pub mod freezes;
pub mod joint;
pub mod lists;
pub mod national;
pub mod offline;
pub mod onecard;
pub mod pages;
pub mod places;
pub mod recognition;
pub mod rules;
pub mod service;
#[cfg(test)]
mod sim;
pub mod standards;
pub mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use codes::service::Codes;
use items::service::Catalogue;

use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;
use kernel::time::Utc;
use service::messages::Handler;

/// The kinds of messages that this crate itself understands.
pub const HANDLERS: &[Handler] = &[
    service::incidents::HANDLER,
    joint::home::PAPER,
    joint::home::CASE,
    joint::service::ANSWER,
    joint::months::MONTH,
    joint::months::COUNTED,
    onecard::service::KEY,
    onecard::service::ASK,
    onecard::service::TOLD,
    lists::HANDLER,
    accords::HANDLER,
    service::incidents::NOTED,
    onecard::service::STAND,
    places::HANDLER,
    freezes::ASKED,
    freezes::ANSWERED,
    freezes::THAWED,
    freezes::PLEA,
    circle::PROPOSED,
    circle::SIGNED,
    circle::WHOLE,
    offline::HANDLER,
];

/// The schema.
pub fn migrations() -> Vec<Migration> {
    vec![
        Migration { name: "regions-0001", sql: include_str!("../migrations/0001_regions.sql") },
        Migration { name: "regions-0002", sql: include_str!("../migrations/0002_recognition.sql") },
        Migration { name: "regions-0003", sql: include_str!("../migrations/0003_standards.sql") },
        Migration { name: "regions-0004", sql: include_str!("../migrations/0004_joint.sql") },
        Migration { name: "regions-0005", sql: include_str!("../migrations/0005_onecard.sql") },
        Migration { name: "regions-0006", sql: include_str!("../migrations/0006_lists.sql") },
        Migration { name: "regions-0007", sql: include_str!("../migrations/0007_accords.sql") },
        Migration { name: "regions-0008", sql: include_str!("../migrations/0008_emergency.sql") },
        Migration { name: "regions-0009", sql: include_str!("../migrations/0009_circle.sql") },
        Migration {
            name: "regions-signin-0001",
            sql: include_str!("../migrations/signin_0001.sql"),
        },
        Migration { name: "regions-0010", sql: include_str!("../migrations/0010_national.sql") },
    ]
}

/// What the authority may tune.
pub fn settings() -> Vec<&'static Setting> {
    vec![
        &recognition::service::PATIENCE,
        &joint::service::ANSWER_HOURS,
        &joint::service::CARD_DAYS,
        &joint::home::DAY_LIMIT,
        &onecard::SWITCH,
        &onecard::ASK_HOURS,
        &onecard::DAY_LIMIT,
        &freezes::DAY_LIMIT,
    ]
}

/// The repeating work: delivery, each second.
pub fn jobs() -> Vec<Job> {
    fn deliver(app: App) -> Round {
        Box::pin(async move { service::deliver::round(&app).await })
    }
    fn forget(app: App) -> Round {
        Box::pin(async move {
            abroad::service::forget(&app).await?;
            recognition::service::forget(&app).await
        })
    }
    fn joint(app: App) -> Round {
        Box::pin(async move { joint::home::round(&app).await })
    }
    fn onecard(app: App) -> Round {
        Box::pin(async move { onecard::round(&app).await })
    }
    fn lists(app: App) -> Round {
        Box::pin(async move { lists::round(&app, Utc::now().day()).await })
    }
    fn places(app: App) -> Round {
        Box::pin(async move { places::round(&app, Utc::now().day()).await })
    }
    fn offline(app: App) -> Round {
        Box::pin(async move { offline::round(&app).await })
    }
    fn national(app: App) -> Round {
        Box::pin(async move { national::round(&app).await })
    }
    fn months(app: App) -> Round {
        Box::pin(async move {
            joint::service::forget(&app).await?;
            joint::months::round(&app, Utc::now().day()).await
        })
    }
    vec![
        Job { name: "regions.joint", every: Duration::from_secs(1), run: joint },
        Job { name: "regions.one-card", every: Duration::from_secs(2), run: onecard },
        Job { name: "regions.lists", every: Duration::from_secs(2), run: lists },
        Job { name: "regions.national", every: Duration::from_secs(2), run: national },
        Job { name: "regions.places", every: Duration::from_secs(60), run: places },
        Job { name: "regions.offline-lists", every: Duration::from_secs(15), run: offline },
        Job { name: "regions.joint-hourly", every: Duration::from_secs(3_600), run: months },
        Job { name: "regions.deliver", every: Duration::from_secs(1), run: deliver },
        Job { name: "regions.forget", every: Duration::from_secs(86_400), run: forget },
    ]
}

/// All routes, with this crate's handlers.
pub fn routes(codes: Arc<Codes>, catalogue: Arc<Catalogue>) -> Routes {
    routes_with(HANDLERS, codes, catalogue)
}

/// All routes, with the handlers of other crates too.
pub fn routes_with(
    handlers: &'static [Handler],
    codes: Arc<Codes>,
    catalogue: Arc<Catalogue>,
) -> Routes {
    let recognition = recognition::api::routes().merge(recognition::pages::routes());
    let recognition = recognition.merge(national::api::routes());
    let abroad = abroad::api::routes().merge(abroad::pages::routes());
    let abroad = abroad.share(signin::service::List(catalogue.clone()));
    let recognition = recognition.share(codes).share(catalogue).merge(abroad);
    let pages = pages::routes().merge(standards::pages::routes()).merge(lists::pages::routes());
    let joint = joint::api::routes().merge(joint::pages::routes());
    let pages = pages.merge(freezes::pages::routes()).merge(circle::pages::routes());
    let accords = accords::api::routes().merge(accords::pages::routes());
    api::routes(handlers)
        .merge(offline::routes())
        .merge(pages)
        .merge(joint)
        .merge(recognition)
        .merge(accords)
}
