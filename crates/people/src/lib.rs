//! The person register: numbers, documents, names, eligibility (Art. 5, 12), and a generator of people
//! who do not exist.
#![forbid(unsafe_code)]

pub mod api;
pub mod credit_code;
pub mod document;
pub mod field;
pub mod generate;
pub mod number;
pub mod pages;
pub mod pinyin;
pub mod rules;
pub mod service;
pub mod store;

use kernel::db::Migration;

/// The schema of the person register.
pub const MIGRATIONS: &[Migration] =
    &[Migration { name: "people-0001", sql: include_str!("../migrations/0001_people.sql") }];

/// All routes of the person register.
pub fn routes() -> kernel::http::Routes {
    api::routes().merge(pages::routes())
}
