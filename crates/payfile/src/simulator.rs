//! A bank's host to try the ports on: over a folder (text or ISO 20022) and over HTTP, with a book
//! on disk and a seeded script of bad behaviour. It lies on the way, but its book is the truth, and
//! in the end it tells the truth.

pub mod book;
pub mod files;
mod iso;
pub mod script;
pub mod story;
pub mod web;

pub use book::{Book, Move, open_book};
pub use files::{Files, Folder, Host};
pub use script::Script;

#[cfg(test)]
mod tests;
