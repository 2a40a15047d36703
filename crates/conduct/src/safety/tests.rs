//! Freezes, detection and incidents on both engines.

mod detect;
mod freezes;
mod house;
mod incidents;
