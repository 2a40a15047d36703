//! A bank's host for tests and demonstrations, over HTTP or files, that behaves badly on demand.
//!
//! What it does it does once for each idempotency key, like a real host; its modes are about what it
//! tells. It keeps everything in memory.

mod files;
mod host;
mod web;

pub use files::{run_folder, step_folder};
pub use host::{Host, Mode};
pub use web::{router, serve};
