//! The signed card code CQ1 on the platform's side: keys and their rotation, credentials of holders,
//! status lists, and the judgement of a code online (`docs/card-code.md`).

pub mod abroad;
pub mod api;
pub mod check;
pub mod device;
mod device_api;
#[cfg(test)]
mod device_tests;
pub mod issue;
pub mod keys;
pub mod status;
pub mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::db::DbError;
use kernel::jobs::{Job, Round};
use kernel::platform::{App, Platform};
use kernel::settings::Setting;
use seal::cq1::Region;

/// How long an issuer's key signs before the next one takes over.
pub const KEY_DAYS: Setting = Setting {
    name: "codes.issuer-key-days",
    default: 180,
    least: 7,
    most: 730,
    zh: "卡码签发密钥使用天数，到期前自动换用新密钥",
    en: "Days that an issuer's key signs before the next one takes over",
    article: 16,
};

/// How long the codes of an emergency book are good.
pub const BOOK_HOURS: Setting = Setting {
    name: "codes.emergency-hours",
    default: 72,
    least: 1,
    most: 72,
    zh: "应急码有效小时数",
    en: "Hours that the codes of an emergency book are good",
    article: 20,
};

/// The repeating work: keys and the key list, status lists.
pub fn jobs() -> Vec<Job> {
    fn keys(app: App) -> Round {
        Box::pin(async move { keys::round(&app).await })
    }
    fn status(app: App) -> Round {
        Box::pin(async move { status::round(&app).await })
    }
    vec![
        Job { name: "codes.keys", every: Duration::from_secs(600), run: keys },
        Job { name: "codes.status", every: Duration::from_secs(15), run: status },
    ]
}

/// The region of this installation; Chongqing when its configuration is no division.
pub fn region(app: &Platform) -> Region {
    const CHONGQING: [u8; 3] = [0x50, 0, 0];
    let configured = Region::from_digits(&app.config.region);
    configured.or_else(|| Region::from_bcd(CHONGQING)).expect("the code of Chongqing is one")
}

fn broken(error: impl std::fmt::Display) -> DbError {
    DbError::Unavailable(error.to_string())
}
