//! Freezes, detection and incidents on both engines.

mod freezes;
mod house;
