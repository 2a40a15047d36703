//! A unit applies for all its people at once (Art. 5, 12).
//!
//! ```text
//!   upload ──▶ Checking ──▶ Waiting ──confirm──▶ Running ──▶ Done
//!                 │            │                    │
//!                 ▼            └──────cancel────────┴──────▶ Cancelled
//!             Unreadable
//! ```
//! A file is checked line by line before anything is done. After the clerk's word a job registers those
//! who are unknown and applies for their cards, in sets of [`work::SET_LINES`] lines. A set is one
//! transaction: cards, journal, what became of each line, and the position. Whatever happens, a set is
//! done once or not at all, and the next worker goes on behind the last one.

pub mod api;
mod apply;
pub mod columns;
pub mod file;
pub mod pages;
mod report;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;
pub mod work;

use kernel::db::Migration;
use kernel::settings::Setting;

pub use work::JOB;

/// The schema of bulk applications.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "cards-bulk-0001", sql: include_str!("../../migrations/bulk_0001.sql") }];

/// How long an uploaded file is kept after its job has ended.
pub static KEPT_DAYS: Setting = Setting {
    name: "cards.bulk-kept-days",
    default: 30,
    least: 1,
    most: 365,
    zh: "单位批量申领文件办结后的保存天数",
    en: "Days that a file of a bulk application is kept after its end",
    article: 19,
};

/// All routes of bulk applications.
pub fn routes() -> kernel::http::Routes {
    api::routes().merge(pages::routes())
}
