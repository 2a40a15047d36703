//! The card code: shown by the holder, judged online for one published item, each use on record
//! (Art. 2, 6, 15, 16).
#![forbid(unsafe_code)]

pub mod api;
pub mod fusion;
pub mod pages;
pub mod rules;
pub mod service;
pub mod store;

use kernel::db::Migration;

/// The schema of codes and uses.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "codes-0001", sql: include_str!("../migrations/0001_codes.sql") }];

/// All routes of codes; `codes` is the running verification.
pub fn routes(codes: std::sync::Arc<service::Codes>) -> kernel::http::Routes {
    api::routes().merge(pages::routes()).share(codes)
}
