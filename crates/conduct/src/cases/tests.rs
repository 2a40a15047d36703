//! Cases on both engines, through the service, the API and the pages.

mod api;
mod evidence;
mod house;
mod reports;
mod way;
