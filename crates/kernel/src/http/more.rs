//! Further services of holders: what the bar of a phone has no room for.

use askama::Template;
use axum::extract::State;
use axum::http::Method;
use axum::response::Response;

use super::page::{NavItem, further};
use super::{Page, Routes, render};
use crate::actor::{Access, Role};
use crate::law::Text;
use crate::platform::App;
use crate::problem::Problem;

const HOLDERS: &[Role] = &[Role::Holder];

pub(super) fn routes() -> Routes {
    Routes::new("kernel").page(Method::GET, "/me/more", Access::Roles(HOLDERS), &[15], more)
}

/// The last entry of the bar; wired last.
pub fn more_entry() -> Routes {
    Routes::new("kernel").nav(HOLDERS, "/me/more", Text::new("更多", "More"), None)
}

#[derive(Template)]
#[template(path = "more.html")]
struct MorePage {
    p: Page,
    services: Vec<NavItem>,
}

async fn more(State(app): State<App>, p: Page) -> Result<Response, Problem> {
    let services = further(&app, p.lang);
    render(&MorePage { p, services })
}
