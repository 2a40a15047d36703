//! Figures of use by month: what the card is used for, where and when, from which nobody can be
//! singled out (Art. 14, 18, 19).

mod gather;
pub mod own;
mod pages;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kernel::db::Migration;
use kernel::jobs::Job;
use kernel::settings::Setting;

pub use gather::gather;
pub use rules::{By, Cell, Measure, Month, Report, Table, protect};
pub use service::report;
pub use store::accepted;

/// The schema of the figures; it needs that of `codes`.
pub const MIGRATIONS: &[Migration] = &[Migration {
    name: "codes-figures-0001",
    sql: include_str!("../../migrations/figures_0001.sql"),
}];

/// A figure below this is not shown (Art. 19).
pub const SMALL_CELL: Setting = Setting {
    name: "codes.small-cell",
    default: 10,
    least: 3,
    most: 1_000,
    zh: "统计数值低于此数不显示",
    en: "Figures of use below this are not shown",
    article: 19,
};

/// What the authority may tune of the figures.
pub static SETTINGS: &[&Setting] = &[&SMALL_CELL];

/// Counts new uses each minute.
pub const JOBS: &[Job] =
    &[Job { name: "codes.figures", every: Duration::from_secs(60), run: gather::round }];

pub(crate) use pages::routes;
