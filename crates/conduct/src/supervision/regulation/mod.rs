//! The regulation itself: its text by version, and what of it the code carries out.

mod text;

pub use text::{ArticleText, Version, version_on, versions};
