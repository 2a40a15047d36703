//! Sign in with the card (Art. 6): an OpenID Connect provider for government and everyday services. A service
//! is registered for one published item and gets that item's fields and no others; the person sees and
//! agrees who gets what, and may take it back.
#![forbid(unsafe_code)]

pub mod clients;
pub mod keys;
pub mod pages;
pub mod protocol;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use items::service::Catalogue;
use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;

/// The schema.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "signin-0001", sql: include_str!("../migrations/0001_signin.sql") }];

/// Days that a key signs ID tokens.
pub const KEY_DAYS: Setting = Setting {
    name: "signin.key-days",
    default: 90,
    least: 7,
    most: 400,
    zh: "登录令牌签名密钥使用天数",
    en: "Days that a key signs ID tokens",
    article: 6,
};

/// The schema.
pub fn migrations() -> Vec<Migration> {
    MIGRATIONS.to_vec()
}

/// What the authority may tune.
pub fn settings() -> Vec<&'static Setting> {
    vec![&KEY_DAYS]
}

/// The repeating work: keys that rotate, requests and grants that have ended.
pub fn jobs() -> Vec<Job> {
    fn run(app: App) -> Round {
        Box::pin(async move { service::round(&app).await })
    }
    vec![Job { name: "signin.keys", every: Duration::from_secs(600), run }]
}

/// All routes.
pub fn routes(catalogue: Arc<Catalogue>) -> Routes {
    protocol::routes()
        .merge(pages::routes())
        .merge(clients::routes())
        .share(service::List(catalogue))
}
