//! Sign in with the card (Art. 6): an OpenID Connect provider for government and everyday services. A service
//! is registered for one published item and gets that item's fields and no others; the person sees and
//! agrees who gets what, and may take it back.
#![forbid(unsafe_code)]

pub mod authn;
pub mod clients;
pub mod jose;
pub mod keyring;
pub mod keys;
pub mod outside;
pub mod pages;
pub mod protocol;
mod rsa;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;
pub mod visitor;
pub mod wallet;

use std::sync::Arc;
use std::time::Duration;

use items::service::Catalogue;
use kernel::db::Migration;
use kernel::http::Routes;
use kernel::jobs::{Job, Round};
use kernel::platform::App;
use kernel::settings::Setting;

/// The schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration { name: "signin-0001", sql: include_str!("../migrations/0001_signin.sql") },
    Migration { name: "signin-0002", sql: include_str!("../migrations/0002_ways.sql") },
    Migration { name: "signin-0003", sql: include_str!("../migrations/0003_wallet.sql") },
];

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

/// All routes; `doors` knows the regions whose holders may sign in to services of joint items.
pub fn routes(catalogue: Arc<Catalogue>, doors: pages::Doors) -> Routes {
    protocol::routes()
        .merge(pages::routes())
        .merge(clients::routes())
        .merge(outside::pages::routes())
        .merge(wallet::routes())
        .share(service::List(catalogue))
        .share(doors)
}
