//! Use cases and pages of fusion on both engines.

mod desk;
mod door;
mod house;
mod people_links;
