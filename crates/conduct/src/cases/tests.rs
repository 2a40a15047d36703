//! Cases on both engines, through the service, the API and the pages.

mod api;
mod evidence;
pub(crate) mod house;
mod pages;
mod reports;
mod way;
