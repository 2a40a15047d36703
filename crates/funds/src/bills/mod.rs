//! Bill payment (缴费): water, electricity and gas from the card's account (Art. 8: encouraged, never
//! forced; Art. 10). The bank takes the money, then the biller is told; neither's silence ends anything.

pub mod api;
pub mod pages;
pub mod port;
pub mod rules;
pub mod service;
#[cfg(test)]
mod sim;
pub mod simulator;
pub mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;

/// Days between telling a holder of a debit by authorisation and the debit.
pub static NOTICE_DAYS: Setting = Setting {
    name: "funds.bill-notice-days",
    default: 3,
    least: 1,
    most: 30,
    zh: "代扣缴费前提前多少天通知持卡人",
    en: "Days between telling a holder of a debit by authorisation and the debit",
    article: 8,
};

/// How often a biller is asked for the bills of an account with an authorisation.
pub static LOOK_HOURS: Setting = Setting {
    name: "funds.bill-look-hours",
    default: 12,
    least: 1,
    most: 168,
    zh: "代扣授权户号多久查询一次账单（小时）",
    en: "Hours between two look-ups of an account with an authorisation",
    article: 8,
};

/// What the authority may tune.
pub(crate) static SETTINGS: &[&Setting] = &[&NOTICE_DAYS, &LOOK_HOURS];

/// The repeating work of bills.
pub(crate) fn jobs() -> Vec<Job> {
    fn pay(app: App) -> Round {
        Box::pin(async move { service::work::round(&app).await })
    }
    fn mandates(app: App) -> Round {
        Box::pin(async move { service::mandates::round(&app).await })
    }
    fn books(app: App) -> Round {
        Box::pin(async move { service::books::round(&app).await })
    }
    vec![
        Job { name: "funds.bills", every: Duration::from_secs(2), run: pay },
        Job { name: "funds.bill-mandates", every: Duration::from_secs(60), run: mandates },
        Job { name: "funds.bill-books", every: Duration::from_secs(300), run: books },
    ]
}

/// All routes of bills.
pub(crate) fn routes() -> kernel::http::Routes {
    api::routes().merge(pages::routes())
}
