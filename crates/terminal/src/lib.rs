//! The program at a service point (Art. 15): reads a card or a code, asks the platform for one published
//! item, and says yes with the item's fields, or no and why. Without a network it judges signed codes
//! alone, within the limits of the item. It fails closed: whatever goes wrong is a no.
#![forbid(unsafe_code)]

pub mod card;
pub mod clock;
pub mod denied;
pub mod device;
pub mod entry;
pub mod heartbeat;
pub mod input;
pub mod items;
pub mod journal;
pub mod lists;
pub mod mark;
pub mod neighbours;
pub mod offline;
pub mod online;
pub mod page;
pub mod picture;
pub mod refusal;
pub mod report;
pub mod serve;
pub mod sound;
pub mod station;
pub mod store;
pub mod upload;
pub mod vault;

#[cfg(test)]
mod testing;
#[cfg(test)]
#[allow(dead_code)]
#[path = "../../seal/src/cq1/world.rs"]
mod world;

pub use online::{Answer, Asked, Failure, Platform};
pub use picture::{read_picture, read_qr};
pub use station::Station;
