//! The HTTP and page toolkit: declared routes, problems, forms, pages, limits.

mod answer;
mod assets;
mod extract;
mod guard;
mod limits;
mod more;
mod nav;
mod page;
mod routes;
mod server;
mod status;
#[cfg(test)]
mod tests;
mod upload;

pub use answer::render;
pub use extract::{ClientAddress, Form, Json, NoFields, Path, Query};
pub use limits::Throttle;
pub use more::more_entry;
pub use nav::Nav;
pub use page::home_of;
pub use page::{Flash, NavItem, Page, UserChip};
pub use routes::{Declared, NavEntry, RouteKind, Routes};
pub use server::{Built, build, kernel_routes, serve};
pub use upload::{FileBody, Upload, UploadedFile};
