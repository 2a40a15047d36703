//! Cases on both engines, through the service, the API and the pages.

mod api;
mod evidence;
mod hand_over;
pub(crate) mod house;
mod pages;
mod reports;
mod way;
