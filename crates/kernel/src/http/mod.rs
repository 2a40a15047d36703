//! The HTTP and page toolkit: declared routes, problems, forms, pages, limits.

mod answer;
mod assets;
mod extract;
mod guard;
mod limits;
mod page;
mod routes;
mod server;
mod status;

pub use answer::render;
pub use extract::{ClientAddress, Form, Json, Path, Query};
pub use page::{Flash, NavItem, Page, UserChip};
pub use routes::{Declared, NavEntry, RouteKind, Routes};
pub use limits::Throttle;
pub use page::home_of;
pub use server::{Built, build, kernel_routes, serve};
