//! The public list of programmes (补贴项目清单): what is paid through the card, to whom, how much, on
//! what basis (Art. 8). Versions have dates; one official proposes, another decides.

pub mod api;
pub mod demo;
pub mod formula;
pub mod kinds;
pub mod pages;
pub mod rules;
pub mod service;
pub mod store;
#[cfg(test)]
mod tests;

pub use demo::demo;
pub use kinds::SETTINGS;
pub use service::JOB;

/// All routes of programmes.
pub fn routes() -> kernel::http::Routes {
    api::routes().merge(pages::routes())
}
