//! Use cases, exchange and pages on both engines.

mod alarms;
mod crooked;
mod desk;
mod exchange;
mod files;
mod house;
mod lines;
mod operations;
